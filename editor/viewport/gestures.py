"""Mouse and keys of the viewport: which drag orbits, pans, flies, and which one belongs to the tool."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Literal, Protocol

from PySide6.QtCore import QEvent, QObject, QPointF, Qt, QTimer
from PySide6.QtGui import QInputEvent, QKeyEvent, QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QWidget

Kind = Literal["press", "move", "release"]
Position = tuple[float, float]

_BUTTONS = {
    Qt.MouseButton.LeftButton: "left",
    Qt.MouseButton.MiddleButton: "middle",
    Qt.MouseButton.RightButton: "right",
}
_MODIFIERS = {
    Qt.KeyboardModifier.ShiftModifier: "shift",
    Qt.KeyboardModifier.ControlModifier: "ctrl",
    Qt.KeyboardModifier.AltModifier: "alt",
}
_PIXELS_A_STEP = 8
"""How far a drag goes for one step of the brush's size."""
_SPRINT = 3.0
"""How much faster one flies with Shift."""
# key -> metres right, up, forward
_FLY = {
    Qt.Key.Key_D: (1, 0, 0),
    Qt.Key.Key_A: (-1, 0, 0),
    Qt.Key.Key_E: (0, 1, 0),
    Qt.Key.Key_Q: (0, -1, 0),
    Qt.Key.Key_W: (0, 0, 1),
    Qt.Key.Key_S: (0, 0, -1),
}


class Pilot(Protocol):
    """What gestures steer."""

    def orbit(self, dx: float, dy: float, looking: bool) -> None:
        """Turn by logical pixels; `looking` turns the head instead of going round."""

    def pan(self, dx: float, dy: float) -> None:
        """Move the picture by logical pixels."""

    def zoom(self, steps: float, position: Position) -> None:
        """Go nearer (positive) to what lies under a position."""

    def fly(self, right: float, up: float, forward: float, seconds: float) -> None:
        """Move along the given directions, -1 to 1 each, for a while."""

    def slice(self, steps: int) -> None:
        """Move the slice of the scene that is shown by some layers."""

    def hurry(self, steps: int) -> None:
        """Fly faster by some steps from now on."""

    def resize(self, steps: int) -> None:
        """Make the brush larger or smaller by some steps."""

    def use(self, kind: Kind, position: Position, buttons: frozenset[str], modifiers: frozenset[str]) -> None:
        """Hand a drag of the left button on."""

    def hover(self, position: Position | None) -> None:
        """Point at something without a button; None: the mouse has left."""


class Gestures(QObject):
    """Watches a widget and steers a pilot; the widget itself sees none of these events."""

    def __init__(self, widget: QWidget, pilot: Pilot) -> None:
        super().__init__(widget)
        self._widget, self._pilot = widget, pilot
        self._drag: Qt.MouseButton | None = None
        self._way = "tool"
        self._last = QPointF()
        self._start = QPointF()
        self._steps = 0
        self._space = self._fast = False
        self._keys: set[int] = set()
        self._then = 0.0
        self._timer = QTimer(self)
        self._timer.setInterval(16)
        self._timer.timeout.connect(self._fly)
        self._handlers: dict[QEvent.Type, Callable[..., bool]] = {
            QEvent.Type.MouseButtonPress: self._press,
            QEvent.Type.MouseButtonDblClick: self._press,
            QEvent.Type.MouseMove: self._move,
            QEvent.Type.MouseButtonRelease: self._release,
            QEvent.Type.Wheel: self._wheel,
            QEvent.Type.Leave: self._leave,
            QEvent.Type.ShortcutOverride: self._claim_key,
            QEvent.Type.KeyPress: self._key_press,
            QEvent.Type.KeyRelease: self._key_release,
            QEvent.Type.FocusOut: self._lose_focus,
        }
        widget.setMouseTracking(True)
        widget.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        handler = self._handlers.get(event.type())
        return handler(event) if handler else False

    def _press(self, event: QMouseEvent) -> bool:
        self._widget.setFocus(Qt.FocusReason.MouseFocusReason)
        button = event.button()
        if self._drag is None and button in _BUTTONS:
            self._drag, self._last, self._start, self._steps = button, event.position(), event.position(), 0
            self._way = self._choose(button, modifiers_of(event))
            if self._way == "tool":
                self._use("press", event)
        return _done(event)

    def _choose(self, button: Qt.MouseButton, modifiers: frozenset[str]) -> str:
        if button == Qt.MouseButton.RightButton:
            return "resize" if modifiers & {"ctrl", "alt"} else "orbit"
        if button == Qt.MouseButton.MiddleButton:
            return "pan" if "shift" in modifiers else "orbit"
        return "pan" if self._space else "tool"

    def _move(self, event: QMouseEvent) -> bool:
        place = event.position()
        dx, dy = place.x() - self._last.x(), place.y() - self._last.y()
        self._last = place
        if self._drag is None:
            self._pilot.hover((place.x(), place.y()))
        elif self._way == "tool":
            self._use("move", event)
        elif self._way == "pan":
            self._pilot.pan(dx, dy)
        elif self._way == "resize":
            self._resize(place)
        else:
            self._pilot.orbit(dx, dy, bool(self._keys))
        return _done(event)

    def _release(self, event: QMouseEvent) -> bool:
        if event.button() == self._drag:
            if self._way == "tool":
                self._use("release", event)
            self._drag = None
            self._stop_flying()
        return _done(event)

    def _resize(self, place: QPointF) -> None:
        steps = round((place.x() - self._start.x()) / _PIXELS_A_STEP)
        if steps != self._steps:
            self._pilot.resize(steps - self._steps)
            self._steps = steps

    def _use(self, kind: Kind, event: QMouseEvent) -> None:
        place = event.position()
        held = frozenset(name for button, name in _BUTTONS.items() if event.buttons() & button)
        self._pilot.use(kind, (place.x(), place.y()), held, modifiers_of(event))

    def _wheel(self, event: QWheelEvent) -> bool:
        """Zoom; with the right button held fly faster, with Alt go through the scene layer by layer."""
        place, turn = event.position(), event.angleDelta()
        steps = (turn.y() or turn.x()) / 120  # window systems turn a wheel sideways while Alt is held
        if steps and self._drag == Qt.MouseButton.RightButton:
            self._pilot.hurry(round(steps) or (1 if steps > 0 else -1))
        elif steps and "alt" in modifiers_of(event):
            self._pilot.slice(round(steps) or (1 if steps > 0 else -1))
        elif turn.y():
            self._pilot.zoom(turn.y() / 120, (place.x(), place.y()))
        return _done(event)

    def _leave(self, event: QEvent) -> bool:
        if self._drag is None:
            self._pilot.hover(None)
        return False

    def _claim_key(self, event: QKeyEvent) -> bool:
        """Keep fly keys from firing the shortcuts of the same letters while the right button is held."""
        if self._drag == Qt.MouseButton.RightButton and event.key() in _FLY:
            return _done(event)
        return False

    def _key_press(self, event: QKeyEvent) -> bool:
        if event.key() == Qt.Key.Key_Space:
            self._space = True
            return _done(event)
        self._fast = self._fast or event.key() == Qt.Key.Key_Shift
        if self._drag == Qt.MouseButton.RightButton and event.key() in _FLY:
            self._keys.add(event.key())
            if not self._timer.isActive():
                self._then = time.monotonic()
                self._timer.start()
            return _done(event)
        return False

    def _key_release(self, event: QKeyEvent) -> bool:
        if event.isAutoRepeat():
            return False
        if event.key() == Qt.Key.Key_Space:
            self._space = False
        if event.key() == Qt.Key.Key_Shift:
            self._fast = False
        self._keys.discard(event.key())
        if not self._keys:
            self._stop_flying()
        return False

    def _lose_focus(self, event: QEvent) -> bool:
        self._space = self._fast = False
        self._stop_flying()
        return False

    def _stop_flying(self) -> None:
        self._keys.clear()
        self._timer.stop()

    def _fly(self) -> None:
        now = time.monotonic()
        seconds, self._then = min(now - self._then, 0.1), now
        right, up, forward = (sum(_FLY[Qt.Key(k)][i] for k in self._keys) for i in range(3))
        self._pilot.fly(right, up, forward, seconds * (_SPRINT if self._fast else 1.0))


def modifiers_of(event: QInputEvent) -> frozenset[str]:
    """Name the modifier keys that are held."""
    held = event.modifiers()
    return frozenset(name for key, name in _MODIFIERS.items() if held & key)


def _done(event: QEvent) -> bool:
    event.accept()
    return True

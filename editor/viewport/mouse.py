"""What the mouse does in the view: it moves the camera, pulls arrows, or works with the tool in hand."""

from __future__ import annotations

from collections.abc import Callable

from psygnal import Signal
from PySide6.QtCore import Qt
from PySide6.QtGui import QCursor
from PySide6.QtWidgets import QWidget

from editor.model.pointer import HandleDrag, Kind, Pointer
from editor.viewport.handles import Handles
from editor.viewport.navigation import Navigation
from editor.viewport.overlays import Overlays
from editor.viewport.scene_visual import Lens
from editor.viewport.sight import CanvasSight

Position = tuple[float, float]

_DEGREES = 0.28  # per pixel of an orbiting drag
_FASTER = 1.25  # per turn of the wheel while flying


class Mouse:
    """The pilot of the gestures in a view.

    Parameters
    ----------
    lens
        Gives what the picture is taken with.
    redraw
        Asks for another picture.

    Attributes
    ----------
    cursor
        The mouse's shape over the scene.
    """

    pointer = Signal(Pointer)
    hovered = Signal(object)
    pointed = Signal(object)
    resized = Signal(int)
    handle_dragged = Signal(HandleDrag)
    section_dragged = Signal(HandleDrag)
    sliced = Signal(int)

    def __init__(
        self,
        widget: QWidget,
        navigation: Navigation,
        sight: CanvasSight,
        overlays: Overlays,
        lens: Callable[[], Lens],
        redraw: Callable[[], None],
    ) -> None:
        self._widget, self._navigation, self._sight = widget, navigation, sight
        self._overlays, self._lens, self._redraw = overlays, lens, redraw
        self._held: Handles | None = None  # of which a face is being dragged
        self._speed = 1.0
        self._elsewhere = False  # the drag under way began on the axes, so no tool may have it
        self.cursor = QCursor(Qt.CursorShape.CrossCursor)

    # the camera

    def orbit(self, dx: float, dy: float, looking: bool) -> None:
        camera = self._navigation.camera
        turn = camera.look if looking else camera.orbit
        self._navigation.look(turn(-dx * _DEGREES, dy * _DEGREES))

    def pan(self, dx: float, dy: float) -> None:
        half = self._window[1] / 2
        self._navigation.look(self._navigation.camera.pan(dx / half, -dy / half))

    def zoom(self, steps: float, position: Position) -> None:
        camera, hit = self._navigation.camera, self._sight.pick(position)
        if hit is not None:
            point = self._sight.to_metres(hit.point)
        else:
            origin, way = self._sight.ray_in_metres(position)
            point = origin + way * (0.0 if camera.orthographic else camera.distance)
        self._navigation.look(camera.zoom(0.86**steps, point))

    def fly(self, right: float, up: float, forward: float, seconds: float) -> None:
        camera = self._navigation.camera
        speed = min(max(0.8 * camera.distance, 4.0), 60.0) * self._speed * seconds
        self._navigation.look(camera.fly(right * speed, up * speed, forward * speed))

    def hurry(self, steps: int) -> None:
        self._speed = min(max(self._speed * _FASTER**steps, 0.05), 20.0)

    def slice(self, steps: int) -> None:
        self.sliced.emit(steps)

    # arrows and tools

    def resize(self, steps: int) -> None:
        self.resized.emit(steps)

    def use(self, kind: Kind, position: Position, buttons: frozenset[str], modifiers: frozenset[str]) -> None:
        if kind == "press":
            self._take_hold(position)
        if self._elsewhere:
            self._elsewhere = kind != "release"
        elif self._held is not None:
            self._drag_face(self._held, kind, position)
        else:
            self._work(kind, position, buttons, modifiers)

    def hover(self, position: Position | None) -> None:
        found = None if position is None else self._face_at(position)
        over = None if found else position
        hit, touched = (self._sight.pick(over), self._sight.touch(over)) if over else (None, None)
        redraw = self._overlays.point_at(touched)
        for handles in (self._overlays.section, self._overlays.handles):
            face = found[1] if found and found[0] is handles else None
            redraw |= face != handles.hovered
            handles.hovered = face
        self._widget.setCursor(QCursor(Qt.CursorShape.PointingHandCursor) if found else self.cursor)
        self.hovered.emit(hit)
        self.pointed.emit(touched)
        if redraw:
            self._redraw()

    @property
    def _window(self) -> tuple[int, int]:
        return max(1, self._widget.width()), max(1, self._widget.height())

    def _take_hold(self, position: Position) -> None:
        """See whether a press meets an axis' letter or an arrow, before any tool gets it."""
        if (view := self._overlays.view_at(self._lens(), position, self._window)) is not None:
            self._elsewhere = True
            self._navigation.go(self._navigation.from_side(view))
        elif (found := self._face_at(position)) is not None:
            self._held, face = found
            self._held.grab(face, *self._sight.ray_in_metres(position))

    def _work(self, kind: Kind, position: Position, buttons: frozenset[str], modifiers: frozenset[str]) -> None:
        hit = self._sight.touch(position)
        self._overlays.point_at(hit)
        start, direction = (tuple(float(n) for n in v) for v in self._sight.ray(position))
        self.pointer.emit(Pointer(kind, start, direction, position, buttons, modifiers, hit))  # type: ignore[arg-type]
        self._redraw()

    def _face_at(self, position: Position) -> tuple[Handles, tuple[int, int]] | None:
        """Find the arrow under a position; where two boxes offer one, it is the section's only if no other is."""
        for handles in (self._overlays.handles, self._overlays.section):
            face = handles.find(self._lens(), position, self._window)
            if face is not None:
                return handles, face
        return None

    def _drag_face(self, handles: Handles, kind: Kind, position: Position) -> None:
        grip, is_over = handles.grip, kind == "release"
        if grip is None:  # the box has gone meanwhile
            self._held = None if is_over else handles
            return
        box = handles.drag(*self._sight.ray_in_metres(position))
        if is_over:
            handles.let_go()
            self._held = None
        tell = self.section_dragged if handles is self._overlays.section else self.handle_dragged
        tell.emit(HandleDrag(kind, grip.axis, grip.side, box))
        self._redraw()

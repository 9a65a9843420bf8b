"""The section box as three ranges that one can drag, beside the arrows in the view."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPalette, QWheelEvent
from PySide6.QtWidgets import QFrame, QWidget

from editor.model.section import Section
from editor.ui.theme import Theme
from editor.ui.widgets import button, column, label, row, small_button

_KNOB = 6.0
_AXES = ("x", "y", "z")


class RangeSlider(QWidget):
    """A line with two knobs: drag a knob, or the stretch between them; the wheel moves the stretch.

    Values are whole numbers; `high` is the first one outside.
    """

    changed = Signal(int, int)
    wheeled = Signal(int)

    def __init__(self, name: str) -> None:
        super().__init__(objectName=name)
        self._limits, self._range = (0, 1), (0, 1)
        self._grip: str | None = None
        self._start, self._start_range = 0.0, (0, 1)
        self.setFixedHeight(20)
        self.setMinimumWidth(120)

    def show_range(self, limits: tuple[int, int], chosen: tuple[int, int]) -> None:
        """Show a range without telling anyone."""
        self._limits, self._range = limits, chosen
        self.update()

    def place_of(self, value: float) -> float:
        """Give the pixel at which a value lies."""
        low, high = self._limits
        return _KNOB + (self.width() - 2 * _KNOB) * (value - low) / max(high - low, 1)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton:
            return
        x = event.position().x()
        low, high = (self.place_of(v) for v in self._range)
        if low + _KNOB < x < high - _KNOB:
            self._grip = "both"
        else:
            self._grip = "low" if abs(x - low) < abs(x - high) or x < low else "high"
        self._start, self._start_range = x, self._range

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._grip is None:
            return
        span = self._limits[1] - self._limits[0]
        steps = round((event.position().x() - self._start) / max(self.width() - 2 * _KNOB, 1) * span)
        low, high = self._start_range
        if self._grip == "both":
            steps = min(max(steps, self._limits[0] - low), self._limits[1] - high)
            self.changed.emit(low + steps, high + steps)
        elif self._grip == "low":
            self.changed.emit(min(low + steps, high - 1), high)
        else:
            self.changed.emit(low, max(high + steps, low + 1))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._grip = None

    def wheelEvent(self, event: QWheelEvent) -> None:
        steps = round(event.angleDelta().y() / 120)
        if steps:
            self.wheeled.emit(steps)
        event.accept()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        palette, middle = self.palette(), self.height() / 2
        low, high = (self.place_of(v) for v in self._range)
        painter.setBrush(palette.color(QPalette.ColorRole.Light))
        painter.drawRoundedRect(QRectF(0, middle - 1.5, self.width(), 3), 1.5, 1.5)
        painter.setBrush(palette.color(QPalette.ColorRole.Highlight))
        painter.drawRect(QRectF(low, middle - 1.5, high - low, 3))
        painter.setBrush(QColor(palette.color(QPalette.ColorRole.Text)))
        for place in (low, high):
            painter.drawEllipse(QPointF(place, middle), _KNOB, _KNOB)


class SectionPanel(QFrame):
    """Floats over the viewport while the section box is on."""

    def __init__(self, section: Section, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent, objectName="section")
        self._section = section
        self.close_button = small_button("section.close", "Show everything again (K)")
        self.close_button.clicked.connect(lambda _checked=False: section.turn(False))
        whole = button("Whole scene", "link", section.reset, "section.reset")
        self.sliders = [RangeSlider(f"section.{name}") for name in _AXES]
        self.words = [label("") for _ in _AXES]
        lines = []
        for axis, (slider, words) in enumerate(zip(self.sliders, self.words, strict=True)):
            words.setFixedWidth(64)
            words.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            slider.setToolTip("Drag an end, or what lies between; the wheel moves the slice")
            slider.changed.connect(lambda low, high, a=axis: section.set_range(a, low, high))
            slider.wheeled.connect(lambda steps, a=axis: section.shift(a, steps))
            lines.append(row(label(_AXES[axis], ""), slider, words, spacing=8))
        head = row(label("Section", "section"), 1, whole, self.close_button)
        self.setLayout(column(head, *lines, margin=10, spacing=4))
        self.setFixedWidth(250)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        section.changed.connect(self.refresh)
        self.dress(theme)
        self.refresh()

    def dress(self, theme: Theme) -> None:
        """Take icons in the theme's colours."""
        self.close_button.setIcon(theme.icon("close", theme.muted))

    def refresh(self) -> None:
        """Show the box as it is."""
        self.setVisible(self._section.is_on)
        box, bounds = self._section.extent, self._section.bounds
        for axis, (slider, words) in enumerate(zip(self.sliders, self.words, strict=True)):
            slider.show_range((bounds.lower[axis], bounds.upper[axis]), (box.lower[axis], box.upper[axis]))
            words.setText(f"{box.lower[axis]} – {box.upper[axis] - 1}")

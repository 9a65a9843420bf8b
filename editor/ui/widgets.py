"""Small parts that the docks are made of."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, QObject, QPointF, QRectF, QSignalBlocker, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QIcon, QMouseEvent, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractSpinBox,
    QButtonGroup,
    QComboBox,
    QDoubleSpinBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLayout,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QSlider,
    QSpinBox,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from editor.ui.icons import draw
from editor.ui.theme import Theme

LABEL_WIDTH = 82
_KNOB = 6.0  # radius of a slider's knob in pixels


def label(text: str, role: str = "muted", wrap: bool = False) -> QLabel:
    """Make a label in one of the style sheet's roles."""
    made = QLabel(text)
    made.setProperty("role", role)
    made.setWordWrap(wrap)
    return made


class Elided(QLabel):
    """One line that ends in dots where there is no room for all of it; the tool tip has the rest."""

    def __init__(self, text: str = "") -> None:
        super().__init__(text)
        self.setMinimumWidth(30)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setPen(self.palette().color(QPalette.ColorRole.WindowText))
        words = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, self.width())
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignVCenter, words)


def button(text: str, role: str, clicked: Callable[[], object], name: str = "") -> QPushButton:
    """Make a push button in one of the style sheet's roles."""
    made = QPushButton(text)
    made.setProperty("role", role)
    made.setObjectName(name)
    made.clicked.connect(lambda _checked=False: clicked())
    return made


def small_button(name: str, tip: str, checkable: bool = False) -> QToolButton:
    """Make a borderless button for an icon inside a row."""
    made = QToolButton()
    made.setObjectName(name)
    made.setToolTip(tip)
    made.setCheckable(checkable)
    made.setIconSize(QSize(16, 16))
    made.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    return made


def line() -> QFrame:
    """Make a thin separator."""
    made = QFrame()
    made.setProperty("role", "line")
    return made


def row(*parts: QWidget | QLayout | int, spacing: int = 6) -> QHBoxLayout:
    """Put widgets side by side; a number is a stretch."""
    layout = QHBoxLayout()
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(spacing)
    for part in parts:
        if isinstance(part, int):
            layout.addStretch(part)
        elif isinstance(part, QLayout):
            layout.addLayout(part)
        else:
            layout.addWidget(part, 0 if isinstance(part, QLabel | QAbstractButton) else 1)
    return layout


def named(text: str, *parts: QWidget | QLayout | int) -> QHBoxLayout:
    """Put a label of fixed width before widgets, so that the rows of a dock line up."""
    caption = label(text)
    caption.setFixedWidth(LABEL_WIDTH)
    return row(caption, *parts)


def column(*parts: QWidget | QLayout | int, margin: int = 0, spacing: int = 8) -> QVBoxLayout:
    """Stack widgets; a number is a stretch."""
    layout = QVBoxLayout()
    layout.setContentsMargins(margin, margin, margin, margin)
    layout.setSpacing(spacing)
    for part in parts:
        if isinstance(part, int):
            layout.addStretch(part)
        elif isinstance(part, QLayout):
            layout.addLayout(part)
        else:
            layout.addWidget(part)
    return layout


def scrolled(content: QWidget) -> QScrollArea:
    """Let a dock's content scroll where the window is low."""
    area = QScrollArea()
    area.setWidget(content)
    area.setWidgetResizable(True)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setFrameShape(QFrame.Shape.NoFrame)
    guard = _WheelGuard(area)
    for kind in (QAbstractSpinBox, QComboBox, QSlider):
        for field in content.findChildren(kind):
            field.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            field.installEventFilter(guard)
    return area


class _WheelGuard(QObject):
    """Keeps the wheel from changing a field that it only passes while the dock scrolls."""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Wheel and isinstance(watched, QWidget) and not watched.hasFocus():
            event.ignore()
            return True
        return False


class Segments(QWidget):
    """A few exclusive choices side by side.

    Parameters
    ----------
    choices
        Value and words of each.
    """

    chosen = Signal(object)

    def __init__(self, choices: Sequence[tuple[object, str]], name: str = "") -> None:
        super().__init__()
        self.setObjectName(name)
        self._group = QButtonGroup(self)
        self._values = [value for value, _ in choices]
        layout = row(spacing=0)
        for place, (value, words) in enumerate(choices):
            part = QPushButton(words)
            part.setCheckable(True)
            part.setObjectName(f"{name}.{value}")
            part.setProperty("segment", True)
            part.setProperty("place", {0: "first", len(choices) - 1: "last"}.get(place, "middle"))
            part.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
            self._group.addButton(part, place)
            layout.addWidget(part)
        self.setLayout(layout)
        self._group.idClicked.connect(lambda place: self.chosen.emit(self._values[place]))

    def choose(self, value: object) -> None:
        """Show a value without telling anyone; one that is not among the choices unchecks all."""
        place = self._values.index(value) if value in self._values else -1
        self._group.setExclusive(place >= 0)
        for k, part in enumerate(self._group.buttons()):
            part.setChecked(k == place)
        self._group.setExclusive(True)

    def part(self, value: object) -> QPushButton:
        """Give the button of a value."""
        return self._group.button(self._values.index(value))  # type: ignore[return-value]


class ThinSlider(QSlider):
    """A horizontal slider drawn as a thin line with a round knob, in the colours of the palette."""

    def __init__(self) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self.setMinimumHeight(20)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        palette, middle = self.palette(), self.height() / 2
        low, high = _KNOB, self.width() - _KNOB
        place = low + (high - low) * (self.value() - self.minimum()) / max(self.maximum() - self.minimum(), 1)
        group = QPalette.ColorGroup.Normal if self.isEnabled() else QPalette.ColorGroup.Disabled
        lit = (
            palette.color(QPalette.ColorRole.Highlight) if self.isEnabled() else palette.color(QPalette.ColorRole.Light)
        )
        knob = palette.color(group, QPalette.ColorRole.Text)
        for colour, end in ((palette.color(QPalette.ColorRole.Light), high + _KNOB), (lit, place)):
            painter.setBrush(colour)
            painter.drawRoundedRect(QRectF(0, middle - 1.5, end, 3), 1.5, 1.5)
        painter.setBrush(lit if (self.underMouse() or self.hasFocus()) and self.isEnabled() else knob)
        painter.drawEllipse(QPointF(place, middle), _KNOB, _KNOB)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._follow(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._follow(event)

    def _follow(self, event: QMouseEvent) -> None:
        """Put the knob where the mouse is, instead of paging towards it."""
        if event.buttons() & Qt.MouseButton.LeftButton:
            share = (event.position().x() - _KNOB) / max(self.width() - 2 * _KNOB, 1)
            self.setValue(round(self.minimum() + min(max(share, 0), 1) * (self.maximum() - self.minimum())))


class SliderBox(QWidget):
    """A slider with a number field; `scale` steps make one unit.

    Parameters
    ----------
    decimals
        Digits after the point; 0 makes it whole numbers.
    """

    changed = Signal(float)

    def __init__(self, low: float, high: float, decimals: int = 0, suffix: str = "", name: str = "") -> None:
        super().__init__()
        self.setObjectName(name)
        self._scale = 10**decimals
        self.slider = ThinSlider()
        self.slider.setRange(round(low * self._scale), round(high * self._scale))
        self.field: QSpinBox | QDoubleSpinBox = QDoubleSpinBox() if decimals else QSpinBox()
        if isinstance(self.field, QDoubleSpinBox):
            self.field.setDecimals(decimals)
            self.field.setSingleStep(5 / self._scale)
        self.field.setRange(low, high)
        self.field.setSuffix(suffix)
        self.field.setFixedWidth(62)
        self.field.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.field.lineEdit().returnPressed.connect(self.field.clearFocus)  # single keys are tools again
        self.setLayout(row(self.slider, self.field, spacing=8))
        self.slider.valueChanged.connect(lambda v: self._take(v / self._scale))
        self.field.valueChanged.connect(lambda v: self._take(float(v)))

    def value(self) -> float:
        return float(self.field.value())

    def set_low(self, low: float) -> None:
        """Change the lowest value, without telling anyone."""
        with QSignalBlocker(self.slider), QSignalBlocker(self.field):
            self.slider.setMinimum(round(low * self._scale))
            self.field.setMinimum(low)

    def show_value(self, value: float) -> None:
        """Show a value without telling anyone."""
        with QSignalBlocker(self.slider), QSignalBlocker(self.field):
            self.slider.setValue(round(value * self._scale))
            self.field.setValue(value if isinstance(self.field, QDoubleSpinBox) else round(value))

    def _take(self, value: float) -> None:
        if isinstance(self.field, QSpinBox):
            value = round(value)
        self.show_value(value)
        self.changed.emit(value)


class Fold(QWidget):
    """A heading that folds its content away, with a few words on what is inside.

    `opened` carries the content, once it has its place.
    """

    opened = Signal(object)

    def __init__(self, title: str, content: QWidget, name: str = "") -> None:
        super().__init__()
        self.setObjectName(name)
        self._content = content
        self.head = QPushButton(title)
        self.head.setProperty("role", "flat")
        self.head.setCheckable(True)
        self.note = label("")
        content.hide()
        self.setLayout(column(row(self.head, 1, self.note), content, spacing=4))
        self.head.toggled.connect(content.setVisible)
        self.head.toggled.connect(lambda on: QTimer.singleShot(0, self, self._tell_opened) if on else None)

    def dress(self, theme: Theme) -> None:
        """Take an arrow in the theme's colours that turns with the fold."""
        arrow = QIcon(draw("right", theme.muted, 14, 2))
        arrow.addPixmap(draw("down", theme.muted, 14, 2), QIcon.Mode.Normal, QIcon.State.On)
        self.head.setIcon(arrow)
        self.head.setIconSize(QSize(14, 14))

    def _tell_opened(self) -> None:
        self.opened.emit(self._content)

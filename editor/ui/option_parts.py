"""Parts of the options bar, each bound to one option of the tools."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QCheckBox, QLabel, QMenu, QSpinBox, QToolButton, QWidget

from editor.model.classes import ClassView
from editor.tools.gesture import ToolContext
from editor.tools.options import DEPTH_MODES, MAX_DEPTH, MAX_LIMIT, MAX_RADIUS, OUTLINES, SPREADS, TIPS
from editor.ui.actions import Actions
from editor.ui.icons import class_icon
from editor.ui.theme import Theme
from editor.ui.widgets import Segments, SliderBox, label, row

_SEGMENT_ICON = QSize(16, 16)
_MODE_TIPS = {
    "surface": "Solid voxels under the surface, a few layers deep",
    "volume": "The brush itself, air included",
    "column": "Everything from just above the pointer down to the ground",
    "through": "Everything behind the pointer, to the far end of the scene",
}
_TIP_TIPS = {"ball": "A round brush", "cube": "A square brush"}
_SPREAD_TIPS = {
    "faces": "Voxels that share a face are connected (6 neighbours)",
    "corners": "Voxels that share an edge or a corner are connected too (26 neighbours)",
    "everywhere": "All voxels of the class, connected or not",
}
_OUTLINE_TIPS = {"lasso": "A free line; Shift draws straight sides", "rectangle": "From corner to corner"}
_OUTLINE_ICONS = {"lasso": "lasso", "rectangle": "mask"}


class Part(QWidget):
    """Shows an option of the tools and changes it."""

    def __init__(self, context: ToolContext) -> None:
        super().__init__()
        self.context = context
        context.options_changed.connect(self.refresh)

    def refresh(self) -> None:
        """Show the option as it is now."""

    def dress(self, theme: Theme) -> None:
        """Take icons in the theme's colours."""


class Choice(Part):
    """A few exclusive values of a brush's attribute, or of an option.

    Parameters
    ----------
    of_brush
        Whether the option belongs to the brush in hand.
    icons
        Value -> icon; values without words show their icon alone.
    """

    def __init__(
        self,
        context: ToolContext,
        name: str,
        tips: dict[str, str],
        of_brush: bool = False,
        icons: dict[str, str] | None = None,
        worded: bool = True,
    ) -> None:
        super().__init__(context)
        self._name, self._of_brush, self._icons = name, of_brush, icons or {}
        self.segments = Segments([(v, v.capitalize() if worded else "") for v in tips], f"option.{name}")
        for value, words in tips.items():
            self.segments.part(value).setToolTip(words)
        self.setLayout(row(self.segments))
        self.segments.chosen.connect(self._store)

    def refresh(self) -> None:
        holder = self.context.brush if self._of_brush else self.context.options
        self.segments.choose(getattr(holder, self._name))

    def dress(self, theme: Theme) -> None:
        for value, icon in self._icons.items():
            self.segments.part(value).setIcon(theme.icon(icon, theme.muted))
            self.segments.part(value).setIconSize(_SEGMENT_ICON)

    def _store(self, value: object) -> None:
        if self._of_brush:
            self.context.brush = replace(self.context.brush, **{self._name: value})  # type: ignore[arg-type]
        else:
            self.context.set(**{self._name: value})


class BrushNumber(Part):
    """Radius or layers of the brush in hand."""

    def __init__(
        self, context: ToolContext, name: str, title: str, low: int, high: int, widths: tuple[int, int]
    ) -> None:
        super().__init__(context)
        self._name = name
        self.box = SliderBox(low, high, name=f"option.{name}")
        self.box.setMinimumWidth(widths[0])
        self.box.setMaximumWidth(widths[1])
        self.setLayout(row(label(title), self.box, spacing=8))
        self.box.changed.connect(self._store)

    def refresh(self) -> None:
        if self._name == "radius":
            self.box.set_low(1 if self.context.family == "mask" else 0)
        self.box.show_value(getattr(self.context.brush, self._name))

    def _store(self, value: float) -> None:
        self.context.brush = replace(self.context.brush, **{self._name: int(value)})  # type: ignore[arg-type]


class Number(Part):
    """A whole number among the options."""

    def __init__(
        self, context: ToolContext, name: str, title: str, limits: tuple[int, int], lowest: str = "", tip: str = ""
    ) -> None:
        super().__init__(context)
        self._name = name
        self.field = QSpinBox(objectName=f"option.{name}")
        self.field.setRange(*limits)
        self.field.setSpecialValueText(lowest)
        self.field.setSuffix(" vx")
        self.field.setFixedWidth(66)
        self.field.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.field.setToolTip(tip)
        self.field.lineEdit().returnPressed.connect(self.field.clearFocus)
        self.setLayout(row(label(title), self.field, spacing=8))
        self.field.valueChanged.connect(lambda value: context.set(**{name: value}))
        self.refresh()

    def refresh(self) -> None:
        self.field.setValue(getattr(self.context.options, self._name))


class Switch(Part):
    """A yes or no among the options."""

    def __init__(self, context: ToolContext, name: str, title: str, tip: str) -> None:
        super().__init__(context)
        self._name = name
        self.box = QCheckBox(title, objectName=f"option.{name}")
        self.box.setToolTip(tip)
        self.setLayout(row(self.box))
        self.box.toggled.connect(lambda on: context.set(**{name: on}))
        self.refresh()

    def refresh(self) -> None:
        self.box.setChecked(getattr(self.context.options, self._name))


class Ink(Part):
    """What voxel tools write: a class to choose, or empty."""

    def __init__(self, context: ToolContext, actions: Actions) -> None:
        super().__init__(context)
        self._classes = context.document.classes
        self.button = QToolButton(objectName="option.ink")
        self.button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.button.setFixedWidth(126)
        self.button.setProperty("card", True)
        self.button.setProperty("slim", True)
        self.button.setToolTip("What is written; 1 to 0 choose a class, Alt+click picks one, X swaps with empty")
        menu = QMenu(self.button)
        menu.aboutToShow.connect(lambda: fill_class_menu(menu, self._classes, actions))
        self.button.setMenu(menu)
        self.setLayout(row(self.button))
        self._classes.chosen_changed.connect(lambda _label: self.refresh())
        self._classes.changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        self.button.setText(f" {self._classes.name_of(self._classes.ink)}")
        self.button.setIcon(class_icon(self._classes, self._classes.ink))


class StampTools(Part):
    """How large the clip is, and buttons that turn and mirror it."""

    def __init__(self, context: ToolContext, actions: Actions) -> None:
        super().__init__(context)
        self.size = label("", "")
        buttons = []
        for name in ("stamp.turn_left", "stamp.turn_right", "stamp.mirror"):
            made = QToolButton(objectName=f"{name}.button")
            made.setDefaultAction(actions[name])
            made.setIconSize(QSize(18, 18))
            buttons.append(made)
        self.setLayout(row(self.size, *buttons, spacing=6))
        context.clipboard.changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        clip = self.context.clipboard.clip
        self.size.setText("Nothing copied: mask voxels, Ctrl+C" if clip is None else " × ".join(map(str, clip.shape)))


class Chosen(Part):
    """The chosen class, for the pick tool."""

    def __init__(self, context: ToolContext) -> None:
        super().__init__(context)
        self._classes = context.document.classes
        self._swatch, self._name = QLabel(), label("", "")
        self.setLayout(row(label("Chosen class"), self._swatch, self._name, spacing=8))
        self._classes.chosen_changed.connect(lambda _label: self.refresh())
        self._classes.changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        self._swatch.setPixmap(class_icon(self._classes, self._classes.chosen).pixmap(14, 14))
        self._name.setText(self._classes.name_of(self._classes.chosen))


def fill_class_menu(menu: QMenu, classes: ClassView, actions: Actions) -> None:
    """List all classes that can be chosen, with their keys."""
    menu.clear()
    for place, label_id in enumerate(classes.space.solid_ids):
        known = actions.find(f"class.choose_{place + 1}")
        entry = menu.addAction(class_icon(classes, label_id), classes.name_of(label_id))
        if known is not None:
            entry.setText(f"{classes.name_of(label_id)}\t{known.shortcut().toString()}")
        entry.setCheckable(True)
        entry.setChecked(label_id == classes.ink)
        entry.triggered.connect(partial(_choose, classes, label_id))
    menu.addSeparator()
    menu.addAction(actions["class.swap"])


def _choose(classes: ClassView, label_id: int, _checked: bool = False) -> None:
    classes.choose(label_id)


def make_parts(context: ToolContext, actions: Actions) -> dict[str, Part]:
    """Make every part that some tool shows, by name."""
    mode_icons = {m: m for m in DEPTH_MODES}
    limit_tip = "How far from the click it may go"
    return {
        "ink": Ink(context, actions),
        "chosen": Chosen(context),
        "mode": Choice(context, "mode", _of(_MODE_TIPS, DEPTH_MODES), of_brush=True, icons=mode_icons),
        "tip": Choice(
            context, "tip", _of(_TIP_TIPS, TIPS), of_brush=True, icons={"ball": "ball", "cube": "box"}, worded=False
        ),
        "outline": Choice(context, "outline", _of(_OUTLINE_TIPS, OUTLINES), icons=_OUTLINE_ICONS),
        "spread": Choice(context, "spread", _of(_SPREAD_TIPS, SPREADS)),
        "radius": BrushNumber(context, "radius", "Radius", 0, MAX_RADIUS, (110, 170)),
        "depth": BrushNumber(context, "depth", "Layers", 1, MAX_DEPTH, (100, 130)),
        "limit": Number(context, "limit", "Limit", (0, MAX_LIMIT), "none", limit_tip),
        "stamp": StampTools(context, actions),
        "lift": Number(context, "lift", "Lift", (-MAX_RADIUS, MAX_RADIUS), tip="Higher, or sunk in where negative"),
        "with_air": Switch(context, "with_air", "With air", "Put down the empty voxels that were copied, too"),
        "within_mask": Switch(
            context, "within_mask", "Mask only", "Where something is masked, leave all voxels outside as they are"
        ),
    }


def _of(tips: dict[str, str], values: Sequence[str]) -> dict[str, str]:
    return {v: tips[v] for v in values}

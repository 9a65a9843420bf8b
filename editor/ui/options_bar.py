"""The options of the tool in hand, in the bar above the viewport."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QStackedWidget, QWidget

from editor.model.studio import Studio
from editor.tools.gesture import ToolContext
from editor.ui.actions import Actions
from editor.ui.bounds_options import ContextOptions, ExtendOptions
from editor.ui.option_parts import BrushNumber, Choice, make_parts
from editor.ui.theme import Theme
from editor.ui.widgets import Segments, SliderBox, row

_PAINTING = "Ctrl subtracts · Shift draws a line · Alt picks"
_CLICKING = "Ctrl subtracts · Alt picks"
_PARTS: dict[str, tuple[str, str]] = {
    "mask.brush": ("mode tip radius depth", _PAINTING),
    "mask.eraser": ("mode tip radius depth", "Ctrl adds · Shift draws a line · Alt picks"),
    "mask.box": ("mode radius depth", "Ctrl subtracts · Shift makes it square · Alt picks"),
    "mask.lasso": ("outline mode depth", "Ctrl subtracts · Shift draws straight sides · Alt picks"),
    "mask.wand": ("spread limit", _CLICKING),
    "voxel.add": ("ink mode tip radius depth within_mask", _PAINTING),
    "voxel.remove": ("mode tip radius depth within_mask", "Ctrl adds · Shift draws a line · Alt picks"),
    "voxel.paint": ("ink mode tip radius depth within_mask", _PAINTING),
    "voxel.fill": ("ink spread limit within_mask", "Ctrl empties · Alt picks"),
    "voxel.extrude": ("limit within_mask", "Drag a face outward or inward · Alt picks"),
    "voxel.stamp": ("stamp lift with_air within_mask", "Click puts it down · Ctrl takes its shape away"),
    "voxel.pick": ("chosen", ""),
}
"""Tool -> its parts in order, and what the keys do while it is in hand."""


class Hint(QLabel):
    """Words that show whole or, where there is no room, not at all."""

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("role", "muted")
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)

    def paintEvent(self, event: QPaintEvent) -> None:
        if self.width() >= self.sizeHint().width():
            super().paintEvent(event)


class ToolPage(QWidget):
    """Shows those parts that belong to the tool in hand."""

    def __init__(self, context: ToolContext, actions: Actions) -> None:
        super().__init__()
        self._context = context
        self.parts = make_parts(context, actions)
        self.hint = Hint()
        self._wanted: tuple[str, ...] = ()
        self._is_box = False
        layout = row(*self.parts.values(), self.hint, spacing=12)
        for part in self.parts.values():
            layout.setStretchFactor(part, 0)
        layout.setStretchFactor(self.hint, 1)
        self.setLayout(layout)
        context.options_changed.connect(self._choose_visible)

    @property
    def mode(self) -> Segments:
        part = self.parts["mode"]
        assert isinstance(part, Choice)
        return part.segments

    @property
    def radius(self) -> SliderBox:
        return self._number("radius")

    @property
    def layers(self) -> SliderBox:
        return self._number("depth")

    def show_tool(self, name: str) -> None:
        """Show the parts of a tool, with the values of its brush."""
        names, hint = _PARTS[name]
        self._wanted = tuple(names.split())
        self._is_box = name == "mask.box"
        self.hint.setText(hint)
        self._choose_visible()
        for part in self.parts.values():
            part.refresh()

    def dress(self, theme: Theme) -> None:
        for part in self.parts.values():
            part.dress(theme)

    def _choose_visible(self) -> None:
        """Layers count only on surfaces, and the height of a box only in its volume."""
        mode = self._context.brush.mode
        pointless = set() if mode == "surface" else {"depth"}
        if self._is_box and mode != "volume":
            pointless.add("radius")
        for name, part in self.parts.items():
            part.setVisible(name in self._wanted and name not in pointless)

    def _number(self, name: str) -> SliderBox:
        part = self.parts[name]
        assert isinstance(part, BrushNumber)
        return part.box


class OptionsBar(QStackedWidget):
    """Shows the page of the tool in hand."""

    def __init__(self, studio: Studio, context: ToolContext, actions: Actions) -> None:
        super().__init__()
        self.brush = ToolPage(context, actions)
        self.extend = ExtendOptions(studio, studio.pace)
        self.context = ContextOptions(studio, studio.pace)
        for page in (self.brush, self.extend, self.context):
            self.addWidget(page)
        self.setMinimumWidth(1)  # a bar that is too narrow for its parts shows some, instead of none

    def show_tool(self, name: str) -> None:
        """Turn to the page of a tool (`tool.extend`, ...)."""
        page = {"tool.extend": self.extend, "tool.context": self.context}.get(name)
        if page is None:
            self.brush.show_tool(name)
        self.setCurrentWidget(page or self.brush)

    def dress(self, theme: Theme) -> None:
        """Take icons in the theme's colours."""
        self.brush.dress(theme)

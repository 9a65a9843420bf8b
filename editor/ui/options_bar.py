"""The options of the tool in hand, in the bar above the viewport."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QSize
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QLabel, QSpinBox, QStackedWidget, QWidget

from editor.model.plan import Extension
from editor.model.studio import Studio
from editor.tools.gesture import DEPTH_MODES, MAX_RADIUS, ToolContext
from editor.ui.icons import swatch
from editor.ui.theme import Theme
from editor.ui.widgets import Segments, SliderBox, button, label, row

_TIPS = {
    "surface": "Solid voxels under the surface, a few layers deep",
    "volume": "A ball around the pointer, air included",
    "column": "Everything from just above the pointer down to the ground",
}
_SIDES = (("west", "−x"), ("east", "+x"), ("south", "−y"), ("north", "+y"))


class BrushOptions(QWidget):
    """Depth mode, radius and layers of the mask tools."""

    def __init__(self, context: ToolContext) -> None:
        super().__init__()
        self._context = context
        self.mode = Segments([(m, m.capitalize()) for m in DEPTH_MODES], "depth-mode")
        for mode in DEPTH_MODES:
            self.mode.part(mode).setToolTip(_TIPS[mode])
        self.radius = SliderBox(1, MAX_RADIUS, name="radius")
        self.radius.setFixedWidth(190)
        self.layers = SliderBox(1, 16, name="layers")
        self.layers.setFixedWidth(160)
        self.layers_label = label("Layers")
        self.hint = label("Ctrl subtracts · Shift draws a line · Alt picks the class")
        self.setLayout(
            row(self.mode, label("Radius"), self.radius, self.layers_label, self.layers, 1, self.hint, spacing=10)
        )
        self.mode.chosen.connect(lambda mode: self._set(mode=mode))
        self.radius.changed.connect(lambda v: self._set(radius=int(v)))
        self.layers.changed.connect(lambda v: self._set(depth=int(v)))
        context.brush_changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Show the brush as it is now."""
        brush = self._context.brush
        self.mode.choose(brush.mode)
        self.radius.show_value(brush.radius)
        self.layers.show_value(brush.depth)
        for part in (self.layers, self.layers_label):
            part.setVisible(brush.mode == "surface")

    def dress(self, theme: Theme) -> None:
        for mode in DEPTH_MODES:
            self.mode.part(mode).setIcon(theme.icon(mode, theme.muted))
            self.mode.part(mode).setIconSize(QSize(16, 16))

    def _set(self, **values: object) -> None:
        self._context.brush = replace(self._context.brush, **values)  # type: ignore[arg-type]


class ExtendOptions(QWidget):
    """How far each side is pulled outward, as numbers."""

    def __init__(self, studio: Studio) -> None:
        super().__init__()
        self._studio, self._plan = studio, studio.plan
        self.sides: dict[str, QSpinBox] = {}
        layout = row(spacing=6)
        for side, words in _SIDES:
            field = QSpinBox(objectName=f"extend.{side}")
            field.setRange(0, 1024)
            field.setSuffix(" vx")
            field.setFixedWidth(72)
            field.valueChanged.connect(self._store)
            self.sides[side] = field
            layout.addWidget(label(words))
            layout.addWidget(field)
        self.size = label("", "")
        self.reset = button("Reset", "link", lambda: self._plan.extend(Extension()), "extend.reset")
        layout.addWidget(self.size)
        layout.addWidget(self.reset)
        layout.addStretch(1)
        layout.addWidget(label("Pull an arrow on a side of the scene"))
        self.setLayout(layout)
        self._plan.changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Show the extension as it is now."""
        step = self._plan.card.cell if self._plan.card else 16
        for side, field in self.sides.items():
            field.blockSignals(True)
            field.setSingleStep(step)
            field.setValue(getattr(self._plan.extension, side))
            field.blockSignals(False)
        scene = self._studio.document.scene
        x, y = self._plan.extension.size(scene)
        metres = f"{x * scene.grid.voxel_size[0]:.1f} × {y * scene.grid.voxel_size[1]:.1f} m"
        self.size.setText(f"{x} × {y} voxels, {metres}")
        self.reset.setEnabled(not self._plan.extension.is_nothing)

    def _store(self) -> None:
        step = self._plan.card.cell if self._plan.card else 16
        values = {side: -(-field.value() // step) * step for side, field in self.sides.items()}
        self._plan.extend(Extension(**values))


class OptionsBar(QStackedWidget):
    """Shows the page of the tool in hand."""

    def __init__(self, studio: Studio, context: ToolContext) -> None:
        super().__init__()
        self.brush = BrushOptions(context)
        self.extend = ExtendOptions(studio)
        self.pick = QWidget()
        self._classes = studio.document.classes
        self._swatch, self._chosen = QLabel(), label("", "")
        self.pick.setLayout(row(label("Chosen class"), self._swatch, self._chosen, 1, spacing=8))
        for page in (self.brush, self.extend, self.pick):
            self.addWidget(page)
        self._classes.chosen_changed.connect(lambda _label: self.refresh())
        self._classes.changed.connect(self.refresh)
        self.refresh()

    def show_tool(self, name: str) -> None:
        """Turn to the page of a tool (`tool.extend`, ...)."""
        self.setCurrentWidget({"tool.extend": self.extend, "tool.pick": self.pick}.get(name, self.brush))

    def refresh(self) -> None:
        """Show the chosen class."""
        colour = self._classes.space.colours(self._classes.palette)[self._classes.chosen]
        self._swatch.setPixmap(swatch(QColor(*colour.tolist())))
        self._chosen.setText(self._classes.space.names[self._classes.chosen])

    def dress(self, theme: Theme) -> None:
        """Take icons in the theme's colours."""
        self.brush.dress(theme)

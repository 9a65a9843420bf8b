"""The Layout workspace: paint the map, have it suggested, and make a scene of it."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QColor, QShowEvent
from PySide6.QtWidgets import QButtonGroup, QGridLayout, QPushButton, QToolButton, QWidget

from editor.model.layout_draft import BUILDING, Ink, LayoutDraft
from editor.model.studio import Studio
from editor.ui.actions import Actions
from editor.ui.icons import swatch
from editor.ui.layout_view import TITLES, LayoutView, Tool
from editor.ui.theme import Theme
from editor.ui.widgets import Segments, SliderBox, button, column, label, named, row
from engine.geometry.maps import CELL, LAYOUT_COLOURS

_TOOLS: tuple[tuple[Tool, str], ...] = (
    ("brush", "Brush"),
    ("line", "Line"),
    ("rectangle", "Rectangle"),
    ("fill", "Fill"),
)
_WIDEST = 12
_LINKS = ("from_scene", "suggest", "suggest_all", "clear", "load", "save")


class Palette(QWidget):
    """The classes of a layout with their names; one of them is in the pen."""

    def __init__(self) -> None:
        super().__init__(objectName="layout.palette")
        self._group = QButtonGroup(self)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(4)
        for place, (title, colour) in enumerate(zip(TITLES, LAYOUT_COLOURS, strict=True)):
            part = QToolButton(objectName=f"layout.class.{place}")
            part.setText(f" {title}")
            part.setIcon(swatch(QColor(0, 0, 0, 0) if place == 0 else QColor(f"#{colour:06x}")))
            part.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
            part.setToolTip(f"{'Up to the model' if place == 0 else title.capitalize()} ({place} over the map)")
            part.setIconSize(QSize(14, 14))
            part.setCheckable(True)
            part.setMinimumWidth(104)
            self._group.addButton(part, place)
            grid.addWidget(part, place // 4, place % 4)
        self.chosen = self._group.idClicked

    def choose(self, place: int) -> None:
        """Show which class is in the pen."""
        self._group.button(place).setChecked(True)


class LayoutDock(QWidget):
    """Shows the draft of a layout and all that can be done with it; what its buttons do is up to the actions."""

    def __init__(self, studio: Studio, draft: LayoutDraft, actions: Actions) -> None:
        super().__init__(objectName="layout")
        self._studio, self._draft, self._actions = studio, draft, actions
        self.view = LayoutView(studio.document, draft)
        self.tools = Segments(_TOOLS, "layout.tools")
        self.palette_ = Palette()
        self.width_ = SliderBox(1, _WIDEST, name="layout.width")
        self.height_ = SliderBox(0, draft.height, name="layout.height")
        self.metres, self.size, self.under = label(""), label(""), label("", "")
        self.links = {name: self._link(name) for name in _LINKS}
        self.where = Segments(((True, "Whole scene"), (False, "Under the mask")), "layout.where")
        self.make = button("", "primary", actions["layout.generate"].trigger, "layout.generate.b")
        self.everywhere = True
        self._arrange()
        self._connect()
        self._take(Ink())
        self.refresh()

    def dress(self, theme: Theme) -> None:
        """Take the colours of a theme."""
        self.view.dress(theme)

    def refresh(self) -> None:
        """Show what can be done now."""
        grid, (wide, deep) = self._studio.document.scene.grid, self._draft.cells
        painted, masked = bool(self._draft.map.classes.any()), not self._studio.document.mask.is_empty
        x, y, _ = grid.extent
        self.size.setText(f"{wide} × {deep} cells of {CELL * grid.voxel_size[0]:.1f} m · {x:.1f} × {y:.1f} m")
        nothing = "" if painted else "Paint the map first, or take it from the scene"
        reason = self._studio.plan.offer("generate").reason or nothing
        self.where.part(False).setEnabled(masked)
        everywhere = self.everywhere or not masked
        self.where.choose(everywhere)
        variants = self._studio.plan.options.variants
        count = f" ({variants} variants)" if variants > 1 else ""
        what = "Generate scene from map" if everywhere else "Regenerate the mask from map"
        self.make.setText(what + count)
        self.make.setEnabled(not reason)
        self.make.setToolTip(reason or "The map stays: generate again for other details of the same layout")
        self._actions["layout.generate"].setEnabled(not reason)
        for name in ("clear", "save"):
            self._actions[f"layout.{name}"].setEnabled(painted)
        for name, link in self.links.items():
            link.setEnabled(self._actions[f"layout.{name}"].isEnabled())
        self.height_.slider.setMaximum(self._draft.height)
        self.height_.field.setMaximum(self._draft.height)

    def _arrange(self) -> None:
        self.height_.field.setSpecialValueText("auto")
        self.height_.setToolTip("Top of what is painted as building, in voxels; auto leaves it to the model")
        self.width_.setToolTip("Cells that brush and line are wide")
        keys = label("Ctrl frees · Shift straight · Alt picks")
        foot = column(
            row(self.under, 1, self.size),
            row(*(self.links[n] for n in _LINKS), 1, spacing=2),
            row(self.where, self.make, spacing=8),
            spacing=6,
        )
        self.tall = QWidget()
        self.tall.setLayout(named("Height", self.height_, self.metres))
        wide = QWidget()
        wide.setLayout(named("Width", self.width_))
        head = column(row(self.tools, 1, keys), self.palette_, row(wide, self.tall, spacing=16), spacing=6)
        layout = column(head, self.view, foot, margin=10, spacing=8)
        layout.setStretch(1, 1)
        self.setLayout(layout)
        self.setMinimumWidth(470)

    def _link(self, name: str) -> QPushButton:
        action = self._actions[f"layout.{name}"]
        made = button(action.text(), "link", action.trigger, f"layout.{name}.button")
        made.setToolTip(action.statusTip())
        return made

    def _connect(self) -> None:
        self.tools.choose("brush")
        self.tools.chosen.connect(lambda tool: setattr(self.view.pen, "tool", tool))
        self.palette_.chosen.connect(lambda place: self._take(Ink(place, int(self.height_.value()))))
        self.width_.changed.connect(lambda cells: setattr(self.view.pen, "width", int(cells)))
        self.width_.show_value(self.view.pen.width)
        self.height_.changed.connect(lambda voxels: self._take(Ink(self.view.pen.ink.label, int(voxels))))
        self.view.picked.connect(self._take)
        self.view.hovered.connect(self.under.setText)
        self.where.chosen.connect(self._choose_where)
        self._draft.changed.connect(self.refresh)
        self._studio.plan.changed.connect(self._refresh_in_sight)
        self._studio.document.mask_changed.connect(lambda _box: self._refresh_in_sight())
        self._studio.document.scene_replaced.connect(self.refresh)

    def showEvent(self, event: QShowEvent) -> None:
        self.refresh()

    def _refresh_in_sight(self) -> None:
        """Leave strokes in the scene alone while nobody sees this."""
        if self.isVisible():
            self.refresh()

    def _take(self, ink: Ink) -> None:
        """Put an ink into the pen."""
        self.view.pen.ink = ink
        self.palette_.choose(ink.label)
        if ink.label == BUILDING:
            self.height_.show_value(ink.height)
        size = self._studio.document.scene.grid.voxel_size[2]
        self.tall.setEnabled(ink.label == BUILDING)
        self.metres.setText(f"{ink.height * size:.1f} m" if ink.height else "up to the model")

    def _choose_where(self, everywhere: bool) -> None:
        self.everywhere = everywhere
        self.refresh()

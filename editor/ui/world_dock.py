"""The World Map dock: the scene from above, tiles to add to it, and what they will take."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QCheckBox, QWidget

from editor.model.studio import Studio
from editor.model.tile import Estimate
from editor.model.world_map import WorldMap
from editor.ui.actions import Actions
from editor.ui.theme import Theme
from editor.ui.widgets import SliderBox, button, column, label, named, row, scrolled
from editor.ui.world_view import WorldView
from editor.viewport.orbit import OrbitCamera
from editor.worker import DeviceInfo

_MEGABYTE, _GIGABYTE = 1 << 20, 1 << 30
_WIDTH = 304


class WorldDock(QWidget):
    """Shows a world map; what its buttons do is up to the actions.

    Parameters
    ----------
    camera
        Gives the camera of the 3D view.
    """

    def __init__(self, studio: Studio, world: WorldMap, actions: Actions, camera: Callable[[], OrbitCamera]) -> None:
        super().__init__(objectName="world")
        self._studio, self._world = studio, world
        self._memory = ""
        self.view = WorldView(studio, world, camera)
        self.make = button("", "primary", actions["world.make"].trigger, "world.make.button")
        self.words = label("", "", wrap=True)
        self.under = label("", wrap=True)
        self.overlap = SliderBox(16, 240, suffix=" vx", name="world.overlap")
        self.overlap.setToolTip("How much of the finished scene a new tile sees: more fits better, less goes further")
        self.take_all = QCheckBox("Accept tiles as they come", objectName="world.take_all")
        self.take_all.setToolTip("Each tile stays an undo step of its own; without this the next one waits for you")
        links = [
            button(actions[name].text(), "link", actions[name].trigger, f"{name}.button")
            for name in ("world.clear", "world.seam", "world.fit")
        ]
        self._links = dict(zip(("clear", "seam", "fit"), links, strict=True))
        for name, link in self._links.items():
            link.setToolTip(actions[f"world.{name}"].statusTip())
        side = QWidget()
        side.setLayout(
            column(
                self.make,
                self.words,
                named("Overlap", self.overlap),
                self.take_all,
                row(*links, 1, spacing=2),
                self.under,
                1,
                margin=10,
                spacing=6,
            )
        )
        controls = scrolled(side)
        controls.setFixedWidth(_WIDTH)
        layout = row(controls, self.view, spacing=0)
        layout.setStretchFactor(self.view, 1)
        self.setLayout(layout)
        self.overlap.changed.connect(lambda value: studio.plan.set(overlap=round(value)))
        self.take_all.toggled.connect(world.take_all)
        self.view.hovered.connect(self.under.setText)
        world.changed.connect(self.refresh)
        studio.plan.changed.connect(self.refresh)
        self.refresh()

    def dress(self, theme: Theme) -> None:
        """Take the colours of a theme."""
        self.view.dress(theme)

    def show_device(self, info: DeviceInfo) -> None:
        """Note how much memory is free where the engine computes."""
        self._memory = f"{(info.total - info.used) / _GIGABYTE:.1f} GB free on {info.device}"
        self.refresh()

    def showEvent(self, event: QShowEvent) -> None:
        self.refresh()

    def refresh(self) -> None:
        """Show the map and the estimate as they are now, where anybody sees them."""
        if not self.isVisible():
            return
        world, plan = self._world, self._studio.plan
        count, reason = len(world.wanted), world.reason
        going = world.is_going and bool(count)
        self.make.setText(_make_words(count, going))
        self.make.setEnabled(bool(count) and not going and not reason)
        self.make.setToolTip(reason or "Makes the tiles one after the other, nearest first; each one is a candidate")
        self.words.setText(reason or (self._estimate(world.estimate()) if count else self._hint()))
        self.words.setProperty("role", "warning" if reason else "")
        self.words.style().polish(self.words)
        self._links["clear"].setEnabled(bool(count))
        self._links["seam"].setEnabled(world.has_seam)
        if plan.card is not None:
            self.overlap.set_low(plan.card.cell)
            self.overlap.slider.setMaximum(plan.card.window - plan.card.cell)
            self.overlap.field.setMaximum(plan.card.window - plan.card.cell)
            self.overlap.field.setSingleStep(plan.card.cell)
        self.overlap.show_value(plan.overlap)
        self.take_all.setChecked(world.takes_all)

    def _hint(self) -> str:
        plan, size = self._studio.plan, self._studio.document.scene.grid.voxel_size[0]
        if plan.card is None:
            return ""
        return f"Click a + beside the scene. A tile adds {plan.tile * size:.1f} m ({plan.tile} voxels)."

    def _estimate(self, estimate: Estimate) -> str:
        sizes = self._studio.document.scene.grid.voxel_size
        x, y = estimate.size
        time = (
            "Time: known once a tile was timed"
            if estimate.seconds is None
            else f"About {_time(estimate.seconds)}, as timed on this machine"
        )
        memory = f"voxels {estimate.before / _MEGABYTE:.1f} → {estimate.after / _MEGABYTE:.1f} MB"
        size = f"then {x * sizes[0]:.1f} × {y * sizes[1]:.1f} m ({x} × {y} voxels)"
        return "\n".join((time, size, " · ".join(p for p in (memory, self._memory) if p)))


def _time(seconds: float) -> str:
    if seconds < 10:
        return f"{seconds:.1f} s"
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"


def _make_words(count: int, going: bool) -> str:
    if going:
        return f"{count} more to come"
    return f"Make {count} tile{'s' * (count != 1)}" if count else "Make tiles"

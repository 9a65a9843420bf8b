"""What the actions do: one short method each, named in the table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from editor.model.plan import Extension
from editor.model.studio import Studio
from editor.tools.box import BoxTool
from editor.tools.brush import BrushTool
from editor.tools.gesture import GestureRunner, Tool
from editor.tools.pick import PickTool
from engine.edit import GridEdit
from engine.errors import ScenewrightError
from engine.geometry.resample import fit_grid
from engine.labels import label_space
from engine.mask import VoxelMask

if TYPE_CHECKING:
    from editor.ui.window import MainWindow

TOOLS: dict[str, Tool] = {
    "tool.brush": BrushTool(),
    "tool.eraser": BrushTool(erases=True),
    "tool.box": BoxTool(),
    "tool.pick": PickTool(),
    "tool.extend": PickTool(),
}
"""What a press in the scene starts; with `tool.extend` the viewport's own arrows take the mouse first."""


class Commands:
    """Acts on the studio, the viewport and the files of one window."""

    def __init__(self, window: MainWindow, studio: Studio, gestures: GestureRunner) -> None:
        self._window, self._studio, self._gestures = window, studio, gestures

    # files

    def new_scene(self) -> None:
        self._window.files.new()

    def open_scene(self) -> None:
        self._window.files.ask_open()

    def save(self) -> None:
        self._window.files.save()

    def save_as(self) -> None:
        self._window.files.save_as()

    def export(self) -> None:
        self._window.files.ask_export()

    def quit(self) -> None:
        self._window.close()

    # history

    def undo(self) -> None:
        self._gestures.cancel()
        self._studio.document.undo()

    def redo(self) -> None:
        self._gestures.cancel()
        self._studio.document.redo()

    def convert(self) -> None:
        """Bring the scene to the grid of the chosen model, as one undo step."""
        document, card = self._studio.document, self._studio.plan.card
        if card is None:
            return
        scene = document.scene
        fitted = fit_grid(scene, label_space(card.label_space), card.voxel_size, card.height, cell=card.cell)
        document.do(GridEdit(f"Convert to {card.name}'s grid", scene.snapshot(), fitted.snapshot(), document.mask))

    # tools

    def use_tool(self, name: str) -> None:
        self._gestures.cancel()
        self._gestures.tool = TOOLS[name]
        self._window.show_tool(name)

    def brush_smaller(self) -> None:
        self._gestures.context.brush = self._gestures.context.brush.resized(-1)

    def brush_larger(self) -> None:
        self._gestures.context.brush = self._gestures.context.brush.resized(1)

    def escape(self) -> None:
        """Let go of one thing at a time: the stroke, then the pulled bounds, then the sight of the candidates."""
        proposal, plan = self._studio.proposal, self._studio.plan
        if self._gestures.cancel():
            return
        if not plan.extension.is_nothing and proposal is None:
            plan.extend(Extension())
        elif proposal is not None:
            proposal.compare(not proposal.comparing)

    # mask

    def mask_invert(self) -> None:
        document = self._studio.document
        document.set_mask("Invert mask", document.mask.invert(document.scene.box))

    def mask_clear(self) -> None:
        self._studio.document.set_mask("Clear mask", VoxelMask.nothing())

    def mask_grow(self) -> None:
        document = self._studio.document
        if not document.mask.is_empty:
            document.set_mask("Grow mask", document.mask.grow(1, document.scene.box))

    def mask_shrink(self) -> None:
        document = self._studio.document
        if not document.mask.is_empty:
            document.set_mask("Shrink mask", document.mask.shrink(1))

    def mask_from_class(self) -> None:
        document = self._studio.document
        chosen = document.classes.chosen
        if chosen in document.classes.locked:
            raise ScenewrightError(f"class '{document.classes.space.names[chosen]}' is locked; unlock it to mask it")
        found = VoxelMask.of_classes(document.scene, [chosen])
        document.set_mask("Mask class", document.mask.union(found))

    # classes

    def class_hide(self) -> None:
        classes = self._studio.document.classes
        classes.set_visible(classes.chosen, classes.chosen not in classes.visible)

    def class_solo(self) -> None:
        self._studio.document.classes.solo(self._studio.document.classes.chosen)

    def class_show_all(self) -> None:
        self._studio.document.classes.show_all()

    # generation

    def generate(self) -> None:
        self._gestures.cancel()
        self._studio.run()
        self._window.canvas.native.setFocus()  # Enter, arrows and Delete are about the candidates now

    def cancel_jobs(self) -> None:
        self._studio.jobs.cancel_all()

    def roll_seed(self) -> None:
        self._studio.roll()

    def accept(self) -> None:
        self._studio.accept()

    def overwrite(self) -> None:
        self._studio.accept("overwrite")

    def previous(self) -> None:
        self._select(-1)

    def next(self) -> None:
        self._select(1)

    def discard(self) -> None:
        self._studio.discard()

    def _select(self, step: int) -> None:
        proposal = self._studio.proposal
        if proposal is not None:
            proposal.select(proposal.current + step)

    # view

    def frame_all(self) -> None:
        self._window.canvas.frame()

    def frame_mask(self) -> None:
        self._window.link.frame_mask()

    def view_front(self) -> None:
        self._window.canvas.look_from("front")

    def view_side(self) -> None:
        self._window.canvas.look_from("right")

    def view_top(self) -> None:
        self._window.canvas.look_from("top")

    def view_default(self) -> None:
        self._window.canvas.home()

    def toggle_orthographic(self) -> None:
        self._window.canvas.toggle_orthographic()

    def toggle_theme(self) -> None:
        self._window.use_theme("light" if self._window.theme.is_dark else "dark")

    def reset_layout(self) -> None:
        self._window.reset_layout()

"""What the actions do: one short method each, named in the table; what needs no window is done by the parts."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING

from editor.model.choosing import Choosing
from editor.model.masking import Masking
from editor.model.plan import Extension
from editor.model.samples import list_samples
from editor.model.studio import Studio
from editor.model.tour import Tour
from editor.model.voxels import Voxels
from editor.tools.box import BoxTool
from editor.tools.brush import BrushTool
from editor.tools.extrude import ExtrudeTool
from editor.tools.gesture import GestureRunner, Tool
from editor.tools.lasso import LassoTool
from editor.tools.options import Brush
from editor.tools.pick import PickTool
from editor.tools.stamp import StampTool
from editor.tools.voxels import VoxelBrushTool
from editor.tools.wand import FillTool, WandTool
from editor.ui.action_table import ActionSpec
from editor.ui.engine_care import EngineCare
from editor.ui.importing import Importing
from editor.ui.instruments import Instruments
from editor.ui.manners import Manners
from editor.ui.maps import Maps
from editor.ui.trouble import Trouble
from editor.ui.views import Views
from engine.edit import GridEdit
from engine.geometry.resample import fit_grid
from engine.labels import label_space
from engine.mask import VoxelMask

if TYPE_CHECKING:
    from editor.ui.window import MainWindow

TOOLS: dict[str, Tool] = {
    "mask.brush": BrushTool(),
    "mask.eraser": BrushTool(erases=True),
    "mask.box": BoxTool(),
    "mask.lasso": LassoTool(),
    "mask.wand": WandTool(),
    "voxel.add": VoxelBrushTool("add"),
    "voxel.remove": VoxelBrushTool("remove"),
    "voxel.paint": VoxelBrushTool("paint"),
    "voxel.fill": FillTool(),
    "voxel.extrude": ExtrudeTool(),
    "voxel.stamp": StampTool(),
    "voxel.pick": PickTool(),
    "tool.extend": PickTool(mark="none"),
    "tool.context": PickTool(mark="none"),
}
"""What a press in the scene starts; with the last two the viewport's own arrows take the mouse first."""

_TOUR_RADIUS = 9
"""Of the brush in the tour: it reaches the far side of a car."""


class Commands:
    """Acts on the studio, the viewport and the files of one window.

    Attributes
    ----------
    mask, voxels, classes, clipboard, candidates, manners
        The parts that handlers with a dot in their name belong to.
    """

    def __init__(self, window: MainWindow, studio: Studio, gestures: GestureRunner) -> None:
        self._window, self._studio, self._gestures = window, studio, gestures
        self._context = gestures.context
        self.clipboard = gestures.context.clipboard
        self.classes = studio.document.classes
        self.candidates = Choosing(studio)
        self.candidates.told.connect(window.say)
        self.candidates.failure_wanted.connect(window.show_failure)
        self.mask = Masking(studio.document)
        self.voxels = Voxels(studio.document, self.clipboard)
        self.manners = Manners(window)
        self.engine = EngineCare(window)
        self._tool, self._tool_before = "mask.brush", "mask.brush"

    def run(self, spec: ActionSpec) -> None:
        """Do what an action of the table says."""
        handler = attrgetter(spec.handler)(self)
        if spec.group:
            handler(spec.id)
        elif spec.argument is not None:
            handler(spec.argument)
        else:
            handler()

    @property
    def importing(self) -> Importing:
        """What actions about foreign voxels do."""
        return self._window.importing

    @property
    def trouble(self) -> Trouble:
        """What actions about failures do."""
        return self._window.trouble

    @property
    def instruments(self) -> Instruments:
        """What actions about metrics, console and log do."""
        return self._window.instruments

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

    def recover(self) -> None:
        self._window.keeping.offer()

    def show_start(self) -> None:
        self._window.stage.show_start()

    def start_tour(self) -> None:
        """Open the first shipped scene and guide through erasing a car in it."""
        sample = list_samples()[0]
        self._window.files.open_tour(sample.scene, sample.title, self._begin_tour)

    def _begin_tour(self, car: VoxelMask) -> None:
        self._window.canvas.frame(car.box.pad((24, 24, 4)))
        self.use_tool("mask.brush")
        self._context.brush = Brush(_TOUR_RADIUS)
        self._window.stage.tour.begin(Tour(self._studio, car))

    def quit(self) -> None:
        self._window.close()

    # history and clipboard

    def undo(self) -> None:
        self._gestures.cancel()
        self._studio.document.undo()

    def redo(self) -> None:
        self._gestures.cancel()
        self._studio.document.redo()

    def copy(self) -> None:
        self.voxels.copy()
        self._window.say(f"Copied {self._studio.document.mask.count:,} voxels; Ctrl+V takes them in hand")

    def cut(self) -> None:
        self.voxels.cut()
        self._window.say(f"Cut {self._studio.document.mask.count:,} voxels; Ctrl+V takes them in hand")

    def paste(self) -> None:
        self.use_tool("voxel.stamp")

    def convert(self) -> None:
        """Bring the scene to the grid of the chosen model, as one undo step."""
        document, card = self._studio.document, self._studio.plan.card
        if card is None:
            return
        scene = document.scene
        fitted = fit_grid(scene, label_space(card.label_space), card.voxel_size, card.height, cell=card.cell)
        document.do(GridEdit(f"Convert to {card.name}'s grid", scene.snapshot(), fitted.snapshot(), document.mask))
        self._window.notice.hide()  # what it asked for is done

    # tools

    def use_tool(self, name: str) -> None:
        """Take a tool in hand; the one before is remembered."""
        if name != self._tool:
            self._tool, self._tool_before = name, self._tool
        self._gestures.use(TOOLS[name])
        self._window.show_tool(name)

    def brush_resize(self, steps: int) -> None:
        self._context.resize(steps)

    def escape(self) -> None:
        """Let go of one thing at a time: stroke, box or stamp in hand, pulled bounds, then sight of the candidates."""
        proposal, plan, held = self._studio.proposal, self._studio.plan, self._context.held_box
        if self._gestures.cancel() or self._window.stage.hide_start():
            return
        if held.box is not None:
            held.drop()
        elif self._tool == "voxel.stamp":
            self.use_tool(self._tool_before)
        elif not plan.extension.is_nothing and proposal is None:
            plan.extend(Extension())
        elif proposal is not None:
            proposal.compare(not proposal.comparing)

    # mask and voxels

    def mask_grow(self) -> None:
        self.mask.grow(self._context.options.step)

    def mask_shrink(self) -> None:
        self.mask.shrink(self._context.options.step)

    def mask_feather(self) -> None:
        self.mask.feather(self._context.options.step)

    def toggle_mask(self) -> None:
        self._window.link.show_mask(not self._window.link.mask_is_shown)

    def replace_class(self) -> None:
        """Ask for two classes and turn one into the other."""
        document = self._studio.document
        pair = self._window.files.dialogs.replace_class(document.classes, document.mask.count)
        if pair is not None:
            count = self.voxels.replace(*pair)
            self._window.say(f"Replaced {count:,} voxels")

    def class_hide(self) -> None:
        self.classes.set_visible(self.classes.chosen, self.classes.chosen not in self.classes.visible)

    def class_solo(self) -> None:
        self.classes.solo(self.classes.chosen)

    # generation

    def generate(self) -> None:
        self._generate(in_front=False)

    def generate_in_front(self) -> None:
        self._generate(in_front=True)

    def refine(self) -> None:
        """Refine from now on, beginning at once."""
        self._studio.plan.refine(True)
        self._generate(in_front=False)

    def cancel_jobs(self) -> None:
        self._studio.jobs.cancel_all()

    def cancel_running(self) -> None:
        self._studio.jobs.cancel_running()

    def cancel_waiting(self) -> None:
        self._studio.jobs.cancel_waiting()

    def roll_seed(self) -> None:
        self._studio.roll()

    def _generate(self, in_front: bool) -> None:
        self._gestures.cancel()
        self._studio.run(in_front)
        self._window.canvas.native.setFocus()  # Enter, arrows and Delete are about the candidates now

    # view

    @property
    def maps(self) -> Maps:
        """What map actions do."""
        return self._window.maps

    @property
    def views(self) -> Views:
        """What view actions do."""
        return self._window.views

    def toggle_history(self) -> None:
        self._window.history.toggle()

    def toggle_theme(self) -> None:
        self._window.use_theme("light" if self._window.theme.is_dark else "dark")

    def reset_layout(self) -> None:
        self._window.reset_layout()

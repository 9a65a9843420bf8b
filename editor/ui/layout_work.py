"""What the actions of the Layout workspace do."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from editor.model.candidate import Candidate
from editor.model.errands import Errand
from editor.model.layout_draft import LayoutDraft
from editor.ui.layout_dock import LayoutDock
from engine.errors import RequestError
from engine.formats.layout import read_layout, write_layout
from engine.geometry.maps import LayoutMap
from engine.tasks.request import LayoutRequest, Result

if TYPE_CHECKING:
    from editor.ui.window import MainWindow

_PICTURES = ["Layout pictures (*.png)"]


class LayoutWork:
    """Changes the draft of a window's layout, and makes scenes of it.

    Attributes
    ----------
    draft, dock
        The map, and what shows it.
    """

    def __init__(self, window: MainWindow) -> None:
        self._window, self._studio = window, window.studio
        self.draft = LayoutDraft(window.studio.document)
        self.dock = LayoutDock(window.studio, self.draft, window.actions_table)
        self._errand: Errand | None = None

    def from_scene(self) -> None:
        """Read the map off the voxels."""
        self.draft.keep("Map from scene", self.draft.read_scene())

    def clear(self) -> None:
        """Leave every cell to the model."""
        self.draft.keep("Free map", LayoutMap.free(self.draft.cells))

    def suggest(self, everything: bool) -> None:
        """Let the model draw the free cells, or all of them; the answer is one undo step."""
        if self._errand is not None and self._errand.is_open:
            raise RequestError("a map is being drawn already; wait for it, or cancel it in the queue")
        plan = self._studio.plan
        if plan.offer("generate").reason:
            raise RequestError(plan.offer("generate").reason)
        given = LayoutMap.free(self.draft.cells) if everything else self.draft.map
        if given.classes.all():
            raise RequestError("every cell of the map is painted; free some of them, or use Suggest All")
        seeds = self._studio.seeds(1)
        sampling = plan.sampling_for(seeds[0])
        self._errand = Errand(
            self._studio, LayoutRequest(given, sampling), "Draw map", self._take, self._window.show_failure
        )

    def load(self) -> None:
        """Read the map from a picture."""
        path = self._window.files.dialogs.open_file(self._window.settings.last_folder, _PICTURES)
        if path is not None:
            self.draft.keep("Load map", read_layout(path))
            self._window.settings.last_folder = str(path.parent)

    def save(self) -> None:
        """Write the map as a picture."""
        start = str(Path(self._window.settings.last_folder) / "layout.png")
        path = self._window.files.dialogs.save_file("Save the map", start, _PICTURES)
        if path is not None:
            write_layout(self.draft.map, path)
            self._window.settings.last_folder = str(path.parent)
            self._window.say(f"The map is in {path}; one pixel is one cell, `generate --layout` reads it")

    def generate(self) -> None:
        """Make variants of a scene, or of what is masked, that follow the map."""
        studio = self._studio
        if studio.plan.offer("generate").reason:
            raise RequestError(studio.plan.offer("generate").reason)
        everywhere = self.dock.everywhere or studio.document.mask.is_empty
        first, *more = studio.plan.requests_of_map(
            self.draft.map, everywhere, studio.seeds(studio.plan.options.variants)
        )
        proposal = studio.ask(first)
        if more:
            studio.ask_more(proposal, [Candidate(r) for r in more])
            proposal.select(0)

    def _take(self, result: Result) -> None:
        """Take a map that was drawn; it is of no use where the scene has another size by now."""
        if result.layout is not None and result.layout.classes.shape == self.draft.cells:
            self.draft.keep("Suggest map", result.layout)
            self._window.say("A map was drawn; Ctrl+Z takes it back, Suggest draws another one")

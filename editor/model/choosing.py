"""What one does with candidates: look, compare, accept, pin, discard, ask for more, take one of the history again."""

from __future__ import annotations

from dataclasses import replace

from psygnal import Signal

from editor.model.candidate import Candidate
from editor.model.card import Card
from editor.model.gallery import Gallery, Item, parameters
from editor.model.jobs import Failure
from editor.model.proposal import Proposal, View
from editor.model.studio import Studio
from editor.model.variation import estimate, variations
from engine.errors import RequestError
from engine.tasks.request import InpaintRequest, RefineRequest

_VIEWS: dict[str, View] = {f"candidate.{view}": view for view in ("result", "before", "diff")}


class Choosing:
    """Acts on the shown proposal, and on the variant that is selected in the history.

    Attributes
    ----------
    selected
        The selected variant; `None` where it is the shown one.
    """

    told = Signal(str)
    """A line for the user."""
    failure_wanted = Signal(Failure)
    """Someone wants to know what went wrong."""
    selection_changed = Signal()

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self.selected: Item | None = None
        studio.gallery.changed.connect(self._check_selection)
        studio.proposal_changed.connect(self.selection_changed.emit)

    @property
    def gallery(self) -> Gallery:
        return self._studio.gallery

    @property
    def shown(self) -> Item | None:
        """The variant on show."""
        proposal = self._studio.proposal
        return Item(proposal, proposal.candidate) if proposal is not None and proposal.candidates else None

    @property
    def item(self) -> Item | None:
        """What the history's buttons act on."""
        return self.selected or self.shown

    def select(self, item: Item | None) -> None:
        """Choose a variant of the history."""
        self.selected = None if item == self.shown else item
        self.selection_changed.emit()

    # the shown proposal

    def accept(self) -> None:
        self._studio.accept()

    def apply_all(self) -> None:
        """Accept, voxels that were edited meanwhile included."""
        self._studio.accept("overwrite")

    def run_again(self) -> None:
        """Make the shown variant anew from the scene as it is now, with its seed."""
        proposal = self._need()
        request = proposal.request
        if not isinstance(request, InpaintRequest | RefineRequest):
            raise RequestError("only a region can be made anew like this; press Generate for the whole")
        sampling = proposal.candidate.request.sampling
        scene = self._studio.document.scene.snapshot()
        self._studio.discard()
        self._studio.ask(replace(request, scene=scene, sampling=sampling))

    def step(self, steps: int) -> None:
        """Show the next variant, or one before."""
        proposal = self._need()
        self.select(None)
        proposal.select(proposal.current + steps)

    def look(self, name: str) -> None:
        """Choose by the action's id what is shown of it: `candidate.result`, `candidate.before`, `candidate.diff`."""
        proposal = self._need()
        view = _VIEWS[name]
        proposal.look("result" if proposal.view == view else view)

    def pin(self) -> None:
        """Keep the shown variant when the others are discarded, or no longer."""
        proposal = self._need()
        proposal.candidate.pinned = not proposal.candidate.pinned
        proposal.changed.emit()

    def vary(self, percent: int) -> None:
        """Ask for more like the shown variant, with so much noise of 100."""
        proposal = self._need()
        count = self._studio.plan.options.variants
        self._studio.ask_more(proposal, variations(proposal, percent / 100, self._studio.seeds(count, fresh=True)))

    def retry(self) -> None:
        """Run a variant that failed once more."""
        item = self.item
        if item is not None:
            self._studio.retry(item.candidate)

    def explain(self) -> None:
        """Say why the shown variant failed."""
        item = self.item
        if item is not None and item.candidate.failure is not None:
            self.failure_wanted.emit(item.candidate.failure)

    def discard(self) -> None:
        """Put the shown variant aside; a pinned one stays."""
        proposal = self._need()
        candidate = proposal.candidate
        if candidate.pinned:
            raise RequestError("this variant is pinned; take the pin off (P) to discard it")
        self._studio.put_aside(candidate)
        self.told.emit("Discarded; the history at the bottom still has it")

    def discard_all(self) -> None:
        """Put all variants aside but the pinned ones."""
        self._need()
        self._studio.discard()
        self.told.emit("Discarded; the history at the bottom still has them")

    def keep_step(self) -> None:
        """Take the estimate that is shown as a variant: the run stops, or where it is over, one more is added."""
        proposal, moment = self._need(), self._need().moment
        parent = proposal.candidate
        result = estimate(parent, moment, self._card(parent))
        if parent.is_open:
            parent.settle(result)
            parent.note = f"stopped at step {result.provenance.sampling['stopped_at']}"
            self._cancel(parent)
            proposal.go_to(None)
            return
        note = f"step {result.provenance.sampling['stopped_at']} of seed {parent.request.sampling.seed}"
        kept = Candidate(parent.request, parent.base, note)
        kept.settle(result)
        proposal.add([kept])
        self.gallery.put(proposal)

    # the history

    def bring(self) -> None:
        """Show the selected variant over the scene again, to be accepted."""
        item = self._need_item()
        self.select(None)
        self._studio.bring(item)

    def star(self) -> None:
        """Keep the selected variant in the history whatever happens, or no longer."""
        item = self._need_item()
        item.candidate.starred = not item.candidate.starred
        self.gallery.changed.emit()

    def reuse_seed(self) -> None:
        seed = self._need_item().candidate.request.sampling.seed
        self._studio.plan.set(seed=seed, seed_locked=True)
        self.told.emit(f"Seed {seed} is locked for the next runs")

    def reuse_all(self) -> None:
        """Put all parameters of the selected variant into the Generate dock."""
        request = self._need_item().candidate.request
        self._studio.plan.set(seed=request.sampling.seed, seed_locked=True, **parameters(request))
        self.told.emit("The Generate dock has its parameters and its seed now")

    def forget(self) -> None:
        """Delete the selected variant for good."""
        self._studio.forget(self._need_item())

    def _need(self) -> Proposal:
        proposal = self._studio.proposal
        if proposal is None or not proposal.candidates:
            raise RequestError("there is no variant; generate one first, or take one of the history")
        return proposal

    def _need_item(self) -> Item:
        if self.item is None:
            raise RequestError("no variant is selected; click one in the history")
        return self.item

    def _card(self, candidate: Candidate) -> Card | None:
        model = candidate.request.sampling.model
        return next((c for c in self._studio.plan.cards if c.name == model), None)

    def _cancel(self, candidate: Candidate) -> None:
        job = self._studio.job_of(candidate)
        if job is not None:
            self._studio.jobs.cancel(job)

    def _check_selection(self) -> None:
        if self.selected is not None and self.selected not in self.gallery.items:
            self.selected = None
        self.selection_changed.emit()

"""Ties document, plan, jobs and proposals together: what happens on Generate, Accept, Discard and Undo."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import cast

from psygnal import Signal

from editor.model.accepting import Overlap, accept_edit, accepted_by
from editor.model.candidate import Candidate
from editor.model.card import Card
from editor.model.document import Document
from editor.model.gallery import Gallery, Item
from editor.model.jobs import Failure, Job, JobQueue, Runner
from editor.model.options import SEED_LIMIT, Options
from editor.model.pace import Pace
from editor.model.plan import Plan
from editor.model.predictions import looks_predicted
from editor.model.proposal import Proposal, region_of
from engine.edit import Edit
from engine.errors import RequestError
from engine.tasks.request import GenerateRequest, InpaintRequest, OutpaintRequest, RefineRequest, Request, Step


class Studio:
    """The editor without its window.

    Parameters
    ----------
    runner
        Works on the jobs.
    cards
        Models that can be chosen.
    dice
        Draws a seed for a run whose seed is not locked.
    """

    proposal_changed = Signal()
    """Another proposal is shown, or the shown one looks different."""
    proposal_formed = Signal()
    """A variant of a proposal has come a step further."""
    failed = Signal(Failure)
    accepted = Signal(object)

    def __init__(
        self,
        runner: Runner,
        cards: Sequence[Card],
        document: Document | None = None,
        options: Options | None = None,
        dice: Callable[[], int] = lambda: random.randrange(SEED_LIMIT),
    ) -> None:
        self.document = document or Document()
        self.plan = Plan(self.document, cards, options)
        self.jobs = JobQueue(runner)
        self.pace = Pace(self.jobs, self.plan.find)
        self.proposals: list[Proposal] = []
        self.gallery = Gallery(is_spared=self._is_shown)
        self._dice = dice
        self.jobs.stepped.connect(self._on_step)
        self.jobs.changed.connect(self._on_job)
        self.document.undone.connect(self._on_undone)
        self.document.redone.connect(self._on_redone)
        self.document.changed.connect(lambda _box: self._on_edited())

    @property
    def proposal(self) -> Proposal | None:
        """The one on show; older undecided ones wait below it."""
        return self.proposals[-1] if self.proposals else None

    def roll(self) -> None:
        """Draw a new seed, locked or not."""
        self.plan.set(seed=self._dice())

    def run(self, in_front: bool = False) -> Proposal:
        """Start what the Generate button offers; raises `RequestError` with the reason where it cannot.

        The same region asked for again gives more variants of the same proposal; another one goes on top. `in_front`
        lets it run before whatever else waits.
        """
        offer = self.plan.offer()
        if offer.reason:
            raise RequestError(offer.reason)
        if not self.plan.options.seed_locked:
            self.roll()
        requests = self.plan.requests()
        proposal = self._place(requests)
        self._submit(proposal, proposal.candidates[-len(requests) :], in_front)
        return proposal

    def seeds(self, count: int, fresh: bool = False) -> list[int]:
        """Draw seeds for a run: the locked one and those after it; fresh ones where none is locked, or on demand."""
        locked = self.plan.options.seed_locked and not fresh
        first = self.plan.options.seed if locked else self._dice()
        return [first + k for k in range(count)]

    def ask_more(self, proposal: Proposal, candidates: Sequence[Candidate]) -> None:
        """Run more variants of a proposal."""
        proposal.add(candidates)
        self._submit(proposal, candidates)

    def ask(self, request: Request) -> Proposal:
        """Run a request that nobody made in the dock, as a proposal of its own."""
        proposal = self._put_on_top(Proposal([request]))
        self._submit(proposal, proposal.candidates)
        return proposal

    def retry(self, candidate: Candidate) -> None:
        """Run a variant that failed once more, with its seed."""
        item = next((i for i in self.gallery.items if i.candidate == candidate), None)
        job = self.job_of(candidate)
        if item is None or candidate.state != "failed":
            return
        if job is not None:
            self.jobs.forget(job)
        candidate.restart()
        self.bring(item)
        self._submit(item.proposal, [candidate])

    def retry_job(self, job: Job) -> None:
        """Run a job that failed once more."""
        self.retry(_owner(job)[1])

    def can_retry(self, job: Job) -> bool:
        """Tell whether a job made a variant that is still known."""
        candidate = _owner(job)[1]
        return any(i.candidate == candidate for i in self.gallery.items)

    def accept(self, overlap: Overlap = "keep") -> None:
        """Put the shown candidate into the document as one undo step; other variants come back with undo.

        Raises `RequestError` where there is nothing finished to accept.
        """
        proposal = self.proposal
        if proposal is None:
            raise RequestError("there is no variant to accept; generate one first")
        edit = accept_edit(proposal, self.document, overlap)
        self._stop_jobs(proposal)
        edit.chosen.accepted = True
        self._remove(proposal)
        self.document.do(edit)
        self._turn_to(proposal, is_in=True)
        self.accepted.emit(edit)

    def discard(self) -> None:
        """Put the shown proposal aside with all its variants and cancel what still works on it; pinned ones stay."""
        proposal = self.proposal
        if proposal is None:
            return
        self._stop_jobs(proposal, but_pinned=True)
        if any(c.pinned for c in proposal.candidates):
            for candidate in [c for c in proposal.candidates if not c.pinned]:
                proposal.put_aside(candidate)
        else:
            self._remove(proposal)

    def put_aside(self, candidate: Candidate) -> None:
        """Discard one variant of the shown proposal, or cancel it where it is still to come."""
        proposal, job = self.proposal, self.job_of(candidate)
        if proposal is None or candidate not in proposal.candidates:
            return
        if job is not None and job.is_open:
            self.jobs.cancel(job)
            return
        proposal.put_aside(candidate)
        if not proposal.candidates:
            self._remove(proposal)

    def bring(self, item: Item) -> None:
        """Show a variant of the history again, over the scene as it is now."""
        proposal = item.proposal
        if proposal in self.proposals:
            self.proposals.remove(proposal)
            self.proposals.append(proposal)
        else:
            self._put_on_top(proposal)
        proposal.bring(item.candidate)
        self.gallery.put(proposal)

    def forget(self, item: Item) -> None:
        """Delete a variant for good; one that is being made is cancelled."""
        job = self.job_of(item.candidate)
        if job is not None:
            self.jobs.cancel(job)
        self.gallery.drop(item.candidate)
        item.proposal.drop(item.candidate)
        if not item.proposal.candidates:
            self._remove(item.proposal)

    def drop_all(self) -> None:
        """Cancel all jobs and drop all proposals and the history of them, as another scene is opened."""
        self.jobs.cancel_all()
        while self.proposals:
            self._remove(self.proposals[-1])
        self.gallery.clear()

    def show(self, job: Job) -> None:
        """Bring the variant of a job to the front, where it is still undecided."""
        proposal, candidate = _owner(job)
        if proposal in self.proposals and candidate in proposal.candidates:
            self.proposals.remove(proposal)
            self.proposals.append(proposal)
            proposal.select(proposal.candidates.index(candidate))

    def job_of(self, candidate: Candidate) -> Job | None:
        """Find the job that works, or worked, on a candidate."""
        return next((j for j in self.jobs.jobs if _owner(j)[1] == candidate), None)

    def place_of(self, job: Job) -> str:
        """Name the variant that a job works on: `Variant 2/4`, or the job's title where it is alone."""
        proposal, candidate = _owner(job)
        if candidate not in proposal.candidates or len(proposal.candidates) == 1:
            return job.title
        return f"Variant {proposal.candidates.index(candidate) + 1}/{len(proposal.candidates)}"

    def _place(self, requests: list[Request]) -> Proposal:
        if self.proposal is not None and _same_question(self.proposal.request, requests[0]):
            self.proposal.add([Candidate(r) for r in requests])
            return self.proposal
        return self._put_on_top(Proposal(requests))

    def _put_on_top(self, proposal: Proposal) -> Proposal:
        self.proposals.append(proposal)
        proposal.changed.connect(self._tell_proposal)
        proposal.formed.connect(self._tell_formed)
        self.proposal_changed.emit()
        return proposal

    def _submit(self, proposal: Proposal, candidates: Sequence[Candidate], in_front: bool = False) -> None:
        self.gallery.put(proposal)
        self.gallery.prune(self._close)
        ahead_of = next(iter(self.jobs.waiting), None) if in_front else None
        for candidate in candidates:
            number = proposal.candidates.index(candidate) + 1
            title = (f"Variant {number} · " if len(proposal.candidates) > 1 else "") + _title(candidate.request)
            self.jobs.submit(candidate.request, title, (proposal, candidate), ahead_of)

    def _on_step(self, job: Job, step: Step) -> None:
        proposal, candidate = _owner(job)
        if proposal in self.proposals and candidate in proposal.candidates:
            proposal.take(candidate, step)

    def _on_job(self, job: Job) -> None:
        proposal, candidate = _owner(job)
        if proposal not in self.proposals or candidate not in proposal.candidates:
            return
        if job.state == "failed" and job.failure is not None:
            proposal.fail(candidate, job.failure)
            self.failed.emit(job.failure)
        elif job.state == "cancelled" and candidate.is_open:
            self._drop(proposal, candidate)
        elif job.state == "done":
            self.gallery.prune(self._close)
            self._settle(proposal, candidate)

    def _drop(self, proposal: Proposal, candidate: Candidate) -> None:
        """Leave nothing of a variant that was cancelled."""
        self.gallery.drop(candidate)
        proposal.drop(candidate)
        if not proposal.candidates:
            self._remove(proposal)

    def _settle(self, proposal: Proposal, candidate: Candidate) -> None:
        """A first scene on a blank document has nothing to be weighed against: it goes straight in."""
        alone = len(proposal.candidates) == 1 and proposal is self.proposal
        is_first = isinstance(proposal.request, GenerateRequest) and self.document.is_blank()
        if alone and is_first and candidate.result is not None:
            self.accept()

    def _stop_jobs(self, proposal: Proposal, but_pinned: bool = False) -> None:
        for job in reversed(self.jobs.open_jobs):
            owner, candidate = _owner(job)
            if owner == proposal and not (but_pinned and candidate.pinned):
                self.jobs.cancel(job)

    def _remove(self, proposal: Proposal) -> None:
        if proposal in self.proposals:
            proposal = self.proposals.pop(self.proposals.index(proposal))
            for candidate in proposal.candidates:
                candidate.rest()
            proposal.changed.disconnect(self._tell_proposal)
            proposal.formed.disconnect(self._tell_formed)
            self.proposal_changed.emit()

    def _is_shown(self, item: Item) -> bool:
        return item.proposal is self.proposal and item.candidate == item.proposal.candidate

    def _close(self, item: Item) -> None:
        """Let go of a variant that the history has no room for, where it is still on offer."""
        if item.proposal in self.proposals:
            item.proposal.drop(item.candidate)
            if not item.proposal.candidates:
                self._remove(item.proposal)

    def _on_undone(self, edit: Edit) -> None:
        taken = accepted_by(edit)
        if taken is None:
            return
        proposal = self.gallery.find(taken[0]) or taken[0]  # one that was on the disk meanwhile is another object
        for candidate in proposal.everyone:
            candidate.accepted &= candidate != taken[1]
        if proposal not in self.proposals and proposal.candidates:
            self._put_on_top(proposal)
        self.gallery.put(proposal)
        self._turn_to(proposal, is_in=False)

    def _on_redone(self, edit: Edit) -> None:
        taken = accepted_by(edit)
        if taken is not None:
            for candidate in (self.gallery.find(taken[0]) or taken[0]).everyone:
                candidate.accepted |= candidate == taken[1]
            self._remove(taken[0])
            self._turn_to(taken[0], is_in=True)

    def _turn_to(self, proposal: Proposal, is_in: bool) -> None:
        """Offer what comes next: a refined scene is made anew in parts, one that is a prediction again is refined."""
        if isinstance(proposal.request, RefineRequest):
            self.plan.refine(not is_in or looks_predicted(self.document.scene))

    def _on_edited(self) -> None:
        if self.proposal is not None:
            self._tell_proposal()

    def _tell_proposal(self) -> None:
        self.proposal_changed.emit()

    def _tell_formed(self) -> None:
        self.proposal_formed.emit()


def _owner(job: Job) -> tuple[Proposal, Candidate]:
    return cast(tuple[Proposal, Candidate], job.owner)


def _same_question(a: Request, b: Request) -> bool:
    """Tell whether two requests ask for the same voxels of the same scene."""
    if isinstance(a, GenerateRequest) and isinstance(b, GenerateRequest):
        return a.size == b.size
    if isinstance(a, InpaintRequest | RefineRequest) and type(a) is type(b):
        return _same_voxels(a, b)
    if isinstance(a, OutpaintRequest) and isinstance(b, OutpaintRequest):
        return (a.scene.grid, a.size, a.at, a.tiles) == (b.scene.grid, b.size, b.at, b.tiles)
    return False


def _same_voxels(a: Request, b: Request) -> bool:
    mask, other = region_of(a), region_of(b)
    assert isinstance(a, InpaintRequest | RefineRequest)
    assert isinstance(b, InpaintRequest | RefineRequest)
    if mask is None or other is None or a.scene.grid != b.scene.grid or not mask.equals(other):
        return False
    return bool((a.scene.read(mask.box) == b.scene.read(mask.box)).all())


def _title(request: Request) -> str:
    if isinstance(request, InpaintRequest):
        return f"Regenerate {request.mask.count:,} voxels"
    if isinstance(request, RefineRequest):
        return "Refine scene" if request.mask is None else f"Refine {request.mask.count:,} voxels"
    if not isinstance(request, GenerateRequest | OutpaintRequest):
        return request.name.capitalize()
    name = "Extend to" if isinstance(request, OutpaintRequest) else "Generate"
    return f"{name} {request.size[0]} × {request.size[1]}"

"""Ties document, plan, jobs and proposals together: what happens on Generate, Accept, Discard and Undo."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import cast

from psygnal import Signal

from editor.model.document import Document
from editor.model.jobs import Failure, Job, JobQueue, Runner
from editor.model.plan import SEED_LIMIT, Card, Options, Plan
from editor.model.proposal import Candidate, Overlap, Proposal, proposal_of
from engine.edit import Edit
from engine.errors import RequestError
from engine.tasks.request import GenerateRequest, InpaintRequest, OutpaintRequest, Request, Step


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
        self.proposals: list[Proposal] = []
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

    def run(self) -> Proposal:
        """Start what the Generate button offers; raises `RequestError` with the reason where it cannot.

        The same region asked for again gives more variants of the same proposal; another one goes on top.
        """
        offer = self.plan.offer()
        if offer.reason:
            raise RequestError(offer.reason)
        if not self.plan.options.seed_locked:
            self.roll()
        requests = self.plan.requests()
        proposal = self._place(requests)
        for candidate in proposal.candidates[-len(requests) :]:
            self._submit(proposal, candidate, len(requests))
        return proposal

    def accept(self, overlap: Overlap = "keep") -> None:
        """Put the shown candidate into the document as one undo step; other variants come back with undo.

        Raises `RequestError` where there is nothing finished to accept.
        """
        proposal = self.proposal
        if proposal is None:
            raise RequestError("there is no variant to accept; generate one first")
        edit = proposal.accept(self.document, overlap)
        self._stop_jobs(proposal)
        self._remove(proposal)
        self.document.do(edit)
        self.accepted.emit(edit)

    def discard(self) -> None:
        """Drop the shown proposal with all its variants and cancel what still works on it."""
        if self.proposal is not None:
            proposal = self.proposal
            self._stop_jobs(proposal)
            self._remove(proposal)

    def drop_all(self) -> None:
        """Cancel all jobs and drop all proposals, as another scene is opened."""
        self.jobs.cancel_all()
        while self.proposals:
            self._remove(self.proposals[-1])

    def show(self, job: Job) -> None:
        """Bring the variant of a job to the front, where it is still undecided."""
        proposal, candidate = _owner(job)
        if proposal in self.proposals and candidate in proposal.candidates:
            self.proposals.remove(proposal)
            self.proposals.append(proposal)
            proposal.select(proposal.candidates.index(candidate))

    def job_of(self, candidate: Candidate) -> Job | None:
        """Find the job that works, or worked, on a candidate."""
        return next((j for j in self.jobs.jobs if _owner(j)[1] is candidate), None)

    def place_of(self, job: Job) -> str:
        """Name the variant that a job works on: `Variant 2/4`, or the job's title where it is alone."""
        proposal, candidate = _owner(job)
        if candidate not in proposal.candidates or len(proposal.candidates) == 1:
            return job.title
        return f"Variant {proposal.candidates.index(candidate) + 1}/{len(proposal.candidates)}"

    def _place(self, requests: list[Request]) -> Proposal:
        if self.proposal is not None and _same_question(self.proposal.request, requests[0]):
            self.proposal.add(requests)
            return self.proposal
        return self._put_on_top(Proposal(requests))

    def _put_on_top(self, proposal: Proposal) -> Proposal:
        self.proposals.append(proposal)
        proposal.changed.connect(self._tell_proposal)
        self.proposal_changed.emit()
        return proposal

    def _submit(self, proposal: Proposal, candidate: Candidate, count: int) -> None:
        number = proposal.candidates.index(candidate) + 1
        title = _title(candidate.request) + (f" · variant {number}" if count > 1 or number > 1 else "")
        self.jobs.submit(candidate.request, title, (proposal, candidate))

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
        elif job.state == "cancelled":
            proposal.drop(candidate)
            if not proposal.candidates:
                self._remove(proposal)
        elif job.state == "done":
            self._settle(proposal, candidate)

    def _settle(self, proposal: Proposal, candidate: Candidate) -> None:
        """A first scene on a blank document has nothing to be weighed against: it goes straight in."""
        alone = len(proposal.candidates) == 1 and proposal is self.proposal
        is_first = isinstance(proposal.request, GenerateRequest) and self.document.is_blank()
        if alone and is_first and candidate.result is not None:
            self.accept()

    def _stop_jobs(self, proposal: Proposal) -> None:
        for job in reversed(self.jobs.open_jobs):
            if _owner(job)[0] is proposal:
                self.jobs.cancel(job)

    def _remove(self, proposal: Proposal) -> None:
        if proposal in self.proposals:
            self.proposals.remove(proposal)
            proposal.changed.disconnect(self._tell_proposal)
            self.proposal_changed.emit()

    def _on_undone(self, edit: Edit) -> None:
        proposal = proposal_of(edit)
        if proposal is not None and proposal not in self.proposals:
            self._put_on_top(proposal)

    def _on_redone(self, edit: Edit) -> None:
        proposal = proposal_of(edit)
        if proposal is not None:
            self._remove(proposal)

    def _on_edited(self) -> None:
        if self.proposal is not None:
            self._tell_proposal()

    def _tell_proposal(self) -> None:
        self.proposal_changed.emit()


def _owner(job: Job) -> tuple[Proposal, Candidate]:
    return cast(tuple[Proposal, Candidate], job.owner)


def _same_question(a: Request, b: Request) -> bool:
    """Tell whether two requests ask for the same voxels of the same scene."""
    if isinstance(a, GenerateRequest) and isinstance(b, GenerateRequest):
        return a.size == b.size
    if isinstance(a, InpaintRequest) and isinstance(b, InpaintRequest):
        return a.scene.grid == b.scene.grid and a.mask.equals(b.mask) and _same_voxels(a, b)
    if isinstance(a, OutpaintRequest) and isinstance(b, OutpaintRequest):
        return (a.scene.grid, a.size, a.at) == (b.scene.grid, b.size, b.at)
    return False


def _same_voxels(a: InpaintRequest, b: InpaintRequest) -> bool:
    return bool((a.scene.read(a.mask.box) == b.scene.read(b.mask.box)).all())


def _title(request: Request) -> str:
    if isinstance(request, InpaintRequest):
        return f"Regenerate {request.mask.count:,} voxels"
    name = "Extend to" if isinstance(request, OutpaintRequest) else "Generate"
    return f"{name} {request.size[0]} × {request.size[1]}"

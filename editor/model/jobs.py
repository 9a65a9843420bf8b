"""The queue of engine jobs: their order, their progress and how they end. Lives in the interface's thread."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Literal, Protocol

from psygnal import Signal

from engine.tasks.request import Request, Result, Step

JobState = Literal["queued", "running", "done", "failed", "cancelled"]
_KEPT = 40


@dataclass(frozen=True)
class Failure:
    """Why a job ended without a result: one line for the user, details for whoever mends it.

    Attributes
    ----------
    shortage
        Where memory ran out: bytes that were needed (0 where unknown) and bytes that were free.
    is_bug
        Nobody foresaw it, so that the details are worth sending to whoever mends it.
    """

    message: str
    details: str = ""
    shortage: tuple[int, int] | None = None
    is_bug: bool = False


class Runner(Protocol):
    """Whoever works on one job at a time and answers through `JobQueue.note_step` and `JobQueue.note_end`."""

    def start(self, job: int, request: Request) -> None: ...

    def cancel(self, job: int) -> None: ...


@dataclass(eq=False)
class Job:
    """One request on its way; `owner` is whatever the submitter wants to find again."""

    id: int
    request: Request
    title: str
    owner: Any = None
    state: JobState = "queued"
    step: Step | None = None
    failure: Failure | None = None
    started: float = 0.0
    _marks: tuple[tuple[int, float], ...] = field(default=(), repr=False)

    @property
    def is_open(self) -> bool:
        return self.state in ("queued", "running")

    @property
    def fraction(self) -> float:
        """Share of the work that is done, 0 to 1."""
        if self.state == "done":
            return 1.0
        return self.step.index / max(self.step.total, 1) if self.step else 0.0

    @property
    def seconds_left(self) -> float | None:
        """Estimate from the steps seen so far; `None` before there are two."""
        if self.step is None or len(self._marks) < 2:
            return None
        (i0, t0), (i1, t1) = self._marks[0], self._marks[-1]
        return (t1 - t0) / max(i1 - i0, 1) * (self.step.total - self.step.index)

    def _mark(self, step: Step, now: float) -> None:
        self.step = step
        self._marks = (*self._marks[:1], (step.index, now))


class JobQueue:
    """Orders jobs, hands one after the other to the runner, and tells how they fare."""

    added = Signal(Job)
    changed = Signal(Job)
    """A job's state is another; steps are told by `stepped`."""
    removed = Signal(Job)
    reordered = Signal()
    stepped = Signal(Job, Step)
    idle = Signal()
    """No job is queued or running any more."""

    def __init__(self, runner: Runner, clock: Callable[[], float] = time.monotonic) -> None:
        self._runner = runner
        self._clock = clock
        self._numbers = count(1)
        self._busy: int | None = None
        self.jobs: list[Job] = []

    @property
    def running(self) -> Job | None:
        return next((j for j in self.jobs if j.state == "running"), None)

    @property
    def open_jobs(self) -> list[Job]:
        """Jobs that are queued or running, in order."""
        return [j for j in self.jobs if j.is_open]

    def find(self, job: int) -> Job | None:
        return next((j for j in self.jobs if j.id == job), None)

    @property
    def waiting(self) -> list[Job]:
        """Jobs that are queued, in order."""
        return [j for j in self.jobs if j.state == "queued"]

    def submit(self, request: Request, title: str, owner: Any = None, ahead_of: Job | None = None) -> Job:
        """Put a request into the queue: at its end, or before another job that still waits."""
        job = Job(next(self._numbers), request, title, owner)
        waits = ahead_of is not None and ahead_of.state == "queued"
        self.jobs.insert(self.jobs.index(ahead_of) if ahead_of is not None and waits else len(self.jobs), job)
        self.added.emit(job)
        self._forget_old()
        self._start_next()
        return job

    def cancel(self, job: Job) -> None:
        """End a job now as far as anyone can see; the runner stops at its next step."""
        if not job.is_open:
            return
        was_running = job.state == "running"
        self._set(job, "cancelled")
        if was_running:
            self._runner.cancel(job.id)
        self._tell_idle()

    def move(self, job: Job, places: int) -> None:
        """Let a waiting job run earlier (negative) or later, by so many places among those that wait."""
        waiting = self.waiting
        if job not in waiting:
            return
        slots = [self.jobs.index(j) for j in waiting]
        place = waiting.index(job)
        waiting.insert(min(max(place + places, 0), len(waiting) - 1), waiting.pop(place))
        for slot, moved in zip(slots, waiting, strict=True):
            self.jobs[slot] = moved
        self.reordered.emit()

    def cancel_running(self) -> None:
        """Cancel what runs; the next one starts."""
        if self.running is not None:
            self.cancel(self.running)

    def cancel_waiting(self) -> None:
        """Cancel what is queued; what runs goes on."""
        for job in reversed(self.waiting):
            self.cancel(job)

    def cancel_all(self) -> None:
        """Cancel what is queued, then what runs."""
        for job in reversed(self.open_jobs):
            self.cancel(job)

    def clear_ended(self) -> None:
        """Take all jobs that have ended off the list."""
        for job in [j for j in self.jobs if not j.is_open]:
            self._remove(job)

    def forget(self, job: Job) -> None:
        """Take one job that has ended off the list."""
        if job in self.jobs and not job.is_open:
            self._remove(job)

    def note_step(self, job_id: int, step: Step) -> None:
        """Take a step from the runner; one of a cancelled job is dropped."""
        job = self.find(job_id)
        if job is None or job.state != "running":
            return
        job._mark(step, self._clock())
        self.stepped.emit(job, step)

    def note_end(self, job_id: int, failure: Failure | None) -> None:
        """Take the end of a job from the runner, and start the next one."""
        if self._busy == job_id:
            self._busy = None
        job = self.find(job_id)
        if job is not None and job.state == "running":
            job.failure = failure or _flaw(job)
            job.step = job.step and Step(job.step.index, job.step.total, job.step.stage)  # the voxels live elsewhere
            self._set(job, "failed" if job.failure else "done")
        self._start_next()
        self._tell_idle()

    def _start_next(self) -> None:
        waiting = next((j for j in self.jobs if j.state == "queued"), None)
        if self._busy is not None or waiting is None:
            return
        self._busy = waiting.id
        waiting.started = self._clock()
        self._set(waiting, "running")
        self._runner.start(waiting.id, waiting.request)

    def _set(self, job: Job, state: JobState) -> None:
        job.state = state
        self.changed.emit(job)

    def _forget_old(self) -> None:
        ended = [j for j in self.jobs if not j.is_open]
        for job in ended[: max(len(ended) - _KEPT, 0)]:
            self._remove(job)

    def _remove(self, job: Job) -> None:
        self.jobs.remove(job)
        self.removed.emit(job)

    def _tell_idle(self) -> None:
        if not self.open_jobs:
            self.idle.emit()


def flaw_of(result: Result) -> str:
    """Say what is wrong with a result; an empty string where it can be shown.

    Air alone is a good answer to a mask (something was erased), but never to a wish for a scene or for more of one.
    """
    new = result.mask.within(result.box)
    if not new.any():
        return "The engine gave no new voxel"
    if result.scene is not None and not ((result.labels != result.scene.space.empty) & new).any():
        return "The engine gave nothing but air"
    return ""


def _flaw(job: Job) -> Failure | None:
    result = job.step.result if job.step is not None else None
    flaw = flaw_of(result) if result is not None else "The engine ended without a result"
    if not flaw:
        return None
    return Failure(f"{flaw}; try again (seed {job.request.sampling.seed} is kept), or with another seed or more steps.")

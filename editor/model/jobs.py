"""The queue of engine jobs: their order, their progress and how they end. Lives in the interface's thread."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Literal, Protocol

from psygnal import Signal

from engine.tasks.request import Request, Step

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
    removed = Signal(Job)
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

    def submit(self, request: Request, title: str, owner: Any = None) -> Job:
        """Put a request at the end of the queue."""
        job = Job(next(self._numbers), request, title, owner)
        self.jobs.append(job)
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

    def cancel_all(self) -> None:
        """Cancel what is queued, then what runs."""
        for job in reversed(self.open_jobs):
            self.cancel(job)

    def clear_ended(self) -> None:
        """Take all jobs that have ended off the list."""
        for job in [j for j in self.jobs if not j.is_open]:
            self._remove(job)

    def note_step(self, job_id: int, step: Step) -> None:
        """Take a step from the runner; one of a cancelled job is dropped."""
        job = self.find(job_id)
        if job is None or job.state != "running":
            return
        job._mark(step, self._clock())
        self.stepped.emit(job, step)
        self.changed.emit(job)

    def note_end(self, job_id: int, failure: Failure | None) -> None:
        """Take the end of a job from the runner, and start the next one."""
        if self._busy == job_id:
            self._busy = None
        job = self.find(job_id)
        if job is not None and job.state == "running":
            job.failure = failure or _lack_of_result(job)
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


def _lack_of_result(job: Job) -> Failure | None:
    if job.step is not None and job.step.result is not None:
        return None
    return Failure("The engine ended without a result; try again, or with another seed.")

"""How the engine fares, step by step: for curves that show what a run costs and how a scene settles."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import psutil
from numpy.typing import NDArray
from psygnal import Signal

from editor.model.jobs import Job, JobQueue
from engine.grid import Box
from engine.labels import LabelSpace
from engine.tasks.request import Step

_KEPT = 400
_MEGABYTE = 1e6


@dataclass(frozen=True)
class Sample:
    """One step of a run.

    Attributes
    ----------
    seconds
        Since the step before, or since the run began; the mean of several where the interface missed some.
    memory
        Of this program, in MB.
    changed
        Voxels that differ from the step before; `None` where the step carried no picture, or the first one.
    """

    job: int
    index: int
    seconds: float
    memory: float
    changed: int | None


class Metrics:
    """Takes a sample of every step, as long as somebody looks.

    Attributes
    ----------
    is_watched
        Whether anybody looks; to compare voxels costs a moment.
    samples
        The last few hundred, oldest first.
    """

    changed = Signal()

    def __init__(
        self,
        jobs: JobQueue,
        clock: Callable[[], float] = time.monotonic,
        memory: Callable[[], float] = lambda: psutil.Process().memory_info().rss / _MEGABYTE,
    ) -> None:
        self._clock, self._memory = clock, memory
        self.is_watched = False
        self.samples: deque[Sample] = deque(maxlen=_KEPT)
        self._last: tuple[int, int, float] | None = None
        self._seen: tuple[int, Box, NDArray[np.uint8]] | None = None
        self._counts: NDArray[np.int64] | None = None
        jobs.stepped.connect(self._on_step)
        jobs.changed.connect(self._on_job)

    def histogram(self, space: LabelSpace, counts: NDArray[np.int64]) -> list[tuple[int, float]]:
        """Give solid classes and their shares, the largest first: of the last step, or of `counts` before any.

        Parameters
        ----------
        counts
            Voxels of each id in the scene, `(256,) int`.
        """
        found = self._counts if self._counts is not None else counts
        total = max(int(found[list(space.solid_ids)].sum()), 1)
        shares = [(i, int(found[i]) / total) for i in space.solid_ids if found[i]]
        return sorted(shares, key=lambda s: -s[1])

    def _on_job(self, job: Job) -> None:
        if job.state == "running" and (self._last is None or self._last[0] != job.id):
            self._last, self._seen = (job.id, 0, self._clock()), None
        elif not job.is_open:
            self._seen = self._counts = None
            self.changed.emit()

    def _on_step(self, job: Job, step: Step) -> None:
        now = self._clock()
        _, index, before = self._last if self._last is not None and self._last[0] == job.id else (0, 0, now)
        self._last = (job.id, step.index, now)
        if not self.is_watched:
            return
        seconds = (now - before) / max(step.index - index, 1)
        self.samples.append(Sample(job.id, step.index, seconds, self._memory(), self._compare(job, step)))
        self.changed.emit()

    def _compare(self, job: Job, step: Step) -> int | None:
        if step.labels is None or step.box is None:
            return None
        seen, self._seen = self._seen, (job.id, step.box, step.labels)
        self._counts = np.bincount(step.labels.ravel(), minlength=256).astype(np.int64)
        if seen is None or seen[:2] != self._seen[:2]:
            return None
        return int(np.count_nonzero(seen[2] != step.labels))

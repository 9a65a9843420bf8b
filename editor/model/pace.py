"""How long a request will take here, from what the runs before have taken."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from psygnal import Signal

from editor.model.jobs import Job, JobQueue
from engine.errors import ScenewrightError
from engine.tasks.request import GenerateRequest, InpaintRequest, OutpaintRequest, Request, Sampling, Step
from engine.tasks.work import Sizes, Work, work_of

_PROBE_STEPS = 3


@dataclass(frozen=True)
class Rate:
    """Seconds for each column of voxels: of every step, and of all that comes before and after the steps."""

    step: float
    rest: float


class Pace:
    """Times every run of the engine, by model and sampler.

    Parameters
    ----------
    sizes
        Finds the sizes of a model by its name; `None` where it is not there.
    """

    changed = Signal()
    version = 0
    """Counts what was learned."""

    def __init__(
        self,
        jobs: JobQueue,
        sizes: Callable[[str], Sizes | None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._jobs, self._sizes, self._clock = jobs, sizes, clock
        self._rates: dict[tuple[str, str], Rate] = {}
        self._marks: dict[int, tuple[tuple[int, float], tuple[int, float]]] = {}
        jobs.stepped.connect(self._on_step)

    def seconds(self, work: Work, sampling: Sampling) -> float | None:
        """Estimate a run of a work; `None` as long as nothing like it was ever timed."""
        rate = self._rates.get((sampling.model, sampling.sampler))
        if rate is None or not work.windows:
            return None
        a_window = work.columns / len(work.windows)  # the map is drawn first, as many steps as one window takes
        return rate.rest * work.columns + rate.step * sampling.steps * (work.columns + a_window)

    def probe(self, sampling: Sampling) -> GenerateRequest | None:
        """Give a short request that will tell; `None` where that is known, or a run is on its way that will tell."""
        sizes = self._sizes(sampling.model)
        if sizes is None or (sampling.model, sampling.sampler) in self._rates or self._jobs.open_jobs:
            return None
        few = replace(sampling, steps=_PROBE_STEPS, strength=1.0, resample=1, preview="off")
        return GenerateRequest((sizes.window, sizes.window), few)

    def _on_step(self, job: Job, step: Step) -> None:
        first, _ = self._marks.get(job.id, ((step.index, self._clock()),) * 2)
        if step.result is None:
            self._marks[job.id] = (first, (step.index, self._clock()))
            return
        work = self._work(job.request)
        marks = self._marks.pop(job.id, None)
        if work is not None and work.windows and marks is not None and step.result.seconds > 0:
            self._learn(job.request.sampling, work, step, marks)

    def _learn(
        self, sampling: Sampling, work: Work, last: Step, marks: tuple[tuple[int, float], tuple[int, float]]
    ) -> None:
        assert last.result is not None
        (i0, t0), (i1, t1) = marks
        whole, a_window = last.result.seconds, work.columns / len(work.windows)
        a_step = min((t1 - t0) / (i1 - i0), whole / max(last.total, 1)) if i1 > i0 else whole / max(last.total, 1)
        rest = max(whole - a_step * last.total, 0.0)
        self._rates[sampling.model, sampling.sampler] = Rate(a_step / a_window, rest / work.columns)
        self.version += 1
        self.changed.emit()

    def _work(self, request: Request) -> Work | None:
        sizes = self._sizes(request.sampling.model)
        if sizes is None or not isinstance(request, GenerateRequest | InpaintRequest | OutpaintRequest):
            return None
        try:
            return work_of(request, sizes)
        except ScenewrightError:
            return None  # the run has said so already

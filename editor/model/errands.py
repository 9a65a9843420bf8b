"""Jobs whose answers are no candidates: nobody weighs them, somebody takes them."""

from __future__ import annotations

from collections.abc import Callable

from editor.model.jobs import Failure, Job
from editor.model.proposal import Proposal
from editor.model.studio import Studio
from engine.tasks.request import Request, Result, Step


class Errand:
    """Runs a request and hands its result on; a cancelled one ends in silence.

    Parameters
    ----------
    done, failed
        Called in the interface's thread, one of them and at most once.
    """

    def __init__(
        self,
        studio: Studio,
        request: Request,
        title: str,
        done: Callable[[Result], object],
        failed: Callable[[Failure], object],
    ) -> None:
        self._jobs, self._done, self._failed = studio.jobs, done, failed
        self._result: Result | None = None
        proposal = Proposal([request])  # one that is never shown, so that the queue knows a job like all others
        self._owner = (proposal, proposal.candidates[0])
        self._jobs.stepped.connect(self._on_step)
        self._jobs.changed.connect(self._on_job)
        self.job = self._jobs.submit(request, title, self._owner)

    @property
    def is_open(self) -> bool:
        return self.job.is_open

    def cancel(self) -> None:
        """End it; nobody is told."""
        self._jobs.cancel(self.job)

    def _on_step(self, job: Job, step: Step) -> None:
        if job.owner is self._owner:
            self._result = step.result

    def _on_job(self, job: Job) -> None:
        if job.owner is not self._owner or job.is_open:
            return
        self._jobs.stepped.disconnect(self._on_step)
        self._jobs.changed.disconnect(self._on_job)
        if job.failure is not None:
            self._failed(job.failure)
        elif job.state == "done" and self._result is not None:
            self._done(self._result)

"""One variant: what was asked for, what came of it so far, and what the user thinks of it."""

from __future__ import annotations

import pickle
import secrets
import time
import zlib
from dataclasses import dataclass, field, replace
from typing import Any, Literal, cast

import numpy as np

from editor.model.film import Film
from editor.model.jobs import Failure, flaw_of
from engine.grid import Box
from engine.scene import Labels
from engine.tasks.request import Request, Result, Step

CandidateState = Literal["waiting", "forming", "ready", "failed"]
_PACKED_BELOW = 64 << 20
"""Bytes of a result from which compressing it would hold the interface up."""


@dataclass(eq=False, repr=False)
class Candidate:
    """One variant. Equal are those with one id: one that comes back from the disk is the same.

    Attributes
    ----------
    base
        The result that this one varies, without its labels, where that was a whole scene: its own is laid over it.
    note
        Where it came from, other than from a run of its own: a few words, or none.
    pinned, starred, accepted
        Stays when the others are discarded; never leaves the history by itself; was put into the scene.
    made
        When it was asked for, seconds since 1970.
    """

    request: Request
    base: Result | None = None
    note: str = ""
    state: CandidateState = "waiting"
    step: Step | None = None
    failure: Failure | None = None
    pieces: dict[Box, Labels] = field(default_factory=dict)
    film: Film = field(default_factory=Film)
    pinned: bool = False
    starred: bool = False
    accepted: bool = False
    made: float = field(default_factory=time.time)
    seconds: float = 0.0
    id: str = field(default_factory=lambda: secrets.token_hex(8))
    _result: Result | None = None
    _packed: bytes | None = None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Candidate) and other.id == self.id

    def __repr__(self) -> str:
        return f"<{self.state} candidate of seed {self.request.sampling.seed}>"

    def __hash__(self) -> int:
        return hash(self.id)

    def __getstate__(self) -> dict[str, Any]:
        """Leave the film out: what goes to the disk with a step of the history is the result."""
        return {**self.__dict__, "film": Film()}

    @property
    def result(self) -> Result | None:
        """What the run gave; `None` while there is nothing."""
        if self._result is None and self._packed is not None:
            self._result = cast(Result, pickle.loads(zlib.decompress(self._packed)))
        return self._result

    @property
    def nbytes(self) -> int:
        """Bytes in memory."""
        raw = _size_of(self._result) if self._result is not None else 0
        return sum(p.nbytes for p in self.pieces.values()) + raw + len(self._packed or b"") + self.film.nbytes

    @property
    def is_open(self) -> bool:
        """Whether something is still to come."""
        return self.state in ("waiting", "forming")

    def take(self, step: Step) -> None:
        """Keep the newest estimate of every box, and the result once it is there and holds anything."""
        self.step, self.state = replace(step, labels=None, result=None), "forming"
        if step.result is not None:
            if not flaw_of(step.result):
                self.settle(step.result)
            return
        self.film.take(step)
        if step.box is not None and step.labels is not None:
            self.pieces[step.box] = step.labels

    def settle(self, result: Result) -> None:
        """Take a result; from now on there is something to accept."""
        self._result, self._packed = _in_frame_of(self.base, result), None
        self.state, self.seconds = "ready", result.seconds
        self.pieces.clear()

    def fail(self, failure: Failure) -> None:
        """Note that nothing comes any more, and why."""
        self.state, self.failure = "failed", failure
        self._result = self._packed = None
        self.pieces.clear()

    def restart(self) -> None:
        """Wait for the same once more."""
        self.state, self.failure, self.step = "waiting", None, None
        self.film.clear()

    def rest(self) -> None:
        """Keep the result compressed until somebody looks at it again."""
        if self._result is not None and _size_of(self._result) < _PACKED_BELOW:
            self._packed = self._packed or zlib.compress(pickle.dumps(self._result, protocol=5), level=1)
            self._result = None

    def picture(self, moment: int | None = None) -> tuple[Box, Labels] | None:
        """Give what is known of the new labels, in the new frame; `None` before the first estimate.

        `moment` is a frame of the film to go back to.
        """
        if moment is None and self.result is not None:
            return self.result.box, self.result.labels
        pieces = self.pieces if moment is None else self.film.pieces(moment)
        if len(pieces) < 2:
            return next(iter(pieces.items()), None)
        whole = Box((0, 0, 0), (0, 0, 0))
        for box in pieces:
            whole = whole.union(box)
        labels = np.zeros(whole.shape, dtype=np.uint8)
        for box, part in pieces.items():
            labels[box.relative_to(whole).slices] = part
        return whole, labels


def _size_of(result: Result) -> int:
    return result.labels.nbytes + result.mask.array.nbytes + (result.scene.store.nbytes() if result.scene else 0)


def _in_frame_of(base: Result | None, result: Result) -> Result:
    """Lay the result of a variation over the whole scene that it varies, where that made a scene of its own."""
    if base is None or base.scene is None:
        return result
    scene = base.scene.snapshot()
    scene.write(result.box, result.labels, result.mask.within(result.box))
    return replace(result, scene=scene, box=base.box, labels=scene.read(base.box), mask=base.mask, at=base.at)

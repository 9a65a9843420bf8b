"""The steps of a run as they were shown, kept small, so that one can go back through them."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np

from engine.grid import Box
from engine.scene import Labels
from engine.tasks.request import Step

PLAN_STAGE = "layout"
"""Stage whose pictures are rough models of a map, and no voxels to keep."""
_LIMIT = 32 << 20


@dataclass(frozen=True, eq=False)
class Frame:
    """What one step showed of one box, compressed."""

    index: int
    total: int
    stage: str
    box: Box
    packed: bytes

    def labels(self) -> Labels:
        """Give the estimate `(sx, sy, sz) uint8`."""
        return np.frombuffer(zlib.decompress(self.packed), dtype=np.uint8).reshape(self.box.shape)


class Film:
    """The pictures of one run in order.

    Parameters
    ----------
    limit
        Bytes that all frames together may have; beyond it every second one goes, but never the last of a box.
    """

    def __init__(self, limit: int = _LIMIT) -> None:
        self._limit = limit
        self.frames: list[Frame] = []

    @property
    def nbytes(self) -> int:
        return sum(len(f.packed) for f in self.frames)

    def take(self, step: Step) -> None:
        """Keep what a step shows; a step without a picture leaves no frame."""
        if step.box is None or step.labels is None:
            return
        packed = zlib.compress(np.ascontiguousarray(step.labels).data, level=1)
        self.frames.append(Frame(step.index, step.total, step.stage, step.box, packed))
        while self.nbytes > self._limit and self._thin():
            pass

    def pieces(self, moment: int) -> dict[Box, Labels]:
        """Give what was known when frame `moment` was shown: the newest estimate of every box."""
        newest = {frame.box: frame for frame in self.frames[: moment + 1]}
        return {box: frame.labels() for box, frame in newest.items()}

    def clear(self) -> None:
        """Forget all frames."""
        self.frames.clear()

    def _thin(self) -> bool:
        """Drop every second frame that a later one of its box follows, or all where there is none."""
        last = {frame.box: frame for frame in self.frames}
        passing = [frame for frame in self.frames if last[frame.box] is not frame]
        gone = set(map(id, passing[::2] or self.frames))
        self.frames = [frame for frame in self.frames if id(frame) not in gone]
        return bool(self.frames)

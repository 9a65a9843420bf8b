"""Puts stamps into the voxels of a world, where there is room for them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engine.data.city.canvas import BUILDING, EMPTY, Canvas
from engine.data.city.stamps import Stamp


class Painter:
    """Writes stamps into ``labels`` (X, Y, Z) uint8, and their ids into ``idents`` of the same shape."""

    def __init__(self, canvas: Canvas) -> None:
        self.canvas = canvas
        self.labels = canvas.to_voxels()
        few = canvas.ground.size <= 1 << 22
        self.idents: NDArray[np.uint16] | NDArray[np.uint32] = np.zeros(
            self.labels.shape, np.uint16 if few else np.uint32
        )
        self._raise_owners()

    def _raise_owners(self) -> None:
        """Give the columns of buildings their ids and draw the details over them."""
        canvas = self.canvas
        owned = np.flatnonzero(canvas.owner)
        below = np.arange(canvas.height, dtype=np.uint8)[None, :] < canvas.top.reshape(-1)[owned][:, None]
        owner = canvas.owner.reshape(-1)[owned].astype(self.idents.dtype)
        self.idents.reshape(-1, canvas.height)[owned] = below * owner[:, None]
        labels, idents = self.labels.reshape(-1), self.idents.reshape(-1)
        for detail in canvas.details:
            columns = (detail.x * canvas.shape[1] + detail.y) * canvas.height
            voxels = columns[:, None] + np.arange(detail.low, detail.high)
            voxels = voxels[labels[voxels] == (EMPTY if detail.label else BUILDING)]
            labels[voxels], idents[voxels] = detail.label, detail.ident

    def place(
        self,
        stamp: Stamp,
        x: float,
        y: float,
        grounds: Sequence[int],
        fill_only: bool = False,
        ident: int | None = None,
    ) -> bool:
        """Stand a stamp at (x, y) if its base has one of ``grounds`` below and its foot is free.

        Returns whether it stands; ``fill_only`` leaves voxels that are not empty as they are, for crowns
        that meet walls.
        """
        at = _cell(x, y)
        if not self._has_room(stamp, at, grounds):
            return False
        self._stand(stamp, at, fill_only, self.canvas.new_ident() if ident is None else ident)
        return True

    def place_chain(self, parts: Sequence[tuple[Stamp, float, float]], grounds: Sequence[int]) -> bool:
        """Stand the parts (stamp, x, y) of one articulated thing, each on its own level; all of them or none."""
        cells = [(stamp, _cell(x, y)) for stamp, x, y in parts]
        if not all(self._has_room(stamp, at, grounds) for stamp, at in cells):
            return False
        ident = self.canvas.new_ident()
        for stamp, at in cells:
            self._stand(stamp, at, True, ident)
        return True

    def _has_room(self, stamp: Stamp, at: NDArray[np.int64], grounds: Sequence[int]) -> bool:
        canvas, foot = self.canvas, stamp.foot + at
        if (foot < 0).any() or (foot >= canvas.shape).any():
            return False
        base = stamp.base + at
        if not np.isin(canvas.ground[base[:, 0], base[:, 1]], grounds).all():
            return False
        return not canvas.taken[foot[:, 0], foot[:, 1]].any()

    def _stand(self, stamp: Stamp, at: NDArray[np.int64], fill_only: bool, ident: int) -> None:
        base = stamp.base + at
        self.canvas.taken[base[:, 0], base[:, 1]] = True
        self._write(stamp, at, base, fill_only, ident)

    def _write(self, stamp: Stamp, at: NDArray[np.int64], base: NDArray[np.int64], fill_only: bool, ident: int) -> None:
        shape = self.labels.shape
        low = self._level_base(base)
        place = stamp.voxels + np.array([at[0], at[1], low])
        fine = ((place >= 0) & (place < shape)).all(1)
        flat = (place[:, 0] * shape[1] + place[:, 1]) * shape[2] + place[:, 2]
        flat, labels = flat[fine], stamp.labels[fine]
        voxels = self.labels.reshape(-1)
        if fill_only:
            room = voxels[flat] == 0
            flat, labels = flat[room], labels[room]
        voxels[flat] = labels
        self.idents.reshape(-1)[flat] = ident

    def _level_base(self, base: NDArray[np.int64]) -> int:
        """Fill the ground under a base so that nothing hovers on a slope; returns the height to stand on.

        Small things stand on their highest column. Long ones span more than a step: they stand in the middle, filled
        below one end and sunk into the slope at the other.
        """
        x, y = base[:, 0], base[:, 1]
        levels = self.canvas.level[x, y]
        high, least = int(levels.max()), int(levels.min())
        low = high if high - least < 2 else (high + least + 1) // 2
        for z in range(least, low):
            under = levels <= z
            self.labels[x[under], y[under], z] = self.canvas.ground[x[under], y[under]]
        self.canvas.level[x, y] = np.maximum(levels, low)
        return low


def _cell(x: float, y: float) -> NDArray[np.int64]:
    """The voxel of the plan a point lies in."""
    return np.array([int(np.floor(x + 0.5)), int(np.floor(y + 0.5))])

"""The ground plan a world is drawn on before it is raised into voxels."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

EMPTY, CAR, BICYCLE, MOTORCYCLE, TRUCK, OTHER_VEHICLE, PERSON, BICYCLIST, MOTORCYCLIST = range(9)
ROAD, PARKING, SIDEWALK, OTHER_GROUND, BUILDING, FENCE, VEGETATION, TRUNK, TERRAIN, POLE, SIGN = range(9, 20)
_COLUMN_CLASSES = (EMPTY, BUILDING, FENCE, VEGETATION)
_MAX_LEVEL = 18


class Detail(NamedTuple):
    """A span of one class over columns (x, y), from ``low`` to ``high``: eaves in the air, or with 0 a recess."""

    x: NDArray[np.int64]
    y: NDArray[np.int64]
    low: int
    high: int
    label: int
    ident: int


@dataclass
class Canvas:
    """Plan of one world, all arrays (X, Y).

    ``ground`` uint8 class of the surface, ``level`` uint8 number of solid ground voxels, ``solid`` uint8 class of the
    column on top (building, fence, vegetation or 0), ``top`` uint8 its end, ``owner`` uint32 instance id of the column,
    ``taken`` bool whether anything stands there, ``block`` int32 block id (0 in streets), ``depth`` float32 distance
    from the block's street edge in voxels.
    """

    ground: NDArray[np.uint8]
    level: NDArray[np.uint8]
    block: NDArray[np.int32]
    depth: NDArray[np.float32]
    height: int
    solid: NDArray[np.uint8] = field(init=False)
    top: NDArray[np.uint8] = field(init=False)
    owner: NDArray[np.uint32] = field(init=False)
    taken: NDArray[np.bool_] = field(init=False)
    idents: int = 0
    details: list[Detail] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.solid = np.zeros_like(self.ground)
        self.top = np.zeros_like(self.ground)
        self.owner = np.zeros(self.ground.shape, np.uint32)
        self.taken = np.zeros(self.ground.shape, bool)

    @property
    def shape(self) -> tuple[int, int]:
        """The plan's size in voxels."""
        return self.ground.shape[0], self.ground.shape[1]

    def new_ident(self) -> int:
        """Hand out the next instance id."""
        self.idents += 1
        return self.idents

    def raise_columns(
        self,
        window: tuple[slice, slice],
        mask: NDArray[np.bool_],
        tops: NDArray[np.integer] | int,
        label: int,
        ident: int | NDArray[np.uint32] = 0,
    ) -> None:
        """Stand columns of one class on the plan up to absolute heights ``tops``, cut at the world's height."""
        cut = np.minimum(np.broadcast_to(np.asarray(tops), mask.shape), self.height)
        self.solid[window][mask] = label
        self.top[window][mask] = cut[mask]
        self.owner[window][mask] = ident[mask] if isinstance(ident, np.ndarray) else ident
        self.taken[window] |= mask

    def add_detail(
        self, window: tuple[slice, slice], mask: NDArray[np.bool_], low: int, high: int, label: int, ident: int = 0
    ) -> None:
        """Remember a span to draw over the raised columns, cut at the world's height."""
        x, y = np.nonzero(mask)
        if len(x) and low < self.height:
            self.details.append(
                Detail(x + window[0].start, y + window[1].start, low, min(high, self.height), label, ident)
            )

    def to_voxels(self) -> NDArray[np.uint8]:
        """Raise the plan: ground up to its level, then the standing column up to its top; (X, Y, Z) uint8."""
        kind = np.zeros(256, np.int32)
        kind[list(_COLUMN_CLASSES)] = np.arange(len(_COLUMN_CLASSES))
        code = self.ground.astype(np.int32) * _MAX_LEVEL + np.minimum(self.level, _MAX_LEVEL - 1)
        code = (code * len(_COLUMN_CLASSES) + kind[self.solid]) * (self.height + 1) + self.top
        return np.take(_column_table(self.height), code, axis=0)


def _column_table(height: int) -> NDArray[np.uint8]:
    """Every possible column, one row of ``height`` voxels each: class, level, standing class, top."""
    z = np.arange(height)
    ground, level, column, top = (
        part[..., None]
        for part in np.meshgrid(
            np.arange(20), np.arange(_MAX_LEVEL), np.array(_COLUMN_CLASSES), np.arange(height + 1), indexing="ij"
        )
    )
    rows = np.where(z < level, ground, np.where((z < top) & (column > 0), column, EMPTY))
    rows = np.where((column == BUILDING) & (z < top), BUILDING, rows)
    return rows.reshape(-1, height).astype(np.uint8)

"""Give each wing of a new house the roof that fits best what was made of it: flat, gable, hip or shed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.labels import LabelSpace
from engine.scene import Labels
from engine.tasks.columns import Columns, find_tops, move_surfaces

_LEAST = 24
"""Columns of a wing that tell its roof."""

_EAVES = 2.0
"""Voxels from its walls in which a roof may be lower than it should be."""

_PITCH = (0.2, 1.6)
_LEAN = (0.1, 0.6)
"""Voxels by which roofs with a ridge rise per voxel, and those that lean to one side."""

_BETTER = 0.95
"""Share of the deviation from a flat roof that another one must stay below."""

_EVEN, _LUMPY = 0.5, 4.5
"""Voxels (root mean square) by which what was made may deviate from its roof to be right as it is, or to be one."""

Floats = NDArray[np.float64]


class Plan(NamedTuple):
    """A house of rectangles.

    Attributes
    ----------
    wing
        `(X, Y) int64`, the number of the wing that a column belongs to, from 1; 0 for none.
    u, v
        `(X, Y)`, places along its walls, voxels.
    wings
        For each `(u0, u1, v0, v1)`.
    """

    wing: NDArray[np.int64]
    u: Floats
    v: Floats
    wings: list[list[float]]


def shape_roofs(
    labels: Labels, house: Columns, own: Columns, weights: NDArray[np.float32], plan: Plan, space: LabelSpace
) -> None:
    """Give what is new of a house its roofs, in place.

    Parameters
    ----------
    labels
        `(X, Y, Z) uint8`.
    house, own
        `(X, Y) bool`: where it stands, and which columns are new.
    weights
        `(X, Y)`: how much a column tells of the roof.
    """
    building = space.find("building")
    _, top = find_tops(labels == building)
    goal = top.copy()
    for number, sides in enumerate(plan.wings, start=1):
        columns = house & (plan.wing == number)
        if columns.sum() < _LEAST or not (columns & own).any():
            continue
        found = _fit(top[columns].astype(np.float64), plan.u[columns], plan.v[columns], sides, weights[columns])
        if found is not None:
            goal[columns] = np.rint(found).clip(1, labels.shape[2] - 1).astype(np.int64)
    move_surfaces(labels, np.broadcast_to((house & own)[:, :, None], labels.shape), top, goal, building, space.empty)


def _fit(heights: Floats, u: Floats, v: Floats, sides: list[float], weights: NDArray[np.float32]) -> Floats | None:
    """Fit the heights of columns `(N,)` by the roof that deviates least; `None` where it is right, or none is."""
    u0, u1, v0, v1 = sides
    along, across = np.minimum(u - u0, u1 - u).clip(0), np.minimum(v - v0, v1 - v).clip(0)
    inner = (np.minimum(along, across) >= _EAVES) & (weights > 0)
    if inner.sum() < _LEAST:
        inner = weights > 0
    if inner.sum() < _LEAST:
        return None
    w = weights[inner].astype(np.float64)
    middle = float(np.median(heights[inner]))
    best, least = np.full(heights.shape, middle), _deviation(heights[inner] - middle, w)
    allowed = _BETTER * least
    for rise, (low, high) in _rises((u - u0, u1 - u, v - v0, v1 - v), along, across):
        eave, slope = _line(rise[inner], heights[inner], w)
        if not low <= slope <= high:
            continue
        roof = eave + slope * rise
        deviation = _deviation(heights[inner] - roof[inner], w)
        if deviation < allowed:
            best, least, allowed = roof, deviation, deviation
    return best if _EVEN < least <= _LUMPY else None


def _rises(walls: Sequence[Floats], along: Floats, across: Floats) -> Iterator[tuple[Floats, tuple[float, float]]]:
    """Give how roofs of slope 1 rise, by the distances to the walls, and how steep they may be."""
    for ridged in (across, along, np.minimum(along, across)):
        yield ridged, _PITCH
    for wall in walls:
        yield wall, _LEAN


def _line(x: Floats, y: Floats, w: Floats) -> tuple[float, float]:
    """Fit `y = a + b x` by weighted least squares; gives `(a, b)`."""
    mean_x, mean_y = np.average(x, weights=w), np.average(y, weights=w)
    spread = float((w * (x - mean_x) ** 2).sum())
    slope = float((w * (x - mean_x) * (y - mean_y)).sum()) / spread if spread > 0 else 0.0
    return float(mean_y) - slope * float(mean_x), slope


def _deviation(errors: Floats, w: Floats) -> float:
    return float(np.sqrt(np.average(errors**2, weights=w)))

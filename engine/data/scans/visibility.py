"""What can be seen from points of a scene: free space up to the first matter on every line of sight, and its faces."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from engine.geometry.rays import cast, clearance

Bools = NDArray[np.bool_]
Point = tuple[float, float, float]


def see(solid: Bools, position: Point, step: float = 0.5, room: NDArray[np.uint8] | None = None) -> Bools:
    """Find all voxels that can be seen from a point, as for the occlusion maps of completion data sets.

    A free voxel is seen where the line of sight towards its centre gets there; matter is seen where a face that looks
    towards the point has seen free space before it. Lines of sight are cast on a raster of angles, so that edges of
    shadows are right to about `step`.

    Parameters
    ----------
    solid
        `(X, Y, Z) bool`.
    position
        Voxels; outside of the grid is allowed.
    step
        Degrees between lines of sight.
    room
        `clearance(solid)` where the caller has it already.

    Returns
    -------
    `(X, Y, Z) bool`.
    """
    free = _see_free(solid, position, math.radians(step), clearance(solid) if room is None else room, ~solid)
    return free | (solid & _faces(free, position))


def see_along(
    solid: Bools,
    positions: Iterable[Point],
    seen: Bools,
    step: float = 0.7,
    room: NDArray[np.uint8] | None = None,
) -> Bools:
    """Find what a whole drive sees, given what has been seen already: `(X, Y, Z) bool`.

    Lines of sight go to free voxels only that nobody has seen yet. So matter counts as seen where free space beside it
    has been seen, from whichever side.
    """
    room = clearance(solid) if room is None else room
    free = seen & ~solid
    for position in positions:
        free |= _see_free(solid, position, math.radians(step), room, ~(solid | free))
    return free | seen | (solid & _beside(free))


def _see_free(solid: Bools, position: Point, step: float, room: NDArray[np.uint8], wanted: Bools) -> Bools:
    """Find which of the wanted voxels, all free, can be seen."""
    bins, counts, distance = _directions(solid.shape, position, step)
    lines = np.zeros(counts, np.bool_)
    lines.reshape(-1)[bins[wanted]] = True
    depth = np.full(counts, -np.inf, np.float32)
    depth[lines] = cast(solid, position, _rays(lines, step), room).distance
    return (distance < depth.reshape(-1)[bins]) & wanted


def _directions(
    shape: tuple[int, ...], position: Point, step: float
) -> tuple[NDArray[np.int32], tuple[int, int], NDArray[np.float32]]:
    """Give every voxel's line of sight (flat index of azimuth and elevation), the raster's size and the distances."""
    dx, dy, dz = (np.arange(n, dtype=np.float32) + np.float32(0.5 - p) for n, p in zip(shape, position, strict=True))
    across = np.hypot(dx[:, None], dy[None])
    counts = (math.ceil(2 * math.pi / step), math.ceil(math.pi / step))
    azimuth = ((np.arctan2(dy[None], dx[:, None]) + np.pi) / step).astype(np.int32) % counts[0]
    elevation = np.arctan2(dz, across[..., None])
    elevation += np.float32(math.pi / 2)
    elevation *= np.float32(1 / step)
    rows = np.minimum(elevation.astype(np.int32), counts[1] - 1)
    return azimuth[..., None] * np.int32(counts[1]) + rows, counts, np.hypot(across[..., None], dz)


def _rays(lines: Bools, step: float) -> NDArray[np.float64]:
    """Give the unit vectors of a raster's wanted lines, `(N, 3)`."""
    i, j = np.nonzero(lines)
    azimuth, elevation = (i + 0.5) * step - math.pi, (j + 0.5) * step - math.pi / 2
    flat = np.cos(elevation)
    return np.stack([flat * np.cos(azimuth), flat * np.sin(azimuth), np.sin(elevation)], axis=1)


def _faces(free: Bools, position: Point) -> Bools:
    """Mark voxels with a seen free neighbour on the side of the point."""
    seen = np.zeros_like(free)
    for axis, p in enumerate(position):
        near, target = np.moveaxis(free, axis, 0), np.moveaxis(seen, axis, 0)
        below, above = max(math.ceil(p), 1), min(math.floor(p), len(near) - 1)
        target[below:] |= near[below - 1 : -1]  # voxels beyond the point: their lower face looks to it
        if above > 0:
            target[:above] |= near[1 : above + 1]
    return seen


def _beside(free: Bools) -> Bools:
    """Mark the six neighbours of every voxel."""
    near = np.zeros_like(free)
    for axis in range(3):
        source, target = np.moveaxis(free, axis, 0), np.moveaxis(near, axis, 0)
        target[1:] |= source[:-1]
        target[:-1] |= source[1:]
    return near

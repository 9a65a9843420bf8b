"""What a ray meets first in a grid of voxels: picking, pictures, visibility.

Coordinates are voxels with corners at whole numbers; every value but 0 is solid.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engine.errors import GridError
from engine.grid import Vector3

Solid = NDArray[np.uint8] | NDArray[np.bool_]

_TINY = 1e-12
_SHIFTS = tuple(
    tuple(tuple(part if i == axis else slice(None) for i in range(3)) for part in (slice(1, None), slice(None, -1)))
    for axis in range(3)
)
_BUNDLE = 1 << 15  # rays marched together: small enough for their arrays to stay in the cache


@dataclass(frozen=True, slots=True)
class Hit:
    """The first solid voxel on a ray.

    Attributes
    ----------
    voxel
        Its index.
    normal
        Unit vector out of the face that was met; (0, 0, 0) where the ray starts inside the voxel.
    distance
        Voxel lengths from the ray's origin.
    point
        Where the face was met.
    """

    voxel: Vector3
    normal: Vector3
    distance: float
    point: tuple[float, float, float]


class Hits(NamedTuple):
    """What a bundle of rays met; rows of rays without a hit hold zeros and an infinite distance.

    `hit (N,) bool`, `voxel (N, 3) int32`, `normal (N, 3) int8` out of the face met, `distance (N,) float64` in
    lengths of the ray's direction.
    """

    hit: NDArray[np.bool_]
    voxel: NDArray[np.int32]
    normal: NDArray[np.int8]
    distance: NDArray[np.float64]


def first_hit(
    labels: Solid,
    origin: ArrayLike,
    direction: ArrayLike,
    passing: frozenset[int] = frozenset(),
    leaving: bool = False,
) -> Hit | None:
    """Find what the mouse points at: the first non-zero voxel of `labels (X, Y, Z)`, in plain Python for low latency.

    `direction` need not be of unit length; values in `passing` are looked through like 0. With `leaving`, a ray that
    starts inside of matter meets nothing until it has come out. Steps from face to face (Amanatides and Woo 1987).
    """
    o = [float(v) for v in np.asarray(origin, dtype=np.float64)]
    d = [float(v) for v in np.asarray(direction, dtype=np.float64)]
    length = math.sqrt(d[0] * d[0] + d[1] * d[1] + d[2] * d[2])
    if length == 0:
        raise GridError(f"a ray of direction {tuple(d)} goes nowhere; give a vector of non-zero length")
    d = [v / length if abs(v / length) > _TINY else math.copysign(_TINY, v) for v in d]
    span = _clip(o, d, labels.shape)
    return None if span is None else _walk(labels, o, d, *span, passing | {0}, leaving)


def _clip(o: list[float], d: list[float], shape: tuple[int, ...]) -> tuple[float, int] | None:
    """Give where a ray enters the grid and through which axis (-1: starts inside); None where it misses."""
    near, far, axis = 0.0, math.inf, -1
    for i in range(3):
        a, b = -o[i] / d[i], (shape[i] - o[i]) / d[i]
        if a > b:
            a, b = b, a
        if a > near:
            near, axis = a, i
        far = min(far, b)
    return (near, axis) if near < far else None


def _walk(
    labels: Solid, o: list[float], d: list[float], t: float, axis: int, passing: frozenset[int], leaving: bool
) -> Hit | None:
    sx, sy, sz = labels.shape
    size = (sx, sy, sz)
    p = [min(max(math.floor(o[i] + d[i] * t), 0), size[i] - 1) for i in range(3)]
    if axis >= 0:
        p[axis] = 0 if d[axis] > 0 else size[axis] - 1
    x, y, z = p
    step_x, step_y, step_z = (1 if v > 0 else -1 for v in d)
    next_x, next_y, next_z = ((p[i] + (d[i] > 0) - o[i]) / d[i] for i in range(3))
    delta_x, delta_y, delta_z = (abs(1 / v) for v in d)
    item = labels.item
    buried = leaving and axis < 0
    while (free := item(x, y, z) in passing) or buried:
        buried = buried and not free
        if next_x < next_y and next_x < next_z:
            t, axis, next_x, x = next_x, 0, next_x + delta_x, x + step_x
            if not 0 <= x < sx:
                return None
        elif next_y < next_z:
            t, axis, next_y, y = next_y, 1, next_y + delta_y, y + step_y
            if not 0 <= y < sy:
                return None
        else:
            t, axis, next_z, z = next_z, 2, next_z + delta_z, z + step_z
            if not 0 <= z < sz:
                return None
    normal = tuple((-1 if d[i] > 0 else 1) if i == axis else 0 for i in range(3))
    return Hit((x, y, z), normal, t, (o[0] + d[0] * t, o[1] + d[1] * t, o[2] + d[2] * t))  # type: ignore[arg-type]


def floor_hit(shape: Vector3, origin: ArrayLike, direction: ArrayLike) -> Hit | None:
    """Find where a ray comes down on the floor of a grid of `shape`, as if a layer of voxels lay below it.

    The voxel of the hit has z = -1 and its face looks up. None where the ray passes beside the grid or goes up.
    """
    (ox, oy, oz), (dx, dy, dz) = (np.asarray(v, dtype=np.float64).tolist() for v in (origin, direction))
    if dz >= 0 or oz <= 0:
        return None
    t = -oz / dz
    x, y = ox + t * dx, oy + t * dy
    if not (0 <= x < shape[0] and 0 <= y < shape[1]):
        return None
    length = math.sqrt(dx * dx + dy * dy + dz * dz)
    return Hit((math.floor(x), math.floor(y), -1), (0, 0, 1), t * length, (x, y, 0.0))


def clearance(solid: Solid, limit: int = 16) -> NDArray[np.uint8]:
    """Measure how far every voxel is from matter, so that rays can leap through empty space.

    Gives the Chebyshev distance to the nearest non-zero voxel, `(X, Y, Z) uint8`: 0 in solid voxels, at most `limit`.
    Outside of the grid counts as empty.
    """
    near = np.ascontiguousarray(np.moveaxis(solid != 0, 2, 0))  # long rows make the shifts below cheap
    if not near.any():
        return np.full(solid.shape, limit, dtype=np.uint8)
    spare = np.empty_like(near)
    distance = np.zeros(near.shape, dtype=np.uint8)
    for _ in range(limit):
        distance += ~near
        if near.all():
            break
        for ahead, behind in _SHIFTS:
            np.copyto(spare, near)
            spare[ahead] |= near[behind]
            spare[behind] |= near[ahead]
            near, spare = spare, near
    return np.ascontiguousarray(np.moveaxis(distance, 0, 2))


def cast(solid: Solid, origins: ArrayLike, directions: ArrayLike, distance: NDArray[np.uint8] | None = None) -> Hits:
    """Find what many rays meet first, for pictures and simulated sensors.

    Parameters
    ----------
    solid
        `(X, Y, Z)`, non-zero where matter is.
    origins, directions
        `(N, 3)` or `(3,)`, voxels; distances count in lengths of the direction.
    distance
        `clearance(solid)` where the caller has it already.
    """
    d = np.atleast_2d(np.asarray(directions, dtype=np.float64))
    o = np.broadcast_to(np.asarray(origins, dtype=np.float64), d.shape)
    field = clearance(solid) if distance is None else distance
    n = len(d)
    out = Hits(
        np.zeros(n, np.bool_), np.zeros((n, 3), np.int32), np.zeros((n, 3), np.int8), np.full(n, np.inf, np.float64)
    )
    for start in range(0, n, _BUNDLE):
        part = slice(start, start + _BUNDLE)
        _march(field, o[part].T, d[part].T, Hits(out.hit[part], out.voxel[part], out.normal[part], out.distance[part]))
    return out


def _march(field: NDArray[np.uint8], o: NDArray[np.float64], d: NDArray[np.float64], out: Hits) -> None:
    """Move a bundle `(3, n)` through `field`, each ray by the free box round its voxel, and fill `out`."""
    size = np.array(field.shape, dtype=np.float64)[:, None]
    d = np.where(np.abs(d) < _TINY, np.copysign(_TINY, d), d)
    o, d = np.ascontiguousarray(o), np.ascontiguousarray(d)
    t, end, axis = _enter(o, d, size)
    index = np.flatnonzero(t < end)
    o, d, t, end, axis = o[:, index], d[:, index], t[index], end[index], axis[index]
    inverse, forward = 1 / d, d > 0
    p = np.clip(np.floor(o + d * t), 0, size - 1)
    while index.size:
        free = field[tuple(p.astype(np.intp))].astype(np.float64)
        stopped = free == 0
        if stopped.any():
            rows = index[stopped]
            out.hit[rows], out.voxel[rows], out.distance[rows] = True, p[:, stopped].T, t[stopped]
            _set_normals(out.normal, rows, axis[stopped], forward[:, stopped])
        planes = np.where(forward, p + free, p - free + 1)
        reach = (planes - o) * inverse
        axis = reach.argmin(axis=0)
        t = np.take_along_axis(reach, axis[None], 0)[0]
        low, high = p - free + 1, p + free - 1
        p = np.clip(np.floor(o + d * t), low, high)
        np.put_along_axis(p, axis[None], np.take_along_axis(np.where(forward, planes, planes - 1), axis[None], 0), 0)
        keep = ~stopped & (t < end) & ((p >= 0) & (p < size)).all(axis=0)
        index, t, end, axis = index[keep], t[keep], end[keep], axis[keep]
        o, d, p, inverse, forward = o[:, keep], d[:, keep], p[:, keep], inverse[:, keep], forward[:, keep]


def _enter(
    o: NDArray[np.float64], d: NDArray[np.float64], size: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.intp]]:
    """Give where rays `(3, n)` enter and leave the grid and the axis they enter through (-1: they start inside)."""
    a, b = -o / d, (size - o) / d
    near, far = np.minimum(a, b), np.maximum(a, b)
    axis = near.argmax(axis=0)
    start = near.max(axis=0)
    return np.maximum(start, 0), far.min(axis=0), np.where(start > 0, axis, -1)


def _set_normals(
    normals: NDArray[np.int8], rows: NDArray[np.intp], axis: NDArray[np.intp], forward: NDArray[np.bool_]
) -> None:
    met = axis >= 0
    signs = np.where(np.take_along_axis(forward, np.maximum(axis, 0)[None], 0)[0], -1, 1)
    normals[rows[met], axis[met]] = signs[met]

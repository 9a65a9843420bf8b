"""Where a car with a scanner could drive through a scene: places on the road, and the way ahead.

Plans are `(X, Y)`; routes are found on every fourth voxel of them (0.8 m).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, sparse
from scipy.sparse.csgraph import dijkstra

from engine.data.crops import apply_symmetry
from engine.data.scans.visibility import Bools, Point
from engine.errors import RequestError
from engine.labels import UNKNOWN

Plan = NDArray[np.uint8]
_T = TypeVar("_T", bound=np.generic)

NO_GROUND = 255
SENSOR_HEIGHT = 1.73 / 0.2
"""Voxels above the road."""
_ROAD, _OTHER_GROUND = 9, 12
_GROUND = (9, 10, 11, 12, 17)
_HEADROOM = 12
"""Voxels that must be free above the ground."""
_HALF_WIDTH = 5.0
"""Voxels between the middle of a car and the next thing."""
_CELL = 4
_STEP = 26.0
"""Voxels between two scans of one drive."""
_TRIES = 24
_WHIM = 24.0
"""Voxels by which an orientation may be worse than the best and still be taken."""


@dataclass(frozen=True)
class Drive:
    """A drive through a scene.

    Attributes
    ----------
    turn
        The symmetry (`engine.data.crops.apply_symmetry`) that makes the scene face the way of the drive.
    poses
        Places of the scanner in the turned scene, in voxels, in the order of the drive; the first one takes the scan.
    """

    turn: int
    poses: tuple[Point, ...]


def find_drive(labels: NDArray[np.uint8], rng: np.random.Generator) -> Drive:
    """Find a drive along a road of a scene `(X, Y, Z) uint8`.

    As in SemanticKITTI the scanner stands at the edge x = 0, near its middle, and the road leads away along +x, in the
    best of the scene's orientations. Where no road leads inwards the scanner stands on a road inside, and where there
    is none at all, on open ground.

    Raises `RequestError` where there is no open ground.
    """
    ground, lane = find_ground(labels)
    turns = range(8) if labels.shape[0] == labels.shape[1] else range(4)
    starts = {turn: _find_start(_turn(lane, turn)) for turn in turns}
    best = max(turns, key=lambda turn: starts[turn][0] + _WHIM * rng.random())
    score, start = starts[best]
    if score < 0:
        inside = np.argwhere(_cells(_turn(lane, best)))
        if not len(inside):
            raise RequestError("no road and no open ground to scan from; give a scene with 2 m of free ground")
        x, y = inside[rng.integers(len(inside))]
        start = int(x), int(y)
    way, height = _follow(_turn(lane, best), start), _turn(ground, best)
    return Drive(best, tuple((x + 0.5, y + 0.5, float(height[x, y]) + 1 + SENSOR_HEIGHT) for x, y in way))


def cut_scene(labels: NDArray[np.uint8], size: tuple[int, int], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Cut a scene out of a world as a recording car would: starting on a road that leads into the scene along +x.

    Returns `(*size, Z) uint8`, a contiguous copy, turned or mirrored as needed; the best of some random places.

    Raises `RequestError` where the world `(X, Y, Z)` is smaller than a scene, or has no open ground.
    """
    if min(labels.shape[:2]) < max(size):
        raise RequestError(f"a world of {labels.shape[:2]} is smaller than a scene of {size}; make a larger world")
    _, lane = find_ground(labels)
    places = np.argwhere(lane)
    if not len(places):
        raise RequestError("no road and no open ground to scan from; give a world with 2 m of free ground")
    best, window, turn = -np.inf, (slice(0, size[0]), slice(0, size[1])), 0
    for place in places[rng.integers(len(places), size=_TRIES)]:
        way = int(rng.integers(8))
        part = _window(place, size, way, labels.shape)
        if part is not None and (score := _find_start(_turn(lane[part], way))[0]) > best:
            best, window, turn = score, part, way
    return apply_symmetry(labels[window], turn)


def find_ground(labels: NDArray[np.uint8]) -> tuple[Plan, Bools]:
    """Find the ground and where a car fits on a road (or, where there is no road, on any ground).

    Returns `(X, Y) uint8`, the uppermost voxel of ground, NO_GROUND where there is none; and `(X, Y) bool`.
    """
    classes = np.zeros(256, np.bool_)
    classes[list(_GROUND)] = True
    earth = classes[labels]
    tall = labels.shape[2]
    ground = np.where(earth.any(axis=2), tall - 1 - earth[..., ::-1].argmax(axis=2), 0).astype(np.intp)
    solid = (labels != 0) & (labels != UNKNOWN)
    below = np.cumsum(solid, axis=2, dtype=np.uint8)
    above = np.take_along_axis(below, np.minimum(ground + _HEADROOM, tall - 1)[..., None], 2)
    clear = earth.any(axis=2) & (above == np.take_along_axis(below, ground[..., None], 2))[..., 0]
    kind = np.take_along_axis(labels, ground[..., None], 2)[..., 0]
    lane = _roomy(clear & _close_crossings(kind))
    plan = np.where(earth.any(axis=2), ground, NO_GROUND).astype(np.uint8)
    return plan, lane if lane.any() else _roomy(clear)


def _close_crossings(kind: Plan) -> Bools:
    """Give the road with the stripes of its crossings, which are other-ground."""
    near = ndimage.maximum_filter(kind == _ROAD, size=9)
    return np.asarray((kind == _ROAD) | ((kind == _OTHER_GROUND) & near))


def _roomy(open_plan: Bools) -> Bools:
    """Keep what is far enough from everything that is not open; the plan goes on beyond its edge."""
    margin = int(_HALF_WIDTH) + 1
    reach = ndimage.distance_transform_edt(np.pad(open_plan, margin, mode="edge"))
    return np.asarray(reach[margin:-margin, margin:-margin] >= _HALF_WIDTH)


def _turn(plan: NDArray[_T], turn: int) -> NDArray[_T]:
    """Turn a plan as `apply_symmetry` turns scenes."""
    flipped = plan[:: -1 if turn & 1 else 1, :: -1 if turn & 2 else 1]
    return flipped.swapaxes(0, 1) if turn & 4 else flipped


def _window(
    place: NDArray[np.int64], size: tuple[int, int], turn: int, shape: tuple[int, ...]
) -> tuple[slice, slice] | None:
    """Give the part of a world that, turned, has a place at x = 0 amid y; None where it leaves the world."""
    axis, back = (1, turn & 2) if turn & 4 else (0, turn & 1)
    ahead, aside = int(place[axis]), int(place[1 - axis])
    low = ahead - size[0] + 1 if back else ahead
    spans = (slice(low, low + size[0]), slice(aside - size[1] // 2, aside - size[1] // 2 + size[1]))
    x, y = spans if axis == 0 else spans[::-1]
    inside = x.start >= 0 and y.start >= 0 and x.stop <= shape[0] and y.stop <= shape[1]
    return (x, y) if inside else None


def _cells(lane: Bools) -> Bools:
    return lane[::_CELL, ::_CELL]


def _find_start(lane: Bools) -> tuple[float, tuple[int, int]]:
    """Find the cell at x = 0 from which the road leads farthest along +x, and how good it is; below 0 there is none."""
    cells = _cells(lane)
    parts, count = ndimage.label(cells, np.ones((3, 3)))
    if not cells[0].any():
        return -1.0, (0, 0)
    reach = np.asarray(
        ndimage.maximum(np.broadcast_to(np.arange(len(cells))[:, None], cells.shape), parts, range(count + 1))
    )
    aside = np.abs(np.arange(cells.shape[1]) - cells.shape[1] / 2)
    score = np.where(cells[0], reach[parts[0]] - aside, -np.inf) * _CELL
    y = int(score.argmax())
    if reach[parts[0, y]] < len(cells) / 4:
        return -1.0, (0, 0)
    return max(float(score[y]), 0.0), (0, y)


def _follow(lane: Bools, start: tuple[int, int]) -> list[tuple[int, int]]:
    """Follow the road from a cell as far along +x as it goes; voxels of the plan, `_STEP` apart."""
    cells = _cells(lane)
    nodes = np.flatnonzero(cells)
    first = int(np.searchsorted(nodes, np.ravel_multi_index(start, cells.shape)))
    found = dijkstra(_link(cells), indices=[first], return_predecessors=True)
    far, before = found[0][0], found[1][0]
    ahead = np.where(np.isfinite(far), nodes // cells.shape[1] - 0.1 * far, -np.inf)
    node, way = int(ahead.argmax()), []
    while node >= 0:
        way.append(node)
        node = int(before[node])
    way.reverse()
    kept = np.unique(np.floor(far[way] * _CELL / _STEP), return_index=True)[1]
    x, y = np.unravel_index(nodes[np.asarray(way)[kept]], cells.shape)
    return [(int(a) * _CELL, int(b) * _CELL) for a, b in zip(x, y, strict=True)]


def _link(cells: Bools) -> sparse.csr_array:
    """Link every open cell with its open neighbours, at their distance."""
    number = np.cumsum(cells).reshape(cells.shape) - 1
    rows, columns, lengths = [], [], []
    for dx, dy in ((1, 0), (0, 1), (1, 1), (1, -1)):
        x, y = cells.shape
        a = (slice(0, x - dx), slice(max(-dy, 0), y - max(dy, 0)))
        b = (slice(dx, x), slice(max(dy, 0), y + min(dy, 0)))
        both = cells[a] & cells[b]
        ends = number[a][both], number[b][both]
        rows += [ends[0], ends[1]]
        columns += [ends[1], ends[0]]
        lengths.append(np.full(2 * both.sum(), np.hypot(dx, dy)))
    count = int(cells.sum())
    pairs = (np.concatenate(rows), np.concatenate(columns))
    return sparse.csr_array((np.concatenate(lengths), pairs), shape=(count, count))

"""Let new walls be straight and their corners square.

A latent cell is four voxels wide, so that what a model makes of a wall wavers and its corners are round. A house is
redrawn as a few rectangles along its own directions, added and cut away: the regularised outlines of building
extraction from aerial pictures.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from engine.labels import LabelSpace
from engine.scene import Labels
from engine.tasks.columns import Columns, find_known, find_tops, may_shape
from engine.tasks.roofs import Plan, shape_roofs

REACH = 8
"""Voxels around a house that are looked at."""

_MOVE = 4.0
"""Voxels by which a wall moves at most."""

_LEAST = 60
"""Columns of a house that tell what it is like."""

_CELLS = 64
"""Cells along the longer side of the raster that a house is redrawn in, at most."""

_EAVES = 2.0
"""Columns along its walls where a house may be lower than it should be."""

_SETBACK = (4.0, 14.0)
"""Voxels that a new house keeps from what is known and no house, and that a known one goes on, at least and at most.

It is another number each time, so that no border of an edit becomes a wall, nor any line along it.
"""

_SHARE = 1 / 3
"""The same, at most, as a share of how far what is new lies from anything known."""

_WHOLE = 0.9
"""Share of what lies below a roof that is wall; with less it hangs over, wavering, and gets a wall."""

_CRUMB = 6
"""Columns that are worth moving."""

_GAINS = (24.0, 80.0)
"""Columns that a rectangle must put right; more for a house that needs too many of them else."""

_MOST = 14
"""Rectangles that a house may consist of; what needs more is not made of them."""

_ALIKE = 0.78
"""Intersection over union of old and new outline below which a house stays as it is."""

_STRAIGHT = 0.15
"""How far, of 1, walls must agree on two directions."""

_KNOWN = 4.0
"""How much more columns count that are known."""

Weights = NDArray[np.float32]


def square_walls(
    labels: Labels, made: NDArray[np.bool_], held: NDArray[np.bool_], space: LabelSpace, barred: Sequence[int]
) -> Labels:
    """Redraw outlines and roofs of new houses, and of what is new of known ones; a new array `(X, Y, Z) uint8`.

    Takes what `engine.tasks.settle.settle` takes.
    """
    if not may_shape(space, barred, "building"):
        return labels
    building = space.find("building")
    new, waits = (np.asarray(a, np.bool_) for a in (made.all(axis=2), held.any(axis=2)))
    houses = np.asarray((labels == building).any(axis=2), np.bool_)
    if not (houses & new).any():
        return labels
    out, ground = labels.copy(), np.isin(labels, space.ids_of("ground"))
    earth, allowed = (
        np.where(ground, labels, np.uint8(space.empty)),
        np.logical_not(np.isin(labels, barred).any(axis=2)),
    )
    has_earth = np.asarray(ground.any(axis=2) & allowed)
    known = find_known(made, held)
    free = _may_be_built_on(labels, space)
    apart, joined = (new & beside for beside in _beside_known(houses, known))
    joined = _reached_from(houses & new & ~apart, joined & free)
    everywhere = slice(None), slice(None)
    _copy(earth, has_earth & ~houses, houses & apart, out, everywhere)
    _copy(labels, houses & known & allowed, joined, out, everywhere)
    labels, houses, free = out.copy(), (houses & ~apart) | joined, free & ~apart
    parts, _ = ndimage.label(houses)
    hangs = _hangs(labels == building)
    weights = np.where(waits, 0.0, np.where(known, _KNOWN, 1.0)).astype(np.float32)
    for number, found in enumerate(ndimage.find_objects(parts), start=1):
        place = found[0], found[1]
        wide = tuple(slice(max(s.start - REACH, 0), s.stop + REACH) for s in place)
        house, own = parts[wide] == number, new[wide]
        if house.sum() < _LEAST or not (house & own).any():
            continue
        plan = _redraw(house, weights[wide])
        if plan is None:
            continue
        drawn = plan.wing > 0
        depth, hollow = _depth(house), house & hangs[wide]
        if (hollow & known[wide]).any():  # a hall or a shelter that is open to its sides goes on as one
            hollow = np.zeros_like(hollow)
        beside = (parts[wide] == 0) & (_depth(~house) <= _MOVE)
        added = _without_crumbs(drawn & own & free[wide] & (beside | (hollow & (depth <= _MOVE))))
        lost = _without_crumbs(house & ~drawn & own & (depth <= _MOVE))
        walls = house & allowed[wide] & ~lost & ~hollow & (depth > min(_EAVES, float(depth.max()) - 1.0))
        _copy(labels, walls, added, out, wide)
        _copy(earth, has_earth[wide] & ~house, lost, out, wide)
        shape_roofs(out[wide], (house | added) & ~lost, own, weights[wide], plan, space)
    return out


def _beside_known(houses: Columns, known: Columns) -> tuple[Columns, Columns]:
    """Tell which columns are to keep clear, as the nearest known one is close and no house, and which to be one."""
    if not known.any():
        return np.zeros_like(known), np.zeros_like(known)
    unknown: Columns = np.logical_not(known)
    distance, (x, y) = ndimage.distance_transform_edt(unknown, return_indices=True)
    is_house, deep = houses[x, y], float(distance.max())
    least, most = (min(voxels, _SHARE * deep) for voxels in _SETBACK)
    near = unknown & (distance <= most)
    stray = ndimage.binary_opening(near & houses & ~is_house, np.ones((3, 3), dtype=np.bool_))  # no slit
    apart, joined = (_drawn_back(a, distance, (least, most)) for a in (stray, near & is_house & ~houses))
    return np.asarray(apart | unknown & (distance <= least) & ~is_house & ~houses), joined


def _drawn_back(columns: Columns, distance: NDArray[np.float64], limits: tuple[float, float]) -> Columns:
    """Draw for each connected part at the border how far it reaches, always the same for the same part."""
    parts, count = ndimage.label(columns)
    reach = np.zeros(count + 1)
    at_border = np.bincount(parts[distance <= limits[0]], minlength=count + 1) > 0
    for number, (x, y) in enumerate(ndimage.find_objects(parts), start=1):
        if at_border[number]:
            reach[number] = np.random.default_rng([x.start, y.start, x.stop, y.stop]).uniform(*limits)
    return np.asarray((parts > 0) & (distance <= reach[parts]))


def _reached_from(start: Columns, columns: Columns) -> Columns:
    """Give the columns that hang together with others, where to start from."""
    eight = np.ones((3, 3), dtype=np.bool_)
    return np.asarray(ndimage.binary_propagation(start, eight, start | columns) & columns)


def _copy(labels: Labels, source: Columns, target: Columns, out: Labels, wide: tuple[slice, ...]) -> None:
    """Give target columns of a window of `out` what the nearest source column holds in `labels`."""
    if source.any() and target.any():
        apart: Columns = np.logical_not(source)
        nearest = ndimage.distance_transform_edt(apart, return_distances=False, return_indices=True)
        x, y = nearest[:, target]
        out[wide][target] = labels[wide][x, y]


def _depth(columns: Columns) -> NDArray[np.float64]:
    """Measure how far columns lie from the nearest that is not among them."""
    distance = np.empty(columns.shape)
    ndimage.distance_transform_edt(columns, distances=distance)
    return distance


def _without_crumbs(columns: Columns) -> Columns:
    parts, _ = ndimage.label(columns)
    sizes = np.bincount(parts.ravel())
    sizes[0] = 0
    return np.asarray((sizes >= _CRUMB)[parts])


def _may_be_built_on(labels: Labels, space: LabelSpace) -> Columns:
    """Tell which columns hold nothing that a wall must not stand on: streets, and things other than plants."""
    kept = [space.find("road"), *space.ids_of("vehicle"), *space.ids_of("person")]
    return np.asarray(~np.isin(labels, kept).any(axis=2))


def _hangs(solid: NDArray[np.bool_]) -> Columns:
    """Tell in which columns there is much air below what is highest."""
    there, top = find_tops(solid)
    return np.asarray(there & (solid.sum(axis=2) < _WHOLE * (top + 1)))


def _redraw(house: Columns, weights: Weights) -> Plan | None:
    """Draw a house `(X, Y)` as rectangles along its walls; `None` where it is not made of them."""
    angle = _direction(house)
    if angle is None:
        return None
    (x, y), shape = np.nonzero(house), house.shape
    cos, sin = np.cos(angle), np.sin(angle)
    u, v = x * cos + y * sin, y * cos - x * sin
    side = max(float(np.ptp(u)), float(np.ptp(v)), 1.0) / (_CELLS - 8)
    side = max(side, 1.0)
    first = np.array([u.min(), v.min()]) - 3.5 * side
    counts = [int((np.ptp(a)) / side) + 8 for a in (u, v)]
    gu, gv = (first[k] + side * np.arange(counts[k]) for k in (0, 1))
    gx = np.rint(gu[:, None] * cos - gv[None, :] * sin).astype(np.int64)
    gy = np.rint(gu[:, None] * sin + gv[None, :] * cos).astype(np.int64)
    seen = (gx >= 0) & (gy >= 0) & (gx < shape[0]) & (gy < shape[1])
    gx, gy = gx.clip(0, shape[0] - 1), gy.clip(0, shape[1] - 1)
    wanted, weight = house[gx, gy] & seen, np.where(seen, weights[gx, gy], 1.0) * np.float32(side * side)
    for least in _GAINS:
        drawn = _as_rectangles(wanted, weight, least)
        if drawn is not None:
            break
    else:
        return None
    wing, boxes = drawn
    wings = [[first[k] + side * (at - 0.5) for k in (0, 1) for at in (box[k].start, box[k].stop)] for box in boxes]
    i, j = np.indices(shape)
    u, v = i * cos + j * sin, j * cos - i * sin
    a, b = (np.rint((w - first[k]) / side).astype(np.int64) for k, w in enumerate((u, v)))
    there = (a >= 0) & (b >= 0) & (a < counts[0]) & (b < counts[1])
    wing = np.where(there, wing[a.clip(0, counts[0] - 1), b.clip(0, counts[1] - 1)], 0)
    return Plan(wing, u, v, wings)


def _as_rectangles(
    wanted: Columns, weight: Weights, least: float
) -> tuple[NDArray[np.int64], list[tuple[slice, slice]]] | None:
    """Put rectangles down and cut others out, as long as one puts `least` columns right; `None` if there are too many.

    Gives which of those put down a cell belongs to, from 1, and these.
    """
    wing = np.zeros(wanted.shape, np.int64)
    boxes: list[tuple[slice, slice]] = []
    for _ in range(_MOST):
        drawn = wing > 0
        puts = np.where(drawn, 0.0, np.where(wanted, weight, -weight))
        cuts = np.where(drawn, np.where(wanted, -weight, weight), 0.0)
        (gain, box), (saving, hole) = (_best_rectangle(values, least) for values in (puts, cuts))
        if max(gain, saving) < least:
            return (wing, boxes) if (drawn & wanted).sum() >= _ALIKE * (drawn | wanted).sum() else None
        if gain >= saving:
            boxes.append(box)
            wing[box] = np.where(drawn[box], wing[box], len(boxes))
        else:
            wing[hole] = 0
    return None


def _direction(house: Columns) -> float | None:
    """Find the direction of the walls, radians in a quarter turn; `None` where they do not agree."""
    smooth = ndimage.gaussian_filter(np.pad(house, 4).astype(np.float32), 2.0)
    gx, gy = np.gradient(smooth)
    normal = (gx + 1j * gy) ** 4
    length = np.abs(normal) ** 0.5
    turned = np.where(length > 0, normal / np.maximum(length, 1e-12), 0).sum()
    if np.abs(turned) < _STRAIGHT * length.sum():
        return None
    return float(np.angle(turned)) / 4


def _best_rectangle(values: Weights, least: float) -> tuple[float, tuple[slice, slice]]:
    """Find the rectangle of the largest sum round some connected positive values, and that sum."""
    best, place = 0.0, (slice(0), slice(0))
    parts, _ = ndimage.label(values > 0)
    totals = np.bincount(parts.ravel(), values.ravel())
    for part, (x, y) in enumerate(ndimage.find_objects(parts), start=1):
        if totals[part] > max(best, least):
            gain, (i, j) = _maximum_subarray(values[x, y])
            if gain > best:
                best = gain
                place = slice(x.start + i.start, x.start + i.stop), slice(y.start + j.start, y.start + j.stop)
    return best, place


def _maximum_subarray(values: Weights) -> tuple[float, tuple[slice, slice]]:
    """Find the rectangle of the largest sum, and that sum (Bentley 1984)."""
    if values.shape[0] > values.shape[1]:
        best, (a, b) = _maximum_subarray(values.T)
        return best, (b, a)
    rows = np.concatenate([np.zeros((1, values.shape[1]), np.float32), values.cumsum(axis=0, dtype=np.float32)])
    low, high = np.triu_indices(len(rows), 1)
    sums = np.zeros((len(low), values.shape[1] + 1), np.float32)
    np.cumsum(rows[high] - rows[low], axis=1, out=sums[:, 1:])
    gains = sums - np.minimum.accumulate(sums, axis=1)
    at = int(gains.argmax())
    pair, end = divmod(at, sums.shape[1])
    start = int(sums[pair, : end + 1].argmin())
    return float(gains[pair, end]), (slice(int(low[pair]), int(high[pair])), slice(start, end))

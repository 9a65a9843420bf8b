"""Let surfaces be even: made ground has no bumps and meets known ground, roofs that are all but flat are flat.

A voxel is thin against what a latent tells of a place: where ground should be flat, a model makes it a voxel too high
here and too low there, and where a house is known in part, the rest of its roof. Both are put right by the columns
around, as far as they are of the same kind.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engine.labels import UNKNOWN, LabelSpace
from engine.scene import Labels
from engine.tasks.columns import Columns, Heights, at_height, find_tops, may_shape, move_surfaces

REACH = 10
"""Voxels around what is new that tell how high it should be."""

_KNOWN_WEIGHT = 4.0
"""How much more ground counts that is known."""

_STEP = 3
"""Voxels by which ground moves at most; what lies further off is meant to be a step. Roofs move by twice as many."""

_FADE = 8.0
"""Voxels over which a roof goes back to the height it was made at, after what its whole building moved by."""

_FLAT = 4
"""Voxels by which heights may differ on a roof that is meant to be flat."""

_EAVES = 3
"""Columns at the eaves of a roof, which models make round."""

_LEAST = 32
"""Columns of a roof that tell what it is like."""


def level(
    labels: Labels, made: NDArray[np.bool_], held: NDArray[np.bool_], space: LabelSpace, barred: Sequence[int]
) -> Labels:
    """Even out made ground, and fit made roofs to known ones or make them flat; a new array `(X, Y, Z) uint8`.

    Takes what `engine.tasks.settle.settle` takes. Ground rises into what stands on it, and what stands on it is drawn
    out downwards, so that nothing else moves.
    """
    if not made.any():
        return labels
    out = labels.copy()
    waiting = np.any(held, axis=2)
    _level_ground(out, made, waiting, space, barred)
    if may_shape(space, barred, "building"):
        _level_roofs(out, made, waiting, space.find("building"), space.empty)
    return out


def _level_ground(
    labels: Labels, made: NDArray[np.bool_], waiting: Columns, space: LabelSpace, barred: Sequence[int]
) -> None:
    is_there, top = find_tops(space.is_of("ground")[labels])
    is_there &= ~waiting
    kind, stands = at_height(labels, top), at_height(labels, top + 1)
    is_new = made.any(axis=2)
    weight = np.where(is_new, 1.0, _KNOWN_WEIGHT).astype(np.float32)
    goal = top.copy()
    for c in np.unique(kind[is_there & is_new]):
        own = is_there & (kind == c)
        total, sums = _blurred(weight * own), _blurred(weight * own * top)
        goal[own] = np.floor(sums[own] / total[own] + 0.5).astype(np.int64)
    may_be = ~np.isin(np.arange(256), [*barred, UNKNOWN])
    goal = np.where((np.abs(goal - top) <= _STEP) & may_be[np.where(goal > top, kind, stands)], goal, top)
    move_surfaces(labels, made, top, goal, kind, stands)
    falls = np.nonzero((goal < top) & at_height(made, goal) & may_be[kind])
    labels[(*falls, goal[falls])] = kind[falls]


def _blurred(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Add up what lies at most `REACH` off, the nearer the more."""
    from scipy import ndimage  # late, as it costs a fifth of a second

    for _ in range(2):
        values = ndimage.uniform_filter(values, REACH + 1, mode="constant")
    return values


def _level_roofs(labels: Labels, made: NDArray[np.bool_], waiting: Columns, building: int, empty: int) -> None:
    from scipy import ndimage

    is_there, top = find_tops(labels == building)
    is_there &= ~waiting
    is_new = is_there & at_height(made, top)
    houses, _ = ndimage.label(is_there)
    unfinished = set(np.unique(houses[ndimage.binary_dilation(waiting)]).tolist())
    goal = top.copy()
    for house, part in enumerate(ndimage.find_objects(houses), 1):
        own = houses[part] == house
        new = own & is_new[part]
        if new.any() and not new[own].all():
            goal[part] += _to_known(top[part], own & ~new, new)
        elif new.any() and house not in unfinished:
            goal[part] += _to_flat(top[part], own)
    goal = np.where(np.abs(goal - top) <= 2 * _STEP, goal, top)
    bears = at_height(labels, top + 1) != empty
    move_surfaces(labels, made, top, np.where(bears, np.minimum(goal, top), goal), building, empty)


def _to_flat(top: Heights, own: Columns) -> Heights:
    """Tell by what the columns of a house move for a flat roof, if it is all but flat away from its eaves."""
    from scipy import ndimage

    inner = ndimage.binary_erosion(own, iterations=_EAVES)
    if inner.sum() < _LEAST:
        return np.zeros_like(top)
    low, middle, high = np.percentile(top[inner], (5, 50, 95))
    moved: Heights = np.where(own & (high - low <= _FLAT), int(middle) - top, 0)
    return moved


def _to_known(top: Heights, known: Columns, new: Columns) -> Heights:
    """Tell by what new columns of a house move to meet its known ones: what is common to all of it, and a rest."""
    from scipy import ndimage

    heights = np.where(known, top, -1)
    off, beside = np.zeros(top.shape, dtype=np.float32), np.zeros(top.shape, dtype=np.int64)
    for axis, step in ((0, 1), (0, -1), (1, 1), (1, -1)):
        theirs = _shifted(heights, axis, step)
        met = new & (theirs >= 0) & (np.abs(theirs - top) <= _STEP)
        off[met] += (theirs - top)[met]
        beside += met
    if not beside.any():
        return np.zeros_like(top)
    off /= np.maximum(beside, 1)
    common = np.round(np.median(off[beside > 0]))
    distance, nearest = ndimage.distance_transform_edt(beside == 0, return_indices=True)
    rest = (off[tuple(nearest)] - common) * np.maximum(1 - distance / _FADE, 0)
    return np.where(new, np.round(common + rest), 0).astype(np.int64)


def _shifted(values: Heights, axis: int, step: int) -> Heights:
    """Give every place its neighbour's value; -1 where there is none."""
    out = np.full_like(values, -1)
    into, out_of = [slice(None)] * 2, [slice(None)] * 2
    into[axis], out_of[axis] = (slice(1, None), slice(None, -1)) if step == 1 else (slice(None, -1), slice(1, None))
    out[tuple(into)] = values[tuple(out_of)]
    return out

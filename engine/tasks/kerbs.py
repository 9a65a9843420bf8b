"""Let kerbs, and all other lines between kinds of ground, go on across the border of what is new.

A latent cell is four voxels wide, so that a street often goes on a voxel or three beside where it was cut. Along the
border the new plan is moved sideways until its lines meet the known ones, further in by less and less: the registration
of two pictures by blocks that match (Jain and Jain 1981), along a line.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from engine.labels import LabelSpace
from engine.scene import Labels
from engine.tasks.columns import Columns, at_height, find_tops

_SHIFT = 8
"""Voxels by which the plan moves at most."""

_FADE = 14.0
"""Voxels from the border over which it moves less and less."""

_BESIDE = 1.5
"""Voxels from the nearest known column within which a new one lies at the border."""

_BLOCK = 2.0
"""Standard deviation, in voxels, of the weights of a block, of which as much as possible is to agree."""

_SMOOTH = 1.0
"""The same of the mean over neighbouring moves, so that lines stay whole."""

_PRICE = 0.01
"""Share of a block that must agree more for each voxel it moves by."""

_LOST = 0.6
"""How much of a disagreement it is where nothing new is to compare with."""

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]


class _Border(NamedTuple):
    """New columns beside known ones: where they are, `(N,)` each, and the direction along the border `(2, N)`."""

    x: Whole
    y: Whole
    along: Floats


def meet_kerbs(
    labels: Labels, made: NDArray[np.bool_], held: NDArray[np.bool_], space: LabelSpace, barred: Sequence[int]
) -> Labels:
    """Move lines between kinds of new ground until they meet those of known ground; a new array `(X, Y, Z) uint8`.

    Takes what `engine.tasks.settle.settle` takes. Only classes of ground change, never where it ends.
    """
    if bool(made.all()):
        return labels
    ground = space.is_of("ground")[labels]
    there, top = find_tops(ground)
    new = there & at_height(made, top)
    known = there & ~new & ~held.any(axis=2)
    if not known.any() or not new.any():
        return labels
    kind = at_height(labels, top)
    apart: Columns = np.logical_not(known)
    distance, nearest = ndimage.distance_transform_edt(apart, return_indices=True)
    at_border = new & (distance <= _BESIDE)
    if not at_border.any():
        return labels
    x, y = np.nonzero(at_border)
    across = np.stack([x - nearest[0, x, y], y - nearest[1, x, y]]) / distance[x, y]
    border = _Border(x, y, np.stack([-across[1], across[0]]))
    moves = _find_moves(kind, kind[nearest[0, x, y], nearest[1, x, y]], new, border)
    goal = _moved(kind, new, border, moves, np.clip(1.0 - (distance - 1.0) / _FADE, 0.0, 1.0))
    changes = (goal != kind) & ~np.isin(goal, barred)
    own = changes[..., None] & ground & made
    out = labels.copy()
    out[own] = np.broadcast_to(goal[..., None], labels.shape)[own]
    return out


def _find_moves(kind: Labels, wanted: Labels, new: Columns, border: _Border) -> Floats:
    """Find by how many voxels along the border each place should move `(N,)`, so that kinds `(N,)` meet."""
    x, y, along = border
    shifts = np.arange(-_SHIFT, _SHIFT + 1)
    places = np.stack([x, y])[:, None] + shifts[:, None] * along[:, None]
    (u, v), inside = _clipped(np.rint(places).astype(np.int64), kind.shape)
    fields = np.zeros((1 + len(shifts), *kind.shape), dtype=np.float32)
    fields[0, x, y] = 1.0
    fields[1:, x, y] = np.where(inside & new[u, v], kind[u, v] != wanted, _LOST)
    weight, *costs = _blurred(fields, _BLOCK)[:, x, y]
    best = np.argmin(costs / weight + _PRICE * np.abs(shifts)[:, None], axis=0)
    return np.asarray(shifts[best], np.float64)


def _moved(kind: Labels, new: Columns, border: _Border, moves: Floats, fade: Floats) -> Labels:
    """Move the plan `(X, Y)` along its border, by `fade` of what the nearest place there moves."""
    x, y, along = border
    fields = np.zeros((3, *kind.shape), dtype=np.float32)
    fields[0, x, y], fields[1:, x, y] = 1.0, moves * along
    apart: Columns = fields[0] == 0
    i, j = ndimage.distance_transform_edt(apart, return_distances=False, return_indices=True)
    weight, *blurred = _blurred(fields, _SMOOTH)[:, i, j]
    offsets = blurred / weight * fade
    (u, v), inside = _clipped(np.rint(np.indices(kind.shape) + offsets).astype(np.int64), kind.shape)
    return np.where(new & inside & new[u, v], kind[u, v], kind)


def _blurred(fields: NDArray[np.float32], deviation: float) -> NDArray[np.float32]:
    """Blur the plans of a stack `(N, X, Y)`."""
    blurred: NDArray[np.float32] = ndimage.gaussian_filter(fields, (0.0, deviation, deviation), truncate=3.0)
    return blurred


def _clipped(places: Whole, shape: tuple[int, ...]) -> tuple[Whole, Columns]:
    """Give the nearest places `(2, ...)` of a plan, and which of them were inside."""
    most = np.array(shape).reshape(2, *[1] * (places.ndim - 1)) - 1
    clipped = places.clip(0, most)
    return clipped, np.asarray((clipped == places).all(axis=0))

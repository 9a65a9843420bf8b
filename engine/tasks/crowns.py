"""Let trees that an edit cuts grow on into what is new.

Of a crown that reaches a few voxels into what is known, a model often makes nothing more, so that it stands there cut
like a hedge. Trees are round: what is missing is what is known, mirrored at the border.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from engine.labels import LabelSpace
from engine.scene import Labels
from engine.tasks.columns import Columns, find_known, may_shape

_DEEP = 9
"""Voxels that a crown goes on at most; also how far what is mirrored lies."""

_TAPER = 1.3
"""How many voxels back one voxel of it looks, so that it ends sooner than what is mirrored."""

Places = tuple[NDArray[np.int64], NDArray[np.int64]]


class _Mirrored(NamedTuple):
    """Columns to grow into, `(N,)` each: where they are, the next one to the border, the one to mirror, how far."""

    at: Places
    nearer: Places
    of: Places
    ring: NDArray[np.int64]


def continue_crowns(
    labels: Labels, made: NDArray[np.bool_], held: NDArray[np.bool_], space: LabelSpace, barred: Sequence[int]
) -> Labels:
    """Grow known crowns into new air beside them; a new array `(X, Y, Z) uint8`.

    Takes what `engine.tasks.settle.settle` takes.
    """
    if bool(made.all()) or not may_shape(space, barred, "vegetation"):
        return labels
    leaf, new = space.find("vegetation"), np.asarray(made.any(axis=2), np.bool_)
    known = find_known(made, held)
    if not new.any() or not (labels[known] == leaf).any():
        return labels
    out, columns = labels.copy(), _mirror(known, new)
    for ring in range(1, _DEEP + 1):
        here = columns.ring == ring
        at, nearer, of = ((x[here], y[here]) for x, y in (columns.at, columns.nearer, columns.of))
        grown = (labels[of] == leaf) & (out[nearer] == leaf) & made[at] & (out[at] == space.empty)
        out[at] = np.where(grown, np.uint8(leaf), out[at])
    return out


def _mirror(known: Columns, new: Columns) -> _Mirrored:
    """Find which known column each new one beside the border mirrors, as far as there is one."""
    apart: Columns = np.logical_not(known)
    distance, nearest = ndimage.distance_transform_edt(apart, return_indices=True)
    at = np.argwhere(new & (distance <= _DEEP))
    far = distance[at[:, 0], at[:, 1]][:, None]
    border = nearest[:, at[:, 0], at[:, 1]].T.astype(np.int64)
    away = at - border
    back = border - np.rint(_TAPER * (1.0 - 1.0 / far) * away).astype(np.int64)  # the first mirrors the last known one
    is_known = ((back >= 0) & (back < known.shape)).all(axis=1)
    is_known &= known[tuple(back.clip(0, np.array(known.shape) - 1).T)]
    nearer = at - np.rint(away / far).astype(np.int64)
    at, nearer, back = (a[is_known] for a in (at, nearer, back))
    ring = np.floor(far[is_known, 0]).astype(np.int64)
    return _Mirrored((at[:, 0], at[:, 1]), (nearer[:, 0], nearer[:, 1]), (back[:, 0], back[:, 1]), ring)

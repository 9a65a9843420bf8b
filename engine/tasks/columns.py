"""Columns of voxels: how high what stands in them is, which of them are known, and how their surfaces move.

What puts new voxels right (`engine.tasks.fill.Canvas.finished`) shares this.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from engine.labels import LabelSpace
from engine.scene import Labels

Heights = NDArray[np.int64]
Columns = NDArray[np.bool_]
_T = TypeVar("_T", bound=np.generic)


def may_shape(space: LabelSpace, barred: Sequence[int], name: str) -> bool:
    """Tell whether a class may be made as well as taken away: there is one, and neither it nor air is barred."""
    return name in space.names and not {space.find(name), space.empty} & set(barred)


def find_known(made: NDArray[np.bool_], held: NDArray[np.bool_]) -> Columns:
    """Tell which columns `(X, Y)` hold nothing that is new, `(X, Y, Z) bool`, or still to be made."""
    return np.asarray(~(made.any(axis=2) | held.any(axis=2)), np.bool_)


def find_tops(solid: NDArray[np.bool_]) -> tuple[Columns, Heights]:
    """Tell which columns have any, and the height of its highest voxel, 0 where there is none."""
    is_there: Columns = np.any(solid, axis=2)
    top = solid.shape[2] - 1 - np.argmax(solid[:, :, ::-1], axis=2)
    return is_there, np.where(is_there, top, 0)


def at_height(values: NDArray[_T], z: Heights) -> NDArray[_T]:
    """Give every column's value at a height of its own, the highest one where that is too high."""
    return np.take_along_axis(values, np.minimum(z, values.shape[2] - 1)[:, :, None], axis=2)[:, :, 0]


def move_surfaces(
    labels: Labels,
    made: NDArray[np.bool_],
    top: Heights,
    goal: Heights,
    up: Labels | int,
    down: Labels | int,
) -> None:
    """Move surfaces from `top` to `goal`; new voxels get the label `up` where they rise, `down` where they fall."""
    goal = np.minimum(goal, labels.shape[2] - 1)
    up, down = (np.broadcast_to(np.uint8(label), top.shape) for label in (up, down))
    for k in range(int(np.abs(goal - top).max())):
        for where, z, label in ((goal > top + k, top + 1 + k, up), (goal < top - k, top - k, down)):
            at = np.nonzero(where & at_height(made, z))
            labels[(*at, z[at])] = label[at]

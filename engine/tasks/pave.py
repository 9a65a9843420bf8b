"""Let no crumbs of road lie about: what is too small to drive on becomes the ground around it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engine.labels import LabelSpace
from engine.scene import Labels

_CRUMB = 64
"""Columns of a patch of road, 2.6 m2; in the scenes that models learn from hardly any is smaller."""


def pave(
    labels: Labels, made: NDArray[np.bool_], held: NDArray[np.bool_], space: LabelSpace, barred: Sequence[int]
) -> Labels:
    """Turn small patches of made road into the commonest other ground around them; a new array `(X, Y, Z) uint8`.

    Takes what `engine.tasks.settle.settle` takes. Only patches of nothing but new voxels change; one beside what is
    `held`, as it is still to be made, may go on there and stays.
    """
    if "road" not in space.names:
        return labels
    from scipy import ndimage  # late, as it costs a fifth of a second

    is_road = labels == space.find("road")
    others = [c for c in space.ids_of("ground") if c != space.find("road") and c not in barred]
    eight = np.ones((3, 3), dtype=np.bool_)
    patches, count = ndimage.label(is_road.any(axis=2), eight)
    stays = np.bincount(patches.ravel(), minlength=count + 1) >= _CRUMB
    goes_on = ndimage.binary_dilation(np.any(held, axis=2), eight) | (is_road & ~made).any(axis=2)
    stays[np.unique(patches[goes_on])] = True
    out = labels
    for number in np.flatnonzero(~stays[1:]) + 1:
        own = patches == number
        around = ndimage.binary_dilation(own, eight, 2) & ~own
        counts = np.bincount(labels[around].ravel(), minlength=256)[others]
        if counts.any():
            out = labels.copy() if out is labels else out
            out[own[:, :, None] & is_road] = others[int(counts.argmax())]
    return out

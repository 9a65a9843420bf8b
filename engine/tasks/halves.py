"""Let no half of a vehicle be made where its other half would be known, and is not there.

A model cannot always tell how far a car is from the border of an edit, and makes what would be half of one that goes on
there.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from engine.labels import LabelSpace
from engine.scene import Labels
from engine.tasks.columns import find_known

_CUT = 5
"""Columns of one vehicle along the border, a metre, that make a cut; a round corner is narrower."""


def drop_halves(
    labels: Labels, made: NDArray[np.bool_], held: NDArray[np.bool_], space: LabelSpace, barred: Sequence[int]
) -> Labels:
    """Take away new vehicles that end flat at what is known; a new array `(X, Y, Z) uint8`.

    Takes what `engine.tasks.settle.settle` takes. One that is known in part goes on and stays.
    """
    known = find_known(made, held)
    if space.empty in barred or not known.any():
        return labels
    vehicle = space.is_of("vehicle")[labels]
    cross = ndimage.generate_binary_structure(2, 1)
    parts, count = ndimage.label(vehicle.any(axis=2), np.ones((3, 3), dtype=np.bool_))
    at_border = ndimage.binary_dilation(known, cross) & ~known
    is_cut = np.bincount(parts[at_border], minlength=count + 1) >= _CUT
    is_cut[np.unique(parts[(vehicle & ~made).any(axis=2)])] = False
    is_cut[0] = False
    gone = vehicle & is_cut[parts][:, :, None]
    return np.where(gone, np.uint8(space.empty), labels) if gone.any() else labels

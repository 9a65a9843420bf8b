"""What stands on the ground and what hangs in the air."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from engine.labels import UNKNOWN, LabelSpace
from engine.scene import Labels

Bools = NDArray[np.bool_]
Parts = NDArray[np.signedinteger]


def find_loose(labels: Labels, space: LabelSpace, held: Bools | None = None) -> tuple[Parts, list[int]]:
    """Find the parts of a scene that hang together (6 neighbours) with neither ground nor the scene's floor.

    Parameters
    ----------
    labels
        `(X, Y, Z) uint8`.
    held
        More voxels, solid or not, of which what touches them is held, too.

    Returns
    -------
    Parts of solid voxels by number, `(X, Y, Z) int32`, 0 where nothing is, and the numbers of the loose ones.
    """
    solid = (labels != space.empty) & (labels != UNKNOWN)
    anchors = space.is_of("ground")[labels]
    anchors[:, :, 0] |= solid[:, :, 0]
    if held is not None:
        solid, anchors = solid | held, anchors | held
    parts, count = ndimage.label(solid)
    is_held = np.zeros(count + 1, dtype=np.bool_)
    is_held[parts[anchors]] = True
    return parts, (np.flatnonzero(~is_held[1:]) + 1).tolist()

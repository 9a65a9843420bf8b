"""Parts of a scene that lie under a surface: layers of matter, and columns down to the ground."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.grid import Box
from engine.mask import VoxelMask
from engine.scene import VoxelScene

_HEADROOM = 3
"""Voxels that a column reaches above the hit, so that a roof's rim is inside."""


def layers(scene: VoxelScene, mask: VoxelMask, depth: int) -> VoxelMask:
    """Keep of a mask the solid voxels within `depth` layers of the air; the floor is no surface, as nobody sees it."""
    from scipy import ndimage  # late: a start of the editor needs none of it

    around = mask.box.pad(depth)
    solid = scene.read_padded(around, scene.space.empty) != scene.space.empty
    solid[:, :, : max(-around.lower[2], 0)] = True
    shell = solid & ndimage.binary_dilation(~solid, iterations=depth)
    return VoxelMask.of_array(mask.array & shell[mask.box.relative_to(around).slices], mask.box.lower)


def columns(
    scene: VoxelScene, print_: NDArray[np.bool_], tops: NDArray[np.int64], box: Box, sink: int = 1
) -> VoxelMask:
    """Mask columns from `sink` layers into the ground to some voxels above what was hit.

    Parameters
    ----------
    print_, tops
        `(sx, sy)`: which columns; the z of what was hit in them.
    box
        Covers them, from floor to top.
    """
    z = np.arange(box.shape[2])
    ground = _ground_tops(scene, box)
    ends = np.maximum(tops + 1 + _HEADROOM, ground)
    inside = (z >= (ground - sink)[:, :, None]) & (z < ends[:, :, None])
    return VoxelMask.of_array(print_[:, :, None] & inside, box.lower)


def _ground_tops(scene: VoxelScene, box: Box) -> NDArray[np.int64]:
    """Count the ground voxels from the floor up, `(sx, sy)`; columns without ground take the lowest of the others."""
    ground = np.isin(scene.read(box), scene.space.ids_of("ground"))
    tops = np.cumprod(ground, axis=2, dtype=np.int64).sum(axis=2)
    highest = np.where(ground, np.arange(1, box.shape[2] + 1), 0).max(axis=2)
    tops = np.where(tops > 0, tops, highest)
    known = tops[tops > 0]
    return np.where(tops > 0, tops, known.min() if known.size else 1)

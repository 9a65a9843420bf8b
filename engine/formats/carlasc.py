"""CarlaSC voxel grids: `.label` files of uint32 class ids without a header.

128 x 128 x 8 voxels of 0.4 x 0.4 x 0.375 m in C order x, y, z whose corner lies at (-25.6, -25.6, -2) m.
Wilson et al. 2022 ("MotionSC"), section III.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from engine.errors import FormatError
from engine.formats.files import read_exactly, replace_file
from engine.grid import Grid
from engine.labels import label_space
from engine.scene import VoxelScene

GRID = Grid((128, 128, 8), (0.4, 0.4, 0.375), (-25.6, -25.6, -2.0))
BYTES = 4 * GRID.box.volume


def accepts(head: bytes, size: int, path: Path) -> bool:
    """Tell a grid by its exact size and by ids that the data set has; labels of points have others."""
    ids = np.frombuffer(head[: len(head) // 4 * 4], "<u4")
    return size == BYTES and path.suffix.lower() != ".npy" and bool((ids < len(label_space("carlasc"))).all())


def read(path: Path, options: Mapping[str, Any]) -> VoxelScene:
    """Read a grid; raises `FormatError` where the size is wrong or an id has no class."""
    ids = np.frombuffer(read_exactly(path, BYTES, "a 128 x 128 x 8 CarlaSC grid"), "<u4")
    space = label_space("carlasc")
    strange = np.flatnonzero(ids >= len(space))
    if len(strange):
        reason = f"id {ids[strange[0]]} is none of CarlaSC (0 to {len(space) - 1}), {len(strange)} voxels hold such ids"
        raise FormatError(path, reason, "check that it is a grid of that data set", 4 * int(strange[0]))
    return VoxelScene.from_labels(ids.astype(np.uint8).reshape(GRID.shape), GRID, space)


def write(scene: VoxelScene, path: Path) -> None:
    """Write class ids; unknown voxels become free. Raises `FormatError` where the grid is another one."""
    if scene.grid.shape != GRID.shape:
        reason = f"a CarlaSC .label file holds {GRID.shape} voxels, the scene has {scene.grid.shape}"
        raise FormatError(path, reason, "save it as .scw or .npz")
    with replace_file(path) as stream:
        stream.write(scene.space.to_raw()[scene.read()].astype("<u4").tobytes())

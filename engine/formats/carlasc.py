"""CarlaSC voxel grids: `.label` files of uint32 class ids without a header.

128 x 128 x 8 voxels of 0.4 x 0.4 x 0.375 m in C order x, y, z whose corner lies at (-25.6, -25.6, -2) m.
Wilson et al. 2022 ("MotionSC"), section III.

The data set holds the simulator's 23 tags, predictions mostly hold the 11 classes that these are merged to. Only tags
go beyond 10, and only there do 6 and 7 both mean road: a file with no id beyond 10 is taken for classes.
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
TAGS = 23


def accepts(head: bytes, size: int, path: Path) -> bool:
    """Tell a grid by its exact size and by ids that the data set has; labels of points have others."""
    ids = np.frombuffer(head[: len(head) // 4 * 4], "<u4")
    return size == BYTES and path.suffix.lower() != ".npy" and bool((ids < TAGS).all())


def read(path: Path, options: Mapping[str, Any]) -> VoxelScene:
    """Read a grid; raises `FormatError` where the size is wrong or an id has no class."""
    ids = np.frombuffer(read_exactly(path, BYTES, "a 128 x 128 x 8 CarlaSC grid"), "<u4")
    space = label_space("carlasc")
    strange = np.flatnonzero(ids >= TAGS)
    if len(strange):
        reason = f"id {ids[strange[0]]} is none of CarlaSC (0 to {TAGS - 1}), {len(strange)} voxels hold such ids"
        raise FormatError(path, reason, "check that it is a grid of that data set", 4 * int(strange[0]))
    classes = space.from_raw()[ids] if int(ids.max()) >= len(space) else ids
    return VoxelScene.from_labels(classes.astype(np.uint8).reshape(GRID.shape), GRID, space)


def write(scene: VoxelScene, path: Path) -> None:
    """Write tags, as the data set does, unknown ones as free. Raises `FormatError` where the grid is another one."""
    if scene.grid.shape != GRID.shape:
        reason = f"a CarlaSC .label file holds {GRID.shape} voxels, the scene has {scene.grid.shape}"
        raise FormatError(path, reason, "save it as .scw or .npz")
    with replace_file(path) as stream:
        stream.write(scene.space.to_raw()[scene.read()].astype("<u4").tobytes())

"""Occ3D-nuScenes labels: `.npz` with `semantics (200, 200, 16) uint8`, 0.4 m, 17 = free.

Its corner lies at (-40, -40, -1) m in the car's frame. Tian et al. 2023, section 3.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import numpy as np

from engine.errors import FormatError
from engine.formats.archives import ZIP_MAGIC, check_ids, peek_members, read_arrays
from engine.grid import Grid
from engine.labels import UNKNOWN, label_space
from engine.scene import Labels, VoxelScene

GRID = Grid((200, 200, 16), (0.4, 0.4, 0.4), (-40.0, -40.0, -1.0))
_MASKS = ("mask_lidar", "mask_camera")


def accepts(head: bytes, size: int, path: Path) -> bool:
    """Tell it by its array's name."""
    return head.startswith(ZIP_MAGIC) and "semantics.npy" in peek_members(path)


def read(path: Path, options: Mapping[str, Any]) -> VoxelScene:
    """Read the semantics.

    Parameters
    ----------
    options
        `visible`: `lidar` or `camera`; voxels that this sensor did not see become unknown.

    Raises `FormatError` where shape, type or an id is another one, or the asked mask is not there.
    """
    arrays = read_arrays(path, ("semantics", *_MASKS))
    if "semantics" not in arrays:
        raise FormatError(path, "has no 'semantics'", "take a labels.npz of Occ3D-nuScenes")
    found = arrays["semantics"]
    if found.shape != GRID.shape or found.dtype != np.uint8:
        reason = f"its semantics are {found.dtype} {found.shape}, not uint8 {GRID.shape}"
        raise FormatError(path, reason, "take a labels.npz of Occ3D-nuScenes")
    labels = cast(Labels, found.copy())
    space = label_space("occ3d")
    check_ids(path, labels, space)
    sensor = options.get("visible")
    if sensor:
        mask = arrays.get(f"mask_{sensor}")
        if mask is None or mask.shape != GRID.shape:
            raise FormatError(path, f"has no usable mask_{sensor}", "ask for lidar or camera, or leave it out")
        labels[np.asarray(mask) == 0] = UNKNOWN
    return VoxelScene.from_labels(labels, GRID, space)

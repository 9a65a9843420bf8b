"""SemanticKITTI voxel grids: class ids (`.label`) and bit grids (`.bin`, `.invalid`, `.occluded`).

None of these files has a header: 256 x 256 x 32 voxels of 0.2 m in C order x, y, z whose corner lies at
(0, -25.6, -2.2) m in the frame of the laser scanner. Behley et al. 2019, section 4.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import FormatError
from engine.formats import carlasc
from engine.formats.files import read_exactly, read_head, replace_file
from engine.grid import Grid
from engine.labels import UNKNOWN, label_space
from engine.scene import VoxelScene

GRID = Grid((256, 256, 32), (0.2, 0.2, 0.2), (0.0, -25.6, -2.2))
BIT_ENDINGS = (".bin", ".invalid", ".occluded")
_VOXELS = GRID.box.volume
_LABEL_BYTES = 2 * _VOXELS
_BIT_BYTES = _VOXELS // 8


def accepts_labels(head: bytes, size: int, path: Path) -> bool:
    """Tell a label grid by its exact size and by ids that the data set has."""
    ids = np.frombuffer(head[: len(head) // 2 * 2], "<u2")
    return size == _LABEL_BYTES and bool((label_space().from_raw()[ids] >= 0).all())


def accepts_bits(head: bytes, size: int, path: Path) -> bool:
    """Tell a bit grid by its exact size, its ending, and by not being a laser scan of that size."""
    return size == _BIT_BYTES and path.suffix.lower() in BIT_ENDINGS and not _looks_like_scan(head)


def read_labels(path: Path, options: Mapping[str, Any]) -> VoxelScene:
    """Read a label grid; raw ids become train ids, raw ids without a class (outlier, other-object) unknown.

    Parameters
    ----------
    options
        `invalid`: make voxels unknown that the `.invalid` file beside it marks.

    Raises `FormatError` where the size is wrong (naming what it may be instead) or an id is none of the data set's.
    """
    size = path.stat().st_size
    if size != _LABEL_BYTES:
        raise FormatError(path, *_other_label_file(path, size))
    raw = np.frombuffer(read_exactly(path, _LABEL_BYTES, "a 256 x 256 x 32 label grid"), "<u2")
    labels = label_space().from_raw()[raw]
    strange = np.flatnonzero(labels < 0)
    if len(strange):
        reason = f"raw id {raw[strange[0]]} is none of SemanticKITTI, {len(strange)} voxels hold such ids"
        raise FormatError(path, reason, "check that it is a voxel grid of that data set", 2 * int(strange[0]))
    grid = labels.astype(np.uint8).reshape(GRID.shape)
    if options.get("invalid"):
        grid[_read_bit_grid(path.with_suffix(".invalid"))] = UNKNOWN
    return VoxelScene.from_labels(grid, GRID)


def read_bits(path: Path, options: Mapping[str, Any]) -> VoxelScene:
    """Read a bit grid (most significant bit first); set voxels are unknown (255), the others empty."""
    bits = _read_bit_grid(path)
    return VoxelScene.from_labels(np.where(bits, np.uint8(UNKNOWN), np.uint8(0)), GRID)


def mark_occluded(scene: VoxelScene, path: Path) -> VoxelScene:
    """Make empty voxels unknown that the `.occluded` file beside `path` marks, where there is one.

    What a scanner hit says nothing of what lies behind it. Raises `FormatError` where the file is none or does not fit.
    """
    beside = path.with_suffix(".occluded")
    if path.suffix.lower() != ".label" or not beside.is_file():
        return scene
    occluded, labels = _read_bit_grid(beside), scene.read()
    if labels.shape != occluded.shape:
        raise FormatError(beside, f"has {occluded.shape} voxels, the scene {labels.shape}", "move it elsewhere")
    marked = scene.snapshot()
    marked.write(scene.box, np.where(occluded & (labels == scene.space.empty), np.uint8(UNKNOWN), labels))
    return marked


def write_labels(scene: VoxelScene, path: Path) -> None:
    """Write raw ids in the format of the scene's own data set; unknown voxels become raw id 0."""
    if scene.space.name == "carlasc":
        return carlasc.write(scene, path)
    _require_grid(scene, path, ".label")
    if scene.space != label_space():
        reason = f"holds SemanticKITTI's classes, the scene those of '{scene.space.name}'"
        raise FormatError(path, reason, "convert the scene with --like city first")
    raw = scene.space.to_raw()[scene.read()]
    with replace_file(path) as stream:
        stream.write(raw.astype("<u2").tobytes())
    return None


def write_bits(scene: VoxelScene, path: Path) -> None:
    """Write which voxels are solid, one bit each, most significant bit first.

    Unknown voxels count as solid only where the scene holds no class at all, as after reading a bit grid.
    """
    _require_grid(scene, path, ".bin")
    labels = scene.read()
    solid = (labels != scene.space.empty) & (labels != UNKNOWN)
    bits = solid if solid.any() else labels == UNKNOWN
    with replace_file(path) as stream:
        stream.write(np.packbits(bits.ravel()).tobytes())


def _read_bit_grid(path: Path) -> NDArray[np.bool_]:
    size = path.stat().st_size
    if size != _BIT_BYTES and size % 16 == 0 and _looks_like_scan(read_head(path)[0]):
        reason = f"is a laser scan of {size // 16} points, not a voxel grid"
        raise FormatError(path, reason, "open the grid in the data set's 'voxels' folder")
    data = read_exactly(path, _BIT_BYTES, "a 256 x 256 x 32 bit grid")
    return np.unpackbits(np.frombuffer(data, np.uint8)).reshape(GRID.shape).astype(np.bool_)


def _other_label_file(path: Path, size: int) -> tuple[str, str]:
    grids = f"a SemanticKITTI grid has {_LABEL_BYTES} bytes, a CarlaSC grid {carlasc.BYTES}"
    scan = path.parent.parent / "velodyne" / path.with_suffix(".bin").name
    if size % 4 == 0 and (size < _LABEL_BYTES or scan.is_file()):
        hint = "open the grid in the data set's 'voxels' folder; labels of points need the scan beside them"
        return f"has {size} bytes, as labels of {size // 4} single points have ({grids})", hint
    return f"has {size} bytes ({grids})", "take the whole file of that data set"


def _looks_like_scan(head: bytes) -> bool:
    points = np.frombuffer(head[: len(head) // 16 * 16], "<f4").reshape(-1, 4)
    with np.errstate(invalid="ignore"):
        near = np.isfinite(points).all(axis=1) & (np.abs(points[:, :3]) < 300).all(axis=1)
        real = (np.abs(points[:, :3]) > 1e-3).any(axis=1)
        return bool(len(points)) and bool(
            (near & (points[:, 3] >= 0) & (points[:, 3] <= 1)).all() and real.mean() > 0.5
        )


def _require_grid(scene: VoxelScene, path: Path, ending: str) -> None:
    if scene.grid.shape != GRID.shape or not np.allclose(scene.grid.voxel_size, GRID.voxel_size, atol=1e-3):
        reason = (
            f"a {ending} file holds {GRID.shape} voxels of 0.2 m, "
            f"the scene has {scene.grid.shape} of {scene.grid.voxel_size} m"
        )
        raise FormatError(path, reason, "crop or convert the scene, or save it as .scw or .npz")

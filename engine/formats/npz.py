"""NumPy files: scenes and masks as `.npz`, bare arrays as `.npz` or `.npy`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from engine.errors import FormatError, LabelError, ScenewrightError
from engine.formats.archives import NPY_MAGIC, ZIP_MAGIC, check_ids, open_archive, peek_members, read_arrays, read_npy
from engine.formats.files import read_exactly, read_head, replace_file
from engine.grid import Grid
from engine.labels import UNKNOWN, LabelSpace, is_shipped, label_space, parse_label_space
from engine.mask import VoxelMask
from engine.scene import Labels, VoxelScene

OPTIONS = ("axes", "empty", "voxel_size", "origin", "label_space")
_SCENE = ("labels", "voxel_size", "origin", "label_space", "classes", "instances", "metadata")


def accepts(head: bytes, size: int, path: Path) -> bool:
    """Tell NumPy files by the array's first bytes or the archive's names."""
    if head.startswith(NPY_MAGIC):
        return True
    members = peek_members(path) if head.startswith(ZIP_MAGIC) else ()
    return bool(members) and all(name.endswith(".npy") for name in members)


def read(path: Path, options: Mapping[str, Any]) -> VoxelScene:
    """Read a scene, or a bare array of train ids.

    Parameters
    ----------
    options
        `axes`: which axis is which in a bare array, any order of `xyz` (a scene's own file is always x, y, z);
        `empty`: the id of empty voxels in a bare array, where it is not that of the label space;
        `voxel_size`, `origin`: metres, three numbers; `label_space`: a `LabelSpace` or the name of a shipped one.
        What the file says itself goes before the options.

    Raises `FormatError` where the file is damaged, is bare and `axes` is not given, or holds ids without a class.
    """
    arrays = _load(path)
    if "labels" not in arrays:
        raise FormatError(path, _what_else(path), "save the voxels as 'labels' (X, Y, Z) uint8")
    bare = "voxel_size" not in arrays
    labels = _ids(path, arrays["labels"])
    space = _space(path, arrays, options)
    if bare:
        labels = _to_xyz(path, labels, options.get("axes"))
        labels = _set_empty(path, labels, space, options.get("empty"))
    check_ids(path, labels, space)
    try:
        size = _three(arrays.get("voxel_size", options.get("voxel_size", (0.2, 0.2, 0.2))))
        origin = _three(arrays.get("origin", options.get("origin", (0.0, 0.0, 0.0))))
        grid = Grid(cast(tuple[int, int, int], labels.shape), size, origin)
    except (ValueError, TypeError, ScenewrightError) as error:
        raise FormatError(path, f"its voxel_size or origin is of no use ({error})", "give three numbers") from error
    return VoxelScene.from_labels(labels, grid, space, _instances(path, arrays, labels), _metadata(path, arrays))


def write(scene: VoxelScene, path: Path) -> None:
    """Write labels, frame, class names, instance ids and metadata; the same scene gives the same bytes."""
    arrays: dict[str, NDArray[Any]] = {
        "labels": scene.read(),
        "voxel_size": np.asarray(scene.grid.voxel_size, np.float64),
        "origin": np.asarray(scene.grid.origin, np.float64),
        "label_space": np.asarray(scene.space.name),
    }
    if not is_shipped(scene.space):
        arrays["classes"] = np.asarray(json.dumps(scene.space.to_json()))
    if scene.has_instances:
        arrays["instances"] = scene.read_instances()
    metadata = {k: v for k, v in scene.metadata.items() if k != "masks"}
    if metadata:
        arrays["metadata"] = np.asarray(json.dumps(metadata))
    with replace_file(path) as stream:
        np.savez_compressed(stream, **arrays)  # type: ignore[arg-type]


def write_array(scene: VoxelScene, path: Path) -> None:
    """Write the train ids alone, x, y, z."""
    with replace_file(path) as stream:
        np.save(stream, scene.read(), allow_pickle=False)


def read_mask(path: Path, shape: tuple[int, int, int] | None = None) -> VoxelMask:
    """Read a mask file: `.npz` with `mask (X, Y, Z) bool`, which must have the scene's `shape` where that is given."""
    read_head(path)
    arrays = read_arrays(path, ("mask",))
    mask = arrays.get("mask")
    if mask is None:
        names = ", ".join(n.removesuffix(".npy") for n in peek_members(path)[:8])
        raise FormatError(path, f"holds no 'mask' but {names or 'nothing'}", "save it as 'mask' (X, Y, Z) bool")
    if mask.ndim != 3 or mask.dtype != np.bool_:
        raise FormatError(path, f"its mask is {mask.dtype} of shape {mask.shape}", "save it as (X, Y, Z) bool")
    if shape is not None and mask.shape != shape:
        raise FormatError(path, f"its mask has {mask.shape} voxels, the scene {shape}", "make the mask for this scene")
    return VoxelMask.of_array(cast("NDArray[np.bool_]", mask))


def write_mask(mask: VoxelMask, shape: tuple[int, int, int], path: Path) -> None:
    """Write a mask for a scene of `shape` voxels."""
    with replace_file(path) as stream:
        np.savez_compressed(stream, mask=mask.within(Grid(shape).box))


def _load(path: Path) -> dict[str, NDArray[np.generic]]:
    head, size = read_head(path)
    if head.startswith(NPY_MAGIC):
        return {"labels": read_npy(read_exactly(path, size, "it"), path, "array")}
    arrays = read_arrays(path, _SCENE)
    names = peek_members(path)
    if "labels" not in arrays and len(names) == 1 and names[0] not in ("mask.npy", "semantics.npy"):
        only = names[0].removesuffix(".npy")
        return {"labels": read_arrays(path, (only,))[only]}
    return arrays


def _what_else(path: Path) -> str:
    names = [n.removesuffix(".npy") for n in peek_members(path)]
    if not names:
        open_archive(path).close()
    if "mask" in names:
        return "holds a mask, not a scene (it goes with --mask)"
    return f"has no 'labels' but {', '.join(names[:8]) or 'nothing'}"


def _ids(path: Path, array: NDArray[np.generic]) -> Labels:
    if array.ndim != 3 or array.dtype.kind not in "biu" or not array.size:
        raise FormatError(path, f"its voxels are {array.dtype} of shape {array.shape}", "save (X, Y, Z) uint8")
    low, high = int(array.min()), int(array.max())
    if low < 0 or high > UNKNOWN:
        raise FormatError(path, f"its ids run from {low} to {high}", "save train ids from 0 to 254, 255 = unknown")
    return cast(Labels, array.astype(np.uint8))


def _to_xyz(path: Path, labels: Labels, axes: str | None) -> Labels:
    if axes is None:
        reason = f"is a bare array {labels.shape} that does not say which axis is up"
        raise FormatError(path, reason, "convert it with --axes xyz (or zyx, ...) first")
    if sorted(axes) != ["x", "y", "z"]:
        raise FormatError(path, f"axes '{axes}' are no order of x, y, z", "use one such as xyz or zyx")
    return np.ascontiguousarray(labels.transpose([axes.index(a) for a in "xyz"]))


def _set_empty(path: Path, labels: Labels, space: LabelSpace, empty: int | None) -> Labels:
    if empty is None or empty == space.empty:
        return labels
    taken = int((labels == space.empty).sum())
    if taken:
        reason = f"{taken} voxels hold id {space.empty}, which is empty in '{space.name}', but {empty} shall be empty"
        raise FormatError(path, reason, "name a label space that fits")
    return np.where(labels == empty, np.uint8(space.empty), labels)


def _space(path: Path, arrays: Mapping[str, NDArray[np.generic]], options: Mapping[str, Any]) -> LabelSpace:
    given = options.get("label_space", "semantickitti")
    try:
        if "classes" in arrays:
            return parse_label_space(str(arrays["classes"]), path)
        own = str(arrays["label_space"]) if "label_space" in arrays else given
        if isinstance(given, LabelSpace) and own in (given, given.name):
            return given
        return label_space(own)
    except LabelError as error:
        reason, _, hint = str(error).rpartition("; ")
        raise FormatError(path, reason, hint) from error


def _instances(path: Path, arrays: Mapping[str, NDArray[np.generic]], labels: Labels) -> NDArray[np.uint32] | None:
    found = arrays.get("instances")
    if found is not None and (found.shape != labels.shape or found.dtype != np.uint32):
        reason = f"its instances are {found.dtype} {found.shape}, its labels {labels.shape}"
        raise FormatError(path, reason, "save them as uint32 of the same shape")
    return cast("NDArray[np.uint32] | None", found)


def _metadata(path: Path, arrays: Mapping[str, NDArray[np.generic]]) -> dict[str, Any]:
    try:
        return dict(json.loads(str(arrays["metadata"]))) if "metadata" in arrays else {}
    except (ValueError, TypeError) as error:
        raise FormatError(path, f"its metadata is no JSON object ({error})", "save it as a JSON string") from error


def _three(values: Any) -> tuple[float, float, float]:
    x, y, z = (float(v) for v in np.ravel(np.asarray(values)))
    return x, y, z

"""The native scene file `.scw`: one Zarr v3 group in one zip file.

The arrays are plain Zarr (chunks of 64 x 64 columns without a codec of their own; the zip deflates them), so any Zarr
library opens the file through a zip store. Written by hand and not through such a library, because the same scene must
give the same bytes, no chunk may be unpacked before its size is checked, and chunks without content stay unallocated.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import numpy as np

from engine.errors import FormatError, ScenewrightError
from engine.formats.archives import ZIP_MAGIC, check_ids, open_archive, peek_members, read_member
from engine.formats.files import replace_file
from engine.grid import Box, Grid
from engine.labels import LabelSpace, is_shipped, label_space, label_space_of
from engine.mask import VoxelMask
from engine.scene import VoxelScene
from engine.store import CHUNK, ChunkStore

VERSION = 1
"""Version of the file's layout; older ones are migrated, newer ones refused."""

_MIGRATIONS: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {}
"""Version -> what turns its header into that of the next version."""

_CHANNELS: dict[str, np.dtype[Any]] = {"labels": np.dtype(np.uint8), "instances": np.dtype("<u4")}
_DATE = (1980, 1, 1, 0, 0, 0)
_AGAIN = "save or download it again"


def accepts(head: bytes, size: int, path: Path) -> bool:
    """Tell a `.scw` file by its group and labels."""
    return head.startswith(ZIP_MAGIC) and {"zarr.json", "labels/zarr.json"} <= set(peek_members(path))


def write(scene: VoxelScene, path: Path) -> None:
    """Save a scene; the same scene gives the same bytes.

    `scene.metadata["masks"]` may hold named `VoxelMask`s; everything else in the metadata must be JSON.
    """
    metadata = dict(scene.metadata)
    masks: dict[str, VoxelMask] = metadata.pop("masks", {})
    with replace_file(path) as stream, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        _write_json(archive, "zarr.json", _group({"scenewright": _header(scene, metadata, masks)}))
        for channel in scene.store.channels:
            _write_channel(archive, scene, channel)
        for i, mask in enumerate(masks.values()):
            shape = cast(tuple[int, int, int], tuple(max(n, 1) for n in mask.box.shape))
            _write_json(archive, f"masks/{i}/zarr.json", _array(shape, shape, "bool", False))
            if not mask.box.is_empty:
                _write_bytes(archive, f"masks/{i}/c/0/0/0", mask.array.tobytes())


def read(path: Path, options: Mapping[str, Any] | None = None) -> VoxelScene:
    """Open a scene; raises `FormatError` where the file is damaged, not a scene, or of a newer version."""
    with open_archive(path) as archive:
        header = _read_header(archive, path)
        try:
            grid = Grid(
                _voxels(header["grid"]["shape"]),
                _three(header["grid"]["voxel_size"]),
                _three(header["grid"]["origin"]),
                header["grid"].get("georeference"),
            )
            space = _read_space(header["label_space"], path)
            metadata = dict(header["metadata"])
            channels = {name: _CHANNELS[name] for name in header["channels"]}
            masks = [(m["name"], Box.of_shape(_voxels(m["shape"])).shift(m["lower"])) for m in header["masks"]]
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError, ScenewrightError) as error:
            raise FormatError(path, f"its header is damaged ({error!r})", _AGAIN) from error
        store = ChunkStore(grid.shape, channels, {"labels": space.empty})
        if "labels" not in channels:
            raise FormatError(path, "has no 'labels' channel", _AGAIN)
        for channel in channels:
            _read_channel(archive, path, store, channel, space)
        if masks:
            metadata["masks"] = {name: _read_mask(archive, path, i, box) for i, (name, box) in enumerate(masks)}
    return VoxelScene(grid, space, store, metadata)


def _header(scene: VoxelScene, metadata: dict[str, Any], masks: dict[str, VoxelMask]) -> dict[str, Any]:
    grid, space = scene.grid, scene.space
    return {
        "version": VERSION,
        "grid": {
            "shape": list(grid.shape),
            "voxel_size": list(grid.voxel_size),
            "origin": list(grid.origin),
            "georeference": grid.georeference,
        },
        "label_space": space.name if is_shipped(space) else space.to_json(),
        "channels": list(scene.store.channels),
        "masks": [{"name": n, "lower": list(m.box.lower), "shape": list(m.box.shape)} for n, m in masks.items()],
        "metadata": metadata,
    }


def _write_channel(archive: zipfile.ZipFile, scene: VoxelScene, channel: str) -> None:
    dtype = _CHANNELS[channel]
    fill = scene.space.empty if channel == "labels" else 0
    chunk = (CHUNK, CHUNK, scene.grid.shape[2])
    _write_json(archive, f"{channel}/zarr.json", _array(scene.grid.shape, chunk, dtype.name, fill))
    for name, box in _chunks(scene.grid.box, channel):
        values = scene.store.read(box, channel)
        if channel == "labels" or values.any():
            full = np.full(chunk, fill, dtype)
            full[Box.of_shape(box.shape).slices] = values
            _write_bytes(archive, name, full.tobytes())


def _read_channel(archive: zipfile.ZipFile, path: Path, store: ChunkStore, channel: str, space: LabelSpace) -> None:
    there = set(archive.namelist())
    x, y, z = store.shape
    promised = -(-x // CHUNK) * -(-y // CHUNK)
    if f"{channel}/zarr.json" not in there or (channel == "labels" and promised > len(there)):
        reason = f"promises {promised} chunks of '{channel}', the whole archive has {len(there)} entries"
        raise FormatError(path, reason, _AGAIN)
    dtype = _CHANNELS[channel]
    fill = space.empty if channel == "labels" else 0
    for name, box in _chunks(Box.of_shape(store.shape), channel):
        if channel == "labels" or name in there:
            data = read_member(archive, name, path, CHUNK * CHUNK * z * dtype.itemsize)
            values = np.frombuffer(data, dtype).reshape(CHUNK, CHUNK, z)[Box.of_shape(box.shape).slices]
            if channel == "labels":
                check_ids(path, values, space, box.lower)
            if (values != fill).any():
                store.write(box, values, channel=channel)


def _chunks(box: Box, channel: str) -> Iterator[tuple[str, Box]]:
    for part in box.tiles((CHUNK, CHUNK, box.shape[2])):
        yield f"{channel}/c/{part.lower[0] // CHUNK}/{part.lower[1] // CHUNK}/0", part


def _read_mask(archive: zipfile.ZipFile, path: Path, index: int, box: Box) -> VoxelMask:
    if box.is_empty:
        return VoxelMask.nothing()
    data = read_member(archive, f"masks/{index}/c/0/0/0", path, box.volume)
    return VoxelMask(box, np.frombuffer(data, np.bool_).reshape(box.shape).copy())


def _read_header(archive: zipfile.ZipFile, path: Path) -> dict[str, Any]:
    try:
        header = json.loads(read_member(archive, "zarr.json", path))["attributes"]["scenewright"]
        version = int(header["version"])
    except (ValueError, KeyError, TypeError) as error:
        raise FormatError(path, f"is no Scenewright scene ({error!r})", "open the data set's own file") from error
    if version > VERSION:
        reason = f"was saved by a newer version (layout {version}, this program knows {VERSION})"
        raise FormatError(path, reason, "update Scenewright")
    for step in range(version, VERSION):
        if step not in _MIGRATIONS:
            raise FormatError(path, f"has the unknown layout {version}", f"layouts up to {VERSION} can be read")
        header = _MIGRATIONS[step](header)
    return cast(dict[str, Any], header)


def _read_space(entry: Any, path: Path) -> LabelSpace:
    return label_space(entry) if isinstance(entry, str) else label_space_of(entry, path)


def _voxels(values: Any) -> tuple[int, int, int]:
    x, y, z = (int(v) for v in values)
    return x, y, z


def _three(values: Any) -> tuple[float, float, float]:
    x, y, z = (float(v) for v in values)
    return x, y, z


def _group(attributes: dict[str, Any]) -> dict[str, Any]:
    return {"zarr_format": 3, "node_type": "group", "attributes": attributes}


def _array(shape: tuple[int, int, int], chunk: tuple[int, int, int], dtype: str, fill: int | bool) -> dict[str, Any]:
    codec: dict[str, Any] = {"name": "bytes"}
    if dtype == "uint32":
        codec["configuration"] = {"endian": "little"}
    return {
        "zarr_format": 3,
        "node_type": "array",
        "shape": list(shape),
        "data_type": dtype,
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": list(chunk)}},
        "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
        "fill_value": fill,
        "codecs": [codec],
        "dimension_names": ["x", "y", "z"],
        "attributes": {},
    }


def _write_json(archive: zipfile.ZipFile, name: str, content: dict[str, Any]) -> None:
    _write_bytes(archive, name, json.dumps(content).encode())


def _write_bytes(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    info = zipfile.ZipInfo(name, _DATE)
    info.compress_type = zipfile.ZIP_DEFLATED
    info.create_system = 3  # else the bytes would tell on which system they were written
    archive.writestr(info, data, compresslevel=4)

"""Builders of files that are damaged, foreign or hostile."""

from __future__ import annotations

import io
import json
import struct
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from engine.formats.registry import write_scene
from engine.grid import Grid
from engine.scene import VoxelScene

KITTI = Grid((256, 256, 32), (0.2, 0.2, 0.2), (0.0, -25.6, -2.2))


def npz(**arrays: Any) -> bytes:
    stream = io.BytesIO()
    np.savez_compressed(stream, **arrays)
    return stream.getvalue()


def npy(array: np.ndarray, allow_pickle: bool = False) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array, allow_pickle=allow_pickle)
    return stream.getvalue()


def lying_npy(shape: str, data: bytes = b"12345678") -> bytes:
    header = f"{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}, }}".encode().ljust(117) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + data


def zipped(members: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return stream.getvalue()


def native(change: Callable[[dict[str, bytes], dict[str, Any]], None]) -> bytes:
    """Make a small `.scw` and change its members and its header."""
    source = zipped_scene()
    with zipfile.ZipFile(io.BytesIO(source)) as archive:
        members = {n: archive.read(n) for n in archive.namelist()}
    written_before = members["zarr.json"]
    group = json.loads(written_before)
    change(members, group["attributes"]["scenewright"])
    if members.get("zarr.json") == written_before:
        members["zarr.json"] = json.dumps(group).encode()
    return zipped(members)


def zipped_scene() -> bytes:
    labels = np.random.default_rng(0).integers(0, 20, (70, 66, 5)).astype(np.uint8)
    return written(VoxelScene.from_labels(labels, instances=labels.astype(np.uint32)), "a.scw")


def written(scene: VoxelScene, name: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        write_scene(scene, path)
        return path.read_bytes()


def raw_labels(raw_id: int, place: int) -> bytes:
    raw = np.zeros(KITTI.box.volume, "<u2")
    raw[place:] = raw_id
    return raw.tobytes()


def lie(name: str, value: Any) -> Callable[[dict[str, bytes], dict[str, Any]], None]:
    def change(members: dict[str, bytes], header: dict[str, Any]) -> None:
        place = header
        *folders, last = name.split(".")
        for folder in folders:
            place = place[folder]
        place[last] = value

    return change


def drop(name: str) -> Callable[[dict[str, bytes], dict[str, Any]], None]:
    return lambda members, header: members.pop(name) and None


def swap(name: str, data: bytes) -> Callable[[dict[str, bytes], dict[str, Any]], None]:
    return lambda members, header: members.update({name: data})


def chunk(name: bytes, *parts: int | bytes) -> bytes:
    content = b"".join(p if isinstance(p, bytes) else struct.pack("<i", p) for p in parts)
    return name + struct.pack("<ii", len(content), 0) + content


def transform(node: int, child: int, offset: str = "0 0 0") -> bytes:
    words = [b"_t", offset.encode()]
    frame = struct.pack("<i", 1) + b"".join(struct.pack("<i", len(w)) + w for w in words)
    return chunk(b"nTRN", node, 0, child, -1, 0, 1, frame)


def vox(*chunks: bytes, size: tuple[int, int, int] | None = None, voxels: Sequence[tuple[int, ...]] = ()) -> bytes:
    model = b""
    if size:
        model = chunk(b"SIZE", *size) + chunk(b"XYZI", len(voxels), b"".join(bytes(v) for v in voxels))
    main = model + b"".join(chunks)
    return b"VOX " + struct.pack("<i4sii", 150, b"MAIN", 0, len(main)) + main

"""MagicaVoxel `.vox` files, version 150 with the scene graph of the extended format.

Written scenes carry their class palette (palette index = train id + 1) and their frame, and past 256 voxels along an
axis they lie in a graph of several models. Files from elsewhere know colours but no classes: each colour becomes the
class that looks most like it.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import FormatError, ScenewrightError
from engine.formats.files import read_exactly, replace_file
from engine.formats.vox_graph import Ints, VoxFile, parse
from engine.grid import Box, Grid
from engine.labels import UNKNOWN, LabelSpace, is_shipped, label_space, label_space_of
from engine.scene import VoxelScene

MAGIC = b"VOX "
OPTIONS = ("voxel_size", "label_space")
_EDGE = 256
"""Most voxels of one model along an axis."""
_OWN = "scenewright"
_AGAIN = "export it from MagicaVoxel again"


def accepts(head: bytes, size: int, path: Path) -> bool:
    """Tell a file by its first four bytes."""
    return head.startswith(MAGIC)


def read(path: Path, options: Mapping[str, Any]) -> VoxelScene:
    """Read all visible models of a file.

    Parameters
    ----------
    options
        `voxel_size`: metres, three numbers, for files that were not written here (0.2 by default);
        `label_space`: a `LabelSpace` or the name of a shipped one, for the same files.

    A colour becomes the solid class with the nearest colour, in that palette of the label space that fits the file
    best. Raises `FormatError` where the file is damaged, holds no voxel, or spreads too few voxels too wide.
    """
    data = read_exactly(path, path.stat().st_size, "it")
    try:
        file = parse(data)
        parts = [part for part in file.graph.place(file.models) if len(part[0])]
        if not parts:
            raise ValueError("it holds no visible voxel")
        places, colours = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
        own = _own_frame(file)
        space, table = (own.space, own.table) if own else _guess_classes(file, colours, options)
        if own:
            places = places + own.centre
            whole = own.grid.box.union(Box.around(places))
        elif file.graph.transforms:
            whole = Box.around(places)
        else:
            whole = file.models[0].box
        if whole.volume > 2**26 + 4096 * len(data):
            raise ValueError(f"its {len(places)} voxels spread over {whole.shape}")
        grid = own.grid.cut(whole) if own else Grid(whole.shape, _floats(options.get("voxel_size", (0.2, 0.2, 0.2))))
    except (ValueError, TypeError, ScenewrightError) as error:
        raise FormatError(path, f"is no usable .vox file, {error}", _AGAIN) from error
    labels = np.full(whole.shape, space.empty, np.uint8)
    labels[tuple((places - whole.lower).T)] = table[colours]
    return VoxelScene.from_labels(labels, grid, space, metadata=own.metadata if own else None)


def write(scene: VoxelScene, path: Path) -> None:
    """Write a scene's solid voxels; unknown ones are left out."""
    chunks, nodes = [], []
    centre = np.array([scene.grid.shape[0] // 2, scene.grid.shape[1] // 2, 0])
    for tile in scene.box.tiles((_EDGE, _EDGE, _EDGE)):
        labels = scene.read(tile)
        places = np.argwhere((labels != scene.space.empty) & (labels != UNKNOWN))
        if len(places):
            size = np.array(tile.shape)
            rows = np.column_stack([places, labels[tuple(places.T)].astype(np.int64) + 1]).astype(np.uint8)
            chunks += [_chunk("SIZE", *tile.shape), _chunk("XYZI", len(rows), rows.tobytes())]
            nodes.append(np.array(tile.lower) - centre + size // 2)
    if not nodes:
        raise FormatError(path, "would be empty, the scene has no solid voxel", "fill or generate it first")
    palette = np.full((256, 4), 255, np.uint8)
    palette[:-1, :3] = scene.space.colours()[:255]
    main = b"".join([*chunks, *_graph(nodes, _frame(scene, centre)), _chunk("RGBA", palette.tobytes())])
    with replace_file(path) as stream:
        stream.write(MAGIC + struct.pack("<i4sii", 150, b"MAIN", 0, len(main)) + main)


def _graph(offsets: list[Ints], frame: str) -> list[bytes]:
    """Make the nodes: 0 transform -> 1 group -> for each model a transform and a shape."""
    children = range(2, 2 + 2 * len(offsets), 2)
    nodes = [
        _chunk("nTRN", 0, _dictionary({_OWN: frame}), 1, -1, -1, 1, _dictionary({})),
        _chunk("nGRP", 1, _dictionary({}), len(offsets), *children),
    ]
    for model, (node, offset) in enumerate(zip(children, offsets, strict=True)):
        place = _dictionary({"_t": " ".join(str(v) for v in offset.tolist())})
        nodes.append(_chunk("nTRN", node, _dictionary({}), node + 1, -1, 0, 1, place))
        nodes.append(_chunk("nSHP", node + 1, _dictionary({}), 1, model, _dictionary({})))
    return nodes


def _frame(scene: VoxelScene, centre: NDArray[np.integer]) -> str:
    grid, space = scene.grid, scene.space
    frame = {
        "shape": grid.shape,
        "voxel_size": grid.voxel_size,
        "origin": grid.origin,
        "georeference": grid.georeference,
        "centre": centre.tolist(),
        "label_space": space.name if is_shipped(space) else space.to_json(),
        "metadata": {k: v for k, v in scene.metadata.items() if k != "masks"},
    }
    return json.dumps(frame)


@dataclass(frozen=True, eq=False)
class _Frame:
    """What a file says about the scene that it was written from; `table (256,)` palette index -> train id."""

    grid: Grid
    centre: Ints
    space: LabelSpace
    table: NDArray[np.uint8]
    metadata: dict[str, Any]


def _own_frame(file: VoxFile) -> _Frame | None:
    """Find the frame of a file that was written here, unless somebody gave it other colours since."""
    text = file.graph.attributes.get(0, {}).get(_OWN)
    if text is None:
        return None
    try:
        frame = json.loads(text)
        x, y, z = (int(n) for n in frame["shape"])
        grid = Grid((x, y, z), _floats(frame["voxel_size"]), _floats(frame["origin"]), frame["georeference"])
        centre = np.array(_floats(frame["centre"])).astype(np.int64)
        entry = frame["label_space"]
        space = label_space(entry) if isinstance(entry, str) else label_space_of(entry, "its frame")
        metadata = dict(frame["metadata"])
    except (ValueError, KeyError, TypeError, OverflowError) as error:
        raise ValueError(f"its frame is damaged ({error!r})") from error
    if not np.array_equal(file.palette[1 : len(space) + 1], space.colours()[: len(space)]):
        return None
    table = np.full(256, UNKNOWN, np.uint8)
    table[1 : len(space) + 1] = np.arange(len(space))
    return _Frame(grid, centre, space, table, metadata)


def _guess_classes(
    file: VoxFile, colours: NDArray[np.uint8], options: Mapping[str, Any]
) -> tuple[LabelSpace, NDArray[np.uint8]]:
    given = options.get("label_space", "semantickitti")
    space = given if isinstance(given, LabelSpace) else label_space(given)
    used, solid = np.unique(colours), np.array(space.solid_ids)
    gaps = []
    for palette in space.palettes:
        own = space.colours(palette)[solid].astype(np.int64)
        gaps.append(((file.palette[used].astype(np.int64)[:, None] - own) ** 2).sum(axis=2))
    best = min(gaps, key=lambda gap: int(gap.min(axis=1).sum()))
    table = np.full(256, space.empty, np.uint8)
    table[used] = solid[best.argmin(axis=1)]
    return space, table


def _floats(values: Any) -> tuple[float, float, float]:
    x, y, z = (float(v) for v in values)
    return x, y, z


def _chunk(name: str, *parts: int | bytes) -> bytes:
    content = b"".join(p if isinstance(p, bytes) else struct.pack("<i", p) for p in parts)
    return name.encode() + struct.pack("<ii", len(content), 0) + content


def _dictionary(items: Mapping[str, str]) -> bytes:
    texts = [text.encode() for pair in items.items() for text in pair]
    return struct.pack("<i", len(items)) + b"".join(struct.pack("<i", len(t)) + t for t in texts)

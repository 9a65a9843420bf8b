"""The chunks of a MagicaVoxel file and the scene graph that places its models.

Format: the two descriptions that MagicaVoxel's author publishes with it (file format 150 and its extension).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from engine.grid import Box

Ints = NDArray[np.int64]

_DEEPEST = 64
_MOST_PLACES = 100_000


class Cursor:
    """Reads integers, strings and dictionaries one after another; raises `ValueError` past the end."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def integer(self) -> int:
        return int.from_bytes(self._take(4), "little", signed=True)

    def integers(self, count: int) -> list[int]:
        return [self.integer() for _ in range(self._checked(count))]

    def text(self) -> str:
        return self._take(self._checked(self.integer())).decode("utf-8", "replace")

    def dictionary(self) -> dict[str, str]:
        return {self.text(): self.text() for _ in range(self._checked(self.integer()))}

    def _checked(self, count: int) -> int:
        if not 0 <= count <= len(self._data) - self._at:
            raise ValueError(f"{count} things are promised, {len(self._data) - self._at} bytes are left")
        return count

    def _take(self, count: int) -> bytes:
        if self._at + count > len(self._data):
            raise ValueError(f"{count} bytes are promised, {len(self._data) - self._at} are left")
        self._at += count
        return self._data[self._at - count : self._at]


@dataclass(frozen=True, eq=False)
class Model:
    """One block of voxels: `size (3,)`, `places (N, 3)` inside it and palette indices `colours (N,)`, 1 to 255."""

    size: Ints
    places: Ints
    colours: NDArray[np.uint8]

    @property
    def box(self) -> Box:
        return Box.of_shape((int(self.size[0]), int(self.size[1]), int(self.size[2])))


@dataclass
class Graph:
    """Transform, group and shape nodes by id; `attributes` of the root may carry a frame of ours."""

    transforms: dict[int, tuple[int, Ints, Ints]] = field(default_factory=dict)
    groups: dict[int, list[int]] = field(default_factory=dict)
    shapes: dict[int, list[int]] = field(default_factory=dict)
    hidden: set[int] = field(default_factory=set)
    attributes: dict[int, dict[str, str]] = field(default_factory=dict)

    def add_transform(self, cursor: Cursor) -> None:
        node, attributes, child = cursor.integer(), cursor.dictionary(), cursor.integer()
        cursor.integers(2)
        frames = [cursor.dictionary() for _ in range(min(cursor.integer(), 1))]
        frame = frames[0] if frames else {}
        offset = np.array([int(v) for v in frame.get("_t", "0 0 0").split()], dtype=np.int64)
        if offset.shape != (3,) or np.abs(offset).max() > 2**20:
            raise ValueError(f"the offset {frame['_t']!r} of node {node} is of no use")
        self.transforms[node] = (child, parse_rotation(int(frame.get("_r", "4"))), offset)
        self.attributes[node] = attributes
        if attributes.get("_hidden") == "1":
            self.hidden.add(node)

    def add_group(self, cursor: Cursor) -> None:
        node, _, count = cursor.integer(), cursor.dictionary(), cursor.integer()
        self.groups[node] = cursor.integers(count)

    def add_shape(self, cursor: Cursor) -> None:
        node, _, count = cursor.integer(), cursor.dictionary(), cursor.integer()
        self.shapes[node] = [model for model, _ in ((cursor.integer(), cursor.dictionary()) for _ in range(count))]

    def place(self, models: list[Model]) -> Iterator[tuple[Ints, NDArray[np.uint8]]]:
        """Give world places `(N, 3)` and palette indices `(N,)` of every visible model.

        Without a graph the first model stands alone: the others are frames of an animation.
        """
        if not self.transforms:
            yield models[0].places, models[0].colours
            return
        waiting = [(0, np.eye(3, dtype=np.int64), np.zeros(3, np.int64), 0)]
        for _ in range(_MOST_PLACES):
            if not waiting:
                return
            node, rotation, offset, depth = waiting.pop()
            if depth > _DEEPEST:
                raise ValueError("its scene graph runs in a circle")
            if node in self.hidden:
                continue
            if node in self.transforms:
                child, turn, move = self.transforms[node]
                waiting.append((child, rotation @ turn, rotation @ move + offset, depth + 1))
            waiting += [(n, rotation, offset, depth + 1) for n in reversed(self.groups.get(node, []))]
            for index in self.shapes.get(node, [])[:1]:
                if not 0 <= index < len(models):
                    raise ValueError(f"node {node} shows model {index}, there are {len(models)}")
                model = models[index]
                centred = 2 * (model.places - model.size // 2) + 1
                yield (centred @ rotation.T + 2 * offset) // 2, model.colours
        raise ValueError(f"its scene graph shows more than {_MOST_PLACES} nodes")


@dataclass(frozen=True, eq=False)
class VoxFile:
    """Everything in a file: models, graph and palette `(256, 3)` by palette index."""

    models: list[Model]
    graph: Graph
    palette: NDArray[np.uint8]


def parse(data: bytes) -> VoxFile:
    """Take a file apart; raises `ValueError` that says what is wrong with which chunk."""
    models: list[Model] = []
    graph, palette, size = Graph(), default_palette(), np.zeros(3, np.int64)
    adders = {b"nTRN": graph.add_transform, b"nGRP": graph.add_group, b"nSHP": graph.add_shape}
    for name, content, at in _chunks(data):
        try:
            if name == b"SIZE":
                size = np.array(Cursor(content).integers(3), dtype=np.int64)
            elif name == b"XYZI":
                models.append(_parse_model(content, size))
            elif name == b"RGBA":
                palette[1:] = np.frombuffer(content, np.uint8, 1020).reshape(255, 4)[:, :3]
            elif name in adders:
                adders[name](Cursor(content))
        except (ValueError, OverflowError) as error:
            raise ValueError(f"its {name.decode()} chunk at byte {at} is damaged ({error})") from error
    if not models:
        raise ValueError("it holds no voxels")
    return VoxFile(models, graph, palette)


def parse_rotation(code: int) -> Ints:
    """Unpack a rotation: bits 0-1 and 2-3 name the column of the entry in rows 0 and 1, bits 4-6 the rows' signs."""
    columns = [code & 3, code >> 2 & 3]
    columns.append(3 - sum(columns))
    if sorted(columns) != [0, 1, 2] or not 0 <= code < 128:
        raise ValueError(f"{code} is no rotation")
    matrix = np.zeros((3, 3), dtype=np.int64)
    for row, column in enumerate(columns):
        matrix[row, column] = -1 if code >> (4 + row) & 1 else 1
    return matrix


def default_palette() -> NDArray[np.uint8]:
    """Give the palette of files without one: a 6 x 6 x 6 cube from white on, then ramps of red, green, blue, grey."""
    steps = np.arange(255, -1, -51)
    cube = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1).reshape(-1, 3)[:-1]
    ramp = np.array([0xEE, 0xDD, 0xBB, 0xAA, 0x88, 0x77, 0x55, 0x44, 0x22, 0x11])[:, None]
    ramps = [ramp * np.array(mask) for mask in ((1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 1))]
    return np.concatenate([np.zeros((1, 3), int), cube, *ramps]).astype(np.uint8)


def _parse_model(content: bytes, size: Ints) -> Model:
    count = Cursor(content).integer()
    if len(content) != 4 + 4 * count:
        raise ValueError(f"{count} voxels are promised, {len(content) - 4} bytes are there")
    rows = np.frombuffer(content, np.uint8, offset=4).reshape(-1, 4)
    places = rows[:, :3].astype(np.int64)
    if count and (places >= size).any():
        raise ValueError(f"a voxel lies outside the model's size {tuple(size.tolist())}")
    return Model(size, places, rows[:, 3])


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes, int]]:
    """Give name, content and place of every chunk inside `MAIN`."""
    if len(data) < 20 or data[8:12] != b"MAIN":
        raise ValueError("it has no MAIN chunk")
    at = 20 + struct.unpack_from("<I", data, 12)[0]
    end = at + struct.unpack_from("<I", data, 16)[0]
    if end > len(data):
        raise ValueError(f"{end} bytes are promised, {len(data)} are there")
    while at + 12 <= end:
        name, length, children = struct.unpack_from("<4sII", data, at)
        if at + 12 + length + children > end:
            raise ValueError(f"the chunk at byte {at} reaches past the end")
        yield name, data[at + 12 : at + 12 + length], at
        at += 12 + length + children

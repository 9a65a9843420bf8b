"""Bird's-eye maps of a scene: the layout that people paint and models follow."""

from __future__ import annotations

import base64
import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import GridError, LabelError
from engine.grid import Box
from engine.labels import LabelSpace
from engine.scene import Labels, VoxelScene

CELL = 8
"""Edge of a layout cell in voxels (1.6 m at 0.2 m)."""

LAYOUT_CLASSES = ("free", "road", "sidewalk", "parking", "other-ground", "terrain", "building", "vegetation")
LAYOUT_COLOURS = (0xFFFFFF, 0x5B6472, 0xA9B0BB, 0x8A7FA8, 0x8C6F5A, 0xA3B86C, 0xD9B48F, 0x4F9D4A)
"""Palette of layout pictures, 0xRRGGBB, in the order of `LAYOUT_CLASSES`."""
_BUILDING_BIT = 1 << (LAYOUT_CLASSES.index("building") - 1)
_SHOWN_BITS = 2 * _BUILDING_BIT - 1
"""All classes of ground, and the building, which follows them."""
BARE = (38, 43, 51)
"""Colour of empty columns in pictures from above."""


@dataclass(frozen=True, eq=False)
class LayoutMap:
    """A coarse map that a person can paint: one class and one height for each cell of 8 x 8 voxels.

    Attributes
    ----------
    classes
        `(X / 8, Y / 8) uint8`, index into `LAYOUT_CLASSES`; 0 leaves the cell to the model.
    heights
        `(X / 8, Y / 8) uint8`, top of buildings in voxels above the scene's floor; 0 leaves it to the model.
    """

    classes: NDArray[np.uint8]
    heights: NDArray[np.uint8]

    def __post_init__(self) -> None:
        if self.classes.shape != self.heights.shape or self.classes.ndim != 2:
            raise GridError(f"layout classes {self.classes.shape} and heights {self.heights.shape} differ in shape")
        if self.classes.size and int(self.classes.max()) >= len(LAYOUT_CLASSES):
            raise LabelError(
                f"layout class {int(self.classes.max())} is unknown; ids are 0 to {len(LAYOUT_CLASSES) - 1}"
            )

    @classmethod
    def free(cls, cells: tuple[int, int]) -> LayoutMap:
        """Make a map that leaves everything to the model."""
        return cls(np.zeros(cells, np.uint8), np.zeros(cells, np.uint8))

    def window(self, x0: int, y0: int, cells: tuple[int, int]) -> LayoutMap:
        """Cut out `cells` cells from cell (x0, y0) on; cells outside the map are free."""
        out = LayoutMap.free(cells)
        xs = slice(max(x0, 0), max(x0 + cells[0], 0))
        ys = slice(max(y0, 0), max(y0 + cells[1], 0))
        part = self.classes[xs, ys]
        target = (
            slice(xs.start - x0, xs.start - x0 + part.shape[0]),
            slice(ys.start - y0, ys.start - y0 + part.shape[1]),
        )
        out.classes[target] = part
        out.heights[target] = self.heights[xs, ys]
        return out


def layout_of(labels: Labels, space: LabelSpace) -> LayoutMap:
    """Compute the layout of a scene, so that a model can learn to follow one.

    Parameters
    ----------
    labels
        `(X, Y, Z) uint8` train ids with X and Y multiples of 8; unknown voxels count as empty.

    A cell is building where at least half of its columns hold building, else vegetation where at least half hold
    vegetation, else its most common ground class; a cell without ground is free.
    """
    return _layout_of(labels, _held(labels, space), space)


def visible_layout_of(labels: Labels, space: LabelSpace) -> LayoutMap:
    """Compute the layout of a scene that is partly unknown (255): free where it cannot be told.

    It can where at least half of a cell's columns show ground or a building.
    """
    held = _held(labels, space)
    seen = _layout_of(labels, held, space)
    is_shown = 2 * _per_cell((held & _SHOWN_BITS) != 0) >= CELL * CELL
    return LayoutMap(*(np.where(is_shown, values, 0).astype(np.uint8) for values in (seen.classes, seen.heights)))


def _layout_of(labels: Labels, held: NDArray[np.uint8], space: LabelSpace) -> LayoutMap:
    x, y, z = labels.shape
    half = CELL * CELL // 2
    *grounds, buildings, plants = (_per_cell((held & (1 << bit)) != 0) for bit in range(len(LAYOUT_CLASSES) - 1))
    ground = np.stack(grounds)
    classes = np.where(ground.max(axis=0) > 0, ground.argmax(axis=0) + 1, 0)
    classes[plants >= half] = LAYOUT_CLASSES.index("vegetation")
    classes[buildings >= half] = LAYOUT_CLASSES.index("building")
    tops, houses = np.zeros((x, y), dtype=np.int64), (held & _BUILDING_BIT) != 0
    tops[houses] = z - (labels[houses][:, ::-1] == space.find("building")).argmax(axis=1)
    heights = tops.reshape(x // CELL, CELL, y // CELL, CELL).max(axis=(1, 3))
    heights[classes != LAYOUT_CLASSES.index("building")] = 0
    return LayoutMap(classes.astype(np.uint8), heights.astype(np.uint8))


def _held(labels: Labels, space: LabelSpace) -> NDArray[np.uint8]:
    """Tell what columns hold, `(X, Y) uint8`, one bit per class of a map; raises `GridError` unless cells are whole."""
    x, y, _ = labels.shape
    if x % CELL or y % CELL:
        raise GridError(f"a layout needs whole cells of {CELL} voxels, not {x} x {y}; crop or pad the scene")
    marks = np.zeros(256, dtype=np.uint8)
    for bit, name in enumerate(LAYOUT_CLASSES[1:]):
        marks[space.find(name)] |= 1 << bit
    marked = marks[labels]
    if marked.shape[2] % 8:
        return np.asarray(np.bitwise_or.reduce(marked, axis=2))
    words = np.bitwise_or.reduce(marked.view(np.uint64), axis=2)  # eight voxels at once
    for shift in (32, 16, 8):
        words |= words >> np.uint64(shift)
    return np.asarray(words.astype(np.uint8))


def _per_cell(columns: NDArray[np.bool_]) -> NDArray[np.int64]:
    x, y = columns.shape
    return np.asarray(columns.reshape(x // CELL, CELL, y // CELL, CELL).sum(axis=(1, 3)), dtype=np.int64)


def extrude(layout: LayoutMap, height: int, space: LabelSpace) -> Labels:
    """Build a rough model of a layout, to show a plan before there are voxels: `(X, Y, height) uint8`.

    Ground is three voxels thick, buildings stand to their height (two thirds of the scene where it is free), plants are
    low; free cells stay empty.
    """
    ground = np.array([space.empty] + [space.find(n) for n in LAYOUT_CLASSES[1:6]] + [space.find("terrain")] * 2)
    top = np.full(len(LAYOUT_CLASSES), space.empty)
    top[LAYOUT_CLASSES.index("building")] = space.find("building")
    top[LAYOUT_CLASSES.index("vegetation")] = space.find("vegetation")
    reach = np.where(
        layout.classes == LAYOUT_CLASSES.index("vegetation"), max(height // 4, 5), layout.heights.astype(np.int64)
    )
    reach = np.where((layout.classes == LAYOUT_CLASSES.index("building")) & (reach == 0), 2 * height // 3, reach)
    z = np.arange(height)
    cells = np.where(z < 3, ground[layout.classes][:, :, None], space.empty)
    cells = np.where((z >= 3) & (z < reach[:, :, None]), top[layout.classes][:, :, None], cells)
    return cells.astype(np.uint8).repeat(CELL, axis=0).repeat(CELL, axis=1)


def picture_of(scene: VoxelScene, palette: str | None = None, box: Box | None = None) -> NDArray[np.uint8]:
    """Draw a scene from straight above at once, as a small reminder of what it is.

    Gives `(Y, X, 3) uint8`, one pixel a column of the box (default: everything), y up: the colour of the highest solid
    voxel, the lighter the higher it lies and the more its slope faces the upper left; dark grey where a column is
    empty. Pictures of neighbouring boxes fit together.
    """
    where = box or scene.box
    (x0, _, _), (_, y1, _) = where.lower, where.upper
    beside = Box((max(x0 - 1, 0), where.lower[1], 0), (where.upper[0], min(y1 + 1, scene.box.upper[1]), where.upper[2]))
    labels = scene.read(beside)
    solid = labels != scene.space.empty
    depth = solid.shape[2] - 1 - solid[:, :, ::-1].argmax(axis=2)
    tops = np.take_along_axis(labels, depth[..., None], 2)[..., 0]
    height = np.where(solid.any(axis=2), depth, 0).astype(np.float32)
    slope = np.zeros_like(height)
    slope[1:, :-1] = height[1:, :-1] - height[:-1, 1:]
    light: NDArray[np.float32] = 0.72 + 0.2 * height / solid.shape[2] + 0.035 * np.clip(slope, -5, 5)
    colours = scene.space.colours(palette)[tops] * light[..., None]
    colours[~solid.any(axis=2)] = BARE
    own = where.relative_to(beside).slices[:2]
    return np.ascontiguousarray(np.clip(colours[own], 0, 255).astype(np.uint8).transpose(1, 0, 2)[::-1])


def layout_to_json(layout: LayoutMap) -> dict[str, Any]:
    """Give a map as plain JSON types, so that it travels in the metadata of a scene."""
    cells = np.stack([layout.classes, layout.heights])
    return {
        "cells": list(layout.classes.shape),
        "data": base64.b64encode(zlib.compress(np.ascontiguousarray(cells).tobytes(), 6)).decode("ascii"),
    }


def layout_from_json(entry: Any) -> LayoutMap:
    """Read a map from what `layout_to_json` gave; raises `GridError` or `LabelError` where it is damaged."""
    try:
        wide, deep = (int(n) for n in entry["cells"])
        data = zlib.decompressobj().decompress(base64.b64decode(entry["data"]), 2 * wide * deep + 1)
        classes, heights = np.frombuffer(data, np.uint8).reshape(2, wide, deep)
    except (KeyError, TypeError, ValueError, zlib.error) as error:
        raise GridError(f"the map of the scene is damaged ({error!r}); paint it anew") from error
    return LayoutMap(classes.copy(), heights.copy())

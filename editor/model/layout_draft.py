"""The bird's-eye map that people paint: it belongs to the scene, and every change of it can be undone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from editor.model.document import Document
from editor.model.tiling import world_corner
from engine.edit import MetadataEdit
from engine.errors import RequestError, ScenewrightError
from engine.geometry.maps import CELL, LAYOUT_CLASSES, LayoutMap, layout_from_json, layout_of, layout_to_json
from engine.grid import Box
from engine.scene import VoxelScene

KEY = "layout"
"""Entry of the scene's metadata."""

BUILDING = LAYOUT_CLASSES.index("building")
Cells = NDArray[np.bool_]


@dataclass(frozen=True)
class Ink:
    """What is painted: a class of the layout and, for buildings, the height of their tops (0: up to the model)."""

    label: int = 1
    height: int = 0

    def on(self, layout: LayoutMap, cells: Cells) -> LayoutMap:
        """Give a map with some cells painted."""
        classes, heights = layout.classes.copy(), layout.heights.copy()
        classes[cells] = self.label
        heights[cells] = self.height if self.label == BUILDING else 0
        return LayoutMap(classes, heights)


class LayoutDraft:
    """The map of the open scene, kept in its metadata and fixed in the world, so that it survives new bounds."""

    changed = Signal()

    def __init__(self, document: Document) -> None:
        self._document = document
        self._stroke: LayoutMap | None = None
        document.metadata_changed.connect(lambda key: self.cancel() if key == KEY else None)
        document.scene_replaced.connect(self.cancel)

    @property
    def cells(self) -> tuple[int, int]:
        """Size of the map."""
        x, y, _ = self._document.scene.grid.shape
        return -(-x // CELL), -(-y // CELL)

    @property
    def height(self) -> int:
        """Highest top of a building, voxels."""
        return self._document.scene.grid.shape[2]

    @property
    def map(self) -> LayoutMap:
        """The map as it is kept; free where nobody painted."""
        return map_of(self._document.scene)

    @property
    def shown(self) -> LayoutMap:
        """The map as it looks right now, with an unfinished stroke."""
        return self.map if self._stroke is None else self._stroke

    @property
    def is_drawing(self) -> bool:
        return self._stroke is not None

    def show(self, layout: LayoutMap) -> None:
        """Show an unfinished stroke; nothing is recorded."""
        self._stroke = layout
        self.changed.emit()

    def cancel(self) -> None:
        """Drop an unfinished stroke."""
        self._stroke = None
        self.changed.emit()

    def keep(self, name: str, layout: LayoutMap | None = None) -> None:
        """Record a map, by default the stroke on show, as one undo step; nothing happens where it stays the same.

        Raises `RequestError` where the map has another size than the scene.
        """
        layout, self._stroke = layout or self.shown, None
        if layout.classes.shape != self.cells:
            raise RequestError(
                f"the map has {_size(layout.classes.shape)} cells, the scene {_size(self.cells)}; "
                f"start a new scene of {_size(tuple(n * CELL for n in layout.classes.shape))} voxels, or scale the map"
            )
        before = self.map
        if np.array_equal(before.classes, layout.classes) and np.array_equal(before.heights, layout.heights):
            self.changed.emit()
            return
        scene = self._document.scene
        entry = entry_of(layout, scene) if layout.classes.any() else None
        self._document.do(MetadataEdit(name, KEY, scene.metadata.get(KEY), entry))

    def read_scene(self) -> LayoutMap:
        """Read the map off the voxels as they are."""
        scene, (wide, deep) = self._document.scene, self.cells
        whole = Box((0, 0, 0), (wide * CELL, deep * CELL, scene.grid.shape[2]))
        return layout_of(scene.read_padded(whole, scene.space.empty), scene.space)


def map_of(scene: VoxelScene) -> LayoutMap:
    """Give the map that travels with a scene, cut to its bounds; free where there is none, or none that can be read."""
    x, y, _ = scene.grid.shape
    size = (-(-x // CELL), -(-y // CELL))
    entry: Any = scene.metadata.get(KEY)
    try:
        kept = layout_from_json(entry)
        (cx, cy), (ax, ay) = world_corner(scene), (int(v) for v in entry["at"])
    except (ScenewrightError, KeyError, TypeError, ValueError):
        return LayoutMap.free(size)
    return kept.window(round((cx - ax) / CELL), round((cy - ay) / CELL), size)


def entry_of(layout: LayoutMap, scene: VoxelScene) -> dict[str, Any]:
    """Give what the metadata of a scene keeps of a map."""
    return {**layout_to_json(layout), "at": list(world_corner(scene))}


def carry_map(before: VoxelScene, after: VoxelScene) -> None:
    """Let the map that was painted travel on with a scene that takes the place of another."""
    after.metadata.pop(KEY, None)
    if KEY in before.metadata:
        is_same_place = before.grid.shape == after.grid.shape  # a scene made anew may lie elsewhere in the world
        after.metadata[KEY] = entry_of(map_of(before), after) if is_same_place else before.metadata[KEY]


def _size(shape: tuple[int, ...]) -> str:
    return " × ".join(map(str, shape))

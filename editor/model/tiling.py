"""Where new tiles of a scene go: a grid fixed in the world, whose lines the scene's bounds lie on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.grid import Box, Grid
from engine.labels import UNKNOWN
from engine.scene import VoxelScene

Cell = tuple[int, int]
"""Column and row of a tile; (0, 0) is the scene's first one when the grid was laid."""


@dataclass(frozen=True)
class TileGrid:
    """Splits the plane into tiles: the scene as it was found, and strips of one pitch all round it.

    Attributes
    ----------
    lines
        For x and y, rising: where the tiles of the scene begin, and where the last one ends; voxels of the world.
    pitch
        Voxels along each edge of the tiles outside.
    """

    lines: tuple[tuple[int, ...], tuple[int, ...]]
    pitch: int

    @classmethod
    def over(cls, scene: VoxelScene, window: int, pitch: int, cell: int) -> TileGrid:
        """Lay a grid over a scene; one that a single window shows is one tile."""
        corner = world_corner(scene)
        return cls(
            (
                _lines(corner[0], scene.grid.shape[0], window, pitch, cell),
                _lines(corner[1], scene.grid.shape[1], window, pitch, cell),
            ),
            pitch,
        )

    def box(self, cell: Cell, scene: VoxelScene) -> Box:
        """Give a tile in the scene's frame, at its full height."""
        (x0, x1), (y0, y1) = self._span(0, cell[0]), self._span(1, cell[1])
        (cx, cy), height = world_corner(scene), scene.grid.shape[2]
        return Box((x0 - cx, y0 - cy, 0), (x1 - cx, y1 - cy, height))

    def cell_at(self, place: tuple[float, float], scene: VoxelScene) -> Cell:
        """Find the tile that holds a place of the scene's frame."""
        corner = world_corner(scene)
        return self._index(0, place[0] + corner[0]), self._index(1, place[1] + corner[1])

    def cells_of(self, scene: VoxelScene) -> tuple[range, range]:
        """Give the columns and rows of tiles that the scene has a part in."""
        x, y, _ = scene.grid.shape
        (i0, j0), (i1, j1) = self.cell_at((0, 0), scene), self.cell_at((x - 1, y - 1), scene)
        return range(i0, i1 + 1), range(j0, j1 + 1)

    def carries(self, scene: VoxelScene) -> bool:
        """Tell whether the scene's bounds lie on lines of the grid."""
        corner = world_corner(scene)
        ends = [(axis, corner[axis] + side) for axis in (0, 1) for side in (0, scene.grid.shape[axis])]
        return all(self._span(axis, self._index(axis, end))[0] == end for axis, end in ends)

    def _span(self, axis: int, index: int) -> tuple[int, int]:
        lines, last = self.lines[axis], len(self.lines[axis]) - 1
        if index < 0:
            return lines[0] + index * self.pitch, lines[0] + (index + 1) * self.pitch
        if index >= last:
            start = lines[-1] + (index - last) * self.pitch
            return start, start + self.pitch
        return lines[index], lines[index + 1]

    def _index(self, axis: int, place: float) -> int:
        lines = self.lines[axis]
        if place < lines[0]:
            return int(np.floor((place - lines[0]) / self.pitch))
        if place >= lines[-1]:
            return len(lines) - 1 + int((place - lines[-1]) // self.pitch)
        return int(np.searchsorted(lines, place, side="right")) - 1


def world_corner(scene: VoxelScene) -> tuple[int, int]:
    """Give the scene's lower corner in voxels of the world, so that places survive a change of bounds."""
    x, y = (round(o / s) for o, s in zip(scene.grid.origin[:2], scene.grid.voxel_size[:2], strict=True))
    return x, y


def gaps_as_unknown(scene: VoxelScene, tile: Box, reach: int) -> VoxelScene:
    """Take a snapshot in which columns round a tile that nobody has made yet are unknown instead of empty.

    They are those without any voxel, `reach` voxels round the tile.
    """
    scene = scene.snapshot()
    near = tile.pad((reach, reach, 0)).clip(scene.box)
    gaps = ~(scene.read(near) != scene.space.empty).any(axis=2)
    own = tile.clip(near)
    if not own.is_empty:
        gaps[own.relative_to(near).slices[:2]] = False  # they are made now, whatever they are taken for
    if gaps.any():
        scene.write(near, np.full(near.shape, UNKNOWN, np.uint8), np.repeat(gaps[:, :, None], near.shape[2], axis=2))
    return scene


def grown(grid: Grid, at: tuple[int, int], size: tuple[int, int]) -> Grid:
    """Give the frame of a scene that becomes larger and lies at `at` in its new bounds."""
    return grid.cut(Box((-at[0], -at[1], 0), (size[0] - at[0], size[1] - at[1], grid.shape[2])))


def _lines(start: int, size: int, window: int, pitch: int, cell: int) -> tuple[int, ...]:
    count = 1 if size <= window else -(-size // pitch)
    places = np.round(np.linspace(0, size, count + 1) / cell) * cell
    places[-1] = size
    return tuple(int(start + p) for p in places)

"""What one touch of a brush covers."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from editor.tools.gesture import Brush, Pick
from engine.geometry.rays import Hit
from engine.grid import Box, Vector3
from engine.mask import VoxelMask
from engine.scene import VoxelScene

_HEADROOM = 3
"""Voxels that a column reaches above the hit, so that a roof's rim is inside."""


def dab(scene: VoxelScene, voxel: Vector3, brush: Brush, locked: frozenset[int] = frozenset()) -> VoxelMask:
    """Make the mask that a brush adds at a hit voxel; voxels of `locked` classes are never in it.

    A hit outside the scene (on a proposal that reaches beyond) adds nothing.
    """
    if not _is_inside(scene.box, voxel):
        return VoxelMask.nothing()
    shape = {"surface": _surface, "volume": _volume, "column": _column}[brush.mode]
    mask = shape(scene, voxel, brush)
    return without_locked(scene, mask, locked)


def erasing_dab(scene: VoxelScene, voxel: Vector3, brush: Brush) -> VoxelMask:
    """Make the mask that an eraser takes away: a ball, or whole columns; solid or not, locked or not."""
    if not _is_inside(scene.box, voxel):
        return VoxelMask.nothing()
    if brush.mode != "column":
        return _volume(scene, voxel, brush)
    box, disc = _disc(scene.box, voxel, brush.radius)
    return VoxelMask.of_array(np.broadcast_to(disc[:, :, None], box.shape), box.lower)


def without_locked(scene: VoxelScene, mask: VoxelMask, locked: frozenset[int]) -> VoxelMask:
    """Take the voxels of locked classes out of a mask."""
    if not locked or mask.is_empty:
        return mask
    return VoxelMask.of_array(mask.array & ~np.isin(scene.read(mask.box), list(locked)), mask.box.lower)


def hits_between(
    pick: Pick, start: tuple[float, float], start_hit: Hit | None, end: tuple[float, float], gap: float
) -> list[Hit]:
    """Find hits along a straight move of the pointer, so close that a fast stroke leaves no gap.

    Parameters
    ----------
    start, end
        Logical pixels; the hit at `start` is not in the answer, the one at `end` is.
    gap
        Largest wanted distance between neighbours, voxels; further apart only across a step in depth.
    """
    end_hit = pick(end)
    if math.dist(start, end) <= 1.0 or _near(start_hit, end_hit, gap, math.dist(start, end)):
        return [] if end_hit is None else [end_hit]
    middle = ((start[0] + end[0]) / 2, (start[1] + end[1]) / 2)
    first = hits_between(pick, start, start_hit, middle, gap)
    return first + hits_between(pick, middle, pick(middle), end, gap)


def _is_inside(bounds: Box, voxel: Vector3) -> bool:
    return bounds.contains(Box(voxel, (voxel[0] + 1, voxel[1] + 1, voxel[2] + 1)))


def _near(a: Hit | None, b: Hit | None, gap: float, pixels: float) -> bool:
    if a is None and b is None:
        return pixels <= 8.0
    return a is not None and b is not None and math.dist(a.point, b.point) <= gap


def _volume(scene: VoxelScene, voxel: Vector3, brush: Brush) -> VoxelMask:
    x, y, z = voxel
    return VoxelMask.of_ball((x + 0.5, y + 0.5, z + 0.5), brush.radius, scene.box)


def _surface(scene: VoxelScene, voxel: Vector3, brush: Brush) -> VoxelMask:
    ball = _volume(scene, voxel, brush)
    around = ball.box.pad(brush.depth)
    solid = scene.read_padded(around, scene.space.empty) != scene.space.empty
    solid[:, :, : max(-around.lower[2], 0)] = True  # the floor is no surface; nobody sees it
    shell = solid & ndimage.binary_dilation(~solid, iterations=brush.depth)
    inner = ball.box.relative_to(around).slices
    return VoxelMask.of_array(ball.array & shell[inner], ball.box.lower)


def _column(scene: VoxelScene, voxel: Vector3, brush: Brush) -> VoxelMask:
    box, disc = _disc(scene.box, voxel, brush.radius)
    z = np.arange(box.shape[2])
    ground = _ground_tops(scene, box)
    top = voxel[2] + 1 + _HEADROOM
    inside = (z >= (ground - 1)[:, :, None]) & (z < np.maximum(top, ground)[:, :, None])
    return VoxelMask.of_array(disc[:, :, None] & inside, box.lower)


def _ground_tops(scene: VoxelScene, box: Box) -> NDArray[np.int64]:
    """Count the ground voxels from the floor up, `(sx, sy)`; columns without ground take the lowest of the others."""
    ground = np.isin(scene.read(box), scene.space.ids_of("ground"))
    tops = np.cumprod(ground, axis=2, dtype=np.int64).sum(axis=2)
    highest = np.where(ground, np.arange(1, box.shape[2] + 1), 0).max(axis=2)
    tops = np.where(tops > 0, tops, highest)
    known = tops[tops > 0]
    return np.where(tops > 0, tops, known.min() if known.size else 1)


def _disc(bounds: Box, voxel: Vector3, radius: int) -> tuple[Box, NDArray[np.bool_]]:
    x, y, _ = voxel
    box = Box((x - radius, y - radius, 0), (x + radius + 1, y + radius + 1, bounds.upper[2])).clip(bounds)
    dx = np.arange(box.lower[0], box.upper[0]) - x
    dy = np.arange(box.lower[1], box.upper[1]) - y
    return box, dx[:, None] ** 2 + dy[None, :] ** 2 <= radius * radius

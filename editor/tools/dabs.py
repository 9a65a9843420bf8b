"""What one touch of a brush covers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from editor.tools.layers import columns, layers
from editor.tools.options import Brush
from editor.tools.trace import Touch
from engine.grid import Box, Vector3
from engine.mask import VoxelMask
from engine.scene import VoxelScene


def dab(scene: VoxelScene, touch: Touch, brush: Brush, sink: int = 1) -> VoxelMask:
    """Give the voxels that a brush reaches at a touch, solid or not as its mode says; columns `sink` into the ground.

    A touch outside the scene (on a proposal that reaches beyond) reaches nothing; one on the floor reaches the lowest
    voxels.
    """
    x, y, z = touch.hit.voxel
    voxel = (x, y, max(z, 0))
    if not _is_inside(scene.box, voxel):
        return VoxelMask.nothing()
    if brush.mode == "surface":
        return _surface(scene, voxel, brush)
    if brush.mode == "column":
        box, print_ = _footprint(scene.box, voxel, brush)
        return columns(scene, print_, np.full(print_.shape, z), box, sink)
    return tip(scene.box, voxel, brush) if brush.mode == "volume" else _through(scene.box, voxel, touch.way, brush)


def erasing_dab(scene: VoxelScene, touch: Touch, brush: Brush) -> VoxelMask:
    """Give the voxels that a mask eraser takes away: like `dab`, but with air, and columns from floor to top."""
    x, y, z = touch.hit.voxel
    voxel = (x, y, max(z, 0))
    if not _is_inside(scene.box, voxel):
        return VoxelMask.nothing()
    if brush.mode == "through":
        return _through(scene.box, voxel, touch.way, brush)
    if brush.mode != "column":
        return tip(scene.box, voxel, brush)
    box, print_ = _footprint(scene.box, voxel, brush)
    return VoxelMask.of_array(np.broadcast_to(print_[:, :, None], box.shape), box.lower)


def adding_dab(scene: VoxelScene, touch: Touch, brush: Brush) -> VoxelMask:
    """Give the voxels that a brush fills: its tip stands in front of the face that was hit.

    `surface` lays `depth` layers on what is there, `column` fills up from the ground, `through` goes on behind.
    """
    x, y, z = (a + b for a, b in zip(touch.hit.voxel, touch.hit.normal, strict=True))
    voxel = (x, y, z)
    if not _is_inside(scene.box, voxel):
        return VoxelMask.nothing()
    if brush.mode == "surface":
        return _skin(scene, voxel, brush)
    if brush.mode == "column":
        box, print_ = _footprint(scene.box, voxel, brush)
        filled = print_[:, :, None] & (np.arange(box.shape[2]) <= z)
        return VoxelMask.of_array(filled, box.lower)
    return tip(scene.box, voxel, brush) if brush.mode == "volume" else _through(scene.box, voxel, touch.way, brush)


def tip(bounds: Box, voxel: Vector3, brush: Brush) -> VoxelMask:
    """Give the ball or cube round a voxel; radius 0 is the voxel alone."""
    x, y, z = voxel
    if brush.tip == "ball":
        return VoxelMask.of_ball((x + 0.5, y + 0.5, z + 0.5), brush.radius, bounds)
    return VoxelMask.of_box(Box(voxel, (x + 1, y + 1, z + 1)).pad(brush.radius).clip(bounds))


def _is_inside(bounds: Box, voxel: Vector3) -> bool:
    return bounds.contains(Box(voxel, (voxel[0] + 1, voxel[1] + 1, voxel[2] + 1)))


def _surface(scene: VoxelScene, voxel: Vector3, brush: Brush) -> VoxelMask:
    return layers(scene, tip(scene.box, voxel, brush), brush.depth)


def _skin(scene: VoxelScene, voxel: Vector3, brush: Brush) -> VoxelMask:
    from scipy import ndimage  # late: a start of the editor needs none of it

    reach = tip(scene.box, voxel, brush)
    around = reach.box.pad(brush.depth)
    solid = scene.read_padded(around, scene.space.empty) != scene.space.empty
    solid[:, :, : max(-around.lower[2], 0)] = True
    near = ndimage.binary_dilation(solid, iterations=brush.depth) & ~solid
    return VoxelMask.of_array(reach.array & near[reach.box.relative_to(around).slices], reach.box.lower)


def _through(bounds: Box, voxel: Vector3, way: tuple[float, float, float], brush: Brush) -> VoxelMask:
    """Give the cylinder along `way` from just before a voxel to where all of it has left the bounds."""
    start, unit = np.asarray(voxel) + 0.5, np.asarray(way)
    walls = np.where(unit > 0, np.asarray(bounds.upper), np.asarray(bounds.lower))
    speed = np.maximum(np.abs(unit), 1e-3)
    reach = float((np.abs(walls - start) / speed + brush.radius / speed).min())
    ends = np.floor(np.stack([start, start + unit * reach])).astype(np.int64)
    box = Box.around(ends).pad(brush.radius + 1).clip(bounds)
    axes = [np.arange(a, b) + 0.5 - s for a, b, s in zip(box.lower, box.upper, start, strict=True)]
    dx, dy, dz = np.meshgrid(*axes, indexing="ij", sparse=True)
    along = dx * unit[0] + dy * unit[1] + dz * unit[2]
    aside = dx * dx + dy * dy + dz * dz - along * along
    reached = (aside <= max(brush.radius, 0.5) ** 2 + 1e-9) & (along >= -brush.radius - 0.5)
    return VoxelMask.of_array(reached, box.lower)


def _footprint(bounds: Box, voxel: Vector3, brush: Brush) -> tuple[Box, NDArray[np.bool_]]:
    """Give the columns under the tip: a box from floor to top, and which columns of it, `(sx, sy)`."""
    x, y, _ = voxel
    r = brush.radius
    box = Box((x - r, y - r, 0), (x + r + 1, y + r + 1, bounds.upper[2])).clip(bounds)
    dx = np.arange(box.lower[0], box.upper[0]) - x
    dy = np.arange(box.lower[1], box.upper[1]) - y
    return box, (dx[:, None] ** 2 + dy[None, :] ** 2 <= r * r) | (brush.tip == "cube")

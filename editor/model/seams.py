"""Where what was added meets what was there."""

from __future__ import annotations

from engine.grid import Box
from engine.mask import VoxelMask
from engine.scene import VoxelScene


def seam_of(scene: VoxelScene, box: Box, voxels: int) -> VoxelMask:
    """Mask a band on both sides of a box's upright faces, where there is anything on either side."""
    band = VoxelMask.nothing()
    for axis in (0, 1):
        for place in (box.lower[axis], box.upper[axis]):
            sides = [_strip(box, axis, place - voxels, place), _strip(box, axis, place, place + voxels)]
            inside = [s.clip(scene.box) for s in sides]
            if all(not s.is_empty and (scene.read(s) != scene.space.empty).any() for s in inside):
                band = band.union(VoxelMask.of_box(inside[0].union(inside[1])))
    return band


def _strip(box: Box, axis: int, start: int, stop: int) -> Box:
    lower, upper = list(box.lower), list(box.upper)
    lower[axis], upper[axis] = start, stop
    return Box((lower[0], lower[1], lower[2]), (upper[0], upper[1], upper[2]))

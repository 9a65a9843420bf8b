"""Extrude: pull a flat patch of one class out of the scene, or push it in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from editor.model.drawing import Drawing
from editor.model.pointer import Pointer
from editor.tools.gesture import Gesture, Mark, ToolContext
from editor.tools.options import Family
from editor.tools.pick import pick_class
from engine.geometry.rays import Hit
from engine.grid import Box
from engine.mask import VoxelMask
from engine.scene import VoxelScene


@dataclass(frozen=True)
class ExtrudeTool:
    """Moves the face under the pointer along its normal while the button is down; Alt picks the class instead.

    Pulling fills empty voxels with the patch's own class, pushing empties voxels of that class.
    """

    family: ClassVar[Family] = "voxel"
    mark: ClassVar[Mark] = "voxel"

    def begin(self, context: ToolContext, press: Pointer) -> Gesture:
        return pick_class(context, press) if "alt" in press.modifiers else _drag(context, press)


def _drag(context: ToolContext, press: Pointer) -> Gesture:
    document, hit = context.document, press.hit
    patch = VoxelMask.nothing() if hit is None else face_patch(document.scene, hit, context.options.limit)
    drawing = context.draw()
    pointer = press
    try:
        while pointer.kind != "release":
            pointer = yield
            if hit is not None and not patch.is_empty:
                _show(drawing, patch, hit, _steps(hit, pointer))
        if document.drawing is drawing:
            document.keep_drawing("Extrude")
    finally:
        if document.drawing is drawing:
            document.end_drawing()


def face_patch(scene: VoxelScene, hit: Hit, limit: int = 0) -> VoxelMask:
    """Give the flat, connected patch of one class round a face: voxels of the hit's layer with air before them.

    Parameters
    ----------
    limit
        Voxels from the hit that the patch may go; 0 is as far as the scene.
    """
    from scipy import ndimage  # late: a start of the editor needs none of it

    axis = next((i for i in range(3) if hit.normal[i]), None)
    x, y, z = hit.voxel
    if axis is None or not scene.box.contains(Box(hit.voxel, (x + 1, y + 1, z + 1))):
        return VoxelMask.nothing()
    lower, upper = list(scene.box.lower), list(scene.box.upper)
    lower[axis], upper[axis] = hit.voxel[axis], hit.voxel[axis] + 1
    layer = Box((lower[0], lower[1], lower[2]), (upper[0], upper[1], upper[2]))
    if limit:
        layer = layer.clip(Box(hit.voxel, (x + 1, y + 1, z + 1)).pad(limit))
    place = tuple(np.subtract(hit.voxel, layer.lower))
    labels = scene.read(layer)
    bare = scene.read_padded(layer.shift(hit.normal), scene.space.empty) == scene.space.empty
    parts, _ = ndimage.label((labels == labels[place]) & bare)
    return VoxelMask.of_array((parts == parts[place]) & (parts > 0), layer.lower)


def _show(drawing: Drawing, patch: VoxelMask, hit: Hit, steps: int) -> None:
    scene, normal = drawing.before, np.asarray(hit.normal)
    x, y, z = hit.voxel
    label = int(scene.read(Box(hit.voxel, (x + 1, y + 1, z + 1))).item())
    pulled = [patch.shift(normal * k) for k in range(1, steps + 1)]
    pushed = [patch.shift(normal * k) for k in range(steps + 1, 1)]
    swept = VoxelMask.nothing()
    for layer in pulled or pushed:
        swept = swept.union(layer)
    swept = swept.clip(scene.box)
    old, new = (scene.space.empty, label) if steps > 0 else (label, scene.space.empty)
    drawing.replace(VoxelMask.of_array(swept.array & (scene.read(swept.box) == old), swept.box.lower), new)


def _steps(hit: Hit, pointer: Pointer) -> int:
    """Count the voxels along the face's normal to where the pointer's ray passes closest to it."""
    axis = np.asarray(hit.normal, dtype=np.float64)
    origin, way = np.asarray(pointer.ray_origin), np.asarray(pointer.ray_direction)
    normal = np.cross(axis, np.cross(way, axis))
    facing = float(way @ normal)
    if abs(facing) < 1e-9:
        return 0
    start = np.asarray(hit.point)
    t = float((start - origin) @ normal) / facing
    return round(float((origin + way * t - start) @ axis))

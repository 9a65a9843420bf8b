"""Lasso: draw an outline in the picture, mask what lies in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from editor.model.pointer import Pointer
from editor.tools.gesture import Gesture, Mark, Position, Positions, Sight, ToolContext
from editor.tools.layers import columns, layers
from editor.tools.options import Brush, Family, Outline
from editor.tools.pick import pick_class
from engine.geometry.camera import box_corners
from engine.geometry.rays import cast
from engine.grid import Box
from engine.mask import VoxelMask
from engine.scene import VoxelScene

_MAX_RAYS = 120_000
_TILE = 64  # columns along x and y that are projected at a time


@dataclass(frozen=True)
class LassoTool:
    """Adds what lies in an outline to the mask; Ctrl takes it away, Shift draws straight sides, Alt picks the class.

    `surface` takes what is visible down to `depth` layers, `volume` everything between the nearest and the farthest
    visible voxel, `column` what is visible and all below it to the ground, `through` everything behind the outline.
    """

    family: ClassVar[Family] = "mask"
    mark: ClassVar[Mark] = "none"

    def begin(self, context: ToolContext, press: Pointer) -> Gesture:
        return pick_class(context, press) if "alt" in press.modifiers else _draw(context, press)


def _draw(context: ToolContext, press: Pointer) -> Gesture:
    document, takes_away = context.document, "ctrl" in press.modifiers
    corners: list[Position] = [press.position]
    last, pointer = press, press
    try:
        while pointer.kind != "release":
            last, pointer = pointer, (yield)
            corners = _extended(corners, last, pointer, context.options.outline)
            context.outlined.emit(_closed(corners, context.options.outline))
        outline, bounds = _closed(corners, context.options.outline), document.section.box or document.scene.box
        inside = document.seen_in(outlined(document.scene, context.sight, outline, context.brush, bounds))
        if takes_away:
            document.set_mask("Erase lasso", document.mask.subtract(inside))
        else:
            document.set_mask("Lasso", document.mask.union(inside))
    finally:
        context.outlined.emit(())


def outlined(scene: VoxelScene, sight: Sight, outline: Positions, brush: Brush, bounds: Box) -> VoxelMask:
    """Give the voxels in an outline of the picture, in logical pixels, by the brush's depth mode.

    `bounds` is the box of voxels that are shown at all.
    """
    if len(outline) < 3:
        return VoxelMask.nothing()
    area = _Area(outline)
    if brush.mode == "through":
        return _behind(sight, area, bounds)
    seen = _visible(scene, sight, area, bounds)
    if seen.is_empty or brush.mode == "volume":
        return _behind(sight, area, seen.box)
    if brush.mode == "surface":
        return _deepened(scene, seen, brush.depth)
    return _columns_under(scene, seen)


class _Area:
    """The inside of an outline as a picture of bools, for quick questions."""

    def __init__(self, outline: Positions) -> None:
        from PIL import Image, ImageDraw

        points = np.asarray(outline)
        self.lower = np.floor(points.min(axis=0)).astype(np.int64)
        width, height = (np.ceil(points.max(axis=0)).astype(np.int64) - self.lower + 1).tolist()
        picture = Image.new("1", (width, height))
        ImageDraw.Draw(picture).polygon([tuple(p) for p in (points - self.lower).tolist()], fill=1, outline=1)
        self.inside: NDArray[np.bool_] = np.asarray(picture, dtype=np.bool_).T

    def holds(self, places: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Tell which of `places (N, 2)` lie inside."""
        pixel = np.floor(places - self.lower).astype(np.int64)
        within = ((pixel >= 0) & (pixel < self.inside.shape)).all(axis=1)
        out = np.zeros(len(places), dtype=np.bool_)
        out[within] = self.inside[tuple(pixel[within].T)]
        return out

    def pixels(self) -> NDArray[np.float64]:
        """List middles of pixels inside, `(N, 2)`, evenly thinned where there are very many."""
        every = int(np.ceil(np.sqrt(self.inside.sum() / _MAX_RAYS))) or 1
        thinned = np.argwhere(self.inside[::every, ::every]).astype(np.float64)
        return np.asarray(thinned * every + self.lower + 0.5)


def _extended(corners: list[Position], last: Pointer, pointer: Pointer, outline: Outline) -> list[Position]:
    if outline == "rectangle":
        return [corners[0], pointer.position]
    if "shift" in last.modifiers and "shift" in pointer.modifiers and last.kind != "press":
        return [*corners[:-1], pointer.position]
    return [*corners, pointer.position]


def _closed(corners: list[Position], outline: Outline) -> Positions:
    if outline == "rectangle" and len(corners) == 2:
        (x0, y0), (x1, y1) = corners
        return (x0, y0), (x1, y0), (x1, y1), (x0, y1)
    return tuple(corners)


def _visible(scene: VoxelScene, sight: Sight, area: _Area, bounds: Box) -> VoxelMask:
    """Mask the voxels of a box that are seen in an area when nothing lies outside of the box."""
    origins, ways = sight.rays(area.pixels())
    hits = cast(np.isin(scene.read(bounds), list(sight.sees())), origins - bounds.lower, ways)
    found = np.zeros(bounds.shape, dtype=np.bool_)
    found[tuple(hits.voxel[hits.hit].T)] = True
    return VoxelMask.of_array(found, bounds.lower)


def _behind(sight: Sight, area: _Area, bounds: Box) -> VoxelMask:
    """Mask every voxel of a box whose middle is seen in an area, whatever stands before it."""
    found = np.zeros(bounds.shape, dtype=np.bool_)
    for part in bounds.tiles((_TILE, _TILE, max(bounds.shape[2], 1))):
        if _may_meet(sight, area, part):
            middles = np.indices(part.shape).reshape(3, -1).T + (np.asarray(part.lower) + 0.5)
            seen = sight.project(middles)
            inside = area.holds(seen[:, :2]) & (seen[:, 2] > 0)
            found[part.relative_to(bounds).slices] = inside.reshape(part.shape)
    return VoxelMask.of_array(found, bounds.lower)


def _may_meet(sight: Sight, area: _Area, part: Box) -> bool:
    """Tell whether a box may be seen in an area; one that reaches behind the eye may always be."""
    corners = sight.project(box_corners(part.lower, part.upper))
    if (corners[:, 2] <= 0).any():
        return bool((corners[:, 2] > 0).any())
    low, high = corners[:, :2].min(axis=0), corners[:, :2].max(axis=0)
    return bool((low <= area.lower + area.inside.shape).all() and (high >= area.lower).all())


def _deepened(scene: VoxelScene, seen: VoxelMask, depth: int) -> VoxelMask:
    """Go on from visible voxels into what is solid below them, `depth` layers in all."""
    from scipy import ndimage  # late: a start of the editor needs none of it

    around = seen.box.pad(depth).clip(scene.box)
    near = ndimage.binary_dilation(seen.within(around), iterations=depth - 1) if depth > 1 else seen.within(around)
    deep = layers(scene, VoxelMask.of_array(near, around.lower), depth)
    return seen.union(deep)


def _columns_under(scene: VoxelScene, seen: VoxelMask) -> VoxelMask:
    box = Box((*seen.box.lower[:2], 0), (*seen.box.upper[:2], scene.box.upper[2]))
    inside = seen.within(box)
    tops = inside.shape[2] - 1 - inside[:, :, ::-1].argmax(axis=2)
    return columns(scene, np.asarray(inside.any(axis=2)), tops, box)

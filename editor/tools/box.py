"""Box mask: drag a rectangle over the ground, get everything in it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from editor.model.pointer import Pointer
from editor.tools.gesture import Gesture, Mark, ToolContext
from editor.tools.options import Brush, Family
from editor.tools.pick import pick_class
from engine.grid import Box


@dataclass(frozen=True)
class BoxTool:
    """Adds a box to the mask; Ctrl takes it away, Shift makes it square, Alt picks the class instead.

    Its faces can be moved afterwards.

    The rectangle lies on the level of the first hit. Its height comes from the brush's depth mode: `surface` takes
    the solid voxels of `depth` layers, `volume` goes as far up as the brush is wide, `column` up to the top of the
    scene, `through` from floor to top.
    """

    family: ClassVar[Family] = "mask"
    mark: ClassVar[Mark] = "voxel"

    def begin(self, context: ToolContext, press: Pointer) -> Gesture:
        return pick_class(context, press) if "alt" in press.modifiers else _drag(context, press)


def _drag(context: ToolContext, press: Pointer) -> Gesture:
    document, held, brush = context.document, context.held_box, context.brush
    base, shown = document.mask, document.mask
    takes_away = "ctrl" in press.modifiers
    drawn: Box | None = None
    pointer = press
    held.drop()
    try:
        while pointer.kind != "release":
            pointer = yield
            box = _box(context, press, pointer)
            if box is None:
                continue
            before, drawn = shown.box, box
            shown = held.draw(base, box, takes_away, brush)
            document.show_stroke(shown, before.union(base.box).union(shown.box))
        document.set_mask("Erase box" if takes_away else "Box mask", shown)
        if drawn is not None and document.mask is not base:
            held.hold(base, drawn, takes_away, brush)
    finally:
        document.end_stroke()


def _box(context: ToolContext, press: Pointer, pointer: Pointer) -> Box | None:
    """Span the box between two pointers; `None` where it holds no voxel of the scene."""
    if press.hit is None:
        return None
    x0, y0, z = press.hit.voxel
    z0 = max(z, 0)
    end = _on_level(pointer, z0 + 1.0)
    if end is None:
        return None
    x1, y1 = end
    if "shift" in pointer.modifiers:
        side = max(abs(x1 - x0), abs(y1 - y0))
        x1, y1 = x0 + int(math.copysign(side, x1 - x0)), y0 + int(math.copysign(side, y1 - y0))
    bounds = context.document.scene.box
    low, high = _levels(z0, context.brush, bounds.upper[2])
    box = Box((min(x0, x1), min(y0, y1), low), (max(x0, x1) + 1, max(y0, y1) + 1, high)).clip(bounds)
    return None if box.is_empty else box


def _on_level(pointer: Pointer, level: float) -> tuple[int, int] | None:
    """Find the column where the pointer's ray crosses a level; the hit's where it never does."""
    (ox, oy, oz), (dx, dy, dz) = pointer.ray_origin, pointer.ray_direction
    if dz != 0.0 and (level - oz) / dz > 0.0:
        t = (level - oz) / dz
        return math.floor(ox + t * dx), math.floor(oy + t * dy)
    return (pointer.hit.voxel[0], pointer.hit.voxel[1]) if pointer.hit else None


def _levels(z: int, brush: Brush, top: int) -> tuple[int, int]:
    levels = {
        "surface": (0, top),
        "volume": (z, z + 2 * max(brush.radius, 1)),
        "column": (z, top),
        "through": (0, top),
    }
    return levels[brush.mode]

"""Mask brush and mask eraser: drag over what should be made anew."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce

from editor.model.pointer import Pointer
from editor.tools.dabs import dab, erasing_dab, hits_between
from editor.tools.gesture import Gesture, ToolContext
from editor.tools.pick import pick_class
from engine.geometry.rays import Hit
from engine.mask import VoxelMask


@dataclass(frozen=True)
class BrushTool:
    """Paints the mask; Ctrl takes away, Shift draws a straight line, Alt picks the class instead.

    Parameters
    ----------
    erases
        Turns the meaning round: it takes away, and Ctrl adds.
    """

    erases: bool = False

    def begin(self, context: ToolContext, press: Pointer) -> Gesture:
        if "alt" in press.modifiers:
            return pick_class(context, press)
        return _stroke(context, press, self.erases != ("ctrl" in press.modifiers))


def _stroke(context: ToolContext, press: Pointer, erases: bool) -> Gesture:
    document = context.document
    stroke = _Stroke(context, erases)
    position, hit = press.position, press.hit
    try:
        stroke.add([hit] if hit else [])
        pointer = press
        while pointer.kind != "release":
            pointer = yield
            if "shift" in pointer.modifiers:
                stroke.restart()
                stroke.add([press.hit] if press.hit else [])
                stroke.add(stroke.between(press.position, press.hit, pointer.position))
            else:
                stroke.add(stroke.between(position, hit, pointer.position))
            position, hit = pointer.position, pointer.hit
        document.set_mask("Erase mask" if erases else "Brush mask", stroke.mask)
    finally:
        document.end_stroke()


class _Stroke:
    """The mask as it would be if the button were released now."""

    def __init__(self, context: ToolContext, erases: bool) -> None:
        self._context = context
        self._erases = erases
        self.mask = context.document.mask

    def add(self, hits: list[Hit]) -> None:
        """Touch at every hit and show what changed."""
        if not hits:
            return
        touched = reduce(VoxelMask.union, (self._dab(h) for h in hits))
        self.mask = self.mask.subtract(touched) if self._erases else self.mask.union(touched)
        self._context.document.show_stroke(self.mask, touched.box)

    def restart(self) -> None:
        """Forget all touches, as the line is drawn anew."""
        document = self._context.document
        box = self.mask.box.union(document.mask.box)
        self.mask = document.mask
        document.show_stroke(self.mask, box)

    def between(self, start: tuple[float, float], hit: Hit | None, end: tuple[float, float]) -> list[Hit]:
        return hits_between(self._context.pick, start, hit, end, max(self._context.brush.radius * 0.5, 1.0))

    def _dab(self, hit: Hit) -> VoxelMask:
        document, brush = self._context.document, self._context.brush
        if self._erases:
            return erasing_dab(document.scene, hit.voxel, brush)
        return dab(document.scene, hit.voxel, brush, document.classes.locked)

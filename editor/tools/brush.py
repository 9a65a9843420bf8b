"""Mask brush and mask eraser: drag over what should be made anew."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import ClassVar

from editor.model.pointer import Pointer
from editor.tools.dabs import dab, erasing_dab
from editor.tools.gesture import Gesture, Mark, ToolContext
from editor.tools.options import Family
from editor.tools.pick import pick_class
from editor.tools.trace import Touch, stroke
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
    family: ClassVar[Family] = "mask"
    mark: ClassVar[Mark] = "brush"

    def begin(self, context: ToolContext, press: Pointer) -> Gesture:
        if "alt" in press.modifiers:
            return pick_class(context, press)
        return stroke(context.sight, press, _MaskPaint(context, self.erases != ("ctrl" in press.modifiers)))


class _MaskPaint:
    """The mask as it would be if the button were released now."""

    def __init__(self, context: ToolContext, erases: bool) -> None:
        self._document, self._brush, self._erases = context.document, context.brush, erases
        self._mask = self._document.mask

    @property
    def gap(self) -> float:
        return max(self._brush.radius * 0.5, 1.0)

    def touch(self, touches: list[Touch]) -> None:
        if not touches:
            return
        touched = reduce(VoxelMask.union, (self._dab(t) for t in touches))
        self._mask = self._mask.subtract(touched) if self._erases else self._mask.union(touched)
        self._document.show_stroke(self._mask, touched.box)

    def restart(self) -> None:
        box = self._mask.box.union(self._document.mask.box)
        self._mask = self._document.mask
        self._document.show_stroke(self._mask, box)

    def keep(self) -> None:
        self._document.set_mask("Erase mask" if self._erases else "Brush mask", self._mask)

    def drop(self) -> None:
        self._document.end_stroke()

    def _dab(self, touch: Touch) -> VoxelMask:
        scene = self._document.scene
        if self._erases:
            return self._document.seen_in(erasing_dab(scene, touch, self._brush))
        return self._document.reachable_in(dab(scene, touch, self._brush))

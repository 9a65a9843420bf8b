"""Voxel brushes: add, remove, paint."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import Literal

import numpy as np

from editor.model.pointer import Pointer
from editor.tools.dabs import adding_dab, dab
from editor.tools.gesture import Gesture, Mark, ToolContext
from editor.tools.options import Family
from editor.tools.pick import pick_class
from editor.tools.trace import Touch, stroke
from engine.mask import VoxelMask

Deed = Literal["add", "remove", "paint"]
_OPPOSITE: dict[Deed, Deed] = {"add": "remove", "remove": "add", "paint": "remove"}


@dataclass(frozen=True)
class VoxelBrushTool:
    """Adds voxels of the chosen class, removes voxels, or gives solid ones the chosen class.

    Ctrl subtracts: adding and painting remove (and removing adds); Shift draws a straight line, Alt picks the class
    instead. The pointer meets the scene as it was at the press, so that a stroke never climbs onto itself.
    """

    deed: Deed

    @property
    def family(self) -> Family:
        return "voxel"

    @property
    def mark(self) -> Mark:
        return "outside" if self.deed == "add" else "brush"

    def begin(self, context: ToolContext, press: Pointer) -> Gesture:
        if "alt" in press.modifiers:
            return pick_class(context, press)
        deed = _OPPOSITE[self.deed] if "ctrl" in press.modifiers else self.deed
        if deed != "remove" and context.document.classes.ink == context.document.scene.space.empty:
            deed = "remove"
        return stroke(context.sight, press, _VoxelPaint(context, deed))


class _VoxelPaint:
    """The voxels as they would be if the button were released now."""

    def __init__(self, context: ToolContext, deed: Deed) -> None:
        self._document, self._brush, self._deed = context.document, context.brush, deed
        self._ink, self._empty = context.document.classes.ink, context.document.scene.space.empty
        self._drawing = context.draw()

    @property
    def gap(self) -> float:
        return max(self._brush.radius * 0.5, 1.0)

    def touch(self, touches: list[Touch]) -> None:
        if touches:
            reached = reduce(VoxelMask.union, (self._dab(t) for t in touches))
            self._drawing.put(reached, self._empty if self._deed == "remove" else self._ink)

    def restart(self) -> None:
        self._drawing.restart()

    def keep(self) -> None:
        name = self._document.classes.name_of(self._ink)
        words = {"add": f"Add {name}", "remove": "Remove voxels", "paint": f"Paint {name}"}
        if self._document.drawing is self._drawing:
            self._document.keep_drawing(words[self._deed])

    def drop(self) -> None:
        if self._document.drawing is self._drawing:
            self._document.end_drawing()

    def _dab(self, touch: Touch) -> VoxelMask:
        scene = self._drawing.before
        adds = self._deed == "add"
        reached = adding_dab(scene, touch, self._brush) if adds else dab(scene, touch, self._brush, sink=0)
        if reached.is_empty:
            return reached
        solid = scene.read(reached.box) != self._empty
        wanted = ~solid if adds else solid
        return VoxelMask.of_array(np.logical_and(reached.array, wanted), reached.box.lower)

"""Stamp: put down what was copied, again and again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from editor.model.clipboard import Clip
from editor.model.drawing import Drawing
from editor.model.pointer import Pointer
from editor.tools.gesture import Gesture, Mark, ToolContext
from editor.tools.options import Family
from editor.tools.pick import pick_class
from engine.errors import RequestError
from engine.geometry.rays import Hit
from engine.labels import LabelSpace
from engine.mask import VoxelMask


@dataclass(frozen=True)
class StampTool:
    """Shows the clip under the pointer and puts it down on release; Ctrl takes its shape away, Alt picks the class.

    The middle of the clip's floor stands before the face that was hit, higher or lower by the chosen lift.
    """

    family: ClassVar[Family] = "voxel"
    mark: ClassVar[Mark] = "none"

    def hover(self, context: ToolContext, hit: Hit | None) -> None:
        """Show the clip where a press would put it."""
        document, clip = context.document, context.clipboard.clip
        if hit is None or clip is None or clip.space != document.scene.space:
            document.end_drawing()
        else:
            _show(context, document.drawing or context.draw(), clip, hit)

    def begin(self, context: ToolContext, press: Pointer) -> Gesture:
        return pick_class(context, press) if "alt" in press.modifiers else _place(context, press)


def _place(context: ToolContext, press: Pointer) -> Gesture:
    document = context.document
    clip = _clip(context.clipboard.clip, document.scene.space)
    takes_away = "ctrl" in press.modifiers
    drawing = context.draw()
    pointer = press
    try:
        while True:
            if pointer.hit is not None:
                _show(context, drawing, clip, pointer.hit, takes_away)
            if pointer.kind == "release":
                break
            pointer = yield
        if document.drawing is drawing:
            document.keep_drawing("Stamp out" if takes_away else "Stamp")
    finally:
        if document.drawing is drawing:
            document.end_drawing()


def _show(context: ToolContext, drawing: Drawing, clip: Clip, hit: Hit, takes_away: bool = False) -> None:
    x, y, z = (a + b for a, b in zip(hit.voxel, hit.normal, strict=True))
    box = clip.place((x, y, z + context.options.lift))
    mask = clip.mask if context.options.with_air and not takes_away else clip.solid
    drawing.replace(VoxelMask(box, mask), clip.space.empty if takes_away else clip.labels)


def _clip(clip: Clip | None, space: LabelSpace) -> Clip:
    """Check that there is something to put down, and that it is of the scene's classes."""
    if clip is None:
        raise RequestError("nothing was copied yet; mask some voxels and press Ctrl+C")
    if clip.space != space:
        raise RequestError(f"what was copied has {clip.space.name} classes, the scene has {space.name}; copy it again")
    return clip

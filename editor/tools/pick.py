"""Pick: choose the class under the pointer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from editor.model.pointer import Pointer
from editor.tools.gesture import Gesture, Mark, ToolContext
from editor.tools.options import Family
from engine.grid import Box
from engine.labels import UNKNOWN


@dataclass(frozen=True)
class PickTool:
    """Picks while the button is down."""

    mark: Mark = "voxel"
    family: ClassVar[Family] = "voxel"

    def begin(self, context: ToolContext, press: Pointer) -> Gesture:
        return pick_class(context, press)


def pick_class(context: ToolContext, press: Pointer) -> Gesture:
    """Follow the pointer and choose the class under it."""
    pointer = press
    while True:
        _choose(context, pointer)
        if pointer.kind == "release":
            return
        pointer = yield


def _choose(context: ToolContext, pointer: Pointer) -> None:
    if pointer.hit is None:
        return
    x, y, z = pointer.hit.voxel
    scene, one = context.document.scene, Box((x, y, z), (x + 1, y + 1, z + 1))
    label = int(scene.read_padded(one, UNKNOWN).item())
    if label in scene.space.solid_ids:
        context.document.classes.choose(label)
        context.picked.emit(label)

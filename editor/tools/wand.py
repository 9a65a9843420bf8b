"""Wand and fill: a click takes what is connected to the voxel under it and of the same class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from editor.model.document import Document
from editor.model.pointer import Pointer
from editor.tools.gesture import Gesture, Mark, ToolContext
from editor.tools.options import Family, ToolOptions
from editor.tools.pick import pick_class
from engine.grid import Box
from engine.mask import VoxelMask


@dataclass(frozen=True)
class WandTool:
    """Adds the piece of one class under the pointer to the mask; Ctrl takes it away, Alt picks the class instead."""

    family: ClassVar[Family] = "mask"
    mark: ClassVar[Mark] = "voxel"

    def begin(self, context: ToolContext, press: Pointer) -> Gesture:
        return pick_class(context, press) if "alt" in press.modifiers else _mask(context, press)


@dataclass(frozen=True)
class FillTool:
    """Gives the piece of one class under the pointer the chosen class; Ctrl empties it, Alt picks the class instead."""

    family: ClassVar[Family] = "voxel"
    mark: ClassVar[Mark] = "voxel"

    def begin(self, context: ToolContext, press: Pointer) -> Gesture:
        return pick_class(context, press) if "alt" in press.modifiers else _fill(context, press)


def piece(document: Document, press: Pointer, options: ToolOptions) -> VoxelMask:
    """Give the voxels of the class under the pointer: connected ones within the limit, or all there are."""
    scene = document.scene
    if press.hit is None:
        return VoxelMask.nothing()
    x, y, z = press.hit.voxel
    one = Box((x, y, z), (x + 1, y + 1, z + 1))
    if not scene.box.contains(one):
        return VoxelMask.nothing()
    if options.spread != "everywhere":
        return VoxelMask.flood(scene, (x, y, z), 26 if options.spread == "corners" else 6, options.limit)
    ball = VoxelMask.of_ball((x + 0.5, y + 0.5, z + 0.5), options.limit, scene.box)
    near = ball if options.limit else VoxelMask.of_box(scene.box)
    return VoxelMask.of_array(near.array & (scene.read(near.box) == scene.read(one).item()), near.box.lower)


def _mask(context: ToolContext, press: Pointer) -> Gesture:
    document = context.document
    found = document.seen_in(piece(document, press, context.options))
    if "ctrl" in press.modifiers:
        document.set_mask("Erase by wand", document.mask.subtract(found))
    else:
        document.set_mask("Wand", document.mask.union(found))
    yield


def _fill(context: ToolContext, press: Pointer) -> Gesture:
    document, classes = context.document, context.document.classes
    ink = document.scene.space.empty if "ctrl" in press.modifiers else classes.ink
    context.draw().put(piece(document, press, context.options), ink)
    document.keep_drawing(f"Fill with {classes.name_of(ink)}")
    yield

"""The open scene: what it holds, where it is saved, and the one way to change it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from psygnal import Signal

from editor.model.classes import ClassView
from editor.model.drawing import Drawing
from editor.model.history import History
from editor.model.section import Section
from engine.edit import Edit, MaskEdit, MetadataEdit, SavedMasksEdit
from engine.grid import Box, Grid
from engine.labels import label_space
from engine.mask import VoxelMask
from engine.scene import VoxelScene


@dataclass
class _Frame:
    """What edits change; the document lends it to nobody else."""

    scene: VoxelScene
    mask: VoxelMask


class Document:
    """A scene with its mask, its history and its file.

    Everything that shows a document listens to its signals; whoever changes it calls `do` with an edit.

    Parameters
    ----------
    scene
        What to open; an empty scene of the default size where none is given.
    """

    scene_replaced = Signal()
    """Another scene, or other bounds: show everything anew."""
    opened = Signal()
    """Another scene altogether was opened; it is shown already."""
    changed = Signal(Box)
    """Voxels of this box may look different."""
    mask_changed = Signal(Box)
    """The shown mask may look different in this box."""
    drawn = Signal(Box)
    """Unfinished voxels of this box look different; they are in `shown_scene`."""
    saved_masks_changed = Signal()
    metadata_changed = Signal(str)
    """An entry of what travels with the scene is another one."""
    history_changed = Signal()
    state_changed = Signal()
    """Path or unsaved changes differ."""
    undone = Signal(object)
    redone = Signal(object)

    def __init__(
        self, scene: VoxelScene | None = None, path: Path | None = None, history: History | None = None
    ) -> None:
        scene = scene or empty_scene()
        self._frame = _Frame(scene, VoxelMask.nothing())
        self._stroke: VoxelMask | None = None
        self._drawing: Drawing | None = None
        self.history = history or History()
        self.classes = ClassView(scene.space)
        self.section = Section(scene.box)
        self.path = path
        self._name = ""
        self._saved = self.history.state
        self.history.shortened.connect(lambda _why: self._tell_history())

    @property
    def scene(self) -> VoxelScene:
        return self._frame.scene

    @property
    def mask(self) -> VoxelMask:
        return self._frame.mask

    @property
    def shown_mask(self) -> VoxelMask:
        """The mask as it looks right now, with an unfinished stroke."""
        return self._frame.mask if self._stroke is None else self._stroke

    @property
    def shown_scene(self) -> VoxelScene:
        """The scene as it looks right now, with unfinished voxels."""
        return self._frame.scene if self._drawing is None else self._drawing.scene

    @property
    def drawing(self) -> Drawing | None:
        """Unfinished voxels, where there are any."""
        return self._drawing

    @property
    def saved_masks(self) -> Mapping[str, VoxelMask]:
        """Named masks, kept with the scene."""
        masks: Mapping[str, VoxelMask] = self.scene.metadata.get("masks", {})
        return masks

    @property
    def dirty(self) -> bool:
        """Whether voxels differ from what is saved."""
        return self.history.state is not self._saved

    @property
    def title(self) -> str:
        return self.path.name if self.path else self._name or "Untitled"

    def is_blank(self) -> bool:
        """Tell whether there is no voxel that anyone could lose."""
        return not bool((self.scene.read() != self.scene.space.empty).any())

    def replace(
        self, scene: VoxelScene, path: Path | None = None, name: str = "", unsaved_mask: VoxelMask | None = None
    ) -> None:
        """Open another scene; history and mask start over.

        `path` is where saving goes to; `name` is shown as long as there is none. Where unsaved work comes back, it
        brings the mask that was in hand, and counts as changed.
        """
        self.end_drawing()
        self._frame = _Frame(scene, unsaved_mask or VoxelMask.nothing())
        self._stroke = None
        self.history.clear()
        self.path, self._name = path, name
        self._saved = self.history.state if unsaved_mask is None else object()
        self.classes.use_space(scene.space)
        self.section.use_bounds(scene.box)
        self.scene_replaced.emit()
        self.opened.emit()
        self._tell_history()

    def do(self, edit: Edit) -> None:
        """Change the document; one call is one undo step."""
        self._stroke = None
        self.end_drawing()
        self._run(edit, forward=True)
        self.history.push(edit)
        self._tell_history()

    def undo(self) -> None:
        """Take the last edit back."""
        self.end_drawing()
        edit = self.history.step_back()
        if edit is not None:
            self._run(edit, forward=False)
            self._tell_history()
            self.undone.emit(edit)

    def redo(self) -> None:
        """Make the last undone edit again."""
        self.end_drawing()
        edit = self.history.step_forward()
        if edit is not None:
            self._run(edit, forward=True)
            self._tell_history()
            self.redone.emit(edit)

    def set_mask(self, name: str, mask: VoxelMask) -> None:
        """Replace the mask as one undo step; nothing happens where it stays the same.

        Voxels of locked classes are never masked anew.
        """
        mask = mask.clip(self.scene.box)
        if self.classes.locked:
            mask = mask.subtract(self.locked_in(mask.subtract(self.mask)))
        if mask.equals(self.mask):
            self.end_stroke()
        else:
            self.do(MaskEdit(name, self.mask, mask))

    def locked_in(self, mask: VoxelMask) -> VoxelMask:
        """Give those voxels of a mask whose class is locked."""
        if not self.classes.locked or mask.is_empty:
            return VoxelMask.nothing()
        locked = np.isin(self.scene.read(mask.box), list(self.classes.locked))
        return VoxelMask.of_array(mask.array & locked, mask.box.lower)

    def seen_in(self, mask: VoxelMask) -> VoxelMask:
        """Keep of a mask what is shown: what the section box holds, and no voxel of a hidden class."""
        if self.section.box is not None:
            mask = mask.clip(self.section.box)
        if not self.classes.hidden or mask.is_empty:
            return mask
        hidden = np.isin(self.scene.read_padded(mask.box, self.scene.space.empty), list(self.classes.hidden))
        return VoxelMask.of_array(mask.array & ~hidden, mask.box.lower)

    def reachable_in(self, mask: VoxelMask) -> VoxelMask:
        """Keep of a mask what a tool may touch: what is shown and not locked."""
        mask = self.seen_in(mask)
        return mask.subtract(self.locked_in(mask))

    def save_masks(self, name: str, masks: Mapping[str, VoxelMask]) -> None:
        """Replace all named masks as one undo step."""
        self.do(SavedMasksEdit(name, dict(self.saved_masks), dict(masks)))

    def draw(self, stencil: VoxelMask | None = None) -> Drawing:
        """Begin to change voxels; until the drawing is kept, nothing is recorded and it can be dropped.

        There is one drawing at a time. Locked and hidden classes, all outside of the section box and, where a stencil
        is given, all outside of it stay as they are.
        """
        self.end_drawing()
        kept, section = self.classes.locked | self.classes.hidden, self.section.box
        self._drawing = Drawing(self.scene, kept, stencil, self.drawn.emit, section)
        return self._drawing

    def keep_drawing(self, name: str) -> None:
        """Record the drawing as one undo step; one that changes nothing is dropped."""
        if self._drawing is not None:
            edit = self._drawing.edit(name)
            self.end_drawing()
            if edit.count:
                self.do(edit)

    def end_drawing(self) -> None:
        """Drop unfinished voxels and show the scene as it is."""
        drawing, self._drawing = self._drawing, None
        if drawing is not None:
            drawing.close()
            self.drawn.emit(drawing.box)

    def show_stroke(self, mask: VoxelMask, box: Box) -> None:
        """Show an unfinished mask stroke that differs from the last shown one in `box`; nothing is recorded."""
        self._stroke = mask
        self.mask_changed.emit(box.clip(self.scene.box))

    def end_stroke(self) -> None:
        """Drop an unfinished stroke and show the mask as it was."""
        if self._stroke is not None:
            box = self._stroke.box.union(self.mask.box)
            self._stroke = None
            self.mask_changed.emit(box)

    def mark_saved(self, path: Path, state: object | None = None) -> None:
        """Note that the voxels of `state` (default: the current ones) are now in a file."""
        self.path = path
        self._saved = self.history.state if state is None else state
        self.state_changed.emit()

    def _run(self, edit: Edit, forward: bool) -> None:
        scene, mask = self.scene, self.mask
        box = edit.apply(self._frame) if forward else edit.revert(self._frame)
        if self.scene is not scene:  # whoever shows it must read from the new one
            self.classes.use_space(self.scene.space)
            self.section.use_bounds(self.scene.box)
            self.scene_replaced.emit()
            return
        if isinstance(edit, SavedMasksEdit):
            self.saved_masks_changed.emit()
        if isinstance(edit, MetadataEdit):
            self.metadata_changed.emit(edit.key)
        if not isinstance(edit, MaskEdit) and not box.is_empty:
            self.changed.emit(box)
        if self.mask is not mask:
            self.mask_changed.emit(mask.box.union(self.mask.box))

    def _tell_history(self) -> None:
        self.history_changed.emit()
        self.state_changed.emit()


def empty_scene(size: tuple[int, int] = (256, 256), height: int = 32, voxel_size: float = 0.2) -> VoxelScene:
    """Make a scene without a voxel in it, for a start."""
    return VoxelScene(Grid((*size, height), (voxel_size,) * 3), label_space())

"""The open scene: what it holds, where it is saved, and the one way to change it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from psygnal import Signal

from editor.model.classes import ClassView
from editor.model.history import History
from engine.edit import Edit, MaskEdit
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
    changed = Signal(Box)
    """Voxels of this box may look different."""
    mask_changed = Signal(Box)
    """The shown mask may look different in this box."""
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
        self.history = history or History()
        self.classes = ClassView(scene.space)
        self.path = path
        self._name = ""
        self._saved = self.history.state

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
    def dirty(self) -> bool:
        """Whether voxels differ from what is saved."""
        return self.history.state is not self._saved

    @property
    def title(self) -> str:
        return self.path.name if self.path else self._name or "Untitled"

    def is_blank(self) -> bool:
        """Tell whether there is no voxel that anyone could lose."""
        return not bool((self.scene.read() != self.scene.space.empty).any())

    def replace(self, scene: VoxelScene, path: Path | None = None, name: str = "") -> None:
        """Open another scene; history and mask start over.

        `path` is where saving goes to; `name` is shown as long as there is none.
        """
        self._frame = _Frame(scene, VoxelMask.nothing())
        self._stroke = None
        self.history.clear()
        self.path, self._name, self._saved = path, name, self.history.state
        self.classes.use_space(scene.space)
        self.scene_replaced.emit()
        self._tell_history()

    def do(self, edit: Edit) -> None:
        """Change the document; one call is one undo step."""
        self._stroke = None
        self._run(edit, forward=True)
        self.history.push(edit)
        self._tell_history()

    def undo(self) -> None:
        """Take the last edit back."""
        edit = self.history.step_back()
        if edit is not None:
            self._run(edit, forward=False)
            self._tell_history()
            self.undone.emit(edit)

    def redo(self) -> None:
        """Make the last undone edit again."""
        edit = self.history.step_forward()
        if edit is not None:
            self._run(edit, forward=True)
            self._tell_history()
            self.redone.emit(edit)

    def set_mask(self, name: str, mask: VoxelMask) -> None:
        """Replace the mask as one undo step; nothing happens where it stays the same."""
        mask = mask.clip(self.scene.box)
        if mask.equals(self.mask):
            self.end_stroke()
        else:
            self.do(MaskEdit(name, self.mask, mask))

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
            self.scene_replaced.emit()
            return
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

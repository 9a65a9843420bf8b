"""What one can do with masked voxels as a whole: fill, erase, copy, cut, replace a class; one undo step each."""

from __future__ import annotations

import numpy as np

from editor.model.clipboard import Clip, Clipboard
from editor.model.document import Document
from engine.errors import RequestError
from engine.mask import VoxelMask


class Voxels:
    """Changes the voxels of a document where they are masked; locked classes stay as they are."""

    def __init__(self, document: Document, clipboard: Clipboard) -> None:
        self._document, self._clipboard = document, clipboard

    def fill(self) -> None:
        """Give all masked voxels the class that voxel tools write; raises `RequestError` where nothing is masked."""
        classes = self._document.classes
        self._write(f"Fill with {classes.name_of(classes.ink)}", self._masked("fill"), classes.ink)

    def erase(self) -> None:
        """Empty all masked voxels; raises `RequestError` where nothing is masked."""
        self._write("Erase voxels", self._masked("erase"), self._document.scene.space.empty)

    def copy(self) -> None:
        """Take the masked voxels to the clipboard; raises `RequestError` where nothing is masked."""
        self._clipboard.clip = Clip.of(self._document.scene, self._masked("copy"))

    def cut(self) -> None:
        """Take the masked voxels to the clipboard and empty them."""
        self.copy()
        self._write("Cut voxels", self._document.mask, self._document.scene.space.empty)

    def replace(self, old: int, new: int) -> int:
        """Turn one class into another within the mask, in the whole scene where nothing is masked; gives the count.

        Raises `RequestError` where the old class is locked or nowhere to be found.
        """
        document, name = self._document, self._document.classes.name_of(old)
        if old in document.classes.locked:
            raise RequestError(f"class '{name}' is locked; unlock it to replace it")
        within = VoxelMask.of_box(document.scene.box) if document.mask.is_empty else document.mask
        found = within.array & (document.scene.read(within.box) == old)
        count = int(np.count_nonzero(found))
        if not count:
            place = "scene" if document.mask.is_empty else "mask"
            raise RequestError(f"there is no '{name}' in the {place}; choose another class or another mask")
        title = f"Replace {name} by {document.classes.name_of(new)}"
        self._write(title, VoxelMask.of_array(found, within.box.lower), new)
        return count

    def _masked(self, what: str) -> VoxelMask:
        if self._document.mask.is_empty:
            raise RequestError(f"nothing is masked; mask the voxels to {what} first")
        return self._document.mask

    def _write(self, name: str, mask: VoxelMask, label: int) -> None:
        self._document.draw().put(mask, label)
        self._document.keep_drawing(name)

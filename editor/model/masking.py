"""What one can do with the mask as a whole: one short method each, one undo step each."""

from __future__ import annotations

from typing import Literal

import numpy as np

from editor.model.document import Document
from engine.errors import RequestError
from engine.mask import VoxelMask

Joining = Literal["replace", "add", "subtract"]
"""How a saved mask comes back: instead of the present one, added to it, or taken away from it."""


class Masking:
    """Changes the mask of a document and keeps named ones with the scene."""

    def __init__(self, document: Document) -> None:
        self._document = document

    def invert(self) -> None:
        """Mask what is not masked."""
        self._set("Invert mask", self._document.mask.invert(self._document.scene.box))

    def clear(self) -> None:
        """Mask nothing."""
        self._set("Clear mask", VoxelMask.nothing())

    def grow(self, voxels: int = 1) -> None:
        """Add layers all round."""
        self._set("Grow mask", self._document.mask.grow(voxels, self._document.scene.box))

    def shrink(self, voxels: int = 1) -> None:
        """Take layers away all round."""
        self._set("Shrink mask", self._document.mask.shrink(voxels, self._document.scene.box))

    def feather(self, voxels: int = 2) -> None:
        """Fray the border over a band, so that what is made anew meets what stays along no straight line."""
        self._set("Feather mask", self._document.mask.feather(voxels, self._document.scene.box))

    def from_class(self) -> None:
        """Add all voxels of the chosen class; raises `RequestError` where it is locked."""
        classes = self._document.classes
        name = classes.name_of(classes.chosen)
        if classes.chosen in classes.locked:
            raise RequestError(f"class '{name}' is locked; unlock it to mask it")
        self._set(f"Mask {name}", self._document.mask.union(self._of({classes.chosen})))

    def from_visible(self) -> None:
        """Mask all solid voxels that are shown: of visible classes, and inside of the section box while it is on."""
        self._set("Mask visible classes", self._document.seen_in(self._of(self._document.classes.visible)))

    def save(self, name: str = "") -> str:
        """Keep the mask under a name, by default the next free `Mask 1`, `Mask 2`; one of that name is replaced.

        Raises `RequestError` where nothing is masked.
        """
        document = self._document
        if document.mask.is_empty:
            raise RequestError("nothing is masked; paint a mask before saving one")
        name = name.strip() or self._free_name()
        document.save_masks(f"Save mask {name}", {**document.saved_masks, name: document.mask})
        return name

    def restore(self, name: str, joining: Joining = "replace") -> None:
        """Bring a saved mask back; raises `RequestError` where there is none of that name."""
        present, saved = self._document.mask, self._find(name)
        joined = {"replace": saved, "add": present.union(saved), "subtract": present.subtract(saved)}
        self._set(f"{joining.capitalize()} mask {name}", joined[joining])

    def rename(self, name: str, new: str) -> None:
        """Give a saved mask another name and leave it in its place; raises `RequestError` where the name is taken."""
        self._find(name)
        new, masks = new.strip(), self._document.saved_masks
        if new == name or not new:
            return
        if new in masks:
            raise RequestError(f"there is a mask '{new}' already; choose another name")
        renamed = {new if n == name else n: m for n, m in masks.items()}
        self._document.save_masks(f"Rename mask {name}", renamed)

    def forget(self, name: str) -> None:
        """Remove a saved mask; raises `RequestError` where there is none of that name."""
        self._find(name)
        rest = {n: m for n, m in self._document.saved_masks.items() if n != name}
        self._document.save_masks(f"Delete mask {name}", rest)

    def _set(self, name: str, mask: VoxelMask) -> None:
        self._document.set_mask(name, mask)

    def _of(self, classes: set[int] | frozenset[int]) -> VoxelMask:
        scene = self._document.scene
        return VoxelMask.of_array(np.isin(scene.read(), list(classes)))

    def _find(self, name: str) -> VoxelMask:
        masks = self._document.saved_masks
        if name not in masks:
            raise RequestError(f"no saved mask '{name}'; there are: {', '.join(masks) or 'none yet'}")
        return masks[name]

    def _free_name(self) -> str:
        taken = self._document.saved_masks
        return next(name for n in range(1, len(taken) + 2) if (name := f"Mask {n}") not in taken)

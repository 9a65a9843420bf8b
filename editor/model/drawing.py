"""Voxels in the making: what a stroke of a voxel tool has changed so far, before it becomes an edit."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from engine.edit import VoxelEdit
from engine.grid import Box
from engine.mask import VoxelMask
from engine.scene import Labels, VoxelScene

_NOTHING = Box((0, 0, 0), (0, 0, 0))


class Drawing:
    """A copy of the scene that shares all chunks it does not change.

    Parameters
    ----------
    kept
        Classes whose voxels stay as they are.
    stencil
        Where voxels may change; everywhere without one.
    tell
        Called with every box that looks different.
    section
        Box outside of which nothing changes; the whole scene without one.

    Attributes
    ----------
    before, scene
        The scene as it is, and as it would be.
    box
        Holds all voxels touched so far.
    """

    def __init__(
        self,
        scene: VoxelScene,
        kept: frozenset[int],
        stencil: VoxelMask | None,
        tell: Callable[[Box], None],
        section: Box | None = None,
    ) -> None:
        self.before, self.scene, self.box = scene, scene.snapshot(), _NOTHING
        self._kept, self._stencil, self._tell = kept, stencil, tell
        self._bounds = section or scene.box
        self._is_over = False

    def put(self, mask: VoxelMask, labels: Labels | int) -> None:
        """Write one label, or `labels` that fill the mask's box, where voxels are masked and may change.

        What belongs to no scene any more, because the drawing is over, is not written.
        """
        part = self._write(mask, labels)
        if not part.is_empty:
            self._tell(part)

    def replace(self, mask: VoxelMask, labels: Labels | int) -> None:
        """Start over with these voxels alone, and tell about both at once."""
        old = self._restore()
        part = old.union(self._write(mask, labels))
        if not part.is_empty:
            self._tell(part)

    def restart(self) -> None:
        """Forget all that was written."""
        self.replace(VoxelMask.nothing(), 0)

    def edit(self, name: str) -> VoxelEdit:
        """Give the one edit that makes all these changes."""
        if self.box.is_empty:
            empty = np.zeros(0, dtype=np.uint8)
            return VoxelEdit(name, _NOTHING, np.zeros((0, 0, 0), dtype=np.bool_), empty, empty)
        return VoxelEdit.between(name, self.before, self.box, self.scene.read(self.box))

    def close(self) -> None:
        """Take no more voxels."""
        self._is_over = True

    def _write(self, mask: VoxelMask, labels: Labels | int) -> Box:
        box = mask.box.clip(self._bounds)
        if self._is_over or box.is_empty:
            return _NOTHING
        values = np.broadcast_to(np.asarray(labels, dtype=np.uint8), mask.box.shape)
        self.scene.write(box, values[box.relative_to(mask.box).slices], self._allowed(mask, box))
        self.box = self.box.union(box)
        return box

    def _allowed(self, mask: VoxelMask, box: Box) -> NDArray[np.bool_]:
        allowed = mask.within(box)
        if self._kept:
            allowed &= ~np.isin(self.before.read(box), list(self._kept))
        return allowed if self._stencil is None else allowed & self._stencil.within(box)

    def _restore(self) -> Box:
        old = self.box
        if not self._is_over and not old.is_empty:
            self.scene.write(old, self.before.read(old))
            self.box = _NOTHING
        return old

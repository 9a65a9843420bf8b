"""Voxels that were copied, and how they are turned before they are put down again."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from engine.grid import Box, Vector3
from engine.labels import LabelSpace
from engine.mask import VoxelMask
from engine.scene import Labels, VoxelScene


@dataclass(frozen=True, eq=False)
class Clip:
    """A piece of a scene.

    Attributes
    ----------
    labels
        `(sx, sy, sz) uint8`.
    mask
        `(sx, sy, sz) bool`, which of them were copied.
    space
        Classes of the labels.
    """

    labels: Labels
    mask: NDArray[np.bool_]
    space: LabelSpace

    @classmethod
    def of(cls, scene: VoxelScene, mask: VoxelMask) -> Clip:
        """Copy the masked voxels of a scene."""
        return cls(scene.read(mask.box), mask.array, scene.space)

    @property
    def shape(self) -> Vector3:
        x, y, z = self.labels.shape
        return x, y, z

    @property
    def solid(self) -> NDArray[np.bool_]:
        """Which copied voxels are not empty."""
        solid: NDArray[np.bool_] = self.mask & (self.labels != self.space.empty)
        return solid

    def turned(self, quarters: int = 1) -> Clip:
        """Turn about the upright axis by quarter turns, from x towards y."""
        return Clip(np.rot90(self.labels, quarters), np.rot90(self.mask, quarters), self.space)

    def mirrored(self, axis: int = 0) -> Clip:
        """Exchange low and high along an axis."""
        return Clip(np.flip(self.labels, axis), np.flip(self.mask, axis), self.space)

    def place(self, foot: Vector3) -> Box:
        """Give the box that the clip fills when the middle of its floor stands on a voxel."""
        x, y, _ = self.shape
        return Box.of_shape(self.shape).shift((foot[0] - x // 2, foot[1] - y // 2, foot[2]))


class Clipboard:
    """Holds the clip that the stamp puts down; empty at first."""

    changed = Signal()

    def __init__(self) -> None:
        self._clip: Clip | None = None

    @property
    def clip(self) -> Clip | None:
        return self._clip

    @clip.setter
    def clip(self, clip: Clip) -> None:
        self._clip = clip
        self.changed.emit()

    def turn(self, quarters: int) -> None:
        """Turn the clip about the upright axis by quarter turns, from x towards y."""
        if self._clip is not None:
            self.clip = self._clip.turned(quarters)

    def mirror(self, axis: int) -> None:
        """Exchange the clip's low and high along an axis."""
        if self._clip is not None:
            self.clip = self._clip.mirrored(axis)

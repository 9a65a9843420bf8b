"""Show models solid ground where a scene has a mere skin of it, as scans have, and take away again what was filled."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.geometry.underground import Skin, empty_below, fill_hollow, find_skin, thin_ground
from engine.grid import Box
from engine.labels import UNKNOWN
from engine.mask import VoxelMask
from engine.scene import VoxelScene

_SOLID = 0.5
"""Share of columns that reach the floor of a scene whose ground is solid."""


@dataclass(frozen=True, eq=False)
class Filled:
    """What of a scene was filled: `box`, which of its voxels are to be made, and how its ground was."""

    box: Box
    made: NDArray[np.bool_]
    skin: Skin

    def restore(self, scene: VoxelScene) -> None:
        """Empty what was filled, and give the ground that was made since the thickness of the ground around."""
        labels = np.where(self.skin.hollow, np.uint8(scene.space.empty), scene.read(self.box))
        labels = thin_ground(labels, self.made, self.skin, scene.space)
        scene.write(self.box, labels, self.made | self.skin.hollow)


def fill_ground(scene: VoxelScene, region: Box, mask: VoxelMask) -> Filled | None:
    """Fill what is hollow below known ground in a region of a scene, in place; `None` where its ground is solid.

    What the mask holds has no say in it, but is filled, too: a request may start from it.
    """
    box = region.clip(scene.box)
    bottom = Box(box.lower, (box.upper[0], box.upper[1], box.lower[2] + 1))
    layer = scene.read(bottom)
    layer = layer[~mask.within(bottom) & (layer != UNKNOWN)]
    if layer.size == 0 or (layer != scene.space.empty).mean() > _SOLID:
        return None
    made = mask.within(box)
    labels = scene.read(box)
    skin = find_skin(np.where(made, np.uint8(UNKNOWN), labels), scene.space)
    if skin is None:
        return None
    hollow = skin.hollow | (made & empty_below(labels, scene.space))
    scene.write(box, fill_hollow(labels, hollow, scene.space), hollow)
    return Filled(box, made, skin)

"""What the editor asks of a model before any of it is loaded, and which scenes the model takes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from engine.scene import VoxelScene
from engine.tasks.work import Sizes


class Card(Sizes, Protocol):
    """What the editor needs to know of a model (`engine.models.cards.ModelCard` has it)."""

    @property
    def name(self) -> str: ...

    @property
    def title(self) -> str: ...

    @property
    def label_space(self) -> str: ...

    @property
    def voxel_size(self) -> tuple[float, float, float]: ...

    @property
    def sha256(self) -> str: ...

    @property
    def styles(self) -> Sequence[str]: ...


def mismatch(scene: VoxelScene, card: Card) -> str:
    """Say in one line why a model cannot work on a scene; an empty string where it can."""
    x, y, z = scene.grid.shape
    if scene.space.name != card.label_space:
        return f"The scene has {scene.space.name} classes, the model needs {card.label_space}."
    if not np.allclose(scene.grid.voxel_size, card.voxel_size, rtol=1e-3):
        sizes = " × ".join(f"{s:g}" for s in scene.grid.voxel_size)
        return f"The scene has voxels of {sizes} m, the model needs {np.max(card.voxel_size):g} m."
    if z != card.height:
        return f"The scene is {z} voxels high, the model needs {card.height}."
    if x % card.cell or y % card.cell:
        return f"The scene is {x} × {y} voxels, the model needs multiples of {card.cell}."
    return ""

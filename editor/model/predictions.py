"""Scenes that a network predicted or a scanner saw: which ask to be refined, and which can be."""

from __future__ import annotations

from collections.abc import Iterator

from engine.labels import UNKNOWN
from engine.scene import Labels, VoxelScene


def looks_predicted(scene: VoxelScene) -> bool:
    """Tell whether voxels are unknown (255) in the midst of others.

    Columns that are unknown altogether do not count: those of a scene that grew tile by tile nobody has made yet.
    """
    for labels in _parts(scene):
        unknown = labels == UNKNOWN
        if unknown.any() and bool((unknown.any(axis=2) & ~unknown.all(axis=2)).any()):
            return True
    return False


def has_solid(scene: VoxelScene) -> bool:
    """Tell whether a scene has any voxel of a solid class, which refining could start from."""
    empty = scene.space.empty
    return any(bool(((labels != empty) & (labels != UNKNOWN)).any()) for labels in _parts(scene))


def _parts(scene: VoxelScene) -> Iterator[Labels]:
    """Read a scene in parts, so that an answer that comes early costs little in a large one."""
    for part in scene.box.tiles((256, 256, scene.grid.shape[2])):
        yield scene.read(part)

"""Ground that is a mere skin, as scans show it, made solid for models that learned from solid ground, and back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from engine.labels import UNKNOWN, LabelSpace
from engine.scene import Labels


@dataclass(frozen=True, eq=False)
class Skin:
    """Ground that is a mere skin.

    Attributes
    ----------
    hollow
        `(X, Y, Z) bool`, the empty voxels below all that is solid.
    floor
        `(X, Y) int64`, the lowest solid voxel of a column; where there is none, that of the nearest.
    depth
        Voxels that the ground is thick, the median of its columns.
    """

    hollow: NDArray[np.bool_]
    floor: NDArray[np.int64]
    depth: int


def find_skin(labels: Labels, space: LabelSpace) -> Skin | None:
    """Tell how hollow the ground of `labels (X, Y, Z) uint8` is; `None` where it is solid, or there is none."""
    hollow, ground = find_hollow(labels, space), np.isin(labels, space.ids_of("ground"))
    columns = ground.any(axis=2)
    if hollow is None or not columns.any():
        return None
    solid = _is_solid(labels, space)
    bare: NDArray[np.bool_] = np.logical_not(solid.any(axis=2))
    nearest = ndimage.distance_transform_edt(bare, return_distances=False, return_indices=True)
    return Skin(hollow, solid.argmax(axis=2)[tuple(nearest)], int(np.median(ground.sum(axis=2)[columns])))


def thin_ground(labels: Labels, made: NDArray[np.bool_], skin: Skin, space: LabelSpace) -> Labels:
    """Leave a skin of ground that was `made (X, Y, Z)` solid, and nothing of other things under the ground around.

    What nothing lies above stays. A new array.
    """
    ground, height = np.isin(labels, space.ids_of("ground")), np.arange(labels.shape[2])
    top = labels.shape[2] - 1 - ground[:, :, ::-1].argmax(axis=2)
    lowest = np.where(ground.any(axis=2), top - skin.depth + 1, skin.floor)
    return empty_hollow(labels, made & (height < lowest[:, :, None]), space)


def find_hollow(labels: Labels, space: LabelSpace) -> NDArray[np.bool_] | None:
    """Mark the empty voxels below all that is solid, `(X, Y, Z) bool`; `None` where most columns reach the floor.

    `labels` are `(X, Y, Z) uint8`; columns with nothing solid in them have nothing below it.
    """
    solid = _is_solid(labels, space)
    filled = solid.any(axis=2)
    if not filled.any() or (labels[filled][:, 0] != space.empty).mean() > 0.5:
        return None
    return empty_below(labels, space)


def empty_below(labels: Labels, space: LabelSpace) -> NDArray[np.bool_]:
    """Mark the empty voxels below all that is solid, `(X, Y, Z) bool`, however many there are."""
    solid = _is_solid(labels, space)
    lowest = np.where(solid.any(axis=2), solid.argmax(axis=2), 0)
    below: NDArray[np.bool_] = (np.arange(labels.shape[2]) < lowest[:, :, None]) & (labels == space.empty)
    return below


def fill_hollow(labels: Labels, hollow: NDArray[np.bool_], space: LabelSpace) -> Labels:
    """Fill what is hollow with the ground above it, or with the nearest ground where something else is; a new array."""
    is_ground = np.isin(labels, space.ids_of("ground"))
    columns = is_ground.any(axis=2)
    if not columns.any():
        return labels.copy()
    apart: NDArray[np.bool_] = np.logical_not(columns)
    nearest = ndimage.distance_transform_edt(apart, return_distances=False, return_indices=True)
    ground = np.take_along_axis(labels, is_ground.argmax(axis=2)[:, :, None], axis=2)[:, :, 0]
    return np.where(hollow, ground[tuple(nearest)][:, :, None], labels).astype(np.uint8)


def empty_hollow(labels: Labels, hollow: NDArray[np.bool_], space: LabelSpace) -> Labels:
    """Empty again what was hollow, except where it is the surface now, with nothing above it; a new array."""
    solid = _is_solid(labels, space)
    covered = np.zeros_like(solid)
    covered[:, :, :-1] = solid[:, :, 1:]
    return np.where(hollow & covered, np.uint8(space.empty), labels).astype(np.uint8)


def _is_solid(labels: Labels, space: LabelSpace) -> NDArray[np.bool_]:
    solid: NDArray[np.bool_] = (labels != space.empty) & (labels != UNKNOWN)
    return solid

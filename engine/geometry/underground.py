"""Ground that is a mere skin, as scans show it, made solid for models that learned from solid ground, and back."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from engine.labels import UNKNOWN, LabelSpace
from engine.scene import Labels


def find_hollow(labels: Labels, space: LabelSpace) -> NDArray[np.bool_] | None:
    """Mark the empty voxels below all that is solid, `(X, Y, Z) bool`; `None` where most columns reach the floor.

    `labels` are `(X, Y, Z) uint8`; columns with nothing solid in them have nothing below it.
    """
    solid = _is_solid(labels, space)
    filled = solid.any(axis=2)
    if not filled.any() or (labels[filled][:, 0] != space.empty).mean() > 0.5:
        return None
    lowest = np.where(filled, solid.argmax(axis=2), 0)
    hollow: NDArray[np.bool_] = (np.arange(labels.shape[2]) < lowest[:, :, None]) & (labels == space.empty)
    return hollow


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

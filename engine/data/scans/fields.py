"""Random fields in which neighbours agree, so that simulated mistakes come in patches as a network's do."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

Floats = NDArray[np.float32]


def draw_field(rng: np.random.Generator, shape: Sequence[int], patch: float) -> Floats:
    """Draw a field of standard normal values that are alike within patches of about `patch` voxels.

    Values on a lattice are blended linearly and brought back to unit variance everywhere; `float32` of `shape`, which
    may have any number of axes.
    """
    blends = [_blend(n, patch, float(rng.random())) for n in shape]
    field = rng.standard_normal([b.shape[1] for b in blends]).astype(np.float32)
    for axis in reversed(range(field.ndim)):  # the first axis last, which leaves the field contiguous
        field = np.moveaxis(np.tensordot(blends[axis], field, axes=(1, axis)), 0, axis)
    return field


def draw_shares(rng: np.random.Generator, shape: Sequence[int], patch: float) -> Floats:
    """Draw such a field with values even over 0 to 1, so that below `p` lies a share `p` of the voxels, in patches."""
    return np.asarray(ndtr(draw_field(rng, shape, patch)), dtype=np.float32)


def _blend(count: int, patch: float, offset: float) -> Floats:
    """Give the weights of the lattice in every voxel, `(count, nodes)`, each row of unit length."""
    place = np.arange(count) / patch + offset
    low = place.astype(np.intp)
    part = place - low
    weights = np.zeros((count, int(low[-1]) + 2), np.float32)
    weights[np.arange(count), low] = 1 - part
    weights[np.arange(count), low + 1] = part
    return np.asarray(weights / np.linalg.norm(weights, axis=1, keepdims=True), np.float32)

"""Random voxel masks to train on, of every kind that people and tasks will ask for.

Outpainting hides half planes, L-shapes and quadrants; inpainting hides boxes, columns and brush strokes; removal hides
what stands on the ground and leaves the ground known.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Bools = NDArray[np.bool_]
Shape = tuple[int, int, int]

KINDS = ("half", "quadrants", "columns", "box", "strokes", "above")


def draw_mask(rng: np.random.Generator, shape: Shape) -> Bools:
    """Draw one mask `(X, Y, Z) bool`, true where voxels are hidden; the kind is drawn, too."""
    mask = np.zeros(shape, dtype=np.bool_)
    _DRAW[KINDS[rng.integers(len(KINDS))]](rng, mask)
    return mask


def _half(rng: np.random.Generator, mask: Bools) -> None:
    axis = int(rng.integers(2))
    cut = int(rng.integers(mask.shape[axis] // 8, mask.shape[axis]))
    view = np.moveaxis(mask, axis, 0)
    if rng.random() < 0.5:
        view[cut:] = True
    else:
        view[: mask.shape[axis] - cut] = True


def _quadrants(rng: np.random.Generator, mask: Bools) -> None:
    cx = int(rng.integers(mask.shape[0] // 4, mask.shape[0] * 3 // 4))
    cy = int(rng.integers(mask.shape[1] // 4, mask.shape[1] * 3 // 4))
    parts = (np.s_[:cx, :cy], np.s_[cx:, :cy], np.s_[:cx, cy:], np.s_[cx:, cy:])
    for i in rng.permutation(4)[: rng.integers(1, 4)]:
        mask[parts[i]] = True


def _columns(rng: np.random.Generator, mask: Bools) -> None:
    (x0, x1), (y0, y1) = (_span(rng, n, 0.1, 0.8) for n in mask.shape[:2])
    mask[x0:x1, y0:y1] = True


def _box(rng: np.random.Generator, mask: Bools) -> None:
    for _ in range(int(rng.integers(1, 4))):
        (x0, x1), (y0, y1), (z0, z1) = (_span(rng, n, 0.1, 0.6) for n in mask.shape)
        mask[x0:x1, y0:y1, (0 if rng.random() < 0.5 else z0) : z1] = True


def _strokes(rng: np.random.Generator, mask: Bools) -> None:
    x, y, z = mask.shape
    gx, gy, gz = np.ogrid[:x, :y, :z]
    for _ in range(int(rng.integers(1, 3))):
        radius = float(rng.uniform(3, 14))
        at = np.array([rng.uniform(0, x), rng.uniform(0, y), rng.uniform(0, z / 2)])
        heading = rng.uniform(0, 2 * np.pi)
        for _ in range(int(rng.integers(1, 7))):
            mask |= (gx - at[0]) ** 2 + (gy - at[1]) ** 2 + (gz - at[2]) ** 2 <= radius * radius
            at[:2] += radius * np.array([np.cos(heading), np.sin(heading)])
            heading += rng.uniform(-0.5, 0.5)


def _above(rng: np.random.Generator, mask: Bools) -> None:
    (x0, x1), (y0, y1) = (_span(rng, n, 0.15, 0.9) for n in mask.shape[:2])
    mask[x0:x1, y0:y1, int(rng.integers(2, 9)) :] = True


def _span(rng: np.random.Generator, length: int, least: float, most: float) -> tuple[int, int]:
    size = max(int(length * rng.uniform(least, most)), 1)
    start = int(rng.integers(0, length - size + 1))
    return start, start + size


_DRAW = {
    "half": _half,
    "quadrants": _quadrants,
    "columns": _columns,
    "box": _box,
    "strokes": _strokes,
    "above": _above,
}

"""Smooth random fields that give the same numbers on every machine."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def smooth_noise(rng: np.random.Generator, shape: tuple[int, int], cell: int) -> NDArray[np.float32]:
    """Draw a smooth field in [0, 1], for slopes, warps and patchy planting.

    Returns float32 of ``shape``. Value noise on a lattice of ``cell`` voxels, blended by a cubic step: only sums and
    products are used, so the numbers do not depend on the machine's mathematical library.
    """
    nx, ny = shape[0] // cell + 2, shape[1] // cell + 2
    lattice = rng.integers(0, 1024, (nx, ny)).astype(np.float32) / np.float32(1023)
    ix, fx = _blend(shape[0], cell)
    iy, fy = _blend(shape[1], cell)
    rows = lattice[ix] * (1 - fx)[:, None] + lattice[ix + 1] * fx[:, None]
    return np.asarray(rows[:, iy] * (1 - fy) + rows[:, iy + 1] * fy, np.float32)


def sample_noise(lattice: NDArray[np.float64], points: NDArray[np.float64], cell: float) -> NDArray[np.float64]:
    """Read a lattice of random values at free points, to bend streets.

    ``points`` is (n, 2) in voxels, ``lattice`` covers them at ``cell`` voxels a node. Returns (n,) float64.
    """
    scaled = points / cell
    low = np.floor(scaled).astype(np.int64)
    frac = scaled - low
    frac = frac * frac * (3 - 2 * frac)
    x, y = low[:, 0], low[:, 1]
    front = lattice[x, y] * (1 - frac[:, 1]) + lattice[x, y + 1] * frac[:, 1]
    back = lattice[x + 1, y] * (1 - frac[:, 1]) + lattice[x + 1, y + 1] * frac[:, 1]
    return np.asarray(front * (1 - frac[:, 0]) + back * frac[:, 0])


def _blend(count: int, cell: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    place = np.arange(count)
    frac = (place % cell).astype(np.float32) / np.float32(cell)
    return place // cell, (frac * frac * (3 - 2 * frac)).astype(np.float32)

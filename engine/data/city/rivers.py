"""Rivers: the course they take through a world, and how far every place is from their water."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_STEP = 48.0
_COARSE = 8


@dataclass(frozen=True)
class River:
    """A river from one side of the plan to another: its middle ``line`` (n, 2) at even steps of axis ``along``.

    ``half`` is half its width in voxels; ``walled`` rivers have quays, some of them ``railed``, others banks of grass.
    """

    line: Floats
    along: int
    half: float
    walled: bool
    railed: bool

    def offset(self, points: Floats) -> Floats:
        """How far points (n, 2) lie to one side of the middle, signed, straight across."""
        place = (points[:, self.along] - self.line[0, self.along]) / _STEP
        low = np.clip(np.floor(place).astype(np.int64), 0, len(self.line) - 2)
        ahead = self.line[low + 1] - self.line[low]
        lean = ahead[:, 1 - self.along] / _STEP
        middle = self.line[low, 1 - self.along] + (place - low) * ahead[:, 1 - self.along]
        return np.asarray((points[:, 1 - self.along] - middle) / np.sqrt(1 + lean * lean))


def draw_river(size: tuple[int, int], margin: float, rng: np.random.Generator) -> River:
    """Draw a winding river that crosses the whole plan and the ``margin`` round it."""
    along = int(rng.integers(2))
    count = int((size[along] + 4 * margin) / _STEP) + 2
    turns = rng.integers(-150, 151, count // 9 + 3).astype(np.float64)
    place = np.arange(count) / 9.0
    low = np.floor(place).astype(np.int64)
    part = place - low
    part = part * part * (3 - 2 * part)
    line = np.zeros((count, 2))
    line[:, along] = np.arange(count) * _STEP - 2 * margin
    line[:, 1 - along] = size[1 - along] * int(rng.integers(25, 76)) / 100
    line[:, 1 - along] += turns[low] * (1 - part) + turns[low + 1] * part
    return River(line, along, float(rng.integers(34, 92)), bool(rng.random() < 0.5), bool(rng.random() < 0.5))


def bank_places(river: River, away: float, rng: np.random.Generator) -> list[tuple[float, float]]:
    """Places (x, y) for trees in loose rows along both banks, ``away`` voxels from the water."""
    out = []
    for a, b in zip(river.line[:-1], river.line[1:], strict=True):
        across = np.array([a[1] - b[1], b[0] - a[0]]) / np.sqrt(((b - a) ** 2).sum())
        for side in (1.0, -1.0):
            if rng.random() < 0.7:
                spot = a + (b - a) * float(rng.random()) + across * side * (river.half + away)
                out.append((float(spot[0]), float(spot[1])))
    return out


def bend_river(river: River, shift: Floats) -> River:
    """Move a river's points as the streets round it are moved."""
    return dataclasses.replace(river, line=river.line + shift)


def measure_river(river: River, size: tuple[int, int]) -> NDArray[np.float32]:
    """Distance of every voxel of the plan from the water's edge, negative in the water; float32 of ``size``.

    Measured at every eighth voxel and blended between, which is exact to a fraction of a voxel but near sharp bends.
    """
    x, y = (np.arange(0, s + 2 * _COARSE, _COARSE, dtype=np.float64) for s in size)
    best = np.full((len(x), len(y)), np.inf)
    for a, b in zip(river.line[:-1], river.line[1:], strict=True):
        along = b - a
        dx, dy = x[:, None] - a[0], y[None, :] - a[1]
        t = np.clip((dx * along[0] + dy * along[1]) / (along @ along), 0, 1)
        np.minimum(best, (dx - t * along[0]) ** 2 + (dy - t * along[1]) ** 2, out=best)
    return _refine(np.sqrt(best).astype(np.float32) - np.float32(river.half), size)


def _refine(coarse: NDArray[np.float32], size: tuple[int, int]) -> NDArray[np.float32]:
    place = [np.arange(s) // _COARSE for s in size]
    part = [(np.arange(s) % _COARSE).astype(np.float32) / np.float32(_COARSE) for s in size]
    rows = coarse[place[0]] * (1 - part[0])[:, None] + coarse[place[0] + 1] * part[0][:, None]
    return np.asarray(rows[:, place[1]] * (1 - part[1]) + rows[:, place[1] + 1] * part[1], np.float32)

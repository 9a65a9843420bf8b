"""Models of trees and bushes: crowns of several habits on trunks, with branches that show where leaves are few."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import label

from engine.data.city.canvas import POLE, TRUNK, VEGETATION
from engine.data.city.stamps import Stamp, make_stamp

HABITS = ("round", "lumpy", "spreading", "column", "umbrella", "weeping", "young", "stems", "cone", "spire", "pine")
_EVERGREEN = ("cone", "spire", "pine")
_REACH = 18
Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
Point = tuple[int, int, int]
_SIDE = np.arange(-_REACH, _REACH + 1, dtype=np.float64)


def draw_trees(height: int, rng: np.random.Generator, leaves: float, count: int = 36) -> list[Stamp]:
    """Draw a world's trees of some of HABITS; ``leaves`` in [0, 1] is how full the crowns are, 0 in winter."""
    some = rng.choice(HABITS, 7, p=[0.12, 0.2, 0.13, 0.09, 0.08, 0.05, 0.07, 0.08, 0.08, 0.05, 0.05])
    return [draw_tree(str(rng.choice(some)), height, rng, leaves) for _ in range(count)]


def draw_tree(habit: str, height: int, rng: np.random.Generator, leaves: float) -> Stamp:
    """Draw one tree; every voxel of it hangs together with its trunk."""
    x, y, z = np.meshgrid(_SIDE, _SIDE, np.arange(height, dtype=np.float64), indexing="ij")
    low, crown = _draw_crown(habit, x, y, z, rng)
    gap = x * x + y * y
    thick = 0.8 if habit == "young" else float(rng.choice([0.8, 1.1, 1.1, 1.5]))
    trunk = (gap <= thick * thick) & (z < low + 3)
    if habit == "stems":
        for dx, dy in ((3, 0), (-2, 2), (-1, -3))[: int(rng.integers(2, 4))]:
            trunk |= ((x - dx) ** 2 + (y - dy) ** 2 <= 0.6) & (z < low + 2)
    part = 1.0 if habit in _EVERGREEN else leaves
    labels = np.where(_thin(crown, part, rng) | _branch(crown, int(low), part, rng), VEGETATION, 0).astype(np.uint8)
    labels[trunk & ~((labels > 0) & (z > low + 1))] = TRUNK
    if habit == "young":
        labels[(np.abs(np.abs(x) - 2) < 0.5) & (y == 0) & (z < 8) | (np.abs(x) < 2.5) & (y == 0) & (z == 6)] = POLE
    return _to_stamp(_hold(labels), 3)


def _draw_crown(habit: str, x: Floats, y: Floats, z: Floats, rng: np.random.Generator) -> tuple[float, Mask]:
    """Where the leaves of a full crown are, and how high it starts."""
    low, wide, rise = float(rng.integers(8, 14)), float(rng.integers(8, 15)), float(rng.integers(7, 12))
    gap = x * x + y * y
    if habit in ("cone", "spire"):
        low, top = float(rng.integers(2, 6)), float(rng.integers(20, 38))
        wide = min(wide, 10.0) if habit == "cone" else 4.5
        taper = (top - z) / (top - low) * wide + (z % 4 < 1)
        return low, (z >= low) & (taper > 0) & (gap < np.maximum(taper, 0) ** 2)
    if habit == "column":
        low, tall = float(rng.integers(4, 8)), float(rng.integers(11, 16))
        return low, gap / float(rng.integers(16, 30)) + ((z - low - tall) / tall) ** 2 < 1
    if habit == "young":
        low, rise = float(rng.integers(9, 12)), float(rng.integers(4, 7))
        return low, ball(x, y, z, (0.0, 0.0, low + rise), float(rng.integers(30, 55)) / 10, rise)
    if habit in ("umbrella", "pine"):
        low = float(rng.integers(10, 15))
        crown = ball(x, y, z, (0.0, 0.0, low + 2), wide, float(rng.integers(4, 7))) & (z >= low)
        return low, crown | _lumps(x, y, z, 0.7, (low, wide, 4.0), 5 if habit == "pine" else 2, rng)
    if habit == "weeping":
        curtain = (gap < wide * wide) & (gap > (wide - 3.5) ** 2) & (z >= 4 + (x * 3 + y * 5) % 7) & (z < low + rise)
        return low, ball(x, y, z, (0.0, 0.0, low + rise - 2), wide, rise) & (z > low) | curtain
    part, spread, flat, count = {"round": (0.95, 0.3, 1.0, 2), "spreading": (0.72, 0.62, 0.6, 7)}.get(
        habit, (0.72, 0.62, 1.0, 6)
    )
    crown = ball(x, y, z, (0.0, 0.0, low + rise), wide * part, rise * flat)
    return low, crown | _lumps(x, y, z, spread, (low, wide, rise), count, rng)


def ball(x: Floats, y: Floats, z: Floats, at: tuple[float, float, float], wide: float, rise: float) -> Mask:
    """Tell which voxels lie in an upright ellipsoid, to build crowns and mounds of."""
    flat = ((x - at[0]) ** 2 + (y - at[1]) ** 2) / (wide * wide)
    return np.asarray(flat + ((z - at[2]) / rise) ** 2 < 1.0)


def _lumps(
    x: Floats,
    y: Floats,
    z: Floats,
    spread: float,
    size: tuple[float, float, float],
    count: int,
    rng: np.random.Generator,
) -> Mask:
    low, wide, rise = size
    out = np.zeros(x.shape, bool)
    for _ in range(count):
        away, part = rng.integers(-100, 101, 3) / 100.0, float(rng.integers(40, 62)) / 100
        centre = (away[0] * wide * spread, away[1] * wide * spread, low + rise + away[2] * rise * 0.45)
        out |= ball(x, y, z, centre, wide * part, rise * part)
    return out


def _thin(crown: Mask, leaves: float, rng: np.random.Generator) -> Mask:
    """Leave a share of a crown, in clumps of some voxels."""
    if leaves >= 1:
        return crown
    coarse = rng.random(tuple(n // 3 + 1 for n in crown.shape))
    clumps = coarse.repeat(3, 0).repeat(3, 1).repeat(3, 2)[: crown.shape[0], : crown.shape[1], : crown.shape[2]]
    return crown & (0.75 * clumps + 0.25 * rng.random(crown.shape) < leaves * 0.9)


def _branch(crown: Mask, low: int, leaves: float, rng: np.random.Generator) -> Mask:
    """Draw boughs from the trunk to places in the crown, and twigs from their ends, where leaves let them show."""
    out, ends = np.zeros(crown.shape, bool), np.argwhere(crown)
    if leaves >= 1 or not len(ends):
        return out
    top = int(ends[:, 2].max())
    out[_REACH, _REACH, low : max(low + 1, (low + top) // 2 + 3)] = True
    for end in ends[rng.integers(0, len(ends), 30)].tolist():
        start = (_REACH, _REACH, min(low + 1 + int((end[2] - low) * 0.5), top))
        _walk(out, start, (end[0], end[1], end[2]))
    return out


def _walk(out: Mask, start: Point, end: Point) -> None:
    """Draw a line of voxels that share faces."""
    here, delta = list(start), [b - a for a, b in zip(start, end, strict=True)]
    total = sum(abs(d) for d in delta)
    done = [0, 0, 0]
    for step in range(1, total + 1):
        axis = max(range(3), key=lambda i: abs(delta[i]) * step / total - done[i])
        done[axis] += 1
        here[axis] += 1 if delta[axis] > 0 else -1
        out[here[0], here[1], max(here[2], 0)] = True


def _hold(labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Drop what does not hang together with the foot of the trunk."""
    parts, _ = label(labels > 0)
    return np.where(parts == parts[_REACH, _REACH, 0], labels, 0).astype(np.uint8)


def _to_stamp(labels: NDArray[np.uint8], margin: int) -> Stamp:
    x, y, z = np.nonzero(labels)
    voxels = np.stack([x - _REACH, y - _REACH, z], 1).astype(np.int32)
    return make_stamp(voxels, labels[x, y, z], margin)


def draw_bushes(rng: np.random.Generator, count: int = 24) -> list[Stamp]:
    """Draw a world's bushes: mounds of one to three humps, low beds, tall shrubs, clipped balls and blocks."""
    bushes = []
    for kind in rng.choice(["mound", "mound", "bed", "shrub", "ball", "block"], count).tolist():
        x, y, z = np.meshgrid(_SIDE, _SIDE, np.arange(14.0), indexing="ij")
        size = float(rng.integers(25, 56)) / 10
        if kind == "block":
            shape = (np.abs(x) < size) & (np.abs(y) < float(rng.integers(15, 40)) / 10) & (z < int(rng.integers(3, 9)))
        elif kind == "ball":
            shape = ball(x, y, z, (0.0, 0.0, size - 1.2), size, size)
        else:
            tall = {"mound": (4, 9), "bed": (2, 4), "shrub": (9, 14)}[kind]
            shape = np.zeros(x.shape, bool)
            for at in rng.integers(-3, 4, (int(rng.integers(1, 4)), 2)).tolist():
                wide = float(rng.integers(25, 56)) / 10
                shape |= ball(x, y, z, (at[0], at[1], 0.0), wide, float(rng.integers(*tall)))
        bushes.append(_to_stamp(np.where(shape, VEGETATION, 0).astype(np.uint8), 0))
    return bushes

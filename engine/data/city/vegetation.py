"""Trees and bushes: voxel models drawn once per world, and where they are planted."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.data.city.canvas import OTHER_GROUND, SIDEWALK, TERRAIN, TRUNK, VEGETATION
from engine.data.city.painter import Painter
from engine.data.city.plan import Plan
from engine.data.city.stamps import Stamp, make_stamp

_GREEN = (TERRAIN, SIDEWALK, OTHER_GROUND)
_REACH = 18


def draw_trees(height: int, rng: np.random.Generator, count: int = 36) -> list[Stamp]:
    """Draw a world's trees: round, lumpy, spreading, columnar and conical crowns on trunks."""
    kinds = rng.choice(["round", "lumpy", "lumpy", "spreading", "column", "cone"], count)
    return [_draw_tree(str(kind), height, rng) for kind in kinds]


def _grid(tall: int) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    side = np.arange(-_REACH, _REACH + 1, dtype=np.float64)
    x, y, z = np.meshgrid(side, side, np.arange(tall, dtype=np.float64), indexing="ij")
    return x, y, z


def _draw_tree(kind: str, height: int, rng: np.random.Generator) -> Stamp:
    x, y, z = _grid(height)
    low, wide = float(rng.integers(8, 14)), float(rng.integers(8, 15))
    rise = float(rng.integers(7, 12))
    gap = x * x + y * y
    if kind == "cone":
        low, top = float(rng.integers(3, 6)), float(rng.integers(24, 36))
        taper = (top - z) / (top - low) * min(wide, 10.0) + (z % 4 < 1)
        crown = (z >= low) & (taper > 0) & (gap < np.maximum(taper, 0) ** 2)
    elif kind == "column":
        low, tall = float(rng.integers(4, 8)), float(rng.integers(11, 16))
        crown = gap / float(rng.integers(16, 30)) + ((z - low - tall) / tall) ** 2 < 1
    else:
        crown = _ball(x, y, z, (0.0, 0.0, low + rise), wide * (0.95 if kind == "round" else 0.72), rise)
        for _ in range({"round": 2, "lumpy": 6, "spreading": 7}[kind]):
            crown |= _draw_lump(x, y, z, kind, (low, wide, rise), rng)
    thick = float(rng.choice([0.8, 1.1, 1.1, 1.5]))
    trunk = (gap <= thick * thick) & (z < low + 3)
    labels = np.where(crown, VEGETATION, 0).astype(np.uint8)
    labels[trunk & ~(crown & (z > low + 1))] = TRUNK
    return _to_stamp(labels, 3)


def _ball(
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    z: NDArray[np.float64],
    at: tuple[float, float, float],
    wide: float,
    rise: float,
) -> NDArray[np.bool_]:
    flat = ((x - at[0]) ** 2 + (y - at[1]) ** 2) / (wide * wide)
    return np.asarray(flat + ((z - at[2]) / rise) ** 2 < 1.0)


def _draw_lump(
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    z: NDArray[np.float64],
    kind: str,
    size: tuple[float, float, float],
    rng: np.random.Generator,
) -> NDArray[np.bool_]:
    low, wide, rise = size
    spread = 0.62 if kind != "round" else 0.3
    away = rng.integers(-100, 101, 3) / 100.0
    centre = (away[0] * wide * spread, away[1] * wide * spread, low + rise + away[2] * rise * 0.45)
    part = float(rng.integers(40, 62)) / 100
    return _ball(x, y, z, centre, wide * part, rise * (part if kind != "spreading" else 0.4))


def _to_stamp(labels: NDArray[np.uint8], margin: int) -> Stamp:
    x, y, z = np.nonzero(labels)
    voxels = np.stack([x - _REACH, y - _REACH, z], 1).astype(np.int32)
    return make_stamp(voxels, labels[x, y, z], margin)


def draw_bushes(rng: np.random.Generator, count: int = 16) -> list[Stamp]:
    """Draw a world's bushes: low mounds of one to three humps."""
    bushes = []
    for _ in range(count):
        x, y, z = _grid(10)
        mound = np.zeros(x.shape, bool)
        for _ in range(int(rng.integers(1, 4))):
            at = rng.integers(-3, 4, 2)
            mound |= _ball(
                x, y, z, (float(at[0]), float(at[1]), 0.0), float(rng.integers(25, 56)) / 10, float(rng.integers(4, 9))
            )
        bushes.append(_to_stamp(np.where(mound, VEGETATION, 0).astype(np.uint8), 0))
    return bushes


def plant(plan: Plan, painter: Painter, street_trees: list[tuple[float, float]]) -> None:
    """Plant street trees first, then the blocks' trees and bushes, wherever there is room."""
    rng, height = plan.rng, plan.canvas.height
    trees, bushes = draw_trees(height, rng), draw_bushes(rng)
    row = [trees[int(i)] for i in rng.integers(0, len(trees), 3)]
    for x, y in street_trees:
        stamp = row[int(rng.integers(len(row)))] if rng.random() < 0.9 else trees[int(rng.integers(len(trees)))]
        painter.place(stamp, x, y, _GREEN, fill_only=True)
    for x, y in plan.trees:
        painter.place(trees[int(rng.integers(len(trees)))], x, y, _GREEN, fill_only=True)
    for x, y in plan.bushes:
        painter.place(bushes[int(rng.integers(len(bushes)))], x, y, (TERRAIN,), fill_only=True)

"""Where trees and bushes are planted, and how full their leaves are in a world."""

from __future__ import annotations

import numpy as np

from engine.data.city.canvas import OTHER_GROUND, SIDEWALK, TERRAIN
from engine.data.city.painter import Painter
from engine.data.city.plan import Plan
from engine.data.city.trees import draw_bushes, draw_trees

_GREEN = (TERRAIN, SIDEWALK, OTHER_GROUND)
_PIT = 2


def draw_season(rng: np.random.Generator) -> float:
    """Draw how full a world's leaves are: mostly summer, then spring or autumn, then winter; in [0, 1]."""
    season = rng.random()
    if season < 0.5:
        return 1.0
    return float(rng.integers(55, 90)) / 100 if season < 0.8 else float(rng.integers(18, 45)) / 100


def plant(plan: Plan, painter: Painter, street_trees: list[tuple[float, float]]) -> None:
    """Plant street trees first, in pits, then the blocks' trees and bushes, wherever there is room."""
    rng, height = plan.rng, plan.canvas.height
    trees, bushes = draw_trees(height, rng, draw_season(rng)), draw_bushes(rng)
    row = [trees[int(i)] for i in rng.integers(0, len(trees), 3)]
    pits = rng.random() < 0.7
    for x, y in street_trees:
        stamp = row[int(rng.integers(len(row)))] if rng.random() < 0.9 else trees[int(rng.integers(len(trees)))]
        if painter.place(stamp, x, y, _GREEN, fill_only=True) and pits:
            _dig_pit(painter, int(np.floor(x + 0.5)), int(np.floor(y + 0.5)))
    for x, y in plan.trees:
        painter.place(trees[int(rng.integers(len(trees)))], x, y, _GREEN, fill_only=True)
    for x, y in plan.bushes:
        painter.place(bushes[int(rng.integers(len(bushes)))], x, y, (TERRAIN,), fill_only=True)


def _dig_pit(painter: Painter, x: int, y: int) -> None:
    """Open the pavement round a street tree."""
    canvas = painter.canvas
    window = (slice(max(x - _PIT, 0), x + _PIT + 1), slice(max(y - _PIT, 0), y + _PIT + 1))
    px, py = np.nonzero(canvas.ground[window] == SIDEWALK)
    px, py = px + window[0].start, py + window[1].start
    canvas.ground[px, py] = TERRAIN
    painter.labels[px, py, canvas.level[px, py].astype(np.int64) - 1] = TERRAIN

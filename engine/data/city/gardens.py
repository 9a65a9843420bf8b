"""Allotments: small plots with sheds, beds, fruit trees and hedges along paths."""

from __future__ import annotations

import numpy as np

from engine.data.city.borders import draw_border, stand_border
from engine.data.city.buildings import Roof, build
from engine.data.city.canvas import OTHER_GROUND, SIDEWALK
from engine.data.city.frame import Frame
from engine.data.city.perimeter import fence_round
from engine.data.city.plan import Block, Plan, extent, local, paint_box


def lay_allotments(plan: Plan, block: Block) -> None:
    """Lay out rows of plots behind hedges or low fences, two rows between paths."""
    rng, canvas, window = plan.rng, plan.canvas, block.window
    u, v = local(block)
    u0, u1, v0, v1 = extent(block)
    wide, deep = float(rng.integers(44, 66)), float(rng.integers(52, 74))
    pitch = 2 * deep + 9
    across, along = (u - np.float32(u0)) % np.float32(wide), (v - np.float32(v0)) % np.float32(pitch)
    inner = block.mask & (canvas.depth[window] > 6)
    path = (along < 9) | (canvas.depth[window] < 11)
    canvas.ground[window][inner & path] = SIDEWALK if rng.random() < 0.6 else OTHER_GROUND
    border = (across < 2.2) | ((along >= 9) & (along < 11.2)) | (along > pitch - 2.2) | (np.abs(along - 9 - deep) < 1.1)
    gate = np.abs(across - wide / 2) < 5
    border &= inner & ~path & ~(gate & ((along < 12) | (along > pitch - 3)))
    stand_border(canvas, window, border & ~canvas.taken[window], u, draw_border(rng, 0.6))
    for row in np.arange(v0 + 9, v1 - 20, deep):
        for place in np.arange(u0, u1 - wide / 2, wide):
            _lay_plot(plan, block, block.frame.shift(float(place), float(row)), wide, deep)
    fence_round(plan, block, 3.0, 6)


def _lay_plot(plan: Plan, block: Block, spot: Frame, wide: float, deep: float) -> None:
    """One plot: a shed in a corner, rows of beds, and some trees and bushes."""
    rng = plan.rng
    if rng.random() < 0.75:
        size = float(rng.integers(11, 20))
        shed = spot.shift(wide * float(rng.choice([0.3, 0.7])), deep * float(rng.integers(20, 60)) / 100)
        roof = Roof(str(rng.choice(["gable", "shed", "flat"])), int(rng.integers(10, 13)), 0.5)
        build(plan.canvas, shed, [(-size / 2, size / 2, 0.0, size * 0.8)], roof, 14, block.ident)
    for bed in range(int(rng.integers(0, 5))):
        start = deep * 0.3 + 7 * bed
        paint_box(plan, block, spot, (wide * 0.15, wide * 0.6, start, start + 4), OTHER_GROUND)
    for _ in range(int(rng.integers(1, 6))):
        x, y = spot.point(float(rng.integers(6, int(wide) - 4)), float(rng.integers(6, int(deep) - 4)))
        (plan.trees if rng.random() < 0.35 else plan.bushes).append((x, y))

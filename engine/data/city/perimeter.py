"""Blocks built along their edge: terraces of houses and perimeter blocks round a yard, hedges and fences."""

from __future__ import annotations

import numpy as np

from engine.data.city.borders import draw_border, stand_border
from engine.data.city.canvas import FENCE, OTHER_GROUND, PARKING, SIDEWALK, TERRAIN
from engine.data.city.plan import Block, Plan, open_entry, scatter, stall_rows, try_inner
from engine.data.city.rings import Ring, cut_passage, draw_ring, dress_homes, dress_street, raise_ring


def _flute(plan: Plan, block: Block, ring: Ring, period: float, part: float) -> None:
    """Set pieces of a facade back by one voxel, so that walls are ribbed rather than flat."""
    depth, along = plan.canvas.depth[block.window], plan.field.along[block.window]
    rest = along - np.floor(along / np.float32(period)) * np.float32(period)
    front = depth < ring.setback + 1.2
    ring.band &= ~(front & (rest < part * period))


def lay_terrace(plan: Plan, block: Block) -> None:
    """Lay out rows of joined houses along the streets, with small gardens in front and behind."""
    rng, canvas = plan.rng, plan.canvas
    deepest = float(canvas.depth[block.window][block.mask].max())
    setback, unit = float(rng.integers(4, 24)), float(rng.integers(28, 42))
    thick = min(float(rng.integers(40, 52)), max(0.75 * deepest - setback, 20.0))
    ring = draw_ring(plan, block, setback, thick, unit, 0.16)
    stories = int(rng.choice([13, 15, 18, 20, 26]))
    vary = (rng.random(ring.count) < float(rng.choice([0.0, 0.3, 0.7]))) & ring.whole
    eaves = np.where(vary, stories + rng.integers(-3, 5, ring.count), stories)
    raise_ring(plan, block, ring, eaves, float(rng.choice([0.0, 0.4, 0.5, 0.6])), float(rng.choice([0.0, 0.5, 1.0])))
    dress_homes(plan, block, ring)
    if setback < 10:
        canvas.ground[block.window][block.mask & (canvas.depth[block.window] < setback)] = SIDEWALK
    hedge_line(plan, block, 1.0, unit)
    _divide_gardens(plan, block, setback + thick, unit)
    scatter(plan, block, plan.trees, 0.0006, setback + thick + 10)
    scatter(plan, block, plan.bushes, 0.0007, setback + thick + 6)


def _divide_gardens(plan: Plan, block: Block, start: float, unit: float) -> None:
    """Fences or hedges between the gardens behind a terrace.

    Behind an outer bend all places are nearest to the bend itself: the arc length stands still there, and no line goes.
    """
    canvas, window, rng = plan.canvas, block.window, plan.rng
    depth, along = canvas.depth[window], plan.field.along[window]
    rest = along - np.floor(along / np.float32(unit)) * np.float32(unit)
    border = draw_border(rng, 0.4)
    line = block.mask & (depth >= start + 1) & (depth < start + 44) & (rest < min(border.thick, 3.0))
    line[1:-1, 1:-1] &= np.abs(along[2:, 1:-1] - along[:-2, 1:-1]) + np.abs(along[1:-1, 2:] - along[1:-1, :-2]) > 0.6
    stand_border(canvas, window, line & ~canvas.taken[window], depth, border)


def lay_court(plan: Plan, block: Block) -> None:
    """Lay out a perimeter block: houses wall to wall round a yard with trees, cars or annexes."""
    rng, canvas = plan.rng, plan.canvas
    depth = canvas.depth[block.window]
    thick = min(float(rng.integers(48, 62)), max(0.6 * float(depth[block.mask].max()), 26.0))
    unit = float(rng.integers(54, 100))
    ring = draw_ring(plan, block, 0.0, thick, unit, 0.08)
    surface = int(rng.choice([TERRAIN, TERRAIN, OTHER_GROUND, PARKING]))
    if surface == PARKING:
        main = plan.field.street[block.window] == block.street
        ring.band &= ~(main & (np.abs(plan.field.along[block.window] - np.float32(block.along)) < 15))
    if rng.random() < 0.2:
        _flute(plan, block, ring, float(rng.integers(12, 20)), 0.5)
    common = int(rng.choice([18, 20, 22, 32]))
    vary = (rng.random(ring.count) < 0.5) & ring.whole
    eaves = np.where(vary, rng.choice([15, 18, 21, 24, 32], ring.count), common)
    raise_ring(plan, block, ring, eaves, float(rng.choice([0.0, 0.35, 0.5])), float(rng.choice([0.0, 0.4])))
    dress_street(plan, block, ring)
    for _ in range(int(rng.integers(0, 3))):
        cut_passage(plan, block, ring)
    yard = block.mask & (depth >= thick)
    canvas.ground[block.window][yard] = surface
    gaps = block.mask & ~yard & (canvas.solid[block.window] == 0)
    canvas.ground[block.window][gaps] = SIDEWALK if surface != PARKING else PARKING
    if surface == PARKING:
        stall_rows(plan, block, 0.6)
    scatter(plan, block, plan.trees, 0.0005 if surface == TERRAIN else 0.00012, thick + 12)
    scatter(plan, block, plan.bushes, 0.0004, thick + 6)
    for _ in range(int(rng.integers(0, 3)) if yard.sum() > 9000 else 0):
        try_inner(plan, block, thick + 14, ((30, 60), (24, 40), (12, 18)))
    if surface == PARKING:
        open_entry(plan, block)


def hedge_line(plan: Plan, block: Block, start: float, unit: float) -> None:
    """Stand a hedge or fence along the street side of front gardens, open at each house's path."""
    canvas, window, rng = plan.canvas, block.window, plan.rng
    depth, along = canvas.depth[window], plan.field.along[window]
    rest = along - np.floor(along / np.float32(unit)) * np.float32(unit)
    border = draw_border(rng)
    line = block.mask & (depth >= start) & (depth < start + border.thick) & (rest > 9)
    line &= (canvas.ground[window] == TERRAIN) & ~canvas.taken[window]
    stand_border(canvas, window, line, along, border)


def fence_round(plan: Plan, block: Block, start: float, rise: int) -> None:
    """Stand a fence along the block's edge, with gates and an opening at its entry."""
    canvas, window = plan.canvas, block.window
    depth, along = canvas.depth[window], plan.field.along[window]
    gate = (plan.field.street[window] == block.street) & (np.abs(along - np.float32(block.along)) < 20)
    gate |= along - np.floor(along / 230) * 230 < 9
    line = block.mask & (depth >= start) & (depth < start + 1.45) & ~gate & ~canvas.taken[window]
    canvas.raise_columns(window, line, canvas.level[window].astype(np.int64) + rise, FENCE)

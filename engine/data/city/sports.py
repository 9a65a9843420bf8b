"""Sports grounds: pitches in cages with goals, floodlights, stands and a club house.

Nets are fence, goals and floodlights poles, stands building; grass is terrain, hard courts other-ground.
"""

from __future__ import annotations

import numpy as np

from engine.data.city.buildings import Roof, build
from engine.data.city.canvas import FENCE, OTHER_GROUND, SIDEWALK
from engine.data.city.frame import Frame, cut_patch, inside
from engine.data.city.plan import (
    Block,
    Plan,
    clear_wishes,
    find_room,
    open_entry,
    paint_box,
    scatter,
    strip_lot,
    try_inner,
)

_FIELDS = ((300.0, 200.0), (240.0, 150.0), (190.0, 110.0))
_COURTS = ((150.0, 78.0), (112.0, 62.0), (84.0, 52.0))


def lay_sport(plan: Plan, block: Block) -> None:
    """Lay out a large pitch where there is room, smaller courts beside it, a club house, paths and trees."""
    rng, canvas = plan.rng, plan.canvas
    canvas.ground[block.window][block.mask & (canvas.depth[block.window] < 5)] = SIDEWALK
    scatter(plan, block, plan.trees, 0.0007, 6)
    scatter(plan, block, plan.bushes, 0.0003, 4)
    hard = OTHER_GROUND if rng.random() < 0.2 else None
    for wide, deep in _FIELDS:
        if lay_pitch(plan, block, wide, deep, hard, caged=rng.random() < 0.5, stand=rng.random() < 0.7):
            break
    for _ in range(int(rng.integers(1, 5))):
        wide, deep = _COURTS[int(rng.integers(len(_COURTS)))]
        lay_pitch(plan, block, wide, deep, OTHER_GROUND, caged=True, stand=False)
    try_inner(plan, block, 12, ((50, 90), (28, 44), (13, 17)), tries=10)
    if rng.random() < 0.5:
        strip_lot(plan, block, (-90.0, 90.0, *_near_street(plan, block)))
        open_entry(plan, block)


def _near_street(plan: Plan, block: Block) -> tuple[float, float]:
    """The band of v, in the block's frame, that lies a few voxels behind its main street."""
    away = float(plan.canvas.depth[block.window][block.mask].max())
    return (-away + 8, -away + 34) if block.side > 0 else (away - 34, away - 8)


def lay_pitch(
    plan: Plan, block: Block, wide: float, deep: float, surface: int | None, caged: bool, stand: bool
) -> bool:
    """Lay out one pitch with goals where there is room, in a cage or with a rail; returns whether there was room."""
    rng = plan.rng
    room = find_room(plan, block, wide + 12, deep + (40 if stand else 12), 9)
    if room is None:
        return False
    spot = room.shift(0.0, 6.0)
    clear_wishes(plan, spot, (-wide / 2 - 8, wide / 2 + 8, -8.0, deep + 8))
    if surface is not None:
        paint_box(plan, block, spot, (-wide / 2, wide / 2, 0.0, deep), surface)
    _fence_pitch(plan, spot, wide, deep, int(rng.integers(15, 20)) if caged else 5)
    for side in (1.0, -1.0):
        goal = spot.shift(side * (wide / 2 - 8), deep / 2)
        plan.props.append(("goal" if wide > 170 else "hoop", Frame(goal.x, goal.y, -goal.ux * side, -goal.uy * side)))
        for v in (-4.0, deep + 4.0) if wide > 140 else ():
            light = spot.shift(side * wide * 0.36, v)
            turn = 1.0 if v < 0 else -1.0
            plan.props.append(("flood", Frame(light.x, light.y, -light.uy * turn, light.ux * turn)))
    if stand:
        _stand_rows(plan, block, spot.shift(0.0, deep + 7), min(wide * 0.6, 120.0))
    return True


def _fence_pitch(plan: Plan, spot: Frame, wide: float, deep: float, rise: int) -> None:
    """Stand the cage or rail round a pitch, with an opening in the middle of its front."""
    canvas = plan.canvas
    outer = (-wide / 2 - 1.5, wide / 2 + 1.5, -1.5, deep + 1.5)
    patch = cut_patch(spot, outer, canvas.shape)
    if patch is None:
        return
    line = inside(patch, outer) & ~inside(patch, (-wide / 2, wide / 2, 0.0, deep)) & ~canvas.taken[patch.window]
    line &= (np.abs(patch.u - np.float32(wide * 0.1)) > 4) | (patch.v > 10)
    canvas.raise_columns(patch.window, line, canvas.level[patch.window].astype(np.int64) + rise, FENCE)


def _stand_rows(plan: Plan, block: Block, spot: Frame, length: float) -> None:
    """A low stand of rows, each two voxels higher than the one before it."""
    for row in range(int(plan.rng.integers(3, 6))):
        wings = [(-length / 2, length / 2, 0.0, 4.0)]
        build(
            plan.canvas, spot.shift(0.0, 4.0 * row), wings, Roof("flat", 2 * row + 2, 0), 6, block.ident, parapet=False
        )

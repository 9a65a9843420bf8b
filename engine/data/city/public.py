"""Blocks with one public building: schools with a yard, churches in a green."""

from __future__ import annotations

import numpy as np

from engine.data.city.annexes import dress_slab
from engine.data.city.buildings import House, Roof, build, draw_wings
from engine.data.city.canvas import OTHER_GROUND, SIDEWALK
from engine.data.city.facades import cut_rows, walls_of
from engine.data.city.frame import Frame
from engine.data.city.perimeter import fence_round
from engine.data.city.plan import Block, Plan, clear_wishes, find_room, open_entry, paint_box, scatter, strip_lot
from engine.data.city.sports import lay_pitch


def lay_school(plan: Plan, block: Block) -> None:
    """Lay out a school: a winged building, a paved yard behind it, a court, a playground, trees and a fence."""
    rng, canvas = plan.rng, plan.canvas
    scatter(plan, block, plan.trees, 0.0006, 8)
    scatter(plan, block, plan.bushes, 0.0003, 5)
    house, deep = None, 0.0
    for size in (1.0, 0.85, 0.7, 0.55):
        wide, deep = size * float(rng.integers(150, 230)), size * float(rng.integers(80, 120))
        spot = find_room(plan, block, wide, deep, 14)
        if spot is not None:
            kind = str(rng.choice(["flat", "hip", "gable", "flat"]))
            wings = draw_wings(str(rng.choice(["U", "L", "T"])), wide, deep, rng)
            house = build(canvas, spot, wings, Roof(kind, int(rng.choice([16, 29])), 0.35), 10, block.ident)
            break
    if house is not None:
        dress_slab(canvas, house, str(rng.choice(("bands", "windows"))), rng)
        _pave_round(plan, block, house, deep)
    lay_pitch(plan, block, 112.0, 62.0, OTHER_GROUND, caged=True, stand=False)
    lay_playground(plan, block)
    strip_lot(plan, block, (-70.0, 70.0, -30.0, -4.0))
    fence_round(plan, block, 3.0, int(rng.integers(6, 10)))
    open_entry(plan, block, 12.0)


def _pave_round(plan: Plan, block: Block, house: House, deep: float) -> None:
    """Pave the yard behind a building and a way from its door to the street."""
    wide = house.wings[0][1]
    paint_box(plan, block, house.frame, (-wide - 8, wide + 8, -10.0, deep + 60), OTHER_GROUND)
    paint_box(plan, block, house.frame, (-9.0, 9.0, -200.0, 0.0), SIDEWALK)


def lay_playground(plan: Plan, block: Block) -> None:
    """Lay out a square of sand with swings, slides and benches, where there is room."""
    rng = plan.rng
    wide, deep = float(rng.integers(46, 80)), float(rng.integers(40, 60))
    spot = find_room(plan, block, wide, deep, 10)
    if spot is None:
        return
    paint_box(plan, block, spot, (-wide / 2, wide / 2, 0.0, deep), OTHER_GROUND)
    clear_wishes(plan, spot, (-wide / 2, wide / 2, 0.0, deep))
    for u in np.arange(-wide / 2 + 13, wide / 2 - 10, 22.0).tolist():
        kind = str(rng.choice(["swing", "slide", "climb"]))
        plan.props.append((kind, spot.shift(u, deep / 2 + float(rng.integers(-6, 7))).turned(int(rng.integers(2)))))
    for u in (-wide / 3, wide / 3):
        plan.props.append(("bench", spot.shift(u, 3.0).turned(1)))


def lay_church(plan: Plan, block: Block) -> None:
    """Lay out a church: a nave with a tower at one end and an apse at the other, in a green with paths and a wall."""
    rng, canvas = plan.rng, plan.canvas
    wide, deep = float(rng.integers(38, 60)), float(rng.integers(90, 140))
    spot = find_room(plan, block, wide + 20, deep, 14, tries=30)
    canvas.ground[block.window][block.mask & (canvas.depth[block.window] < 7)] = SIDEWALK
    if spot is None:
        wide, deep = 34.0, 70.0
        spot = find_room(plan, block, wide + 20, deep, 8, tries=30)
    if spot is not None:
        paint_box(plan, block, spot, (-wide / 2 - 9, wide / 2 + 9, -9.0, deep + 9), SIDEWALK)
        paint_box(plan, block, spot, (-7.0, 7.0, -200.0, 0.0), SIDEWALK)
        _raise_church(plan, block, spot, wide, deep)
    fence_round(plan, block, 8.0, int(rng.integers(4, 7)))
    scatter(plan, block, plan.trees, 0.0009, 12)
    scatter(plan, block, plan.bushes, 0.0008, 10)


def _raise_church(plan: Plan, block: Block, spot: Frame, wide: float, deep: float) -> None:
    rng, half = plan.rng, wide / 2
    tower, eave = float(rng.integers(20, 30)), int(rng.integers(16, 24))
    nave = [(-half, half, tower, deep - half)]
    if rng.random() < 0.4:
        nave.append((-half - 12, half + 12, deep * 0.5, deep * 0.5 + 26))
    house = build(plan.canvas, spot, nave, Roof("gable", eave, 0.9), 6, block.ident)
    build(plan.canvas, spot, [(-tower / 2, tower / 2, 0.0, tower)], Roof("hip", 40, 1.0), 6, block.ident)
    apse = [(-half * r, half * r, deep - half, deep - half + half * float(np.sqrt(1 - r * r))) for r in (0.9, 0.7, 0.4)]
    build(plan.canvas, spot, apse, Roof("hip", eave - 3, 0.4), 6, block.ident)
    for wall in walls_of(plan.canvas, house) if house is not None else ():
        cut_rows(plan.canvas, wall, wall.axes(20.0, 6.0, 5.0), ((5, eave - 3),), 2.2)

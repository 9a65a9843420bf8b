"""Blocks of free-standing large buildings: slabs and towers, industrial halls, parking lots."""

from __future__ import annotations

import numpy as np

from engine.data.city.annexes import SLAB_KINDS, dress_slab
from engine.data.city.buildings import Roof, build
from engine.data.city.canvas import OTHER_GROUND, PARKING, SIDEWALK, TERRAIN
from engine.data.city.frame import Frame
from engine.data.city.perimeter import fence_round
from engine.data.city.plan import Block, Plan, extent, local, open_entry, scatter, stall_rows, strip_lot, try_inner
from engine.data.city.public import lay_playground


def lay_slabs(plan: Plan, block: Block) -> None:
    """Lay out slabs and towers with flat roofs in lawns with paths and rows of stalls."""
    rng = plan.rng
    u0, u1, v0, v1 = extent(block)
    deep, step = float(rng.integers(50, 64)), float(rng.integers(112, 150))
    rows = np.arange(v0 + 14, v1 - deep, step)
    for number, row in enumerate(rows):
        _lay_row(plan, block, float(row), deep)
        if number % 2 == 0 or rng.random() < 0.4:
            strip_lot(plan, block, (u0 + 20, u1 - 20, float(row) + deep + 22, float(row) + deep + 48))
    u, _ = local(block)
    crossing = block.mask & (np.abs(u - float(rng.integers(-30, 31))) < 4.5) & ~plan.canvas.taken[block.window]
    crossing &= plan.canvas.ground[block.window] == TERRAIN
    plan.canvas.ground[block.window][crossing] = SIDEWALK
    if rng.random() < 0.5:
        lay_playground(plan, block)
    scatter(plan, block, plan.trees, 0.0008, 8)
    scatter(plan, block, plan.bushes, 0.0006, 6)
    open_entry(plan, block, 13.0)


def _lay_row(plan: Plan, block: Block, row: float, deep: float) -> None:
    """One row of slabs; a path with doors runs behind them."""
    rng, canvas = plan.rng, plan.canvas
    u0, u1, _, _ = extent(block)
    u, v = local(block)
    place, kind = u0 + 14, str(rng.choice(SLAB_KINDS))
    while place < u1 - 60:
        width = float(rng.integers(90, 230)) if rng.random() < 0.7 else float(rng.integers(60, 80))
        spot = block.frame.shift(place + width / 2, row)
        eave = 32 if rng.random() < 0.6 else int(rng.integers(16, 26))
        wings = [(-width / 2, width / 2, 0.0, deep)]
        if width > 120:
            wings += [(a - 7.0, a + 7.0, deep - 1, deep + 4) for a in np.arange(-width / 2 + 30, width / 2 - 20, 60.0)]
        house = build(canvas, spot, wings, Roof("flat", eave, 0), 8, block.ident)
        if house is None:
            place += 26
            continue
        dress_slab(canvas, house, kind, rng)
        path = block.mask & (v >= row + deep + 5) & (v < row + deep + 14) & (u >= place - 10) & (u < place + width + 10)
        canvas.ground[block.window][path & ~canvas.taken[block.window]] = SIDEWALK
        place += width + float(rng.integers(24, 60))


def lay_hall(plan: Plan, block: Block) -> None:
    """Lay out industrial halls in yards with sheds, stacked boxes, a fence and stalls for cars and trucks."""
    rng, canvas = plan.rng, plan.canvas
    depth = canvas.depth[block.window]
    surface = int(rng.choice([PARKING, PARKING, OTHER_GROUND]))
    canvas.ground[block.window][block.mask & (depth > 10)] = surface
    try_inner(plan, block, 22, ((130, 220), (90, 150), (20, 29)), deep=True)
    for _ in range(2 + block.area // 60000):
        try_inner(plan, block, 18, ((70, 130), (50, 80), (16, 26)), tries=9)
        try_inner(plan, block, 16, ((36, 70), (30, 48), (13, 18)))
    _stack_boxes(plan, block)
    if surface == PARKING:
        stall_rows(plan, block, 0.4)
    else:
        u0, u1, v0, _ = extent(block)
        strip_lot(plan, block, (u0 + 24, u1 - 24, v0 + 18, v0 + 44))
    if rng.random() < 0.75:
        fence_round(plan, block, 6.0, int(rng.integers(8, 12)))
    scatter(plan, block, plan.bushes, float(rng.choice([0.002, 0.006])), 1, 9)
    scatter(plan, block, plan.trees, float(rng.choice([0.001, 0.003])), 3, 8)
    open_entry(plan, block, 18.0)


def _stack_boxes(plan: Plan, block: Block) -> None:
    """Rows of storage boxes, one or two high, somewhere in a yard."""
    rng = plan.rng
    places = np.argwhere(block.mask & (plan.canvas.depth[block.window] > 24) & ~plan.canvas.taken[block.window])
    for _ in range(int(rng.integers(0, 4)) if len(places) else 0):
        x, y = places[int(rng.integers(len(places)))]
        row = Frame(float(x + block.window[0].start), float(y + block.window[1].start), block.frame.ux, block.frame.uy)
        row = row.turned(int(rng.integers(2)))
        for i in range(int(rng.integers(2, 6))):
            roof = Roof("flat", 13 * int(rng.integers(1, 3)), 0)
            build(
                plan.canvas, row.shift(0.0, 15.0 * i), [(-15.0, 15.0, 0.0, 12.0)], roof, 18, block.ident, parapet=False
            )


def lay_lot(plan: Plan, block: Block) -> None:
    """Lay out a parking lot with rows of stalls and planted islands, sometimes with a shop."""
    canvas, rng = plan.canvas, plan.rng
    depth = canvas.depth[block.window]
    canvas.ground[block.window][block.mask & (depth > 7)] = PARKING
    if rng.random() < 0.5:
        try_inner(plan, block, 10, ((80, 150), (56, 100), (18, 26)), deep=rng.random() < 0.5)
    u, v = local(block)
    u0, _, v0, _ = extent(block)
    islands = ((v - v0 + 4) % 93 < 5) & ((u - u0) % 170 < 120) & (depth > 12) & ~canvas.taken[block.window]
    canvas.ground[block.window][block.mask & islands] = TERRAIN
    stall_rows(plan, block, 0.8)
    places = np.argwhere(block.mask & islands)
    if len(places):
        for x, y in places[rng.integers(0, len(places), max(1, len(places) // 160))]:
            plan.trees.append((float(x + block.window[0].start), float(y + block.window[1].start)))
    scatter(plan, block, plan.bushes, 0.004, 0.5, 7)
    open_entry(plan, block)

"""Places to buy things: rows of shops behind a car park, petrol stations, market stalls and kiosks."""

from __future__ import annotations

import numpy as np

from engine.data.city.annexes import stand_canopy
from engine.data.city.buildings import House, Roof, build
from engine.data.city.canvas import PARKING, SIDEWALK, TERRAIN
from engine.data.city.facades import cut_rows, hang, stand, walls_of
from engine.data.city.frame import Frame
from engine.data.city.plan import Block, Plan, facing_street, find_room, local, open_entry, scatter, stall_rows


def lay_shops(plan: Plan, block: Block) -> None:
    """Lay out a row of shops under one roof with a covered walk, behind rows of parked cars with planted islands."""
    rng, canvas, window = plan.rng, plan.canvas, block.window
    depth = canvas.depth[window]
    canvas.ground[window][block.mask & (depth > 6)] = PARKING
    spot, wide = _find_rear(plan, block)
    if spot is not None:
        deep = float(rng.integers(54, 76))
        eave = int(rng.integers(18, 25))
        house = build(canvas, spot, [(-wide / 2, wide / 2, 0.0, deep)], Roof("flat", eave, 0), 8, block.ident)
        if house is not None:
            dress_shops(plan, house)
    if rng.random() < 0.4:
        spare = find_room(plan, block, 52, 44, 10)
        pad = build(canvas, spare, [(-22, 22, 0, 34)], Roof("hip", 15, 0.4), 8, block.ident) if spare else None
        if pad is not None:
            dress_shops(plan, pad)
    _plant_islands(plan, block)
    stall_rows(plan, block, 0.75)
    _put_pylon(plan, block)
    scatter(plan, block, plan.bushes, 0.004, 0.5, 6)
    open_entry(plan, block)


def _find_rear(plan: Plan, block: Block) -> tuple[Frame | None, float]:
    """The widest free place far from the main street, facing it, and its width."""
    front = facing_street(block)
    reach = float(plan.canvas.depth[block.window][block.mask].max())
    for wide in (260.0, 220.0, 180.0, 140.0, 100.0):
        found = [find_room(plan, block, wide, 78, 9, tries=3) for _ in range(4)]
        back = [f for f in found if f is not None]
        if back:
            far = [(f.x - front.x) * -front.uy + (f.y - front.y) * front.ux for f in back]
            best = int(np.argmax(far))
            return back[best], wide if reach > 0 else 0.0
    return None, 0.0


def dress_shops(plan: Plan, house: House) -> None:
    """Give a house shop windows along its front under a walk on posts, and doors behind."""
    canvas, walls = plan.canvas, walls_of(plan.canvas, house)
    if not walls:
        return
    front, unit = walls[0], float(plan.rng.integers(28, 44))
    cut_rows(canvas, front, front.axes(unit / 2, unit / 2 - 3), ((1, 11),))
    walk = (front.out <= 7.5) & front.axes(front.length, front.length - 2)
    posts = walk & front.axes(unit, 1.6) & (front.out > 6)
    stand(canvas, front, posts, 13)
    hang(canvas, front, walk, 12, 14)
    canvas.ground[front.x[walk & front.free], front.y[walk & front.free]] = SIDEWALK
    for wall in walls[1:]:
        cut_rows(canvas, wall, wall.axes(44.0, 9.0), ((0, 11),))


def _plant_islands(plan: Plan, block: Block) -> None:
    canvas, window = plan.canvas, block.window
    u, v = local(block)
    island = (v % 93 < 5) & (u % 150 < 16) & (canvas.depth[window] > 14) & ~canvas.taken[window] & block.mask
    canvas.ground[window][island] = TERRAIN
    places = np.argwhere(island)
    if len(places):
        for x, y in places[plan.rng.integers(0, len(places), max(1, len(places) // 60))]:
            plan.trees.append((float(x + window[0].start), float(y + window[1].start)))


def _put_pylon(plan: Plan, block: Block) -> None:
    """A tall sign at the street, beside the entry."""
    line, index = plan.lines[block.street], 1 if block.side > 0 else 0
    street = line.street
    away = street.half + street.bays[index] + street.verges[index] + street.walks[index] + 4
    plan.props.append(("pylon", line.frame(block.along + 30, block.side * away)))


def lay_fuel(plan: Plan, block: Block) -> None:
    """Lay out a petrol station: a roof on posts over islands with pumps, a shop behind, parking and a tall sign."""
    canvas, window = plan.canvas, block.window
    canvas.ground[window][block.mask & (canvas.depth[window] > 5)] = PARKING
    for wide, deep, behind in ((105.0, 60.0, 56.0), (80.0, 48.0, 56.0), (64.0, 40.0, 0.0)):
        spot = find_room(plan, block, wide + 8, deep + behind + 6, 8, tries=40)
        if spot is not None:
            _stand_pumps(plan, block, spot.shift(0.0, 4.0), wide, deep)
            back = spot.shift(0.0, deep + 22)
            shop = build(canvas, back, [(-32, 32, 0, 30)], Roof("flat", 17, 0), 7, block.ident) if behind else None
            if shop is not None:
                dress_shops(plan, shop)
            break
    _put_pylon(plan, block)
    scatter(plan, block, plan.trees, 0.001, 1, 6)
    scatter(plan, block, plan.bushes, 0.004, 0.5, 6)
    open_entry(plan, block, 18.0)


def _stand_pumps(plan: Plan, block: Block, spot: Frame, wide: float, deep: float) -> None:
    """A high roof on posts over islands with pumps, with places for cars beside them."""
    stand_canopy(plan.canvas, spot, (-wide / 2, wide / 2, 0.0, deep), 23, block.ident)
    for u in np.arange(-wide / 2 + 14, wide / 2 - 10, 24.0).tolist():
        for v in (deep * 0.3, deep * 0.7):
            island = spot.shift(u, v)
            build(plan.canvas, island, [(-1.6, 1.6, -2.5, 2.5)], Roof("flat", 8, 0), 6, block.ident, parapet=False)
            x, y = island.point(8.0, 0.0)
            plan.stalls.append((x, y, -island.uy, island.ux))


def stand_market(plan: Plan, block: Block, rows: int) -> None:
    """Stand rows of market stalls, a roof on four posts over a table each, or kiosks, on a square."""
    rng, canvas = plan.rng, plan.canvas
    for _ in range(rows):
        row = find_room(plan, block, 90, 14, 14, tries=6)
        if row is None:
            continue
        for u in np.arange(-40.0, 36.0, 19.0).tolist():
            at = row.shift(u + 7, 1.0)
            if rng.random() < 0.2:
                build(canvas, at, [(-6, 6, 0, 11)], Roof("hip", 12, 0.5), 10, block.ident)
            elif stand_canopy(canvas, at, (-7.0, 7.0, 0.0, 11.0), 12, block.ident, 10.0):
                build(canvas, at, [(-5.0, 5.0, 4.0, 7.0)], Roof("flat", 5, 0), 10, block.ident, parapet=False)

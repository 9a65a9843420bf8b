"""Frames of columns and slabs: building sites with heaps, stacks, machines and hoardings, and parking decks.

Frames and stacked material are building, hoardings fence, masts pole, heaps of soil terrain.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.data.city.buildings import Box, Roof, build, is_buildable
from engine.data.city.canvas import BUILDING, OTHER_GROUND, PARKING, ROAD, TERRAIN
from engine.data.city.frame import Frame, cut_patch, inside
from engine.data.city.perimeter import fence_round
from engine.data.city.plan import Block, Plan, facing_street, find_room, open_entry, paint_box, scatter, stall_rows

_STOREY = 15
_HEAP = 5


def stand_frame(plan: Plan, block: Block, frame: Frame, box: Box, floors: list[Box], parapet: bool) -> bool:
    """Stand a grid of columns and one slab a storey over local boxes ``floors``, the lowest first; False without room.

    The ground between the columns stays free.
    """
    canvas = plan.canvas
    patch = cut_patch(frame, box, canvas.shape)
    if patch is None or not is_buildable(canvas, patch, inside(patch, box), 6, block.ident):
        return False
    base, ident = int(canvas.level[patch.window][inside(patch, box)].max()), canvas.new_ident()
    grid = inside(patch, box) & (_near_line(patch.u, box[0], box[1]) & _near_line(patch.v, box[2], box[3]))
    rise = np.zeros(grid.shape, np.int64)
    for number, floor in enumerate(floors, start=1):
        rise[inside(patch, floor)] = number * _STOREY
    starters = 0 if parapet else 4
    canvas.raise_columns(patch.window, grid & (rise > 0), base + rise + starters, BUILDING, ident)
    for number, floor in enumerate(floors, start=1):
        slab, top = inside(patch, floor), base + number * _STOREY
        canvas.add_detail(patch.window, slab, top - 2, top, BUILDING, ident)
        if parapet:
            inner = (floor[0] + 1.5, floor[1] - 1.5, floor[2] + 1.5, floor[3] - 1.5)
            canvas.add_detail(patch.window, slab & ~inside(patch, inner), top, top + 5, BUILDING, ident)
    return True


def _near_line(place: NDArray[np.float32], low: float, high: float) -> NDArray[np.bool_]:
    """Tell which places lie on one of the lines of a grid of columns about six metres apart."""
    count = max(int((high - low) / 30), 1)
    step = np.float32((high - low - 4) / count)
    offset = (place - np.float32(low + 2)) / step
    return np.asarray(np.abs(offset - np.floor(offset + np.float32(0.5))) * step <= 1.1)


def lay_site(plan: Plan, block: Block) -> None:
    """Lay out a building site: bare ground behind a hoarding, a half-built frame, a crane, heaps, stacks, machines."""
    rng, canvas, window = plan.rng, plan.canvas, block.window
    canvas.ground[window][block.mask & (canvas.depth[window] > 3)] = OTHER_GROUND
    wide, deep = float(rng.integers(90, 190)), float(rng.integers(60, 100))
    room = None
    while room is None and wide > 40:
        room = find_room(plan, block, wide, deep, 12)
        wide, deep = (wide, deep) if room is not None else (wide * 0.8, deep * 0.85)
    if room is not None:
        _raise_shell(plan, block, room, wide, deep)
    _heap_soil(plan, block)
    _put_stacks(plan, block)
    _put_machines(plan, block)
    fence_round(plan, block, 2.0, int(rng.integers(9, 13)))
    open_entry(plan, block, 14.0)


def _raise_shell(plan: Plan, block: Block, spot: Frame, wide: float, deep: float) -> None:
    """The frame, with less done of its upper floor, some walls filled in, and the crane beside it."""
    rng, w = plan.rng, wide / 2
    box = (-w, w, 0.0, deep)
    done = float(rng.integers(3, 11)) / 10
    floors = [box, (-w, -w + wide * done, 0.0, deep)][: int(rng.integers(1, 3))]
    stand_frame(plan, block, spot, box, floors, parapet=False)
    for v in (0.0, deep - 2) if rng.random() < 0.5 else ():
        wing = [(-w + 2, -w + wide * done, v, v + 2.0)]
        build(plan.canvas, spot, wing, Roof("flat", _STOREY - 2, 0), 6, block.ident, parapet=False)
    mast = spot.shift(w + 8, deep * 0.5)
    plan.props.append(("crane", mast))


def _heap_soil(plan: Plan, block: Block) -> None:
    """Heaps of soil: round cones that rise a voxel each one to two voxels, on ground that stays walkable."""
    rng, canvas, window = plan.rng, plan.canvas, block.window
    places = np.argwhere(block.mask & (canvas.depth[window] > 16))
    x, y = np.arange(block.mask.shape[0])[:, None], np.arange(block.mask.shape[1])[None, :]
    for _ in range(int(rng.integers(2, 6)) if len(places) else 0):
        at, slope = places[int(rng.integers(len(places)))], float(rng.integers(5, 9)) / 10
        gap = np.sqrt((x - at[0]) ** 2 + (y - at[1]) ** 2).astype(np.float32)
        rise = np.floor(np.clip((float(rng.integers(9, 18)) - gap) * np.float32(slope), 0, _HEAP))
        heap = block.mask & (rise > 0) & ~canvas.taken[window] & (canvas.depth[window] > 4)
        canvas.level[window][heap] += rise[heap].astype(np.uint8)
        canvas.ground[window][heap] = TERRAIN
        canvas.taken[window] |= heap


def _put_stacks(plan: Plan, block: Block) -> None:
    """Stacks of material and the containers of the site office."""
    rng = plan.rng
    for _ in range(int(rng.integers(5, 12))):
        wide, deep, tall = float(rng.integers(6, 22)), float(rng.integers(5, 9)), int(rng.integers(2, 7))
        if rng.random() < 0.25:
            wide, deep, tall = 30.0, 12.0, 13 * int(rng.integers(1, 3))
        spot = find_room(plan, block, wide + 2, deep + 2, 8, tries=4)
        if spot is not None:
            spot = spot.turned(int(rng.integers(4)) if wide < 30 else 0)
            wings = [(-wide / 2, wide / 2, 0.0, deep)]
            build(plan.canvas, spot, wings, Roof("flat", tall, 0), 6, block.ident, parapet=False)


def _put_machines(plan: Plan, block: Block) -> None:
    """A paved way in from the street, with diggers and trucks on it."""
    rng, front = plan.rng, facing_street(block)
    reach = float(plan.canvas.depth[block.window][block.mask].max())
    paint_box(plan, block, front, (-14.0, 14.0, -2 * reach, 0.5 * reach), ROAD)
    for place in np.arange(-0.6 * reach, 0.4 * reach, 40.0).tolist():
        kind = str(rng.choice(["digger", "dumper", "none"]))
        spot = front.shift(float(rng.choice([-6, 6])), place)
        if kind != "none":
            plan.props.append((kind, spot.turned(int(rng.integers(4)) if kind == "digger" else 1)))


def lay_deck(plan: Plan, block: Block) -> None:
    """Lay out a parking deck: open storeys on columns with parapets over rows of parked cars."""
    rng, canvas, window = plan.rng, plan.canvas, block.window
    canvas.ground[window][block.mask & (canvas.depth[window] > 5)] = PARKING
    wide, deep = float(rng.integers(150, 240)), float(rng.integers(80, 130))
    spot = None
    while spot is None and wide > 60:
        spot = find_room(plan, block, wide, deep, 9)
        wide, deep = (wide, deep) if spot is not None else (wide * 0.85, deep * 0.88)
    if spot is not None:
        box = (-wide / 2, wide / 2, 0.0, deep)
        stand_frame(plan, block, spot, box, [box] * int(rng.integers(1, 3)), parapet=True)
        build(plan.canvas, spot.shift(0.0, deep), [(-9.0, 9.0, 0.0, 16.0)], Roof("flat", 32, 0), 6, block.ident)
    stall_rows(plan, block, 0.75)
    scatter(plan, block, plan.bushes, 0.004, 0.5, 6)
    open_entry(plan, block)

"""What houses carry and what stands beside them: doors, steps, porches, dormers, balconies, canopies on posts."""

from __future__ import annotations

import numpy as np

from engine.data.city.buildings import House, is_buildable, lift_roof
from engine.data.city.canvas import BUILDING, Canvas
from engine.data.city.facades import (
    STOREY,
    Wall,
    cut_rows,
    grow_ivy,
    hang,
    hang_balconies,
    hang_on,
    stand,
    storeys,
    walls_of,
)
from engine.data.city.frame import Frame, cut_patch, inside

Box = tuple[float, float, float, float]
SLAB_KINDS = ("bands", "windows", "balconies", "balconies", "loggias", "galleries")
_DOOR = 10


def dress_house(canvas: Canvas, house: House, door: float, rng: np.random.Generator) -> None:
    """Give a detached house windows all round, a door at ``door`` (local u) with what belongs to it, and dormers."""
    walls = walls_of(canvas, house)
    if len(walls) < 2:
        return
    period, width = float(rng.integers(10, 15)), float(rng.integers(5, 8))
    front, rear = walls[0], walls[1]
    at = (door - house.wings[0][0]) / front.length
    ground = (4, 11) if rng.random() < 0.7 else (2, 12)
    for wall in walls:
        clear = ~wall.part(at, 12.0) if wall is front else np.ones(len(wall.x), bool)
        cut_rows(canvas, wall, wall.axes(period, width, 4.0) & clear, storeys(house.eave, ground))
    _open_door(canvas, front, at, rng)
    if house.eave > 17 and rng.random() < 0.4:
        wide = float(rng.integers(14, 32))
        hang_balconies(canvas, rear, rear.part(0.5, wide), (STOREY - 1,), float(rng.integers(5, 8)))
    if rng.random() < 0.15:
        side = walls[int(rng.integers(1, len(walls)))]
        grow_ivy(canvas, side, side.part(float(rng.random()), float(rng.integers(12, 34))), int(rng.integers(6, 16)))
    _add_dormers(canvas, house, rng)


def _open_door(canvas: Canvas, wall: Wall, at: float, rng: np.random.Generator) -> None:
    """Cut a door with steps before it, under a slab, a porch on posts, or a veranda along the whole wall."""
    kind = str(rng.choice(["recess", "slab", "porch", "veranda"], p=[0.25, 0.35, 0.28, 0.12]))
    cut_rows(canvas, wall, wall.part(at, 5.0), ((1, _DOOR),), 3.5 if kind == "recess" else 2.2)
    wide = {"recess": 7.0, "slab": 9.0, "porch": 15.0, "veranda": wall.length - 2}[kind]
    deep = {"recess": 0.0, "slab": 4.0, "porch": 6.5, "veranda": 7.5}[kind]
    reach = wall.part(0.5 if kind == "veranda" else at, wide) & (wall.out <= deep)
    if deep > 5:
        ends = reach & ~wall.part(0.5 if kind == "veranda" else at, wide - 2.6)
        posts = (ends | (wall.axes(16.0, 1.6, 0.0) & reach)) & (wall.out > deep - 1.6)
        stand(canvas, wall, reach & ~posts, 1)
        stand(canvas, wall, posts, _DOOR + 2)
    else:
        stand(canvas, wall, wall.part(at, 7.0) & (wall.out <= 3.0), 1)
    hang(canvas, wall, reach, _DOOR + 1, _DOOR + 2)
    hang_on(canvas, wall, reach & wall.free & (wall.out <= deep / 2), _DOOR + 2, _DOOR + 3)


def _add_dormers(canvas: Canvas, house: House, rng: np.random.Generator) -> None:
    """Set dormers, one to three in a row, on the roof behind the front or the rear wall."""
    u0, u1, v0, v1 = house.wings[0]
    if house.eave > 22 or u1 - u0 < 1.1 * (v1 - v0) or rng.random() < 0.6:
        return
    count, half = int(rng.integers(1, 4)), float(rng.integers(4, 7))
    for u in np.linspace(u0, u1, count + 2)[1:-1].tolist():
        lift_roof(canvas, house, (u - half, u + half, v0 + 3, v0 + 14), house.eave + 8)
        if rng.random() < 0.5:
            lift_roof(canvas, house, (u - half, u + half, v1 - 14, v1 - 3), house.eave + 8)


def dress_slab(canvas: Canvas, house: House, kind: str, rng: np.random.Generator) -> None:
    """Give a large house its walls by one of SLAB_KINDS, with entries on its rear."""
    walls = walls_of(canvas, house)
    if len(walls) < 2:
        return
    front, rear = walls[0], walls[1]
    period, floors = float(rng.integers(12, 19)), (STOREY - 1, 2 * STOREY - 1)
    for wall in walls:
        band = kind == "bands" and wall.length > 40
        axes = wall.axes(wall.length, wall.length - 8) if band else wall.axes(period, period * 0.5, 4.0)
        cut_rows(canvas, wall, axes, storeys(house.eave))
    if kind == "balconies":
        hang_balconies(canvas, front, front.axes(2.2 * period, 18.0), floors, float(rng.integers(5, 8)))
    elif kind == "loggias":
        cut_rows(canvas, front, front.axes(2.2 * period, 20.0), ((4, 12), (18, 26), (32, 40)), 6.5)
    elif kind == "galleries":
        hang_balconies(canvas, rear, rear.axes(rear.length, rear.length - 4), floors, 6.0)
        stand(canvas, rear, rear.axes(40.0, 1.6) & (rear.out > 4.4) & (rear.out <= 6.0), STOREY)
    doors = rear.axes(60.0, 7.0)
    cut_rows(canvas, rear, doors, ((0, _DOOR + 1),), 2.2)
    hang(canvas, rear, rear.axes(60.0, 13.0) & (rear.out <= 6), _DOOR + 1, _DOOR + 2)


def dress_hall(canvas: Canvas, house: House, rng: np.random.Generator) -> None:
    """Give an industrial hall or a shed gates with a canopy on one long side and bands of light under the eaves."""
    walls = walls_of(canvas, house)
    gates = float(rng.integers(26, 44))
    for number, wall in enumerate(walls):
        if number == 0 and wall.length > 40:
            cut_rows(canvas, wall, wall.axes(gates, 17.0), ((0, 13),), 2.2)
            if rng.random() < 0.5:
                hang(canvas, wall, wall.axes(gates, 19.0) & (wall.out <= 5), 14, 15)
        else:
            cut_rows(canvas, wall, wall.axes(wall.length, wall.length - 10), ((house.eave - 6, house.eave - 3),))


def dress_inner(canvas: Canvas, house: House, rng: np.random.Generator) -> None:
    """Give a building that stands free in its block the walls that fit its size: hall, offices or a house."""
    wide = house.wings[0][1] - house.wings[0][0]
    if wide > 60 and rng.random() < 0.6:
        dress_hall(canvas, house, rng)
    elif wide > 60:
        dress_slab(canvas, house, str(rng.choice(("bands", "windows"))), rng)
    else:
        dress_house(canvas, house, float(rng.integers(-8, 9)), rng)


def cut_gate(canvas: Canvas, house: House) -> None:
    """Set the gate of a garage back by a voxel."""
    front = walls_of(canvas, house)[0]
    cut_rows(canvas, front, front.part(0.5, 12.0), ((0, 10),))


def stand_canopy(canvas: Canvas, frame: Frame, box: Box, height: int, block: int, setback: float = 6.0) -> bool:
    """Stand a roof on posts at its corners and every eight metres between, open on all sides; returns whether it fits.

    The ground below stays free for what drives or stands there.
    """
    patch = cut_patch(frame, box, canvas.shape)
    if patch is None or not is_buildable(canvas, patch, inside(patch, box), setback, block):
        return False
    u0, u1, v0, v1 = box
    mask, ident = inside(patch, box), canvas.new_ident()
    base = int(canvas.level[patch.window][mask].max())
    posts = np.zeros(mask.shape, bool)
    for u in np.linspace(u0 + 1, u1 - 1, max(2, int((u1 - u0) / 40) + 2)):
        for v in (v0 + 1, v1 - 1):
            posts |= mask & (np.abs(patch.u - u) <= 0.8) & (np.abs(patch.v - v) <= 0.8)
    canvas.raise_columns(patch.window, posts, base + height, BUILDING, ident)
    canvas.add_detail(patch.window, mask, base + height - 1, base + height + 1, BUILDING, ident)
    return True

"""Detached houses, lot by lot along the streets: footprint, garage, drive, path, garden, hedge and fence."""

from __future__ import annotations

import numpy as np

from engine.data.city.blocks import Plan
from engine.data.city.buildings import Roof, add_chimney, build, draw_wings
from engine.data.city.canvas import FENCE, OTHER_GROUND, PARKING, SIDEWALK, TERRAIN, VEGETATION
from engine.data.city.frame import Frame, cut_patch, inside

Box = tuple[float, float, float, float]


def lay_houses(plan: Plan, kinds: dict[int, str]) -> None:
    """Walk both sides of every street and build a lot wherever the block beside it is one of houses."""
    for index, line in enumerate(plan.lines):
        for side in (1.0, -1.0):
            _walk_side(plan, kinds, index, side)
        del line


def _walk_side(plan: Plan, kinds: dict[int, str], index: int, side: float) -> None:
    rng, line = plan.rng, plan.lines[index]
    place = float(rng.integers(20, 40))
    while place < line.length - 20:
        width = float(rng.integers(72, 112))
        spot = _lot_frame(plan, index, place + width / 2, side)
        if spot is not None and kinds.get(spot[1]) == "houses" and _lay_lot(plan, spot[0], spot[1], width):
            place += width
        else:
            place += 14.0


def _lot_frame(plan: Plan, index: int, along: float, side: float) -> tuple[Frame, int] | None:
    """The frame at the street-side middle of a lot, v pointing away from the street, and the block's id."""
    line = plan.lines[index]
    middle = line.frame(along)
    out = Frame(middle.x, middle.y, middle.ux * side, middle.uy * side)
    canvas = plan.canvas
    for lateral in range(int(line.street.half), int(line.street.half) + 56, 2):
        x, y = out.point(0.0, float(lateral))
        if not (0 <= int(x) < canvas.shape[0] and 0 <= int(y) < canvas.shape[1]):
            return None
        if canvas.block[int(x), int(y)] > 0 and canvas.depth[int(x), int(y)] >= 0:
            return out.shift(0.0, float(lateral)), int(canvas.block[int(x), int(y)])
    return None


def _lay_lot(plan: Plan, frame: Frame, block: int, width: float) -> bool:
    rng = plan.rng
    setback, deep = float(rng.integers(12, 34)), float(rng.integers(42, 62))
    wide = min(width - 18, float(rng.integers(44, 76)))
    drive = rng.random() < 0.75
    shift = (width - wide) / 2 - 5 if drive else 0.0
    turn = 1.0 if rng.random() < 0.5 else -1.0
    shape = str(rng.choice(["I", "I", "L", "L", "T", "U"]))
    house = frame.shift(shift * turn, setback)
    roof = Roof(str(rng.choice(["gable", "gable", "hip", "hip", "flat", "shed"])), _draw_eave(rng), _draw_slope(rng))
    if not build(plan.canvas, house, draw_wings(shape, wide, deep, rng), roof, 6.0, block):
        return False
    if roof.kind != "flat" and rng.random() < 0.6:
        add_chimney(plan.canvas, house, float(rng.integers(-12, 13)), deep * 0.2, 4)
    if drive:
        _lay_drive(plan, frame, block, (turn, width, setback, deep), bool(rng.random() < 0.6))
    path = shift * turn + float(rng.integers(-8, 9))
    _paint(plan, frame, (path - 2.5, path + 2.5, -3.0, setback), SIDEWALK, block)
    _lay_garden(plan, frame, block, (width, setback, deep), turn if drive else 0.0, path)
    return True


def _draw_eave(rng: np.random.Generator) -> int:
    return int(rng.integers(12, 16)) if rng.random() < 0.65 else int(rng.integers(19, 25))


def _draw_slope(rng: np.random.Generator) -> float:
    return float(rng.choice([0.4, 0.5, 0.6, 0.75]))


def _paint(plan: Plan, frame: Frame, box: Box, surface: int, block: int) -> None:
    """Paint ground of a block inside a local box, where nothing stands."""
    patch = cut_patch(frame, box, plan.canvas.shape)
    if patch is None:
        return
    mask = inside(patch, box) & (plan.canvas.block[patch.window] == block) & ~plan.canvas.taken[patch.window]
    plan.canvas.ground[patch.window][mask] = surface


def _lay_drive(plan: Plan, frame: Frame, block: int, lot: tuple[float, float, float, float], garage: bool) -> None:
    """A drive beside the house, often to a garage; the verge is paved where it meets the street."""
    turn, width, setback, deep = lot
    middle = -turn * (width / 2 - 11)
    end = setback + deep * 0.55
    if garage:
        build(plan.canvas, frame.shift(middle, end - 2), [(-8.0, 8.0, 0.0, 28.0)], Roof("flat", 13, 0), 6.0, block)
    box = (middle - 8, middle + 8, -4.0, end)
    _paint(plan, frame, box, PARKING, block)
    patch = cut_patch(frame, (middle - 8, middle + 8, -30.0, 0.0), plan.canvas.shape)
    if patch is not None:
        verge = inside(patch, (middle - 8, middle + 8, -30.0, 0.0)) & (plan.canvas.block[patch.window] == 0)
        verge &= plan.canvas.ground[patch.window] == TERRAIN
        plan.canvas.ground[patch.window][verge] = SIDEWALK
    x, y = frame.point(middle, end - 18)
    if plan.rng.random() < 0.6:
        plan.stalls.append((x, y, -frame.uy, frame.ux))


def _lay_garden(
    plan: Plan, frame: Frame, block: int, lot: tuple[float, float, float], drive: float, path: float
) -> None:
    rng = plan.rng
    width, setback, deep = lot
    back = setback + deep + float(rng.integers(20, 60))
    if rng.random() < 0.6:
        half = float(rng.integers(8, 18))
        _paint(plan, frame, (-half, half, setback + deep, setback + deep + 14), OTHER_GROUND, block)
    edge = width / 2
    for box in ((-edge, -edge + 1.5, 4.0, back), (-edge, edge, back, back + 1.5)):
        _border(plan, frame, box, block, bool(rng.random() < 0.5), (0.0, 0.0))
    if rng.random() < 0.7:
        gap = -drive * (edge - 11)
        _border(plan, frame, (-edge, edge, 1.0, 2.5), block, bool(rng.random() < 0.45), (gap if drive else path, path))
    for _ in range(int(rng.integers(1, 5))):
        x, y = frame.point(float(rng.integers(int(-edge) + 5, int(edge) - 4)), float(rng.integers(5, int(back))))
        (plan.trees if rng.random() < 0.4 else plan.bushes).append((x, y))
    if rng.random() < 0.3:
        shed = frame.shift(float(rng.integers(-24, 25)), back - 18)
        build(plan.canvas, shed, [(-8.0, 8.0, 0.0, 12.0)], Roof("shed", 10, 1.0), 20.0, block)


def _border(plan: Plan, frame: Frame, box: Box, block: int, fence: bool, gaps: tuple[float, float]) -> None:
    """A fence or hedge along a lot's edge; where ``gaps`` differ from 0 it opens there."""
    u0, u1, v0, v1 = box
    if not fence:
        u1, v1 = (u1 + 2, v1) if u1 - u0 < 3 else (u1, v1 + 2)
    patch = cut_patch(frame, (u0, u1, v0, v1), plan.canvas.shape)
    if patch is None:
        return
    canvas, window = plan.canvas, patch.window
    mask = inside(patch, (u0, u1, v0, v1)) & (canvas.block[window] == block) & ~canvas.taken[window]
    mask &= canvas.ground[window] == TERRAIN
    if u1 - u0 > v1 - v0 and v0 < 6:
        mask &= (np.abs(patch.u - gaps[0]) > 9) & (np.abs(patch.u - gaps[1]) > 5)
    rise = int(plan.rng.integers(5, 9))
    canvas.raise_columns(window, mask, canvas.level[window].astype(np.int64) + rise, FENCE if fence else VEGETATION)

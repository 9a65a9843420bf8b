"""Detached houses, lot by lot along the streets: footprint, garage, drive, path, garden, hedge and fence."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.data.city.annexes import cut_gate, dress_house, stand_canopy
from engine.data.city.borders import Border, draw_border, stand_border
from engine.data.city.buildings import House, Roof, add_chimney, build, draw_wings
from engine.data.city.canvas import OTHER_GROUND, PARKING, SIDEWALK, TERRAIN, VEGETATION
from engine.data.city.frame import Frame, Patch, cut_patch, inside
from engine.data.city.greens import part_gardens
from engine.data.city.plan import Block, Plan

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class _Lot:
    """A piece of land: its frame at the street (v pointing away from it), its block, street and sizes in voxels."""

    frame: Frame
    block: int
    street: int
    left: bool
    width: float
    setback: float
    deep: float


def lay_houses(plan: Plan, blocks: list[Block]) -> None:
    """Walk both sides of every street, build a lot wherever the block beside it is one of houses, part the gardens."""
    kinds = {block.ident: block.kind for block in blocks}
    for index in range(len(plan.lines)):
        for side in (1.0, -1.0):
            _walk_side(plan, kinds, index, side)
    for block in blocks:
        if block.kind == "houses":
            part_gardens(plan, block)


def _walk_side(plan: Plan, kinds: dict[int, str], index: int, side: float) -> None:
    rng, line = plan.rng, plan.lines[index]
    place = float(rng.integers(20, 40))
    while place < line.length - 20:
        width = float(rng.integers(72, 112))
        spot = _find_front(plan, index, place + width / 2, side)
        if spot is not None and kinds.get(spot[1]) == "houses":
            lot = _Lot(
                *spot, index, side > 0, width, setback=float(rng.integers(12, 34)), deep=float(rng.integers(42, 62))
            )
            place += width if _lay_lot(plan, lot) else 14.0
        else:
            place += 14.0


def _find_front(plan: Plan, index: int, along: float, side: float) -> tuple[Frame, int] | None:
    """The frame at the street-side middle of a lot and the block's id; None where no block starts soon."""
    line, canvas = plan.lines[index], plan.canvas
    middle = line.frame(along)
    out = Frame(middle.x, middle.y, middle.ux * side, middle.uy * side)
    for lateral in range(int(line.street.half), int(line.street.half) + 56, 2):
        x, y = out.point(0.0, float(lateral))
        if not (0 <= int(x) < canvas.shape[0] and 0 <= int(y) < canvas.shape[1]):
            return None
        if canvas.block[int(x), int(y)] > 0 and canvas.depth[int(x), int(y)] >= 0:
            return out.shift(0.0, float(lateral)), int(canvas.block[int(x), int(y)])
    return None


def _lay_lot(plan: Plan, lot: _Lot) -> bool:
    rng = plan.rng
    wide = min(lot.width - 18, float(rng.integers(44, 76)))
    drive = (1.0 if rng.random() < 0.5 else -1.0) * (rng.random() < 0.75)
    shift = drive * ((lot.width - wide) / 2 - 5)
    path = shift + float(rng.integers(-8, 9))
    house = _raise_house(plan, lot, shift, wide, path)
    if house is None:
        return False
    dress_house(plan.canvas, house, path - shift, rng)
    if drive:
        _lay_drive(plan, lot, -drive * (lot.width / 2 - 11), rng.random())
    if rng.random() < 0.2:
        _add_conservatory(plan, lot, house)
    _paint(plan, lot, (path - 2.5, path + 2.5, -3.0, lot.setback), SIDEWALK)
    _lay_garden(plan, lot, (-drive * (lot.width / 2 - 11) if drive else path, path))
    return True


def _raise_house(plan: Plan, lot: _Lot, shift: float, wide: float, path: float) -> House | None:
    """Raise a house with its chimney, sometimes with a bay beside the door; None where it does not fit."""
    rng, canvas = plan.rng, plan.canvas
    shape = str(rng.choice(["I", "L", "T", "U"], p=[0.46, 0.32, 0.18, 0.04]))
    wings = draw_wings(shape, wide, lot.deep, rng)
    if rng.random() < 0.3:
        bay = float(np.sign(shift - path) or 1.0) * float(rng.integers(9, max(10, int(wide / 2) - 8)))
        wings.append((bay - 6, bay + 6, -4.0, 6.0))
    roof = _draw_roof(rng)
    house = build(canvas, lot.frame.shift(shift, lot.setback), wings, roof, 6.0, lot.block)
    if house is not None and roof.kind != "flat" and rng.random() < 0.6:
        half = float(rng.choice([1.6, 2.2, 3.0]))
        add_chimney(canvas, house.frame, float(rng.integers(-12, 13)), lot.deep * 0.2, int(rng.integers(3, 7)), half)
    return house


def _add_conservatory(plan: Plan, lot: _Lot, house: House) -> None:
    """A low room of glass behind a house."""
    wide = float(plan.rng.integers(16, 30))
    at = house.frame.shift(float(plan.rng.integers(-10, 11)), lot.deep)
    build(plan.canvas, at, [(-wide / 2, wide / 2, 0.0, 14.0)], Roof("hip", 11, 0.4), 20.0, lot.block)


def _draw_roof(rng: np.random.Generator) -> Roof:
    kinds = ["gable", "front", "hip", "half-hip", "gambrel", "mansard", "flat", "shed"]
    kind = str(rng.choice(kinds, p=[0.3, 0.12, 0.22, 0.1, 0.05, 0.04, 0.1, 0.07]))
    storeys = float(rng.random())
    eave = int(rng.integers(12, 16)) if storeys < 0.62 else int(rng.integers(18, 23))
    if storeys > 0.9:
        eave = int(rng.integers(26, 29))
    return Roof(kind, eave, float(rng.choice([0.4, 0.5, 0.6, 0.75])))


def _own(plan: Plan, lot: _Lot, box: Box) -> tuple[Patch, NDArray[np.bool_]] | None:
    """The free part of a local box that belongs to the lot: nearest to its own street, in its own block."""
    patch = cut_patch(lot.frame, box, plan.canvas.shape)
    if patch is None:
        return None
    window = patch.window
    mask = inside(patch, box) & (plan.canvas.block[window] == lot.block) & ~plan.canvas.taken[window]
    mask &= (plan.field.street[window] == lot.street) & ((plan.field.lateral[window] > 0) == lot.left)
    return patch, mask


def _paint(plan: Plan, lot: _Lot, box: Box, surface: int) -> None:
    found = _own(plan, lot, box)
    if found is not None:
        plan.canvas.ground[found[0].window][found[1]] = surface


def _lay_drive(plan: Plan, lot: _Lot, middle: float, odds: float) -> None:
    """A drive beside the house, often to a garage or a roof on posts; the verge is paved where it meets the street."""
    end = lot.setback + lot.deep * 0.55
    spot = lot.frame.shift(middle, end - 2)
    if odds < 0.5:
        roof = Roof("gable" if odds < 0.12 else "flat", 13, 0.5)
        garage = build(plan.canvas, spot, [(-8.0, 8.0, 0.0, 28.0)], roof, 6.0, lot.block)
        if garage is not None:
            cut_gate(plan.canvas, garage)
    elif odds < 0.65:
        stand_canopy(plan.canvas, spot.shift(0.0, -26.0), (-9.0, 9.0, 0.0, 26.0), 13, lot.block)
    _paint(plan, lot, (middle - 8, middle + 8, -4.0, end), PARKING)
    box = (middle - 8, middle + 8, -30.0, 0.0)
    patch = cut_patch(lot.frame, box, plan.canvas.shape)
    if patch is not None:
        verge = inside(patch, box) & (plan.canvas.block[patch.window] == 0)
        verge &= plan.canvas.ground[patch.window] == TERRAIN
        plan.canvas.ground[patch.window][verge] = SIDEWALK
    if plan.rng.random() < 0.75:
        x, y = lot.frame.point(middle, end - 18)
        plan.stalls.append((x, y, -lot.frame.uy, lot.frame.ux))


def _lay_garden(plan: Plan, lot: _Lot, gaps: tuple[float, float]) -> None:
    """Patio, hedges and fences round the lot, planting and sometimes a shed."""
    rng, edge, rear = plan.rng, lot.width / 2, lot.setback + lot.deep
    back = rear + float(rng.integers(24, 70))
    if rng.random() < 0.6:
        half = float(rng.integers(8, 18))
        _paint(plan, lot, (-half, half, rear, rear + 14), OTHER_GROUND)
    border = draw_border(rng)
    for side in (-edge, edge - 1.5):
        _stand_border(plan, lot, (side, side + border.thick, 4.0, back), border, None)
    _stand_border(plan, lot, (-edge, edge, back, back + border.thick), border, None)
    if rng.random() < 0.7:
        border = draw_border(rng, 0.55)
        _stand_border(plan, lot, (-edge, edge, 1.0, 1.0 + border.thick), border, gaps)
    if rng.random() < 0.4:
        bed = float(rng.integers(12, 30))
        border = Border(VEGETATION, 3.0, int(rng.integers(1, 4)), float(rng.integers(3, 7)), 0.5, 1)
        _stand_border(plan, lot, (-bed, bed, lot.setback - 5, lot.setback - 2), border, gaps)
    for _ in range(int(rng.integers(2, 9))):
        x, y = lot.frame.point(float(rng.integers(int(-edge) + 5, int(edge) - 4)), float(rng.integers(5, int(back))))
        (plan.trees if rng.random() < 0.5 else plan.bushes).append((x, y))
    if rng.random() < 0.3:
        shed = lot.frame.shift(float(rng.integers(-24, 25)), back - 18)
        build(plan.canvas, shed, [(-8.0, 8.0, 0.0, 12.0)], Roof("shed", 10, 1.0), 20.0, lot.block)


def _stand_border(plan: Plan, lot: _Lot, box: Box, border: Border, gaps: tuple[float, float] | None) -> None:
    """A fence or hedge in a local box; it opens for the drive and the path where ``gaps`` gives their places."""
    found = _own(plan, lot, box)
    if found is None:
        return
    patch, mask = found
    mask &= plan.canvas.ground[patch.window] == TERRAIN
    if gaps is not None:
        mask &= (np.abs(patch.u - gaps[0]) > 9) & (np.abs(patch.u - gaps[1]) > 5)
    along = patch.u if box[1] - box[0] > box[3] - box[2] else patch.v
    stand_border(plan.canvas, patch.window, mask, along, border)

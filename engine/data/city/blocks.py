"""Blocks between the streets: which kind each is, and the ones laid out as a whole."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import find_objects, label

from engine.data.city.buildings import Roof, add_chimney, build, draw_wings
from engine.data.city.canvas import BUILDING, FENCE, OTHER_GROUND, PARKING, SIDEWALK, TERRAIN, VEGETATION, Canvas
from engine.data.city.frame import Frame
from engine.data.city.noise import smooth_noise
from engine.data.city.streets import StreetField, StreetLine
from engine.data.city.style import BLOCK_KINDS

Window = tuple[slice, slice]


@dataclass
class Block:
    """One block: its id, kind, window of the plan, mask in it and the frame of its main street."""

    ident: int
    kind: str
    window: Window
    mask: NDArray[np.bool_]
    frame: Frame
    area: int


@dataclass
class Plan:
    """What the block layouts read and write: the canvas, the streets and spots for objects (x, y, heading)."""

    canvas: Canvas
    field: StreetField
    lines: list[StreetLine]
    rng: np.random.Generator
    stalls: list[tuple[float, float, float, float]]
    trees: list[tuple[float, float]]
    bushes: list[tuple[float, float]]


def number_blocks(ground: NDArray[np.uint8], depth: NDArray[np.float32]) -> NDArray[np.int32]:
    """Number the connected parts that no street covers; tiny ones become sidewalk. Returns (X, Y) int32."""
    blocks: NDArray[np.int32] = label((ground == 0) & (depth > 0))[0].astype(np.int32)
    area = np.bincount(blocks.ravel())
    small = area < 900
    small[0] = False
    ground[small[blocks] | ((blocks == 0) & (ground == 0))] = SIDEWALK
    blocks[small[blocks]] = 0
    return blocks


def draw_blocks(plan: Plan, odds: NDArray[np.float64]) -> list[Block]:
    """Give every block its kind, by the world's odds and what fits its area."""
    found = []
    blocks = plan.canvas.block
    for ident, window in enumerate(find_objects(blocks), start=1):
        if window is None:
            continue
        mask = blocks[window] == ident
        area = int(mask.sum())
        kind = _draw_kind(area, odds, plan.rng)
        found.append(Block(ident, kind, window, mask, _main_frame(plan, window, mask), area))
    return found


def _draw_kind(area: int, odds: NDArray[np.float64], rng: np.random.Generator) -> str:
    weights = odds.copy()
    if area < 16000:
        weights[[1, 2, 3, 4]] = 0.0
        weights += np.array([0.1, 0, 0, 0, 0, 0.2, 0.1, 0.15, 0.05])
    return BLOCK_KINDS[int(rng.choice(len(BLOCK_KINDS), p=weights / weights.sum()))]


def _main_frame(plan: Plan, window: Window, mask: NDArray[np.bool_]) -> Frame:
    """A frame at the block's middle, along the street it touches most."""
    rim = mask & (plan.canvas.depth[window] < 4)
    use = rim if rim.any() else mask
    streets = plan.field.street[window][use]
    street = int(np.bincount(streets).argmax())
    along = plan.field.along[window][use][streets == street]
    heading = plan.lines[street].frame(float(np.sort(along)[len(along) // 2]))
    place = np.argwhere(mask).mean(0)
    return Frame(
        window[0].start + float(round(place[0])), window[1].start + float(round(place[1])), heading.ux, heading.uy
    )


def local(block: Block) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Local coordinates (u, v) of a block's window, to lay out patterns along its main street."""
    f = block.frame
    dx = np.arange(block.window[0].start, block.window[0].stop, dtype=np.float32)[:, None] - np.float32(f.x)
    dy = np.arange(block.window[1].start, block.window[1].stop, dtype=np.float32)[None, :] - np.float32(f.y)
    return dx * np.float32(f.ux) + dy * np.float32(f.uy), dy * np.float32(f.ux) - dx * np.float32(f.uy)


def lay_block(plan: Plan, block: Block) -> None:
    """Draw a block's ground and whatever is laid out for the block as a whole."""
    plan.canvas.ground[block.window][block.mask] = TERRAIN
    layers = {
        "terrace": _lay_terrace, "court": _lay_court, "slabs": _lay_slabs, "hall": _lay_hall, "park": _lay_park,
        "lot": _lay_lot, "plaza": _lay_plaza, "field": _lay_field, "houses": _lay_yard,
    }  # fmt: skip
    layers[block.kind](plan, block)


def _lay_yard(plan: Plan, block: Block) -> None:
    """Scatter garden trees and bushes; the houses come lot by lot."""
    _scatter(plan, block, plan.trees, 0.00022, 24)
    _scatter(plan, block, plan.bushes, 0.0004, 12)


def _scatter(plan: Plan, block: Block, spots: list[tuple[float, float]], density: float, depth: float) -> None:
    mask = block.mask & (plan.canvas.depth[block.window] > depth)
    places = np.argwhere(mask)
    count = int(density * block.area)
    if len(places) and count:
        chosen = places[plan.rng.integers(0, len(places), count)]
        spots += [(float(x + block.window[0].start), float(y + block.window[1].start)) for x, y in chosen]


def _ring(
    plan: Plan, block: Block, setback: float, thick: float, unit: float, gap_odds: float
) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """The band of a block between two depths, cut into units along the street; some units are left open."""
    depth = plan.canvas.depth[block.window]
    street, along = plan.field.street[block.window], plan.field.along[block.window]
    side = plan.field.lateral[block.window] > 0
    key = (street.astype(np.int64) * 2 + side) * 512 + np.floor(along / np.float32(unit)).astype(np.int64)
    band = block.mask & (depth >= setback) & (depth < setback + thick) & ~plan.canvas.taken[block.window]
    names, units = np.unique(key[band], return_inverse=True)
    out = np.full(band.shape, -1, np.int64)
    out[band] = units
    count = np.bincount(units, minlength=len(names))
    open_unit = (plan.rng.random(len(names)) < gap_odds) | (count < 0.25 * unit * thick)
    band[band] = ~open_unit[units]
    return band, out


def _raise_ring(
    plan: Plan,
    block: Block,
    band: NDArray[np.bool_],
    units: NDArray[np.int64],
    eaves: NDArray[np.int64],
    slope: float,
    setback: float,
    thick: float,
) -> None:
    canvas, window = plan.canvas, block.window
    depth = canvas.depth[window]
    rise = np.floor(np.maximum(np.minimum(depth - setback, setback + thick - depth), 0) * np.float32(slope)).astype(
        np.int64
    )
    base = np.zeros(len(eaves), np.int64)
    np.maximum.at(base, units[band], canvas.level[window][band].astype(np.int64))
    pick = np.maximum(units, 0)
    idents = (canvas.idents + 1 + np.arange(len(eaves))).astype(np.uint32)
    canvas.idents += len(eaves)
    canvas.raise_columns(window, band, base[pick] + eaves[pick] + rise, BUILDING, idents[pick])


def _lay_terrace(plan: Plan, block: Block) -> None:
    """Rows of joined houses along the streets, small gardens in front and behind."""
    rng = plan.rng
    setback, thick, unit = float(rng.integers(4, 24)), float(rng.integers(40, 52)), float(rng.integers(28, 42))
    band, units = _ring(plan, block, setback, thick, unit, 0.14)
    count = int(units.max()) + 1
    eaves = np.where(rng.random(count) < 0.3, rng.integers(18, 24, count), int(rng.integers(13, 22)))
    _raise_ring(plan, block, band, units, eaves, float(rng.choice([0.0, 0.4, 0.5, 0.6])), setback, thick)
    if setback < 10:
        front = block.mask & (plan.canvas.depth[block.window] < setback)
        plan.canvas.ground[block.window][front] = SIDEWALK
    _hedge_line(plan, block, 1.0, 3.0, units_gap=unit)
    _scatter(plan, block, plan.trees, 0.0003, setback + thick + 10)
    _scatter(plan, block, plan.bushes, 0.0004, setback + thick + 6)


def _hedge_line(plan: Plan, block: Block, depth0: float, thick: float, units_gap: float) -> None:
    """A hedge or fence along the street side of front gardens, open at each house's path."""
    canvas, window, rng = plan.canvas, block.window, plan.rng
    depth, along = canvas.depth[window], plan.field.along[window]
    rest = along - np.floor(along / np.float32(units_gap)) * np.float32(units_gap)
    fence = rng.random() < 0.5
    line = block.mask & (depth >= depth0) & (depth < depth0 + (1.5 if fence else thick)) & (rest > 9)
    line &= (canvas.ground[window] == TERRAIN) & ~canvas.taken[window]
    tops = canvas.level[window].astype(np.int64) + int(rng.integers(4, 8))
    canvas.raise_columns(window, line, tops, FENCE if fence else VEGETATION)


def _lay_court(plan: Plan, block: Block) -> None:
    """A perimeter block: houses wall to wall round a yard with trees, cars or annexes."""
    rng, canvas = plan.rng, plan.canvas
    setback, thick, unit = 0.0, float(rng.integers(50, 66)), float(rng.integers(50, 96))
    band, units = _ring(plan, block, setback, thick, unit, 0.07)
    count = int(units.max()) + 1
    low = rng.integers(15, 24, count)
    eaves = np.where(rng.random(count) < 0.35, low, 32)
    _raise_ring(plan, block, band, units, eaves, float(rng.choice([0.0, 0.0, 0.45])), setback, thick)
    yard = block.mask & (canvas.depth[block.window] >= thick)
    surface = int(rng.choice([TERRAIN, TERRAIN, OTHER_GROUND, PARKING]))
    canvas.ground[block.window][yard] = surface
    gaps = block.mask & ~yard & (canvas.solid[block.window] == 0)
    canvas.ground[block.window][gaps] = SIDEWALK if surface == TERRAIN else surface
    if surface == PARKING:
        _stalls(plan, block, thick + 6, 0.6)
    _scatter(plan, block, plan.trees, 0.0004 if surface == TERRAIN else 0.0001, thick + 12)
    for _ in range(int(rng.integers(0, 3))):
        _try_inner(plan, block, thick + 10, (30, 60), (24, 44), (12, 18))


def _try_inner(
    plan: Plan, block: Block, setback: float, width: tuple[int, int], depth: tuple[int, int], eave: tuple[int, int]
) -> bool:
    """Put one free-standing building somewhere behind ``setback``, square to the block; a few tries."""
    places = np.argwhere(block.mask & (plan.canvas.depth[block.window] > setback))
    for _ in range(6 if len(places) else 0):
        x, y = places[int(plan.rng.integers(len(places)))]
        spot = Frame(float(x + block.window[0].start), float(y + block.window[1].start), block.frame.ux, block.frame.uy)
        w, d = int(plan.rng.integers(*width)), int(plan.rng.integers(*depth))
        wings = draw_wings(str(plan.rng.choice(["I", "I", "L"])), w, d, plan.rng)
        roof = Roof(str(plan.rng.choice(["flat", "gable", "hip", "shed"])), int(plan.rng.integers(*eave)), 0.5)
        if build(plan.canvas, spot.turned(int(plan.rng.integers(4))), wings, roof, setback, block.ident):
            return True
    return False


def _extent(block: Block) -> tuple[float, float, float, float]:
    u, v = local(block)
    return (
        float(u[block.mask].min()),
        float(u[block.mask].max()),
        float(v[block.mask].min()),
        float(v[block.mask].max()),
    )


def _lay_slabs(plan: Plan, block: Block) -> None:
    """Long flat-roofed slabs and towers in a lawn with paths and parking."""
    rng, canvas = plan.rng, plan.canvas
    u0, u1, v0, v1 = _extent(block)
    u, v = local(block)
    deep, step = int(rng.integers(50, 64)), float(rng.integers(110, 150))
    for row in np.arange(v0 + 14, v1 - deep, step):
        place = u0 + 14
        while place < u1 - 60:
            width = float(rng.integers(70, 230)) if rng.random() < 0.7 else float(rng.integers(60, 80))
            spot = Frame(*block.frame.point(place + width / 2, float(row)), block.frame.ux, block.frame.uy)
            eave = 32 if rng.random() < 0.7 else int(rng.integers(16, 25))
            if build(canvas, spot, [(-width / 2, width / 2, 0.0, float(deep))], Roof("flat", eave, 0), 8, block.ident):
                path = (
                    block.mask
                    & (v >= row + deep + 4)
                    & (v < row + deep + 13)
                    & (u >= place - 10)
                    & (u < place + width + 10)
                )
                canvas.ground[block.window][path & ~canvas.taken[block.window]] = SIDEWALK
                place += width + float(rng.integers(24, 60))
            else:
                place += 26
        _strip_lot(plan, block, (u0 + 20, u1 - 20, float(row) + deep + 22, float(row) + deep + 48))
    _scatter(plan, block, plan.trees, 0.0006, 8)
    _scatter(plan, block, plan.bushes, 0.0005, 6)


def _strip_lot(plan: Plan, block: Block, box: tuple[float, float, float, float]) -> None:
    """A row of stalls across a lawn."""
    u, v = local(block)
    canvas = plan.canvas
    strip = block.mask & (u >= box[0]) & (u < box[1]) & (v >= box[2]) & (v < box[3]) & ~canvas.taken[block.window]
    strip &= canvas.depth[block.window] > 2
    canvas.ground[block.window][strip] = PARKING
    for place in np.arange(box[0] + 8, box[1] - 6, 14.0):
        x, y = block.frame.point(float(place), box[2] + 13)
        plan.stalls.append((x, y, -block.frame.uy, block.frame.ux))


def _stalls(plan: Plan, block: Block, depth: float, share: float) -> None:
    """Rows of stalls square to the block over everything that is parking ground."""
    u0, u1, v0, v1 = _extent(block)
    f = block.frame
    for number, row in enumerate(np.arange(v0 + 14, v1 - 8, 34.0)):
        if number % 3 == 2:
            continue
        for place in np.arange(u0 + 6, u1 - 6, 14.0):
            if plan.rng.random() < share:
                x, y = f.point(float(place), float(row))
                plan.stalls.append((x, y, -f.uy, f.ux))


def _lay_hall(plan: Plan, block: Block) -> None:
    """Industrial halls with yards, a fence round the block and stalls for cars and trucks."""
    rng, canvas = plan.rng, plan.canvas
    depth = canvas.depth[block.window]
    surface = int(rng.choice([PARKING, OTHER_GROUND, OTHER_GROUND]))
    canvas.ground[block.window][block.mask & (depth > 10)] = surface
    for _ in range(max(1, block.area // 26000)):
        _try_inner(plan, block, 26, (110, 210), (70, 130), (20, 30))
    for _ in range(3):
        _try_inner(plan, block, 22, (40, 80), (36, 56), (13, 20))
    if surface == PARKING:
        _stalls(plan, block, 14, 0.35)
    else:
        u0, u1, v0, _ = _extent(block)
        _strip_lot(plan, block, (u0 + 24, u1 - 24, v0 + 18, v0 + 44))
    if rng.random() < 0.75:
        _fence_round(plan, block, 6.0, int(rng.integers(8, 12)))
    _scatter(plan, block, plan.bushes, 0.0001, 2)
    _scatter(plan, block, plan.trees, 0.00008, 3)


def _fence_round(plan: Plan, block: Block, at: float, rise: int) -> None:
    """A fence along the block's edge with gates where the along coordinate says so."""
    canvas, window = plan.canvas, block.window
    depth, along = canvas.depth[window], plan.field.along[window]
    gate = along - np.floor(along / 230) * 230 < 40
    line = block.mask & (depth >= at) & (depth < at + 1.45) & ~gate & ~canvas.taken[window]
    canvas.raise_columns(window, line, canvas.level[window].astype(np.int64) + rise, FENCE)


def _lay_park(plan: Plan, block: Block) -> None:
    """Lawns with winding paths, groves, a playground or pond and a low hedge or fence."""
    rng, canvas = plan.rng, plan.canvas
    field = smooth_noise(rng, block.mask.shape, int(rng.integers(90, 150)))
    depth = canvas.depth[block.window]
    path = (np.abs(field - 0.5) < 0.035) | (depth < 4)
    canvas.ground[block.window][block.mask & path] = SIDEWALK
    pond = block.mask & (field > 0.86) & (depth > 20)
    canvas.ground[block.window][pond] = OTHER_GROUND
    grove = smooth_noise(rng, block.mask.shape, 70) > 0.45
    before = len(plan.trees)
    _scatter(plan, block, plan.trees, 0.0022, 8)
    kept = [
        t for t in plan.trees[before:] if grove[int(t[0]) - block.window[0].start, int(t[1]) - block.window[1].start]
    ]
    plan.trees[before:] = kept
    _scatter(plan, block, plan.bushes, 0.0012, 8)
    if rng.random() < 0.5:
        _hedge_line(plan, block, 5.0, 3.0, units_gap=float(rng.integers(120, 200)))


def _lay_lot(plan: Plan, block: Block) -> None:
    """A parking lot with rows of stalls and planted islands."""
    canvas = plan.canvas
    depth = canvas.depth[block.window]
    canvas.ground[block.window][block.mask & (depth > 7)] = PARKING
    u, v = local(block)
    _, _, v0, _ = _extent(block)
    islands = ((v - v0 + 3) % 102 < 5) & ((u % 170) < 120) & (depth > 12)
    canvas.ground[block.window][block.mask & islands] = TERRAIN
    _stalls(plan, block, 8, 0.62)
    if plan.rng.random() < 0.4:
        _try_inner(plan, block, 10, (60, 120), (50, 90), (18, 26))
    places = np.argwhere(block.mask & islands)
    if len(places):
        for x, y in places[plan.rng.integers(0, len(places), max(1, len(places) // 260))]:
            plan.trees.append((float(x + block.window[0].start), float(y + block.window[1].start)))


def _lay_plaza(plan: Plan, block: Block) -> None:
    """A paved square with rows of trees, planters and now and then a pavilion or church."""
    rng, canvas = plan.rng, plan.canvas
    depth = canvas.depth[block.window]
    canvas.ground[block.window][block.mask] = OTHER_GROUND
    canvas.ground[block.window][block.mask & (depth < 10)] = SIDEWALK
    if rng.random() < 0.7:
        _try_inner(plan, block, 40, (50, 120), (40, 70), (16, 30))
    u0, u1, v0, v1 = _extent(block)
    u, v = local(block)
    step = float(rng.integers(34, 50))
    rows = (v0 + 26, v1 - 26) if rng.random() < 0.6 else tuple(np.arange(v0 + 26, v1 - 20, step))
    for row in rows:
        for place in np.arange(u0 + 26, u1 - 20, step):
            x, y = block.frame.point(float(place), float(row))
            plan.trees.append((x, y))
    bed = block.mask & (depth > 60) & ((u % 90) < 26) & ((v % 110) < 12) & ~canvas.taken[block.window]
    canvas.ground[block.window][bed] = TERRAIN


def _lay_field(plan: Plan, block: Block) -> None:
    """Rough ground: meadow, thicket and a few trees, an allotment fence."""
    thick = smooth_noise(plan.rng, block.mask.shape, 50)
    canvas, window = plan.canvas, block.window
    wild = block.mask & (thick > 0.68) & (canvas.depth[window] > 6) & ~canvas.taken[window]
    rise = np.floor((thick - 0.68) * 30).astype(np.int64) + 1
    canvas.raise_columns(window, wild, canvas.level[window] + rise, VEGETATION)
    bare = block.mask & (thick < 0.16) & (canvas.depth[window] > 6)
    canvas.ground[window][bare] = OTHER_GROUND
    _scatter(plan, block, plan.trees, 0.0004, 10)
    _scatter(plan, block, plan.bushes, 0.0008, 6)
    if plan.rng.random() < 0.4:
        _fence_round(plan, block, 3.0, 6)


__all__ = ["Block", "Plan", "add_chimney", "draw_blocks", "lay_block", "local", "number_blocks"]

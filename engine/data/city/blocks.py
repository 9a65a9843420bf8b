"""Blocks between the streets: finding them, deciding what each is, and having it laid out."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import find_objects, label

from engine.data.city.canvas import SIDEWALK, TERRAIN
from engine.data.city.estates import lay_hall, lay_lot, lay_slabs
from engine.data.city.frame import Frame
from engine.data.city.gardens import lay_allotments
from engine.data.city.greens import lay_field, lay_park, lay_plaza, lay_yard
from engine.data.city.perimeter import lay_court, lay_terrace
from engine.data.city.plan import Block, Plan, Window
from engine.data.city.public import lay_church, lay_school
from engine.data.city.sites import lay_deck, lay_site
from engine.data.city.sports import lay_sport
from engine.data.city.style import BLOCK_KINDS
from engine.data.city.trade import lay_fuel, lay_shops

_LAYERS: dict[str, Callable[[Plan, Block], None]] = {
    "houses": lay_yard,
    "terrace": lay_terrace,
    "court": lay_court,
    "slabs": lay_slabs,
    "hall": lay_hall,
    "park": lay_park,
    "lot": lay_lot,
    "plaza": lay_plaza,
    "field": lay_field,
    "sport": lay_sport,
    "site": lay_site,
    "school": lay_school,
    "church": lay_church,
    "allotments": lay_allotments,
    "shops": lay_shops,
    "fuel": lay_fuel,
    "deck": lay_deck,
}
_SMALL_AREA, _LARGE_AREA, _ANY = 16000, 60000, 1 << 30
_ROOM: dict[str, tuple[int, int]] = {
    "terrace": (_SMALL_AREA, _ANY),
    "court": (_SMALL_AREA, _ANY),
    "slabs": (_SMALL_AREA, _ANY),
    "hall": (2 * _SMALL_AREA, _ANY),
    "sport": (24000, _ANY),
    "school": (30000, _ANY),
    "shops": (24000, _ANY),
    "site": (14000, 90000),
    "church": (14000, 90000),
    "allotments": (14000, _ANY),
    "fuel": (14000, 45000),
    "deck": (14000, 60000),
}
_SMALL_BONUS = {"houses": 0.1, "park": 0.2, "lot": 0.1, "plaza": 0.1, "field": 0.05}


def number_blocks(ground: NDArray[np.uint8], depth: NDArray[np.float32]) -> NDArray[np.int32]:
    """Number the connected parts that no street covers; tiny ones become sidewalk. Returns (X, Y) int32."""
    blocks: NDArray[np.int32] = label((ground == 0) & (depth > 0))[0].astype(np.int32)
    area = np.bincount(blocks.ravel())
    small = area < 900
    small[0] = False
    ground[small[blocks] | ((blocks == 0) & (ground == 0))] = SIDEWALK
    keep = np.cumsum(~small) - 1
    keep[small] = 0
    return keep.astype(np.int32)[blocks]


def draw_blocks(plan: Plan, odds: NDArray[np.float64]) -> list[Block]:
    """Give every block its kind, by the world's odds and what fits its area."""
    found = []
    blocks = plan.canvas.block
    for ident, bounds in enumerate(find_objects(blocks), start=1):
        window: Window = (bounds[0], bounds[1])
        mask = blocks[window] == ident
        kind = _draw_kind(int(mask.sum()), odds, plan.rng)
        found.append(Block(ident, kind, window, mask, *_main_street(plan, window, mask)))
    return found


def lay_blocks(plan: Plan, blocks: list[Block]) -> None:
    """Draw the ground of every block and whatever is laid out for a block as a whole."""
    for block in blocks:
        plan.canvas.ground[block.window][block.mask] = TERRAIN
        _LAYERS[block.kind](plan, block)


def _draw_kind(area: int, odds: NDArray[np.float64], rng: np.random.Generator) -> str:
    weights = odds.copy()
    for index, kind in enumerate(BLOCK_KINDS):
        low, high = _ROOM.get(kind, (0, _ANY))
        weights[index] *= low <= area <= high
        if area < _SMALL_AREA:
            weights[index] += _SMALL_BONUS.get(kind, 0.0)
    if area > _LARGE_AREA:
        weights[BLOCK_KINDS.index("lot")] *= 0.25
    return BLOCK_KINDS[int(rng.choice(len(BLOCK_KINDS), p=weights / weights.sum()))]


def _main_street(plan: Plan, window: Window, mask: NDArray[np.bool_]) -> tuple[Frame, int, float, float]:
    """The street a block touches most: a frame at the block's middle along it, its index, the side, the place."""
    rim = mask & (plan.canvas.depth[window] < 4)
    use = rim if rim.any() else mask
    streets = plan.field.street[window][use]
    street = int(np.bincount(streets).argmax())
    mine = streets == street
    along = float(np.sort(plan.field.along[window][use][mine])[int(mine.sum()) // 2])
    side = 1.0 if float(np.sum(plan.field.lateral[window][use][mine])) > 0 else -1.0
    heading = plan.lines[street].frame(along)
    place = np.argwhere(mask).mean(0)
    middle = (window[0].start + float(round(place[0])), window[1].start + float(round(place[1])))
    return Frame(*middle, heading.ux, heading.uy), street, side, along

"""Makes whole procedural worlds: seeded street scenes that training crops are cut from."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.data.city.blocks import draw_blocks, lay_blocks, number_blocks
from engine.data.city.canvas import OTHER_GROUND, PARKING, ROAD, Canvas
from engine.data.city.drafting import draw_network
from engine.data.city.furniture import put_furniture, put_people, put_shelters, street_tree_places
from engine.data.city.houses import lay_houses
from engine.data.city.medians import paint_medians, paint_refuges
from engine.data.city.network import Network
from engine.data.city.painter import Painter
from engine.data.city.plan import Block, Plan
from engine.data.city.promenades import put_strollers
from engine.data.city.relief import draw_slope, lift_blocks, settle_blocks
from engine.data.city.rivers import bank_places, measure_river
from engine.data.city.streets import StreetField, StreetLine, measure_streets, paint_streets
from engine.data.city.style import STYLE_TABLE, block_odds, draw_style
from engine.data.city.traffic import put_rounds, put_traffic
from engine.data.city.trams import put_trams
from engine.data.city.vegetation import plant
from engine.data.city.water import dig_ponds, flood, rail_water, slope_banks
from engine.data.city.world import World
from engine.errors import ScenewrightError

_FAR, _PLAIN = 999.0, 70.0
_BANK_LEVEL = 4
"""Level of carriageways beside water, whose own level is 1."""
STYLES: tuple[str, ...] = tuple(STYLE_TABLE)


def world_style(seed: int) -> str:
    """Tell which style `make_world` draws for a seed."""
    return draw_style(np.random.default_rng([seed, 0]))


def make_world(seed: int, size: tuple[int, int] = (2048, 2048), height: int = 32, style: str | None = None) -> World:
    """Make a world of streets, blocks, buildings, plants, traffic and people; the same seed gives the same bytes.

    ``size`` in voxels of 0.2 m, ``height`` the number of layers (taller things are cut), ``style`` one of STYLES or
    None to draw one.

    Raises
    ------
    ScenewrightError
        If the style is unknown or the size is too small for a street.
    """
    if style is not None and style not in STYLE_TABLE:
        raise ScenewrightError(f"no world style '{style}'; choose one of {', '.join(STYLES)}")
    if min(size) < 64 or height < 16:
        raise ScenewrightError(f"a world of {size[0]} x {size[1]} x {height} is too small; use at least 64 x 64 x 16")
    rng = np.random.default_rng([seed, 0])
    name = draw_style(rng) if style is None else style
    network = draw_network(STYLE_TABLE[name], size, np.random.default_rng([seed, 1]))
    span = int(rng.integers(STYLE_TABLE[name].hills[0], STYLE_TABLE[name].hills[1] + 1))
    plan = _draw_plan(network, size, height, span, seed)
    blocks = draw_blocks(plan, block_odds(name, rng))
    _open_square(plan, network, blocks, rng)
    land = np.random.default_rng([seed, 5])
    rises = lift_blocks(plan, blocks, span, land)
    lay_blocks(plan, blocks)
    lay_houses(plan, blocks)
    dig_ponds(plan, blocks, land)
    settle_blocks(plan, rises, land)
    painter = Painter(plan.canvas)
    put_shelters(plan, painter)
    put_trams(plan, painter)
    put_rounds(plan, painter, network, STYLE_TABLE[name])
    put_traffic(plan, painter, STYLE_TABLE[name])
    put_strollers(plan, painter, STYLE_TABLE[name])
    put_furniture(plan, painter, network)
    plant(plan, painter, street_tree_places(plan, network, STYLE_TABLE[name]))
    put_people(plan, painter, network, blocks, STYLE_TABLE[name])
    return _finish(painter, seed, name)


def _open_square(plan: Plan, network: Network, blocks: list[Block], rng: np.random.Generator) -> None:
    """Make the block that all streets lead to a square or a park."""
    if network.square is None:
        return
    x, y = (int(part) for part in network.square)
    ident = int(plan.canvas.block[x, y]) if 0 <= x < plan.canvas.shape[0] and 0 <= y < plan.canvas.shape[1] else 0
    for block in blocks:
        if block.ident == ident:
            block.kind = "plaza" if rng.random() < 0.65 else "park"


def _draw_plan(network: Network, size: tuple[int, int], height: int, span: int, seed: int) -> Plan:
    """Measure and paint the streets and set up an empty plan on ground that rises and falls by ``span`` voxels."""
    field = measure_streets(network, size)
    paving = np.random.default_rng([seed, 2])
    ground = paint_streets(network, field, paving)
    water = paint_medians(network, field, ground)
    paint_refuges(network, field, ground, paving)
    shore = np.full(size, _FAR, np.float32) if network.river is None else measure_river(network.river, size)
    if network.river is not None:
        water |= flood(ground, shore, network.river.walled)
    depth = field.edge - field.profile
    blocks = number_blocks(ground, depth)
    level = _draw_levels(ground, field, water, _draw_land(network, shore, size, span, seed))
    canvas = Canvas(ground, level, blocks, depth, height)
    if water.any():
        _edge_water(canvas, network, water, shore)
    lines = [StreetLine(street) for street in network.streets]
    plan = Plan(canvas, field, lines, np.random.default_rng([seed, 4]))
    if network.river is not None:
        plan.trees += bank_places(network.river, 17.0, plan.rng)
    return plan


def _draw_land(
    network: Network, shore: NDArray[np.float32], size: tuple[int, int], span: int, seed: int
) -> NDArray[np.float32]:
    """Height of the streets above the lowest: flat along water, so that it is the same depth everywhere."""
    canal = any(street.strip == "water" for street in network.streets)
    slope = draw_slope(size, 0 if canal else span, np.random.default_rng([seed, 3]))
    return np.asarray(slope * np.clip((shore - _PLAIN) / np.float32(300), 0, 1), np.float32)


def _draw_levels(
    ground: NDArray[np.uint8], field: StreetField, water: NDArray[np.bool_], slope: NDArray[np.float32]
) -> NDArray[np.uint8]:
    """Ground heights: the slope of the streets, with everything but carriageway and bays one voxel above the kerb."""
    flush = (ground == ROAD) | (ground == PARKING) | ((ground == OTHER_GROUND) & (field.edge < 0))
    base = _BANK_LEVEL if water.any() else 2
    level: NDArray[np.uint8] = np.floor(slope).astype(np.uint8) + np.uint8(base) + (~flush).astype(np.uint8)
    level[water] = 1
    return level


def _edge_water(canvas: Canvas, network: Network, water: NDArray[np.bool_], shore: NDArray[np.float32]) -> None:
    """Keep everything out of the water, and finish its banks or quays."""
    canvas.taken |= water
    river = network.river
    if river is not None and not river.walled:
        slope_banks(canvas.level, canvas.ground, shore, 1)
    rail_water(canvas, water, shore, river is not None and river.railed)


def _finish(painter: Painter, seed: int, style: str) -> World:
    voxels = np.flatnonzero(painter.idents)
    idents = painter.idents.reshape(-1)[voxels].astype(np.uint32)
    return World(painter.labels, voxels, idents, seed, style)

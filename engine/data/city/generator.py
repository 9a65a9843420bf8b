"""Makes whole procedural worlds: seeded street scenes that training crops are cut from."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.data.city.blocks import draw_blocks, lay_blocks, number_blocks
from engine.data.city.canvas import OTHER_GROUND, PARKING, ROAD, Canvas
from engine.data.city.furniture import put_furniture, put_people, put_shelters, street_tree_places
from engine.data.city.houses import lay_houses
from engine.data.city.network import Network, draw_network
from engine.data.city.noise import smooth_noise
from engine.data.city.painter import Painter
from engine.data.city.plan import Plan
from engine.data.city.streets import StreetField, StreetLine, measure_streets, paint_streets
from engine.data.city.style import STYLE_TABLE, block_odds, draw_style
from engine.data.city.traffic import put_traffic
from engine.data.city.vegetation import plant
from engine.data.city.world import World
from engine.errors import ScenewrightError

STYLES: tuple[str, ...] = tuple(STYLE_TABLE)


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
    plan = _draw_plan(network, size, height, name, seed)
    blocks = draw_blocks(plan, block_odds(name, rng))
    lay_blocks(plan, blocks)
    lay_houses(plan, blocks)
    painter = Painter(plan.canvas)
    put_shelters(plan, painter)
    put_traffic(plan, painter, STYLE_TABLE[name])
    put_furniture(plan, painter, network)
    plant(plan, painter, street_tree_places(plan, network, STYLE_TABLE[name]))
    put_people(plan, painter, network, blocks, STYLE_TABLE[name])
    return _finish(painter, seed, name)


def _draw_plan(network: Network, size: tuple[int, int], height: int, name: str, seed: int) -> Plan:
    """Measure and paint the streets and set up an empty plan on gently sloping ground."""
    field = measure_streets(network, size)
    ground = paint_streets(network, field, np.random.default_rng([seed, 2]))
    depth = field.edge - field.profile
    blocks = number_blocks(ground, depth)
    level = _draw_levels(ground, field, np.random.default_rng([seed, 3]))
    canvas = Canvas(ground, level, blocks, depth, height)
    lines = [StreetLine(street) for street in network.streets]
    return Plan(canvas, field, lines, np.random.default_rng([seed, 4]))


def _draw_levels(ground: NDArray[np.uint8], field: StreetField, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Ground heights: a gentle slope, with everything but carriageway and bays one voxel above the kerb."""
    low, span = int(rng.integers(1, 3)), int(rng.integers(1, 4))
    slope = np.floor(smooth_noise(rng, (ground.shape[0], ground.shape[1]), 700) * span).astype(np.uint8)
    flush = (ground == ROAD) | (ground == PARKING) | ((ground == OTHER_GROUND) & (field.edge < 0))
    level: NDArray[np.uint8] = slope + np.uint8(low) + (~flush).astype(np.uint8)
    return level


def _finish(painter: Painter, seed: int, style: str) -> World:
    voxels = np.flatnonzero(painter.idents)
    idents = painter.idents.reshape(-1)[voxels].astype(np.uint32)
    return World(painter.labels, voxels, idents, seed, style)

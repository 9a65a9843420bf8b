"""Builds a world of a place: mapped streets, ground and houses, dressed as the generator dresses its own."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.data.city.blocks import number_blocks
from engine.data.city.canvas import OTHER_GROUND, PARKING, ROAD, TERRAIN, Canvas
from engine.data.city.network import Network
from engine.data.city.painter import Painter
from engine.data.city.plan import Plan
from engine.data.city.streets import StreetField, StreetLine, measure_streets, paint_streets
from engine.data.city.style import STYLE_TABLE
from engine.data.city.world import World
from engine.data.places.buildings import raise_buildings, stand_barriers
from engine.data.places.dress import dress, paint_crossings
from engine.data.places.features import VOXEL, Place
from engine.data.places.ground import Ground
from engine.data.places.raster import fill
from engine.data.places.skeleton import trace_streets
from engine.data.places.streets import lay_network

_FAR = 999.0


def build_world(place: Place, seed: int = 0, height: int = 32) -> World:
    """Build the world of a place; the same place and seed give the same bytes.

    ``height`` is the number of layers; taller things are cut. Where a map draws streets as areas and not as lines
    (CityJSON), their middle lines are found first, for traffic and lamps to follow.
    """
    style = choose_style(place)
    drawn_areas = not any(line.kind == "street" for line in place.lines)
    rngs = [np.random.default_rng([seed, 77, stream]) for stream in range(3)]
    if drawn_areas:
        ground, network = _draw_by_areas(place, style, rngs, height)
    else:
        ground, network = _draw_by_lines(place, style, rngs, height)
    plan = ground.plan
    paint_crossings(plan, place)
    ground.roughen()
    surface = plan.canvas.ground
    ground.lay_levels(
        (surface == ROAD) | (surface == PARKING) | ((surface == OTHER_GROUND) & (plan.field.edge < 0) & ~ground.free)
    )
    raise_buildings(plan, place)
    if style != "suburb":
        ground.pave_aprons()
    stand_barriers(plan, place)
    ground.wish_stalls()
    return _finish(dress(ground, network, STYLE_TABLE[style]), seed, style)


def choose_style(place: Place) -> str:
    """Judge a place's character by its houses: how much ground they cover and how large they are."""
    found = [fill(area.rings, place.size) for area in place.areas if area.kind == "building"]
    sizes = [int(drawn[1].sum()) * VOXEL**2 for drawn in found if drawn is not None]
    covered = sum(sizes) / (place.size[0] * place.size[1] * VOXEL**2)
    if not sizes:
        return "park"
    if covered > 0.28:
        return "centre"
    return "suburb" if float(np.median(sizes)) < 170 else "estate"


def _draw_by_lines(place: Place, style: str, rngs: list[np.random.Generator], height: int) -> tuple[Ground, Network]:
    """Streets first, by their cross sections; areas fill the blocks between them."""
    turnings = [spot for spot in place.spots if spot.kind == "turning"]
    network = lay_network(place.lines, turnings, STYLE_TABLE[style], rngs[0])
    field = measure_streets(network, place.size)
    surface = paint_streets(_without_crossings(network, place), field, rngs[1])
    depth = field.edge - field.profile
    blocks = number_blocks(surface, depth)
    surface[blocks > 0] = TERRAIN
    canvas = Canvas(surface, np.zeros(place.size, np.uint8), blocks, depth, height)
    plan = Plan(canvas, field, [StreetLine(street) for street in network.streets], rngs[2])
    ground = Ground(plan, place, blocks > 0)
    ground.draw()
    return ground, network


def _without_crossings(network: Network, place: Place) -> Network:
    """Where crossings are mapped, none are painted at junctions on top."""
    if not any(spot.kind == "crossing" for spot in place.spots):
        return network
    return Network(network.streets, network.nodes, np.minimum(network.degree, 2), network.island, network.bulb)


def _draw_by_areas(place: Place, style: str, rngs: list[np.random.Generator], height: int) -> tuple[Ground, Network]:
    """Ground as it is mapped, then the middle lines of its carriageways."""
    free = np.ones(place.size, bool)
    surface = np.full(place.size, TERRAIN, np.uint8)
    canvas = Canvas(
        surface, np.zeros(place.size, np.uint8), free.astype(np.int32), np.zeros(place.size, np.float32), height
    )
    plan = Plan(canvas, _no_streets(place.size), [], rngs[2])
    ground = Ground(plan, place, free)
    ground.draw()
    road = canvas.ground == ROAD
    network = lay_network(trace_streets(road), [], STYLE_TABLE[style], rngs[0])
    if network.streets:
        plan.field = measure_streets(network, place.size)
        plan.lines = [StreetLine(street) for street in network.streets]
    ground.free = ~road
    return ground, network


def _no_streets(size: tuple[int, int]) -> StreetField:
    far = np.full(size, _FAR, np.float32)
    none: NDArray[np.float32] = np.zeros(size, np.float32)
    return StreetField(far, np.zeros(size, np.int32), none, none, far, none)


def _finish(painter: Painter, seed: int, style: str) -> World:
    voxels = np.flatnonzero(painter.idents)
    idents = painter.idents.reshape(-1)[voxels].astype(np.uint32)
    return World(painter.labels, voxels, idents, seed, style)

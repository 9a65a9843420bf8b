"""Dresses a place with what maps know at single points only, or not at all: plants, crossings, lamps, stops, people."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from engine.data.city import figures
from engine.data.city.canvas import OTHER_GROUND, ROAD, SIDEWALK, TERRAIN
from engine.data.city.frame import Frame, cut_patch, inside
from engine.data.city.furniture import put_furniture, put_people, put_shelters, street_tree_places
from engine.data.city.network import LANE, MAIN, Network
from engine.data.city.noise import smooth_noise
from engine.data.city.painter import Painter
from engine.data.city.plan import Block, Plan
from engine.data.city.stamps import heading_index
from engine.data.city.streets import StreetLine
from engine.data.city.style import Style
from engine.data.city.traffic import put_traffic
from engine.data.city.vegetation import plant
from engine.data.places.features import Place, Spot
from engine.data.places.ground import Ground
from engine.data.places.raster import segments

_PLANTS = {  # trees and bushes a voxel of ground
    "yard": (0.0005, 0.0004),
    "works": (0.0001, 0.0002),
    "lawn": (0.0002, 0.0001),
    "park": (0.0013, 0.0006),
    "wood": (0.0036, 0.0016),
    "scrub": (0.0004, 0.005),
    "garden": (0.0006, 0.0025),
    "plaza": (0.00015, 0.0),
}
_WALKABLE = (SIDEWALK, OTHER_GROUND)
_TREE_STEP = 36.0


def dress(ground: Ground, network: Network, style: Style) -> Painter:
    """Put vehicles, furniture, plants and people into a place whose ground and buildings stand."""
    plan, place = ground.plan, ground.place
    crossings = list(_crossing_frames(plan, place))
    _wish_plants(ground)
    painter = Painter(plan.canvas)
    streets, walked = _through(plan, network, bool(crossings))
    if not _put_stops(plan, painter, place):
        put_shelters(streets, painter)
    put_traffic(plan, painter, style)
    _put_spots(plan, painter, place)
    put_furniture(streets, painter, walked)
    plant(plan, painter, street_tree_places(streets, walked, style))
    for line, along in crossings:
        _cross(plan, painter, line, along)
    put_people(streets, painter, walked, _gathering(ground), style)
    return painter


def paint_crossings(plan: Plan, place: Place) -> None:
    """Paint stripes at the mapped crossings; they count as other ground."""
    canvas = plan.canvas
    for line, along in _crossing_frames(plan, place):
        half = line.street.half
        spot = line.frame(along)
        box = (-8.0, 8.0, -half, half)
        patch = cut_patch(spot, box, canvas.shape)
        if patch is not None:
            stripe = inside(patch, box) & (np.floor(patch.v + 600) % 6 < 3)
            canvas.ground[patch.window][stripe & (canvas.ground[patch.window] == ROAD)] = OTHER_GROUND


def _through(plan: Plan, network: Network, mapped: bool) -> tuple[Plan, Network]:
    """The streets without service lanes; with ``mapped`` crossings no others are made up at junctions."""
    keep = [i for i, street in enumerate(network.streets) if street.kind != LANE]
    streets = [network.streets[i] for i in keep]
    degree = np.minimum(network.degree, 2) if mapped else network.degree
    lines = [plan.lines[i] for i in keep]
    return dataclasses.replace(plan, lines=lines), dataclasses.replace(network, streets=streets, degree=degree)


def _nearest(plan: Plan, spot: Spot) -> tuple[StreetLine, float, float] | None:
    """The street a spot belongs to, the place along it and to its left; None where none is mapped close by."""
    x, y = int(spot.x + 0.5), int(spot.y + 0.5)
    if not plan.lines:
        return None
    field = plan.field
    line = plan.lines[int(field.street[x, y])]
    if field.edge[x, y] > 40:
        return None
    return line, float(field.along[x, y]), float(field.lateral[x, y])


def _crossing_frames(plan: Plan, place: Place) -> Iterator[tuple[StreetLine, float]]:
    for spot in place.spots:
        found = _nearest(plan, spot) if spot.kind == "crossing" else None
        if found is not None and abs(found[2]) < found[0].street.half and found[0].street.kind != LANE:
            yield found[0], found[1]


def _cross(plan: Plan, painter: Painter, line: StreetLine, along: float) -> None:
    """People on a crossing, and signs or signals before it on both sides."""
    rng, half = plan.rng, int(line.street.half)
    for side in (1.0, -1.0):
        ahead = side if not line.street.oneway else -1.0
        spot = line.frame(along + 11 * ahead, side * (half + 3))
        stamp = figures.signal(0, heading_index(spot.ux * ahead, spot.uy * ahead))
        if line.street.kind > MAIN or rng.random() < 0.5:
            stamp = figures.sign(int(rng.integers(0, 4)), heading_index(spot.ux * ahead, spot.uy * ahead))
        painter.place(stamp, spot.x, spot.y, (*_WALKABLE, TERRAIN))
    for _ in range(int(rng.integers(0, 4))):
        spot = line.frame(along + float(rng.integers(-6, 7)), float(rng.integers(-half + 3, half - 2)))
        turn = 1.0 if rng.random() < 0.5 else -1.0
        stamp = figures.person(int(rng.integers(4)), heading_index(-spot.uy * turn, spot.ux * turn))
        painter.place(stamp, spot.x, spot.y, _WALKABLE)


def _put_stops(plan: Plan, painter: Painter, place: Place) -> bool:
    """Stand a shelter at every mapped stop, open to its street; returns whether any stop is mapped."""
    stops = [spot for spot in place.spots if spot.kind == "stop"]
    for stop in stops:
        found = _nearest(plan, stop)
        if found is None:
            continue
        line, along, lateral = found
        side = 1.0 if lateral > 0 else -1.0
        for away in (7.0, 9.0, 12.0):
            spot = line.frame(along, side * (line.street.half + away))
            heading = heading_index(spot.uy * side, -spot.ux * side)
            if painter.place(figures.shelter(heading), spot.x, spot.y, (SIDEWALK,)):
                break
    return bool(stops)


def _put_spots(plan: Plan, painter: Painter, place: Place) -> None:
    """Stand mapped lamps, signals, signs and bollards, on the kerb where the map has them on the street's middle."""
    rng = plan.rng
    for spot in place.spots:
        if spot.kind not in ("lamp", "signal", "sign", "bollard"):
            continue
        frame = _at_kerb(plan, spot)
        heading = heading_index(frame.ux, frame.uy)
        stamp = {
            "lamp": figures.lamp(int(rng.integers(0, 3)), heading_index(-frame.uy, frame.ux)),
            "signal": figures.signal(int(rng.random() < 0.5), heading),
            "sign": figures.sign(int(rng.integers(0, 4)), heading),
            "bollard": figures.bollard(5),
        }[spot.kind]
        painter.place(stamp, frame.x, frame.y, (*_WALKABLE, TERRAIN))


def _at_kerb(plan: Plan, spot: Spot) -> Frame:
    """A frame at a spot that faces back along its street; spots on the carriageway move to its right kerb."""
    found = _nearest(plan, spot)
    if found is None:
        return Frame(spot.x, spot.y, 1.0, 0.0)
    line, along, lateral = found
    here = line.frame(along)
    if abs(lateral) < line.street.half + 2:
        here = line.frame(along, -(line.street.half + 3))
        return Frame(here.x, here.y, -here.ux, -here.uy)
    return Frame(spot.x, spot.y, -here.ux, -here.uy)


def _wish_plants(ground: Ground) -> None:
    """Wish for mapped trees, rows of trees, and those no map counts, by the kind of ground."""
    plan, place = ground.plan, ground.place
    plan.trees += [(spot.x, spot.y) for spot in place.spots if spot.kind == "tree"]
    for line in place.lines:
        if line.kind == "tree_row":
            for frame, length in segments(line.points):
                plan.trees += [frame.point(float(u), 0.0) for u in np.arange(_TREE_STEP / 2, length, _TREE_STEP)]
    patchy = smooth_noise(plan.rng, plan.canvas.shape, 75)
    for kind, (trees, bushes) in _PLANTS.items():
        open_ground = ground.of_kind(kind) & ground.free & ~plan.canvas.taken
        open_ground &= (plan.canvas.ground == TERRAIN) | (kind == "plaza")
        _scatter(plan, np.argwhere(open_ground & (patchy > 0.35)), trees * 1.5, plan.trees)
        _scatter(plan, np.argwhere(open_ground), bushes, plan.bushes)


def _scatter(plan: Plan, places: NDArray[np.int64], density: float, spots: list[tuple[float, float]]) -> None:
    count = int(density * len(places))
    if count:
        chosen = places[plan.rng.integers(0, len(places), count)]
        spots += [(float(x), float(y)) for x, y in chosen]


def _gathering(ground: Ground) -> list[Block]:
    """Parks and squares as the blocks where people stand about."""
    return [dataclasses.replace(block, kind="plaza") for block in ground.squares]

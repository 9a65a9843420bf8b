"""Street furniture and people: trees' places along streets, lamps, signs, traffic lights, bollards, pedestrians."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from engine.data.city import figures, fittings
from engine.data.city.canvas import OTHER_GROUND, PARKING, ROAD, SIDEWALK, TERRAIN
from engine.data.city.frame import Frame
from engine.data.city.kerbs import draw_kit, dress_kerb, put_overhead
from engine.data.city.medians import tree_rows
from engine.data.city.network import ARTERIAL, LANE, MAIN, Network
from engine.data.city.painter import Painter
from engine.data.city.plan import Block, Plan
from engine.data.city.stamps import Stamp, heading_index
from engine.data.city.streets import StreetLine, crossing_places
from engine.data.city.style import Style
from engine.data.city.vehicles import truck

_WALKABLE = (SIDEWALK, OTHER_GROUND)
_ANYWHERE = (SIDEWALK, OTHER_GROUND, TERRAIN, PARKING, ROAD)
_PROPS: dict[str, Callable[[int], Stamp]] = {
    "goal": fittings.goal,
    "hoop": fittings.hoop,
    "flood": fittings.flood,
    "crane": fittings.crane,
    "digger": fittings.digger,
    "swing": fittings.swing,
    "slide": fittings.slide,
    "climb": fittings.climb,
    "bench": fittings.bench,
    "pylon": fittings.pylon,
    "bin": fittings.bin_,
}


def _kerb(line: StreetLine, side: float) -> float:
    """How far the sidewalk or verge starts from the middle."""
    return line.street.half + line.street.bays[1 if side > 0 else 0]


def put_furniture(plan: Plan, painter: Painter, network: Network) -> None:
    """Place what blocks wish for, then lamps, signs and traffic lights along every street."""
    put_props(plan, painter)
    kit = draw_kit(plan.rng)
    for line, (first, last) in zip(plan.lines, crossing_places(network), strict=True):
        if line.street.kind != LANE:
            _put_lamps(plan, painter, line)
        put_overhead(plan, painter, line, kit)
        for side in (1.0, -1.0):
            _put_signs(plan, painter, line, side)
            dress_kerb(plan, painter, line, side, kit)
            for place, end in ((first, 1.0), (last, -1.0)):
                if place > 0:
                    _dress_crossing(plan, painter, line, side, float(place) + 9 * end, end)


def put_props(plan: Plan, painter: Painter) -> None:
    """Place what the layouts of blocks wish for: goals and floodlights, swings, benches, cranes, machines, signs."""
    for kind, spot in plan.props:
        heading = heading_index(spot.ux, spot.uy)
        if kind == "queue":
            _queue(plan, painter, spot)
        elif kind == "dumper":
            painter.place(truck(1, heading), spot.x, spot.y, (ROAD, OTHER_GROUND))
        else:
            painter.place(_PROPS[kind](heading), spot.x, spot.y, _ANYWHERE)


def _put_lamps(plan: Plan, painter: Painter, line: StreetLine) -> None:
    rng = plan.rng
    variant = 0 if line.street.kind == ARTERIAL else int(rng.choice([0, 1, 1, 2, figures.LANTERN]))
    step = float(rng.integers(110, 170))
    side = 1.0 if rng.random() < 0.5 else -1.0
    place = float(rng.integers(40, 90))
    middle = line.street.median > 3 and rng.random() < 0.4
    while place < line.length - 30:
        if middle:
            spot = line.frame(place)
            stamp = figures.lamp(figures.DOUBLE_LAMP, heading_index(-spot.uy, spot.ux))
            painter.place(stamp, spot.x, spot.y, (SIDEWALK, TERRAIN))
            place += step
            continue
        spot = line.frame(place, side * (_kerb(line, side) + 2.5))
        heading = heading_index(spot.uy * side, -spot.ux * side)
        painter.place(figures.lamp(variant, heading), spot.x, spot.y, (SIDEWALK, TERRAIN))
        place += step
        side = -side


def _put_signs(plan: Plan, painter: Painter, line: StreetLine, side: float) -> None:
    rng = plan.rng
    place = float(rng.integers(50, 160))
    while place < line.length - 40:
        spot = line.frame(place, side * (_kerb(line, side) + 2.5))
        variant = 4 if line.street.kind <= MAIN and rng.random() < 0.12 else int(rng.integers(0, 4))
        heading = heading_index(spot.ux * side, spot.uy * side)
        painter.place(figures.sign(variant, heading), spot.x, spot.y, (SIDEWALK, TERRAIN))
        place += float(rng.integers(90, 320))


def _dress_crossing(plan: Plan, painter: Painter, line: StreetLine, side: float, place: float, end: float) -> None:
    """A signal on main streets, a sign elsewhere, sometimes bollards, and people who cross."""
    rng = plan.rng
    spot = line.frame(place + 2 * end, side * (line.street.half + 3))
    facing = heading_index(spot.ux * end, spot.uy * end)
    if line.street.kind <= MAIN and side * end > 0:
        painter.place(figures.signal(int(rng.choice([0, 0, 0, 1, 1, 2])), facing), spot.x, spot.y, _WALKABLE)
    elif rng.random() < 0.6:
        painter.place(figures.sign(int(rng.integers(0, 4)), facing), spot.x, spot.y, _WALKABLE)
    if side * end < 0 and rng.random() < 0.5:
        corner = line.frame(place - 12 * end, side * (line.street.half + 4))
        painter.place(figures.nameplate(facing), corner.x, corner.y, _WALKABLE)
    if rng.random() < 0.25:
        for i in range(5):
            post = line.frame(place - end * (4 + 5 * i), side * (line.street.half + 2))
            painter.place(figures.bollard(5), post.x, post.y, _WALKABLE)


def put_shelters(plan: Plan, painter: Painter) -> None:
    """Place a bus shelter on the sidewalk of some main streets, open to the carriageway."""
    rng = plan.rng
    for line in plan.lines:
        for side in (1.0, -1.0):
            if line.street.kind > MAIN or line.length < 260 or rng.random() > 0.45:
                continue
            index = 1 if side > 0 else 0
            spot = line.frame(line.length / 2 + float(rng.integers(-30, 31)), side * (_kerb(line, side) + 6.5))
            if line.street.verges[index] == 0:
                heading = heading_index(spot.uy * side, -spot.ux * side)
                if painter.place(figures.shelter(heading), spot.x, spot.y, (SIDEWALK,)):
                    plan.props.append(("queue", Frame(spot.x, spot.y, spot.uy * side, -spot.ux * side)))


def street_tree_places(plan: Plan, network: Network, style: Style) -> list[tuple[float, float]]:
    """Rows of trees along some streets, in verges, kerb extensions and wide sidewalks, and on islands; (x, y)."""
    rng = plan.rng
    places = [(float(x), float(y)) for (x, y), island in zip(network.nodes, network.island, strict=True) if island]
    for line in plan.lines:
        for side in (1.0, -1.0):
            index = 1 if side > 0 else 0
            odds = style.trees * (0.75 if line.street.verges[index] or line.street.bays[index] else 0.4)
            if line.street.kind == LANE or rng.random() > odds:
                continue
            step = float(rng.integers(38, 74))
            for along in np.arange(46.0, line.length - 40, step):
                away = _kerb(line, side) + max(4.0, line.street.verges[index] / 2)
                spot = line.frame(float(along), side * away)
                places.append((spot.x, spot.y))
        for row in tree_rows(line.street):
            frames = [line.frame(float(along), row) for along in np.arange(90.0, line.length - 90, 56.0)]
            places += [(frame.x, frame.y) for frame in frames]
    return places


def put_people(plan: Plan, painter: Painter, network: Network, blocks: list[Block], style: Style) -> None:
    """Place people on sidewalks, crossings, paths and squares, alone or in small groups."""
    for line, crossing in zip(plan.lines, crossing_places(network), strict=True):
        for side in (1.0, -1.0):
            _walk_people(plan, painter, line, side, style)
        for place in crossing:
            if place > 0 and plan.rng.random() < 0.5:
                _cross_people(plan, painter, line, float(place))
    for block in blocks:
        if block.kind in ("park", "plaza", "court", "slabs", "school", "shops", "sport", "church"):
            _gather(plan, painter, block, style)


def _stand(plan: Plan, painter: Painter, x: float, y: float, ux: float, uy: float) -> bool:
    stamp = figures.person(int(plan.rng.integers(figures.PERSON_KINDS)), heading_index(ux, uy))
    return painter.place(stamp, x, y, _WALKABLE)


def _queue(plan: Plan, painter: Painter, spot: Frame) -> None:
    """People who wait at a stop: a row beside the shelter that faces where the bus comes from, and some before it."""
    rng = plan.rng
    for i in range(int(rng.integers(0, 7))):
        x, y = spot.point(5.0 + float(rng.integers(-1, 2)), -8.0 + 4.0 * i)
        _stand(plan, painter, x, y, -spot.uy, spot.ux)


def _group(plan: Plan, painter: Painter, x: float, y: float, count: int) -> None:
    """People who stand in a ring and face each other."""
    turn = float(plan.rng.random()) * 6.28
    for i in range(count):
        ux, uy = np.round([np.cos(turn + 6.28 * i / count), np.sin(turn + 6.28 * i / count)], 6).tolist()
        _stand(plan, painter, x + ux * (1.5 + count), y + uy * (1.5 + count), -ux, -uy)


def _walk_people(plan: Plan, painter: Painter, line: StreetLine, side: float, style: Style) -> None:
    rng, street = plan.rng, line.street
    index = 1 if side > 0 else 0
    gap = 85 / style.people * (2.0 if street.kind == LANE else 1.0)
    place = float(rng.integers(0, int(gap)))
    while place < line.length:
        turn = 1.0 if rng.random() < 0.5 else -1.0
        for i in range(int(rng.choice([1, 1, 2, 3]))):
            away = _kerb(line, side) + street.verges[index] + float(rng.integers(2, max(4, street.walks[index] - 1)))
            spot = line.frame(place + float(rng.integers(-3, 4)) * i, side * away)
            _stand(plan, painter, spot.x, spot.y, spot.ux * turn, spot.uy * turn)
        place += 6 + float(rng.integers(0, int(2 * gap)))


def _cross_people(plan: Plan, painter: Painter, line: StreetLine, place: float) -> None:
    rng, half = plan.rng, int(line.street.half)
    for _ in range(int(rng.integers(1, 4))):
        spot = line.frame(place + float(rng.integers(-6, 7)), float(rng.integers(-half + 3, half - 2)))
        turn = 1.0 if rng.random() < 0.5 else -1.0
        _stand(plan, painter, spot.x, spot.y, -spot.uy * turn, spot.ux * turn)


def _gather(plan: Plan, painter: Painter, block: Block, style: Style) -> None:
    rng = plan.rng
    ground = plan.canvas.ground[block.window]
    places = np.argwhere(block.mask & ((ground == SIDEWALK) | (ground == OTHER_GROUND)))
    count = int(len(places) / 2600 * style.people) if len(places) else 0
    for i in rng.integers(0, max(len(places), 1), count):
        x, y = places[i] + [block.window[0].start, block.window[1].start]
        ux, uy = ((1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0))[int(rng.integers(4))]
        if rng.random() < 0.3:
            _group(plan, painter, float(x), float(y), int(rng.integers(2, 6)))
        else:
            _stand(plan, painter, float(x), float(y), ux, uy)

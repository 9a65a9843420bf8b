"""Vehicles and riders on the move: in lanes, in queues before junctions, at the kerb and on sidewalks."""

from __future__ import annotations

from engine.data.city import cycles
from engine.data.city.canvas import OTHER_VEHICLE, ROAD, SIDEWALK
from engine.data.city.frame import Frame
from engine.data.city.network import ARTERIAL, LANE, LOCAL, Network
from engine.data.city.painter import Painter
from engine.data.city.parking import draw_vehicle, facing, park
from engine.data.city.plan import Plan
from engine.data.city.stamps import Shape, Stamp, heading_index, render
from engine.data.city.streets import StreetLine
from engine.data.city.style import Style
from engine.data.city.vehicles import coach

_DRIVING = ("car", "truck", "other", "motorcyclist", "bicyclist", "long bus")
_HALF_ROOT = 0.7071067811865476
_STOP = (84.0, 66.0, 58.0, 58.0)
"""How far before the end of a street of each class the first car of a queue has its middle, in voxels."""


def put_traffic(plan: Plan, painter: Painter, style: Style) -> None:
    """Place everything that rolls: parked vehicles first, then queues, then the lanes and the riders."""
    park(plan, painter, style)
    for line in plan.lines:
        for side in (1.0, -1.0):
            for lane in line.street.lanes:
                if lane == 0.0 and side < 0 and line.street.oneway:
                    continue
                _queue(plan, painter, line, side, lane, style)
                _drive(plan, painter, line, side, lane, style)
            if line.street.kind != LANE:
                _cycle(plan, painter, line, side, style)


def put_rounds(plan: Plan, painter: Painter, network: Network, style: Style) -> None:
    """Place vehicles that drive round the islands of roundabouts, to the left as traffic keeps right."""
    rng = plan.rng
    for (x, y), island in zip(network.nodes, network.island, strict=True):
        if not island:
            continue
        away = float(island) + (9.0 if rng.random() < 0.5 else 21.0)
        for quarter in range(8):
            if rng.random() > 0.3 * style.traffic:
                continue
            out = (1.0, _HALF_ROOT, 0.0, -_HALF_ROOT, -1.0, -_HALF_ROOT, 0.0, _HALF_ROOT)
            ux, uy = out[quarter], out[(quarter - 2) % 8]
            kind = str(rng.choice(["car", "motorcyclist", "truck", "bicyclist"], p=[0.85, 0.06, 0.05, 0.04]))
            stamp = draw_vehicle(kind, heading_index(-uy, ux), rng)
            painter.place(stamp, float(x) + away * ux, float(y) + away * uy, (ROAD,))


def _heading(line: StreetLine, spot: Frame, side: float) -> int:
    turn = facing(line, side)
    return heading_index(spot.ux * turn, spot.uy * turn)


def _queue(plan: Plan, painter: Painter, line: StreetLine, side: float, lane: float, style: Style) -> None:
    """Cars that wait one behind the other where their lane ends at a junction."""
    rng, kind = plan.rng, line.street.kind
    if kind == LANE or line.length < 3 * _STOP[kind] or rng.random() > 0.4 * style.traffic / (1 + (kind == LOCAL)):
        return
    ahead = facing(line, side)
    place = line.length - _STOP[kind] if ahead > 0 else _STOP[kind]
    for _ in range(int(rng.integers(1, 6 if kind < LOCAL else 3))):
        if not 40 < place < line.length - 40:
            return
        spot = line.frame(place, side * lane)
        vehicle = str(rng.choice(["car", "motorcyclist", "truck"], p=[0.88, 0.08, 0.04]))
        painter.place(draw_vehicle(vehicle, _heading(line, spot, side), rng), spot.x, spot.y, (ROAD,))
        place -= ahead * float(rng.integers(27, 33))


def _drive(plan: Plan, painter: Painter, line: StreetLine, side: float, lane: float, style: Style) -> None:
    """Vehicles in one lane, keeping right: left of the middle they face back along the street."""
    rng = plan.rng
    gap = 190 / style.traffic * (0.75 if line.street.kind < LOCAL else 1.8)
    place = float(rng.integers(0, int(gap)))
    while place < line.length:
        kind = str(rng.choice(_DRIVING, p=[0.68, 0.09, 0.07, 0.12, 0.02, 0.02]))
        if kind == "long bus" and line.street.kind < LOCAL:
            painter.place_chain(_long_bus(line, side, lane, place), (ROAD,))
            place += 60
        elif kind != "long bus":
            spot = line.frame(place, side * lane + float(rng.integers(-1, 2)))
            painter.place(draw_vehicle(kind, _heading(line, spot, side), rng), spot.x, spot.y, (ROAD,))
        place += 36 + float(rng.integers(0, int(1.7 * gap)))


def _long_bus(line: StreetLine, side: float, lane: float, place: float) -> list[tuple[Stamp, float, float]]:
    """An articulated bus of 18 m whose halves follow the lane."""
    ahead = facing(line, side)
    parts = []
    for front in (True, False):
        spot = line.frame(place + ahead * (23.0 if front else -22.0), side * lane)
        shape: Shape = coach(22.5, 6.4, 15, front, not front)
        stamp = render([(OTHER_VEHICLE, shape)], _heading(line, spot, side), 25, 15, 0)
        parts.append((stamp, spot.x, spot.y))
    return parts


def _cycle(plan: Plan, painter: Painter, line: StreetLine, side: float, style: Style) -> None:
    """Riders near the kerb, and some on the sidewalk."""
    rng, street = plan.rng, line.street
    index = 1 if side > 0 else 0
    walk = street.half + street.bays[index] + street.verges[index] + street.walks[index] / 2
    gap = int(330 / style.people * (0.7 if street.kind == ARTERIAL else 1.0))
    place = float(rng.integers(0, gap))
    while place < line.length:
        aside = rng.random() < 0.2
        spot = line.frame(place, side * (walk if aside else street.half - 4.0))
        rider = cycles.bicyclist(_heading(line, spot, side))
        painter.place(rider, spot.x, spot.y, (SIDEWALK,) if aside else (ROAD,))
        place += 14 + float(rng.integers(0, 2 * gap))

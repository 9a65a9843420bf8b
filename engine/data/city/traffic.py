"""Vehicles and riders: parked in bays, lots and at kerbs, driving in lanes."""

from __future__ import annotations

import numpy as np

from engine.data.city import vehicles
from engine.data.city.canvas import OTHER_GROUND, PARKING, ROAD, SIDEWALK
from engine.data.city.frame import Frame
from engine.data.city.network import LANE, LOCAL, PARALLEL_BAY, SQUARE_BAY
from engine.data.city.painter import Painter
from engine.data.city.plan import Plan
from engine.data.city.stamps import Stamp, heading_index
from engine.data.city.streets import StreetLine
from engine.data.city.style import Style

_PARKED = ("car", "truck", "motorcycle", "other", "bicycle")
_DRIVING = ("car", "truck", "other", "motorcyclist", "bicyclist")


def draw_vehicle(kind: str, heading: int, rng: np.random.Generator) -> Stamp:
    """Pick a model of a kind of vehicle, turned to a heading."""
    if kind == "car":
        return vehicles.car(int(rng.choice(6, p=[0.26, 0.24, 0.16, 0.18, 0.08, 0.08])), heading)
    if kind == "truck":
        return vehicles.truck(int(rng.choice(3, p=[0.5, 0.32, 0.18])), heading)
    if kind == "other":
        return vehicles.other_vehicle(int(rng.choice(4, p=[0.45, 0.25, 0.2, 0.1])), heading)
    plain = {
        "bicycle": vehicles.bicycle,
        "bicyclist": vehicles.bicyclist,
        "motorcycle": vehicles.motorcycle,
        "motorcyclist": vehicles.motorcyclist,
    }
    return plain[kind](heading)


def put_traffic(plan: Plan, painter: Painter, style: Style) -> None:
    """Place everything that rolls: lots first, then bays and kerbs, then the lanes."""
    _fill_stalls(plan, painter)
    for line in plan.lines:
        for side in (1.0, -1.0):
            bay = line.street.bays[1 if side > 0 else 0]
            if bay > PARALLEL_BAY:
                _park_stalls(plan, painter, line, side, bay)
            elif bay:
                _park_bays(plan, painter, line, side)
            elif line.street.kind == LOCAL and plan.rng.random() < 0.6:
                _park_kerb(plan, painter, line, side)
            _rack_bicycles(plan, painter, line, side, style)
            for lane in line.street.lanes:
                _drive(plan, painter, line, side, lane, style)
            if line.street.kind != LANE:
                _cycle(plan, painter, line, side, style)


def _facing(line: StreetLine, side: float) -> float:
    """Whether traffic on a side runs along the street's points (1) or back (-1); it keeps right."""
    return 1.0 if line.street.oneway else -side


def _heading(line: StreetLine, spot: Frame, side: float) -> int:
    turn = _facing(line, side)
    return heading_index(spot.ux * turn, spot.uy * turn)


def _put(painter: Painter, stamp: Stamp, spot: Frame, grounds: tuple[int, ...]) -> bool:
    return painter.place(stamp, spot.x, spot.y, grounds)


def _fill_stalls(plan: Plan, painter: Painter) -> None:
    rng = plan.rng
    for x, y, ux, uy in plan.stalls:
        if rng.random() > 0.66:
            continue
        turn = 1 if rng.random() < 0.5 else -1
        kind = str(rng.choice(["car", "truck", "other", "motorcycle"], p=[0.86, 0.06, 0.03, 0.05]))
        _put(painter, draw_vehicle(kind, heading_index(ux * turn, uy * turn), rng), Frame(x, y, ux, uy), (PARKING,))


def _park_bays(plan: Plan, painter: Painter, line: StreetLine, side: float) -> None:
    rng, place = plan.rng, 60.0
    fill = float(rng.integers(45, 92)) / 100
    while place < line.length - 60:
        kind = str(rng.choice(_PARKED, p=[0.83, 0.06, 0.06, 0.03, 0.02]))
        spot = line.frame(place, side * (line.street.half + PARALLEL_BAY / 2))
        if kind == "motorcycle":
            place += _park_row(plan, painter, line, place, side, kind)
            continue
        turn = _facing(line, side) * (1 if rng.random() < 0.9 else -1)
        done = rng.random() < fill and _put(
            painter, draw_vehicle(kind, heading_index(spot.ux * turn, spot.uy * turn), rng), spot, (PARKING,)
        )
        place += float(rng.integers(26, 32)) if done else 9.0


def _park_stalls(plan: Plan, painter: Painter, line: StreetLine, side: float, bay: int) -> None:
    """Cars square to the kerb or slanted by half a right angle, side by side."""
    rng, place = plan.rng, 60.0
    fill = float(rng.integers(45, 92)) / 100
    step, turn = (13.6, 0.0) if bay == SQUARE_BAY else (16.5, _facing(line, side))
    while place < line.length - 60:
        spot = line.frame(place, side * (line.street.half + bay / 2))
        ux, uy = -spot.uy * side + spot.ux * turn, spot.ux * side + spot.uy * turn
        back = -1.0 if rng.random() < 0.2 else 1.0
        kind = str(rng.choice(["car", "motorcycle"], p=[0.96, 0.04]))
        if rng.random() < fill:
            _put(painter, draw_vehicle(kind, heading_index(ux * back, uy * back), rng), spot, (PARKING,))
        place += step


def _park_row(plan: Plan, painter: Painter, line: StreetLine, place: float, side: float, kind: str) -> float:
    """Motorcycles stand side by side, square to the kerb."""
    count = int(plan.rng.integers(2, 6))
    for i in range(count):
        spot = line.frame(place + 6 * i, side * (line.street.half + PARALLEL_BAY / 2))
        heading = heading_index(-spot.uy * side, spot.ux * side)
        _put(painter, draw_vehicle(kind, heading, plan.rng), spot, (PARKING,))
    return 6.0 * count + 12


def _park_kerb(plan: Plan, painter: Painter, line: StreetLine, side: float) -> None:
    rng, place = plan.rng, 70.0
    fill = float(rng.integers(5, 40)) / 100
    while place < line.length - 70:
        spot = line.frame(place, side * (line.street.half - 5.5))
        kind = str(rng.choice(_PARKED, p=[0.84, 0.07, 0.04, 0.05, 0.0]))
        stamp = draw_vehicle(kind, _heading(line, spot, side), rng)
        done = rng.random() < fill and _put(painter, stamp, spot, (ROAD,))
        place += float(rng.integers(27, 40)) if done else 14.0


def _drive(plan: Plan, painter: Painter, line: StreetLine, side: float, lane: float, style: Style) -> None:
    """Vehicles in one lane, keeping right: left of the middle they face back along the street."""
    rng = plan.rng
    gap = 190 / style.traffic * (0.75 if line.street.kind < LOCAL else 1.8)
    place = float(rng.integers(0, int(gap)))
    while place < line.length:
        spot = line.frame(place, side * lane + float(rng.integers(-1, 2)))
        kind = str(rng.choice(_DRIVING, p=[0.68, 0.09, 0.08, 0.13, 0.02]))
        stamp = draw_vehicle(kind, _heading(line, spot, side), rng)
        _put(painter, stamp, spot, (ROAD,))
        place += 36 + float(rng.integers(0, int(1.7 * gap)))


def _cycle(plan: Plan, painter: Painter, line: StreetLine, side: float, style: Style) -> None:
    rng = plan.rng
    gap = int(330 / style.people)
    place = float(rng.integers(0, gap))
    while place < line.length:
        spot = line.frame(place, side * (line.street.half - 4.0))
        _put(painter, vehicles.bicyclist(_heading(line, spot, side)), spot, (ROAD,))
        place += 14 + float(rng.integers(0, 2 * gap))


def _rack_bicycles(plan: Plan, painter: Painter, line: StreetLine, side: float, style: Style) -> None:
    """Rows of bicycles at the back of the sidewalk, square to the street."""
    rng, street = plan.rng, line.street
    index = 1 if side > 0 else 0
    away = street.half + street.bays[index] + street.verges[index] + 5.5
    place = float(rng.integers(30, 220))
    while place < line.length - 20:
        for i in range(int(rng.integers(1, 7))):
            spot = line.frame(place + 4 * i, side * away)
            _put(painter, vehicles.bicycle(heading_index(-spot.uy, spot.ux)), spot, (SIDEWALK, OTHER_GROUND))
        place += float(rng.integers(220, int(700 / style.people) + 221))

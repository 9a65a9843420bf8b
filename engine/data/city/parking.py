"""Parked vehicles: in lots, in bays along the kerb, slanted and square to it, and at kerbs without bays."""

from __future__ import annotations

import numpy as np

from engine.data.city import cycles, vehicles
from engine.data.city.canvas import OTHER_GROUND, PARKING, ROAD, SIDEWALK
from engine.data.city.frame import Frame
from engine.data.city.network import LOCAL, PARALLEL_BAY, SQUARE_BAY
from engine.data.city.painter import Painter
from engine.data.city.plan import Plan
from engine.data.city.stamps import HEADINGS, Stamp, heading_index
from engine.data.city.streets import StreetLine
from engine.data.city.style import Style

_PARKED = ("car", "truck", "motorcycle", "other", "bicycle")
_NARROW = 14.0
"""Half a carriageway in voxels on which cars of one direction cannot pass one that stands."""


def draw_vehicle(kind: str, heading: int, rng: np.random.Generator) -> Stamp:
    """Pick a model of a kind of vehicle, turned to a heading."""
    if kind == "car":
        return vehicles.car(int(rng.choice(len(vehicles.CARS), p=vehicles.CAR_ODDS)), heading)
    if kind == "truck":
        return vehicles.truck(int(rng.choice(len(vehicles.TRUCK_ODDS), p=vehicles.TRUCK_ODDS)), heading)
    if kind == "other":
        return vehicles.other_vehicle(int(rng.choice(len(vehicles.OTHER_ODDS), p=vehicles.OTHER_ODDS)), heading)
    if kind == "motorcycle":
        return cycles.motorcycle(heading, bool(rng.random() < 0.4))
    if kind == "motorcyclist":
        return cycles.motorcyclist(heading, bool(rng.random() < 0.4))
    return {"bicycle": cycles.bicycle, "bicyclist": cycles.bicyclist}[kind](heading)


def facing(line: StreetLine, side: float) -> float:
    """Whether traffic on a side runs along the street's points (1) or back (-1); it keeps right."""
    return 1.0 if line.street.oneway else -side


def park(plan: Plan, painter: Painter, style: Style) -> None:
    """Fill lots first, then bays, kerbs and bicycle racks of every street."""
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


def _stand(plan: Plan, painter: Painter, kind: str, spot: Frame, heading: tuple[float, float], ground: int) -> bool:
    """Park a vehicle as people do: most often straight, sometimes a few degrees and a hand off."""
    rng = plan.rng
    askew = int(rng.choice([-1, 0, 0, 0, 0, 1]))
    stamp = draw_vehicle(kind, (heading_index(*heading) + askew) % HEADINGS, rng)
    ahead = float(rng.integers(-1, 2))
    return painter.place(stamp, spot.x + ahead * heading[0], spot.y + ahead * heading[1], (ground,))


def _fill_stalls(plan: Plan, painter: Painter) -> None:
    rng = plan.rng
    for x, y, ux, uy in plan.stalls:
        if rng.random() > 0.66:
            continue
        turn = 1 if rng.random() < 0.5 else -1
        kind = str(rng.choice(["car", "truck", "other", "motorcycle"], p=[0.86, 0.06, 0.03, 0.05]))
        _stand(plan, painter, kind, Frame(x, y, ux, uy), (ux * turn, uy * turn), PARKING)


def _park_bays(plan: Plan, painter: Painter, line: StreetLine, side: float) -> None:
    rng, place = plan.rng, 60.0
    fill = float(rng.integers(45, 92)) / 100
    while place < line.length - 60:
        kind = str(rng.choice(_PARKED, p=[0.83, 0.06, 0.06, 0.03, 0.02]))
        spot = line.frame(place, side * (line.street.half + PARALLEL_BAY / 2))
        if kind == "motorcycle":
            place += _park_row(plan, painter, line, place, side, kind)
            continue
        turn = facing(line, side) * (1 if rng.random() < 0.9 else -1)
        done = rng.random() < fill and _stand(plan, painter, kind, spot, (spot.ux * turn, spot.uy * turn), PARKING)
        place += float(rng.integers(26, 32)) if done else 9.0


def _park_stalls(plan: Plan, painter: Painter, line: StreetLine, side: float, bay: int) -> None:
    """Cars square to the kerb or slanted by half a right angle, side by side."""
    rng, place = plan.rng, 60.0
    fill = float(rng.integers(45, 92)) / 100
    step, turn = (13.6, 0.0) if bay == SQUARE_BAY else (16.5, facing(line, side))
    while place < line.length - 60:
        spot = line.frame(place, side * (line.street.half + bay / 2))
        ux, uy = -spot.uy * side + spot.ux * turn, spot.ux * side + spot.uy * turn
        back = -1.0 if rng.random() < 0.2 else 1.0
        kind = str(rng.choice(["car", "motorcycle"], p=[0.96, 0.04]))
        if rng.random() < fill:
            painter.place(draw_vehicle(kind, heading_index(ux * back, uy * back), rng), spot.x, spot.y, (PARKING,))
        place += step


def _park_row(plan: Plan, painter: Painter, line: StreetLine, place: float, side: float, kind: str) -> float:
    """Motorcycles stand side by side, square to the kerb."""
    count = int(plan.rng.integers(2, 6))
    for i in range(count):
        spot = line.frame(place + 6 * i, side * (line.street.half + PARALLEL_BAY / 2))
        heading = heading_index(-spot.uy * side, spot.ux * side)
        painter.place(draw_vehicle(kind, heading, plan.rng), spot.x, spot.y, (PARKING,))
    return 6.0 * count + 12


def _park_kerb(plan: Plan, painter: Painter, line: StreetLine, side: float) -> None:
    rng, place = plan.rng, 70.0
    if line.street.oneway and line.street.half < _NARROW:
        return
    fill = float(rng.integers(5, 40)) / 100
    while place < line.length - 70:
        spot = line.frame(place, side * (line.street.half - 5.5))
        kind = str(rng.choice(_PARKED, p=[0.84, 0.07, 0.04, 0.05, 0.0]))
        turn = facing(line, side)
        done = rng.random() < fill and _stand(plan, painter, kind, spot, (spot.ux * turn, spot.uy * turn), ROAD)
        place += float(rng.integers(27, 40)) if done else 14.0


def _rack_bicycles(plan: Plan, painter: Painter, line: StreetLine, side: float, style: Style) -> None:
    """Rows of bicycles at the back of the sidewalk, square to the street."""
    rng, street = plan.rng, line.street
    index = 1 if side > 0 else 0
    away = street.half + street.bays[index] + street.verges[index] + 5.5
    place = float(rng.integers(30, 220))
    while place < line.length - 20:
        for i in range(int(rng.integers(1, 7))):
            spot = line.frame(place + 4 * i, side * away)
            stamp = cycles.bicycle(heading_index(-spot.uy, spot.ux))
            painter.place(stamp, spot.x, spot.y, (SIDEWALK, OTHER_GROUND))
        place += float(rng.integers(220, int(700 / style.people) + 221))

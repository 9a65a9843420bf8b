"""Trams in the middle of streets: articulated cars that follow the tracks, masts, and shelters on platforms."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from engine.data.city import figures
from engine.data.city.canvas import OTHER_GROUND, OTHER_VEHICLE, POLE, ROAD, SIDEWALK
from engine.data.city.medians import PLATFORM, TRACK, has_stop
from engine.data.city.painter import Painter
from engine.data.city.plan import Plan
from engine.data.city.stamps import Stamp, box, heading_index, join, render, wheels
from engine.data.city.streets import StreetLine
from engine.data.city.vehicles import taper

_HALF = 6.4
_SECTION = 42.0
"""Length of one section with its joint, in voxels; three to five make a tram of 25 to 42 m."""
_TALL = 17


@lru_cache(maxsize=512)
def section(end: int, heading: int) -> Stamp:
    """Give one section of a tram: its front (``end`` 1), its rear (-1), or one between two joints (0)."""
    length = _SECTION / 2
    back, front = (-length + 4.0 * (end < 0), length - 4.0 * (end > 0))
    body = taper(
        (-length + 0.6 * (end < 0), back), (length - 0.6 * (end > 0), front), (_HALF, _HALF - 0.5), 1, _TALL - 1
    )
    roof = box(back + 3.0, front - 3.0, 3.6, _TALL - 1, _TALL + 1)
    return render([(OTHER_VEHICLE, join(body, roof, wheels(length - 12, _HALF - 1.2)))], heading, 24, _TALL + 1, 0)


@lru_cache(maxsize=128)
def mast(heading: int) -> Stamp:
    """Give a mast between two tracks with an arm over each."""
    return render([(POLE, join(box(-0.8, 0.8, 0.8, 0, 28), box(-0.6, 0.6, 9.5, 26, 27)))], heading, 11, 28, 0)


def put_trams(plan: Plan, painter: Painter) -> None:
    """Place masts, shelters on the platforms, and trams in both directions, wherever streets have tracks."""
    for line in plan.lines:
        if line.street.strip != "tram":
            continue
        _put_masts(painter, line)
        if has_stop(line.street):
            _dress_stop(plan, painter, line)
        for side in (1.0, -1.0):
            _run(plan, painter, line, side)


def _put_masts(painter: Painter, line: StreetLine) -> None:
    for along in np.arange(70.0, line.length - 60, 130.0):
        spot = line.frame(float(along))
        painter.place(mast(heading_index(spot.ux, spot.uy)), spot.x, spot.y, (OTHER_GROUND,))


def _dress_stop(plan: Plan, painter: Painter, line: StreetLine) -> None:
    """Two shelters and some people on each platform; they look to the tracks."""
    rng = plan.rng
    for side in (1.0, -1.0):
        away = side * (line.street.median + PLATFORM - 4.5)
        for along in (-34.0, 30.0):
            spot = line.frame(line.length / 2 + along, away)
            painter.place(figures.shelter(heading_index(spot.uy * side, -spot.ux * side)), spot.x, spot.y, (SIDEWALK,))
        for _ in range(int(rng.integers(1, 9))):
            spot = line.frame(line.length / 2 + float(rng.integers(-58, 59)), side * (line.street.median + 4.0))
            figure = figures.person(int(rng.integers(4)), heading_index(spot.uy * side, -spot.ux * side))
            painter.place(figure, spot.x, spot.y, (SIDEWALK,))


def _run(plan: Plan, painter: Painter, line: StreetLine, side: float) -> None:
    """Trams of some sections, now and then; they keep right."""
    rng = plan.rng
    place = float(rng.integers(20, 320))
    while place < line.length:
        count = int(rng.integers(3, 6))
        if place + count * _SECTION < line.length and painter.place_chain(
            _tram(line, side, place, count), (OTHER_GROUND, ROAD)
        ):
            place += count * _SECTION
        place += float(rng.integers(120, 700))


def _tram(line: StreetLine, side: float, place: float, count: int) -> list[tuple[Stamp, float, float]]:
    parts = []
    for i in range(count):
        spot = line.frame(place + (i + 0.5) * _SECTION, side * TRACK)
        end = int(i == count - 1) - int(i == 0)
        parts.append((section(-end * int(side), heading_index(-spot.ux * side, -spot.uy * side)), spot.x, spot.y))
    return parts

"""Life on streets that are closed to cars: people, lamps, bollards at their ends, trees and riders."""

from __future__ import annotations

import numpy as np

from engine.data.city import cycles, figures
from engine.data.city.canvas import SIDEWALK
from engine.data.city.painter import Painter
from engine.data.city.plan import Plan
from engine.data.city.stamps import heading_index
from engine.data.city.streets import StreetLine
from engine.data.city.style import Style

_PAVED = (SIDEWALK,)
_SHOPS = 12
"""Half a width from which on a footway is a street with shops rather than a path."""


def put_strollers(plan: Plan, painter: Painter, style: Style) -> None:
    """Furnish every footway: bollards and lamps first, then the people."""
    for line in plan.lines:
        if line.street.strip == "foot":
            _close_ends(painter, line)
            _put_lamps(plan, painter, line)
            _stroll(plan, painter, line, style)


def _close_ends(painter: Painter, line: StreetLine) -> None:
    """Bollards across both ends, a car's width apart at most."""
    half = line.street.half
    for along in (44.0, line.length - 44):
        for away in np.arange(-half + 2, half, 7.0):
            spot = line.frame(along, float(away))
            painter.place(figures.bollard(5), spot.x, spot.y, _PAVED)


def _put_lamps(plan: Plan, painter: Painter, line: StreetLine) -> None:
    rng, half = plan.rng, line.street.half
    side = 1.0 if rng.random() < 0.5 else -1.0
    for along in np.arange(60.0, line.length - 50, float(rng.integers(70, 120))):
        away = 0.0 if half > _SHOPS and rng.random() < 0.2 else side * (half + 0.5)
        spot = line.frame(float(along), away)
        painter.place(figures.lamp(2, heading_index(spot.ux, spot.uy)), spot.x, spot.y, _PAVED)
    if half > _SHOPS and rng.random() < 0.6:
        row = [line.frame(float(along), side * half * 0.4) for along in np.arange(66.0, line.length - 60, 62.0)]
        plan.trees += [(spot.x, spot.y) for spot in row]


def _stroll(plan: Plan, painter: Painter, line: StreetLine, style: Style) -> None:
    rng, reach = plan.rng, int(line.street.half)
    crowd = style.people * (2.2 if reach > _SHOPS else 0.5)
    for _ in range(int(line.length / 60 * crowd)):
        spot = line.frame(
            float(rng.integers(30, max(31, int(line.length) - 30))), float(rng.integers(-reach, reach + 1))
        )
        turn = 1.0 if rng.random() < 0.5 else -1.0
        heading = heading_index(spot.ux * turn, spot.uy * turn)
        stamp = cycles.bicyclist(heading) if rng.random() < 0.06 else figures.person(int(rng.integers(4)), heading)
        painter.place(stamp, spot.x, spot.y, _PAVED)

"""Small things along the kerb: bollards, bins, meters, benches, cabinets, columns, kiosks, rails, name plates.

What a world has is drawn once, so that its streets belong together.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from engine.data.city import figures, fittings
from engine.data.city.canvas import OTHER_GROUND, SIDEWALK, TERRAIN
from engine.data.city.network import ARTERIAL, LANE, MAIN
from engine.data.city.painter import Painter
from engine.data.city.plan import Plan
from engine.data.city.stamps import heading_index
from engine.data.city.streets import StreetLine

_PAVED = (SIDEWALK, OTHER_GROUND)
_GREEN = (SIDEWALK, OTHER_GROUND, TERRAIN)
_SMALL = ("bin", "bin", "hydrant", "mail", "cabinet", "wheeled", "bench", "bench", "column", "board", "kiosk")
_BINS = {"bin": 0, "hydrant": 1, "mail": 2, "meter": 3, "cabinet": 4, "wheeled": 5}


class Kit(NamedTuple):
    """How much a world has of each: odds per street or street side of rows, and how far apart single things are."""

    bollards: float
    meters: float
    rails: float
    masts: float
    gap: int


def draw_kit(rng: np.random.Generator) -> Kit:
    """Draw a world's kit."""
    choices = ((0.05, 0.2, 0.4), (0.0, 0.0, 0.5), (0.0, 0.1, 0.4), (0.0, 0.0, 0.6))
    bollards, meters, rails, masts = (float(rng.choice(odds)) for odds in choices)
    return Kit(bollards, meters, rails, masts, int(rng.integers(90, 220)))


def dress_kerb(plan: Plan, painter: Painter, line: StreetLine, side: float, kit: Kit) -> None:
    """Place a kit along one side of a street."""
    rng, street, index = plan.rng, line.street, 1 if side > 0 else 0
    if street.kind == LANE or line.length < 120:
        return
    kerb = street.half + street.bays[index]
    if street.bays[index] and rng.random() < kit.meters:
        _put_row(painter, line, side * (kerb + 2.5), (50.0, line.length - 50, 29.0), "meter")
    elif rng.random() < kit.bollards:
        start = float(rng.integers(40, max(41, int(line.length - 110))))
        _put_row(painter, line, side * (kerb + 1.5), (start, start + float(rng.integers(40, 120)), 8.0), "bollard")
    if not street.bays[index] and rng.random() < kit.rails and street.kind <= MAIN:
        start = float(rng.choice([50, line.length - 110]))
        _put_row(painter, line, side * (kerb + 1.5), (start, start + 56, 8.0), "rail")
    _put_single(plan, painter, line, side, kit)


def _put_row(painter: Painter, line: StreetLine, lateral: float, reach: tuple[float, float, float], kind: str) -> None:
    for place in np.arange(*reach).tolist():
        if place < line.length - 20:
            spot = line.frame(place, lateral)
            stamp = fittings.bin_(_BINS[kind]) if kind == "meter" else figures.bollard(5)
            if kind == "rail":
                stamp = fittings.rail(heading_index(spot.ux, spot.uy))
            painter.place(stamp, spot.x, spot.y, _PAVED)


def _put_single(plan: Plan, painter: Painter, line: StreetLine, side: float, kit: Kit) -> None:
    """Single things at the kerb or at the back of the sidewalk; large ones only on wide sidewalks."""
    rng, street, index = plan.rng, line.street, 1 if side > 0 else 0
    start = street.half + street.bays[index] + street.verges[index]
    place = float(rng.integers(30, 30 + kit.gap))
    while place < line.length - 30:
        kind = str(rng.choice(_SMALL))
        large = kind in ("column", "kiosk", "board")
        rear = large or kind in ("wheeled", "bench", "cabinet")
        away = start + street.walks[index] - (5.0 if large else 3.0) if rear else start + 3.0
        spot = line.frame(place, side * away)
        heading = heading_index(spot.uy * side, -spot.ux * side)
        if not large:
            stamp = fittings.bench(heading) if kind == "bench" else fittings.bin_(_BINS[kind])
            painter.place(stamp, spot.x, spot.y, _GREEN)
        elif street.walks[index] >= (17 if kind == "kiosk" else 12):
            stamp = fittings.kiosk(heading) if kind == "kiosk" else fittings.column(int(kind == "board"))
            painter.place(stamp, spot.x, spot.y, _PAVED)
        place += float(rng.integers(20, 2 * kit.gap))


def put_overhead(plan: Plan, painter: Painter, line: StreetLine, kit: Kit) -> None:
    """Place a frame with boards over some wide streets, and utility poles along one side of small ones."""
    if line.street.kind > MAIN and plan.rng.random() < kit.masts:
        side = float(plan.rng.choice([-1.0, 1.0]))
        index = 1 if side > 0 else 0
        away = line.street.half + line.street.bays[index] + 2.5
        for place in np.arange(36.0, line.length - 20, 150.0).tolist():
            spot = line.frame(place, side * away)
            painter.place(figures.utility(heading_index(spot.ux, spot.uy)), spot.x, spot.y, _GREEN)
    if line.street.kind == ARTERIAL and line.length > 420 and plan.rng.random() < 0.25:
        spot = line.frame(line.length * 0.5)
        reach = int(line.street.half + max(line.street.bays)) + 4
        painter.place(figures.gantry(reach, heading_index(spot.ux, spot.uy)), spot.x, spot.y, _GREEN)

"""Cross sections of streets: carriageway, what lies in its middle, bays, verges and sidewalks, by class and style."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.data.city.growth import ALLEY
from engine.data.city.network import (
    ANGLED_BAY,
    ARTERIAL,
    LANE,
    LOCAL,
    PARALLEL_BAY,
    SQUARE_BAY,
    Street,
)
from engine.data.city.style import Style

_HALF = (33, 21, 15, 11)
_WALKS = ((13, 19), (11, 17), (8, 13), (5, 9))
_BAY_ODDS = (0.0, 0.9, 0.8, 0.0)
_VERGE_ODDS = (0.5, 0.3, 0.25, 0.0)


class Grand(NamedTuple):
    """The middle of a world's widest streets: a ``Street.strip`` and half its width, and the lanes of each side."""

    strip: str
    median: int
    lanes: int


def draw_grand(style: Style, rng: np.random.Generator) -> Grand | None:
    """Draw what a world's widest streets are: boulevards, with tracks, along a canal, or None for plain ones."""
    odds = np.array([style.boulevards, style.boulevards, style.trams, style.canals])
    strip = str(rng.choice(["", "lawn", "walk", "tram", "water"], p=[1 - odds.sum(), *odds]))
    if not strip:
        return None
    low, high = {"lawn": (10, 17), "walk": (17, 27), "tram": (17, 18), "water": (24, 38)}[strip]
    return Grand(strip, int(rng.integers(low, high)), 2 if strip != "water" or rng.random() < 0.4 else 1)


def draw_profile(
    points: NDArray[np.float64],
    ends: tuple[int, int],
    kind: int,
    grand: Grand | None,
    style: Style,
    rng: np.random.Generator,
) -> Street:
    """Give a street its cross section; ``grand`` is what the world's widest streets have in their middle."""
    if kind >= LANE and rng.random() < style.footways:
        return _footway(points, ends, kind, rng)
    if kind == ALLEY:
        return _alley(points, ends, rng)
    if kind == ARTERIAL and grand is not None:
        return _grand(points, ends, grand, rng)
    if kind == LOCAL and rng.random() < style.oneways:
        return _oneway(points, ends, style, rng)
    median = int(rng.integers(4, 8)) if kind == ARTERIAL and rng.random() < 0.7 else 0
    half = float(_HALF[kind] + rng.integers(0, 4))
    lanes = ((half + median) / 2 - 8.5, (half + median) / 2 + 8.5) if kind == ARTERIAL else (half / 2,)
    bays = _draw_bays(kind, style, rng)
    return Street(points, ends, kind, half, bays, _walks(kind, rng), _verges(kind, rng), median, lanes)


def _draw_bays(kind: int, style: Style, rng: np.random.Generator) -> tuple[int, int]:
    """Parking strips of one geometry on each side that has one."""
    widths = [int(rng.choice([PARALLEL_BAY, ANGLED_BAY, SQUARE_BAY], p=[0.74, 0.1, 0.16])) for _ in range(2)]
    right, left = (w if rng.random() < style.bays * _BAY_ODDS[kind] else 0 for w in widths)
    return right, left


def _walks(kind: int, rng: np.random.Generator) -> tuple[int, int]:
    walk = int(rng.integers(*_WALKS[kind]))
    return walk, walk


def _verges(kind: int, rng: np.random.Generator) -> tuple[int, int]:
    verge = int(rng.integers(6, 12)) if rng.random() < _VERGE_ODDS[kind] else 0
    return verge, verge


def _alley(points: NDArray[np.float64], ends: tuple[int, int], rng: np.random.Generator) -> Street:
    """A back lane for one car, hardly with sidewalks."""
    half, walk = float(rng.integers(7, 10)), int(rng.integers(2, 5))
    return Street(points, ends, LANE, half, (0, 0), (walk, walk), (0, 0), 0, (0.0,), True)


def _footway(points: NDArray[np.float64], ends: tuple[int, int], kind: int, rng: np.random.Generator) -> Street:
    """A street for people only: a path through a block, or a lane with shops."""
    half = float(rng.integers(5, 9) if kind == ALLEY else rng.integers(13, 22))
    return Street(points, ends, LANE, half, (0, 0), (3, 3), (0, 0), int(half), (), strip="foot")


def _oneway(points: NDArray[np.float64], ends: tuple[int, int], style: Style, rng: np.random.Generator) -> Street:
    """A street driven in one direction, by one lane or two, most often with cars parked along it."""
    two = rng.random() < 0.3
    half = float(rng.integers(15, 18) if two else rng.integers(9, 12))
    if rng.random() < 0.5:
        points, ends = points[::-1], (ends[1], ends[0])
    lanes = (half / 2,) if two else (0.0,)
    bays = _draw_bays(LOCAL, style, rng)
    return Street(points, ends, LOCAL, half, bays, _walks(LOCAL, rng), _verges(LOCAL, rng), 0, lanes, True)


def _grand(points: NDArray[np.float64], ends: tuple[int, int], grand: Grand, rng: np.random.Generator) -> Street:
    """A boulevard, a street with tracks, or a canal between two quays."""
    tram = grand.strip == "tram"
    half = float(grand.median + (17, 30)[grand.lanes - 1] + 6 * tram)
    lanes = (half - 22.0, half - 8.0)[2 - grand.lanes :]
    verges = _verges(ARTERIAL, rng)
    return Street(
        points, ends, ARTERIAL, half, (0, 0), _walks(ARTERIAL, rng), verges, grand.median, lanes, False, grand.strip
    )

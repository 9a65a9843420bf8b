"""The characters a world can have: what its streets, blocks and traffic are drawn from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_COMMON_KINDS = ("houses", "terrace", "court", "slabs", "hall", "park", "lot", "plaza", "field")
_RARE_KINDS = ("sport", "site", "school", "church", "allotments", "shops", "fuel", "deck")
BLOCK_KINDS = _COMMON_KINDS + _RARE_KINDS
_RARE_ODDS: dict[str, tuple[float, ...]] = {  # one row a style, in the order of _RARE_KINDS
    "suburb": (0.03, 0.02, 0.03, 0.02, 0.02, 0.05, 0.02, 0.0),
    "village": (0.03, 0.02, 0.02, 0.04, 0.04, 0.01, 0.02, 0.0),
    "centre": (0.01, 0.05, 0.03, 0.03, 0.0, 0.02, 0.02, 0.03),
    "estate": (0.04, 0.04, 0.05, 0.01, 0.02, 0.03, 0.02, 0.03),
    "industrial": (0.01, 0.07, 0.0, 0.0, 0.02, 0.05, 0.04, 0.02),
    "park": (0.08, 0.02, 0.03, 0.02, 0.05, 0.01, 0.01, 0.0),
}


NETS = ("grid", "brick", "organic", "ring", "loops")


@dataclass(frozen=True)
class Style:
    """Odds and densities of one kind of district.

    ``nets`` weighs NETS; ``pitch`` is the range of distances between streets in voxels; ``warp`` the range of how far,
    in voxels, streets are bent; ``drop`` the share of street pieces left out; ``blocks`` weighs BLOCK_KINDS; ``trees``
    to ``bays`` are densities relative to 1. ``hills`` is the range of voxels that streets rise and fall by; ``oneways``
    and ``alleys`` are shares of small streets and of blocks; ``boulevards``, ``trams`` and ``canals`` the odds of what
    a world's widest streets have in their middle (lawns come in two sorts, each with ``boulevards``), ``rivers`` those
    of a river, ``footways`` the share of lanes that are closed to cars.
    """

    weight: float
    nets: tuple[float, float, float, float, float]
    pitch: tuple[int, int]
    warp: tuple[int, int]
    drop: float
    main_every: tuple[int, int]
    blocks: tuple[float, ...]
    trees: float
    traffic: float
    people: float
    bays: float
    hills: tuple[int, int]
    oneways: float
    alleys: float
    boulevards: float
    trams: float
    canals: float
    rivers: float
    footways: float


#                                                          houses terrace court slabs hall park  lot  plaza field
STYLE_TABLE: dict[str, Style] = {
    "suburb": Style(
        0.28,
        (0.22, 0.24, 0.18, 0.08, 0.28),
        (270, 400),
        (0, 70),
        0.14,
        (3, 5),
        (0.62, 0.12, 0.02, 0.05, 0.02, 0.08, 0.03, 0.02, 0.04),
        0.8,
        0.8,
        0.8,
        0.35,
        (2, 6),
        0.1,
        0.1,
        0.12,
        0.1,
        0.03,
        0.14,
        0.12,
    ),
    "village": Style(
        0.14,
        (0.0, 0.24, 0.46, 0.12, 0.18),
        (280, 420),
        (50, 110),
        0.16,
        (3, 4),
        (0.6, 0.1, 0.04, 0.0, 0.05, 0.07, 0.02, 0.04, 0.08),
        0.6,
        0.6,
        0.7,
        0.2,
        (4, 8),
        0.08,
        0.12,
        0.05,
        0.0,
        0.05,
        0.22,
        0.1,
    ),
    "centre": Style(
        0.22,
        (0.36, 0.2, 0.18, 0.26, 0.0),
        (250, 370),
        (0, 60),
        0.08,
        (2, 4),
        (0.02, 0.18, 0.46, 0.1, 0.02, 0.07, 0.05, 0.1, 0.0),
        0.7,
        1.5,
        1.8,
        0.75,
        (0, 3),
        0.35,
        0.16,
        0.16,
        0.28,
        0.16,
        0.16,
        0.45,
    ),
    "estate": Style(
        0.14,
        (0.3, 0.28, 0.14, 0.12, 0.16),
        (300, 430),
        (0, 60),
        0.16,
        (2, 4),
        (0.08, 0.14, 0.06, 0.46, 0.02, 0.1, 0.08, 0.04, 0.02),
        1.0,
        1.0,
        1.1,
        0.65,
        (1, 5),
        0.15,
        0.08,
        0.16,
        0.28,
        0.06,
        0.12,
        0.3,
    ),
    "industrial": Style(
        0.11,
        (0.48, 0.48, 0.0, 0.04, 0.0),
        (320, 450),
        (0, 40),
        0.14,
        (2, 3),
        (0.05, 0.05, 0.03, 0.06, 0.5, 0.03, 0.14, 0.02, 0.12),
        0.45,
        1.1,
        0.5,
        0.3,
        (0, 3),
        0.06,
        0.1,
        0.1,
        0.12,
        0.14,
        0.12,
        0.05,
    ),
    "park": Style(
        0.11,
        (0.08, 0.26, 0.36, 0.16, 0.14),
        (300, 430),
        (30, 100),
        0.14,
        (3, 4),
        (0.3, 0.12, 0.08, 0.08, 0.0, 0.3, 0.03, 0.05, 0.04),
        1.2,
        0.8,
        1.2,
        0.5,
        (4, 8),
        0.12,
        0.06,
        0.2,
        0.15,
        0.08,
        0.24,
        0.35,
    ),
}


def draw_style(rng: np.random.Generator) -> str:
    """Pick a style's name by the styles' weights, for a world whose style was not asked for."""
    names = list(STYLE_TABLE)
    weights = np.array([STYLE_TABLE[name].weight for name in names])
    return names[int(rng.choice(len(names), p=weights / weights.sum()))]


def block_odds(name: str, rng: np.random.Generator) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Weigh BLOCK_KINDS for a world: mostly its own style with a fifth of another, so districts mix.

    Returns (len(BLOCK_KINDS),) float64 that sums to 1.
    """
    other = list(STYLE_TABLE)[int(rng.integers(len(STYLE_TABLE)))]
    own, guest = (np.array([*STYLE_TABLE[n].blocks, *_RARE_ODDS[n]]) for n in (name, other))
    mixed = 0.82 * own + 0.18 * guest
    return np.asarray(mixed / mixed.sum())

"""The characters a world can have: what its streets, blocks and traffic are drawn from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

BLOCK_KINDS = ("houses", "terrace", "court", "slabs", "hall", "park", "lot", "plaza", "field")


@dataclass(frozen=True)
class Style:
    """Odds and densities of one kind of district.

    ``nets`` weighs (grid, brick, organic); ``pitch`` is the range of distances between streets in voxels; ``warp`` the
    range of how far, in voxels, streets are bent; ``drop`` the share of street pieces left out; ``blocks`` weighs
    BLOCK_KINDS; the rest are densities relative to 1.
    """

    weight: float
    nets: tuple[float, float, float]
    pitch: tuple[int, int]
    warp: tuple[int, int]
    drop: float
    main_every: tuple[int, int]
    blocks: tuple[float, ...]
    trees: float
    traffic: float
    people: float
    bays: float


#                                                          houses terrace court slabs hall park  lot  plaza field
STYLE_TABLE: dict[str, Style] = {
    "suburb": Style(
        0.28,
        (0.35, 0.4, 0.25),
        (270, 400),
        (0, 70),
        0.14,
        (3, 5),
        (0.62, 0.12, 0.02, 0.05, 0.02, 0.08, 0.03, 0.02, 0.04),
        0.8,
        0.8,
        0.8,
        0.35,
    ),
    "village": Style(
        0.14,
        (0.0, 0.3, 0.7),
        (280, 420),
        (50, 110),
        0.16,
        (3, 4),
        (0.6, 0.1, 0.04, 0.0, 0.05, 0.07, 0.02, 0.04, 0.08),
        0.6,
        0.6,
        0.7,
        0.2,
    ),
    "centre": Style(
        0.22,
        (0.5, 0.25, 0.25),
        (250, 370),
        (0, 60),
        0.08,
        (2, 4),
        (0.02, 0.18, 0.46, 0.1, 0.02, 0.07, 0.05, 0.1, 0.0),
        0.7,
        1.5,
        1.8,
        0.75,
    ),
    "estate": Style(
        0.14,
        (0.4, 0.4, 0.2),
        (300, 430),
        (0, 60),
        0.16,
        (2, 4),
        (0.08, 0.14, 0.06, 0.46, 0.02, 0.1, 0.08, 0.04, 0.02),
        1.0,
        1.0,
        1.1,
        0.65,
    ),
    "industrial": Style(
        0.11,
        (0.5, 0.5, 0.0),
        (320, 450),
        (0, 40),
        0.14,
        (2, 3),
        (0.05, 0.05, 0.03, 0.06, 0.5, 0.03, 0.14, 0.02, 0.12),
        0.45,
        1.1,
        0.5,
        0.3,
    ),
    "park": Style(
        0.11,
        (0.1, 0.4, 0.5),
        (300, 430),
        (30, 100),
        0.14,
        (3, 4),
        (0.3, 0.12, 0.08, 0.08, 0.0, 0.3, 0.03, 0.05, 0.04),
        1.2,
        0.8,
        1.2,
        0.5,
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
    mixed = 0.82 * np.array(STYLE_TABLE[name].blocks) + 0.18 * np.array(STYLE_TABLE[other].blocks)
    return np.asarray(mixed / mixed.sum())

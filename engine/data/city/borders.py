"""What parts gardens from each other and from the street: hedges and fences of several kinds, low walls."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.data.city.canvas import FENCE, VEGETATION, Canvas


class Border(NamedTuple):
    """One kind of border: its class, how thick and high it is, and how its top changes along it.

    Within every ``step`` voxels along it the first ``part`` of them are ``dip`` voxels lower.
    """

    label: int
    thick: float
    rise: int
    step: float = 8.0
    part: float = 0.0
    dip: int = 0


def draw_border(rng: np.random.Generator, hedges: float = 0.5) -> Border:
    """Draw a border: with odds ``hedges`` a clipped, high, or loose hedge, else pickets, mesh, panels or a wall."""
    if rng.random() < hedges:
        kind = str(rng.choice(["low", "clipped", "high", "loose"]))
        rise = int(rng.integers(*{"low": (2, 5), "clipped": (5, 8), "high": (8, 13), "loose": (6, 10)}[kind]))
        thick = float(rng.choice([2.6, 3.0, 4.2]))
        return Border(VEGETATION, thick, rise, float(rng.integers(5, 12)), 0.45, 2 if kind == "loose" else 0)
    kind = str(rng.choice(["picket", "mesh", "panels", "wall", "piers"]))
    if kind == "picket":
        return Border(FENCE, 1.5, int(rng.integers(4, 7)), 4.0, 0.5, 2)
    if kind == "panels":
        return Border(FENCE, 1.5, int(rng.integers(8, 11)), 10.0, 0.8, 1)
    if kind == "piers":
        return Border(FENCE, 2.0, int(rng.integers(5, 8)), float(rng.integers(12, 18)), 0.82, int(rng.integers(2, 4)))
    return Border(
        FENCE, 1.5 if kind == "mesh" else 2.2, int(rng.integers(5, 9) if kind == "mesh" else rng.integers(2, 8))
    )


def stand_border(
    canvas: Canvas,
    window: tuple[slice, slice],
    mask: NDArray[np.bool_],
    place: NDArray[np.float32],
    border: Border,
) -> None:
    """Stand a border on the columns of ``mask``; ``place`` says how far along it they are; arrays of the window."""
    rest = place / np.float32(border.step)
    lower = (rest - np.floor(rest) < border.part) * border.dip
    canvas.raise_columns(window, mask, canvas.level[window].astype(np.int64) + border.rise - lower, border.label)

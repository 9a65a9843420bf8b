"""Street networks: the streets with their cross sections and the nodes they meet in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.data.city.rivers import River

ARTERIAL, MAIN, LOCAL, LANE = range(4)
PARALLEL_BAY, ANGLED_BAY, SQUARE_BAY = 12, 24, 25
"""Widths in voxels of parking strips whose cars stand along the kerb, slanted, and square to it."""


@dataclass(frozen=True)
class Street:
    """One piece of street between two nodes, with its cross section in voxels.

    ``points`` (n, 2) float64 the middle line, ``ends`` node ids, ``kind`` its class, ``half`` half the carriageway with
    its median; ``bays`` (widths of parking strips, 0 for none), ``walks`` and ``verges`` belong to the (right, left)
    side; ``median`` is half the width of the ``strip`` in the middle: "lawn", "walk" (a lawn with a path), "tram",
    "water" or "foot" (all of it is closed to cars); ``lanes`` are middles of the lanes of one side; on a ``oneway``
    street both sides drive along the points.
    """

    points: NDArray[np.float64]
    ends: tuple[int, int]
    kind: int
    half: float
    bays: tuple[int, int]
    walks: tuple[int, int]
    verges: tuple[int, int]
    median: int
    lanes: tuple[float, ...]
    oneway: bool = False
    strip: str = "lawn"

    @property
    def length(self) -> float:
        """Length along the middle line in voxels."""
        return float(np.sqrt((np.diff(self.points, axis=0) ** 2).sum(1)).sum())


@dataclass(frozen=True)
class Network:
    """The streets with their nodes.

    ``nodes`` (n, 2) positions, ``degree`` (n,) streets that meet, ``island`` and ``bulb`` (n,) the radius of a
    roundabout's island or of a dead end's turning circle, 0 where there is none; ``river`` crosses them all, ``square``
    is the middle of the block that all streets lead to.
    """

    streets: list[Street]
    nodes: NDArray[np.float64]
    degree: NDArray[np.int64]
    island: NDArray[np.int64]
    bulb: NDArray[np.int64]
    river: River | None = None
    square: tuple[float, float] | None = None

"""What a scene is like as a whole, for models that can be asked for it. No torch: requests hold this."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.errors import RequestError
from engine.geometry.maps import LAYOUT_CLASSES, LayoutMap
from engine.labels import LabelSpace

_CROWN = 15
"""Voxels above the scene's floor from which plants are crowns of trees."""

_BARE = 0.7
"""Share of a crown's height that is filled in winter, when only branches are left; in summer it is 1."""

_FEWEST = 200
"""Columns of crowns that it takes to tell a season."""


Composition = tuple[tuple[tuple[float, ...], ...], ...]
"""Of every district along x and y, what it consists of (`engine.models.composition`), in units of their deviation."""


@dataclass(frozen=True)
class Character:
    """What is wished for, or known, of a scene; what is `None` is left to the model.

    Attributes
    ----------
    style
        Kind of district, one of those that a model's card names.
    density
        Share of the ground that is built over, 0 to 1; 0.1 is a suburb, 0.3 a centre.
    leaves
        How full trees are, 0 in winter to 1 in summer.
    composition
        What the scene consists of. Nobody wishes for it: it is drawn for a scene that is made from nothing.
    """

    style: str | None = None
    density: float | None = None
    leaves: float | None = None
    composition: Composition | None = None

    def __post_init__(self) -> None:
        for name, value in (("density", self.density), ("leaves", self.leaves)):
            if value is not None and not 0.0 <= value <= 1.0:
                raise RequestError(f"{name} {value} is outside 0 to 1; leave it out to let the model choose")

    @property
    def is_open(self) -> bool:
        """Whether nothing is wished for."""
        return self.style is None and self.density is None and self.leaves is None


ANY = Character()
"""Everything is left to the model."""


def measure_density(layout: LayoutMap) -> float:
    """Measure the share of cells that are built over."""
    return float((layout.classes == LAYOUT_CLASSES.index("building")).mean())


def measure_leaves(labels: NDArray[np.uint8], space: LabelSpace) -> float | None:
    """Measure how full the crowns of trees are, `(X, Y, Z)`; `None` where there are too few to tell."""
    crowns = crowns_of(labels, space)
    if np.count_nonzero(crowns.any(axis=2)) < _FEWEST:
        return None
    full = measure_fullness(crowns)
    return None if full is None else min(max((full - _BARE) / (1.0 - _BARE), 0.0), 1.0)


def wished_fullness(leaves: float) -> float:
    """Tell the share of a crown's height that is filled with such leaves."""
    return _BARE + (1.0 - _BARE) * leaves


def crowns_of(labels: NDArray[np.uint8], space: LabelSpace) -> NDArray[np.bool_]:
    """Tell which voxels `(X, Y, Z)` belong to crowns of trees; z starts at the scene's floor."""
    plants = np.asarray(labels == space.find("vegetation"))
    plants[:, :, :_CROWN] = False
    return plants


def measure_fullness(crowns: NDArray[np.bool_]) -> float | None:
    """Measure the share of voxels between a column's lowest and highest leaf that are filled; `None` without leaves."""
    columns = crowns[crowns.any(axis=2)]
    if not len(columns):
        return None
    lowest = columns.argmax(axis=1)
    highest = columns.shape[1] - 1 - columns[:, ::-1].argmax(axis=1)
    return float(columns.sum() / (highest - lowest + 1).sum())

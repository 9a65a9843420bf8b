"""Which classes completion networks find hard, and what they take them for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from engine.data.scans.corruption import Labels
from engine.data.scans.fields import Floats
from engine.labels import label_space

_CHOICES = 24

_TABLE: dict[str, tuple[float, float, str]] = {
    "car": (0.10, 1.0, "truck 3 other-vehicle 3 vegetation 2 empty 2"),
    "bicycle": (0.50, 1.6, "empty 5 motorcycle 2 vegetation 2 fence 1"),
    "motorcycle": (0.50, 1.2, "car 3 empty 3 bicycle 2 vegetation 1"),
    "truck": (0.40, 1.0, "car 4 building 3 other-vehicle 3"),
    "other-vehicle": (0.45, 1.0, "car 5 truck 3 building 2"),
    "person": (0.50, 1.6, "empty 6 pole 1 vegetation 2 trunk 1"),
    "bicyclist": (0.50, 1.2, "empty 3 person 3 bicycle 2 vegetation 1"),
    "motorcyclist": (0.55, 1.2, "motorcycle 3 empty 3 bicyclist 2 car 1"),
    "road": (0.03, 0.1, "sidewalk 4 parking 3 terrain 1"),
    "parking": (0.30, 0.2, "road 5 sidewalk 4 terrain 1"),
    "sidewalk": (0.12, 0.2, "road 5 terrain 4 parking 1"),
    "other-ground": (0.55, 0.2, "road 6 sidewalk 3 terrain 1"),
    "building": (0.10, 1.0, "vegetation 6 fence 2 empty 2"),
    "fence": (0.30, 1.3, "vegetation 5 building 2 empty 3"),
    "vegetation": (0.10, 1.0, "terrain 2 building 3 fence 2 empty 2"),
    "trunk": (0.35, 1.5, "vegetation 6 pole 1 empty 3"),
    "terrain": (0.13, 0.25, "vegetation 4 sidewalk 4 road 1"),
    "pole": (0.35, 1.8, "empty 5 trunk 2 vegetation 3"),
    "traffic-sign": (0.40, 1.8, "empty 5 pole 3 vegetation 2"),
}
"""Class -> difficulty, how readily it is missed, and what it is taken for, with weights.

Rare and thin classes are hard, ground is easy and almost never missing; mistakes stay among what looks alike.
"""
_WIDE = ("building", "vegetation")


@dataclass(frozen=True, eq=False)
class Mistakes:
    """What matters of classes, by train id.

    Attributes
    ----------
    difficulty
        `(256,)`, 0 to 1: share that a network of confusion 1 gets wrong where it knows nothing.
    fragile
        `(256,)`: how much more often than others it is missed.
    takes
        `(256, 24) uint8`: what it is taken for, all equally likely.
    things
        `(256,)`: classes confused in small patches in space rather than by whole columns.
    ground
        `(256,)`: ground, and the empty class.
    """

    difficulty: Floats
    fragile: Floats
    takes: Labels
    things: NDArray[np.bool_]
    ground: NDArray[np.bool_]


@cache
def known_mistakes() -> Mistakes:
    """Give the mistakes for the label space of SemanticKITTI."""
    space = label_space()
    difficulty, fragile = np.zeros(256, np.float32), np.ones(256, np.float32)
    takes, things, ground = np.zeros((256, _CHOICES), np.uint8), np.zeros(256, np.bool_), np.zeros(256, np.bool_)
    ground[[*space.ids_of("ground"), space.empty]] = True
    for name, (hard, weak, others) in _TABLE.items():
        words, at = others.split(), space.find(name)
        weights = np.array(words[1::2], np.float64)
        picks = np.searchsorted(np.cumsum(weights) / weights.sum(), (np.arange(_CHOICES) + 0.5) / _CHOICES)
        difficulty[at], fragile[at] = hard, weak
        takes[at] = [space.find(words[2 * i]) for i in picks]
        things[at] = not ground[at] and name not in _WIDE
    return Mistakes(difficulty, fragile, takes, things, ground)

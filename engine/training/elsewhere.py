"""Pairs as they would be in places that the worlds do not have, so that a refiner trusts what it has never seen.

Domain randomisation (Tobin et al. 2017) of the truth and of all that was predicted of it alike: hillsides, roads on
dams and in cuttings, streets without pavements, plans that are bent as no town is (elastic deformation, Simard et al.
2003). What is a mistake stays one, and what is none stays none.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.data.city.noise import smooth_noise
from engine.data.scans.pairs import Pair
from engine.labels import label_space
from engine.scene import Labels

_TILT = 8
"""Voxels between the lowest and the highest corner of a hillside, at most."""
_BUMPS = ((24, 2), (64, 4))
"""(voxels between hills, their height in voxels at most)."""
_DAM = (-2, -1, 1, 2, 3)
"""How much higher roads may lie than they do, in voxels."""
_BEND = 10.0
"""Voxels by which a place may move in the plan, at most."""
_SMEARS = 2
"""Voxels by which patches of a prediction may be higher or lower than the truth."""
_SWAPS = {
    "sidewalk": ("road", "terrain", "parking", "other-ground"),
    "parking": ("road", "terrain", "sidewalk", "other-ground"),
    "terrain": ("sidewalk", "other-ground", "road"),
    "other-ground": ("terrain", "road", "sidewalk"),
    "fence": ("vegetation", "building"),
    "trunk": ("vegetation", "pole"),
    "truck": ("car", "other-vehicle"),
}
_ODDS = 0.35
"""How likely each of these is."""


def estrange(pair: Pair, rng: np.random.Generator) -> Pair:
    """Move a pair elsewhere: a bent plan, other heights of the ground, other kinds of ground, each at times.

    The truth and the predictions `(X, Y, Z)` change alike, but for patches of predictions that are a little too high or
    too low at times, too. What is lifted out of the scene is lost.
    """
    if rng.random() < _ODDS:
        pair = _bent(pair, rng)
    lift = _draw_lift(pair.complete, rng)
    names = _draw_names(rng)
    complete = names[raise_columns(pair.complete, lift)]
    invalid = raise_columns(pair.invalid.view(np.uint8), lift).view(np.bool_)
    sources = {}
    for name, labels in pair.sources.items():
        moved = lift
        if rng.random() < _ODDS:
            field = smooth_noise(rng, (lift.shape[0], lift.shape[1]), int(rng.integers(12, 64)))
            moved = lift + np.rint((2.0 * field - 1.0) * 1.4 * _SMEARS).clip(-_SMEARS, _SMEARS).astype(np.int64)
        sources[name] = names[raise_columns(labels, moved)]
    return Pair(complete, invalid, sources)


def raise_columns(volume: Labels, lift: NDArray[np.int64]) -> Labels:
    """Raise every column of `(X, Y, Z)` by `lift (X, Y)` voxels; what comes in below is what is lowest there."""
    height = np.arange(volume.shape[2])
    return np.take_along_axis(volume, (height - lift[:, :, None]).clip(0, volume.shape[2] - 1), axis=2)


def _bent(pair: Pair, rng: np.random.Generator) -> Pair:
    shape = pair.complete.shape[0], pair.complete.shape[1]
    cell = int(rng.integers(20, 64))
    fields = (smooth_noise(rng, shape, cell) for _ in range(2))
    shifts = [np.rint((2.0 * field - 1.0) * _BEND).astype(np.int64) for field in fields]
    x, y = (place + shift for place, shift in zip(np.ogrid[: shape[0], : shape[1]], shifts, strict=True))
    at = x.clip(0, shape[0] - 1), y.clip(0, shape[1] - 1)
    return Pair(pair.complete[at], pair.invalid[at], {name: labels[at] for name, labels in pair.sources.items()})


def _draw_lift(labels: Labels, rng: np.random.Generator) -> NDArray[np.int64]:
    """Draw by how much the ground of each column is higher, `(X, Y)`; none is buried."""
    x, y = labels.shape[:2]
    lift = np.zeros((x, y))
    if rng.random() < 2 * _ODDS:
        across = rng.normal(size=2)
        plane = np.add.outer(across[0] * np.linspace(-0.5, 0.5, x), across[1] * np.linspace(-0.5, 0.5, y))
        lift += plane / np.abs(across).sum() * rng.random() * _TILT
    for cell, most in _BUMPS:
        if rng.random() < _ODDS:
            lift += smooth_noise(rng, (x, y), cell) * rng.random() * most
    space = label_space()
    is_ground = np.isin(labels, space.ids_of("ground"))
    top = labels.shape[2] - 1 - is_ground[:, :, ::-1].argmax(axis=2)
    if rng.random() < _ODDS:
        paved = np.take_along_axis(labels, top[:, :, None], axis=2)[:, :, 0] == space.find("road")
        lift += (paved & is_ground.any(axis=2)) * float(rng.choice(_DAM))
    lift -= lift.min() * rng.random()  # a part of it below the level it had
    ground = np.where(is_ground.any(axis=2), top, 0)
    return np.maximum(np.rint(lift).astype(np.int64), -ground)


def _draw_names(rng: np.random.Generator) -> Labels:
    """Draw what each class is called there, `(256,)`."""
    space, names = label_space(), np.arange(256, dtype=np.uint8)
    for name, others in _SWAPS.items():
        if rng.random() < _ODDS:
            names[space.find(name)] = space.find(str(rng.choice(others)))
    return names

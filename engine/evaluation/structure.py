"""What a person checks at a glance: do streets hang together, are houses of a plausible size, do cars stand on roads.

Every scene gives samples of some quantities; two sets of scenes are compared by the Wasserstein-1 distance of their
pooled samples, in the unit of the quantity.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.stats import wasserstein_distance

from engine.evaluation.roads import measure_streets
from engine.geometry.support import find_loose
from engine.labels import LabelSpace

Floats = NDArray[np.float64]
Structure = dict[str, Floats]

QUANTITIES: dict[str, str] = {
    "road_largest": "share of road in its largest connected part",
    "junction_degrees": "streets that meet at a junction; 1 is a dead end",
    "road_widths": "width of streets, m",
    "building_footprints": "area of buildings, m2",
    "building_heights": "height of buildings, m",
    "floating": "share of solid voxels with no way to the ground",
    "cars_on_road": "share of car columns over road or parking",
}
"""Quantity -> what it is, in words."""

_CARRIED = ("road", "parking")
_LEAST_BUILDING = 64
"""Columns: smaller patches of building are crumbs, not houses."""
_LEAST_CARS = 8


def measure_structure(labels: NDArray[np.uint8], space: LabelSpace, voxel_size: float = 0.2) -> Structure:
    """Measure one scene `(X, Y, Z) uint8`: samples `(M,) float64` for each of `QUANTITIES`, empty where it shows none.

    `voxel_size` in metres.
    """
    streets = measure_streets((labels == space.find("road")).any(axis=2))
    footprints, heights = _measure_buildings(labels, space)
    return {
        "road_largest": _maybe(streets.largest),
        "junction_degrees": streets.degrees,
        "road_widths": streets.widths * voxel_size,
        "building_footprints": footprints * voxel_size**2,
        "building_heights": heights * voxel_size,
        "floating": np.array([floating_share(labels, space)]),
        "cars_on_road": _maybe(cars_on_road(labels, space)),
    }


def floating_share(labels: NDArray[np.uint8], space: LabelSpace) -> float:
    """Give the share of solid voxels that hang together (6 neighbours) with neither ground nor the scene's floor."""
    parts, loose = find_loose(labels, space)
    sizes = np.bincount(parts.ravel())
    solid = int(sizes[1:].sum())
    return float(sizes[loose].sum() / solid) if solid else 0.0


def cars_on_road(labels: NDArray[np.uint8], space: LabelSpace) -> float | None:
    """Give the share of columns with a car that hold road or parking too; `None` where there are hardly any cars."""
    cars = (labels == space.find("car")).any(axis=2)
    if cars.sum() < _LEAST_CARS:
        return None
    carried = np.isin(labels[cars], [space.find(n) for n in _CARRIED]).any(axis=1)
    return float(carried.mean())


def pool(scenes: Sequence[Structure]) -> Structure:
    """Put the samples of many scenes together."""
    return {name: np.concatenate([s[name] for s in scenes]) for name in QUANTITIES}


def compare_structure(held_out: Mapping[str, Floats], generated: Mapping[str, Floats]) -> dict[str, float]:
    """Measure the Wasserstein-1 distance of every quantity; a set that shows none of it counts as showing zero."""
    return {name: wasserstein(held_out[name], generated[name]) for name in QUANTITIES}


def wasserstein(a: Floats, b: Floats) -> float:
    """Measure the Wasserstein-1 distance of two sets of samples, in their unit."""
    return float(wasserstein_distance(*(s if s.size else np.zeros(1) for s in (a, b))))


def _measure_buildings(labels: NDArray[np.uint8], space: LabelSpace) -> tuple[Floats, Floats]:
    """Give columns covered and voxels from lowest to highest, for every building (4 neighbours in plan)."""
    building = labels == space.find("building")
    plan = building.any(axis=2)
    parts, count = ndimage.label(plan)
    areas = np.bincount(parts.ravel(), minlength=count + 1)[1:]
    columns, owner = building[plan], parts[plan] - 1
    low, high = np.full(count, labels.shape[2]), np.zeros(count, np.int64)
    np.minimum.at(low, owner, columns.argmax(axis=1))
    np.maximum.at(high, owner, labels.shape[2] - columns[:, ::-1].argmax(axis=1))
    whole = areas >= _LEAST_BUILDING
    return areas[whole].astype(np.float64), (high - low)[whole].astype(np.float64)


def _maybe(value: float | None) -> Floats:
    return np.zeros(0) if value is None else np.array([value])

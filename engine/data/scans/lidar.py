"""A simulated spinning laser scanner of 64 rings, as on the cars that recorded the completion data sets.

Voxels of 0.2 m; the sensor stands 1.73 m above the road. Rings as of the Velodyne HDL-64E: 32 between +2.0 and -8.3
degrees and 32, more widely spaced, down to -24.8 degrees.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.data.scans.visibility import Bools, Point, see
from engine.errors import RequestError
from engine.geometry.rays import cast
from engine.labels import UNKNOWN

_VEGETATION = 15
_SOFT = (_VEGETATION, 17)
RINGS = np.concatenate([np.linspace(2.0, -8.33, 32), np.linspace(-8.83, -24.8, 32)])
"""Elevations in degrees."""


@dataclass(frozen=True)
class Lidar:
    """How a scanner measures.

    Attributes
    ----------
    voxel
        Edge of a voxel in metres.
    azimuths
        Shots of every ring in a full turn.
    reach
        Metres beyond which nothing returns.
    drop
        Share of shots without an answer close by: dark paint, glass, glancing light.
    thinning
        Share lost in addition at `reach`; grows with the square of the range.
    porosity
        Share of vegetation that lets shots pass into the crown.
    noise
        Standard deviation of the range in metres.
    roughness
        Standard deviation in metres of a surface from its plane; three times as much for plants and bare ground.
    sight
        Degrees between the lines of sight of the visibility map.
    """

    voxel: float = 0.2
    azimuths: int = 2083
    reach: float = 80.0
    drop: float = 0.05
    thinning: float = 0.6
    porosity: float = 0.65
    noise: float = 0.02
    roughness: float = 0.04
    sight: float = 0.45


@dataclass(frozen=True, eq=False)
class Scan:
    """What one turn of the scanner tells, arrays `(X, Y, Z)`.

    Attributes
    ----------
    sparse
        `uint8`: labels where shots were answered, 0 elsewhere.
    seen
        `bool`: free space in sight of the sensor, and matter in sight.
    occluded
        `bool`: all the rest, behind or inside matter.
    """

    sparse: NDArray[np.uint8]
    seen: Bools
    occluded: Bools


def scan(labels: NDArray[np.uint8], position: Point, rng: np.random.Generator, settings: Lidar | None = None) -> Scan:
    """Scan a scene from a place in it or at its edge.

    Parameters
    ----------
    labels
        `(X, Y, Z) uint8`; unknown voxels count as empty.
    position
        Of the sensor, in voxels.

    Raises `RequestError` where the sensor stands inside matter.
    """
    how = settings or Lidar()
    solid = (labels != 0) & (labels != UNKNOWN)
    cell = tuple(math.floor(p) for p in position)
    if all(0 <= c < n for c, n in zip(cell, labels.shape, strict=True)) and solid[cell]:
        raise RequestError(f"a scanner at {position} stands inside of class {labels[cell]}; choose a place on a road")
    sparse = _shoot(labels, solid, position, rng, how)
    seen = see(solid, position, how.sight) | (sparse != 0)
    return Scan(sparse, seen, ~seen)


def ring_directions(settings: Lidar) -> NDArray[np.float64]:
    """Give the unit vectors of all shots of one turn, `(azimuths * 64, 3)`, the rings of one azimuth together."""
    azimuth = (np.arange(settings.azimuths) + 0.5) * (2 * math.pi / settings.azimuths) - math.pi
    elevation = np.radians(RINGS)
    flat = np.cos(elevation)
    parts = (np.cos(azimuth)[:, None] * flat, np.sin(azimuth)[:, None] * flat, np.sin(elevation)[None])
    return np.stack(np.broadcast_arrays(*parts), axis=-1).reshape(-1, 3)


def _shoot(
    labels: NDArray[np.uint8], solid: Bools, position: Point, rng: np.random.Generator, how: Lidar
) -> NDArray[np.uint8]:
    matter = solid & ~((labels == _VEGETATION) & (rng.random(labels.shape, np.float32) < how.porosity))
    directions = _towards(ring_directions(how), position, labels.shape)
    hits = cast(matter, position, directions)
    reach = how.reach / how.voxel
    loss = how.drop + how.thinning * (np.minimum(hits.distance, reach) / reach) ** 2
    error = rng.normal(0.0, how.noise / how.voxel, len(directions))
    kept = hits.hit & (hits.distance < reach) & (rng.random(len(directions)) >= loss)
    met = hits.voxel[kept]
    ends = np.asarray(position) + directions[kept] * (hits.distance[kept] + error[kept])[:, None]
    ends -= hits.normal[kept] * _depths(labels[tuple(met.T)], rng, how)[:, None]
    voxel = np.clip(np.floor(ends).astype(np.int32), 0, np.array(labels.shape) - 1)
    # complete scenes are summed from such shots, so none lies where the scene is empty, nor in another thing
    same = labels[tuple(voxel.T)] == labels[tuple(met.T)]
    voxel = np.where(same[:, None], voxel, met)
    sparse = np.zeros_like(labels)
    sparse[tuple(voxel.T)] = labels[tuple(voxel.T)]
    return sparse


def _depths(kinds: NDArray[np.uint8], rng: np.random.Generator, how: Lidar) -> NDArray[np.float64]:
    """Draw how deep in its voxel each surface lies, in voxels: anywhere, and more or less by its roughness."""
    rough = np.where(np.isin(kinds, _SOFT), 3.0, 1.0) * how.roughness / how.voxel
    return rng.uniform(0.01, 0.99, len(kinds)) + rough * rng.standard_normal(len(kinds))


def _towards(directions: NDArray[np.float64], position: Point, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Drop the shots that leave the scene at once, half of them where the sensor stands at its edge."""
    keep = np.ones(len(directions), np.bool_)
    for axis, (p, n) in enumerate(zip(position, shape, strict=True)):
        keep &= (directions[:, axis] > 0) | (p > 0)
        keep &= (directions[:, axis] < 0) | (p < n)
    return directions[keep]

"""Pairs to train and judge completion on: what a scanner on the road measures, and the scene as it is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.data.crops import apply_symmetry
from engine.data.scans.drive import find_drive
from engine.data.scans.lidar import Lidar, scan
from engine.data.scans.visibility import Bools, Point, see_along
from engine.labels import UNKNOWN


@dataclass(frozen=True, eq=False)
class Example:
    """A scene as a data set of semantic scene completion gives it, arrays `(X, Y, Z)`.

    Attributes
    ----------
    sparse
        `uint8`: labels of the voxels that the scan hit, 0 elsewhere.
    invalid
        `bool`: voxels that no scan of the whole drive sees; they do not count in scores.
    complete
        `uint8`: the true labels, everywhere.
    seen
        `bool`: voxels in sight of the first scan.
    sensor
        Where the first scan was taken, in voxels.
    """

    sparse: NDArray[np.uint8]
    invalid: Bools
    complete: NDArray[np.uint8]
    seen: Bools
    sensor: Point


def make_example(labels: NDArray[np.uint8], rng: np.random.Generator, settings: Lidar | None = None) -> Example:
    """Make an input, a mask and a target out of a scene `(X, Y, Z) uint8`, by a drive through it.

    The scene is turned so that the drive leads along +x (`find_drive`); scenes of `cut_scene` have a road there.

    Raises `RequestError` where the scene has no open ground.
    """
    drive = find_drive(labels, rng)
    complete = apply_symmetry(labels, drive.turn)
    first = scan(complete, drive.poses[0], rng, settings)
    solid = (complete != 0) & (complete != UNKNOWN)
    seen = see_along(solid, drive.poses[1:], first.seen)
    return Example(first.sparse, ~seen, complete, first.seen, drive.poses[0])

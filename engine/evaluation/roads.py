"""The street network that a scene shows: its centre lines, junctions, dead ends and widths.

Works on the plan in cells of 2 x 2 voxels, where a road is a few cells wide and thinning it is quick.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from engine.geometry.centrelines import blind_ends, centre_lines, close_gaps, find_joints, half_widths

Bools = NDArray[np.bool_]
CELL = 2
_SQUARE = np.ones((3, 3), dtype=np.bool_)


@dataclass(frozen=True, eq=False)
class Streets:
    """What a plan's streets look like.

    Attributes
    ----------
    largest
        Share of road cells in the largest connected part; `None` where there is no road.
    degrees
        `(J,) float64`: 1 for a line that ends inside the scene, 3 and more for a junction of so many lines.
    widths
        `(L,) float64` voxels, at places along the centre lines.
    """

    largest: float | None
    degrees: NDArray[np.float64]
    widths: NDArray[np.float64]


def measure_streets(road: Bools) -> Streets:
    """Measure the streets of a plan `(X, Y) bool` of road columns."""
    cells = close_gaps(_to_cells(road))
    if not cells.any():
        return Streets(None, np.zeros(0), np.zeros(0))
    parts, _ = ndimage.label(cells, _SQUARE)
    sizes = np.bincount(parts.ravel())[1:]
    lines = centre_lines(cells)
    widths = (2 * half_widths(cells)[lines] - 1) * CELL
    return Streets(float(sizes.max() / sizes.sum()), junction_degrees(lines), widths.astype(np.float64))


def junction_degrees(lines: Bools) -> NDArray[np.float64]:
    """Count the lines that meet at every junction, and 1 for every blind end: `(J,) float64`."""
    joints = find_joints(lines)
    arms, _ = ndimage.label(lines & (joints == 0), _SQUARE)
    meeting: list[float] = []
    for i, place in enumerate(ndimage.find_objects(joints), start=1):
        window = tuple(slice(max(s.start - 1, 0), s.stop + 1) for s in place)
        ring = ndimage.binary_dilation(joints[window] == i, _SQUARE) & (joints[window] != i)
        _, leaving = ndimage.label((arms[window] > 0) & ring, _SQUARE)
        meeting += [float(leaving)] if leaving >= 3 else []
    return np.array(meeting + [1.0] * int((blind_ends(lines) & (joints == 0)).sum()))


def _to_cells(road: Bools) -> Bools:
    """Call a cell road where half of its columns are, so that single stray voxels make no streets."""
    x, y = (n - n % CELL for n in road.shape)
    columns = road[:x, :y].reshape(x // CELL, CELL, y // CELL, CELL).sum(axis=(1, 3))
    return np.asarray(2 * columns >= CELL * CELL)

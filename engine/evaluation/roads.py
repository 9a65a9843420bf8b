"""The street network that a scene shows: its centre lines, junctions, dead ends and widths.

Works on the plan in cells of 2 x 2 voxels, where a road is a few cells wide and thinning it is quick.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Bools = NDArray[np.bool_]
CELL = 2
_SPUR = 12
"""Cells: shorter side lines of the skeleton are wiggles of the kerb, not streets."""
_JOINT = 5
"""Cells: junctions nearer to each other than twice this are one, as where thinning splits a crossing in two."""
_EDGE = 3
"""Cells from the scene's border within which a line leaves the scene and does not end."""
_BEYOND = 24
"""Cells by which streets are drawn on before thinning, which eats the ends of lines."""
_AROUND = ((0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1), (-1, 0), (-1, 1))
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
    inside = (slice(_BEYOND, -_BEYOND),) * 2
    lines = prune(thin(np.pad(cells, _BEYOND, mode="edge"))[inside])
    reach = ndimage.distance_transform_edt(np.pad(cells, _BEYOND, mode="edge"))[inside]
    widths = (2 * reach[lines] - 1) * CELL
    return Streets(float(sizes.max() / sizes.sum()), junction_degrees(lines), widths.astype(np.float64))


def close_gaps(cells: Bools) -> Bools:
    """Close gaps of one or two cells, such as the stripes of a crossing; the plan goes on beyond its border."""
    padded = np.pad(cells, 3, mode="edge")
    return np.asarray(ndimage.binary_closing(padded, _SQUARE)[3:-3, 3:-3] | cells)


def thin(cells: Bools) -> Bools:
    """Thin areas to lines one cell wide that keep their connections (Zhang and Suen 1984)."""
    image = np.pad(cells, 1)
    while True:
        before = image.sum()
        for step in (0, 1):
            image[1:-1, 1:-1] &= ~_removable(image, step)
        if image.sum() == before:
            return image[1:-1, 1:-1]


def prune(lines: Bools) -> Bools:
    """Drop short side lines that end blindly inside the plan."""
    crossing = (count_neighbours(lines) >= 3) & lines
    arms, _ = ndimage.label(lines & ~ndimage.binary_dilation(crossing, _SQUARE), _SQUARE)
    joined = np.unique(arms[ndimage.binary_dilation(crossing, _SQUARE, iterations=2) & (arms > 0)])
    blind = np.unique(arms[_ends(lines) & (arms > 0)])
    sizes = np.bincount(arms.ravel())
    short = [a for a in np.intersect1d(joined, blind) if sizes[a] < _SPUR]
    return np.asarray(lines & ~np.isin(arms, short)) if short else lines


def junction_degrees(lines: Bools) -> NDArray[np.float64]:
    """Count the lines that meet at every junction, and 1 for every blind end: `(J,) float64`."""
    crossing = (count_neighbours(lines) >= 3) & lines
    if not crossing.any():
        return np.ones(int(_ends(lines).sum()))
    joints, _ = ndimage.label(ndimage.binary_dilation(crossing, _SQUARE, iterations=_JOINT), _SQUARE)
    arms, _ = ndimage.label(lines & (joints == 0), _SQUARE)
    meeting: list[float] = []
    for i, place in enumerate(ndimage.find_objects(joints), start=1):
        window = tuple(slice(max(s.start - 1, 0), s.stop + 1) for s in place)
        ring = ndimage.binary_dilation(joints[window] == i, _SQUARE) & (joints[window] != i)
        _, leaving = ndimage.label((arms[window] > 0) & ring, _SQUARE)
        meeting += [float(leaving)] if leaving >= 3 else []
    return np.array(meeting + [1.0] * int((_ends(lines) & (joints == 0)).sum()))


def count_neighbours(lines: Bools) -> NDArray[np.uint8]:
    """Count how many lines leave each cell: changes from open to line on the way round it."""
    around = _neighbours(np.pad(lines, 1))
    return np.asarray(sum((~around[i] & around[(i + 1) % 8]).astype(np.uint8) for i in range(8)), dtype=np.uint8)


def _ends(lines: Bools) -> Bools:
    inside = np.zeros_like(lines)
    inside[_EDGE:-_EDGE, _EDGE:-_EDGE] = True
    return np.asarray(lines & inside & (count_neighbours(lines) == 1))


def _removable(image: Bools, step: int) -> Bools:
    """Tell which cells one half step of the thinning takes away, without the frame of one cell."""
    p = _neighbours(image)
    filled = np.asarray(sum(n.astype(np.uint8) for n in p))
    changes = np.asarray(sum((~p[i] & p[(i + 1) % 8]).astype(np.uint8) for i in range(8)))
    north, east, south, west = p[0], p[2], p[4], p[6]
    if step == 0:
        open_sides = ~(north & east & south) & ~(east & south & west)
    else:
        open_sides = ~(north & east & west) & ~(north & south & west)
    return np.asarray(image[1:-1, 1:-1] & (filled >= 2) & (filled <= 6) & (changes == 1) & open_sides)


def _neighbours(image: Bools) -> list[Bools]:
    """Give the eight shifted pictures, going round, of all cells but the frame."""
    x, y = image.shape
    return [image[1 + dx : x - 1 + dx, 1 + dy : y - 1 + dy] for dx, dy in _AROUND]


def _to_cells(road: Bools) -> Bools:
    """Call a cell road where half of its columns are, so that single stray voxels make no streets."""
    x, y = (n - n % CELL for n in road.shape)
    columns = road[:x, :y].reshape(x // CELL, CELL, y // CELL, CELL).sum(axis=(1, 3))
    return np.asarray(2 * columns >= CELL * CELL)

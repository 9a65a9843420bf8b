"""Centre lines of streets in a plan: areas thinned to lines, without the spurs that a wavy kerb leaves.

Lengths are meant for cells of 2 x 2 voxels (0.4 m), where a road is a few cells wide and thinning it is quick.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Bools = NDArray[np.bool_]
_BEYOND = 24
"""Cells by which streets are drawn on before thinning, which eats the ends of lines."""
_SPUR = 12
"""Cells: shorter side lines of the skeleton are wiggles of the kerb, not streets."""
_JOINT = 5
"""Cells: junctions nearer to each other than twice this are one, as where thinning splits a crossing in two."""
_EDGE = 3
"""Cells from the scene's border within which a line leaves the scene and does not end."""
_AROUND = ((0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1), (-1, 0), (-1, 1))
_SQUARE = np.ones((3, 3), dtype=np.bool_)


def close_gaps(cells: Bools) -> Bools:
    """Close gaps of one or two cells, such as the stripes of a crossing; the plan goes on beyond its border."""
    padded = np.pad(cells, 3, mode="edge")
    return np.asarray(ndimage.binary_closing(padded, _SQUARE)[3:-3, 3:-3] | cells)


def centre_lines(cells: Bools) -> Bools:
    """Draw the centre lines of what is as wide as a street, `(X, Y) bool` each; it goes on beyond the border."""
    inside = (slice(_BEYOND, -_BEYOND),) * 2
    return prune(thin(np.pad(cells, _BEYOND, mode="edge"))[inside])


def half_widths(cells: Bools) -> NDArray[np.float64]:
    """Tell how far every cell lies from the nearest that is not one of them; they go on beyond the border."""
    inside = (slice(_BEYOND, -_BEYOND),) * 2
    return np.asarray(ndimage.distance_transform_edt(np.pad(cells, _BEYOND, mode="edge"))[inside])


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
    blind = np.unique(arms[blind_ends(lines) & (arms > 0)])
    sizes = np.bincount(arms.ravel())
    short = [a for a in np.intersect1d(joined, blind) if sizes[a] < _SPUR]
    return np.asarray(lines & ~np.isin(arms, short)) if short else lines


def count_neighbours(lines: Bools) -> NDArray[np.uint8]:
    """Count how many lines leave each cell: changes from open to line on the way round it."""
    around = _neighbours(np.pad(lines, 1))
    return np.asarray(sum((~around[i] & around[(i + 1) % 8]).astype(np.uint8) for i in range(8)), dtype=np.uint8)


def find_joints(lines: Bools) -> NDArray[np.int32]:
    """Number the places where lines meet, `(X, Y) int32`, 0 elsewhere."""
    crossing = (count_neighbours(lines) >= 3) & lines
    if not crossing.any():
        return np.zeros(lines.shape, dtype=np.int32)
    joints, _ = ndimage.label(ndimage.binary_dilation(crossing, _SQUARE, iterations=_JOINT), _SQUARE)
    return np.asarray(joints, dtype=np.int32)


def blind_ends(lines: Bools) -> Bools:
    """Tell where lines end within the plan."""
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

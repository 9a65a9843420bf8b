"""Finds the middle lines of streets that a map draws as areas, so that traffic and lamps have something to follow."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_closing, binary_opening, distance_transform_edt, uniform_filter1d

from engine.data.city.network import LOCAL, MAIN
from engine.data.places.features import VOXEL, Line

_CELL = 4
"""Voxels of the plan along the edge of a cell that is thinned."""
_SHORT = 8
_WIDE = 9.0
_AROUND = ((-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1))
Cell = tuple[int, int]
Mask = NDArray[np.bool_]


def trace_streets(road: Mask) -> list[Line]:
    """Trace the middle lines of a mask of carriageways (X, Y), with their width from their distance to the edge.

    Ends that are shorter than the street is wide are spurs of the thinning and left out.
    """
    coarse = _shrink(road)
    room = distance_transform_edt(np.pad(coarse, 1))[1:-1, 1:-1]
    neighbours = _link(thin(coarse))
    lines = []
    for chain in _chains(neighbours):
        loose = min(len(neighbours[chain[0]]), len(neighbours[chain[-1]])) == 1
        widest = max(float(room[cell]) for cell in (chain[0], chain[-1]))
        if len(chain) >= (max(_SHORT, 1.5 * widest) if loose else 3):
            lines.append(_to_line(chain, room, coarse.shape[1]))
    return lines


def _shrink(road: Mask) -> Mask:
    """Cells that are mostly road, without pinholes and stray cells."""
    nx, ny = (n // _CELL for n in road.shape)
    if min(nx, ny) == 0:
        return np.zeros((1, 1), bool)
    share = road[: nx * _CELL, : ny * _CELL].reshape(nx, _CELL, ny, _CELL).mean((1, 3))
    padded = np.pad(share >= 0.5, 3, mode="edge")
    return np.asarray(binary_opening(binary_closing(padded, iterations=2))[3:-3, 3:-3])


def thin(mask: Mask) -> Mask:
    """Peel a mask (X, Y) down to lines one cell wide, keeping it connected.

    T. Y. Zhang and C. Y. Suen, "A fast parallel algorithm for thinning digital patterns", 1984.
    """
    out = np.pad(mask, 1)
    changed = True
    while changed:
        changed = False
        for first in (True, False):
            ring = np.stack([np.roll(out, (-dx, -dy), (0, 1)) for dx, dy in _AROUND])
            count = ring.sum(0)
            rises = (~ring & np.roll(ring, -1, axis=0)).sum(0)
            north, east, south, west = ring[0], ring[2], ring[4], ring[6]
            one, other = (east, south) if first else (north, west)
            keep = one & other & (north | west if first else east | south)
            peel = out & (count >= 2) & (count <= 6) & (rises == 1) & ~keep
            changed |= bool(peel.any())
            out &= ~peel
    return np.asarray(out[1:-1, 1:-1])


def _link(lines: Mask) -> dict[Cell, list[Cell]]:
    """Neighbours of every cell of thin lines; a diagonal counts only where no straight way leads round the corner."""
    cells = {(int(x), int(y)) for x, y in np.argwhere(lines)}
    links: dict[Cell, list[Cell]] = {}
    for x, y in sorted(cells):
        links[x, y] = [
            (x + dx, y + dy)
            for dx, dy in _AROUND
            if (x + dx, y + dy) in cells and not (dx and dy and ((x + dx, y) in cells or (x, y + dy) in cells))
        ]
    return links


def _chains(links: dict[Cell, list[Cell]]) -> Iterator[list[Cell]]:
    """Walk from junction or end to the next one; rings without any are walked from their first cell."""
    seen: set[tuple[Cell, Cell]] = set()
    knots = [cell for cell, near in links.items() if len(near) != 2]
    for start in knots + [cell for cell, near in links.items() if len(near) == 2]:
        is_knot = len(links[start]) != 2
        for step in links[start]:
            if (start, step) in seen or (not is_knot and any((start, other) in seen for other in links[start])):
                continue
            chain = [start, step]
            seen.add((start, step))
            while len(links[chain[-1]]) == 2 and chain[-1] != start:
                a, b = links[chain[-1]]
                chain.append(b if a == chain[-2] else a)
                seen.add((chain[-2], chain[-1]))
            seen.add((chain[-1], chain[-2]))
            yield chain


def _to_line(chain: list[Cell], room: NDArray[np.float64], columns: int) -> Line:
    """Smooth a chain of cells into a street of the plan."""
    cells = np.array(chain)
    width = max(round(2 * float(np.median(room[cells[:, 0], cells[:, 1]])) * _CELL * VOXEL), 3)
    points = (cells + 0.5) * _CELL - 0.5
    smooth = uniform_filter1d(points.astype(np.float64), min(9, len(points)), axis=0, mode="nearest")
    smooth[0], smooth[-1] = points[0], points[-1]
    pick = np.unique(np.append(np.arange(0, len(points), 5), len(points) - 1))
    nodes = tuple((cells[pick] @ [columns, 1]).tolist())
    return Line("street", smooth[pick], nodes, float(width), MAIN if width >= _WIDE else LOCAL, (1.0, 1.0))

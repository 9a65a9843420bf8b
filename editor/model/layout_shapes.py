"""Which cells of a map a stroke, a line, a rectangle or a fill covers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.geometry.maps import LayoutMap

Cells = NDArray[np.bool_]
Place = tuple[int, int]
"""Column and row of a cell; it may lie outside of the map."""


def stroke(size: Place, start: Place, end: Place, width: int) -> Cells:
    """Mark what a square brush, `width` cells wide, covers on its straight way from one cell to another."""
    out = np.zeros(size, dtype=np.bool_)
    count = max(abs(end[0] - start[0]), abs(end[1] - start[1])) + 1
    for x, y in np.round(np.linspace(start, end, count)).astype(int):
        low = (x - (width - 1) // 2, y - (width - 1) // 2)
        out[_span(low[0], width), _span(low[1], width)] = True
    return out


def rectangle(size: Place, start: Place, end: Place) -> Cells:
    """Mark the rectangle between two cells, both in it."""
    out = np.zeros(size, dtype=np.bool_)
    (x0, x1), (y0, y1) = sorted((start[0], end[0])), sorted((start[1], end[1]))
    out[_span(x0, x1 - x0 + 1), _span(y0, y1 - y0 + 1)] = True
    return out


def connected(layout: LayoutMap, start: Place) -> Cells:
    """Mark the cells of one class and height that hang together with a cell; none where it lies outside."""
    from scipy import ndimage  # late, like every use of it: a start of the editor needs none

    size = layout.classes.shape
    if not (0 <= start[0] < size[0] and 0 <= start[1] < size[1]):
        return np.zeros(size, dtype=np.bool_)
    alike = (layout.classes == layout.classes[start]) & (layout.heights == layout.heights[start])
    parts, _ = ndimage.label(alike)
    return np.asarray(parts == parts[start])


def straight(start: Place, end: Place) -> Place:
    """Turn the end of a line to the nearest of eight directions."""
    dx, dy = end[0] - start[0], end[1] - start[1]
    if abs(dx) > 2 * abs(dy):
        return end[0], start[1]
    if abs(dy) > 2 * abs(dx):
        return start[0], end[1]
    reach = max(abs(dx), abs(dy))
    return start[0] + reach * int(np.sign(dx)), start[1] + reach * int(np.sign(dy))


def _span(start: int, count: int) -> slice:
    return slice(max(start, 0), max(start + count, 0))

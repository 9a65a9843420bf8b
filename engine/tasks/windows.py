"""Which windows to make, and in which order, so that each sees what is known beside it. No torch here."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.grid import Box

CONTEXT = 40
"""Voxels around the mask that the model looks at, at least."""

SMALLEST = 128
"""Edge of the smallest crop, in voxels; the model has not learned from smaller ones."""


def context_of(box: Box, height: int, cell: int) -> Box:
    """Give the crop that the model looks at to make what lies in `box`; it may leave the scene.

    Cost follows the mask, not the scene.
    """
    return crop_of(box.pad((CONTEXT, CONTEXT, 0)), height, cell)


def crop_of(box: Box, height: int, cell: int) -> Box:
    """Grow a box to a crop that the model has learned from: full height, whole cells, not too small."""
    wide = Box((*box.lower[:2], 0), (*box.upper[:2], height))
    short = [max(SMALLEST - n, 0) for n in wide.shape[:2]]
    return wide.pad((-(-short[0] // 2), -(-short[1] // 2), 0)).snap((cell, cell, 1))


def cover(start: int, stop: int, window: int, overlap: int, cell: int) -> list[tuple[int, int]]:
    """Cover `start`..`stop` along one axis with spans of at most `window` that overlap by at least `overlap`.

    Spans begin and end on whole cells, so the first and the last may reach beyond by less than a cell.
    """
    low, high = start // cell * cell, -(-stop // cell) * cell
    if high - low <= window:
        return [(low, high)]
    stride = max((window - overlap) // cell * cell, cell)
    count = -(-(high - low - window) // stride) + 1
    places = np.linspace(low, high - window, count)
    return [(int(p), int(p) + window) for p in (np.round(places / cell) * cell).astype(int)]


def plan_windows(todo: NDArray[np.bool_], region: Box, window: int, overlap: int, cell: int) -> list[Box]:
    """Cover a region with windows, nearest to what is known first, and drop those with nothing to do.

    Parameters
    ----------
    todo
        `(sx, sy) bool`, columns of `region` with something to make.
    region
        Where; its z range goes into every window.
    """
    (x0, y0, z0), (x1, y1, z1) = region.lower, region.upper
    known = np.argwhere(~todo)
    centre = (known.mean(axis=0) if len(known) else np.array(todo.shape) / 2) + (x0, y0)
    boxes = [
        Box((ax, ay, z0), (bx, by, z1))
        for ax, bx in cover(x0, x1, window, overlap, cell)
        for ay, by in cover(y0, y1, window, overlap, cell)
    ]

    def distance(box: Box) -> float:
        middle = (np.array(box.lower[:2]) + box.upper[:2]) / 2
        return float(np.linalg.norm(middle - centre))

    def is_needed(box: Box) -> bool:
        part = box.clip(region).relative_to(region).slices
        return bool(todo[part[0], part[1]].any())

    return sorted((b for b in boxes if is_needed(b)), key=distance)

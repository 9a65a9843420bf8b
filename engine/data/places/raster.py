"""Drawing polygons and bands on a plan: which voxels' middles lie inside."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from engine.data.city.frame import Frame, cut_patch, inside

Floats = NDArray[np.float64]
Window = tuple[slice, slice]
Drawn = tuple[Window, NDArray[np.bool_]]


def fill(rings: Sequence[Floats], shape: tuple[int, int]) -> Drawn | None:
    """Draw polygons by the nonzero winding rule; None where no voxel of the plan is inside.

    ``rings`` hold (n, 2) corners in voxels, closed by themselves; holes run against their outer ring. A voxel belongs
    to a polygon where its middle (whole numbers) does, left and lower sides included, so neighbours never overlap.
    """
    start, end = _edges(rings)
    low = np.maximum(np.ceil(start.min(0)), 0).astype(np.int64)
    high = np.minimum(np.floor(start.max(0)) + 1, shape).astype(np.int64)
    if (high <= low).any():
        return None
    turns = np.zeros((high[0] - low[0], high[1] - low[1] + 1), np.int32)
    row, place, sign = _cross_rows(start, end, int(low[0]), int(high[0]))
    column = np.clip(np.ceil(place).astype(np.int64) - low[1], 0, turns.shape[1] - 1)
    np.add.at(turns, (row - low[0], column), sign)
    mask = np.cumsum(turns[:, :-1], axis=1) != 0
    if not mask.any():
        return None
    return (slice(int(low[0]), int(high[0])), slice(int(low[1]), int(high[1]))), mask


def _edges(rings: Sequence[Floats]) -> tuple[Floats, Floats]:
    """Starts and ends (n, 2) of all edges of closed rings."""
    points = np.concatenate(rings)
    after = np.arange(1, len(points) + 1)
    lengths = np.array([len(ring) for ring in rings])
    stops = np.cumsum(lengths)
    after[stops - 1] = stops - lengths
    return points, points[after]


def _cross_rows(
    start: Floats, end: Floats, first: int, last: int
) -> tuple[NDArray[np.int64], Floats, NDArray[np.int32]]:
    """Where edges cross the rows ``x = first .. last - 1``: the row, y there, and +1 or -1 by the edge's direction."""
    a = np.maximum(np.ceil(np.minimum(start[:, 0], end[:, 0])), first).astype(np.int64)
    b = np.minimum(np.ceil(np.maximum(start[:, 0], end[:, 0])), last).astype(np.int64)
    count = np.maximum(b - a, 0)
    edge = np.repeat(np.arange(len(start)), count)
    row = np.arange(len(edge)) - np.repeat(np.cumsum(count) - count, count) + a[edge]
    run = end[edge, 0] - start[edge, 0]
    place = start[edge, 1] + (row - start[edge, 0]) / run * (end[edge, 1] - start[edge, 1])
    return row, place, np.where(run > 0, 1, -1).astype(np.int32)


def draw_band(points: Floats, half: float, shape: tuple[int, int]) -> Iterator[Drawn]:
    """Draw a polyline as one box a segment, ``half`` voxels to each side, overlapping at its bends."""
    for frame, length in segments(points):
        box = (-half, length + half, -half, half)
        patch = cut_patch(frame, box, shape)
        if patch is not None:
            yield patch.window, inside(patch, box)


def segments(points: Floats) -> Iterator[tuple[Frame, float]]:
    """Walk along a polyline: the frame at each segment's start and its length; those of no length are left out."""
    for a, b in itertools.pairwise(points):
        along = b - a
        length = float(np.sqrt((along**2).sum()))
        if length > 1e-6:
            yield Frame(float(a[0]), float(a[1]), float(along[0]) / length, float(along[1]) / length), length


def frame_of(rings: Sequence[Floats]) -> tuple[Frame, tuple[float, float]]:
    """The smallest box round a polygon: a frame at its middle along its longer side, and its (length, width).

    The directions tried are those of the polygon's forty longest edges.
    """
    points, ends = _edges(rings)
    edges = ends - points
    lengths = np.sqrt((edges**2).sum(1))
    pick = np.argsort(-lengths, kind="stable")[:40]
    pick = pick[lengths[pick] > 1e-9]
    if not len(pick):
        return Frame(float(points[0, 0]), float(points[0, 1]), 1.0, 0.0), (0.0, 0.0)
    heading = edges[pick] / lengths[pick][:, None]
    u, v = points @ heading.T, points @ np.stack([-heading[:, 1], heading[:, 0]])
    spans = np.stack([np.ptp(u, axis=0), np.ptp(v, axis=0)])
    best = int(spans.prod(axis=0).round(6).argmin())
    ux, uy = heading[best].tolist()
    mid_u, mid_v = (float(part[:, best].min() + part[:, best].max()) / 2 for part in (u, v))
    frame = Frame(mid_u * ux - mid_v * uy, mid_u * uy + mid_v * ux, ux, uy)
    long, short = spans[:, best].tolist()
    return (frame, (long, short)) if long >= short else (frame.turned(), (short, long))

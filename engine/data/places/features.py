"""What a map of a real place consists of, in metres first (a survey) and in voxels of a plan later (a place)."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from engine.errors import RequestError

Floats = NDArray[np.float64]
VOXEL = 0.2
"""Edge of a voxel of a world in metres."""


@dataclass(frozen=True)
class Facet:
    """A measured piece of a roof: its ``rings`` (n, 2) and the plane ``z = a x + b y + c``, all in metres."""

    rings: tuple[Floats, ...]
    plane: tuple[float, float, float]


@dataclass(frozen=True)
class Area:
    """A piece of ground, of water or a building's footprint.

    ``rings`` hold (n, 2) corners, outer ones counter-clockwise and holes clockwise; ``tall`` and ``low`` are a
    building's top and underside in metres above the ground (None: not known), ``roof`` its roof's name where one is
    known, ``facets`` its measured roof with heights above the ground.
    """

    kind: str
    rings: tuple[Floats, ...]
    tall: float | None = None
    low: float = 0.0
    roof: str | None = None
    facets: tuple[Facet, ...] = ()


@dataclass(frozen=True)
class Line:
    """A street, path, track, barrier, watercourse or row of trees.

    ``points`` (n, 2), ``nodes`` one id a point (lines meet where they share one), ``width`` in metres, ``grade`` of a
    street (0 arterial, 1 main, 2 local, 3 lane), ``walks`` widths of the sidewalks (right, left) in metres, ``lanes``
    of both directions together.
    """

    kind: str
    points: Floats
    nodes: tuple[int, ...]
    width: float
    grade: int = 3
    walks: tuple[float, float] = (0.0, 0.0)
    lanes: int = 2
    oneway: bool = False
    passage: bool = False


@dataclass(frozen=True)
class Spot:
    """A thing at a point: tree, lamp, signal, sign, crossing, stop, turning or bollard."""

    kind: str
    x: float
    y: float


@dataclass(frozen=True)
class Survey:
    """Everything a file maps, in metres of ``crs`` (None where the file does not say which), x east and y north.

    ``bounds`` (x0, y0, x1, y1) is what the file covers.
    """

    areas: tuple[Area, ...]
    lines: tuple[Line, ...]
    spots: tuple[Spot, ...]
    bounds: tuple[float, float, float, float]
    crs: str | None
    notice: str = ""


@dataclass(frozen=True)
class Place:
    """A window of a survey: the same features in voxels of a plan of ``size``, whole numbers at voxels' middles.

    ``corner`` is the window's lower corner in metres of the survey's reference system.
    """

    size: tuple[int, int]
    corner: tuple[float, float]
    areas: tuple[Area, ...] = ()
    lines: tuple[Line, ...] = ()
    spots: tuple[Spot, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether nothing is mapped here that could be built or walked on."""
        return not (self.areas or any(line.kind != "tree_row" for line in self.lines))


def cut_place(survey: Survey, center: tuple[float, float], size: tuple[int, int], margin: float = 300.0) -> Place:
    """Cut a window of ``size`` voxels round ``center`` (metres) out of a survey.

    Streets are kept ``margin`` voxels beyond it, so that they run on over its sides. Raises `RequestError` where the
    window is too small for a street or too large to be held.
    """
    if min(size) < 64 or size[0] * size[1] > 1 << 24:
        raise RequestError(
            f"a place of {size[0]} x {size[1]} voxels cannot be built; ask for at least 64 x 64 and at most 4096 x 4096"
        )
    corner = tuple(round((c - n * VOXEL / 2) / VOXEL) * VOXEL for c, n in zip(center, size, strict=True))
    shift = np.array(corner)
    areas = [_move_area(a, shift) for a in survey.areas if _meets(a.rings[0], shift, size, 8.0)]
    lines = [part for line in survey.lines for part in _cut_line(line, shift, size, margin)]
    spots = [Spot(s.kind, *_to_plan(np.array([s.x, s.y]), shift).tolist()) for s in survey.spots]
    near = [s for s in spots if 0 <= s.x < size[0] - 1 and 0 <= s.y < size[1] - 1]
    return Place(size, (corner[0], corner[1]), tuple(areas), tuple(lines), tuple(near))


def _to_plan(points: Floats, shift: Floats) -> Floats:
    return np.asarray((points - shift) / VOXEL - 0.5)


def _meets(points: Floats, shift: Floats, size: tuple[int, int], margin: float) -> bool:
    where = _to_plan(np.array([points.min(0), points.max(0)]), shift)
    return bool((where[1] > -margin).all() and (where[0] < np.array(size) + margin).all())


def _move_area(area: Area, shift: Floats) -> Area:
    rings = tuple(_to_plan(ring, shift) for ring in area.rings)
    return replace(area, rings=rings, facets=tuple(_move_facet(facet, shift) for facet in area.facets))


def _move_facet(facet: Facet, shift: Floats) -> Facet:
    """Express a facet in the plan: its plane takes voxels and still gives metres."""
    a, b, c = facet.plane
    middle = shift + 0.5 * VOXEL
    return Facet(
        tuple(_to_plan(ring, shift) for ring in facet.rings),
        (a * VOXEL, b * VOXEL, c + a * float(middle[0]) + b * float(middle[1])),
    )


def _cut_line(line: Line, shift: Floats, size: tuple[int, int], margin: float) -> list[Line]:
    """Keep the runs of a line that touch the window and its margin."""
    points = _to_plan(line.points, shift)
    low, high = np.minimum(points[1:], points[:-1]), np.maximum(points[1:], points[:-1])
    near = ((high > -margin) & (low < np.array(size) + margin)).all(1)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], near, [False]]).astype(np.int8)))
    return [
        replace(line, points=points[a : b + 1], nodes=line.nodes[a : b + 1])
        for a, b in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)
    ]


def oriented(ring: Floats, hole: bool = False) -> Floats:
    """Turn a ring counter-clockwise, or clockwise for a hole; `signed_area` tells which way it ran."""
    return ring if (signed_area(ring) > 0) != hole else ring[::-1]


def signed_area(ring: Floats) -> float:
    """Area inside a ring (n, 2), positive where it runs counter-clockwise."""
    x, y = (ring - ring[0]).T
    return float(np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y)) / 2

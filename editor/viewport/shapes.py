"""Lines and triangles of the viewport's marks, as plain arrays in metres."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engine.geometry.camera import box_corners

Floats = NDArray[np.float64]

_EDGES = [(a, b) for a in range(8) for b in range(a + 1, 8) if (a ^ b) in (1, 2, 4)]
_FACES = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
_LETTERS = {
    "x": [((-1, -1), (1, 1)), ((-1, 1), (1, -1))],
    "y": [((-1, 1), (0, 0)), ((1, 1), (0, 0)), ((0, 0), (0, -1))],
    "z": [((-1, 1), (1, 1)), ((1, 1), (-1, -1)), ((-1, -1), (1, -1))],
}


def box_edges(lower: ArrayLike, upper: ArrayLike) -> Floats:
    """Give the twelve edges of a box, `(12, 2, 3)`."""
    corners = box_corners(lower, upper)
    return np.array([[corners[a], corners[b]] for a, b in _EDGES])


def box_faces(lower: ArrayLike, upper: ArrayLike) -> Floats:
    """Give the surface of a box, `(12, 3, 3)` triangles."""
    corners = box_corners(lower, upper)
    return np.array([[corners[i] for i in t] for a, b, c, d in _FACES for t in ((a, b, c), (a, c, d))])


def floor_ticks(lower: ArrayLike, upper: ArrayLike, small: float = 2.0, large: float = 10.0) -> Floats:
    """Give marks outside the floor edges of a box every `small` and, longer, every `large` metres, `(N, 2, 3)`.

    They are as long as a fifth and a half of `small`.
    """
    a, b = np.asarray(lower, dtype=np.float64), np.asarray(upper, dtype=np.float64)
    marks = []
    for axis in (0, 1):
        across = 1 - axis
        for place in np.arange(0, b[axis] - a[axis] + 1e-6, small):
            length = small * (0.5 if abs(place / large - round(place / large)) < 1e-6 else 0.2)
            for end, way in ((a, -1), (b, 1)):
                start = a.copy()
                start[axis] += place
                start[across] = end[across]
                stop = start.copy()
                stop[across] += way * length
                marks.append((start, stop))
    return np.array(marks).reshape(-1, 2, 3)


def circle(centre: ArrayLike, a: ArrayLike, b: ArrayLike, parts: int = 64) -> Floats:
    """Give the ellipse with half axes `a` and `b` round `centre`, `(parts, 2, 3)`."""
    angle = np.linspace(0, 2 * np.pi, parts + 1)[:, None]
    points = np.asarray(centre) + np.cos(angle) * np.asarray(a) + np.sin(angle) * np.asarray(b)
    return np.stack([points[:-1], points[1:]], axis=1)


def cylinder(centre: ArrayLike, a: ArrayLike, b: ArrayLike, height: float) -> Floats:
    """Give two ellipses one above the other, joined by four upright lines, `(N, 2, 3)`; `height` may be negative."""
    rim, up = circle(centre, a, b), np.array([0.0, 0.0, height])
    corners = rim[:: len(rim) // 4, 0]
    return np.concatenate([rim, rim + up, np.stack([corners, corners + up], axis=1)])


def footprint_edges(columns: NDArray[np.bool_], lower: ArrayLike, size: ArrayLike, height: float) -> Floats:
    """Give the outline of some columns at their floor and `height` above it, and its upright corners, `(N, 2, 3)`.

    Parameters
    ----------
    columns
        `(X, Y)`; straight runs become one line each.
    lower, size
        Metres: the floor's first corner `(3,)`, and the edges of a column `(2,)`.
    """
    solid = np.pad(columns, 1).astype(np.int8)
    lines = []
    for axis in (0, 1):
        edges = np.abs(np.diff(solid, axis=axis))
        along = edges if axis == 0 else edges.T
        for place, row in enumerate(along):
            turns = np.flatnonzero(np.diff(np.concatenate([[0], row, [0]])))
            ends = [((place, k - 1), (place, m - 1)) for k, m in zip(turns[::2], turns[1::2], strict=True)]
            lines += ends if axis == 0 else [((a[1], a[0]), (b[1], b[0])) for a, b in ends]
    flat = np.array(lines, dtype=np.float64).reshape(-1, 2, 2) * np.asarray(size) + np.asarray(lower)[:2]
    floor = np.concatenate([flat, np.full((len(flat), 2, 1), float(np.asarray(lower)[2]))], axis=2)
    up = np.array([0.0, 0.0, height])
    corners = np.unique(floor.reshape(-1, 3), axis=0)
    return np.concatenate([floor, floor + up, np.stack([corners, corners + up], axis=1)])


def disc(centre: Floats, radii: Floats, parts: int = 48) -> Floats:
    """Give a filled ellipse in the plane, `(parts, 3, 3)` triangles; `centre` and `radii (2,)`."""
    rim = circle((*centre, 0.0), (radii[0], 0.0, 0.0), (0.0, radii[1], 0.0), parts)
    return np.concatenate([rim, np.broadcast_to((*centre, 0.0), (parts, 1, 3))], axis=1)


def dashes(segments: Floats, length: float) -> Floats:
    """Cut segments `(N, 2, 3)` into dashes of about `length` metres with gaps as long, `(M, 2, 3)`."""
    out = []
    for start, stop in segments:
        count = max(1, round(float(np.linalg.norm(stop - start)) / (2 * length)))
        places = np.linspace(0, 1, 2 * count + 1)[:, None]
        points = start + places * (stop - start)
        out.append(np.stack([points[0:-1:2], points[1::2]], axis=1))
    return np.concatenate(out) if out else np.zeros((0, 2, 3))


def arrow(start: ArrayLike, way: ArrayLike, length: float) -> tuple[Floats, Floats]:
    """Make a solid arrow along the unit vector `way`: triangles `(N, 3, 3)` and how bright each one is, `(N,)`."""
    w = np.asarray(way, dtype=np.float64)
    side = np.cross(w, (0.0, 0.0, 1.0) if abs(w[2]) < 0.9 else (0.0, 1.0, 0.0))
    up = np.cross(side, w)
    base = np.asarray(start, dtype=np.float64)
    corners = [side + up, up - side, -side - up, side - up]
    thin, wide = 0.075 * length, 0.2 * length
    triangles = []
    for p, q in zip(corners, corners[1:] + corners[:1], strict=True):
        a, b = base + p * thin, base + q * thin
        c, d = a + w * 0.55 * length, b + w * 0.55 * length
        e, f = base + w * 0.5 * length + p * wide, base + w * 0.5 * length + q * wide
        triangles += [(a, b, d), (a, d, c), (e, f, base + w * length), (e, f, base + w * 0.5 * length)]
    shape = np.array(triangles)
    normals = np.cross(shape[:, 1] - shape[:, 0], shape[:, 2] - shape[:, 0])
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    return shape, 0.72 + 0.28 * np.abs(normals @ np.array([0.27, 0.34, 0.9]))


def letter(
    name: str, centre: tuple[float, float], size: float
) -> list[tuple[tuple[float, float], tuple[float, float]]]:
    """Give the strokes of a small x, y or z in the plane."""
    x, y = centre
    return [
        ((x + a[0] * 0.7 * size, y + a[1] * size), (x + b[0] * 0.7 * size, y + b[1] * size)) for a, b in _LETTERS[name]
    ]

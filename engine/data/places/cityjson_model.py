"""Parses CityJSON: vertices in metres, and the polygons of each object's finest geometry.

https://www.cityjson.org/specs/2.0.1/ (versions 1.0 and 1.1 differ in nothing that is read here)
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from engine.data.places.features import Floats
from engine.data.places.projection import named_projection, zone_projection
from engine.errors import FormatError

_MOST_BYTES = 1 << 29
AGAIN = "export or download it again"
_FAR = 1e12
_SURFACES_DEEP = {"MultiSurface": 0, "CompositeSurface": 0, "Solid": 1, "MultiSolid": 2, "CompositeSolid": 2}
Ring = list[list[float]]
"""Corners (x, y, z) in metres."""


def load_document(path: Path) -> dict[str, Any]:
    """Read the JSON of a file; raises `FormatError` where it is too large, damaged or of another kind."""
    size = path.stat().st_size
    if size > _MOST_BYTES:
        raise FormatError(path, f"has {size >> 20} MB, {_MOST_BYTES >> 20} can be read", "cut a smaller area out of it")
    try:
        document = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise FormatError(path, f"is no whole JSON ({str(error)[:100]})", AGAIN) from error
    if not isinstance(document, dict) or document.get("type") != "CityJSON":
        kind = document.get("type") if isinstance(document, dict) else type(document).__name__
        reason = f"is JSON of another kind (type {str(kind)[:40]!r}, not 'CityJSON')"
        raise FormatError(path, reason, "give a CityJSON 1.x or 2.0 file")
    return document


class CityModel:
    """A parsed file: `objects`, the name of its plane reference system `crs`, and the ways to read its geometry.

    Numbers that make no sense raise `ValueError`, missing parts `KeyError` and the like.
    """

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.objects: Mapping[str, Any] = document["CityObjects"]
        raw = np.array(document["vertices"] or np.zeros((0, 3)), np.float64)
        if raw.ndim != 2 or raw.shape[1] != 3:
            raise ValueError(f"vertices are of shape {raw.shape}, not (n, 3)")
        change = document.get("transform", {"scale": [1, 1, 1], "translate": [0, 0, 0]})
        scale, shift = np.array(change["scale"], float), np.array(change["translate"], float)
        if not all(np.abs(part).max(initial=0.0) < _FAR for part in (scale, shift, raw)):
            raise ValueError(f"a number of its vertices or transform is not below {_FAR:g}")
        self.vertices = raw * scale + shift
        self.system = (document.get("metadata") or {}).get("referenceSystem")
        self.crs = self._project()
        self.points: list[list[float]] = self.vertices.tolist()

    def _project(self) -> str | None:
        """Name the plane system of the vertices, turned into metres of a UTM zone where they are in degrees."""
        if not self.system:
            return None
        name = str(self.system).rstrip("/").split("/")[-1].split(":")[-1]
        if not name.isdigit():
            raise ValueError(f"the reference system '{str(self.system)[:80]}' names no EPSG code")
        found = named_projection(f"EPSG:{name}")
        if found is not None:
            return found.name
        lon, lat = self.vertices[:, 0], self.vertices[:, 1]
        if not len(lon) or max(np.abs(lon).max() - 180, np.abs(lat).max() - 90) > 0:
            raise ValueError(f"the reference system '{str(self.system)[:80]}' counts neither in metres nor in degrees")
        zone = zone_projection(float(lat.mean()), float(lon.mean()))
        self.vertices[:, :2] = zone.to_metres(lat, lon)
        if not np.isfinite(self.vertices).all():
            raise ValueError(f"the model reaches too far round the globe for {zone.name}")
        return zone.name

    def anchor(self, thing: Mapping[str, Any]) -> tuple[float, float] | None:
        """The middle of an object, be it mapped as a solid, a point or a copy of a template put at a point."""
        for shape in (thing.get("geometry") or [])[:1]:
            points = self._ring(list(_flat_indices(shape["boundaries"])))
            if points:
                x, y = (sum(point[axis] for point in points) / len(points) for axis in (0, 1))
                return x, y
        return None

    def is_outline(self, thing: Mapping[str, Any]) -> bool:
        """Whether a building is but the outline of parts that have more shape."""
        if _detail(thing) >= 1:
            return False
        return any(_detail(self.objects.get(name) or {}) >= 1 for name in thing.get("children") or [])

    def faces(self, thing: Mapping[str, Any]) -> Iterator[list[Ring]]:
        """The polygons of an object's finest geometry, each a list of rings."""
        shapes = [g for g in thing.get("geometry") or [] if g["type"] in _SURFACES_DEEP and g["boundaries"]]
        if not shapes:
            return
        best = max(shapes, key=_lod)
        surfaces = best["boundaries"]
        for _ in range(_SURFACES_DEEP[best["type"]]):
            surfaces = [surface for shell in surfaces for surface in shell]
        for surface in surfaces:
            rings = [self._ring(ring) for ring in surface if len(ring) > 2]
            if rings:
                yield rings

    def _ring(self, indices: list[int]) -> Ring:
        if min(indices, default=0) < 0 or max(indices, default=0) >= len(self.points):
            raise ValueError(f"a surface names vertex {indices[:4]}..., the file has {len(self.points)}")
        return [self.points[i] for i in indices]


def _lod(shape: Mapping[str, Any]) -> float:
    """A geometry's level of detail; before version 1.1 it was a number, since then a text."""
    return float(str(shape.get("lod", 0)) or 0)


def _detail(thing: Mapping[str, Any]) -> float:
    return max((_lod(shape) for shape in thing.get("geometry") or []), default=0.0)


def _flat_indices(boundaries: Any) -> Iterator[int]:
    if isinstance(boundaries, int):
        yield boundaries
    else:
        for part in boundaries:
            yield from _flat_indices(part)


def flatten_ring(ring: Ring, hole: bool) -> Floats:
    """Drop the height of a ring and turn it counter-clockwise, or clockwise for a hole; (n, 2)."""
    flat = np.array([point[:2] for point in ring])
    return flat if (_sums(ring)[2] > 0) != hole else flat[::-1]


def normal_of(ring: Ring) -> tuple[float, float, float]:
    """Unit normal of a ring; zero where it spans no area."""
    x, y, z = _sums(ring)
    length = math.sqrt(x * x + y * y + z * z)
    return (x / length, y / length, z / length) if length > 1e-9 else (0.0, 0.0, 0.0)


def _sums(ring: Ring) -> tuple[float, float, float]:
    """Newell's sums: twice the areas of a ring's three projections. Most rings are triangles, too small for NumPy."""
    ox, oy, oz = ring[0]
    x = y = z = 0.0
    for (ax, ay, az), (bx, by, bz) in zip(ring, ring[1:] + ring[:1], strict=True):
        ax, ay, az, bx, by, bz = ax - ox, ay - oy, az - oz, bx - ox, by - oy, bz - oz
        x += ay * bz - az * by
        y += az * bx - ax * bz
        z += ax * by - ay * bx
    return x, y, z


def plane_of(normal: tuple[float, float, float], ring: Ring, ground: float) -> tuple[float, float, float]:
    """The plane ``z = a x + b y + c`` of a face, z counted from the ground."""
    a, b = -normal[0] / normal[2], -normal[1] / normal[2]
    x, y, z = (sum(part) / len(ring) for part in zip(*ring, strict=True))
    return a, b, z - ground - a * x - b * y

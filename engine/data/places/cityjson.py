"""Turns a CityJSON city model into a survey: footprints with measured roofs, streets, plants and water as areas.

https://www.cityjson.org/specs/2.0.1/ (versions 1.0 and 1.1 differ in nothing that is read here)
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from engine.data.places.features import Area, Facet, Floats, Line, Spot, Survey
from engine.data.places.projection import named_projection, zone_projection
from engine.errors import FormatError

_MOST_BYTES = 1 << 29
_AGAIN = "export or download it again"
_STEEP = 0.05
_FAR = 1e12
_TALLEST = 1000.0
Ring = list[list[float]]
"""Corners (x, y, z) in metres."""
_SURFACES_DEEP = {"MultiSurface": 0, "CompositeSurface": 0, "Solid": 1, "MultiSolid": 2, "CompositeSolid": 2}
_TYPES = {
    "Building": "building",
    "BuildingPart": "building",
    "Road": "street",
    "Square": "plaza",
    "TransportSquare": "plaza",
    "Railway": "works",
    "Track": "walk",
    "WaterBody": "water",
    "Waterway": "water",
    "PlantCover": "park",
    "LandUse": "yard",
    "Bridge": "bridge",
    "BridgePart": "bridge",
}
_WORDS = {  # words of attributes, in several languages, that tell more than the type
    "Road": {
        "walk": ("foot", "side", "pedest", "walk", "cycl", "bicy", "voet", "fiets", "geh", "rad", "trott", "pieton"),
        "parking": ("park",),
        "works": ("spoor", "rail", "gleis"),
        "lawn": ("berm", "verge", "green"),
    },
    "LandUse": {
        "plaza": ("open verharding", "square", "plaza"),
        "paved": ("verharding", "paved", "versiegel"),
        "bare": ("onverhard", "zand", "sand", "bare"),
        "wood": ("bos", "wood", "forest", "wald"),
        "lawn": ("gras", "grass", "meadow", "wiese"),
        "park": ("park", "groen", "green", "recreat"),
        "works": ("industr", "commerc", "retail", "gewerbe"),
        "water": ("water",),
    },
    "PlantCover": {
        "scrub": ("heester", "struik", "shrub", "hedge", "bush", "haag"),
        "wood": ("bos", "wood", "forest", "wald", "houtwal"),
        "lawn": ("gras", "grass", "lawn", "meadow"),
    },
}
_BUILT = ("GenericCityObject", "+GenericCityObject", "CityFurniture", "OtherConstruction")
_WALLS = ("muur", "wall", "fence", "hek", "mauer", "zaun", "schutting")
_QUAYS = ("kade", "quay", "kai", "retain")
_TOLD_BY = ("class", "function", "usage", "type", "voorkomen", "surface", "material")
_WALL = 0.4


def read_cityjson(path: Path) -> Survey:
    """Read a CityJSON 1.x or 2.0 file.

    Raises `FormatError` where it is damaged, of another kind, in an unknown reference system, or maps nothing.
    """
    document = _load(path)
    try:
        return _Model(document).survey(path)
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, RecursionError, OverflowError) as error:
        reason = (
            f"is no sound CityJSON ({type(error).__name__}: {str(error).splitlines()[0][:120] if str(error) else ''})"
        )
        raise FormatError(path, reason, _AGAIN) from error


def _load(path: Path) -> dict[str, Any]:
    size = path.stat().st_size
    if size > _MOST_BYTES:
        raise FormatError(path, f"has {size >> 20} MB, {_MOST_BYTES >> 20} can be read", "cut a smaller area out of it")
    try:
        document = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise FormatError(path, f"is no whole JSON ({str(error)[:100]})", _AGAIN) from error
    if not isinstance(document, dict) or document.get("type") != "CityJSON":
        kind = document.get("type") if isinstance(document, dict) else type(document).__name__
        reason = f"is JSON of another kind (type {str(kind)[:40]!r}, not 'CityJSON')"
        raise FormatError(path, reason, "give a CityJSON 1.x or 2.0 file")
    return document


class _Model:
    """A parsed file: its vertices in metres and the ways to read its objects."""

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

    def survey(self, path: Path) -> Survey:
        """Collect what can be seen from above."""
        areas: list[Area] = []
        lines: list[Line] = []
        spots: list[Spot] = []
        for thing in self.objects.values():
            if thing["type"] == "SolitaryVegetationObject":
                spots += self._trees(thing)
                continue
            faces = [] if self._is_outline(thing) else list(self._faces(thing))
            if faces and thing["type"] in _BUILT:
                lines += _walls(thing, faces)
            elif faces and thing["type"] in _TYPES:
                areas += _areas(thing, faces)
        if not areas:
            reason = f"maps no building, street or ground ({len(self.objects)} objects)"
            raise FormatError(path, reason, "choose a city model with buildings or streets")
        ends = np.concatenate([ring for area in areas for ring in area.rings])
        (x0, y0), (x1, y1) = ends.min(0).tolist(), ends.max(0).tolist()
        return Survey(tuple(areas), tuple(lines), tuple(spots), (x0, y0, x1, y1), self.crs)

    def _project(self) -> str | None:
        """Name the plane system of the vertices, turned into metres of a UTM zone where they are in degrees."""
        if not self.system:
            return None
        name = str(self.system).rstrip("/").split("/")[-1].split(":")[-1]
        found = named_projection(f"EPSG:{name}" if name.isdigit() else str(self.system))
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

    def _trees(self, thing: Mapping[str, Any]) -> Iterator[Spot]:
        """The middle of a plant, be it mapped as a solid, a point or a copy of a template put at a point."""
        for shape in (thing.get("geometry") or [])[:1]:
            points = self._ring(list(_flat_indices(shape["boundaries"])))
            if points:
                x, y = (sum(point[axis] for point in points) / len(points) for axis in (0, 1))
                yield Spot("tree", x, y)

    def _is_outline(self, thing: Mapping[str, Any]) -> bool:
        """Whether a building is but the outline of parts that have more shape."""
        if _detail(thing) >= 1:
            return False
        return any(_detail(self.objects.get(name) or {}) >= 1 for name in thing.get("children") or [])

    def _faces(self, thing: Mapping[str, Any]) -> Iterator[list[Ring]]:
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


def _areas(thing: Mapping[str, Any], faces: list[list[Ring]]) -> Iterator[Area]:
    """One area of all faces that can be seen from above; for buildings with their roofs as facets."""
    kind = _kind(thing)
    heights = [point[2] for face in faces for ring in face for point in ring]
    ground, tall = min(heights), max(heights) - min(heights)
    if tall < 1:
        tall = _told_height(thing)
    rings: list[Floats] = []
    facets = []
    for face in faces:
        normal = _normal(face[0])
        if abs(normal[2]) < _STEEP:
            continue
        flat = tuple(_flatten(ring, hole=i > 0) for i, ring in enumerate(face))
        rings += flat
        if kind == "building" and max(heights) - ground >= 1:
            facets.append(Facet(flat, _plane(normal, face[0], ground)))
    if rings:
        yield Area(kind, tuple(rings), tall if kind == "building" and tall >= 1 else None, facets=tuple(facets))


def _flatten(ring: Ring, hole: bool) -> Floats:
    flat = np.array([point[:2] for point in ring])
    return flat if (_sums(ring)[2] > 0) != hole else flat[::-1]


def _told_height(thing: Mapping[str, Any]) -> float:
    """The height in metres that a flat footprint's attributes state, else 0."""
    attributes = thing.get("attributes") or {}
    measured, storeys = (attributes.get(name) for name in ("measuredHeight", "storeysAboveGround"))
    if isinstance(measured, int | float) and 0 < measured < _TALLEST:
        return float(measured)
    return 3.0 * storeys if isinstance(storeys, int | float) and 0 < storeys < _TALLEST else 0.0


def _kind(thing: Mapping[str, Any]) -> str:
    told = " ".join(
        str(value).lower()
        for key, value in (thing.get("attributes") or {}).items()
        if isinstance(value, str) and any(part in key.lower() for part in _TOLD_BY)
    )
    for kind, words in _WORDS.get(thing["type"], {}).items():
        if any(word in told for word in words):
            return kind
    return _TYPES[thing["type"]]


def _normal(ring: Ring) -> tuple[float, float, float]:
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


def _plane(normal: tuple[float, float, float], ring: Ring, ground: float) -> tuple[float, float, float]:
    """The plane ``z = a x + b y + c`` of a face, z counted from the ground."""
    a, b = -normal[0] / normal[2], -normal[1] / normal[2]
    x, y, z = (sum(part) / len(ring) for part in zip(*ring, strict=True))
    return a, b, z - ground - a * x - b * y


def _walls(thing: Mapping[str, Any], faces: list[list[Ring]]) -> Iterator[Line]:
    """Walls and fences as lines along the edges of their upward faces."""
    told = " ".join(str(value).lower() for value in (thing.get("attributes") or {}).values())
    if not any(word in told for word in _WALLS):
        return
    kind = "kerb_wall" if any(word in told for word in _QUAYS) else "wall"
    for number, face in enumerate(faces):
        if abs(_normal(face[0])[2]) >= _STEEP:
            ring = np.array([point[:2] for point in [*face[0], face[0][0]]])
            yield Line(kind, ring, tuple(range(number, number + len(ring))), _WALL)

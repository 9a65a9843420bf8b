"""Turns a CityJSON city model into a survey: footprints with measured roofs, streets, plants and water as areas.

https://www.cityjson.org/specs/2.0.1/
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from engine.data.places.cityjson_model import AGAIN, CityModel, Ring, flatten_ring, load_document, normal_of, plane_of
from engine.data.places.features import Area, Facet, Floats, Line, Spot, Survey
from engine.errors import FormatError

_STEEP = 0.05
_TALLEST = 1000.0
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
    document = load_document(path)
    try:
        return _survey(CityModel(document), path)
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, RecursionError, OverflowError) as error:
        reason = (
            f"is no sound CityJSON ({type(error).__name__}: {str(error).splitlines()[0][:120] if str(error) else ''})"
        )
        raise FormatError(path, reason, AGAIN) from error


def _survey(model: CityModel, path: Path) -> Survey:
    """Collect what can be seen from above."""
    areas: list[Area] = []
    lines: list[Line] = []
    spots: list[Spot] = []
    for thing in model.objects.values():
        if thing["type"] == "SolitaryVegetationObject":
            middle = model.anchor(thing)
            spots += [Spot("tree", *middle)] if middle else []
            continue
        faces = [] if model.is_outline(thing) else list(model.faces(thing))
        if faces and thing["type"] in _BUILT:
            lines += _walls(thing, faces)
        elif faces and thing["type"] in _TYPES:
            areas += _areas(thing, faces)
    if not areas:
        reason = f"maps no building, street or ground ({len(model.objects)} objects)"
        raise FormatError(path, reason, "choose a city model with buildings or streets")
    ends = np.concatenate([ring for area in areas for ring in area.rings])
    (x0, y0), (x1, y1) = ends.min(0).tolist(), ends.max(0).tolist()
    return Survey(tuple(areas), tuple(lines), tuple(spots), (x0, y0, x1, y1), model.crs)


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
        normal = normal_of(face[0])
        if abs(normal[2]) < _STEEP:
            continue
        flat = tuple(flatten_ring(ring, hole=i > 0) for i, ring in enumerate(face))
        rings += flat
        if kind == "building" and max(heights) - ground >= 1:
            facets.append(Facet(flat, plane_of(normal, face[0], ground)))
    if rings:
        yield Area(kind, tuple(rings), tall if kind == "building" and tall >= 1 else None, facets=tuple(facets))


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


def _walls(thing: Mapping[str, Any], faces: list[list[Ring]]) -> Iterator[Line]:
    """Walls and fences as lines along the edges of their upward faces."""
    told = " ".join(str(value).lower() for value in (thing.get("attributes") or {}).values())
    if not any(word in told for word in _WALLS):
        return
    kind = "kerb_wall" if any(word in told for word in _QUAYS) else "wall"
    for number, face in enumerate(faces):
        if abs(normal_of(face[0])[2]) >= _STEEP:
            ring = np.array([point[:2] for point in [*face[0], face[0][0]]])
            yield Line(kind, ring, tuple(range(number, number + len(ring))), _WALL)

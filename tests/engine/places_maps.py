"""Small maps written down by hand, in the formats that real places come in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

LAT, LON = 55.8, 39.0
NORTH, EAST = 1 / 111_309.0, 1 / 62_689.0
"""Degrees of a metre at LAT; LON is the middle of its zone, where the grid points north."""


class OsmMap:
    """Collects nodes (in metres east and north of LAT, LON), ways and relations, and writes them as XML."""

    def __init__(self) -> None:
        self.nodes: list[str] = []
        self.others: list[str] = []
        self.known: dict[tuple[float, float], int] = {}

    def node(self, x: float, y: float, **tags: str) -> int:
        if (x, y) not in self.known or tags:
            self.known.setdefault((x, y), len(self.nodes) + 1)
            place = f'lat="{LAT + y * NORTH:.9f}" lon="{LON + x * EAST:.9f}"'
            self.nodes.append(f'<node id="{len(self.nodes) + 1}" {place}>{_tags(tags)}</node>')
            return len(self.nodes)
        return self.known[x, y]

    def way(self, points: list[tuple[float, float]], **tags: str) -> int:
        refs = "".join(f'<nd ref="{self.node(*point)}"/>' for point in points)
        ident = 1000 + len(self.others)
        self.others.append(f'<way id="{ident}">{refs}{_tags(tags)}</way>')
        return ident

    def box(self, x0: float, y0: float, x1: float, y1: float, **tags: str) -> int:
        return self.way([(x0, y0), (x1, y0), (x1, y1), (x0, y1), (x0, y0)], **tags)

    def relation(self, members: list[tuple[int, str]], **tags: str) -> None:
        inside = "".join(f'<member type="way" ref="{ref}" role="{role}"/>' for ref, role in members)
        self.others.append(
            f'<relation id="{len(self.others)}">{inside}{_tags({"type": "multipolygon", **tags})}</relation>'
        )

    def text(self) -> str:
        return f'<?xml version="1.0"?><osm version="0.6">{"".join(self.nodes)}{"".join(self.others)}</osm>'

    def write(self, path: Path) -> Path:
        path.write_text(self.text())
        return path


def _tags(tags: dict[str, str]) -> str:
    return "".join(f'<tag k="{k.replace("__", ":")}" v="{v}"/>' for k, v in tags.items())


def town() -> OsmMap:
    """A street from west to east with a side street to the north, houses, a lot, a pond and a park."""
    made = OsmMap()
    made.way([(-60, 0), (-20, 0), (60, 0)], highway="tertiary", name="Main")
    made.way([(-20, 0), (-20, 60)], highway="residential")
    made.way([(20, 0), (20, 30)], highway="service")
    made.box(-8, 12, 8, 22, building="apartments", building__levels="5")
    made.box(30, 10, 44, 20, building="house", height="5", roof__shape="flat")
    made.box(-58, 12, -32, 40, leisure="park")
    made.box(-16, -36, 10, -14, amenity="parking")
    made.box(20, -40, 50, -16, natural="water")
    made.node(10, 0, highway="crossing")
    made.node(-50, 30, natural="tree")
    made.node(-5, -6.2, highway="bus_stop")
    return made


class CityModel:
    """Collects CityJSON objects with corners in whole centimetres."""

    def __init__(self, system: str | None = "https://www.opengis.net/def/crs/EPSG/0/28992") -> None:
        self.vertices: list[list[int]] = []
        self.objects: dict[str, Any] = {}
        self.system = system
        self.corner = [85000.0, 447500.0, 0.0]

    def face(self, *corners: tuple[float, float, float]) -> list[list[int]]:
        first = len(self.vertices)
        self.vertices += [[round(100 * value) for value in corner] for corner in corners]
        return [list(range(first, len(self.vertices)))]

    def add(self, kind: str, faces: list[Any], solid: bool = False, **attributes: Any) -> None:
        shape = {"type": "Solid" if solid else "MultiSurface", "lod": "2", "boundaries": [faces] if solid else faces}
        self.objects[f"o{len(self.objects)}"] = {"type": kind, "attributes": attributes, "geometry": [shape]}

    def ground(self, kind: str, x0: float, y0: float, x1: float, y1: float, **attributes: Any) -> None:
        """A rectangle of two triangles that run in opposite directions, as some programs write them."""
        a, b, c, d = (x0, y0, 0.0), (x1, y0, 0.0), (x1, y1, 0.0), (x0, y1, 0.0)
        self.add(kind, [self.face(a, b, c), self.face(d, c, a)], **attributes)

    def text(self) -> str:
        document = {
            "type": "CityJSON",
            "version": "2.0",
            "transform": {"scale": [0.01, 0.01, 0.01], "translate": self.corner},
            "CityObjects": self.objects,
            "vertices": self.vertices,
        }
        if self.system:
            document["metadata"] = {"referenceSystem": self.system}
        return json.dumps(document)

    def write(self, path: Path) -> Path:
        path.write_text(self.text())
        return path


def quarter() -> CityModel:
    """A carriageway of 8 m from west to east with walks, bays, a canal, a gabled house, a wall and a tree."""
    made = CityModel()
    made.ground("Road", 0, 40, 100, 48, function="rijbaan")
    made.ground("Road", 0, 48, 100, 51, function="voetpad")
    made.ground("Road", 10, 37.8, 60, 40, function="parkeervlak")
    made.ground("WaterBody", 0, 5, 100, 20)
    made.ground("PlantCover", 0, 20, 100, 37, **{"class": "gras"})
    gable(made, 30, 54, 42, 62)
    made.add("GenericCityObject", [made.face((70, 55, 1), (90, 55, 1), (90, 55.3, 1), (70, 55.3, 1))], bgt_type="muur")
    crown = [made.face((60, 30, 2), (62, 30, 2), (61, 32, 4))]
    made.add("SolitaryVegetationObject", crown)
    return made


def gable(made: CityModel, x0: float, y0: float, x1: float, y1: float, eave: float = 3.0, ridge: float = 5.0) -> None:
    """A house whose ridge runs from west to east."""
    middle = (y0 + y1) / 2
    made.add(
        "Building",
        [
            made.face((x0, y0, 0), (x0, y1, 0), (x1, y1, 0), (x1, y0, 0)),
            made.face((x0, y0, eave), (x1, y0, eave), (x1, middle, ridge), (x0, middle, ridge)),
            made.face((x0, middle, ridge), (x1, middle, ridge), (x1, y1, eave), (x0, y1, eave)),
            made.face((x0, y0, 0), (x1, y0, 0), (x1, y0, eave), (x0, y0, eave)),
            made.face((x0, y1, 0), (x0, y1, eave), (x1, y1, eave), (x1, y1, 0)),
            made.face((x0, y0, 0), (x0, y0, eave), (x0, middle, ridge), (x0, y1, eave), (x0, y1, 0)),
            made.face((x1, y0, 0), (x1, y1, 0), (x1, y1, eave), (x1, middle, ridge), (x1, y0, eave)),
        ],
        solid=True,
    )

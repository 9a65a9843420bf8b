"""Turns an OpenStreetMap extract into a survey: streets, paths, tracks, footprints, ground and single things."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.data.places import tags as meaning
from engine.data.places.features import Area, Floats, Line, Spot, Survey, oriented, signed_area
from engine.data.places.osm_xml import Extract, Relation, read_extract
from engine.data.places.projection import zone_projection
from engine.errors import FormatError

_PICK = "choose an extract with streets or buildings"
_NOTICE = "OpenStreetMap contributors, ODbL 1.0"


def read_osm(path: Path) -> Survey:
    """Read an `.osm` or `.osm.gz` file, projected to the UTM zone of its middle.

    Raises `FormatError` where the file is damaged, hostile, or maps no street and no building.
    """
    extract = read_extract(path)
    if not len(extract.ids):
        raise FormatError(path, "holds no node", _PICK)
    lats, lons = np.array(extract.lats), np.array(extract.lons)
    stated = extract.bounds or (lats.min(), lons.min(), lats.max(), lons.max())
    projection = zone_projection((stated[0] + stated[2]) / 2, (stated[1] + stated[3]) / 2)
    places = _Places(np.array(extract.ids), projection.to_metres(lats, lons))
    if not np.isfinite(places.points).all():
        raise FormatError(path, f"reaches too far round the globe for {projection.name}", "cut one city out of it")
    areas = [*_way_areas(extract, places), *_relation_areas(extract, places)]
    lines = list(_read_lines(extract, places))
    if not areas and not lines:
        reason = f"maps no street, building or ground ({len(lats)} nodes, {len(extract.ways)} ways)"
        raise FormatError(path, reason, _PICK)
    corners = projection.to_metres(np.array([stated[0], stated[2]]), np.array([stated[1], stated[3]]))
    spots = tuple(_read_spots(extract, places))
    bounds = (float(corners[0, 0]), float(corners[0, 1]), float(corners[1, 0]), float(corners[1, 1]))
    return Survey(tuple(areas), tuple(lines), spots, bounds, projection.name, _NOTICE)


class _Places:
    """Finds the positions of nodes by their ids; ids that an extract has cut off are passed over."""

    def __init__(self, ids: NDArray[np.int64], points: Floats) -> None:
        order = np.argsort(ids, kind="stable")
        self.ids, self.points = ids[order], points[order]

    def find(self, refs: Sequence[int]) -> tuple[tuple[int, ...], Floats]:
        """The known ones of ``refs``, without repeats in a row, and their positions (n, 2) in metres."""
        wanted = np.array(refs, np.int64)
        index = np.minimum(np.searchsorted(self.ids, wanted), len(self.ids) - 1)
        known = self.ids[index] == wanted
        known[1:] &= (wanted[1:] != wanted[:-1]) | ~known[:-1]
        return tuple(wanted[known].tolist()), self.points[index[known]]


def _read_spots(extract: Extract, places: _Places) -> Iterator[Spot]:
    for ident, tags in extract.tagged.items():
        kind = meaning.kind_of_spot(tags)
        if kind is not None:
            _, points = places.find((ident,))
            if len(points):
                yield Spot(kind, float(points[0, 0]), float(points[0, 1]))


def _read_lines(extract: Extract, places: _Places) -> Iterator[Line]:
    for refs, tags in extract.ways.values():
        is_road = tags.get("highway") in meaning.ROADS
        if tags.get("area") == "yes" or (is_road and meaning.is_underground(tags)):
            continue
        other = None if is_road else meaning.kind_of_line(tags)
        if not is_road and other is None:
            continue
        nodes, points = places.find(refs)
        if len(nodes) < 2:
            continue
        if other is not None:
            yield Line(other[0], points, nodes, other[1])
        else:
            yield _read_street(points, nodes, tags)


def _read_street(points: Floats, nodes: tuple[int, ...], tags: meaning.Tags) -> Line:
    if tags.get("oneway") in ("-1", "reverse"):
        points, nodes = points[::-1], nodes[::-1]
    width, lanes = meaning.carriageway(tags)
    grade = meaning.ROADS[tags["highway"]].grade
    passage = tags.get("tunnel") == "building_passage"
    return Line("street", points, nodes, width, grade, meaning.sidewalks(tags), lanes, meaning.is_oneway(tags), passage)


def _way_areas(extract: Extract, places: _Places) -> Iterator[Area]:
    for refs, tags in extract.ways.values():
        if refs[0] != refs[-1] or len(refs) < 4:
            continue
        if "barrier" in tags and tags.get("area") != "yes" and "building" not in tags and "landuse" not in tags:
            continue
        if "highway" in tags and tags.get("area") != "yes":
            continue
        yield from _make_area(tags, [places.find(refs)[1]], [])


def _relation_areas(extract: Extract, places: _Places) -> Iterator[Area]:
    for relation in extract.relations:
        tags = relation.tags
        if meaning.kind_of_area(tags) is None:  # older maps tag the outer way instead
            continue
        outer = [places.find(ring)[1] for ring in _join_rings(extract, relation, "outer")]
        inner = [places.find(ring)[1] for ring in _join_rings(extract, relation, "inner")]
        yield from _make_area(tags, outer, inner)


def _make_area(tags: meaning.Tags, outer: list[Floats], inner: list[Floats]) -> Iterator[Area]:
    kind = meaning.kind_of_area(tags)
    outer, inner = (
        [oriented(ring, hole) for ring in rings if len(ring) > 2 and abs(signed_area(ring)) > 0.5]
        for rings, hole in ((outer, False), (inner, True))
    )
    if kind is None or not outer:
        return
    tall, low = meaning.building_height(tags) if kind == "building" else (None, 0.0)
    shape = tags.get("roof:shape") or ("flat" if tags.get("building") in ("garages", "roof", "industrial") else None)
    for ring in outer:
        holes = [hole for hole in inner if _surrounds(ring, hole)]
        yield Area(kind, (ring, *holes), tall, low, shape)


def _surrounds(ring: Floats, hole: Floats) -> bool:
    """Whether a hole lies within a ring's bounds and so may be its own."""
    low, high = ring.min(0) - 1e-6, ring.max(0) + 1e-6
    return bool((hole.min(0) >= low).all() and (hole.max(0) <= high).all())


def _join_rings(extract: Extract, relation: Relation, role: str) -> list[tuple[int, ...]]:
    """Join the member ways of a role end to end into closed rings; what does not close is left out."""
    parts = [
        extract.ways[ident].refs
        for ident, given in relation.members
        if ident in extract.ways and (given or "outer") == role
    ]
    rings = [part for part in parts if part[0] == part[-1]]
    open_ends: dict[int, list[int]] = {}
    loose = [part for part in parts if part[0] != part[-1]]
    for i, part in enumerate(loose):
        for end in (part[0], part[-1]):
            open_ends.setdefault(end, []).append(i)
    used: set[int] = set()
    for i in range(len(loose)):
        if i not in used:
            ring = _follow(loose, open_ends, used, i)
            if ring[0] == ring[-1]:
                rings.append(tuple(ring))
    return rings


def _follow(loose: list[tuple[int, ...]], ends: dict[int, list[int]], used: set[int], first: int) -> list[int]:
    chain = list(loose[first])
    used.add(first)
    while chain[0] != chain[-1]:
        ahead = next((i for i in ends[chain[-1]] if i not in used), None)
        if ahead is None:
            break
        used.add(ahead)
        part = loose[ahead]
        chain += part[1:] if part[0] == chain[-1] else part[-2::-1]
    return chain

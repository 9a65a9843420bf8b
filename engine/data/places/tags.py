"""What OpenStreetMap's tags mean on the ground: kinds, widths and heights.

https://wiki.openstreetmap.org/wiki/Map_features
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

Tags = Mapping[str, str]


class Road(NamedTuple):
    """A class of street: grade, carriageway in metres with two directions, its lanes, width of its sidewalks."""

    grade: int
    width: float
    lanes: int
    walk: float


ROADS = {
    "motorway": Road(0, 22.0, 6, 0.4),
    "trunk": Road(0, 18.0, 4, 0.6),
    "primary": Road(0, 14.0, 4, 3.0),
    "secondary": Road(1, 10.5, 3, 2.8),
    "tertiary": Road(1, 8.0, 2, 2.4),
    "motorway_link": Road(1, 9.0, 2, 0.4),
    "trunk_link": Road(1, 8.0, 2, 0.6),
    "primary_link": Road(1, 8.0, 2, 1.6),
    "secondary_link": Road(1, 7.5, 2, 1.6),
    "tertiary_link": Road(2, 7.0, 2, 1.6),
    "unclassified": Road(2, 6.5, 2, 1.8),
    "residential": Road(2, 6.4, 2, 2.0),
    "living_street": Road(2, 5.6, 2, 1.4),
    "road": Road(2, 6.0, 2, 1.6),
    "service": Road(3, 4.6, 2, 0.0),
    "track": Road(3, 3.0, 1, 0.0),
}
_NARROW = {"driveway": 3.0, "drive-through": 3.2, "alley": 3.6, "emergency_access": 3.6}
_LANE = 3.4

PATHS = {
    "footway": 2.0,
    "path": 1.4,
    "cycleway": 2.2,
    "bridleway": 2.0,
    "steps": 2.4,
    "pedestrian": 5.0,
    "corridor": 2.0,
    "platform": 3.0,
}
_RAILS = {"rail": 3.4, "light_rail": 3.2, "narrow_gauge": 2.6, "tram": 2.6, "preserved": 3.2, "siding": 3.2}
_WATERS = {"river": 12.0, "canal": 8.0, "stream": 2.0, "ditch": 1.4, "drain": 1.4}
_BARRIERS = {
    "fence": ("fence", 0.3),
    "wall": ("wall", 0.5),
    "retaining_wall": ("kerb_wall", 0.5),
    "city_wall": ("wall", 1.6),
    "guard_rail": ("rail_guard", 0.3),
    "hedge": ("hedge", 0.8),
}

_AREAS: dict[str, dict[str, str]] = {
    "natural": {
        "water": "water",
        "bay": "water",
        "wood": "wood",
        "tree_group": "wood",
        "scrub": "scrub",
        "heath": "scrub",
        "wetland": "scrub",
        "grassland": "lawn",
        "sand": "bare",
        "beach": "bare",
        "shingle": "bare",
        "bare_rock": "bare",
    },
    "waterway": {"riverbank": "water", "dock": "water"},
    "leisure": {
        "park": "park",
        "garden": "garden",
        "common": "park",
        "dog_park": "lawn",
        "pitch": "pitch",
        "track": "pitch",
        "playground": "bare",
        "swimming_pool": "water",
        "golf_course": "lawn",
        "nature_reserve": "wood",
    },
    "amenity": {
        "parking": "parking",
        "fuel": "paved",
        "marketplace": "plaza",
        "bus_station": "paved",
        "grave_yard": "park",
        "school": "yard",
        "kindergarten": "yard",
        "university": "yard",
        "hospital": "yard",
    },
    "landuse": {
        "grass": "lawn",
        "meadow": "lawn",
        "village_green": "lawn",
        "recreation_ground": "lawn",
        "greenfield": "lawn",
        "farmland": "lawn",
        "forest": "wood",
        "cemetery": "park",
        "flowerbed": "garden",
        "allotments": "garden",
        "orchard": "garden",
        "vineyard": "garden",
        "residential": "yard",
        "basin": "water",
        "reservoir": "water",
        "industrial": "works",
        "commercial": "works",
        "retail": "works",
        "garages": "works",
        "depot": "works",
        "railway": "works",
        "port": "works",
        "construction": "bare",
        "brownfield": "bare",
        "landfill": "bare",
        "quarry": "bare",
    },
    "place": {"square": "plaza"},
    "man_made": {"pier": "plaza"},
    "aeroway": {"apron": "paved", "runway": "paved", "taxiway": "paved"},
}
_SPOTS = {
    ("natural", "tree"): "tree",
    ("highway", "street_lamp"): "lamp",
    ("highway", "traffic_signals"): "signal",
    ("highway", "crossing"): "crossing",
    ("highway", "bus_stop"): "stop",
    ("highway", "turning_circle"): "turning",
    ("highway", "turning_loop"): "turning",
    ("highway", "stop"): "sign",
    ("highway", "give_way"): "sign",
    ("barrier", "bollard"): "bollard",
}
_TALL = {
    "garage": 2.6,
    "garages": 2.6,
    "carport": 2.4,
    "shed": 2.4,
    "hut": 2.6,
    "kiosk": 3.0,
    "cabin": 3.0,
    "greenhouse": 2.6,
    "roof": 4.8,
    "bungalow": 3.0,
    "house": 5.6,
    "detached": 5.6,
    "semidetached_house": 5.8,
    "terrace": 6.0,
    "farm": 5.0,
    "barn": 6.0,
    "industrial": 8.0,
    "warehouse": 8.0,
    "retail": 6.0,
    "supermarket": 6.0,
    "apartments": 16.0,
    "office": 14.0,
    "commercial": 10.0,
    "church": 14.0,
}
_STOREY, _ROOF = 3.0, 0.6
_NUMBER = re.compile(r"^\s*(\d{1,5}(?:[.,]\d{1,4})?)\s*(m|ft|')?")


def kind_of_area(tags: Tags) -> str | None:
    """Say what an area with these tags is on the ground; None where it is nothing one could see there."""
    if is_underground(tags):
        return None
    if tags.get("building", "no") != "no":
        return "building"
    if "building:part" in tags or (tags.get("amenity") == "parking" and tags.get("parking", "surface") != "surface"):
        return None
    if tags.get("highway") in PATHS:
        return "plaza"
    if tags.get("highway") in ROADS or tags.get("railway") == "platform" or tags.get("public_transport") == "platform":
        return "paved" if tags.get("highway") in ROADS else "plaza"
    if tags.get("leisure") == "pitch" and (tags.get("surface") == "grass" or tags.get("sport") == "soccer"):
        return "turf"
    for key, values in _AREAS.items():
        if tags.get(key) in values:
            return values[tags[key]]
    return None


def kind_of_line(tags: Tags) -> tuple[str, float] | None:
    """Say what a line that is no street is, and its width in metres."""
    if is_underground(tags) or (tags.get("bridge", "no") != "no" and tags.get("railway") is None):
        return None
    width = read_metres(tags.get("width"))
    if tags.get("highway") in PATHS:
        return "path", min(width or PATHS[tags["highway"]], 20.0)
    if tags.get("railway") in _RAILS:
        return "rail", _RAILS[tags["railway"]]
    if tags.get("waterway") in _WATERS:
        return "water", min(width or _WATERS[tags["waterway"]], 200.0)
    if tags.get("barrier") in _BARRIERS:
        return _BARRIERS[tags["barrier"]]
    return ("tree_row", 0.0) if tags.get("natural") == "tree_row" else None


def kind_of_spot(tags: Tags) -> str | None:
    """Say what a tagged point is."""
    for (key, value), kind in _SPOTS.items():
        if tags.get(key) == value:
            return kind
    return "sign" if "traffic_sign" in tags else None


def is_underground(tags: Tags) -> bool:
    """Tell what cannot be seen from the street: tunnels, pipes and cellars; passages through houses can."""
    layer = read_metres(tags.get("layer", "").lstrip("-")) or 0.0
    below = tags.get("layer", "").startswith("-") and layer > 0
    tunnel = tags.get("tunnel", "no") not in ("no", "building_passage")
    return tunnel or tags.get("location") == "underground" or (below and tags.get("covered", "no") == "no")


def is_oneway(tags: Tags) -> bool:
    """Tell a street with one direction, either way."""
    given = tags.get("oneway", "")
    round_about = tags.get("junction") in ("roundabout", "circular") or tags.get("highway") == "motorway"
    return given in ("yes", "1", "true", "-1", "reverse") or (round_about and given != "no")


def carriageway(tags: Tags) -> tuple[float, int]:
    """Width between the kerbs in metres and number of lanes, as tagged or usual for the street's class."""
    road = ROADS[tags["highway"]]
    oneway = is_oneway(tags)
    stated = read_metres(tags.get("lanes"))
    lanes = min(max(int(stated), 1), 10) if stated else max(1, -(-road.lanes // 2) if oneway else road.lanes)
    width = read_metres(tags.get("width:carriageway") or tags.get("width"))
    if width and width >= 2:
        return min(width, 40.0), lanes
    if stated:
        return lanes * _LANE + 0.6, lanes
    usual = _NARROW.get(tags.get("service", ""), road.width)
    return (max(usual * 0.6, 3.4) if oneway else usual), lanes


def sidewalks(tags: Tags) -> tuple[float, float]:
    """Widths of the sidewalks in metres, (right, left) along the way."""
    usual = ROADS[tags["highway"]].walk
    given = tags.get("sidewalk") or tags.get("sidewalk:both") or "usual"
    right = given in ("usual", "both", "right", "yes") or tags.get("sidewalk:right") == "yes"
    left = given in ("usual", "both", "left", "yes") or tags.get("sidewalk:left") == "yes"
    wide = usual if given == "usual" else max(usual, 1.6)
    return (wide if right else min(usual, 0.4)), (wide if left else min(usual, 0.4))


def building_height(tags: Tags) -> tuple[float | None, float]:
    """Top and underside of a building in metres above the ground; the top is None where nothing says it."""
    levels = read_metres(tags.get("building:levels"))
    stated = read_metres(tags.get("height") or tags.get("building:height"))
    tall = stated or (levels * _STOREY + _ROOF if levels else _TALL.get(tags.get("building", "")))
    if tags.get("building") in ("roof", "carport"):
        return tall, max((tall or 4.8) - 0.6, 2.0)
    floors = read_metres(tags.get("building:min_level"))
    low = read_metres(tags.get("min_height")) or (floors * _STOREY if floors else 0.0)
    return tall, low if tall is None or low < tall else 0.0


def read_metres(text: str | None) -> float | None:
    """Read a length, as in ``12``, ``12,5 m`` or ``40'``; None where it is none above 0."""
    found = _NUMBER.match(text) if text else None
    if found is None:
        return None
    value = float(found[1].replace(",", ".")) * (0.3048 if found[2] in ("ft", "'") else 1.0)
    return value if value > 0 else None

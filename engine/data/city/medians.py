"""What lies in the middle of streets: lawns, paths, tracks with their stops, canals, and refuges at crossings."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.data.city.canvas import OTHER_GROUND, ROAD, SIDEWALK, TERRAIN
from engine.data.city.network import MAIN, Network, Street
from engine.data.city.streets import StreetField, StreetLine, crossing_places, reach_across

PLATFORM = 11.0
TRACK = 8.5
"""Distance of a track's middle from the street's, in voxels."""
_QUAY = 11
_PLATFORM_HALF = 62.0
_STOP_LENGTH = 330.0


def strip_ends(network: Network) -> NDArray[np.float32]:
    """Arc lengths from its start and to its end that the middle strip of each street keeps free; (n, 2) float32."""
    out = np.zeros((len(network.streets), 2), np.float32)
    across = reach_across(network)
    for i, street in enumerate(network.streets):
        for side, end in enumerate(street.ends):
            if network.degree[end] >= 3:
                out[i, side] = across[i, side] + 31
            elif network.degree[end] == 1:
                out[i, side] = network.bulb[end] + 12
            if network.island[end]:
                out[i, side] = network.island[end] + 60
    return out


def tree_rows(street: Street) -> tuple[float, ...]:
    """Where rows of trees stand in a street's middle, as distances to the left of it."""
    if street.median <= 3 or street.strip in ("tram", "foot"):
        return ()
    if street.strip == "lawn" and street.median < 13:
        return (0.0,)
    away = street.median - (5.0 if street.strip == "water" else 6.0)
    return (-away, away)


def has_stop(street: Street) -> bool:
    """Tell whether a street with tracks has a stop in its middle."""
    return street.strip == "tram" and street.length > _STOP_LENGTH


def paint_medians(network: Network, field: StreetField, ground: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Draw the strips in the middle of streets; returns where their water is, (X, Y) bool."""
    table = np.array([(s.median, ("lawn", "walk", "tram", "water", "foot").index(s.strip)) for s in network.streets])
    median, strip = (column[field.street] for column in table.T)
    lengths = np.array([s.length for s in network.streets], np.float32)
    free = strip_ends(network)
    aside = np.abs(field.lateral)
    _close_footways(network, field, ground)
    inside = (strip < 4) & (aside < median) & (field.edge < -8)
    inside &= (field.along > free[:, 0][field.street]) & (field.along < (lengths - free[:, 1])[field.street])
    ground[inside] = TERRAIN
    ground[inside & (strip == 1) & (aside < 5)] = SIDEWALK
    ground[inside & (strip == 2)] = OTHER_GROUND
    water: NDArray[np.bool_] = inside & (strip == 3) & (aside < median - _QUAY)
    ground[inside & (strip == 3)] = SIDEWALK
    ground[water] = OTHER_GROUND
    _paint_platforms(network, field, ground)
    return water


def _close_footways(network: Network, field: StreetField, ground: NDArray[np.uint8]) -> None:
    """Pave the streets that are for people only, up to the kerb of those they meet."""
    closed = np.array([s.strip == "foot" for s in network.streets])
    ends = reach_across(network).astype(np.float32) + np.float32(4)
    last = np.array([s.length for s in network.streets], np.float32) - ends[:, 1]
    s = field.street
    mine = closed[s] & (field.along > ends[:, 0][s]) & (field.along < last[s]) & (np.abs(field.lateral) <= 30)
    ground[mine & (ground == ROAD)] = SIDEWALK


def _paint_platforms(network: Network, field: StreetField, ground: NDArray[np.uint8]) -> None:
    middle = np.array([s.length / 2 if has_stop(s) else -999.0 for s in network.streets], np.float32)
    median = np.array([s.median for s in network.streets], np.float32)[field.street]
    aside = np.abs(field.lateral)
    near = np.abs(field.along - middle[field.street]) < _PLATFORM_HALF
    ground[near & (aside >= median) & (aside < median + PLATFORM) & (ground == ROAD)] = SIDEWALK


def paint_refuges(network: Network, field: StreetField, ground: NDArray[np.uint8], rng: np.random.Generator) -> None:
    """Put islands before and behind crossings in the middle of main streets that have no strip there."""
    for i, (street, places) in enumerate(zip(network.streets, crossing_places(network), strict=True)):
        if street.kind > MAIN or street.median or street.half < 20 or street.oneway or rng.random() > 0.5:
            continue
        for place in places:
            if place > 0:
                _paint_refuge(StreetLine(street), i, float(place), field, ground)


def _paint_refuge(line: StreetLine, index: int, place: float, field: StreetField, ground: NDArray[np.uint8]) -> None:
    spot = line.frame(place)
    low = np.maximum([int(spot.x) - 24, int(spot.y) - 24], 0)
    high = np.minimum([int(spot.x) + 25, int(spot.y) + 25], ground.shape)
    if (high <= low).any():
        return
    window = (slice(low[0], high[0]), slice(low[1], high[1]))
    ahead = np.abs(field.along[window] - np.float32(place))
    island = (field.street[window] == index) & (np.abs(field.lateral[window]) < 3.6) & (ahead >= 8) & (ahead < 16)
    ground[window][island & (ground[window] == ROAD)] = SIDEWALK

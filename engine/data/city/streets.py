"""Streets on the ground plan: distance fields of the network and the surfaces across each street."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt, uniform_filter

from engine.data.city.canvas import OTHER_GROUND, PARKING, ROAD, SIDEWALK, TERRAIN
from engine.data.city.frame import Frame
from engine.data.city.network import ARTERIAL, LANE, Network, Street

Floats = NDArray[np.float64]
_TILE = 64
_CORNER = 24.0


@dataclass
class StreetField:
    """What each voxel of the plan knows of its nearest street, all (X, Y).

    ``edge`` float32 signed distance to the kerb (negative on the carriageway), ``street`` int32 index, ``along``
    float32 arc length, ``lateral`` float32 signed offset from the middle (positive left), ``node`` float32 distance
    to the nearest junction, ``profile`` float32 width of everything between kerb and block.
    """

    edge: NDArray[np.float32]
    street: NDArray[np.int32]
    along: NDArray[np.float32]
    lateral: NDArray[np.float32]
    node: NDArray[np.float32]
    profile: NDArray[np.float32]


class StreetLine:
    """Reads positions along one street."""

    def __init__(self, street: Street) -> None:
        steps = np.sqrt((np.diff(street.points, axis=0) ** 2).sum(1))
        self.street = street
        self.starts = np.concatenate([[0.0], np.cumsum(steps)])
        self.length = float(self.starts[-1])

    def frame(self, along: float, lateral: float = 0.0) -> Frame:
        """Give the frame at an arc length, ``lateral`` voxels to the left, heading along the street."""
        i = int(np.clip(np.searchsorted(self.starts, along, side="right") - 1, 0, len(self.starts) - 2))
        a, b = self.street.points[i], self.street.points[i + 1]
        step = max(self.starts[i + 1] - self.starts[i], 1e-9)
        ux, uy = ((b - a) / step).tolist()
        rest = along - float(self.starts[i])
        return Frame(float(a[0]) + ux * rest, float(a[1]) + uy * rest, ux, uy).shift(0.0, lateral)


def _segments(network: Network) -> dict[str, NDArray[np.float64]]:
    rows = []
    for index, street in enumerate(network.streets):
        line = StreetLine(street)
        for k in range(len(street.points) - 1):
            (ax, ay), (bx, by) = street.points[k], street.points[k + 1]
            rows.append((ax, ay, bx, by, street.half, index, line.starts[k]))
    table = np.array(rows)
    names = ("ax", "ay", "bx", "by", "half", "street", "start")
    return {name: table[:, i] for i, name in enumerate(names)}


def _project(
    seg: dict[str, NDArray[np.float64]], pick: NDArray[np.int64], x: NDArray[np.float64], y: NDArray[np.float64]
) -> tuple[Floats, Floats, Floats]:
    """Distance, arc length and side of points (x, y) to the picked segments, (k, ...) each."""
    shape = (-1,) + (1,) * x.ndim
    ax, ay, bx, by = (seg[n][pick].reshape(shape) for n in ("ax", "ay", "bx", "by"))
    dx, dy = bx - ax, by - ay
    length = np.sqrt(dx * dx + dy * dy)
    dx, dy = dx / length, dy / length
    px, py = x - ax, y - ay
    t = np.minimum(np.maximum(px * dx + py * dy, 0.0), length)
    ex, ey = px - t * dx, py - t * dy
    return np.sqrt(ex * ex + ey * ey), t + seg["start"][pick].reshape(shape), np.sign(dx * py - dy * px)


def measure_streets(network: Network, size: tuple[int, int]) -> StreetField:
    """Compute the nearest street of every voxel, tile by tile with only the segments that can be nearest there."""
    seg = _segments(network)
    out = StreetField(*(np.zeros(size, np.float32) for _ in range(6)))  # type: ignore[arg-type]
    out.street = np.zeros(size, np.int32)
    everything = np.arange(len(seg["ax"]))
    for x0 in range(0, size[0], _TILE):
        for y0 in range(0, size[1], _TILE):
            _measure_tile(seg, everything, out, x0, y0)
    _measure_nodes(network, out)
    _round_corners(out)
    return out


def _measure_tile(
    seg: dict[str, NDArray[np.float64]], everything: NDArray[np.int64], out: StreetField, x0: int, y0: int
) -> None:
    half = _TILE / 2
    centre = np.array(x0 + half), np.array(y0 + half)
    reach = _project(seg, everything, *centre)[0] - seg["half"]
    pick = np.flatnonzero(reach <= reach.min() + 2 * half * 1.4143 + 1)
    window = (slice(x0, min(x0 + _TILE, out.edge.shape[0])), slice(y0, min(y0 + _TILE, out.edge.shape[1])))
    x = np.arange(window[0].start, window[0].stop, dtype=np.float64)[:, None]
    y = np.arange(window[1].start, window[1].stop, dtype=np.float64)[None, :]
    gap, along, side = _project(seg, pick, x + 0 * y, y + 0 * x)
    gap -= seg["half"][pick][:, None, None]
    best = gap.argmin(0)[None]
    edge = np.take_along_axis(gap, best, 0)[0]
    out.edge[window] = edge
    out.along[window] = np.take_along_axis(along, best, 0)[0]
    out.lateral[window] = np.take_along_axis(side, best, 0)[0] * (edge + seg["half"][pick][best[0]])
    out.street[window] = seg["street"][pick].astype(np.int32)[best[0]]


def _measure_nodes(network: Network, out: StreetField) -> None:
    """Distance to junctions, and the discs of roundabouts and turning bulbs cut into the kerb line."""
    out.node[:] = 999.0
    for (nx, ny), degree, island, bulb in zip(network.nodes, network.degree, network.island, network.bulb, strict=True):
        reach = 120
        low = np.maximum([int(nx) - reach, int(ny) - reach], 0)
        high = np.minimum([int(nx) + reach, int(ny) + reach], out.edge.shape)
        if (high <= low).any():
            continue
        window = (slice(low[0], high[0]), slice(low[1], high[1]))
        dx = np.arange(low[0], high[0])[:, None] - nx
        dy = np.arange(low[1], high[1])[None, :] - ny
        gap = np.sqrt(dx * dx + dy * dy).astype(np.float32)
        disc = (island + 30) if island else bulb
        if disc:
            out.edge[window] = np.minimum(out.edge[window], gap - disc)
        if degree >= 3 or disc:
            out.node[window] = np.minimum(out.node[window], gap - (disc if island else 0) * np.float32(0.6))


def _round_corners(out: StreetField) -> None:
    """Round the kerbs at junctions: the blocks are opened by a disc of the corner radius."""
    far = out.edge > _CORNER
    back = distance_transform_edt(~far).astype(np.float32)
    out.edge = np.where(far, out.edge, np.minimum(_CORNER - back + 0.5, out.edge)).astype(np.float32)


def paint_streets(network: Network, field: StreetField, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Draw the surfaces of all streets; blocks are left 0. Returns (X, Y) uint8 classes; fills ``field.profile``."""
    left = (field.lateral > 0).astype(np.int32)
    pick = field.street * 2 + left
    bay = _attribute(network, lambda s, i: s.bays[i])[pick]
    verge = _attribute(network, lambda s, i: s.verges[i])[pick]
    walk = _attribute(network, lambda s, i: s.walks[i])[pick]
    field.profile = uniform_filter(bay + verge + walk, 41)
    edge, clear = field.edge, field.node > 62
    ground = np.zeros(edge.shape, np.uint8)
    ground[edge <= field.profile] = SIDEWALK
    strip = (edge > bay) & (edge <= bay + verge) & (field.node > 40)
    ground[strip] = TERRAIN
    ground[(edge <= bay) & clear & _bay_pattern(network, field, rng)] = PARKING
    ground[edge <= 0] = ROAD
    _paint_crossings(network, field, ground, rng)
    _paint_islands(network, ground, rng)
    return ground


def _attribute(network: Network, read) -> NDArray[np.float32]:  # type: ignore[no-untyped-def]
    """One number per street and side (right, left), for look-up by ``street * 2 + left``."""
    return np.array([read(s, i) for s in network.streets for i in (0, 1)], np.float32)


def _bay_pattern(network: Network, field: StreetField, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Bays come in groups of some cars with planted kerb extensions between them."""
    group = rng.integers(3, 7, len(network.streets)) * 29.0
    phase = rng.integers(0, 100, len(network.streets)).astype(np.float32)
    period = (group + 14).astype(np.float32)
    place = field.along + phase[field.street]
    rest = place - np.floor(place / period[field.street]) * period[field.street]
    return np.asarray(rest < group.astype(np.float32)[field.street])


def reach_across(network: Network) -> NDArray[np.float64]:
    """Half widths of the widest street that crosses each street at its start and end, (n, 2); 0 where none does."""
    meeting: dict[int, list[tuple[int, int]]] = {}
    for i, street in enumerate(network.streets):
        for side, end in enumerate(street.ends):
            meeting.setdefault(end, []).append((i, side))
    heading = np.array([[_heading(s.points, side) for side in (0, 1)] for s in network.streets])
    out = np.zeros((len(network.streets), 2))
    for group in meeting.values():
        for i, side in group:
            others = [network.streets[j].half for j, other in group if abs(heading[i, side] @ heading[j, other]) < 0.8]
            out[i, side] = max(others, default=0.0)
    return out


def _heading(points: Floats, side: int) -> Floats:
    """The direction of a street's first or last piece."""
    along = points[1] - points[0] if side == 0 else points[-1] - points[-2]
    return np.asarray(along / np.sqrt((along**2).sum()))


def crossing_places(network: Network) -> NDArray[np.float64]:
    """Where a zebra would lie on each street: arc lengths from its start and end, (n, 2); -1 where there is none."""
    across = reach_across(network)
    places = np.full((len(network.streets), 2), -1.0)
    for i, street in enumerate(network.streets):
        for side, end in enumerate(street.ends):
            away = max(across[i, side], 12.0) + 22 if not network.island[end] else network.island[end] + 50
            if network.degree[end] >= 3 and street.kind != LANE and street.length > 2 * away + 60:
                places[i, side] = away if side == 0 else street.length - away
    return places


def _paint_crossings(network: Network, field: StreetField, ground: NDArray[np.uint8], rng: np.random.Generator) -> None:
    places = crossing_places(network)
    odds = np.array([0.9 if s.kind <= ARTERIAL + 1 else 0.45 for s in network.streets])[:, None]
    places[rng.random(places.shape) > odds] = -1
    first, last = places.astype(np.float32).T
    s = field.street
    near = (np.abs(field.along - first[s]) < 8) & (first[s] > 0) | (np.abs(field.along - last[s]) < 8) & (last[s] > 0)
    stripe = np.floor(field.lateral + 600) % 6 < 3
    ground[near & stripe & (ground == ROAD) & (field.edge < -1)] = OTHER_GROUND


def _paint_islands(network: Network, ground: NDArray[np.uint8], rng: np.random.Generator) -> None:
    x, y = np.ogrid[: ground.shape[0], : ground.shape[1]]
    for (nx, ny), island in zip(network.nodes, network.island, strict=True):
        reach = int(island) + 2
        if not island or not (reach < nx < ground.shape[0] - reach and reach < ny < ground.shape[1] - reach):
            continue
        window = (slice(int(nx) - reach, int(nx) + reach), slice(int(ny) - reach, int(ny) + reach))
        gap = (x[window[0]] - nx) ** 2 + (y[:, window[1]] - ny) ** 2
        ground[window][gap <= island**2] = SIDEWALK
        ground[window][gap <= (island - 4) ** 2] = TERRAIN if rng.random() < 0.8 else OTHER_GROUND

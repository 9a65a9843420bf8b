"""Street networks: planar graphs of several kinds, bent, thinned and given widths."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from engine.data.city.noise import sample_noise
from engine.data.city.style import Style

ARTERIAL, MAIN, LOCAL, LANE = range(4)
_MARGIN = 260.0
_STEP = 28.0


@dataclass(frozen=True)
class Street:
    """One piece of street between two nodes, with its cross section in voxels.

    ``points`` (n, 2) float64 the middle line, ``ends`` node ids, ``kind`` its class, ``half`` half the carriageway;
    ``bays``, ``walks`` and ``verges`` belong to the (right, left) side; ``lanes`` are middles of the lanes of one side;
    on a ``oneway`` street both sides drive along the points.
    """

    points: NDArray[np.float64]
    ends: tuple[int, int]
    kind: int
    half: float
    bays: tuple[bool, bool]
    walks: tuple[int, int]
    verges: tuple[int, int]
    median: int
    lanes: tuple[float, ...]
    oneway: bool = False

    @property
    def length(self) -> float:
        """Length along the middle line in voxels."""
        return float(np.sqrt((np.diff(self.points, axis=0) ** 2).sum(1)).sum())


@dataclass(frozen=True)
class Network:
    """The streets with their nodes.

    ``nodes`` (n, 2) positions, ``degree`` (n,) streets that meet, ``island`` and ``bulb`` (n,) the radius of a
    roundabout's island or of a dead end's turning circle, 0 where there is none.
    """

    streets: list[Street]
    nodes: NDArray[np.float64]
    degree: NDArray[np.int64]
    island: NDArray[np.int64]
    bulb: NDArray[np.int64]


def draw_network(style: Style, size: tuple[int, int], rng: np.random.Generator) -> Network:
    """Make the street graph of a world, from the style's odds."""
    plan = str(rng.choice(["grid", "brick", "organic"], p=np.array(style.nets) / sum(style.nets)))
    nodes, edges, kinds = _lattice(plan, style, size, rng)
    edges, kinds = _thin(edges, kinds, len(nodes), style.drop, rng)
    nodes, edges, kinds = _add_stubs(nodes, edges, kinds, rng)
    warp = _draw_warp(style, size, rng)
    degree = np.bincount(edges.ravel(), minlength=len(nodes))
    streets = [_draw_street(nodes, e, int(k), warp, style, plan, rng) for e, k in zip(edges, kinds, strict=True)]
    moved = nodes + warp(nodes)
    reach = np.zeros(len(nodes))
    for street in streets:
        np.maximum.at(reach, list(street.ends), street.half)
    gaps = np.sqrt(((moved[:, None] - moved[None]) ** 2).sum(-1)) + np.where(degree > 0, 0, 999)
    alone = np.partition(gaps, 1, axis=1)[:, 1] > 190
    round_here = (degree >= 3) & (rng.random(len(nodes)) < 0.1) & (reach < 30) & alone
    island = np.where(round_here, rng.integers(22, 34, len(nodes)), 0)
    bulb = np.where(degree == 1, rng.integers(34, 46, len(nodes)), 0)
    return Network(streets, moved, degree, island, bulb)


def _spacing(length: int, pitch: tuple[int, int], rng: np.random.Generator) -> NDArray[np.float64]:
    places = [-_MARGIN + float(rng.integers(0, pitch[0]))]
    while places[-1] < length + _MARGIN:
        places.append(places[-1] + float(rng.integers(pitch[0], pitch[1] + 1)))
    return np.array(places)


def _line_kinds(count: int, style: Style, rng: np.random.Generator) -> NDArray[np.int64]:
    kinds = rng.choice([LOCAL, LOCAL, LOCAL, LANE, MAIN], count)
    every = int(rng.integers(style.main_every[0], style.main_every[1] + 1))
    first = int(rng.integers(every))
    kinds[first::every] = MAIN
    if count > 3 and rng.random() < 0.75:
        place = first + every * int(rng.integers(max(1, (count - first) // every)))
        kinds[min(place, count - 1)] = ARTERIAL
    return kinds


def _lattice(
    plan: str, style: Style, size: tuple[int, int], rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]:
    """Rows of streets joined by cross streets, in line (grid) or each row with its own (T-junctions)."""
    rows = _spacing(size[1], style.pitch, rng)
    row_kinds = _line_kinds(len(rows), style, rng)
    joins = [_spacing(size[0], style.pitch, rng) for _ in rows]
    join_kinds = [_line_kinds(len(j), style, rng) for j in joins]
    if plan == "grid":
        joins, join_kinds = [joins[0]] * len(rows), [join_kinds[0]] * len(rows)
    else:
        join_kinds = [np.where(k == ARTERIAL, MAIN, k) for k in join_kinds]
    jitter = {"grid": 0.0 if rng.random() < 0.5 else 18.0, "brick": 14.0, "organic": 62.0}[plan]
    return _join_rows(rows, row_kinds, joins, join_kinds, jitter, rng)


def _join_rows(
    rows: NDArray[np.float64],
    row_kinds: NDArray[np.int64],
    joins: list[NDArray[np.float64]],
    join_kinds: list[NDArray[np.int64]],
    jitter: float,
    rng: np.random.Generator,
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]:
    table: dict[tuple[int, float], int] = {}
    nodes: list[tuple[float, float]] = []
    edges: list[tuple[int, int, int]] = []
    for j, y in enumerate(rows):
        below = joins[j - 1] if j else joins[j]
        for x in np.unique(np.concatenate([below, joins[j]])):
            table[j, float(x)] = len(nodes)
            nodes.append((float(x), float(y)))
        chain = [table[j, float(x)] for x in np.unique(np.concatenate([below, joins[j]]))]
        edges += [(a, b, int(row_kinds[j])) for a, b in pairwise(chain)]
    for j in range(len(rows) - 1):
        edges += [
            (table[j, float(x)], table[j + 1, float(x)], int(k)) for x, k in zip(joins[j], join_kinds[j], strict=True)
        ]
    place, pairs, kinds = _merge_close(np.array(nodes), np.array(edges), 70.0)
    return place + rng.integers(-8, 9, place.shape) * (jitter / 8), pairs, kinds


def _merge_close(
    nodes: NDArray[np.float64], edges: NDArray[np.int64], reach: float
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]:
    """Join nodes of a row that are too close for two junctions into one crossing."""
    target = np.arange(len(nodes))
    for i in range(1, len(nodes)):
        back = target[i - 1]
        if nodes[i, 1] == nodes[back, 1] and 0 <= nodes[i, 0] - nodes[back, 0] < reach:
            target[i] = back
    pairs = target[edges[:, :2]]
    keep = pairs[:, 0] != pairs[:, 1]
    return nodes, pairs[keep], edges[keep, 2]


def _thin(
    edges: NDArray[np.int64], kinds: NDArray[np.int64], count: int, share: float, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Leave some small streets out, never breaking through streets: larger blocks, bends and dead ends appear."""
    keep = np.ones(len(edges), bool)
    degree = np.bincount(edges.ravel(), minlength=count)
    for i in rng.permutation(len(edges)):
        a, b = edges[i]
        if kinds[i] >= LOCAL and rng.random() < share and min(degree[a], degree[b]) >= 3:
            keep[i] = False
            degree[a] -= 1
            degree[b] -= 1
    return edges[keep], kinds[keep]


def _add_stubs(
    nodes: NDArray[np.float64], edges: NDArray[np.int64], kinds: NDArray[np.int64], rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]:
    """Grow cul-de-sacs from the middle of some long streets into the blocks beside them."""
    places, pairs, classes = list(nodes), [], []
    for (a, b), kind in zip(edges, kinds, strict=True):
        along = nodes[b] - nodes[a]
        length = float(np.sqrt((along**2).sum()))
        if kind == ARTERIAL or length < 300 or rng.random() > 0.16:
            pairs.append((a, b))
            classes.append(kind)
            continue
        middle = nodes[a] + along * float(rng.integers(42, 59)) / 100
        side = 1.0 if rng.random() < 0.5 else -1.0
        across = np.array([-along[1], along[0]]) / length * side
        tip_place = middle + across * float(rng.integers(120, 170))
        if _gap(tip_place, nodes, edges) < 105:
            pairs.append((a, b))
            classes.append(kind)
            continue
        places += [middle, tip_place]
        mid, tip = len(places) - 2, len(places) - 1
        pairs += [(a, mid), (mid, b), (mid, tip)]
        classes += [kind, kind, LOCAL]
    return np.array(places), np.array(pairs), np.array(classes)


def _gap(place: NDArray[np.float64], nodes: NDArray[np.float64], edges: NDArray[np.int64]) -> float:
    """Distance from a place to the nearest street of a graph."""
    start, along = nodes[edges[:, 0]], nodes[edges[:, 1]] - nodes[edges[:, 0]]
    t = ((place - start) * along).sum(1) / np.maximum((along**2).sum(1), 1e-9)
    near = start + np.minimum(np.maximum(t, 0), 1)[:, None] * along
    return float(np.sqrt(((place - near) ** 2).sum(1).min()))


class _Warp:
    """A smooth displacement of the plan, so that streets of any graph become curved."""

    def __init__(self, amount: float, cell: float, size: tuple[int, int], rng: np.random.Generator) -> None:
        count = [int((s + 4 * _MARGIN) // cell) + 3 for s in size]
        self.fields = rng.integers(-512, 513, (2, *count)) / 512.0 * amount
        self.cell = cell

    def __call__(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        shifted = np.maximum(points + 2 * _MARGIN, 0.0)
        limit = (np.array(self.fields.shape[1:]) - 2) * self.cell
        shifted = np.minimum(shifted, limit - 1e-3)
        return np.stack([sample_noise(f, shifted, self.cell) for f in self.fields], 1)


def _draw_warp(style: Style, size: tuple[int, int], rng: np.random.Generator) -> _Warp:
    amount = float(rng.integers(style.warp[0], style.warp[1] + 1))
    return _Warp(amount if amount > 12 else 0.0, float(rng.integers(380, 620)), size, rng)


def _draw_street(
    nodes: NDArray[np.float64],
    ends: NDArray[np.int64],
    kind: int,
    warp: _Warp,
    style: Style,
    plan: str,
    rng: np.random.Generator,
) -> Street:
    a, b = nodes[ends[0]], nodes[ends[1]]
    along = b - a
    length = float(np.sqrt((along**2).sum()))
    count = max(2, int(length / _STEP) + 1)
    t = np.arange(count) / (count - 1)
    bulge = float(rng.integers(-16, 17)) / 100 * length if plan == "organic" else 0.0
    across = np.array([-along[1], along[0]]) / max(length, 1.0)
    line = a + t[:, None] * along + (4 * t * (1 - t) * bulge)[:, None] * across
    return _dress(_simplify(line + warp(line)), (int(ends[0]), int(ends[1])), kind, style, rng)


def _simplify(line: NDArray[np.float64]) -> NDArray[np.float64]:
    """Drop inner points of straight pieces: fewer segments, the same street."""
    ahead = np.diff(line, axis=0)
    bend = np.abs(ahead[1:, 0] * ahead[:-1, 1] - ahead[1:, 1] * ahead[:-1, 0])
    keep = np.concatenate([[True], bend > 1.0, [True]])
    return np.asarray(line[keep])


def _dress(
    points: NDArray[np.float64], ends: tuple[int, int], kind: int, style: Style, rng: np.random.Generator
) -> Street:
    """Give a street its cross section: carriageway, bays, verges, sidewalks."""
    bay = [bool(rng.random() < style.bays * (0.0, 0.9, 0.8, 0.0)[kind]) for _ in range(2)]
    walk = int(rng.integers(*((13, 19), (11, 17), (8, 13), (5, 9))[kind]))
    verge = int(rng.integers(6, 12)) if rng.random() < (0.5, 0.3, 0.25, 0.0)[kind] else 0
    half = float((33, 21, 15, 11)[kind] + rng.integers(0, 4))
    median = int(rng.integers(4, 8)) if kind == ARTERIAL and rng.random() < 0.7 else 0
    lanes = ((half + median) / 2 - 8.5, (half + median) / 2 + 8.5) if kind == ARTERIAL else (half / 2,)
    return Street(points, ends, kind, half, (bay[0], bay[1]), (walk, walk), (verge, verge), median, lanes)

"""Street graphs of several kinds: lattices in line or offset, and rings with streets that run out from a centre."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from engine.data.city.growth import Graph, grow
from engine.data.city.network import ARTERIAL, LANE, LOCAL, MAIN
from engine.data.city.style import NETS, Style

MARGIN = 260.0
_JITTER = {"brick": 14.0, "organic": 62.0, "loops": 30.0}


def draw_graph(style: Style, size: tuple[int, int], rng: np.random.Generator) -> Graph:
    """Make the street graph of a world, from the style's odds: its plan, thinned, with what grows between streets."""
    plan = str(rng.choice(NETS, p=np.array(style.nets) / sum(style.nets)))
    graph = _draw_rings(style, size, rng) if plan == "ring" else _draw_lattice(plan, style, size, rng)
    return grow(_thin(graph, style.drop, rng), plan, style, rng)


def _spacing(length: int, pitch: tuple[int, int], rng: np.random.Generator) -> NDArray[np.float64]:
    places = [-MARGIN + float(rng.integers(0, pitch[0]))]
    while places[-1] < length + MARGIN:
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


def _draw_lattice(plan: str, style: Style, size: tuple[int, int], rng: np.random.Generator) -> Graph:
    """Rows of streets joined by cross streets, in line (grid) or each row with its own (T-junctions)."""
    pitch = style.pitch if plan != "loops" else (int(1.5 * style.pitch[0]), int(1.5 * style.pitch[1]))
    rows = _spacing(size[1], pitch, rng)
    row_kinds = _line_kinds(len(rows), style, rng)
    joins = [_spacing(size[0], pitch, rng) for _ in rows]
    join_kinds = [_line_kinds(len(j), style, rng) for j in joins]
    if plan == "grid":
        joins, join_kinds = [joins[0]] * len(rows), [join_kinds[0]] * len(rows)
    else:
        join_kinds = [np.where(k == ARTERIAL, MAIN, k) for k in join_kinds]
    jitter = _JITTER.get(plan, 0.0 if rng.random() < 0.5 else 18.0)
    nodes, edges, kinds = _join_rows(rows, row_kinds, joins, join_kinds)
    nodes = nodes + rng.integers(-8, 9, nodes.shape) * (jitter / 8)
    along = nodes[edges[:, 1]] - nodes[edges[:, 0]]
    bend = {"organic": 16, "loops": 22}.get(plan, 0)
    bulges = rng.integers(-bend, bend + 1, len(edges)) / 100 * np.sqrt((along**2).sum(1))
    return Graph(nodes, edges, kinds, bulges)


def _join_rows(
    rows: NDArray[np.float64],
    row_kinds: NDArray[np.int64],
    joins: list[NDArray[np.float64]],
    join_kinds: list[NDArray[np.int64]],
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
    return _merge_close(np.array(nodes), np.array(edges), 70.0)


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


def _thin(graph: Graph, share: float, rng: np.random.Generator) -> Graph:
    """Leave some small streets out, never breaking through streets: larger blocks, bends and dead ends appear."""
    keep = np.ones(len(graph.edges), bool)
    degree = graph.degree
    for i in rng.permutation(len(graph.edges)):
        a, b = graph.edges[i]
        if graph.kinds[i] >= LOCAL and rng.random() < share and min(degree[a], degree[b]) >= 3:
            keep[i] = False
            degree[a] -= 1
            degree[b] -= 1
    return graph._replace(edges=graph.edges[keep], kinds=graph.kinds[keep], bulges=graph.bulges[keep])


class _Rings:
    """Collects nodes on circles round a centre, and the edges between them; turns are parts of a full circle."""

    def __init__(self, centre: NDArray[np.float64]) -> None:
        self.centre = centre
        self.nodes: list[NDArray[np.float64]] = []
        self.edges: list[tuple[int, int, int]] = []
        self.bulges: list[float] = []

    def add_node(self, radius: float, turn: float) -> int:
        angle = 2 * np.pi * turn
        out = np.array([round(float(np.cos(angle)), 9), round(float(np.sin(angle)), 9)])
        self.nodes.append(self.centre + radius * out)
        return len(self.nodes) - 1

    def add_circle(self, radius: float, turns: list[float], kind: int) -> list[int]:
        """A closed street round the centre with a node at each turn, which ascend; returns the nodes."""
        ids = [self.add_node(radius, turn) for turn in turns]
        for i, turn in enumerate(turns):
            part = (turns[(i + 1) % len(turns)] - turn) % 1.0
            self.edges.append((ids[i], ids[(i + 1) % len(ids)], kind))
            self.bulges.append(-radius * (1 - round(float(np.cos(np.pi * part)), 9)))
        return ids

    def add_edge(self, a: int, b: int, kind: int) -> None:
        self.edges.append((a, b, kind))
        self.bulges.append(0.0)


def _draw_rings(style: Style, size: tuple[int, int], rng: np.random.Generator) -> Graph:
    """Rings round a square or a large roundabout, joined by streets that run out from it and multiply outwards."""
    centre = np.array(size) * (rng.integers(30, 71, 2) / 100)
    far = float(np.sqrt((np.maximum(centre, np.array(size) - centre) ** 2).sum())) + MARGIN
    count = int(rng.integers(5, 8))
    turns = [(i + float(rng.integers(-18, 19)) / 100) / count for i in range(count)]
    spokes = {turn: int(rng.choice([MAIN, LOCAL])) for turn in turns}
    spokes[turns[0]] = spokes[turns[count // 2]] = ARTERIAL if rng.random() < 0.6 else MAIN
    rings = _Rings(centre)
    square = rng.random() < 0.6
    radius = float(rng.integers(125, 165)) if square else 0.0
    before = dict(zip(turns, rings.add_circle(radius, turns, MAIN), strict=True)) if square else {}
    hub = -1 if square else rings.add_node(0.0, 0.0)
    grand = int(rng.integers(1, 3))
    for number in range(1, 99):
        radius += float(rng.integers(style.pitch[0], style.pitch[1] + 1))
        if radius > far and number > 1:
            break
        inner = list(spokes)
        spokes = _fork(spokes, radius, 1.45 * style.pitch[1], rng)
        kind = ARTERIAL if number == grand and rng.random() < 0.5 else MAIN if number % 2 else LOCAL
        ids = dict(zip(spokes, rings.add_circle(radius, list(spokes), kind), strict=True))
        for turn in inner:
            rings.add_edge(before.get(turn, hub), ids[turn], spokes[turn])
        before = ids
    return _crop(rings, size, hub)._replace(square=centre[None] if square else np.zeros((0, 2)))


def _fork(spokes: dict[float, int], radius: float, longest: float, rng: np.random.Generator) -> dict[float, int]:
    """Add small streets between those that have come too far apart at a radius, in ascending order."""
    turns = list(spokes)
    out = {}
    for i, turn in enumerate(turns):
        out[turn] = spokes[turn]
        gap = (turns[(i + 1) % len(turns)] - turn) % 1.0
        if gap * 2 * np.pi * radius > longest:
            out[turn + gap * float(rng.integers(42, 59)) / 100] = int(rng.choice([LOCAL, LOCAL, MAIN, LANE]))
    return out


def _crop(rings: _Rings, size: tuple[int, int], hub: int) -> Graph:
    """Leave out what lies wholly outside the world."""
    nodes, edges = np.array(rings.nodes), np.array(rings.edges)
    near = np.all((nodes > -MARGIN) & (nodes < np.array(size) + MARGIN), axis=1)
    keep = np.take(near, edges[:, :2]).any(1)
    return Graph(nodes, edges[keep, :2], edges[keep, 2], np.array(rings.bulges)[keep], hub)

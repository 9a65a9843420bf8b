"""Draws street networks: a graph is bent, its streets get their cross sections and its nodes roundabouts and bulbs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.data.city.bridges import part_banks
from engine.data.city.graphs import MARGIN, draw_graph
from engine.data.city.growth import ALLEY, Graph, bow
from engine.data.city.network import Network, Street
from engine.data.city.noise import sample_noise
from engine.data.city.profiles import Grand, draw_grand, draw_profile
from engine.data.city.rivers import bend_river, draw_river
from engine.data.city.style import Style

_STEP = 28.0


def draw_network(style: Style, size: tuple[int, int], rng: np.random.Generator) -> Network:
    """Make the street network of a world of ``size`` voxels, from the style's odds."""
    graph = draw_graph(style, size, rng)
    warp = _draw_warp(style, size, rng)
    river = draw_river(size, MARGIN, rng) if rng.random() < style.rivers else None
    if river is not None:
        graph = part_banks(graph, river, rng)
        river = bend_river(river, warp(river.line))
    grand = draw_grand(style, rng)
    streets = [_draw_street(graph, i, warp, grand, style, rng) for i in range(len(graph.edges))]
    moved = graph.nodes + warp(graph.nodes)
    bulb = np.where(graph.degree == 1, rng.integers(34, 46, len(moved)), 0)
    square = [(float(x), float(y)) for x, y in graph.square + warp(graph.square)]
    islands = _draw_islands(graph, moved, streets, rng)
    return Network(streets, moved, graph.degree, islands, bulb, river, square[0] if square else None)


def _draw_islands(
    graph: Graph, nodes: NDArray[np.float64], streets: list[Street], rng: np.random.Generator
) -> NDArray[np.int64]:
    """Radii of roundabouts: some lonely junctions of narrow streets, and the hub where all streets come together."""
    reach = np.zeros(len(nodes))
    for street in streets:
        np.maximum.at(reach, list(street.ends), street.half)
    gaps = np.sqrt(((nodes[:, None] - nodes[None]) ** 2).sum(-1)) + np.where(graph.degree > 0, 0, 999)
    alone = np.partition(gaps, 1, axis=1)[:, 1] > 190
    back = np.isin(np.arange(len(nodes)), graph.edges[graph.kinds == ALLEY])
    round_here = (graph.degree >= 3) & (rng.random(len(nodes)) < 0.1) & (reach < 30) & alone & ~back
    island = np.where(round_here, rng.integers(22, 34, len(nodes)), 0)
    if graph.hub >= 0:
        island[graph.hub] = int(rng.integers(40, 66))
    return island


class _Warp:
    """A smooth displacement of the plan, so that streets of any graph become curved."""

    def __init__(self, amount: float, cell: float, size: tuple[int, int], rng: np.random.Generator) -> None:
        count = [int((s + 4 * MARGIN) // cell) + 3 for s in size]
        self.fields = rng.integers(-512, 513, (2, *count)) / 512.0 * amount
        self.cell = cell

    def __call__(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        shifted = np.maximum(points + 2 * MARGIN, 0.0)
        limit = (np.array(self.fields.shape[1:]) - 2) * self.cell
        shifted = np.minimum(shifted, limit - 1e-3)
        return np.stack([sample_noise(f, shifted, self.cell) for f in self.fields], 1)


def _draw_warp(style: Style, size: tuple[int, int], rng: np.random.Generator) -> _Warp:
    amount = float(rng.integers(style.warp[0], style.warp[1] + 1))
    return _Warp(amount if amount > 12 else 0.0, float(rng.integers(380, 620)), size, rng)


def _draw_street(
    graph: Graph, edge: int, warp: _Warp, grand: Grand | None, style: Style, rng: np.random.Generator
) -> Street:
    first, last = (int(i) for i in graph.edges[edge])
    a, b, bulge = graph.nodes[first], graph.nodes[last], float(graph.bulges[edge])
    length = float(np.sqrt(((b - a) ** 2).sum())) + abs(bulge)
    count = max(2, int(length / _STEP) + 1)
    line = bow(a, b, bulge, np.arange(count) / (count - 1))
    return draw_profile(_simplify(line + warp(line)), (first, last), int(graph.kinds[edge]), grand, style, rng)


def _simplify(line: NDArray[np.float64]) -> NDArray[np.float64]:
    """Drop inner points of straight pieces: fewer segments, the same street."""
    ahead = np.diff(line, axis=0)
    bend = np.abs(ahead[1:, 0] * ahead[:-1, 1] - ahead[1:, 1] * ahead[:-1, 0])
    keep = np.concatenate([[True], bend > 1.0, [True]])
    return np.asarray(line[keep])

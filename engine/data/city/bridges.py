"""Fits street graphs to rivers: streets follow the banks, and some cross."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.data.city.growth import ALLEY, Graph, bow
from engine.data.city.network import ARTERIAL, MAIN
from engine.data.city.rivers import River

_CLEAR = 58.0
"""How far from the water streets along it keep their middle, in voxels."""
_LEAST = 34.0
_SQUARE = 0.8
"""How straight across the water a bridge leads, as the sine of its angle to the river."""


def part_banks(graph: Graph, river: River, rng: np.random.Generator) -> Graph:
    """Move junctions off the water and leave out streets that would run in it; main streets cross it by bridges."""
    nodes = graph.nodes.copy()
    away = river.offset(nodes)
    clear = river.half + _CLEAR
    wet = np.abs(away) < clear
    side = np.where(away < 0, -1.0, 1.0)
    nodes[wet, 1 - river.along] += ((clear - np.abs(away)) * side)[wet]
    target = _merge(nodes, graph.edges, wet)
    edges = target[graph.edges]
    crosses = side[edges[:, 0]] != side[edges[:, 1]]
    bridge = crosses & ((graph.kinds <= MAIN) | ((graph.kinds < ALLEY) & (rng.random(len(edges)) < 0.6)))
    along = nodes[edges[:, 1]] - nodes[edges[:, 0]]
    square = np.abs(along[:, 1 - river.along]) > _SQUARE * np.sqrt((along**2).sum(1))
    bridge &= square | (graph.kinds == ARTERIAL)
    bulges = np.where(crosses, 0.0, graph.bulges)
    keep = (edges[:, 0] != edges[:, 1]) & (bridge | ~crosses)
    t = np.linspace(0, 1, 7)
    for i in np.flatnonzero(keep & ~crosses):
        line = bow(nodes[edges[i, 0]], nodes[edges[i, 1]], float(bulges[i]), t)
        if np.abs(river.offset(line)).min() < river.half + _LEAST:
            bulges[i] = 0.0
            straight = bow(nodes[edges[i, 0]], nodes[edges[i, 1]], 0.0, t)
            keep[i] = np.abs(river.offset(straight)).min() >= river.half + _LEAST
    dry = graph.square[np.abs(river.offset(graph.square)) > clear + 60]
    return Graph(nodes, edges[keep], graph.kinds[keep], bulges[keep], graph.hub, dry)


def _merge(nodes: NDArray[np.float64], edges: NDArray[np.int64], wet: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Ids of the nodes after those of one street that were moved together are joined."""
    target = np.arange(len(nodes))
    for a, b in edges:
        if wet[a] and wet[b] and ((nodes[target[a]] - nodes[target[b]]) ** 2).sum() < 70.0**2:
            target[target == target[b]] = target[a]
    return target

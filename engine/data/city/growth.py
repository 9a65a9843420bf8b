"""Street graphs while they grow: streets are split, and loops, alleys and dead ends are added between them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.data.city.network import ARTERIAL, LANE, LOCAL
from engine.data.city.style import Style

ALLEY = LANE + 1
"""The kind of an edge that becomes a lane too narrow for two cars, behind or between houses."""
_GAP = 95.0
_SAMPLES = 6


class Graph(NamedTuple):
    """A street graph on the plan, before streets have widths.

    ``nodes`` (n, 2) positions in voxels, ``edges`` (m, 2) node ids, ``kinds`` (m,) classes, ``bulges`` (m,) how far the
    middle of an edge lies to the left of its chord; ``hub`` the node of a large roundabout or -1, ``square`` (1, 2) the
    middle of an open square or (0, 2) where there is none.
    """

    nodes: NDArray[np.float64]
    edges: NDArray[np.int64]
    kinds: NDArray[np.int64]
    bulges: NDArray[np.float64]
    hub: int = -1
    square: NDArray[np.float64] = np.zeros((0, 2))

    @property
    def degree(self) -> NDArray[np.int64]:
        """How many streets meet at each node."""
        return np.bincount(self.edges.ravel(), minlength=len(self.nodes))


def bow(a: NDArray[np.float64], b: NDArray[np.float64], bulge: float, t: NDArray[np.float64]) -> NDArray[np.float64]:
    """Trace an edge as a parabola over its chord, to draw or measure it; (len(t), 2) float64."""
    along = b - a
    across = np.array([-along[1], along[0]]) / max(float(np.sqrt((along**2).sum())), 1.0)
    return np.asarray(a + t[:, None] * along + (4 * t * (1 - t) * bulge)[:, None] * across)


class Sketch:
    """A graph that can be changed: the lists grow, an edge that is split keeps its first half."""

    def __init__(self, graph: Graph) -> None:
        self.nodes = list(graph.nodes)
        self.edges = [(int(a), int(b)) for a, b in graph.edges]
        self.kinds = [int(k) for k in graph.kinds]
        self.bulges = [float(b) for b in graph.bulges]
        self.start = graph

    def graph(self) -> Graph:
        """Freeze what has grown."""
        return self.start._replace(
            nodes=np.array(self.nodes),
            edges=np.array(self.edges),
            kinds=np.array(self.kinds),
            bulges=np.array(self.bulges),
        )

    def length(self, edge: int) -> float:
        """Length of an edge's chord."""
        a, b = self.edges[edge]
        return float(np.sqrt(((self.nodes[b] - self.nodes[a]) ** 2).sum()))

    def trace(self, edge: int, t: NDArray[np.float64]) -> NDArray[np.float64]:
        """Places on an edge at parts ``t`` of its chord, (len(t), 2)."""
        a, b = self.edges[edge]
        return bow(self.nodes[a], self.nodes[b], self.bulges[edge], t)

    def normal(self, edge: int, t: float) -> NDArray[np.float64]:
        """The unit vector to the left of an edge at a place."""
        back, ahead = self.trace(edge, np.array([t - 0.05, t + 0.05]))
        along = ahead - back
        return np.asarray(np.array([-along[1], along[0]]) / np.sqrt((along**2).sum()))

    def split(self, edge: int, t: float) -> int:
        """Put a node on an edge, keeping its curve; returns the node. The rest of the edge is appended."""
        self.nodes.append(self.trace(edge, np.array([t]))[0])
        node, (a, b), bulge = len(self.nodes) - 1, self.edges[edge], self.bulges[edge]
        self.edges[edge], self.bulges[edge] = (a, node), t * t * bulge
        self.join(node, b, self.kinds[edge], (1 - t) ** 2 * bulge)
        return node

    def join(self, a: int, b: int, kind: int, bulge: float = 0.0) -> None:
        """Add an edge."""
        self.edges.append((a, b))
        self.kinds.append(kind)
        self.bulges.append(bulge)

    def chords(self, skip: int) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
        """Starts and ends of short straight pieces of all edges but one, and the edge of each piece."""
        t = np.linspace(0, 1, _SAMPLES)
        keep = [i for i in range(len(self.edges)) if i != skip]
        lines = np.array([self.trace(i, t) for i in keep])
        return lines[:, :-1].reshape(-1, 2), lines[:, 1:].reshape(-1, 2), np.repeat(keep, _SAMPLES - 1)

    def gap(self, places: NDArray[np.float64], skip: int) -> float:
        """Smallest distance of some places to all edges but one."""
        start, end, _ = self.chords(skip)
        along = end - start
        t = ((places[:, None] - start) * along).sum(-1) / np.maximum((along**2).sum(-1), 1e-9)
        near = start + np.minimum(np.maximum(t, 0), 1)[..., None] * along
        return float(np.sqrt(((places[:, None] - near) ** 2).sum(-1)).min())


def grow(graph: Graph, plan: str, style: Style, rng: np.random.Generator) -> Graph:
    """Add crescents (in ``plan`` "loops"), alleys through blocks and cul-de-sacs to a graph."""
    sketch = Sketch(graph)
    if plan == "loops":
        _add_crescents(sketch, rng)
    _add_alleys(sketch, style.alleys, rng)
    _add_stubs(sketch, 0.34 if plan == "loops" else 0.16, rng)
    return sketch.graph()


def _add_crescents(sketch: Sketch, rng: np.random.Generator) -> None:
    """Let small streets leave a long street and come back to it in a bow."""
    for edge in range(len(sketch.edges)):
        length = sketch.length(edge)
        if sketch.kinds[edge] == ARTERIAL or length < 380 or rng.random() > 0.7:
            continue
        first, last = float(rng.integers(14, 23)) / 100, float(rng.integers(77, 87)) / 100
        rise = (1 if rng.random() < 0.5 else -1) * (last - first) * length * float(rng.integers(56, 76)) / 100
        a, b = sketch.trace(edge, np.array([first, last]))
        if sketch.gap(bow(a, b, rise, np.array([0.3, 0.5, 0.7])), edge) < _GAP:
            continue
        start = sketch.split(edge, first)
        end = sketch.split(len(sketch.edges) - 1, (last - first) / (1 - first))
        sketch.join(start, end, LOCAL, rise)


def _add_alleys(sketch: Sketch, share: float, rng: np.random.Generator) -> None:
    """Cut some blocks in two by a narrow lane from the middle of one street straight to the next."""
    for edge in range(len(sketch.edges)):
        if sketch.length(edge) < 230 or sketch.kinds[edge] == ALLEY or rng.random() > share:
            continue
        t = float(rng.integers(40, 61)) / 100
        out = sketch.normal(edge, t) * (1.0 if rng.random() < 0.5 else -1.0)
        place = sketch.trace(edge, np.array([t]))[0]
        found = _shoot(sketch, edge, place, out)
        if found is None:
            continue
        start, end = sketch.split(edge, t), sketch.split(*found)
        sketch.join(start, end, ALLEY)


def _shoot(sketch: Sketch, edge: int, place: NDArray[np.float64], out: NDArray[np.float64]) -> tuple[int, float] | None:
    """The edge a ray meets first and where on it; None when that is too near, too far, or close to a junction."""
    start, end, owner = sketch.chords(edge)
    along, rest = end - start, start - place
    turn = out[0] * along[:, 1] - out[1] * along[:, 0]
    turn = np.where(np.abs(turn) < 1e-6, 1e-6, turn)
    away = (rest[:, 0] * along[:, 1] - rest[:, 1] * along[:, 0]) / turn
    part = (rest[:, 0] * out[1] - rest[:, 1] * out[0]) / turn
    away[(part < 0) | (part > 1) | (away < 1)] = np.inf
    hit = int(away.argmin())
    t = (hit % (_SAMPLES - 1) + float(part[hit])) / (_SAMPLES - 1)
    clear = min(t, 1 - t) * sketch.length(int(owner[hit])) if np.isfinite(away[hit]) else 0.0
    return (int(owner[hit]), t) if 190 < away[hit] < 430 and clear > 75 else None


def _add_stubs(sketch: Sketch, share: float, rng: np.random.Generator) -> None:
    """Grow cul-de-sacs from the middle of some long streets into the blocks beside them."""
    for edge in range(len(sketch.edges)):
        if sketch.kinds[edge] in (ARTERIAL, ALLEY) or sketch.length(edge) < 300 or rng.random() > share:
            continue
        t = float(rng.integers(42, 59)) / 100
        out = sketch.normal(edge, t) * (1.0 if rng.random() < 0.5 else -1.0)
        tip = sketch.trace(edge, np.array([t]))[0] + out * float(rng.integers(120, 170))
        if sketch.gap(tip[None], -1) < 105:
            continue
        middle = sketch.split(edge, t)
        sketch.nodes.append(tip)
        sketch.join(middle, len(sketch.nodes) - 1, LOCAL)

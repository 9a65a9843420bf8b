"""Makes the generator's street network of mapped streets, so that the same painters and traffic can work on it."""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from engine.data.city.network import ARTERIAL, LANE, LOCAL, MAIN, PARALLEL_BAY, Network, Street
from engine.data.city.style import Style
from engine.data.places.features import VOXEL, Floats, Line, Spot

_REACH = 34.0 / VOXEL
_LANE_WIDTH = 3.4 / VOXEL
_BULB = 36
_SINGLE = 11.0
"""Half a carriageway in voxels below which two cars cannot pass each other."""


def lay_network(lines: Iterable[Line], turnings: Sequence[Spot], style: Style, rng: np.random.Generator) -> Network:
    """Split streets at junctions, join what is one street in pieces, and give each its cross section.

    Service lanes neither split streets nor make junctions of them: a drive is no crossing.
    """
    streets = [thin for line in lines if line.kind == "street" and (thin := _thin(line)) is not None]
    through = _join(_split([line for line in streets if line.grade < LANE]))
    pieces = through + [line for line in streets if line.grade >= LANE]
    index: dict[int, int] = {}
    ends = []
    for number, piece in enumerate(pieces):
        keys = (piece.nodes[0], piece.nodes[-1]) if piece.grade < LANE else (-2 * number - 1, -2 * number - 2)
        ends.append((index.setdefault(keys[0], len(index)), index.setdefault(keys[1], len(index))))
    nodes = np.zeros((len(index), 2))
    for piece, (a, b) in zip(pieces, ends, strict=True):
        nodes[a], nodes[b] = piece.points[0], piece.points[-1]
    degree = np.bincount(np.array(ends, np.int64).ravel(), minlength=len(nodes))
    medians = _find_medians(pieces)
    dressed = [_dress(p, e, m, style, rng) for p, e, m in zip(pieces, ends, medians, strict=True)]
    bulb = np.array([_BULB if _is_turning(node, turnings) else 0 for node in nodes], np.int64)
    return Network(dressed, nodes, degree, np.zeros(len(nodes), np.int64), bulb)


def _thin(line: Line) -> Line | None:
    """Drop points closer than a voxel to the one before, which give streets no direction."""
    keep = [0]
    for i in range(1, len(line.points)):
        if np.abs(line.points[i] - line.points[keep[-1]]).max() > 1.0:
            keep.append(i)
        elif i == len(line.points) - 1 and len(keep) > 1:
            keep[-1] = i
    if len(keep) < 2:
        return None
    return replace(line, points=line.points[keep], nodes=tuple(line.nodes[i] for i in keep))


def _split(lines: list[Line]) -> list[Line]:
    """Cut streets where three or more pieces meet, or where a street meets itself."""
    meet: Counter[int] = Counter()
    for line in lines:
        meet.update(line.nodes)
        meet.update(line.nodes[1:-1])
    pieces = []
    for line in lines:
        cuts = [0, *(i for i in range(1, len(line.nodes) - 1) if meet[line.nodes[i]] > 2), len(line.nodes) - 1]
        if line.nodes[0] == line.nodes[-1] and len(cuts) == 2 and len(line.nodes) > 3:
            cuts.insert(1, len(line.nodes) // 2)  # a closed ring needs two ends
        pieces += [
            replace(line, points=line.points[a : b + 1], nodes=line.nodes[a : b + 1])
            for a, b in itertools.pairwise(cuts)
        ]
    return pieces


def _join(pieces: list[Line]) -> list[Line]:
    """Make one street of pieces of the same profile that follow each other without a junction."""
    done: dict[int, Line] = dict(enumerate(pieces))
    at: dict[int, set[int]] = defaultdict(set)
    for i, piece in done.items():
        at[piece.nodes[0]].add(i)
        at[piece.nodes[-1]].add(i)
    for node in list(at):
        if len(at[node]) != 2:
            continue
        a, b = sorted(at[node])
        joined = _chain(done[a], done[b], node)
        if joined is not None:
            del done[b]
            done[a] = joined
            at[node].clear()
            for end in (joined.nodes[0], joined.nodes[-1]):
                at[end].discard(b)
                at[end].add(a)
    return list(done.values())


def _chain(first: Line, second: Line, node: int) -> Line | None:
    """Join two lines at a node they share an end in; None where they are not one street."""
    if first.nodes[-1] != node and not first.oneway:
        first = _reverse(first)
    if second.nodes[0] != node and not second.oneway:
        second = _reverse(second)
    if first.nodes[-1] != node and second.nodes[-1] == node:
        first, second = second, first
    if first.nodes[-1] != node or second.nodes[0] != node or first.nodes[0] == second.nodes[-1]:
        return None
    if any(getattr(first, key) != getattr(second, key) for key in ("width", "grade", "walks", "oneway", "passage")):
        return None
    points = np.concatenate([first.points, second.points[1:]])
    return replace(first, points=points, nodes=first.nodes + second.nodes[1:])


def _reverse(line: Line) -> Line:
    return replace(line, points=line.points[::-1], nodes=line.nodes[::-1], walks=line.walks[::-1])


def _is_turning(node: NDArray[np.float64], turnings: Sequence[Spot]) -> bool:
    return any(abs(spot.x - node[0]) < 4 and abs(spot.y - node[1]) < 4 for spot in turnings)


def _find_medians(pieces: list[Line]) -> list[bool]:
    """Tell carriageways with their partner of the other direction close to the left, as on a divided street."""
    spots = [_middle(piece) for piece in pieces]
    table = np.array([[*at, *heading] for at, heading in spots]) if spots else np.zeros((0, 4))
    divided = np.array([p.oneway and p.grade <= MAIN for p in pieces], bool)
    segments = [np.hstack([p.points[:-1], p.points[1:]]) for p, d in zip(pieces, divided, strict=True) if d]
    if not segments:
        return [False] * len(pieces)
    walls = np.concatenate(segments)
    return [bool(d) and _has_partner(row, walls) for row, d in zip(table, divided, strict=True)]


def _middle(piece: Line) -> tuple[Floats, Floats]:
    """The middle of a line's middle segment, and its direction."""
    i = (len(piece.points) - 1) // 2
    a, b = piece.points[i], piece.points[i + 1]
    return (a + b) / 2, (b - a) / np.sqrt(((b - a) ** 2).sum())


def _has_partner(row: Floats, segments: Floats) -> bool:
    at, heading = row[:2], row[2:]
    along = segments[:, 2:] - segments[:, :2]
    lengths = np.sqrt((along**2).sum(1))
    t = np.clip(((at - segments[:, :2]) * along).sum(1) / lengths**2, 0, 1)
    gap = segments[:, :2] + t[:, None] * along - at
    left = gap[:, 1] * heading[0] - gap[:, 0] * heading[1]
    near = (np.sqrt((gap**2).sum(1)) < _REACH) & (left > 10)
    return bool((near & (along @ heading < -0.8 * lengths)).any())


def _dress(piece: Line, ends: tuple[int, int], divided: bool, style: Style, rng: np.random.Generator) -> Street:
    """Give a street its cross section in voxels; parking bays are drawn by the style's odds."""
    half = max(round(piece.width / VOXEL / 2), 6)
    walks = [round(walk / VOXEL) for walk in piece.walks]
    if divided:
        walks[1] = min(walks[1], 2)
    roomy = [walk > 5 and rng.random() < style.bays * (0.0, 0.25, 0.6, 0.0)[piece.grade] for walk in walks]
    trees = piece.grade <= LOCAL and rng.random() < 0.35
    verges = [int(rng.integers(6, 11)) if trees and walk > 8 else 0 for walk in walks]
    return Street(
        piece.points,
        ends,
        piece.grade,
        float(half),
        (PARALLEL_BAY * int(roomy[0]), PARALLEL_BAY * int(roomy[1])),
        (int(walks[0]), int(walks[1])),
        (verges[0], verges[1]),
        0,
        _lanes(piece, float(half)),
        piece.oneway,
    )


def _lanes(piece: Line, half: float) -> tuple[float, ...]:
    """Middles of the lanes of one side; a one-way street uses both sides in the same direction."""
    if piece.oneway:
        count = piece.lanes
        width = min(_LANE_WIDTH, 2 * half / count)
        places = [(i - (count - 1) / 2) * width for i in range(count)]
        return tuple(p for p in places if p >= 0)
    if half < _SINGLE:
        return (0.0,)
    count = max(1, piece.lanes // 2) if piece.grade in (ARTERIAL, MAIN) else 1
    width = half / count
    return tuple((i + 0.5) * width for i in range(count))

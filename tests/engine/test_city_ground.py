from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation

from engine.data.city.drafting import draw_network
from engine.data.city.generator import make_world
from engine.data.city.graphs import draw_graph
from engine.data.city.streets import StreetLine
from engine.data.city.style import NETS, STYLE_TABLE
from engine.data.city.world import World

SIZE = (704, 512)
PLAIN = {"trams": 0.0, "canals": 0.0, "boulevards": 0.0, "rivers": 0.0}


def made(monkeypatch: pytest.MonkeyPatch, style: str, seed: int, **wishes: object) -> World:
    """A world of a style with some of its odds set."""
    monkeypatch.setitem(STYLE_TABLE, style, dataclasses.replace(STYLE_TABLE[style], **{**PLAIN, **wishes}))
    return make_world(seed, SIZE, style=style)


def surface(labels: NDArray[np.uint8]) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    """Height of each column's first run of matter and the class on top of its ground."""
    ground = np.isin(labels, (9, 10, 11, 12, 17))
    high = labels.shape[2] - ground[..., ::-1].argmax(-1)
    high = np.where(ground.any(-1), high, 0)
    return high, np.take_along_axis(labels, np.maximum(high - 1, 0)[..., None], 2)[..., 0]


def test_roads_rise_and_fall_without_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    high, top = surface(made(monkeypatch, "village", 5, hills=(8, 8)).labels)
    road = top == 9
    assert np.ptp(high[road]) >= 4
    for axis in (0, 1):
        both = road & np.roll(road, 1, axis)
        both[(0, slice(None)) if axis == 0 else (slice(None), 0)] = False
        assert np.abs(high - np.roll(high, 1, axis))[both].max() <= 1


def test_steps_between_gardens_and_streets_are_held_by_walls(monkeypatch: pytest.MonkeyPatch) -> None:
    labels = made(monkeypatch, "village", 5, hills=(8, 8)).labels
    high, top = surface(labels)
    lawn = (top == 17) & (np.take_along_axis(labels, np.minimum(high, 31)[..., None], 2)[..., 0] == 0)
    drop = np.abs(np.diff(high, axis=0))[lawn[1:] & lawn[:-1]]
    assert (drop >= 2).mean() < 0.002, "open ground falls by banks, not by cliffs"


@pytest.mark.parametrize("seed", [7, 9])
def test_rivers_lie_below_their_banks_and_streets_cross_them(monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    labels = made(monkeypatch, "suburb", seed, rivers=1.0, warp=(0, 0)).labels
    high, top = surface(labels)
    water = (high == 1) & (top == 12)
    assert 0.02 < water.mean() < 0.5
    assert (labels[water][:, 1:] == 0).mean() > 0.98, "only crowns hang over water"
    assert (top[high == 1] == 12).all()
    beside = binary_dilation(water) & ~water
    assert (high[beside] >= 2).all()
    network = draw_network(STYLE_TABLE["suburb"], SIZE, np.random.default_rng([seed, 1]))
    bridges = 0
    for street in network.streets:
        line = StreetLine(street)
        spots = [line.frame(float(along)) for along in np.arange(0, line.length, 2.0)]
        inside = [(int(s.x), int(s.y)) for s in spots if 0 <= s.x < SIZE[0] and 0 <= s.y < SIZE[1]]
        x, y = np.array(inside, np.int64).reshape(-1, 2).T
        assert (high[x, y] >= 4).all(), "no street ever leads through water"
        assert network.river is not None
        bridges += len(x) > 90 and len(set(np.sign(network.river.offset(street.points[[0, -1]])))) == 2
    assert bridges >= 1


def test_canals_run_between_quays(monkeypatch: pytest.MonkeyPatch) -> None:
    high, top = surface(made(monkeypatch, "centre", 3, canals=1.0).labels)
    water = (high == 1) & (top == 12)
    assert water.mean() > 0.005
    assert (high[binary_dilation(water) & ~water] >= 4).all(), "three voxels from the water to the quay"


@pytest.mark.parametrize("net", NETS)
def test_street_graphs_have_no_loose_ends_but_dead_ends(net: str) -> None:
    style = dataclasses.replace(STYLE_TABLE["suburb"], nets=tuple(float(net == name) for name in NETS), rivers=0.4)
    for seed in range(6):
        graph = draw_graph(style, (1500, 900), np.random.default_rng(seed))
        assert (graph.edges[:, 0] != graph.edges[:, 1]).all()
        network = draw_network(style, (1500, 900), np.random.default_rng(seed))
        for street in network.streets:
            gap = street.points[[0, -1]] - network.nodes[list(street.ends)]
            assert np.abs(gap).max() < 1e-6, "streets begin and end in their nodes"
        assert len({s.kind for s in network.streets}) >= 3


def test_rings_run_round_their_centre() -> None:
    style = dataclasses.replace(STYLE_TABLE["centre"], nets=(0.0, 0.0, 0.0, 1.0, 0.0), drop=0.0, alleys=0.0)
    graph = draw_graph(style, (2000, 1600), np.random.default_rng(4))
    curved = np.flatnonzero(np.abs(graph.bulges) > 4)
    a, b = (graph.nodes[graph.edges[curved, i]] for i in (0, 1))
    across = np.stack([-(b - a)[:, 1], (b - a)[:, 0]], 1)
    middles, lines = (a + b) / 2, across / np.linalg.norm(across, axis=1, keepdims=True)
    normal = np.stack([-lines[:, 1], lines[:, 0]], 1)
    centre = np.linalg.lstsq(normal, (normal * middles).sum(1), rcond=None)[0]
    assert np.abs((normal * (middles - centre)).sum(1)).max() < 6, "all chords are square to lines from one point"


def test_every_tram_stands_on_its_tracks(monkeypatch: pytest.MonkeyPatch) -> None:
    world = made(monkeypatch, "centre", 5, nets=(1.0, 0.0, 0.0, 0.0, 0.0), trams=1.0, traffic=0.01)
    idents = world.crop_instances(0, 0, SIZE)
    _, top = surface(world.labels)
    trams = 0
    for ident in np.unique(idents[world.labels == 5]):
        x, y, z = np.nonzero(idents == ident)
        if len(np.unique(np.stack([x, y], 1), axis=0)) < 3 * 42 * 11:
            continue
        trams += 1
        assert np.isin(top[x, y], (9, 12)).all(), "on tracks, or where these cross a road"
        assert (top[x, y] == 12).mean() > 0.2
        assert np.ptp(z) >= 15
    assert trams >= 1


def test_vehicles_stand_on_roads_and_in_bays(monkeypatch: pytest.MonkeyPatch) -> None:
    world = made(monkeypatch, "centre", 3, boulevards=0.5)
    _, top = surface(world.labels)
    standing = np.isin(world.labels, (1, 4, 5, 8)).any(-1)
    low = np.isin(world.labels[..., :12], (1, 4, 5, 8)).any(-1)
    assert np.isin(top[standing & low], (9, 10)).mean() > 0.98


def test_footways_are_paved_and_carry_no_vehicles(monkeypatch: pytest.MonkeyPatch) -> None:
    style = dataclasses.replace(
        STYLE_TABLE["centre"], **PLAIN, footways=1.0, alleys=0.6, nets=(1.0, 0.0, 0.0, 0.0, 0.0)
    )
    monkeypatch.setitem(STYLE_TABLE, "centre", style)
    network = draw_network(style, SIZE, np.random.default_rng([3, 1]))
    _, top = surface(make_world(3, SIZE, style="centre").labels)
    seen = 0
    for street in network.streets:
        spot = StreetLine(street).frame(street.length / 2)
        x, y = int(spot.x), int(spot.y)
        if street.strip == "foot" and 0 <= x < SIZE[0] and 0 <= y < SIZE[1]:
            assert street.lanes == ()
            assert top[x, y] == 11
            seen += 1
    assert seen >= 2


@pytest.mark.parametrize("net", NETS)
def test_the_smallest_worlds_have_streets_of_every_kind_of_net(monkeypatch: pytest.MonkeyPatch, net: str) -> None:
    nets = tuple(float(net == name) for name in NETS)
    for seed in range(4):
        style = dataclasses.replace(STYLE_TABLE["centre"], nets=nets, rivers=seed / 3)
        monkeypatch.setitem(STYLE_TABLE, "centre", style)
        assert make_world(seed, (64, 96), height=16, style="centre").labels.shape == (64, 96, 16)

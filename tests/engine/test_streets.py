"""Streets of drawn maps lead on to other streets or out of the map, through free cells only, and round houses."""

from __future__ import annotations

import numpy as np
import pytest

from engine.evaluation.roads import measure_streets
from engine.geometry.maps import LAYOUT_CLASSES, LayoutMap
from engine.session import Session
from engine.tasks.request import LayoutRequest, Sampling
from engine.tasks.streets import lead_on

ROAD, WALK, TERRAIN, BUILDING, PLANT = (
    LAYOUT_CLASSES.index(name) for name in ("road", "sidewalk", "terrain", "building", "vegetation")
)
CELLS = (32, 32)
ANYWHERE = np.ones(CELLS, np.bool_)


def meadow() -> LayoutMap:
    return LayoutMap(np.full(CELLS, TERRAIN, np.uint8), np.zeros(CELLS, np.uint8))


def ends(layout: LayoutMap) -> int:
    road = np.kron(layout.classes == ROAD, np.ones((8, 8), np.bool_))
    return int((measure_streets(road).degrees == 1).sum())


def test_a_blind_end_reaches_the_street_ahead_with_its_pavements() -> None:
    town = meadow()
    town.classes[:, 23:28] = town.classes[13:20, :14] = WALK
    town.classes[:, 24:27] = town.classes[14:19, :14] = ROAD
    assert ends(town) == 1
    led = lead_on(town, ANYWHERE)
    assert ends(led) == 0
    new = (led.classes == ROAD) & (town.classes != ROAD)
    assert new[14:19, 14:24].mean() > 0.7
    assert not new[:13].any()
    assert not new[20:].any()
    assert (led.classes[13, 15:22] == WALK).all()
    assert np.array_equal(lead_on(led, ANYWHERE).classes, led.classes)


def test_a_blind_end_leaves_the_map_where_no_street_is_near() -> None:
    town = meadow()
    town.classes[14:18, 12:] = ROAD
    led = lead_on(town, ANYWHERE)
    assert (led.classes[15:17, :12] == ROAD).all()
    town.classes[14:18, 12:24] = TERRAIN  # 24 cells from there on are too far
    assert np.array_equal(lead_on(town, ANYWHERE).classes, town.classes)


def test_streets_go_round_houses_and_only_through_free_cells() -> None:
    town = meadow()
    town.classes[14:18, 9:] = ROAD
    town.classes[9:16, 3:6], town.heights[9:16, 3:6] = BUILDING, 20
    led = lead_on(town, ANYWHERE)
    assert (led.classes[14:, :9] == ROAD).sum() > (led.classes[:14, :9] == ROAD).sum()
    assert (led.classes == BUILDING).sum() > 14
    assert (led.heights[led.classes == ROAD] == 0).all()
    fixed = ANYWHERE.copy()
    fixed[:, 3:10] = False
    assert np.array_equal(lead_on(town, fixed).classes, town.classes)


@pytest.mark.parametrize("kind", ["through", "none", "crossing"])
def test_what_ends_nowhere_stays(kind: str) -> None:
    town = meadow()
    if kind != "none":
        town.classes[:, 12:16] = ROAD
    if kind == "crossing":
        town.classes[20:24] = ROAD
        town.classes[22, 5] = PLANT  # a tree on the road is no gap
    assert lead_on(town, ANYWHERE) is town


def test_suggested_maps_hardly_have_blind_ends() -> None:
    session, counts = Session("cpu"), []
    for seed in range(8):
        *_, last = session.run(LayoutRequest(LayoutMap.free(CELLS), Sampling(seed=seed, steps=4, device="cpu")))
        assert last.result is not None
        assert last.result.layout is not None
        counts.append(lead_on(last.result.layout, ANYWHERE) is not last.result.layout)
    assert np.mean(counts) <= 0.25

"""Nothing that was made hangs in the air or lies about: crumbs go, crowns get trunks, what others hold stays."""

from __future__ import annotations

import numpy as np
import pytest

from engine.evaluation.structure import floating_share
from engine.geometry.support import find_loose
from engine.grid import Box
from engine.labels import label_space
from engine.mask import VoxelMask
from engine.scene import VoxelScene
from engine.session import Session
from engine.tasks.pave import pave
from engine.tasks.request import GenerateRequest, InpaintRequest, Sampling
from engine.tasks.settle import settle

SPACE = label_space()
TERRAIN, CAR, TRUNK, PLANT, BUILDING = (
    SPACE.find(name) for name in ("terrain", "car", "trunk", "vegetation", "building")
)
NOTHING = np.zeros((24, 20, 16), np.bool_)


def ground() -> np.ndarray:
    labels = np.zeros((24, 20, 16), np.uint8)
    labels[:, :, :2] = TERRAIN
    return labels


def test_crumbs_go_and_what_stands_stays() -> None:
    labels = ground()
    labels[3:6, 3:6, 2:5] = CAR
    labels[10, 10, 6] = labels[12:14, 10, 9] = CAR
    parts, loose = find_loose(labels, SPACE)
    assert sorted(int((parts == p).sum()) for p in loose) == [1, 2]
    wanted = labels.copy()
    wanted[10, 10, 6] = wanted[12:14, 10, 9] = 0
    assert np.array_equal(settle(labels, ~NOTHING, NOTHING, SPACE, ()), wanted)
    assert np.array_equal(settle(wanted, ~NOTHING, NOTHING, SPACE, ()), wanted)


def test_crowns_get_a_trunk_on_the_ground() -> None:
    labels = ground()
    labels[8:13, 6:11, 7:11] = PLANT
    settled = settle(labels, ~NOTHING, NOTHING, SPACE, ())
    stems = np.argwhere(settled == TRUNK)
    assert stems.tolist() == [[10, 8, z] for z in range(2, 7)]
    assert np.array_equal(settled[settled != TRUNK], labels[settled != TRUNK])
    assert not find_loose(settled, SPACE)[1]
    roof = labels.copy()
    roof[8:13, 6:11, 2:5] = BUILDING
    assert not (settle(roof, ~NOTHING, NOTHING, SPACE, ()) == PLANT).any()  # a tree does not grow on a house
    assert not (settle(labels, ~NOTHING, NOTHING, SPACE, (TRUNK,)) == PLANT).any()


def test_crumbs_of_road_become_the_ground_around_them() -> None:
    road, walk = SPACE.find("road"), SPACE.find("sidewalk")
    labels = ground()
    labels[8:12, 4:8, :2] = road  # on grass
    labels[15:22, 10:18, :2] = walk
    labels[17:19, 13:16, :2] = road
    wanted = labels.copy()
    wanted[8:12, 4:8, :2], wanted[17:19, 13:16, :2] = TERRAIN, walk
    assert np.array_equal(pave(labels, ~NOTHING, NOTHING, SPACE, ()), wanted)
    assert np.array_equal(pave(wanted, ~NOTHING, NOTHING, SPACE, ()), wanted)
    no_grass = pave(labels, ~NOTHING, NOTHING, SPACE, (TERRAIN,))
    assert (no_grass[8:12, 4:8, 0] == road).all(), "nothing else is around it that may be made"


def test_roads_that_may_go_on_stay() -> None:
    road = SPACE.find("road")
    labels = ground()
    labels[4:13, 4:12, :2] = road  # large enough
    assert np.array_equal(pave(labels, ~NOTHING, NOTHING, SPACE, ()), labels)
    labels[20:, 2:5, :2] = labels[2:6, 17:, :2] = road  # slivers at the border
    assert (pave(labels, ~NOTHING, NOTHING, SPACE, ()) == road).sum() == 2 * 9 * 8
    labels[20:, 2:5, :2] = labels[2:6, 17:, :2] = labels[4:13, 4:12, :2] = TERRAIN
    labels[8:12, 8:10, :2] = road
    made, unmade = ~NOTHING, NOTHING.copy()
    made[8] = False
    assert np.array_equal(pave(labels, made, NOTHING, SPACE, ()), labels), "a part of it was there before"
    unmade[12] = True
    assert np.array_equal(pave(labels, ~unmade, unmade, SPACE, ()), labels), "more of it may be made yet"
    assert not np.array_equal(pave(labels, ~NOTHING, NOTHING, SPACE, ()), labels)


def test_only_what_is_new_changes_and_others_may_hold_it() -> None:
    labels = ground()
    labels[4, 4, 8] = CAR
    made, unmade = NOTHING.copy(), NOTHING.copy()
    made[:12] = True
    labels[16, 4, 8] = CAR  # hung there before
    labels[11:13, 10, 8] = CAR  # the second is known, and holds the first
    wanted = labels.copy()
    wanted[4, 4, 8] = 0
    assert np.array_equal(settle(labels, made, NOTHING, SPACE, ()), wanted)
    unmade[5] = True
    assert np.array_equal(settle(labels, made, unmade, SPACE, ()), labels)
    labels[4:9, 14:19, 7:11] = PLANT
    made[:, :, :5] = False  # where its trunk would be, nothing may change
    assert not (settle(labels, made, NOTHING, SPACE, ()) == PLANT).any()


@pytest.mark.parametrize("seed", [0, 3])
def test_scenes_and_edits_leave_nothing_hanging(seed: int) -> None:
    session, sampling = Session("cpu"), Sampling(seed=seed, steps=2, device="cpu")
    *_, last = session.run(GenerateRequest((128, 128), sampling))
    assert last.result is not None
    assert floating_share(last.result.labels, SPACE) == 0
    scene = VoxelScene.from_labels(last.result.labels)
    mask = VoxelMask.of_box(Box((30, 34, 3), (77, 81, 32)))
    *_, edited = session.run(InpaintRequest(scene, mask, Sampling(seed=seed + 9, steps=2, device="cpu")))
    assert edited.result is not None
    scene.write(edited.result.box, edited.result.labels, edited.result.mask.array)
    before, after = last.result.labels, scene.read()
    outside = ~mask.within(scene.box)
    assert np.array_equal(after[outside], before[outside])
    parts, loose = find_loose(after, SPACE)
    assert all(outside[parts == part].any() for part in loose)

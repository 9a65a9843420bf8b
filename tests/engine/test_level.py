"""Made ground is even and meets known ground, made roofs meet known ones; what is meant to be a step stays one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.grid import Box
from engine.labels import label_space
from engine.mask import VoxelMask
from engine.scene import VoxelScene
from engine.session import Session
from engine.tasks.level import level
from engine.tasks.request import GenerateRequest, InpaintRequest, Sampling

SPACE = label_space()
ROAD, WALK, TERRAIN, CAR, BUILDING, PLANT = (
    SPACE.find(name) for name in ("road", "sidewalk", "terrain", "car", "building", "vegetation")
)
SHAPE = (48, 40, 24)
ALL, NOTHING = np.ones(SHAPE, np.bool_), np.zeros(SHAPE, np.bool_)


def ground(height: NDArray[np.int64] | int, label: int = TERRAIN) -> NDArray[np.uint8]:
    high = np.broadcast_to(np.asarray(height), SHAPE[:2])
    return np.where(np.arange(SHAPE[2]) < high[:, :, None], np.uint8(label), np.uint8(0)).astype(np.uint8)


def heights(labels: NDArray[np.uint8]) -> NDArray[np.int64]:
    return np.isin(labels, SPACE.ids_of("ground")).sum(axis=2)


def test_bumps_go_and_even_ground_stays() -> None:
    rng = np.random.default_rng(0)
    bumps = 4 + rng.choice((-1, 0, 0, 0, 0, 0, 1), SHAPE[:2])
    assert np.array_equal(level(ground(bumps), ALL, NOTHING, SPACE, ()), ground(4))
    assert np.array_equal(level(ground(4), ALL, NOTHING, SPACE, ()), ground(4))
    slope = ground(4 + np.arange(SHAPE[0])[:, None] // 12)
    kept = level(slope, ALL, NOTHING, SPACE, ())
    assert (heights(kept) != heights(slope)).mean() < 0.05
    assert (np.diff(heights(kept), axis=0) >= 0).all()


def test_kerbs_and_walls_stay() -> None:
    kerb = ground(4)
    kerb[:20, :, :3], kerb[:20, :, 3] = ROAD, 0
    kerb[20:, :, 3] = WALK
    assert np.array_equal(level(kerb, ALL, NOTHING, SPACE, ()), kerb)
    wall = ground(np.where(np.arange(SHAPE[0]) < 20, 3, 14)[:, None])
    kept = heights(level(wall, ALL, NOTHING, SPACE, ()))
    assert kept[19, 5] == 3
    assert kept[20, 5] == 14


def test_what_stands_on_the_ground_neither_floats_nor_moves() -> None:
    high = np.full(SHAPE[:2], 4)
    high[10:13, 10], high[20:23, 20] = 5, 3
    labels = ground(high)
    labels[10:13, 10, 5:8] = labels[20:23, 20, 3:8] = CAR
    out = level(labels, ALL, NOTHING, SPACE, ())
    assert np.array_equal(heights(out), heights(ground(4)))
    assert (out[10:13, 10, 4:8] == CAR).all()
    assert (out[20:23, 20, 4:8] == CAR).all()
    assert int((out == CAR).sum()) == 2 * 12


def test_only_new_voxels_change_and_known_ground_rules() -> None:
    labels = ground(np.where(np.arange(SHAPE[0]) < 40, 4, 5)[:, None])
    made = NOTHING.copy()
    made[40:] = True
    out = level(labels, made, NOTHING, SPACE, ())
    assert np.array_equal(out[:40], labels[:40])
    assert (heights(out)[40:43] == 4).all()
    assert np.array_equal(level(labels, NOTHING, NOTHING, SPACE, ()), labels)
    waiting = NOTHING.copy()
    waiting[:40] = True
    assert np.array_equal(level(labels, made, waiting, SPACE, ()), labels)  # what will be there tells nothing yet
    assert np.array_equal(level(labels, made, NOTHING, SPACE, (SPACE.empty,)), labels)


def test_a_roof_goes_on_at_the_height_it_has() -> None:
    labels, made = ground(4), NOTHING.copy()
    labels[10:40, 10:30, 4:12] = BUILDING
    wanted = labels.copy()
    labels[25:40, 10:30, 12:14] = BUILDING
    made[25:] = True
    out = level(labels, made, NOTHING, SPACE, ())
    assert np.array_equal(out, wanted)
    labels[25:40, 10:30, 14:20] = BUILDING  # a tower beside a house is another house
    assert np.array_equal(level(labels, made, NOTHING, SPACE, ()), labels)


def test_a_roof_that_is_all_but_flat_is_flat_and_a_gable_is_not() -> None:
    labels, rng = ground(4), np.random.default_rng(1)
    top = 12 + rng.integers(-1, 2, SHAPE[:2])
    top[10:40, 10], top[10, 10:30] = 9, 9  # round eaves
    house = np.zeros(SHAPE[:2], np.bool_)
    house[10:40, 10:30] = True
    z = np.arange(SHAPE[2])
    labels[house[:, :, None] & (z >= 4) & (z < top[:, :, None])] = BUILDING
    labels[15, 15, top[15, 15]] = PLANT
    tops = (level(labels, ALL, NOTHING, SPACE, ()) == BUILDING).sum(axis=2)[house]
    assert np.isin(tops, (7, 8)).all()
    assert (tops == 8).mean() > 0.99
    gable = ground(4)
    ridge = 16 - np.abs(np.arange(SHAPE[1]) - 20)
    gable[house[:, :, None] & (z >= 4) & (z < ridge[None, :, None])] = BUILDING
    assert np.array_equal(level(gable, ALL, NOTHING, SPACE, ()), gable)
    assert np.array_equal(level(labels, ALL, NOTHING, SPACE, (BUILDING,)), labels)


def test_generated_ground_has_hardly_a_bump() -> None:
    session = Session("cpu")
    *_, last = session.run(GenerateRequest((128, 128), Sampling(seed=1, steps=2, device="cpu")))
    assert last.result is not None
    scene = VoxelScene.from_labels(last.result.labels)
    assert bumps(scene.read()) < 0.03
    box = Box((30, 34, 0), (94, 98, 32))
    *_, last = session.run(InpaintRequest(scene, VoxelMask.of_box(box), Sampling(seed=2, steps=2, device="cpu")))
    assert last.result is not None
    scene.write(last.result.box, last.result.labels, last.result.mask.array)
    assert bumps(scene.read(box.pad((2, 2, 0)))) < 0.03


def bumps(labels: NDArray[np.uint8]) -> float:
    """Tell how often ground of a class steps up or down from one column to the next."""
    is_ground = np.isin(labels, SPACE.ids_of("ground"))
    top = labels.shape[2] - 1 - np.argmax(is_ground[:, :, ::-1], axis=2)
    kind = np.take_along_axis(labels, top[:, :, None], axis=2)[:, :, 0]
    same = (kind[1:] == kind[:-1]) & is_ground.any(axis=2)[1:] & is_ground.any(axis=2)[:-1]
    return float((top[1:] != top[:-1])[same].mean())

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.errors import GridError, LabelError
from engine.formats.registry import read_scene
from engine.geometry.resample import GROUND_LEVEL, fit_grid, ground_level, resample
from engine.grid import Grid
from engine.labels import UNKNOWN, label_space, label_space_of
from engine.scene import VoxelScene

SPACE = label_space()
ROAD, CAR, BUILDING, POLE, SIGN, VEGETATION = (
    SPACE.find(n) for n in ("road", "car", "building", "pole", "traffic-sign", "vegetation")
)


def street() -> np.ndarray:
    """A street of 0.2 m voxels with a thin pole that carries a sign, a house and a car."""
    labels = np.zeros((48, 40, 24), np.uint8)
    labels[:, :, 3] = ROAD
    labels[4:20, 6:16, 4:20] = BUILDING
    labels[30:44, 8:14, 4:10] = CAR
    labels[25, 27, 4:19] = POLE
    labels[25, 28, 16] = SIGN
    return labels


def scene_of(labels: np.ndarray, size: float = 0.2) -> VoxelScene:
    return VoxelScene.from_labels(labels, Grid(labels.shape, (size, size, size), (5.0, -3.0, -2.0)))


def test_refining_by_a_whole_number_repeats_each_voxel() -> None:
    labels = np.random.default_rng(0).integers(0, 20, (6, 9, 5)).astype(np.uint8)
    fine = resample(scene_of(labels, 0.4), (0.2, 0.4 / 3, 0.4))
    assert np.array_equal(fine.read(), labels.repeat(2, 0).repeat(3, 1))
    assert fine.grid.origin == (5.0, -3.0, -2.0)
    assert np.allclose(fine.grid.extent, (2.4, 3.6, 2.0))


def test_refining_by_a_fraction_takes_the_voxel_that_holds_the_centre() -> None:
    scene = scene_of(np.random.default_rng(1).integers(0, 20, (7, 5, 8)).astype(np.uint8), 0.375)
    fine = resample(scene, (0.2, 0.2, 0.2))
    centres = fine.grid.to_metres(np.argwhere(np.ones(fine.grid.shape, bool)) + 0.5)
    old = np.minimum(np.floor(scene.grid.to_voxels(centres) + 1e-9).astype(int), np.array(scene.grid.shape) - 1)
    assert np.array_equal(fine.read().ravel(), scene.read()[tuple(old.T)])
    assert fine.grid.shape == (14, 10, 15)


@pytest.mark.parametrize("factor", [2, 3, 4])
def test_coarsening_a_refined_scene_gives_it_back(factor: int) -> None:
    labels = np.random.default_rng(2).integers(0, 20, (9, 6, 5)).astype(np.uint8)
    labels[0, :2] = UNKNOWN
    scene = scene_of(labels, 0.4)
    fine = resample(scene, (0.4 / factor,) * 3)
    assert np.array_equal(resample(fine, (0.4, 0.4, 0.4)).read(), labels)


@pytest.mark.parametrize("size", [0.3, 0.4, 0.5, 0.8])
def test_thin_things_survive_coarsening(size: float) -> None:
    scene = scene_of(street())
    coarse = resample(scene, (size, size, size))
    labels = coarse.read()
    x, y = (int(v) for v in np.floor(np.array([25.5, 27.5]) * 0.2 / size))
    heights = np.flatnonzero(np.isin(labels[x, y], [POLE, SIGN]))
    assert (np.diff(heights) == 1).all()
    assert heights[-1] - heights[0] + 1 >= int(14 * 0.2 / size) - 1
    assert (labels == SIGN).any()


@pytest.mark.parametrize("size", [0.3, 0.4, 0.5, 0.8])
def test_a_ground_of_one_layer_keeps_every_column(size: float) -> None:
    labels = street()
    coarse = resample(scene_of(labels), (size, size, size)).read()
    x, y = (
        np.minimum((np.arange(n) + 0.5) * 0.2 / size, m - 1).astype(int)
        for n, m in zip((48, 40), coarse.shape, strict=False)
    )
    covered = np.zeros(coarse.shape[:2], bool)
    np.logical_or.at(covered, np.ix_(x, y), (labels[:, :, 4:] > 0).any(axis=2))
    has_road = (coarse == ROAD).any(axis=2)
    assert has_road[~covered].all()
    assert (coarse[:, :, :3] > 0).any(axis=2).all()


@pytest.mark.parametrize("size", [0.4, 0.8])
def test_empty_space_is_not_eaten(size: float) -> None:
    labels = np.zeros((48, 40, 24), np.uint8)
    labels[3:22, 5:19, 2:21] = VEGETATION
    coarse = resample(scene_of(labels), (size, size, size))
    before = int((labels > 0).sum()) * 0.2**3
    after = int((coarse.read() > 0).sum()) * size**3
    assert after == pytest.approx(before, rel=0.3)
    lone = np.zeros((8, 8, 8), np.uint8)
    lone[3, 3, 3] = VEGETATION
    assert not resample(scene_of(lone), (0.8, 0.8, 0.8)).read().any()


def test_unknown_voxels_do_not_vote() -> None:
    labels = np.full((4, 4, 4), UNKNOWN, np.uint8)
    labels[0, 0, 0] = BUILDING
    labels[2:, 2:, 2:] = 0
    coarse = resample(scene_of(labels), (0.4, 0.4, 0.4)).read()
    expected = np.full((2, 2, 2), UNKNOWN, np.uint8)
    expected[0, 0, 0], expected[1, 1, 1] = BUILDING, 0
    assert np.array_equal(coarse, expected)


def test_instances_follow_the_class_that_wins() -> None:
    labels = street()
    ids = np.where(labels == CAR, 70_001, np.where(labels == POLE, 3, np.where(labels == BUILDING, 9, 0)))
    scene = VoxelScene.from_labels(labels, instances=ids.astype(np.uint32))
    coarse = resample(scene, (0.4, 0.4, 0.4))
    got, owner = coarse.read(), coarse.read_instances()
    for class_id, instance in ((CAR, 70_001), (POLE, 3), (BUILDING, 9), (ROAD, 0), (0, 0)):
        assert set(owner[got == class_id].tolist()) == {instance}


def test_height_is_cut_or_filled_at_the_top() -> None:
    labels = street()
    scene = scene_of(labels)
    assert np.array_equal(resample(scene, (0.2, 0.2, 0.2), 10).read(), labels[:, :, :10])
    tall = resample(scene, (0.2, 0.2, 0.2), 30).read()
    assert np.array_equal(tall[:, :, :24], labels)
    assert not tall[:, :, 24:].any()


def test_sizes_must_be_positive() -> None:
    with pytest.raises(GridError, match="above 0"):
        resample(scene_of(street()), (0.2, -0.2, 0.2))


def test_a_scene_that_fits_comes_back_unchanged() -> None:
    scene = scene_of(street())
    fitted = fit_grid(scene, SPACE, (0.2, 0.2, 0.2), 24)
    assert np.array_equal(fitted.read(), scene.read())
    assert fitted.grid == scene.grid


def test_fitting_brings_the_lowest_ground_to_its_level() -> None:
    labels = np.zeros((20, 16, 60), np.uint8)
    labels[:10, :, 21] = ROAD
    labels[10:, :, 24] = ROAD
    labels[3, 3, 22:59] = POLE
    labels[0, 0, 5] = ROAD
    labels[0, 0, 21] = 0
    scene = scene_of(labels)
    assert ground_level(labels, SPACE) == 21
    fitted = fit_grid(scene, SPACE, (0.2, 0.2, 0.2), 32)
    shift = 21 - GROUND_LEVEL
    assert np.array_equal(fitted.read(), labels[:, :, shift : shift + 32])
    assert np.allclose(fitted.grid.to_metres((0, 0, 0)), scene.grid.to_metres((0, 0, shift)))


def test_fitting_can_fill_up_to_whole_cells() -> None:
    fitted = fit_grid(scene_of(street()[:45, :33]), SPACE, (0.2, 0.2, 0.2), 24, cell=16)
    assert fitted.grid.shape == (48, 48, 24)
    assert np.array_equal(fitted.read()[:45, :33], street()[:45, :33])
    assert not fitted.read()[45:].any()


def test_fitting_another_data_set_translates_its_classes() -> None:
    carla = label_space("carlasc")
    labels = np.zeros((16, 24, 8), np.uint8)
    labels[:, :, 0] = carla.find("ground")
    labels[4:8, 2:6, 1:5] = carla.find("vehicle")
    labels[12, 20, 1:7] = carla.find("pole")
    scene = VoxelScene.from_labels(labels, Grid(labels.shape, (0.4, 0.4, 0.375), (-25.6, -25.6, -2.0)), carla)
    fitted = fit_grid(scene, SPACE, (0.2, 0.2, 0.2), 32)
    assert fitted.grid.shape == (32, 48, 32)
    assert set(np.unique(fitted.read()).tolist()) == {0, CAR, POLE, SPACE.find("terrain")}
    assert ground_level(fitted.read(), SPACE) == GROUND_LEVEL
    assert (fitted.read() == CAR).sum() / (8 * 8) == pytest.approx(4 * 0.375 / 0.2, abs=1)
    mapped = fit_grid(scene, SPACE, (0.2, 0.2, 0.2), 32, {"ground": "road"})
    assert (mapped.read() == ROAD).sum() == (fitted.read() == SPACE.find("terrain")).sum()


def test_fitting_names_classes_without_partner() -> None:
    data = label_space("carlasc").to_json()
    data["classes"][6]["name"] = "runway"
    scene = VoxelScene(Grid((8, 8, 8)), label_space_of(data, "test"))
    with pytest.raises(LabelError, match="runway"):
        fit_grid(scene, SPACE, (0.2, 0.2, 0.2), 32)


def test_real_grids_fit_the_city(samples: Path) -> None:
    frame = read_scene(samples / "semantickitti" / "001000.label")
    assert np.array_equal(fit_grid(frame, SPACE, (0.2, 0.2, 0.2), 32).read(), frame.read())
    prediction = fit_grid(read_scene(samples / "ssc" / "lmsc_001000.label"), SPACE, (0.2, 0.2, 0.2), 32)
    assert prediction.grid.shape == (256, 256, 32)
    counts = prediction.count_classes()
    assert counts[POLE] > 0
    assert counts[SPACE.find("road")] > 15_000

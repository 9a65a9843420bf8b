"""Voxels that do not say, or do not share, what a model needs."""

from __future__ import annotations

import numpy as np
import pytest
from fakes import BUILDING, CAR, ROAD, FakeCard, street

from editor.model.importing import Choices, arrange, guess_axes, guess_classes, raw_of, read_raw, shape_of
from engine.errors import FormatError
from engine.labels import UNKNOWN, label_space
from engine.scene import VoxelScene

SPACE = label_space("semantickitti")
CARD = FakeCard(height=12, cell=16)


def save(tmp_path, array, name="voxels.npy"):
    if name.endswith(".npz"):
        np.savez(tmp_path / name, **array)
    else:
        np.save(tmp_path / name, array)
    return tmp_path / name


def test_every_order_of_axes_gives_the_same_scene(tmp_path):
    labels = street((48, 32, 12)).read()
    for axes in ("xyz", "zyx", "xzy", "yxz", "zxy", "yzx"):
        turned = labels.transpose(["xyz".index(a) for a in axes])
        raw = read_raw(save(tmp_path, turned))
        assert shape_of(raw, axes) == (48, 32, 12)
        scene = arrange(raw, Choices(axes, {n: n for n in raw.counts}, (0.2,) * 3, "keep"), SPACE, CARD)
        np.testing.assert_array_equal(scene.read(), labels)


def test_the_shortest_axis_is_taken_for_the_height():
    assert [guess_axes(s) for s in ((48, 32, 12), (12, 32, 48), (48, 12, 32), (8, 8, 8))] == [
        "xyz",
        "zyx",
        "xzy",
        "xyz",
    ]


def test_numbers_become_classes_by_the_data_set_s_own_or_by_choice(tmp_path):
    array = np.zeros((6, 5, 4), np.uint16)
    array[0, 0, 0], array[1, 0, 0], array[2, 0, :2] = 40, 252, 1234
    raw = read_raw(save(tmp_path, array))
    assert dict(raw.counts) == {0: 116, 40: 1, 252: 1, 1234: 2}
    guessed = guess_classes(raw, SPACE)
    assert guessed == {0: 0, 40: ROAD, 252: CAR}, "raw ids of the data set; what nothing is known about is left out"
    scene = arrange(raw, Choices("xyz", guessed, (0.5, 0.5, 0.5), "keep"), SPACE, None)
    assert scene.read()[2, 0, 0] == UNKNOWN
    assert scene.read()[1, 0, 0] == CAR
    assert scene.grid.voxel_size == (0.5, 0.5, 0.5)
    scene = arrange(raw, Choices("xyz", {**guessed, 1234: BUILDING}, (0.2,) * 3, "keep"), SPACE, None)
    assert (scene.read() == BUILDING).sum() == 2


def test_a_scene_of_other_classes_finds_its_partners_by_the_shipped_table():
    other = label_space("carlasc")
    labels = np.full((4, 3, 2), other.empty, np.uint8)
    labels[0, 0, 0], labels[1, 2, 1] = other.find("vehicle"), other.find("road")
    raw = raw_of(VoxelScene.from_labels(labels, space=other), "carla")
    guessed = guess_classes(raw, SPACE, other)
    assert guessed[other.find("road")] == ROAD
    assert guessed[other.empty] == SPACE.empty
    scene = arrange(raw, Choices("xyz", {**guessed, other.find("vehicle"): CAR}, raw.voxel_size, "keep"), SPACE, CARD)
    assert (scene.read()[0, 0, 0], scene.read()[1, 2, 1]) == (CAR, ROAD)
    assert scene.space == SPACE


@pytest.mark.parametrize(("fit", "size"), [("pad", (48, 48, 12)), ("crop", (32, 32, 12)), ("keep", (41, 37, 9))])
def test_a_scene_is_padded_or_cropped_to_whole_cells_and_the_height(tmp_path, fit, size):
    labels = np.zeros((41, 37, 9), np.uint8)
    labels[:, :, :2] = ROAD
    labels[20, 18, 2:7] = BUILDING
    raw = read_raw(save(tmp_path, labels))
    scene = arrange(raw, Choices("xyz", {n: n for n in raw.counts}, (0.2,) * 3, fit), SPACE, CARD)
    assert scene.grid.shape == size
    assert (scene.read() == BUILDING).sum() == 5, "what stands in the middle is kept"


def test_less_than_a_cell_is_never_cropped_away(tmp_path):
    raw = read_raw(save(tmp_path, np.full((7, 40, 5), ROAD, np.uint8)))
    scene = arrange(raw, Choices("xyz", {ROAD: ROAD}, (0.2,) * 3, "crop"), SPACE, CARD)
    assert scene.grid.shape == (16, 32, 12)


@pytest.mark.parametrize(
    ("array", "name", "words"),
    [
        (np.zeros((4, 4), np.uint8), "a.npy", "shape"),
        (np.zeros((4, 4, 4), np.float32), "a.npy", "float32"),
        (np.full((2, 2, 2), -1), "a.npy", "run from -1"),
        (np.arange(512).reshape(8, 8, 8), "a.npy", "512 different numbers"),
        ({"x": np.zeros(3)}, "a.npz", "no array with three axes but x"),
    ],
)
def test_what_cannot_be_voxels_is_refused(tmp_path, array, name, words):
    with pytest.raises(FormatError, match=words):
        read_raw(save(tmp_path, array, name))


def test_the_voxels_of_an_archive_are_found(tmp_path):
    voxels = np.full((3, 4, 5), CAR, np.uint8)
    raw = read_raw(save(tmp_path, {"other": np.zeros(3), "occupancy": voxels}, "a.npz"))
    np.testing.assert_array_equal(raw.voxels, voxels)

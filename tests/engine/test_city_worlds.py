from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import label

from engine.data.city import archive
from engine.data.city.archive import open_worlds, write_worlds
from engine.data.city.generator import STYLES, make_world
from engine.data.city.world import World
from engine.data.crops import CropSampler, apply_symmetry
from engine.errors import ScenewrightError

SIZE = (640, 448)
VEHICLES = (1, 4, 5)
THINGS = (1, 2, 3, 4, 5, 6, 7, 8, 13, 16, 18, 19)


@pytest.fixture(scope="module")
def worlds() -> list[World]:
    return [make_world(seed, SIZE, style=style) for seed, style in ((3, "suburb"), (4, "centre"), (8, "industrial"))]


def top_classes(labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    high = labels.shape[2] - 1 - (labels > 0)[..., ::-1].argmax(-1)
    return np.take_along_axis(labels, high[..., None], 2)[..., 0]


def test_the_same_seed_gives_the_same_bytes_and_another_does_not(worlds: list[World]) -> None:
    again, other = make_world(3, SIZE, style="suburb"), make_world(33, SIZE, style="suburb")
    assert again.labels.tobytes() == worlds[0].labels.tobytes()
    assert again.instance_ids.tobytes() == worlds[0].instance_ids.tobytes()
    assert np.mean(other.labels != worlds[0].labels) > 0.1


def test_a_world_has_the_shape_and_the_style_that_were_asked_for() -> None:
    world = make_world(8, (192, 256), height=40, style="village")
    assert world.labels.shape == (192, 256, 40)
    assert world.labels.dtype == np.uint8
    assert world.style == "village"
    assert world.labels[..., 32:].any(), "tall trees use the layers above the default height"
    assert make_world(2, (96, 128)).style in STYLES


def test_wrong_wishes_are_refused_with_what_to_do() -> None:
    with pytest.raises(ScenewrightError, match="choose one of suburb"):
        make_world(0, SIZE, style="moon")
    with pytest.raises(ScenewrightError, match="at least 64 x 64 x 16"):
        make_world(0, (32, 400))


def test_all_classes_appear_in_believable_shares(worlds: list[World]) -> None:
    seen = np.concatenate([np.unique(w.labels) for w in worlds])
    assert set(range(20)) <= set(seen.tolist())
    assert seen.max() == 19
    for world in worlds:
        share = np.bincount(top_classes(world.labels).ravel(), minlength=20) / (SIZE[0] * SIZE[1])
        assert 0.12 < share[9] < 0.36, "road"
        assert 0.05 < share[11] < 0.3, "sidewalk"
        assert 0.02 < share[13] < 0.45, "building"
        assert 0.004 < share[15] < 0.4, "vegetation, of which little shows in a winter"
        assert 0.005 < share[1] < 0.1, "car"


def test_ground_is_closed_and_nothing_lies_below_it(worlds: list[World]) -> None:
    ground = np.isin(worlds[0].labels, (9, 10, 11, 12, 17))
    assert (worlds[0].labels[..., 0] > 0).all()
    air = np.maximum.accumulate(worlds[0].labels == 0, axis=-1)
    assert not (ground & air).any()


def test_vehicles_stand_on_road_or_parking(worlds: list[World]) -> None:
    for world in worlds:
        vehicle = np.isin(world.labels, VEHICLES)
        columns = vehicle.any(-1)
        below = np.where(vehicle.argmax(-1) > 0, vehicle.argmax(-1) - 1, 0)
        under = world.labels[..., :12][np.nonzero(columns)]
        ground = np.array(
            [c[: max(b, 1)][c[: max(b, 1)] > 0][-1] for c, b in zip(under, below[columns] + 1, strict=True)]
        )
        assert np.isin(ground, (9, 10)).mean() >= 0.97


def test_nothing_floats(worlds: list[World]) -> None:
    for world in worlds:
        parts, count = label(world.labels > 0)
        grounded = np.zeros(count + 1, bool)
        grounded[np.unique(parts[..., 0])] = True
        floating = ~grounded[parts] & (world.labels > 0)
        assert floating.sum() < 2e-4 * (world.labels > 0).sum()


def test_roads_hang_together(worlds: list[World]) -> None:
    for world in worlds:
        parts, _ = label((world.labels == 9).any(-1))
        area = np.bincount(parts.ravel())[1:]
        assert area.max() / area.sum() > 0.7


def test_trees_do_not_stand_in_the_road(worlds: list[World]) -> None:
    for world in worlds:
        foot = (world.labels == 16).argmax(-1)
        x, y = np.nonzero((world.labels == 16).any(-1))
        below = world.labels[x, y, np.maximum(foot[x, y] - 1, 0)]
        assert np.isin(below, (11, 12, 15, 16, 17)).all()


def test_instances_are_things_and_every_thing_has_one(worlds: list[World]) -> None:
    for world in worlds:
        assert (np.diff(world.instance_voxels) > 0).all()
        mine = world.labels.reshape(-1)[world.instance_voxels]
        assert (mine > 0).all()
        assert not np.isin(mine, (9, 10, 11, 12, 17)).any()
        thing = np.flatnonzero(np.isin(world.labels, THINGS))
        assert np.isin(thing, world.instance_voxels).all()
        cars = mine == 1
        for ident in np.unique(world.instance_ids[cars]):
            assert (mine[world.instance_ids == ident] == 1).all(), "a car's voxels are all car"


def test_crops_equal_slices(worlds: list[World]) -> None:
    world = worlds[1]
    crop = world.crop(37, 101, (96, 64))
    assert crop.flags.c_contiguous
    assert np.array_equal(crop, world.labels[37:133, 101:165])
    dense = np.zeros(world.labels.size, np.uint32)
    dense[world.instance_voxels] = world.instance_ids
    idents = world.crop_instances(37, 101, (96, 64))
    assert np.array_equal(idents, dense.reshape(world.labels.shape)[37:133, 101:165])
    with pytest.raises(ScenewrightError, match="start of at most"):
        world.crop(600, 0, (96, 64))


def test_an_archive_gives_worlds_back_and_makes_none_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = list(write_worlds(tmp_path, 2, seed=5, size=(160, 96), processes=1))
    stamp = first[0].stat().st_mtime_ns
    made = []
    monkeypatch.setattr(archive, "make_world", lambda seed, size: made.append(seed) or make_world(seed, size))
    assert sorted(write_worlds(tmp_path, 3, seed=5, size=(160, 96), processes=1))[:2] == sorted(first)
    assert made == [7]
    assert first[0].stat().st_mtime_ns == stamp
    world, fresh = open_worlds(tmp_path)[0], make_world(5, (160, 96))
    assert np.array_equal(world.labels, fresh.labels)
    assert np.array_equal(world.instance_voxels, fresh.instance_voxels)
    assert np.array_equal(world.instance_ids, fresh.instance_ids)
    assert (world.seed, world.style) == (5, fresh.style)


def test_an_interrupted_write_leaves_no_half_world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(archive, "finish_draft", stop)
        with pytest.raises(KeyboardInterrupt):
            list(write_worlds(tmp_path, 1, size=(96, 128), processes=1))
    with pytest.raises(ScenewrightError, match="no worlds"):
        open_worlds(tmp_path)
    assert len(list(write_worlds(tmp_path, 1, size=(96, 128), processes=1))) == 1
    assert [w.labels.shape for w in open_worlds(tmp_path)] == [(96, 128, 32)]


def test_symmetries_are_the_eight_of_the_square() -> None:
    crop = np.arange(6 * 4 * 2, dtype=np.uint8).reshape(6, 4, 2)
    turned = [apply_symmetry(crop, turn) for turn in range(8)]
    assert np.array_equal(turned[1], crop[::-1])
    assert np.array_equal(turned[2], crop[:, ::-1])
    assert np.array_equal(turned[4], crop.transpose(1, 0, 2))
    assert len({t.tobytes() + bytes(t.shape) for t in turned}) == 8


def test_sampled_crops_come_from_the_worlds_in_the_asked_size(worlds: list[World]) -> None:
    sampler = CropSampler(worlds[:1], (96, 48), np.random.default_rng(7))
    batch = sampler.batch(12)
    assert batch.shape == (12, 96, 48, 32)
    assert len({c.tobytes() for c in batch}) == 12
    again = CropSampler(worlds[:1], (96, 48), np.random.default_rng(7)).batch(12)
    assert np.array_equal(batch, again)
    assert set(np.unique(batch)) <= set(np.unique(worlds[0].labels))
    with pytest.raises(ScenewrightError, match="smaller than the crop"):
        CropSampler(worlds, (512, 48), np.random.default_rng(0))


@pytest.mark.parametrize("seed", [11, 12])
def test_small_worlds_with_few_streets_can_be_made(seed: int) -> None:
    assert make_world(seed, (512, 512)).labels.any()

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.errors import GridError
from engine.evaluation import completion, corruptions, roads, seams, structure
from engine.grid import Box
from engine.labels import UNKNOWN, label_space
from engine.mask import VoxelMask

SPACE = label_space()
ROAD, SIDEWALK, BUILDING, CAR, POLE, PARKING = (
    SPACE.find(n) for n in ("road", "sidewalk", "building", "car", "pole", "parking")
)
SHAPE = (160, 120)
Bools = NDArray[np.bool_]


def plan(*areas: tuple[int, int, int, int]) -> Bools:
    out = np.zeros(SHAPE, dtype=np.bool_)
    for x0, x1, y0, y1 in areas:
        out[x0:x1, y0:y1] = True
    return out


ALONG, ACROSS = (0, 160, 50, 70), (70, 90, 0, 120)


@pytest.mark.parametrize(
    ("areas", "degrees"),
    [
        ([ALONG], []),
        ([ALONG, ACROSS], [4]),
        ([ALONG, (70, 90, 0, 60)], [3]),
        ([(0, 100, 50, 70)], [1]),
        ([(30, 120, 50, 70)], [1, 1]),
        ([ALONG, (70, 90, 60, 100)], [1, 3]),
        ([ALONG, (20, 40, 0, 60), (110, 130, 60, 120)], [3, 3]),
    ],
    ids=["straight", "crossing", "T", "dead end", "alone", "cul-de-sac", "staggered"],
)
def test_junctions_and_dead_ends_are_counted(areas: list[tuple[int, int, int, int]], degrees: list[int]) -> None:
    found = roads.measure_streets(plan(*areas))
    assert sorted(found.degrees) == degrees
    assert found.largest == 1


def test_a_street_is_as_wide_as_it_was_drawn() -> None:
    widths = roads.measure_streets(plan(ALONG)).widths
    assert len(widths) == 80
    assert np.abs(widths - 20).max() <= 2


def test_the_stripes_of_a_crossing_do_not_cut_a_street() -> None:
    road = plan(ALONG)
    road[80:96:6] = road[81:96:6] = road[82:96:6] = False
    assert roads.measure_streets(road).largest == 1
    road[40:52] = False
    assert roads.measure_streets(road).largest == pytest.approx(108 / 148, abs=0.02)
    assert roads.measure_streets(plan()).largest is None


def small_town() -> NDArray[np.uint8]:
    labels = np.zeros((*SHAPE, 24), np.uint8)
    labels[:, :, 0] = SIDEWALK
    labels[:, 50:70, 0] = ROAD
    labels[10:40, 10:30, 1:16] = BUILDING
    labels[100:120, 80:105, 1:11] = BUILDING
    labels[150:152, 10:12, 1:5] = BUILDING
    labels[50:60, 52:56, 1:6] = CAR
    labels[80:90, 48:52, 1:6] = CAR
    return labels


def test_buildings_and_cars_of_a_small_town() -> None:
    found = structure.measure_structure(small_town(), SPACE)
    assert sorted(found["building_footprints"]) == pytest.approx([500 * 0.04, 600 * 0.04])
    assert sorted(found["building_heights"]) == pytest.approx([10 * 0.2, 15 * 0.2])
    assert found["cars_on_road"] == pytest.approx([60 / 80])
    assert found["road_largest"] == pytest.approx([1])
    assert found["floating"] == pytest.approx([0])
    assert found["road_widths"].mean() == pytest.approx(4.0, abs=0.4)


def test_what_hangs_in_the_air_is_told_from_what_stands() -> None:
    labels = small_town()
    before = int((labels != 0).sum())
    labels[70, 90, 12:20] = POLE
    assert structure.floating_share(labels, SPACE) == pytest.approx(8 / (before + 8))
    labels[70, 90, 1:12] = POLE
    assert structure.floating_share(labels, SPACE) == 0
    assert structure.floating_share(np.zeros((4, 5, 6), np.uint8), SPACE) == 0
    assert structure.floating_share(np.full((4, 5, 6), UNKNOWN, np.uint8), SPACE) == 0


def test_wasserstein_is_the_way_the_samples_must_go() -> None:
    town = structure.pool([structure.measure_structure(small_town(), SPACE)] * 2)
    assert set(structure.compare_structure(town, town).values()) == {0.0}
    taller = {**town, "building_heights": town["building_heights"] + 1.4}
    assert structure.compare_structure(town, taller)["building_heights"] == pytest.approx(1.4)
    carless = {**town, "cars_on_road": np.zeros(0)}
    assert structure.compare_structure(town, carless)["cars_on_road"] == pytest.approx(0.75)


def test_a_scene_without_seams_has_ratio_one_and_a_shifted_tile_shows() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, (192, 128, 8)).astype(np.uint8)
    assert seams.count_tile_seams(labels, 64, np.random.default_rng(1)).ratio == pytest.approx(1, abs=0.05)
    stripes = np.broadcast_to(np.arange(192)[:, None, None] // 16 % 2, (192, 128, 8)).astype(np.uint8)
    found = seams.count_tile_seams(stripes, 64, np.random.default_rng(2))
    assert found.border_pairs == found.inner_pairs == 2 * 128 * 8 + 192 * 8
    assert found.border_differ == 2 * 128 * 8
    assert seams.SeamCount(10, 5, 20, 2).ratio == pytest.approx(5)
    assert seams.SeamCount(10, 5, 20, 0).ratio is None


def test_the_sides_of_an_edited_box_are_compared_with_planes_beside_it() -> None:
    labels = np.random.default_rng(3).integers(0, 2, (64, 48, 6)).astype(np.uint8)
    box = Box((10, 8, 0), (40, 20, 6))
    plain = seams.count_box_seams(labels, box, np.random.default_rng(4))
    assert plain.border_pairs == 2 * (12 * 6) + 2 * (30 * 6)
    labels[box.slices] = 7
    edited = seams.count_box_seams(labels, box, np.random.default_rng(4))
    assert edited.border_differ == edited.border_pairs
    assert edited.inner_differ == plain.inner_differ


def test_leaks_are_counted_outside_the_mask_only() -> None:
    before = np.zeros((8, 6, 4), np.uint8)
    after = before.copy()
    after[2:4, 1:3, 0] = 5
    after[7, 5, 3] = 5
    mask = VoxelMask.of_box(Box((2, 1, 0), (5, 4, 2)))
    assert seams.count_leaks(before, after, mask) == 1


def test_completion_counts_as_the_benchmark_does() -> None:
    truth = np.array([[[1, 1, 9, 0, 0, UNKNOWN]]], np.uint8)
    guess = np.array([[[1, 9, 9, 9, 0, 1]]], np.uint8)
    found = completion.Confusion.of(truth, guess, SPACE)
    assert found.iou == pytest.approx(3 / 4)
    assert found.per_class[[1, 9]] == pytest.approx([1 / 2, 1 / 3])
    assert found.miou == pytest.approx((1 / 2 + 1 / 3) / 2)
    invalid = np.array([[[False, True, False, True, False, False]]])
    perfect = completion.Confusion.of(truth, guess, SPACE, invalid)
    assert (perfect.iou, perfect.miou) == (1, 1)
    both = found + perfect
    assert both.iou == pytest.approx(5 / 6)
    score = completion.compare_completion(found, perfect)
    assert (score.iou_before, score.iou_after) == (found.iou, 1)
    with pytest.raises(GridError, match="differ in shape"):
        completion.Confusion.of(truth, guess[:, :, :3], SPACE)


def test_noise_hits_the_share_of_solid_voxels_that_it_says() -> None:
    labels = small_town()
    solid = labels != 0
    noisy = corruptions.add_noise(labels, SPACE, np.random.default_rng(0), 0.05)
    assert not (noisy != labels)[~solid].any()
    assert (noisy != labels)[solid].mean() == pytest.approx(0.05, abs=0.005)
    assert noisy.max() < len(SPACE)


def test_shuffled_tiles_are_the_same_tiles_elsewhere() -> None:
    labels = np.arange(160 * 120, dtype=np.uint64).reshape(160, 120, 1).astype(np.uint8).repeat(2, axis=2)
    shuffled = corruptions.shuffle_tiles(labels, np.random.default_rng(1), tile=40)
    assert not np.array_equal(shuffled, labels)

    def tiles(a: NDArray[np.uint8]) -> list[bytes]:
        return sorted(a[x : x + 40, y : y + 40].tobytes() for x in range(0, 160, 40) for y in range(0, 120, 40))

    assert tiles(shuffled) == tiles(labels)


def test_wobbling_moves_columns_whole_and_not_far() -> None:
    labels = np.zeros((40, 56, 4), np.uint8)
    labels[:, 25:30, 1:3] = 13
    waved = corruptions.wobble(labels, np.random.default_rng(4), most=3.0)
    assert set(map(tuple, waved.reshape(-1, 4).tolist())) == {(0, 0, 0, 0), (0, 13, 13, 0)}
    assert not np.array_equal(waved, labels)
    assert not waved[:, :22].any()
    assert not waved[:, 33:].any()
    assert np.array_equal(corruptions.wobble(labels, np.random.default_rng(4), most=0.4), labels)


def test_smoothing_takes_thin_things_away_and_keeps_walls() -> None:
    labels = np.zeros((20, 24, 12), np.uint8)
    labels[:, :, :4] = 9
    labels[5, 6, 4:] = 18
    labels[10:16, 10:18, 4:] = 13
    smoothed = corruptions.smooth(labels)
    assert not (smoothed == 18).any()
    assert np.array_equal(smoothed[1:-1, 1:9, :3], labels[1:-1, 1:9, :3])
    assert np.array_equal(smoothed[11:15, 11:17], labels[11:15, 11:17])
    assert (smoothed == 13).sum() < (labels == 13).sum()


def test_a_removed_class_leaves_all_others() -> None:
    labels = small_town()
    bare = corruptions.remove_class(labels, SPACE, "car")
    assert not (bare == CAR).any()
    assert np.array_equal(bare[labels != CAR], labels[labels != CAR])


def test_a_metric_that_stays_still_is_named() -> None:
    flat = {"f3d": 2.0, "kid": 0.1, "recall": 0.8, "coverage": 0.8, "class_js": 0.01, "tpkl": 0.1, "seam_ratio": 1.0}
    quantities = dict.fromkeys(structure.QUANTITIES, 0.2)
    floor = {**flat, "memorisation_z": 0.0, "structure": quantities}
    bad = dict.fromkeys(flat, 9.0) | {"recall": 0.0, "coverage": 0.1, "memorisation_z": 9.0}
    worse = {**bad, "structure": dict.fromkeys(quantities, 9.0)}
    ladder = {name: dict(worse) for name in corruptions.REACTIONS}
    ladder["noise_5"]["f3d"], ladder["noise_10"]["f3d"] = 10.0, 11.0
    assert corruptions.find_broken(floor, ladder) == []
    ladder["cars_removed"]["tpkl"] = 0.1
    ladder["one_training_scene"]["recall"] = 0.79
    ladder["noise_10"]["f3d"] = 9.5
    found = corruptions.find_broken(floor, ladder)
    assert [line.split(" (")[0] for line in found] == [
        "tpkl does not react to cars_removed",
        "recall does not react to one_training_scene",
        "f3d does not grow with the noise",
    ]


def test_the_place_on_the_ladder_is_between_two_rungs() -> None:
    ladder = {"noise_1": {"f3d": 3.0}, "noise_5": {"f3d": 8.0}, "noise_10": {"f3d": 20.0}}
    assert corruptions.place_on_ladder(5.0, ladder) == "better than noise_5, worse than noise_1"
    assert corruptions.place_on_ladder(1.0, ladder) == "better than noise_1"
    assert corruptions.place_on_ladder(99.0, ladder) == "worse than noise_10"

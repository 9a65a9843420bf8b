from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.data.city.generator import make_world
from engine.data.crops import apply_symmetry
from engine.data.scans.drive import SENSOR_HEIGHT, cut_scene, find_drive, find_ground
from engine.data.scans.examples import Example, make_example
from engine.data.scans.lidar import Lidar, ring_directions, scan
from engine.data.scans.visibility import see, see_along
from engine.errors import RequestError
from engine.geometry.rays import first_hit

SHAPE = (60, 44, 22)
SENSOR = (0.5, 20.5, 11.4)
EXACT = Lidar(drop=0, thinning=0, porosity=0, noise=0, roughness=0)
ROAD, TERRAIN, BUILDING, VEGETATION, POLE, OTHER_GROUND = 9, 17, 13, 15, 18, 12


def _yard() -> np.ndarray:
    """Ground of one class on each side, a house, a hedge and a pole."""
    labels = np.zeros(SHAPE, np.uint8)
    labels[:, :25, :3] = ROAD
    labels[:, 25:, :4] = TERRAIN
    labels[30:42, 28:40, 4:18] = BUILDING
    labels[12:20, 2:6, 3:9] = VEGETATION
    labels[25, 21, 3:15] = POLE
    return labels


def _avenue(axis: int = 0) -> np.ndarray:
    """A road along one axis, off the middle, between terrain; a car on it and a house beside."""
    labels = np.zeros((96, 96, 24), np.uint8)
    labels[:, :, :3] = TERRAIN
    labels[:, 30:56, 2] = ROAD
    labels[60:70, 70:90, 3:20] = BUILDING
    return np.ascontiguousarray(labels.swapaxes(0, axis))


@pytest.fixture(scope="module")
def street() -> Example:
    return _example(0)


def _example(number: int) -> Example:
    rng = np.random.default_rng(number)
    return make_example(cut_scene(make_world(2_000_000 + number, (512, 512)).labels, (256, 256), rng), rng)


def _first_boxes(solid: np.ndarray, origin: np.ndarray, ways: np.ndarray) -> set[tuple[int, ...]]:
    """Meet all solid voxels' boxes with each ray; slow, but with nothing in common with a walk through the grid."""
    voxels = np.argwhere(solid)
    found = set()
    for way in ways:
        near, far = np.sort(np.stack([(voxels - origin) / way, (voxels + 1 - origin) / way]), axis=0)
        start, stop = np.maximum(near.max(axis=1), 0), far.min(axis=1)
        start[start >= stop] = np.inf
        if np.isfinite(start).any():
            found.add(tuple(voxels[start.argmin()].tolist()))
    return found


def test_a_scan_is_what_its_rays_meet_first_among_all_voxels() -> None:
    labels = _yard()
    few = Lidar(azimuths=12, drop=0, thinning=0, porosity=0, noise=0, roughness=0)
    sparse = scan(labels, SENSOR, np.random.default_rng(0), few).sparse
    expected = _first_boxes(labels != 0, np.array(SENSOR), ring_directions(few))
    assert len(expected) > 80
    assert set(map(tuple, np.argwhere(sparse).tolist())) == expected
    assert np.array_equal(sparse[sparse != 0], labels[sparse != 0])


def test_rings_span_what_the_real_scanner_spans() -> None:
    ways = ring_directions(Lidar())
    assert ways.shape == (2083 * 64, 3)
    np.testing.assert_allclose(np.linalg.norm(ways, axis=1), 1)
    rise = np.unique(np.degrees(np.arcsin(ways[:, 2])).round(6))
    assert len(rise) == 64
    assert (rise.min(), rise.max()) == (-24.8, 2.0)


def test_nothing_behind_a_closed_wall_is_seen() -> None:
    labels = _yard()
    labels[22] = BUILDING
    taken = scan(labels, SENSOR, np.random.default_rng(0))
    assert not taken.sparse[23:].any()
    assert not taken.seen[23:].any()
    assert taken.occluded[23:].all()
    assert taken.seen[1:22, 10:30, 12].all()
    assert taken.seen[22, 10:30, 5:].all()


def test_a_low_wall_hides_what_lies_below_the_line_over_its_top() -> None:
    labels = np.zeros(SHAPE, np.uint8)
    labels[20, :, :8] = BUILDING
    seen = see(labels != 0, SENSOR, 0.2)
    x, _, z = np.moveaxis(np.indices(SHAPE) + 0.5, 0, -1)[21:].reshape(-1, 3).T
    along = (20.5 - SENSOR[0]) / (x - SENSOR[0])
    crossing = SENSOR[2] + (z - SENSOR[2]) * along  # height of the line of sight above the wall
    clear = np.abs(crossing - 8) > 0.6
    assert np.array_equal(seen[21:].reshape(-1)[clear], (crossing > 8)[clear])


def test_visible_voxels_agree_with_single_lines_of_sight() -> None:
    labels = _yard()
    seen, rng = see(labels != 0, SENSOR, 0.3), np.random.default_rng(1)
    free = np.argwhere(labels == 0)
    picks = free[rng.choice(len(free), 800, replace=False)]
    lines = []
    for voxel in picks:
        way = voxel + 0.5 - np.array(SENSOR)
        hit = first_hit(labels, SENSOR, way)
        lines.append(hit is None or hit.distance > np.linalg.norm(way))
    assert 0.1 < 1 - np.mean(lines) < 0.6
    assert np.mean(seen[tuple(picks.T)] == lines) > 0.985


def test_matter_is_seen_by_the_faces_that_look_to_the_sensor() -> None:
    labels = np.zeros(SHAPE, np.uint8)
    labels[30:34, 18:24, 4:18] = BUILDING
    seen = see(labels != 0, SENSOR)
    assert seen[30, 18:24, 5:17].all()
    assert not seen[31:34, 19:23, 5:17].any()
    back = see(labels != 0, (59.5, 20.5, 11.4))
    assert back[33, 18:24, 5:17].all()
    assert not back[30, 18:24, 5:17].any()
    both = see_along(labels != 0, [(59.5, 20.5, 11.4)], seen, 0.5)
    assert both[seen | back].all()
    assert not both[31:33, 19:23, 5:17].any()


def test_hits_thin_out_with_range() -> None:
    plain = np.zeros((256, 200, 20), np.uint8)
    plain[:, :, :2] = ROAD
    place = (0.0, 80.0, 2 + SENSOR_HEIGHT)
    x, y = np.indices(plain.shape[:2]) + 0.5
    ring = (np.hypot(x - place[0], y - place[1]) / 25).astype(int)

    def density(thinning: float) -> np.ndarray:
        how = Lidar(drop=0, thinning=thinning, noise=0, roughness=0)
        hits = (scan(plain, place, np.random.default_rng(2), how).sparse != 0).sum(axis=2)
        return np.array([hits[ring == r].mean() for r in range(1, 9)])

    none, much = density(0.0), density(0.95)
    assert (np.diff(none) < 0.002).all()
    assert none[-1] < 0.1 * none[0]
    share = much / none
    assert share[0] > 0.95
    assert share[-1] < 0.9
    assert (np.diff(share) < 0.03).all()


def test_rough_surfaces_and_porous_crowns_are_hit_within_and_nothing_else_is() -> None:
    labels = _yard()
    exact = scan(labels, SENSOR, np.random.default_rng(3), EXACT).sparse
    real = scan(labels, SENSOR, np.random.default_rng(3)).sparse
    inner = (real != 0) & (exact == 0)
    assert (inner & (labels == VEGETATION)).sum() > 10
    assert (inner & (labels == TERRAIN)).sum() > (inner & (labels == BUILDING)).sum() > 10
    assert np.array_equal(real[real != 0], labels[real != 0])


def test_the_same_seed_gives_the_same_scan_and_another_one_another() -> None:
    labels = _yard()
    a, b, c = (scan(labels, SENSOR, np.random.default_rng(s)) for s in (4, 4, 5))
    assert np.array_equal(a.sparse, b.sparse)
    assert np.array_equal(a.seen, b.seen)
    assert not np.array_equal(a.sparse, c.sparse)


def test_a_sensor_inside_matter_is_refused() -> None:
    labels = _yard()
    with pytest.raises(RequestError, match="inside of class 13"):
        scan(labels, (35.0, 30.0, 10.0), np.random.default_rng(0))


@pytest.mark.parametrize("axis", [0, 1])
def test_a_drive_turns_the_scene_so_that_its_road_leads_along_x(axis: int) -> None:
    labels = _avenue(axis)
    drive = find_drive(labels, np.random.default_rng(6))
    turned = apply_symmetry(labels, drive.turn)
    assert (turned[:, 40, 2] == ROAD).all() or (turned[:, 55, 2] == ROAD).all()
    x, y, z = np.array(drive.poses).T
    assert x[0] == 0.5
    assert x[-1] > 80
    assert (np.diff(x) > 0).all()
    assert (turned[x.astype(int), y.astype(int), 2] == ROAD).all()
    np.testing.assert_allclose(z, 3 + SENSOR_HEIGHT)


def test_cars_block_the_lane_and_trees_far_above_do_not() -> None:
    labels = _avenue()
    labels[40:60, 38:48, 3:9] = 1
    labels[20:30, 30:56, 18:22] = VEGETATION
    labels[70, 30:56:3, 2] = OTHER_GROUND
    ground, lane = find_ground(labels)
    assert ground[50, 10] == 2
    assert not lane[40:60, 34:52].any()
    assert lane[20:30, 40].all()
    assert lane[70, 40]
    assert not lane[:, :30].any()


def test_without_a_road_open_ground_serves_and_without_ground_nothing_does() -> None:
    labels = _avenue()
    labels[labels == ROAD] = TERRAIN
    drive = find_drive(labels, np.random.default_rng(0))
    assert len(drive.poses) > 1
    with pytest.raises(RequestError, match="no open ground"):
        find_drive(np.full((64, 64, 24), BUILDING, np.uint8), np.random.default_rng(0))


def test_a_scene_cut_for_a_drive_starts_on_a_road_amid_its_edge() -> None:
    world = make_world(2_000_003, (448, 448)).labels
    for seed in range(4):
        scene = cut_scene(world, (192, 128), np.random.default_rng(seed))
        assert scene.shape == (192, 128, 32)
        _, lane = find_ground(scene)
        assert lane[0:3, 60:69].any()
    with pytest.raises(RequestError, match="smaller than a scene"):
        cut_scene(world, (512, 256), np.random.default_rng(0))


def test_invalid_voxels_are_those_that_no_pose_has_seen(street: Example) -> None:
    assert not (street.invalid & street.seen).any()
    assert not (street.invalid & (street.sparse != 0)).any()
    assert street.seen[street.sparse != 0].all()
    assert (~street.seen & ~street.invalid).mean() > 0.1  # later poses see more
    solid = street.complete != 0
    inner = solid[:-2, 1:-1, 1:-1] & solid[2:, 1:-1, 1:-1] & solid[1:-1, :-2, 1:-1] & solid[1:-1, 2:, 1:-1]
    inner &= solid[1:-1, 1:-1, :-2] & solid[1:-1, 1:-1, 2:] & (street.complete[1:-1, 1:-1, 1:-1] == BUILDING)
    assert inner.sum() > 1000
    assert street.invalid[1:-1, 1:-1, 1:-1][inner].mean() > 0.99


def test_an_example_is_made_again_by_the_same_seed_and_shows_the_scene_as_it_is() -> None:
    labels = _avenue(1)
    a, b = (make_example(labels, np.random.default_rng(7)) for _ in range(2))
    for name in ("sparse", "invalid", "complete", "seen"):
        assert np.array_equal(getattr(a, name), getattr(b, name))
    assert a.sensor == b.sensor
    assert any(np.array_equal(a.complete, apply_symmetry(labels, turn)) for turn in range(8))
    assert (a.sparse != 0).sum() > 500
    assert np.array_equal(a.complete[a.sparse != 0], a.sparse[a.sparse != 0])


def test_simulated_frames_are_like_a_real_one(samples: Path, street: Example) -> None:
    folder = samples / "semantickitti"
    real = {e: _bits(folder / f"001000.{e}") for e in ("bin", "invalid", "occluded")}
    made = [street, _example(1)]
    hits = np.mean([(e.sparse != 0).sum() for e in made])
    assert 0.5 < hits / real["bin"].sum() < 1.5
    assert abs(np.mean([e.invalid.mean() for e in made]) - real["invalid"].mean()) < 0.12
    assert abs(np.mean([(~e.seen).mean() for e in made]) - real["occluded"].mean()) < 0.25
    x, y = np.indices((256, 256)) + 0.5
    ring = (np.hypot(x, y - 128) / 64).astype(int)
    for r in range(3):
        ours = np.mean([(e.sparse != 0)[ring == r].sum() for e in made])
        assert 0.25 < ours / real["bin"][ring == r].sum() < 3


def _bits(path: Path) -> np.ndarray:
    return np.unpackbits(np.fromfile(path, np.uint8)).reshape(256, 256, 32).astype(bool)

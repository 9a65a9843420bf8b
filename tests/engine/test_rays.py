from __future__ import annotations

import numpy as np
import pytest

from engine.errors import GridError
from engine.geometry.rays import cast, clearance, first_hit, floor_hit
from engine.grid import Vector3

SHAPE = (40, 23, 17)


def _noise(density: float = 0.03) -> np.ndarray:
    rng = np.random.default_rng(5)
    return np.where(rng.random(SHAPE) < density, rng.integers(1, 20, SHAPE), 0).astype(np.uint8)


def _rays(count: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(6)
    origins = rng.uniform(-30, 70, (count, 3))
    return origins, rng.uniform(0, 1, (count, 3)) * SHAPE - origins


def _by_search(solid: np.ndarray, origin: np.ndarray, way: np.ndarray) -> tuple[Vector3, float] | None:
    """Test every solid voxel's box against the ray; slow, but with nothing in common with a walk through the grid."""
    voxels = np.argwhere(solid)
    near, far = np.sort(np.stack([(voxels - origin) / way, (voxels + 1 - origin) / way]), axis=0)
    start, stop = np.maximum(near.max(axis=1), 0), far.min(axis=1)
    start[start >= stop] = np.inf
    best = int(start.argmin())
    return None if np.isinf(start[best]) else (tuple(voxels[best].tolist()), float(start[best]))


def test_one_ray_meets_the_voxel_that_a_search_over_all_voxels_finds() -> None:
    labels = _noise()
    for origin, way in zip(*_rays(300), strict=True):
        way = way / np.linalg.norm(way)
        hit, expected = first_hit(labels, origin, way), _by_search(labels, origin, way)
        assert (hit is None) == (expected is None)
        if hit and expected:
            assert hit.voxel == expected[0]
            assert hit.distance == pytest.approx(expected[1])
            np.testing.assert_allclose(hit.point, origin + way * hit.distance, atol=1e-12)


def test_many_rays_meet_what_each_one_alone_meets() -> None:
    labels = _noise()
    origins, ways = _rays(4000)
    hits = cast(labels, origins, ways)
    assert 0.3 < hits.hit.mean() < 0.9
    for i, (origin, way) in enumerate(zip(origins, ways, strict=True)):
        one = first_hit(labels, origin, way)
        assert (one is not None) == hits.hit[i]
        if one:
            assert one.voxel == tuple(hits.voxel[i])
            assert one.normal == tuple(hits.normal[i])
            assert one.distance == pytest.approx(hits.distance[i] * np.linalg.norm(way))


@pytest.mark.parametrize(
    ("origin", "way", "voxel", "normal"),
    [
        ((-5.0, 8.5, 4.5), (1, 0, 0), (30, 8, 4), (-1, 0, 0)),
        ((30.5, 40.0, 4.5), (0, -1, 0), (30, 8, 4), (0, 1, 0)),
        ((30.5, 8.5, -3.0), (0, 0, 2), (30, 8, 4), (0, 0, -1)),
        ((30.5, 8.5, 4.5), (0, 0, 2), (30, 8, 4), (0, 0, 0)),
    ],
)
def test_the_normal_points_out_of_the_face_that_was_met(origin, way, voxel, normal) -> None:
    labels = np.zeros(SHAPE, dtype=np.uint8)
    labels[30, 8, 4] = 1
    hit = first_hit(labels, origin, way)
    assert hit is not None
    assert (hit.voxel, hit.normal) == (voxel, normal)
    np.testing.assert_array_equal(cast(labels, origin, way).normal[0], normal)


def test_values_that_are_passed_are_looked_through() -> None:
    labels = np.zeros(SHAPE, dtype=np.uint8)
    labels[20, 8, 4], labels[25, 8, 4], labels[30, 8, 4] = 3, 7, 3
    voxels = {
        passing: None
        if (hit := first_hit(labels, (-5, 8.5, 4.5), (1, 0, 0), frozenset(passing))) is None
        else hit.voxel[0]
        for passing in ((), (3,), (7,), (3, 7))
    }
    assert voxels == {(): 20, (3,): 25, (7,): 20, (3, 7): None}


def test_the_floor_is_met_from_above_inside_the_grid_only() -> None:
    hit = floor_hit(SHAPE, (3.5, 9.5, 6.0), (0.6, -0.3, -1.2))
    assert hit is not None
    assert (hit.voxel, hit.normal) == ((6, 8, -1), (0, 0, 1))
    np.testing.assert_allclose(hit.point, (6.5, 8.0, 0.0))
    assert hit.distance == pytest.approx(np.linalg.norm((3.0, -1.5, -6.0)))
    assert floor_hit(SHAPE, (3.5, 9.5, 6.0), (0.6, -0.3, 0.4)) is None
    assert floor_hit(SHAPE, (3.5, 1.0, 6.0), (0.0, -1.0, -1.0)) is None
    assert floor_hit(SHAPE, (3.5, 1.0, -6.0), (0.0, 0.0, -1.0)) is None


def test_a_ray_without_direction_is_refused() -> None:
    with pytest.raises(GridError, match="non-zero length"):
        first_hit(_noise(), (0, 0, 0), (0, 0, 0))


def test_clearance_is_the_chessboard_distance_to_matter() -> None:
    solid = _noise(0.002)
    voxels = np.argwhere(solid)
    everywhere = np.argwhere(np.ones(SHAPE))
    exact = np.abs(everywhere[:, None] - voxels[None]).max(axis=2).min(axis=1).reshape(SHAPE)
    np.testing.assert_array_equal(clearance(solid, 9), np.minimum(exact, 9))


def test_a_ray_that_leaves_matter_meets_what_lies_beyond() -> None:
    labels = np.zeros((20, 7, 5), dtype=np.uint8)
    labels[2:8, :, :], labels[12, 3, 2] = 13, 1
    start, way = (4.5, 3.5, 2.5), (1.0, 0.0, 0.0)
    inside = first_hit(labels, start, way)
    assert inside is not None
    assert (inside.voxel, inside.normal) == ((4, 3, 2), (0, 0, 0))
    beyond = first_hit(labels, start, way, leaving=True)
    assert beyond is not None
    assert (beyond.voxel, beyond.normal, beyond.distance) == ((12, 3, 2), (-1, 0, 0), 7.5)
    assert first_hit(labels, start, (0.0, 1.0, 0.0), leaving=True) is None
    from_outside = first_hit(labels, (-3.0, 3.5, 2.5), way, leaving=True)
    assert from_outside is not None
    assert from_outside.voxel == (2, 3, 2), "only matter that the ray starts in is left"
    through = first_hit(labels, start, way, passing=frozenset({13}), leaving=True)
    assert through == beyond

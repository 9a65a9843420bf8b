from __future__ import annotations

import numpy as np
import pytest

from engine.errors import GridError
from engine.grid import Box, Grid


def random_box(rng: np.random.Generator) -> Box:
    lower = rng.integers(-6, 12, 3)
    return Box(tuple(lower.tolist()), tuple((lower + rng.integers(0, 9, 3)).tolist()))


def voxels(box: Box) -> set[tuple[int, int, int]]:
    return {tuple(v) for v in (np.argwhere(np.ones(box.shape, bool)) + box.lower).tolist()}


def test_boxes_behave_as_sets_of_voxels() -> None:
    rng = np.random.default_rng(1)
    for _ in range(200):
        a, b = random_box(rng), random_box(rng)
        both = voxels(a) & voxels(b)
        assert voxels(a.intersect(b)) == both
        assert voxels(a) | voxels(b) <= voxels(a.union(b))
        assert a.contains(b) == (voxels(b) <= voxels(a))
        assert a.volume == len(voxels(a)) == int(np.prod(a.shape))


def test_union_ignores_empty_boxes() -> None:
    a = Box((2, 3, 4), (5, 7, 9))
    assert a.union(Box((-50, 0, 0), (-50, 9, 9))) == a == Box((99, 0, 0), (99, 0, 0)).union(a)


def test_tiles_cover_every_voxel_once_with_x_slowest() -> None:
    box = Box((-3, 5, 1), (14, 18, 4))
    tiles = list(box.tiles((7, 4, 2)))
    assert sum(t.volume for t in tiles) == box.volume
    assert set().union(*(voxels(t) for t in tiles)) == voxels(box)
    assert [t.lower for t in tiles] == sorted(t.lower for t in tiles)


def test_snap_grows_to_whole_cells() -> None:
    assert Box((-1, 17, 3), (1, 32, 4)).snap((16, 16, 1)) == Box((-16, 16, 3), (16, 32, 4))


def test_slices_cut_the_box_out_of_an_array() -> None:
    array = np.arange(5 * 7 * 3).reshape(5, 7, 3)
    box = Box((1, 2, 0), (4, 6, 2))
    assert np.array_equal(array[box.slices], array[1:4, 2:6, 0:2])
    outer = Box((10, 20, 30), (15, 27, 33))
    assert np.array_equal(array[box.shift(outer.lower).relative_to(outer).slices], array[box.slices])


def test_pad_and_around() -> None:
    box = Box.around(np.array([[4, 9, 1], [2, 11, 1]]))
    assert box == Box((2, 9, 1), (5, 12, 2))
    assert box.pad((1, 2, 3)) == Box((1, 7, -2), (6, 14, 5))
    assert Box.around(np.zeros((0, 3), int)).is_empty


def test_metres_and_voxels_are_inverse() -> None:
    grid = Grid((10, 20, 5), (0.2, 0.4, 0.375), (1.0, -25.6, -2.2))
    points = np.random.default_rng(2).uniform(-30, 30, (50, 3))
    assert np.allclose(grid.to_metres(grid.to_voxels(points)), points)
    assert np.allclose(grid.to_metres([3, 2, 1]), [1.6, -24.8, -1.825])
    assert np.allclose(grid.extent, (2.0, 8.0, 1.875))


def test_cut_moves_the_origin_with_the_corner() -> None:
    grid = Grid((10, 20, 5), (0.2, 0.4, 0.5), (1.0, 2.0, 3.0), "EPSG:28992")
    part = grid.cut(Box((5, -5, 1), (8, 7, 4)))
    assert part.shape == (3, 12, 3)
    assert part.georeference == "EPSG:28992"
    assert np.allclose(part.to_metres((0, 0, 0)), grid.to_metres((5, -5, 1)))


def test_require_names_both_sizes() -> None:
    with pytest.raises(GridError, match=r"mask box \(0,0,0\)-\(300,64,32\) leaves the scene \(256,256,32\)"):
        Grid((256, 256, 32)).require(Box((0, 0, 0), (300, 64, 32)), "mask box")
    with pytest.raises(GridError, match="holds no voxel"):
        Grid((4, 4, 4)).require(Box((1, 1, 1), (1, 3, 3)))


@pytest.mark.parametrize("bad", [{"shape": (0, 4, 4)}, {"shape": (1, 1, 1), "voxel_size": (0.2, 0.0, 0.2)}])
def test_a_grid_holds_something(bad: dict[str, tuple[float, ...]]) -> None:
    with pytest.raises(GridError, match="holds nothing"):
        Grid(**bad)  # type: ignore[arg-type]

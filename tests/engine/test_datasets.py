"""Grids of SemanticKITTI, CarlaSC and Occ3D."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.errors import FormatError
from engine.formats.registry import (
    read_scene,
    write_scene,
)
from engine.grid import Grid
from engine.labels import UNKNOWN, label_space
from engine.scene import VoxelScene
from tests.engine.scenes import KITTI_SHAPE, kitti_scene, make_scene, same


def test_label_grids_round_trip(tmp_path: Path) -> None:
    scene = kitti_scene()
    write_scene(scene, tmp_path / "000001.label")
    raw = np.fromfile(tmp_path / "000001.label", "<u2")
    assert (raw.size, raw[0]) == (2**21, label_space().to_raw()[scene.read()[0, 0, 0]])
    again = read_scene(tmp_path / "000001.label")
    assert same(scene, again)
    assert again.grid.origin == (0.0, -25.6, -2.2)


def test_bit_grids_are_read_most_significant_bit_first_and_round_trip(tmp_path: Path) -> None:
    scene = kitti_scene()
    write_scene(scene, tmp_path / "a.bin")
    again = read_scene(tmp_path / "a.bin")
    assert np.array_equal(again.read(), np.where(scene.read() > 0, UNKNOWN, 0))
    first = [scene.read()[0, 0, z] > 0 for z in range(8)]
    assert (tmp_path / "a.bin").read_bytes()[0] == sum(2 ** (7 - z) for z in range(8) if first[z])
    for name in ("b.bin", "b.invalid", "b.occluded"):
        (tmp_path / name).write_bytes((tmp_path / "a.bin").read_bytes())
        assert np.array_equal(read_scene(tmp_path / name).read(), again.read())
    write_scene(again, tmp_path / "c.bin")
    assert (tmp_path / "c.bin").read_bytes() == (tmp_path / "a.bin").read_bytes()


def test_invalid_voxels_become_unknown_only_when_asked(tmp_path: Path) -> None:
    scene = kitti_scene()
    write_scene(scene, tmp_path / "a.label")
    bits = np.random.default_rng(6).random(KITTI_SHAPE) < 0.3
    (tmp_path / "a.invalid").write_bytes(np.packbits(bits.ravel()).tobytes())
    assert np.array_equal(read_scene(tmp_path / "a.label").read(), scene.read())
    assert np.array_equal(read_scene(tmp_path / "a.label", invalid=True).read(), np.where(bits, UNKNOWN, scene.read()))


def test_carlasc_grids_round_trip_and_are_told_from_semantickitti_by_content(tmp_path: Path) -> None:
    labels = np.random.default_rng(7).integers(0, 11, (128, 128, 8)).astype(np.uint8)
    grid = Grid((128, 128, 8), (0.4, 0.4, 0.375), (-25.6, -25.6, -2.0))
    scene = VoxelScene.from_labels(labels, grid, label_space("carlasc"))
    write_scene(scene, tmp_path / "a.label")
    tags = np.where(labels == 7, 14, labels)  # tag 7 is a marking on the road
    assert np.array_equal(np.fromfile(tmp_path / "a.label", "<u4").reshape(128, 128, 8), tags)
    assert same(scene, read_scene(tmp_path / "a.label"))
    (tmp_path / "a.dat").write_bytes((tmp_path / "a.label").read_bytes())
    assert same(scene, read_scene(tmp_path / "a.dat"))


def test_carlasc_tags_are_merged_and_classes_stay(tmp_path: Path) -> None:
    merged = [0, 1, 2, 3, 4, 5, 6, 6, 8, 9, 10, 2, 5, 3, 7, 3, 3, 2, 5, 3, 3, 3, 7]
    for name, ids, expected in (("tags", np.arange(23), merged), ("classes", np.arange(11), list(range(11)))):
        grid = np.zeros((128, 128, 8), "<u4")
        grid[3, : len(ids), 5] = ids
        grid.tofile(tmp_path / f"{name}.label")
        assert read_scene(tmp_path / f"{name}.label").read()[3, : len(ids), 5].tolist() == expected


def test_label_files_hold_only_their_own_grid(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"\(256, 256, 32\) voxels of 0.2 m, the scene has \(130, 70, 19\)"):
        write_scene(make_scene(), tmp_path / "a.label")
    other = VoxelScene(Grid(KITTI_SHAPE), label_space("occ3d"))
    with pytest.raises(FormatError, match="the scene those of 'occ3d'; convert the scene with --like city"):
        write_scene(other, tmp_path / "a.label")
    with pytest.raises(FormatError, match="CarlaSC"):
        write_scene(VoxelScene(Grid((9, 9, 9)), label_space("carlasc")), tmp_path / "a.label")
    assert not list(tmp_path.iterdir())


def test_occ3d_masks_make_unknown_only_when_asked(tmp_path: Path) -> None:
    rng = np.random.default_rng(8)
    semantics = rng.integers(0, 18, (200, 200, 16)).astype(np.uint8)
    camera = (rng.random((200, 200, 16)) < 0.5).astype(np.uint8)
    np.savez_compressed(tmp_path / "labels.npz", semantics=semantics, mask_camera=camera)
    scene = read_scene(tmp_path / "labels.npz")
    assert np.array_equal(scene.read(), semantics)
    assert (scene.space.name, scene.grid.origin) == ("occ3d", (-40.0, -40.0, -1.0))
    seen = read_scene(tmp_path / "labels.npz", visible="camera").read()
    assert np.array_equal(seen, np.where(camera, semantics, UNKNOWN))
    with pytest.raises(FormatError, match="no usable mask_lidar"):
        read_scene(tmp_path / "labels.npz", visible="lidar")


# --- real files


def test_a_real_semantickitti_frame(samples: Path) -> None:
    folder = samples / "semantickitti"
    scene = read_scene(folder / "001000.label")
    occupied = read_scene(folder / "001000.bin").read() == UNKNOWN
    assert occupied.sum() == 16_150
    assert (scene.read()[occupied] != 0).all()
    counts = scene.count_classes()
    assert [counts[label_space().find(n)] for n in ("car", "road", "pole")] == [375, 2923, 43]
    unknown = read_scene(folder / "001000.label", invalid=True).count_classes()[UNKNOWN]
    assert unknown / scene.box.volume == pytest.approx(0.242, abs=0.001)
    with pytest.raises(FormatError, match="labels of 126624 single points"):
        read_scene(folder / "points_001000.label")
    with pytest.raises(FormatError, match="laser scan of 126624 points"):
        read_scene(folder / "velodyne_001000.bin")


def test_a_real_scan_lies_on_the_frames_grid(samples: Path) -> None:
    folder = samples / "semantickitti"
    points = np.fromfile(folder / "velodyne_001000.bin", "<f4").reshape(-1, 4)[:, :3]
    scene = read_scene(folder / "001000.bin")
    voxels = np.floor(scene.grid.to_voxels(points)).astype(int)
    inside = ((voxels >= 0) & (voxels < scene.grid.shape)).all(axis=1)
    hit = np.zeros(scene.grid.shape, bool)
    hit[tuple(voxels[inside].T)] = True
    assert hit[scene.read() == UNKNOWN].all()


def test_a_real_completion_and_a_real_occupancy(samples: Path) -> None:
    prediction = read_scene(samples / "ssc" / "lmsc_001000.label")
    assert (prediction.space.name, prediction.grid.shape) == ("carlasc", (128, 128, 8))
    assert prediction.count_classes()[prediction.space.find("pole")] == 48
    occupancy = read_scene(samples / "occ3d" / "occ3d_labels.npz")
    assert occupancy.count_classes()[occupancy.space.find("driveable-surface")] == 8275

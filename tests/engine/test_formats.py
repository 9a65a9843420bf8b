from __future__ import annotations

import errno
import hashlib
import os
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zarr

from engine.errors import FormatError, ScenewrightError
from engine.formats import scw
from engine.formats.npz import read_mask, write_mask
from engine.formats.registry import (
    Reader,
    read_scene,
    reader_names,
    readers,
    register_reader,
    write_scene,
    writer_endings,
)
from engine.grid import Box, Grid
from engine.labels import UNKNOWN, label_space, label_space_of
from engine.mask import VoxelMask
from engine.scene import VoxelScene

SHAPE = (130, 70, 19)
KITTI_SHAPE = (256, 256, 32)


def make_scene(shape: tuple[int, int, int] = SHAPE, space: str = "semantickitti", seed: int = 0) -> VoxelScene:
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, len(label_space(space)), shape).astype(np.uint8)
    labels[rng.random(shape) < 0.5] = label_space(space).empty
    labels[:2, 3] = UNKNOWN
    instances = rng.integers(0, 2**32, shape, dtype=np.uint32)
    instances[:64] = 0
    grid = Grid(shape, (0.2, 0.25, 0.4), (10.5, -3.25, 1e6), "EPSG:28992")
    metadata = {"provenance": {"seed": 7, "task": "generate"}, "cameras": [{"eye": [1.5, 2.0, 3.0]}]}
    return VoxelScene.from_labels(labels, grid, label_space(space), instances, metadata)


def kitti_scene(seed: int = 1) -> VoxelScene:
    labels = np.random.default_rng(seed).integers(0, 20, KITTI_SHAPE).astype(np.uint8)
    return VoxelScene.from_labels(labels, Grid(KITTI_SHAPE, origin=(0.0, -25.6, -2.2)))


def same(a: VoxelScene, b: VoxelScene) -> bool:
    return (
        a.grid == b.grid
        and a.space == b.space
        and a.store.channels == b.store.channels
        and all(np.array_equal(a.store.read(a.box, c), b.store.read(b.box, c)) for c in a.store.channels)
        and {k: v for k, v in a.metadata.items() if k != "masks"}
        == {k: v for k, v in b.metadata.items() if k != "masks"}
    )


# --- the native file


def test_scw_keeps_every_byte_and_word(tmp_path: Path) -> None:
    scene = make_scene()
    masks = {"left": VoxelMask.of_box(Box((3, 4, 5), (9, 8, 7))), "none": VoxelMask.nothing()}
    masks["ball"] = VoxelMask.of_ball((100, 30, 9), 5.5, scene.box)
    scene.metadata["masks"] = masks
    write_scene(scene, tmp_path / "a.scw")
    again = read_scene(tmp_path / "a.scw")
    assert same(scene, again)
    assert list(again.metadata["masks"]) == ["left", "none", "ball"]
    assert all(again.metadata["masks"][name].equals(mask) for name, mask in masks.items())


def test_scw_of_a_label_space_that_is_not_shipped_carries_it(tmp_path: Path) -> None:
    data = label_space("carlasc").to_json()
    data["name"], data["classes"][2]["name"], data["empty"] = "mine", "robot", 3
    space = label_space_of(data, "test")
    scene = VoxelScene.from_labels(np.random.default_rng(2).integers(0, 11, (9, 8, 7)).astype(np.uint8), space=space)
    for ending in (".scw", ".npz"):
        write_scene(scene, tmp_path / f"a{ending}")
        again = read_scene(tmp_path / f"a{ending}")
        assert same(scene, again)
        assert again.space.to_json() == space.to_json()
        assert again.space.palettes == space.palettes == ("urban", "carlasc")


@pytest.mark.parametrize("ending", [e for e in writer_endings() if e not in (".label", ".bin", ".vox")])
def test_the_same_scene_gives_the_same_bytes(tmp_path: Path, ending: str) -> None:
    digests = set()
    for i in range(2):
        path = tmp_path / str(i) / f"scene{ending}"
        path.parent.mkdir()
        write_scene(make_scene(), path)
        digests.add(hashlib.sha256(path.read_bytes()).hexdigest())
        time.sleep(0.01)
    assert len(digests) == 1


def test_scw_is_zarr_that_others_can_open(tmp_path: Path) -> None:
    scene = make_scene()
    write_scene(scene, tmp_path / "a.scw")
    with zarr.storage.ZipStore(tmp_path / "a.scw", mode="r") as store:
        group = zarr.open_group(store, mode="r")
        for channel in ("labels", "instances"):
            assert np.array_equal(group[channel][:], scene.store.read(scene.box, channel))
        assert group["labels"].chunks == (64, 64, SHAPE[2])
    names = zipfile.ZipFile(tmp_path / "a.scw").namelist()
    assert len(names) == len(set(names))


def test_scw_leaves_empty_chunks_unallocated(tmp_path: Path) -> None:
    scene = VoxelScene(Grid((640, 640, 32)))
    scene.write(Box((70, 70, 3), (80, 90, 9)), np.ones((10, 20, 6), np.uint8))
    write_scene(scene, tmp_path / "a.scw")
    again = read_scene(tmp_path / "a.scw")
    assert again.store.nbytes() == 64 * 64 * 32 == scene.store.nbytes()
    assert (tmp_path / "a.scw").stat().st_size < 40_000


def test_newer_versions_are_refused_and_older_ones_migrated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.scw"
    write_scene(make_scene(), path)

    def rename(header: dict[str, Any]) -> dict[str, Any]:
        return {**header, "metadata": {"migrated": True}}

    with monkeypatch.context() as patch:
        patch.setattr(scw, "VERSION", 2)
        with pytest.raises(FormatError, match="unknown layout 1"):
            read_scene(path)
        patch.setitem(scw._MIGRATIONS, 1, rename)
        assert read_scene(path).metadata == {"migrated": True}
        write_scene(make_scene(), path)
    with pytest.raises(FormatError, match=r"newer version \(layout 2, this program knows 1\); update Scenewright"):
        read_scene(path)


# --- atomic saving


@pytest.mark.parametrize("ending", writer_endings())
def test_a_full_disk_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, ending: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / f"scene{ending}"
    path.write_bytes(b"old")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    labels = np.zeros(KITTI_SHAPE, np.uint8)
    labels[9:50, 30:44, 2:7] = 5
    with pytest.raises(FormatError, match=r"No space left on device\); free the disk"):
        write_scene(VoxelScene.from_labels(labels), path)
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_an_interrupt_leaves_the_old_file_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "scene.scw"
    write_scene(make_scene(), path)
    before = path.read_bytes()

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(scw, "_write_channel", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_scene(make_scene(seed=5), path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["scene.scw"]


SAVER = """
import sys
from pathlib import Path
import numpy as np
from engine.formats.registry import write_scene
from engine.scene import VoxelScene
scenes = [VoxelScene.from_labels(np.full((128, 192, 32), i + 1, np.uint8)) for i in range(2)]
write_scene(scenes[0], Path(sys.argv[1]))
print("ready", flush=True)
while True:
    for scene in scenes:
        write_scene(scene, Path(sys.argv[1]))
"""


@pytest.mark.skipif(os.name == "nt", reason="needs SIGKILL")
def test_a_kill_at_any_moment_leaves_a_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "scene.scw"
    root = Path(__file__).resolve().parents[2]
    rng = np.random.default_rng(3)
    for _ in range(3):
        saver = subprocess.Popen([sys.executable, "-c", SAVER, str(path)], cwd=root, stdout=subprocess.PIPE)
        assert saver.stdout is not None
        with saver.stdout:
            assert saver.stdout.readline() == b"ready\n"
            time.sleep(float(rng.uniform(0.01, 0.12)))
            saver.send_signal(signal.SIGKILL)
            saver.wait()
        values = np.unique(read_scene(path).read())
        assert values.tolist() in ([1], [2])


def test_saving_keeps_permissions_and_follows_links(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    target, link = tmp_path / "real" / "a.scw", tmp_path / "link.scw"
    write_scene(make_scene(), target)
    target.chmod(0o640)
    link.symlink_to(target)
    write_scene(make_scene(seed=4), link)
    assert link.is_symlink()
    assert target.stat().st_mode & 0o777 == 0o640
    assert same(read_scene(target), make_scene(seed=4))


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("none/a.scw", "make the folder first"),
        ("a.docx", "use .scw .npz"),
        ("a", "names no format"),
        ("folder.scw", "is a directory"),
    ],
)
def test_places_that_cannot_be_written_are_named(tmp_path: Path, name: str, reason: str) -> None:
    (tmp_path / "folder.scw").mkdir()
    with pytest.raises(FormatError, match=reason):
        write_scene(make_scene(), tmp_path / name)
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["folder.scw"]


# --- NumPy files


def test_npz_keeps_every_byte_and_word(tmp_path: Path) -> None:
    scene = make_scene()
    georeferenced, scene.grid = scene.grid, Grid(SHAPE, scene.grid.voxel_size, scene.grid.origin)
    assert georeferenced != scene.grid
    write_scene(scene, tmp_path / "a.npz")
    assert same(scene, read_scene(tmp_path / "a.npz"))
    with np.load(tmp_path / "a.npz", allow_pickle=False) as arrays:
        assert arrays["labels"].dtype == np.uint8
        assert arrays["labels"].shape == SHAPE
        assert str(arrays["label_space"]) == "semantickitti"
        assert arrays["voxel_size"].tolist() == [0.2, 0.25, 0.4]


@pytest.mark.parametrize("space", ["carlasc", "occ3d"])
def test_npz_knows_its_label_space(tmp_path: Path, space: str) -> None:
    scene = make_scene((9, 8, 7), space)
    write_scene(scene, tmp_path / "a.npz")
    assert read_scene(tmp_path / "a.npz").space.name == space


@pytest.mark.parametrize("axes", ["xyz", "zyx", "yzx"])
def test_bare_arrays_take_their_axes_from_an_option(tmp_path: Path, axes: str) -> None:
    labels = make_scene().read()
    stored = labels.transpose(["xyz".index(a) for a in axes])
    np.save(tmp_path / "a.npy", stored)
    np.savez(tmp_path / "a.npz", voxels=stored)
    for name in ("a.npy", "a.npz"):
        assert np.array_equal(read_scene(tmp_path / name, axes=axes).read(), labels)
        with pytest.raises(FormatError, match=r"does not say which axis is up; .*--axes xyz"):
            read_scene(tmp_path / name)


def test_bare_arrays_take_empty_id_frame_and_classes_from_options(tmp_path: Path) -> None:
    labels = np.where(np.random.default_rng(5).random((6, 5, 4)) < 0.5, 40, 3).astype(np.int64)
    np.save(tmp_path / "a.npy", labels)
    options = {"axes": "xyz", "empty": 40, "voxel_size": (1, 2, 3), "origin": (4, 5, 6)}
    scene = read_scene(tmp_path / "a.npy", **options)
    assert np.array_equal(scene.read(), np.where(labels == 40, 0, 3))
    assert scene.grid == Grid((6, 5, 4), (1.0, 2.0, 3.0), (4.0, 5.0, 6.0))
    np.save(tmp_path / "b.npy", np.where(labels == 40, 17, 0))
    assert read_scene(tmp_path / "b.npy", axes="xyz", label_space="occ3d").count_classes()[17] == (labels == 40).sum()
    with pytest.raises(FormatError, match="but 17 shall be empty"):
        read_scene(tmp_path / "b.npy", axes="xyz", empty=17)


def test_fortran_order_is_understood(tmp_path: Path) -> None:
    labels = make_scene().read()
    np.save(tmp_path / "a.npy", np.asfortranarray(labels))
    assert np.array_equal(read_scene(tmp_path / "a.npy", axes="xyz").read(), labels)


def test_masks_round_trip(tmp_path: Path) -> None:
    mask = VoxelMask.of_ball((20, 30, 9), 6.5, Box.of_shape(SHAPE))
    write_mask(mask, SHAPE, tmp_path / "m.npz")
    with np.load(tmp_path / "m.npz") as arrays:
        assert arrays["mask"].shape == SHAPE
        assert arrays["mask"].dtype == np.bool_
    assert read_mask(tmp_path / "m.npz").equals(mask)


# --- SemanticKITTI, CarlaSC, Occ3D


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
    assert np.array_equal(np.fromfile(tmp_path / "a.label", "<u4").reshape(128, 128, 8), labels)
    assert same(scene, read_scene(tmp_path / "a.label"))
    (tmp_path / "a.dat").write_bytes((tmp_path / "a.label").read_bytes())
    assert same(scene, read_scene(tmp_path / "a.dat"))


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


# --- the table of readers


def test_readers_can_be_added_and_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from engine.formats import registry

    monkeypatch.setattr(registry, "_READERS", list(registry._READERS))
    (tmp_path / "a.town").write_text("town 3 4 5")

    def read(path: Path, options: object) -> VoxelScene:
        x, y, z = (int(n) for n in path.read_text().split()[1:])
        return VoxelScene(Grid((x, y, z)))

    for _ in range(2):
        register_reader(Reader("town", "Town", (".town",), lambda head, size, path: head.startswith(b"town"), read))
    assert reader_names().count("town") == 1
    assert read_scene(tmp_path / "a.town").grid.shape == (3, 4, 5)


def test_unknown_readers_and_options_tell_what_there_is(tmp_path: Path) -> None:
    write_scene(kitti_scene(), tmp_path / "a.label")
    with pytest.raises(FormatError, match="no reader 'kitti'; there are: scw, "):
        read_scene(tmp_path / "a.label", "kitti")
    with pytest.raises(FormatError, match="'semantickitti' has no option axes; it takes: invalid"):
        read_scene(tmp_path / "a.label", axes="xyz")


def test_reading_and_writing_needs_no_torch() -> None:
    root = Path(__file__).resolve().parents[2]
    code = "import sys, engine.formats.registry, engine.geometry.resample; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_every_reader_refuses_any_other_content_in_one_line(tmp_path: Path) -> None:
    contents = {"text": b"no scene at all\n" * 40, "zeros": bytes(1000), "zip": b"PK\x03\x04" + bytes(500)}
    for name, content in contents.items():
        path = tmp_path / f"{name}.dat"
        path.write_bytes(content)
        for reader in readers():
            with pytest.raises(ScenewrightError) as caught:
                read_scene(path, reader.name)
            assert str(caught.value).startswith(str(path))
            assert "\n" not in str(caught.value)

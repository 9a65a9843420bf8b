"""The native file, and saving in general."""

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

from engine.errors import FormatError
from engine.formats import scw
from engine.formats.registry import (
    read_scene,
    write_scene,
    writer_endings,
)
from engine.grid import Box, Grid
from engine.labels import label_space, label_space_of
from engine.mask import VoxelMask
from engine.scene import VoxelScene
from tests.engine.scenes import KITTI_SHAPE, SHAPE, make_scene, same


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
        assert again.space.palettes == space.palettes == ("urban", "carlasc", "colour-blind")


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

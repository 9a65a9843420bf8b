"""NumPy files and the table of readers."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from engine.errors import FormatError, ScenewrightError
from engine.formats.npz import read_mask, write_mask
from engine.formats.registry import (
    Reader,
    read_scene,
    reader_names,
    readers,
    register_reader,
    write_scene,
)
from engine.grid import Box, Grid
from engine.mask import VoxelMask
from engine.scene import VoxelScene
from tests.engine.scenes import SHAPE, kitti_scene, make_scene, same


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

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from cli_support import SHAPE, Run, assert_one_line, report_of, sha256
from PIL import Image

from engine.formats.layout import read_layout
from engine.formats.registry import read_scene, write_scene
from engine.geometry.maps import layout_of
from engine.grid import Grid
from engine.labels import label_space
from engine.scene import VoxelScene


def test_convert_like_a_model_makes_a_scene_that_its_tasks_take(run: Run, model: Path, tmp_path: Path) -> None:
    labels = np.zeros((40, 24, 16), np.uint8)
    labels[:, :, 0] = 9
    labels[20, 10, 1:9] = 18
    write_scene(VoxelScene.from_labels(labels, Grid((40, 24, 16), (0.4, 0.4, 0.4))), tmp_path / "coarse.npz")
    code, _, err = run("convert", tmp_path / "coarse.npz", tmp_path / "fine.scw", "--like", model)
    assert (code, err) == (0, "")
    fine = read_scene(tmp_path / "fine.scw")
    assert fine.grid.shape == (80, 48, 32)
    assert fine.grid.voxel_size == pytest.approx((0.2, 0.2, 0.2))
    assert (fine.read() == 18).any()
    code, _, err = run(
        "inpaint", tmp_path / "fine.scw", "--box", 0, 0, 0, 9, 9, 32, "--out", tmp_path / "a.scw", "--seed", 1
    )
    assert code == 0, err


def test_convert_renames_classes_by_a_map(run: Run, tmp_path: Path) -> None:
    labels = np.zeros((16, 8, 4), np.uint8)
    labels[3, 2, 1] = 1
    write_scene(VoxelScene.from_labels(labels), tmp_path / "a.scw")
    (tmp_path / "map.json").write_text(json.dumps({"car": "truck"}))
    code, _, err = run("convert", tmp_path / "a.scw", tmp_path / "b.scw", "--classes", tmp_path / "map.json")
    assert (code, err) == (0, "")
    assert read_scene(tmp_path / "b.scw").read()[3, 2, 1] == 4


def test_a_bare_array_asks_for_its_axes(run: Run, tmp_path: Path) -> None:
    labels = np.zeros((4, 8, 16), np.uint8)
    labels[1, 2, 3] = 7
    np.save(tmp_path / "bare.npy", labels)
    assert_one_line(run("convert", tmp_path / "bare.npy", tmp_path / "a.scw"), "bare.npy", "axes")
    code, _, err = run("convert", tmp_path / "bare.npy", tmp_path / "a.scw", "--axes", "zyx")
    assert (code, err) == (0, "")
    assert read_scene(tmp_path / "a.scw").read()[3, 2, 1] == 7


def test_info_tells_the_grid_and_counts_every_class(run: Run, scene_file: Path) -> None:
    facts = report_of(run("info", scene_file, "--json"))
    labels = read_scene(scene_file).read()
    assert (facts["command"], facts["shape"], facts["label_space"]) == ("info", list(SHAPE), "semantickitti")
    assert facts["extent"] == [19.2, 12.8, 6.4]
    assert facts["classes"]["car"] == int((labels == 1).sum())
    assert sum(facts["classes"].values()) == facts["voxels"] == labels.size
    assert facts["sha256"] == sha256(scene_file)


def test_the_real_frame_converts_and_a_box_of_it_can_be_made_anew(
    run: Run, samples: Path, model: Path, tmp_path: Path
) -> None:
    frame = samples / "semantickitti" / "001000.label"
    code, _, err = run("convert", frame, tmp_path / "frame.scw", "--like", model)
    assert (code, err) == (0, "")
    assert np.array_equal(read_scene(tmp_path / "frame.scw").read(), read_scene(frame).read())
    box = (90, 61, 0, 151, 117, 32)
    code, _, err = run("inpaint", frame, "--box", *box, "--out", tmp_path / "new.label", "--seed", 3)
    assert code == 0, err
    assert (tmp_path / "new.label").stat().st_size == frame.stat().st_size


def test_render_writes_every_map_of_the_same_pixels(run: Run, tmp_path: Path) -> None:
    labels = np.zeros((48, 32, 16), np.uint8)
    labels[:, :, :2] = 9
    labels[8:16, 8:24, 2:12] = 13
    write_scene(VoxelScene.from_labels(labels), tmp_path / "a.scw")
    maps = "colour,semantic,semantic-colour,depth,normal,instance,layout"
    code, out, err = run(
        "render", tmp_path / "a.scw", "--out", tmp_path / "pictures", "--preset", "top", "--maps", maps
    )
    assert (code, err) == (0, "")
    folder = tmp_path / "pictures"
    names = {
        "colour.png",
        "semantic.png",
        "semantic-colour.png",
        "depth.png",
        "depth.npy",
        "normal.png",
        "instance.npy",
    }
    assert {Path(line).name for line in out.splitlines()} == {*names, "layout.png"}
    assert {p.name for p in folder.iterdir()} == {*names, "layout.png", "camera.json"}
    classes, depth = np.asarray(Image.open(folder / "semantic.png")), np.load(folder / "depth.npy")
    coded = np.asarray(Image.open(folder / "depth.png"))
    assert classes.shape == depth.shape == coded.shape == np.load(folder / "instance.npy").shape
    assert set(np.unique(classes)) == {0, 9, 13}
    assert np.array_equal(classes == 0, ~np.isfinite(depth))
    assert np.array_equal(coded == 0, ~np.isfinite(depth))
    assert np.abs(coded / 100 - depth)[classes != 0].max() <= 0.0051
    assert depth[classes == 13].min() < depth[classes == 9].min()
    assert read_layout(folder / "layout.png").classes.tolist() == layout_of(labels, label_space()).classes.tolist()


def test_a_camera_file_gives_the_same_picture_again(run: Run, scene_file: Path, tmp_path: Path) -> None:
    run("render", scene_file, "--out", tmp_path / "a", "--maps", "colour")
    code, _, err = run(
        "render", scene_file, "--out", tmp_path / "b", "--maps", "colour", "--camera", tmp_path / "a" / "camera.json"
    )
    assert (code, err) == (0, "")
    assert sha256(tmp_path / "a" / "colour.png") == sha256(tmp_path / "b" / "colour.png")

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from cli_support import SHAPE, Run, assert_one_line, report_of, sha256

from engine.formats.registry import read_scene, write_scene
from engine.grid import Grid
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

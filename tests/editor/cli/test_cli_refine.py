from __future__ import annotations

from pathlib import Path

import numpy as np
from cli_support import KEYS, SHAPE, Run, assert_one_line, report_of, sha256

from engine.formats.registry import read_scene, write_scene
from engine.grid import Grid
from engine.labels import UNKNOWN
from engine.scene import VoxelScene


def test_refine_fills_unknown_voxels_and_says_how(run: Run, model: Path, tmp_path: Path) -> None:
    labels = np.random.default_rng(1).integers(0, 20, SHAPE).astype(np.uint8)
    labels[40:, :30] = UNKNOWN
    write_scene(VoxelScene.from_labels(labels), tmp_path / "ssc.npz")
    out = tmp_path / "refined.scw"
    report = report_of(run("refine", tmp_path / "ssc.npz", "--out", out, "--seed", 3, "--model", model, "--json"))
    assert set(report) >= KEYS
    assert (report["command"], report["steps"], report["seed"]) == ("refine", 4, 3)
    assert report["unknown"] == 56 * 30 * 32
    assert report["sha256"] == sha256(out)
    made = read_scene(out)
    assert UNKNOWN not in made.read()
    assert report["changed"] == int((made.read() != labels).sum())
    [entry] = made.metadata["provenance"]
    assert (entry["task"], entry["sampling"]["strength"]) == ("refine", 0.5)
    other = report_of(
        run("refine", tmp_path / "ssc.npz", "--out", out, "--seed", 3, "--steps", 1, "--model", model, "--json")
    )
    assert other["steps"] == 1
    assert other["sha256"] != report["sha256"]


def test_what_a_scan_could_not_see_is_filled_in(run: Run, model: Path, tmp_path: Path) -> None:
    grid = Grid((256, 256, 32), (0.2, 0.2, 0.2), (0.0, -25.6, -2.2))
    hits = np.zeros(grid.shape, np.uint8)
    hits[10:40, 100:140, 3] = 9
    hidden = np.zeros(grid.shape, np.uint8)
    hidden[10:60, 90:140] = 1
    write_scene(VoxelScene.from_labels(hits, grid), tmp_path / "scan.label")
    write_scene(VoxelScene.from_labels(hidden, grid), tmp_path / "hidden.bin")
    (tmp_path / "hidden.bin").rename(tmp_path / "scan.occluded")
    words = ("refine", tmp_path / "scan.label", "--out", tmp_path / "a.scw", "--seed", 1, "--steps", 1)
    report = report_of(run(*words, "--model", model, "--json"))
    assert report["unknown"] == 50 * 50 * 32 - 30 * 40
    (tmp_path / "scan.occluded").write_bytes(b"short")
    assert_one_line(run(*words, "--model", model), "scan.occluded")


def test_a_prediction_on_another_grid_is_refused_with_the_way_out(run: Run, model: Path, tmp_path: Path) -> None:
    labels = np.ones((64, 64, 8), np.uint8)
    write_scene(VoxelScene.from_labels(labels, Grid((64, 64, 8), (0.4, 0.4, 0.4))), tmp_path / "ssc.npz")
    answer = run("refine", tmp_path / "ssc.npz", "--out", tmp_path / "a.scw", "--model", model)
    assert_one_line(answer, "convert IN OUT --like", "voxels of 0.4")

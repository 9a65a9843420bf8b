from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from cli_support import KEYS, Run, assert_one_line

from engine.evaluation import features, judge, scenes
from engine.evaluation.features import FeatureConfig, FeatureNet
from engine.evaluation.scenes import WorldCrops
from engine.evaluation.sources import HELD_OUT_SEED, Procedural
from engine.formats.registry import write_scene
from engine.scene import VoxelScene

FIGURES = {
    "n", "f3d", "kid", "precision", "recall", "density", "coverage", "class_js", "tpkl", "structure", "seam_ratio",
    "locality", "memorisation_z", "floor", "ladder", "ladder_place", "feature_net_sha256", "data_seed",
}  # fmt: skip


@pytest.fixture
def small_bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A judge of the smallest size that was never trained, and small worlds; gives the folder of scenes to judge."""
    torch.manual_seed(0)
    features.save_judge(tmp_path / "judge", FeatureNet(FeatureConfig(widths=(4, 4, 4, 4), latent=2)), {})
    monkeypatch.setattr(features, "judge_folder", lambda: tmp_path / "judge")
    monkeypatch.setattr(scenes, "cache_folder", lambda: tmp_path / "cache")

    def in_folder(found: features.Judge, folder: Path, maps: Path | None = None) -> judge.Bench:
        held_out, training = (WorldCrops(folder, Procedural(s, 256, 16), 4, 64, 1) for s in (HELD_OUT_SEED, 0))
        return judge.Bench(found, held_out, training, folder)

    monkeypatch.setattr(judge.Bench, "in_folder", in_folder)
    (tmp_path / "mine").mkdir()
    for i in range(10):
        labels = np.zeros((64, 72, 16), np.uint8)
        labels[:, :, : 1 + i % 3] = 9 + i % 5
        write_scene(VoxelScene.from_labels(labels), tmp_path / "mine" / f"{i}.npz")
    return tmp_path / "mine"


def test_scenes_of_a_folder_are_judged_and_reported(run: Run, small_bench: Path, tmp_path: Path) -> None:
    code, out, err = run("evaluate", "--scenes", small_bench, "--n", 10, "--out", tmp_path / "report", "--json")
    report = json.loads(out)
    assert set(report) >= FIGURES | KEYS
    assert (report["command"], report["n"], report["model"], report["locality"]) == ("evaluate", 10, None, None)
    assert report["feature_net_sha256"] == features.load_judge(tmp_path / "judge").sha256
    assert {Path(p).name for p in report["output"]} == {"report.json", "report.html", "scenes.png", "held-out.png"}
    assert all(Path(p).is_file() for p in report["output"])
    assert report["tpkl"] > 1.5 * report["floor"]["tpkl"]
    assert code == (2 if report["broken"] else 0)
    assert ("the judge is blind" in err) == bool(report["broken"])
    assert err.count("held-out worlds: 0it") == 1


def test_without_its_weights_the_judge_says_how_to_train_them(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(features, "judge_folder", lambda: tmp_path / "judge")
    answer = run("evaluate", "--scenes", tmp_path)
    assert_one_line(answer, "judge's weights are not at", "scenewright train judge-features")


def test_one_thing_is_judged_at_a_time(run: Run, tmp_path: Path) -> None:
    assert_one_line(run("evaluate"), "--model", "--scenes")
    assert_one_line(run("evaluate", "--model", "city", "--scenes", tmp_path), "--model", "--scenes")

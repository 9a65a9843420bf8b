from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from cli_support import Run, assert_one_line

from engine.formats.registry import write_scene
from engine.scene import VoxelScene

BAD = [
    (["generate"], ["--out"]),
    (["generat"], ["No such command"]),
    (["generate", "--out", "a.scw", "--sise", "3"], ["--sise"]),
    (["generate", "--out", "a.scw", "--size", "64"], ["--size"]),
    (["generate", "--out", "a.scw", "--size", "0", "64"], ["--size"]),
    (["generate", "--out", "a.scw", "--size", "4", "4"], ["too small"]),
    (["generate", "--out", "a.scw", "--count", "0"], ["--count"]),
    (["generate", "--out", "a.scw", "--seed", "-1"], ["seed -1"]),
    (["generate", "--out", "a.scw", "--seed", "x"], ["--seed"]),
    (["generate", "--out", "a.scw", "--sampler", "euler"], ["euler", "ddim"]),
    (["generate", "--out", "a.scw", "--steps", "0"], ["0 steps"]),
    (["generate", "--out", "a.scw", "--strength", "1.5"], ["strength 1.5"]),
    (["generate", "--out", "a.scw", "--device", "abacus"], ["--device"]),
    (["generate", "--out", "a.scw", "--forbid", "dragon"], ["dragon", "vegetation"]),
    (["generate", "--out", "a.scw", "--model", "nowhere"], ["nowhere"]),
    (["generate", "--out", "a.xyz"], [".xyz", ".glb"]),
    (["generate", "--out", "a"], [".glb"]),
    (["generate", "--out", "."], ["."]),
    (["generate", "--out", "missing/a.scw"], ["missing"]),
    (["generate", "--out", "a.scw", "--layout", "missing.png"], ["missing.png"]),
    (["inpaint", "SCENE", "--out", "a.scw"], ["--box", "--mask"]),
    (["inpaint", "SCENE", "--out", "a.scw", "--box", "0", "0", "0", "97", "64", "32"], ["(97,64,32)", "(96,64,32)"]),
    (["inpaint", "SCENE", "--out", "a.scw", "--box", "5", "5", "5", "5", "9", "9"], ["no voxel"]),
    (["inpaint", "SCENE", "--out", "a.scw", "--box", "-1", "0", "0", "9", "9", "9"], ["(-1,0,0)"]),
    (["inpaint", "SCENE", "--out", "a.scw", "--mask", "missing.npz"], ["missing.npz"]),
    (["inpaint", "missing.scw", "--out", "a.scw", "--box", "0", "0", "0", "9", "9", "9"], ["missing.scw"]),
    (["outpaint", "SCENE", "--to", "64", "64", "--out", "a.scw"], ["64 x 64", "96 x 64"]),
    (["outpaint", "SCENE", "--to", "128", "64", "--at", "48", "0", "--out", "a.scw"], ["(48, 0)"]),
    (["outpaint", "SCENE", "--to", "128", "64", "--at", "-8", "0", "--out", "a.scw"], ["--at"]),
    (["outpaint", "SCENE", "--to", "128", "64", "--mode", "windows", "--out", "a.scw"], ["--mode"]),
    (["convert", "SCENE"], ["OUT"]),
    (["convert", "SCENE", "a.xyz"], [".xyz"]),
    (["convert", "SCENE", "a.scw", "--from", "mystery"], ["mystery", "semantickitti"]),
    (["convert", "SCENE", "a.scw", "--like", "nowhere"], ["nowhere"]),
    (["convert", "SCENE", "a.scw", "--classes", "missing.json"], ["missing.json"]),
    (["render", "SCENE", "--out", "p", "--maps", "smell"], ["smell", "depth"]),
    (["render", "SCENE", "--out", "p", "--preset", "moon"], ["moon", "overview"]),
    (["render", "SCENE", "--out", "p", "--camera", "missing.json"], ["missing.json"]),
    (["info", "missing.scw"], ["missing.scw"]),
    (["info", "."], ["."]),
    (["open", "missing.scw"], []),
    (["train", "alchemy", "--out", "runs"], ["alchemy", "city-prior"]),
    (["worlds", "--out", "w", "--count", "0"], ["--count"]),
]  # fmt: skip


@pytest.mark.parametrize(("words", "parts"), BAD, ids=lambda v: " ".join(v) if v and isinstance(v, list) else None)
def test_bad_input_gives_one_line_and_exit_code_2_and_no_file(
    run: Run, scene_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], parts: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    words = [str(scene_file) if w == "SCENE" else w for w in words]
    assert_one_line(run(*words, fast="--model" not in words and "--steps" not in words), *parts)
    assert list(tmp_path.iterdir()) == []


def test_a_scene_that_does_not_suit_the_model_is_refused_with_the_line_that_helps(run: Run, tmp_path: Path) -> None:
    write_scene(VoxelScene.from_labels(np.ones((32, 48, 16), np.uint8)), tmp_path / "low.npz")
    words = ("--out", tmp_path / "a.scw", "--seed", 1)
    for task in (
        ("inpaint", tmp_path / "low.npz", "--box", 0, 0, 0, 9, 9, 9),
        ("outpaint", tmp_path / "low.npz", "--to", 64, 64),
    ):
        code, _, err = run(*task, *words)
        assert code == 2
        assert "height 16" in err
        assert "scenewright convert" in err
        assert "--like tiny" in err
    assert not (tmp_path / "a.scw").exists()


def test_a_mask_of_another_shape_is_refused(run: Run, scene_file: Path, tmp_path: Path) -> None:
    np.savez(tmp_path / "mask.npz", mask=np.ones((64, 96, 32), bool))
    words = ("--mask", tmp_path / "mask.npz", "--out", tmp_path / "a.scw", "--seed", 1)
    assert_one_line(run("inpaint", scene_file, *words), "(64, 96, 32)", "(96, 64, 32)")


def test_a_failed_run_leaves_the_old_output_as_it_was(run: Run, scene_file: Path, tmp_path: Path) -> None:
    out = tmp_path / "a.scw"
    out.write_bytes(b"precious")
    code, _, _ = run("outpaint", scene_file, "--to", 64, 64, "--out", out, "--seed", 1)
    assert code == 2
    assert out.read_bytes() == b"precious"
    assert list(tmp_path.iterdir()) == [out]

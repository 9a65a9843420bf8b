from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from cli_support import KEYS, SHAPE, Run, report_of, sha256

from engine.formats.registry import read_scene
from engine.grid import Box, Grid


def test_generate_reports_every_key_and_the_hash_of_its_file(run: Run, model: Path, tmp_path: Path) -> None:
    out = tmp_path / "city.scw"
    report = report_of(run("generate", "--out", out, "--size", 96, 64, "--seed", 7, "--json"))
    assert set(report) >= KEYS
    assert (report["command"], report["model"], report["seed"], report["steps"]) == ("generate", str(model), 7, 2)
    assert (report["output"], report["sha256"]) == (str(out), sha256(out))
    assert 0 < report["first_step_seconds"] <= report["seconds"]
    assert report["load_seconds"] > 0
    assert report["peak_memory_mb"] > 100
    assert read_scene(out).grid == Grid(SHAPE)


def test_the_output_says_where_it_came_from(run: Run, tmp_path: Path) -> None:
    run("generate", "--out", tmp_path / "city.npz", "--size", 64, 64, "--seed", 7, "--forbid", "car, truck")
    [entry] = read_scene(tmp_path / "city.npz").metadata["provenance"]
    assert (entry["task"], entry["model"]) == ("generate", "tiny")
    assert len(entry["model_sha256"]) == 64
    assert entry["sampling"]["seed"] == 7
    assert entry["sampling"]["forbid"] == ["car", "truck"]
    assert entry["version"]


@pytest.mark.parametrize("ending", [".scw", ".glb", ".npz", ".ply"])
def test_the_same_request_gives_the_same_bytes_and_another_seed_others(run: Run, tmp_path: Path, ending: str) -> None:
    hashes = []
    for name, seed in (("a", 7), ("b", 7), ("c", 8)):
        run("generate", "--out", tmp_path / f"{name}{ending}", "--size", 64, 96, "--seed", seed)
        hashes.append(sha256(tmp_path / f"{name}{ending}"))
    assert hashes[0] == hashes[1] != hashes[2]


def test_count_numbers_the_files_and_the_seeds(run: Run, tmp_path: Path) -> None:
    report = report_of(
        run("generate", "--out", tmp_path / "city.scw", "--size", 64, 64, "--seed", 40, "--count", 2, "--json")
    )
    names = [tmp_path / "city-0000.scw", tmp_path / "city-0001.scw"]
    assert report["output"] == [str(n) for n in names]
    assert report["sha256"] == [sha256(n) for n in names]
    assert sorted(tmp_path.iterdir()) == names
    run("generate", "--out", tmp_path / "alone.scw", "--size", 64, 64, "--seed", 41)
    assert sha256(tmp_path / "alone.scw") == sha256(names[1])


def test_a_drawn_seed_is_printed_and_repeats_the_run(run: Run, tmp_path: Path) -> None:
    code, out, err = run("generate", "--out", tmp_path / "a.scw", "--size", 64, 64, "--json")
    seed = json.loads(out)["seed"]
    assert code == 0
    assert f"seed {seed}" in err
    run("generate", "--out", tmp_path / "b.scw", "--size", 64, 64, "--seed", seed)
    assert sha256(tmp_path / "a.scw") == sha256(tmp_path / "b.scw")


def test_barred_classes_are_not_made(run: Run, tmp_path: Path) -> None:
    run("generate", "--out", tmp_path / "a.scw", "--size", 64, 64, "--seed", 1, "--forbid", "car,person")
    run("generate", "--out", tmp_path / "b.scw", "--size", 64, 64, "--seed", 1, "--allow", "road,building")
    assert not np.isin(read_scene(tmp_path / "a.scw").read(), [1, 6]).any()
    assert set(np.unique(read_scene(tmp_path / "b.scw").read())) <= {0, 9, 13}


def test_a_layout_decides_the_size(run: Run, tmp_path: Path) -> None:
    from engine.formats.layout import write_layout
    from engine.geometry.maps import LayoutMap

    write_layout(LayoutMap.free((10, 8)), tmp_path / "plan.png")
    report = report_of(
        run("generate", "--out", tmp_path / "a.scw", "--layout", tmp_path / "plan.png", "--seed", 1, "--json")
    )
    assert report["size"] == [80, 64, 32]
    other = run(
        "generate", "--out", tmp_path / "b.scw", "--layout", tmp_path / "plan.png", "--seed", 1, "--size", 64, 80
    )
    assert other[0] == 2
    assert "--size 80 64" in other[2]


def test_inpaint_touches_its_half_open_box_only(run: Run, scene_file: Path, tmp_path: Path) -> None:
    out = tmp_path / "new.scw"
    report = report_of(run("inpaint", scene_file, "--box", 10, 20, 3, 41, 29, 32, "--out", out, "--seed", 5, "--json"))
    before, after = read_scene(scene_file), read_scene(out)
    box = Box((10, 20, 3), (41, 29, 32))
    different = before.read() != after.read()
    assert report["masked"] == box.volume == 31 * 9 * 29
    assert report["changed"] == int(different.sum()) > 0
    different[box.slices] = False
    assert not different.any()
    assert [e["task"] for e in after.metadata["provenance"]] == ["inpaint"]


def test_a_mask_file_means_its_true_voxels(run: Run, scene_file: Path, tmp_path: Path) -> None:
    mask = np.random.default_rng(2).random(SHAPE) < 0.01
    np.savez(tmp_path / "mask.npz", mask=mask)
    report = report_of(
        run("inpaint", scene_file, "--mask", tmp_path / "mask.npz", "--out", tmp_path / "a.scw", "--seed", 5, "--json")
    )
    changed = read_scene(scene_file).read() != read_scene(tmp_path / "a.scw").read()
    assert report["masked"] == int(mask.sum())
    assert changed.any()
    assert not (changed & ~mask).any()


def test_outpaint_keeps_the_old_voxels_where_at_says(run: Run, scene_file: Path, tmp_path: Path) -> None:
    out = tmp_path / "wide.scw"
    report = report_of(run("outpaint", scene_file, "--to", 128, 80, "--at", 32, 0, "--out", out, "--seed", 5, "--json"))
    wide = read_scene(out)
    assert (report["size"], report["at"]) == ([128, 80, 32], [32, 0])
    assert wide.grid.shape == (128, 80, 32)
    assert np.array_equal(wide.read(Box((32, 0, 0), (128, 64, 32))), read_scene(scene_file).read())


def test_an_output_may_replace_the_input(run: Run, scene_file: Path, tmp_path: Path) -> None:
    path = tmp_path / "scene.scw"
    path.write_bytes(scene_file.read_bytes())
    code, _, _ = run("inpaint", path, "--box", 0, 0, 0, 16, 16, 32, "--out", path, "--seed", 5)
    assert code == 0
    assert sha256(path) != sha256(scene_file)


def test_training_is_told_its_seed(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = []
    monkeypatch.setattr(
        "engine.training.chains.train", lambda recipe, options: told.append((recipe, options)) or iter(())
    )
    code, _, err = run("train", "city-prior", "--out", tmp_path / "run", "--seed", "12", "--minutes", "3")
    assert code == 0
    assert "finished" in err
    ((recipe, options),) = told
    assert (recipe, options.seed, options.minutes, options.start) == ("city-prior", 12, 3.0, None)

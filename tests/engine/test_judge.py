from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from engine.data.city.archive import write_worlds
from engine.errors import ModelError, RequestError, SamplingError
from engine.evaluation import features, judge, report
from engine.evaluation.corruptions import COPIES, LADDER, find_broken
from engine.evaluation.features import FeatureConfig, FeatureNet, Judge
from engine.evaluation.judge import Bench, Candidate, Progress, Verdict
from engine.evaluation.scenes import Samples, SceneSet, WorldCrops, open_folder
from engine.evaluation.sources import HELD_OUT_SEED, Mapped, Procedural
from engine.evaluation.summary import load_summary, save_summary
from engine.formats.registry import write_scene
from engine.scene import VoxelScene
from engine.session import Session
from engine.tasks.request import Sampling
from tests.engine.places_maps import OsmMap
from tests.engine.tiny import build_tiny

WINDOW, HEIGHT, COUNT = 128, 16, 24
FAINT = {
    "f3d does not react to noise_1",
    "f3d does not react to wobbled",
    "f3d does not react to smoothed",
    "kid does not react to smoothed",
    "structure.road_widths does not react to one_training_scene",
}
"""What is lost in the chance of so few and small scenes; `scenewright evaluate` lets none of it pass."""


def untrained(seed: int = 0) -> FeatureNet:
    torch.manual_seed(seed)
    return FeatureNet(FeatureConfig(widths=(8, 12, 16), latent=8)).eval()


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """The shipped judge, and worlds small enough for a test."""
    folder = tmp_path_factory.mktemp("bench")
    held_out = WorldCrops(folder, Procedural(edge=256, height=HEIGHT), parts=2, window=WINDOW, processes=1)
    training = replace(held_out, source=Procedural(0, 256, HEIGHT))
    return Bench(features.load_judge(), held_out, training, folder, edits=1)


def judged(bench: Bench, scenes: SceneSet, samples: Samples | None = None) -> Verdict:
    *_, last = judge.evaluate(Candidate(scenes, samples), bench)
    assert isinstance(last, Verdict)
    return last


@pytest.fixture(scope="module")
def verdict(bench: Bench) -> Verdict:
    """Of fresh worlds, which are as good as scenes can be."""
    fresh = replace(bench.held_out, source=Procedural(500, 256, HEIGHT))
    list(fresh.ensure(0, COUNT))
    return judged(bench, replace(fresh.scenes("fresh", 0, COUNT), key=""))


def test_a_bottleneck_cell_stands_for_as_many_voxels_along_every_axis_as_the_widths_say() -> None:
    network, labels = untrained(), torch.randint(0, 20, (2, 48, 32, 16), dtype=torch.uint8)
    latent = network.encode(labels)
    assert latent.shape == (2, 8, 6, 4, 2)
    assert network.decode(latent).shape == (2, 20, 48, 32, 16)
    assert network.describe(labels).shape == (2, 32)


def test_folding_by_table_is_embedding_followed_by_a_linear_map() -> None:
    network, labels = untrained(), torch.randint(0, 20, (1, 6, 4, 8), dtype=torch.uint8)
    labels[0, 3, 2, 5] = 255
    folded = network._fold_in(labels)
    block = torch.where(labels == 255, 20, labels)[0, 2:4, 2:4, 4:6].reshape(8)
    expected = network.fold(network.embed(block.int()).flatten())
    torch.testing.assert_close(folded[0, 1, 1, 2], expected)


def test_decoding_puts_every_voxel_of_a_block_in_its_place() -> None:
    labels = torch.randint(0, 20, (1, 4, 6, 8), dtype=torch.uint8)
    one_hot = torch.nn.functional.one_hot(features.fold_labels(labels).long(), 20).flatten(-2)
    assert torch.equal(features._unfold(one_hot, 20).argmax(dim=1), labels.long())


def test_scenes_are_filled_up_with_empty_voxels() -> None:
    network, labels = untrained(), torch.randint(0, 20, (1, 44, 32, 20), dtype=torch.uint8)
    whole = torch.zeros(1, 48, 32, 24, dtype=torch.uint8)
    whole[:, :44, :, :20] = labels
    assert torch.equal(network.describe(labels), network.describe(whole))


def test_the_judge_is_known_by_its_hash_and_refuses_changed_weights(tmp_path: Path) -> None:
    network = untrained()
    sha256 = features.save_judge(tmp_path, network, {"recipe": "none"})
    loaded = features.load_judge(tmp_path)
    scene = np.random.default_rng(0).integers(0, 20, (32, 48, 16)).astype(np.uint8)
    assert loaded.sha256 == sha256
    assert np.array_equal(loaded.describe(scene), Judge(network, sha256).describe(scene))
    weights = bytearray((tmp_path / features.WEIGHTS).read_bytes())
    weights[-1] ^= 1
    (tmp_path / features.WEIGHTS).write_bytes(weights)
    with pytest.raises(ModelError, match="is damaged"):
        features.load_judge(tmp_path)
    with pytest.raises(ModelError, match="scenewright train judge-features"):
        features.load_judge(tmp_path / "nowhere")


def test_held_out_scenes_stay_the_same_and_are_made_once(bench: Bench, tmp_path: Path) -> None:
    list(bench.held_out.ensure(0, COUNT))
    assert list(bench.held_out.ensure(0, COUNT)) == []
    again = replace(bench.held_out, folder=tmp_path)
    assert list(again.ensure(0, 1)) == [0]
    assert [again.read(3).shape, again.read(3).dtype] == [(WINDOW, WINDOW, HEIGHT), np.uint8]
    assert all(np.array_equal(again.read(i), bench.held_out.read(i)) for i in range(4))
    assert not np.array_equal(again.read(0), again.read(1))
    assert bench.held_out.source.seed == HELD_OUT_SEED


def test_every_metric_of_the_matrix_reacts(verdict: Verdict) -> None:
    assert {line.split(" (")[0] for line in verdict.broken} <= FAINT, "\n".join(report.tabulate(verdict))
    assert set(verdict.metrics["ladder"]) == {*LADDER, COPIES}


def test_fresh_worlds_are_as_good_as_the_floor(verdict: Verdict) -> None:
    m = verdict.metrics
    assert m["n"] == COUNT
    assert m["f3d"] < 3 * m["floor"]["f3d"]
    assert m["f3d"] < m["ladder"][COPIES]["f3d"]
    assert m["locality"] is None
    assert (m["feature_net_sha256"], m["data_seed"]) == (features.load_judge().sha256, HELD_OUT_SEED)
    assert sum(verdict.shares["scenes"].values()) == pytest.approx(1)


def test_the_reference_itself_is_at_no_distance(bench: Bench, verdict: Verdict) -> None:
    m = judged(bench, bench.held_out.scenes("held-out", 0, COUNT)).metrics
    assert m["f3d"] == pytest.approx(0, abs=1e-6)
    assert (m["precision"], m["recall"], m["coverage"]) == (1, 1, 1)
    assert (m["class_js"], m["tpkl"], m["memorisation_z"]) == pytest.approx((0, 0, 0))
    assert set(m["structure"].values()) == {0.0}


def test_a_blind_judge_is_refused_loudly(bench: Bench, verdict: Verdict) -> None:
    m = verdict.metrics
    blind = {**m["ladder"], "noise_10": m["floor"]}
    broken = find_broken(m["floor"], blind)
    assert any("f3d does not react to noise_10" in line for line in broken)
    with pytest.raises(SamplingError, match="blind"):
        replace(verdict, broken=broken).require_sound()


def test_a_model_is_sampled_once_judged_and_edits_inside_its_mask(bench: Bench, tmp_path: Path) -> None:
    card = build_tiny(tmp_path / "tiny", HEIGHT)
    samples = Samples(tmp_path, Session("cpu"), str(card.folder), WINDOW, Sampling(steps=1))
    assert list(samples.ensure(2)) == [0, 1]
    first = samples.read(0)
    for seed in range(3, COUNT):  # as if an interrupted evaluation had left them
        write_scene(VoxelScene.from_labels(bench.held_out.read(seed)), samples.place / f"seed-{seed:06d}.npz")
    steps = list(judge.evaluate(Candidate(samples.scenes(COUNT), samples), bench))
    assert [(s.stage, s.done) for s in steps if isinstance(s, Progress) and s.stage == "samples"] == [("samples", 3)]
    assert np.array_equal(samples.read(0), first)
    assert not np.array_equal(samples.read(2), first)
    last = steps[-1]
    assert isinstance(last, Verdict)
    assert (last.metrics["n"], last.metrics["locality"]) == (COUNT, 0)
    assert last.metrics["seam_ratio"] > 0


def test_a_summary_survives_its_file(bench: Bench, verdict: Verdict, tmp_path: Path) -> None:
    [kept] = (bench.folder / "summaries").glob("noise_5-*")
    summary = load_summary(kept)
    save_summary(summary, tmp_path / "again.npz")
    again = load_summary(tmp_path / "again.npz")
    assert np.array_equal(summary.features, again.features)
    assert summary.seams == again.seams
    assert summary.features.shape == (COUNT, 64)
    assert summary.classes.sum() == COUNT * WINDOW * WINDOW * HEIGHT


def test_a_folder_of_scenes_or_worlds_is_cut_to_size(tmp_path: Path) -> None:
    labels = np.random.default_rng(0).integers(0, 20, (80, 64, 16)).astype(np.uint8)
    for i in range(3):
        write_scene(VoxelScene.from_labels(labels), tmp_path / f"{i}.npz")
    (tmp_path / "notes.txt").write_text("no scene")
    found = open_folder(tmp_path, 9, 64, 16)
    assert found.count == 3
    cut = found.read(1)
    assert cut.shape == (64, 64, 16)
    assert any(np.array_equal(cut, labels[x : x + 64]) for x in range(17))
    assert open_folder(tmp_path, 2, 64, 16).count == 2
    with pytest.raises(RequestError, match="80 x 64 x 16 voxels; the judge compares 80 x 80 x 16"):
        open_folder(tmp_path, 9, 80, 16).read(0)
    (tmp_path / "bare").mkdir()
    with pytest.raises(RequestError, match="holds no scenes"):
        open_folder(tmp_path / "bare", 9, 64, 16)
    [*_] = write_worlds(tmp_path / "worlds", 1, seed=3, size=(96, 128), processes=1)
    worlds = open_folder(tmp_path / "worlds", 4, 64, 32)
    assert worlds.count == 4
    assert not np.array_equal(worlds.read(0), worlds.read(1))


def test_too_few_scenes_are_refused(bench: Bench) -> None:
    with pytest.raises(RequestError, match="3 scenes are too few to judge; take at least 10"):
        judged(bench, SceneSet("few", 3, bench.held_out.read))


def test_the_report_holds_figures_and_pictures(verdict: Verdict, tmp_path: Path) -> None:
    sets = {**verdict.sets, "scenes": replace(verdict.candidate, name="<b>odd")}
    odd = replace(verdict, sets=sets, broken=["f3d does not react to rain"])
    files = list(report.write_report(odd, tmp_path, pictures=4, columns=3))
    assert [p.name for p in files] == ["report.json", "scenes.png", "held-out.png", "report.html"]
    assert json.loads(files[0].read_text()) == odd.metrics
    with Image.open(files[1]) as sheet:
        assert sheet.size == (3 * 256, 2 * 256)
    page = files[3].read_text()
    assert "<b>odd" not in page
    assert "&lt;b&gt;odd" in page
    assert "f3d does not react to rain" in page
    for name in (*LADDER, COPIES, "memorisation", "building"):
        assert name in page
    lines = list(report.tabulate(verdict))
    assert any(line.startswith("f3d") for line in lines)
    assert verdict.metrics["ladder_place"] in lines[-1]


def test_progress_is_told_scene_by_scene(bench: Bench, verdict: Verdict) -> None:
    steps = [s for s in judge.evaluate(Candidate(verdict.candidate), bench) if isinstance(s, Progress)]
    assert [(s.stage, s.done, s.total) for s in steps] == [("fresh", i + 1, COUNT) for i in range(COUNT)]


def write_town(folder: Path, edge: float) -> Path:
    """Write a map with one street and a row of houses in every square of 51.2 m."""
    town = OsmMap()
    for row in np.arange(0, edge, 51.2):
        town.way([(0, row + 25), (edge, row + 25)], highway="residential")
        for place in np.arange(4, edge, 13.0):
            town.box(place, row + 34, place + 9, row + 43, building="house", height="5")
    folder.mkdir()
    return town.write(folder / "town.osm")


def test_scenes_are_compared_with_real_places_too(bench: Bench, tmp_path: Path) -> None:
    path = write_town(tmp_path / "maps", 210.0)
    source = replace(Mapped.of_folder(path.parent), edge=256, height=HEIGHT)
    assert source.count == 16
    places = WorldCrops(tmp_path, source, parts=1, window=WINDOW, processes=1)
    list(places.ensure(0, 16))
    *_, last = judge.evaluate(Candidate(places.scenes("mine", 0, 16)), replace(bench, places=places))
    assert isinstance(last, Verdict)
    figures = last.metrics["places"]
    assert (figures["n"], figures["f3d"], figures["structure"]["road_widths"]) == (16, pytest.approx(0, abs=1e-6), 0)
    assert figures["held_out"]["f3d"] > last.metrics["floor"]["f3d"]
    assert list(last.sets) == list(last.shares) == ["scenes", "held-out", "places"]
    assert "places.png" in {p.name for p in report.write_report(last, tmp_path / "out", pictures=4, columns=2)}


def test_a_folder_without_maps_or_with_too_few_is_refused(bench: Bench, tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="holds no maps"):
        Mapped.of_folder(tmp_path)
    path = write_town(tmp_path / "maps", 60.0)
    few = WorldCrops(tmp_path, replace(Mapped.of_folder(path.parent), edge=256, height=HEIGHT), 1, WINDOW, 1)
    with pytest.raises(RequestError, match="the maps give 1 scenes"):
        judged(replace(bench, places=few), bench.held_out.scenes("held-out", 0, COUNT))

"""Maps that are followed or not, sliders that move something or not: the judge must tell one from the other."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.data.city.generator import STYLES, make_world, world_style
from engine.evaluation import control, features, judge, report
from engine.evaluation.control import Adherence, Made, Recogniser
from engine.evaluation.judge import Bench, Candidate, Progress, Verdict
from engine.evaluation.scenes import Samples, WorldCrops
from engine.evaluation.sources import Procedural
from engine.geometry.maps import LAYOUT_CLASSES, LayoutMap, layout_of
from engine.labels import label_space
from engine.models.character import Character
from engine.session import Session
from engine.tasks.request import Sampling
from tests.engine.tiny import build_tiny

SPACE = label_space()
ROAD, BUILDING = LAYOUT_CLASSES.index("road"), LAYOUT_CLASSES.index("building")


def painted(classes: list[list[int]]) -> LayoutMap:
    array = np.array(classes, np.uint8)
    return LayoutMap(array, np.zeros_like(array))


def test_a_map_that_is_followed_scores_one_and_free_cells_do_not_count() -> None:
    asked, made = painted([[ROAD, ROAD], [BUILDING, 0]]), painted([[ROAD, ROAD], [BUILDING, ROAD]])
    assert Adherence.of(asked, made).ious == {"road": 1.0, "building": 1.0}
    assert Adherence.of(asked, made).miou == 1.0


def test_what_was_made_elsewhere_counts_against_both_classes() -> None:
    asked, made = painted([[ROAD, ROAD], [BUILDING, BUILDING]]), painted([[ROAD, BUILDING], [BUILDING, BUILDING]])
    assert Adherence.of(asked, made).ious == {"road": 0.5, "building": pytest.approx(2 / 3)}
    both = Adherence.of(asked, made) + Adherence.of(asked, asked)
    assert both.ious == {"road": 0.75, "building": 0.8}
    nothing = painted([[0, 0], [0, 0]])
    assert Adherence.of(asked, nothing).miou == 0.0


def test_styles_are_told_by_the_nearest_centre_and_each_counts_the_same() -> None:
    rng = np.random.default_rng(0)
    styles = ["park"] * 30 + ["centre"] * 10
    places = np.array([[4.0 * (style == "park"), 0.0] for style in styles])
    recogniser = Recogniser.of(places + rng.normal(0, 0.5, places.shape), styles)
    assert recogniser.styles == ("centre", "park")
    assert recogniser.tell(np.array([0.2, 0.1])) == "centre"
    assert recogniser.score(places, styles) == 1.0
    assert recogniser.score(np.zeros((40, 2)), styles) == 0.5


def test_a_worlds_style_is_known_without_making_it() -> None:
    for seed in (3, 4, 1_000_007):
        assert make_world(seed, (128, 128), 16).style == world_style(seed)
    assert Procedural(seed=1_000_000).style_of(7) == world_style(1_000_007)


def test_what_sliders_do_is_measured() -> None:
    bare, full = make_world(3, (256, 256), style="park").labels, make_world(3, (256, 256), style="centre").labels
    made = [Made(Character(density=0.05), bare), Made(Character(density=0.3), full), Made(Character(leaves=1.0), full)]
    net = features.load_judge()
    recogniser = Recogniser(("centre", "park"), np.stack([net.describe(full), net.describe(bare)]))
    styled = [Made(Character(style=style), bare) for style in ("park", "centre")]
    found = control.summarise_control([*made, *styled], net, recogniser, SPACE)
    assert found["density"]["0.05"] < found["density"]["0.3"]
    assert set(found["leaves"]) <= {"1"}
    assert found["style"] == {"park": 1.0, "centre": 0.0}


def test_a_map_to_follow_reaches_the_model(tmp_path: Path) -> None:
    card = build_tiny(tmp_path / "tiny", 16, styles=STYLES)
    folder = tmp_path / "bench"
    held_out = WorldCrops(folder, Procedural(edge=256, height=16), parts=2, window=128, processes=1)
    training = replace(held_out, source=Procedural(0, 256, 16))
    bench = Bench(features.load_judge(), held_out, training, folder, edits=1, orders=1)
    samples = Samples(tmp_path, Session("cpu"), str(card.folder), 128, Sampling(steps=1))
    steps = list(judge.evaluate(Candidate(samples.scenes(judge.LEAST), samples), bench))
    asked = len(control.wishes(STYLES))
    stages = [s.stage for s in steps if isinstance(s, Progress)]
    assert (stages.count("maps to follow"), stages.count("scenes to order")) == (1, asked)
    verdict = steps[-1]
    assert isinstance(verdict, Verdict)
    found = verdict.metrics["control"]
    assert 0.0 <= found["adherence"] < 0.5, "an untrained model follows no map"
    assert set(found["density"]) == {"0.05", "0.15", "0.3"}
    assert set(found["style"]) == set(STYLES)
    assert 0.0 <= found["style_held_out"] <= 1.0
    lines = "\n".join(report.tabulate(verdict))
    assert "map followed, mean IoU" in lines
    assert "Made to order, 1 scenes" in report.make_page(verdict)


def test_the_layout_of_a_scene_is_what_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    card = build_tiny(tmp_path / "tiny", 16)
    scenes = WorldCrops(tmp_path, Procedural(edge=256, height=16), parts=2, window=128, processes=1)
    list(scenes.ensure(0, 2))
    truths = [scenes.read(i) for i in range(2)]
    asked: list[LayoutMap | None] = []

    def obey(session: Session, sampling: Sampling, size: object, layout: LayoutMap | None) -> object:
        asked.append(layout)
        return truths[sampling.seed]

    monkeypatch.setattr(control, "_make", obey)
    sampling = Sampling(model=str(card.folder), steps=1)
    *_, last = control.score_adherence(Session("cpu"), sampling, scenes.scenes("held-out", 0, 2), 5)
    assert len(asked) == 2
    for layout, truth in zip(asked, truths, strict=True):
        assert layout is not None
        assert np.array_equal(layout.classes, layout_of(truth, SPACE).classes)
    assert last.miou == 1.0

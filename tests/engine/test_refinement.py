"""Whether refinement is measured rightly: counted as the benchmark does, kept, and told in the report."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from engine.data.scans.pairs import SCAN
from engine.data.scans.profiles import PROFILES
from engine.errors import RequestError
from engine.evaluation import refinement, report
from engine.evaluation.completion import Confusion
from engine.evaluation.refinement import (
    Predictions,
    RealScan,
    agreement,
    score_real,
    score_refinements,
    summarise_scores,
)
from engine.formats.registry import read_scene
from engine.grid import Grid
from engine.labels import UNKNOWN, label_space
from engine.mask import VoxelMask
from engine.scene import VoxelScene
from engine.tasks.request import Provenance, RefineRequest, Request, Result, Step

SPACE = label_space()


class Oracle:
    """A session whose model knows the truth, but only where the prediction is solid."""

    def __init__(self, truth: np.ndarray) -> None:
        self.truth, self.device = truth, "cpu"
        self.asked: list[RefineRequest] = []
        self.card = type("Card", (), {
            "sha256": "0" * 64, "label_space": "semantickitti", "voxel_size": (0.2, 0.2, 0.2), "height": 32,
        })()  # fmt: skip

    def load(self, model: str) -> Oracle:
        return self

    def run(self, request: Request) -> Iterator[Step]:
        assert isinstance(request, RefineRequest)
        self.asked.append(request)
        labels = request.scene.read()
        made = np.where((labels != 0) & (labels != UNKNOWN), self.truth, labels)
        if request.sampling.steps == 1:
            made[:4] = 0
        box = request.scene.box
        yield Step(1, 1, "done", result=Result(box, made, VoxelMask.of_box(box), Provenance("", "", "", {}, "")))


@pytest.fixture(scope="module")
def predictions(tmp_path_factory: pytest.TempPathFactory) -> Predictions:
    return Predictions(tmp_path_factory.mktemp("predictions"), count=1, edge=96, world=192)


def test_scores_are_of_valid_voxels_before_and_after(predictions: Predictions) -> None:
    pair = predictions.read(0)
    session = Oracle(pair.complete)
    [scores] = score_refinements(session, "oracle", predictions)  # type: ignore[arg-type]
    assert set(scores) == {*PROFILES, SCAN}
    for name, source in pair.sources.items():
        before = Confusion.of(pair.complete, source, SPACE, pair.invalid)
        assert np.array_equal(scores[name][0].counts, before.counts)
        assert scores[name][1].counts.sum() == (~pair.invalid).sum()
        assert scores[name][4].miou >= scores[name][1].miou
    assert scores["monoscene"][4].miou > scores["monoscene"][0].miou + 0.1
    assert [r.sampling.steps for r in session.asked] == [1, 4] * 5
    again = Oracle(pair.complete)
    [kept] = score_refinements(again, "oracle", predictions)  # type: ignore[arg-type]
    assert again.asked == []
    assert all(np.array_equal(kept[n][s].counts, scores[n][s].counts) for n in scores for s in (0, 1, 4))
    figures = summarise_scores(scores, 1)
    assert figures["n"] == 1
    assert figures["scpnet"]["4"]["iou_before"] == pytest.approx(scores["scpnet"][0].iou)
    assert figures["scpnet"]["4"]["miou_after"] == pytest.approx(scores["scpnet"][4].miou)


def test_agreement_is_looked_up_in_metres() -> None:
    labels = np.zeros((6, 4, 8), np.uint8)
    labels[2, 1, 3], labels[3, 1, 3], labels[0, 0, 0], labels[5, 3, 7] = 9, 13, 15, UNKNOWN
    scan = VoxelScene.from_labels(labels, Grid((6, 4, 8), origin=(1.0, 0.0, 0.0)))
    wide = np.zeros((20, 4, 8), np.uint8)
    wide[7, 1, 3], wide[8, 1, 3] = 9, 15
    scene = VoxelScene.from_labels(wide, Grid((20, 4, 8)))
    assert agreement(scene, scan) == (3, pytest.approx(1 / 3))
    far = VoxelScene.from_labels(labels, Grid((6, 4, 8), origin=(50.0, 0.0, 0.0)))
    with pytest.raises(RequestError, match="none of the scan's 3 labelled voxels"):
        agreement(scene, far)


def test_the_report_tells_the_gain() -> None:
    rows = {"1": {"iou_before": 0.5, "miou_before": 0.25, "iou_after": 0.625, "miou_after": 0.3125}}
    metrics = {"completion": {"n": 3, "scpnet": rows}, "real_scan": {"voxels": 7, "before": 0.5, "1": 0.75}}
    assert report._gains(metrics) == {
        "scpnet": {"before": "50.0 / 25.0", "1 step": "62.5 / 31.2"},
        "real scan": {"before": "50.0", "1 step": "75.0"},
    }
    page = "".join(report._completion(metrics))
    assert "3 held-out scenes" in page
    assert "<td>62.5 / 31.2" in page
    assert list(report._completion({"completion": None})) == []


def test_a_real_prediction_stands_beside_its_scan(samples: Path) -> None:
    scan = read_scene(samples / "semantickitti" / "001000.label")
    real = RealScan(read_scene(samples / "ssc" / "lmsc_001000.label"), scan)
    session = Oracle(np.zeros((256, 256, 32), np.uint8))
    found = score_real(session, "oracle", real)  # type: ignore[arg-type]
    assert found["voxels"] > 5000
    assert found["before"] > 0.2, "prediction and scan do not lie in one frame"
    assert found["4"] == 0.0
    assert refinement.STEPS == (1, 4)

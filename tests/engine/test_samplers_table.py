"""The table of samplers: every case judged against the same held-out scenes, kept, and written down."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from engine.errors import RequestError
from engine.evaluation.features import FeatureConfig, FeatureNet, Judge
from engine.evaluation.judge import Bench, Progress
from engine.evaluation.samplers import Comparison, compare_fillings, compare_samplers, write_fillings, write_table
from engine.evaluation.scenes import WorldCrops
from engine.evaluation.sources import HELD_OUT_SEED, Procedural
from engine.session import Session
from tests.engine.tiny import build_tiny

N = 10
CASES = (("dpmpp-2m", 1), ("heun", 2))


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    torch.manual_seed(0)
    network = FeatureNet(FeatureConfig(widths=(4, 4, 4, 4), latent=2)).eval()
    folder = tmp_path_factory.mktemp("bench")
    held_out = WorldCrops(folder, Procedural(HELD_OUT_SEED, 256, 16), 4, 64, 1)
    return Bench(Judge(network, "0" * 64), held_out, held_out, folder)


def test_every_case_becomes_a_row(bench: Bench, tmp_path: Path) -> None:
    model, session = str(build_tiny(tmp_path / "tiny", height=16, with_layout=False).folder), Session("cpu")
    *progress, found = compare_samplers(session, model, bench, N, CASES)
    assert isinstance(found, Comparison)
    stages = [step.stage for step in progress if isinstance(step, Progress)]
    assert stages.count("dpmpp-2m 1") == stages.count("heun 2") == N
    assert [(r.sampler, r.steps, r.evaluations) for r in found.rows] == [("dpmpp-2m", 1, 1), ("heun", 2, 3)]
    assert found.rows[0].f3d != found.rows[1].f3d
    assert found.floor > 0
    assert all(r.seconds > 0 and r.f3d > 0 for r in found.rows)
    *again, second = compare_samplers(session, model, bench, N, CASES)
    assert again == []
    assert isinstance(second, Comparison)
    assert [r.f3d for r in second.rows] == pytest.approx([r.f3d for r in found.rows])
    table, page = write_table(found, tmp_path / "report")
    with table.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [r["sampler"] for r in rows] == ["dpmpp-2m", "heun"]
    assert float(rows[1]["f3d"]) == pytest.approx(found.rows[1].f3d, rel=1e-3)
    assert "| heun | 2 | 3 |" in page.read_text()


def test_every_way_to_fill_a_hole_becomes_a_line(bench: Bench, tmp_path: Path) -> None:
    model = str(build_tiny(tmp_path / "tiny", height=16, with_layout=False).folder)
    wide = WorldCrops(tmp_path, Procedural(HELD_OUT_SEED, 256, 16), 2, 128, 1)
    small = replace(bench, held_out=wide, edits=1)
    *progress, rows = compare_fillings(Session("cpu"), model, small, (("dpmpp-2m", 2, 1), ("ddpm", 10, 3)))
    assert isinstance(rows, tuple)
    assert [p.stage for p in progress if isinstance(p, Progress)][-2:] == ["dpmpp-2m 2 x 1", "ddpm 10 x 3"]
    assert [(r.sampler, r.steps, r.resample, r.leaks) for r in rows] == [("dpmpp-2m", 2, 1, 0), ("ddpm", 10, 3, 0)]
    assert rows[0].evaluations == 2
    assert rows[1].evaluations > 20
    assert all(r.seconds > 0 and r.seam_ratio > 0 for r in rows)
    page = write_fillings(rows, "tiny", 1, tmp_path / "report").read_text()
    assert f"| ddpm | 10 | 3 | {rows[1].evaluations} |" in page


def test_too_few_scenes_are_refused(bench: Bench) -> None:
    with pytest.raises(RequestError, match="3 scenes are too few"):
        list(compare_samplers(Session("cpu"), "city", bench, 3))

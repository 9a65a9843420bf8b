from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from engine.data.city.archive import write_worlds
from engine.data.crops import CropSampler
from engine.errors import RequestError
from engine.evaluation.features import FeatureConfig, FeatureNet, load_judge, whiten
from engine.evaluation.sources import HELD_OUT_SEED
from engine.training import recipes
from engine.training.judge_features import JudgeLoss, JudgeRecipe, calibrate, score
from engine.training.runs import TrainOptions, Volume
from tests.engine.tiny import require_learning

CPU = torch.device("cpu")
SMALL = FeatureConfig(widths=(8, 8, 12, 16), latent=4)


def sampler(crop: int = 32) -> CropSampler:
    labels = np.zeros((96, 64, 16), np.uint8)
    labels[:, :, :3] = 9
    labels[::7, :, 3:9] = 13
    return CropSampler([Volume(labels)], (crop, crop), np.random.default_rng(0))


def test_the_bottleneck_learns_to_give_scenes_back() -> None:
    torch.manual_seed(0)
    network = FeatureNet(SMALL)
    before = score(network, sampler(), 4, CPU)
    loss = JudgeLoss(network, sampler(), replace(JudgeRecipe(), batch=2), CPU)
    require_learning(network, loss, rate=2e-2, steps=40, share=0.6)
    assert all(p.grad is not None for p in network.parameters())
    assert score(network, sampler(), 4, CPU) > before + 0.2


def test_calibrated_features_are_white() -> None:
    torch.manual_seed(1)
    network = FeatureNet(SMALL)
    calibrate(network, sampler(), 60, CPU)
    same = sampler()
    described = torch.cat([network.describe(torch.from_numpy(same.sample())[None]) for _ in range(60)]).detach()
    torch.testing.assert_close(described.mean(dim=0), torch.zeros(16), atol=1e-3, rtol=0)
    covariance = torch.cov(described.T)
    variances = covariance.diagonal()
    torch.testing.assert_close(covariance, torch.diag(variances), atol=1e-2, rtol=0)
    assert float(variances.max()) < 1.001
    assert int((variances > 0.9).sum()) >= 6


def test_whitening_shows_what_breaks_a_rule_that_all_intact_scenes_keep() -> None:
    draw = torch.Generator().manual_seed(3)
    amount = 5.0 * torch.randn(400, 1, generator=draw)
    pooled = torch.cat([amount, 2.0 * amount], dim=1) + 0.4 * torch.randn(400, 2, generator=draw)
    centre, matrix = whiten(pooled)
    kept, broken = ((torch.tensor([point]) - centre) @ matrix for point in ([5.0, 10.0], [5.0, 6.0]))
    assert float(kept.norm()) < 2 < 0.5 * float(broken.norm())


def test_nobody_trains_on_held_out_worlds(tmp_path: Path) -> None:
    [*_] = write_worlds(tmp_path / "worlds", 1, seed=HELD_OUT_SEED, size=(256, 256), processes=1)
    with pytest.raises(RequestError, match=f"held-out seed {HELD_OUT_SEED}"):
        next(recipes.train("judge-features", TrainOptions(tmp_path / "run", tmp_path / "worlds")))


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_recipe_leaves_a_judge(tmp_path: Path) -> None:
    [*_] = write_worlds(tmp_path / "worlds", 1, seed=4, size=(512, 512), processes=1)
    options = TrainOptions(tmp_path / "run", tmp_path / "worlds", minutes=0.05, worlds=1, device="cpu")
    assert list(recipes.train("judge-features", options))[-1].progress == 1.0
    found = load_judge(tmp_path / "run")
    assert len(found.sha256) == 64
    assert np.isfinite(found.describe(np.zeros((64, 48, 32), np.uint8))).all()

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from engine.errors import ModelError, RequestError
from engine.scene import VoxelScene
from engine.session import Session
from engine.tasks.request import GenerateRequest, Sampling
from engine.training import recipes, sheets
from engine.training.loop import Loop, LoopOptions
from engine.training.losses import class_weights, draw_times, flow_matching, lovasz_softmax, reconstruction
from engine.training.masks import _DRAW, KINDS, draw_mask
from engine.training.runs import TrainOptions


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_mask_hides_a_part(kind: str) -> None:
    shares = []
    for seed in range(20):
        mask = np.zeros((48, 32, 16), dtype=np.bool_)
        _DRAW[kind](np.random.default_rng(seed), mask)
        shares.append(mask.mean())
    assert max(shares) < 1
    assert np.mean(shares) > 0.01
    assert len({round(float(s), 6) for s in shares}) > 10


def test_masks_come_from_the_seed() -> None:
    a, b, c = (draw_mask(np.random.default_rng(s), (32, 48, 16)) for s in (1, 1, 2))
    assert np.array_equal(a, b)
    assert not np.array_equal(a, c)


def test_rare_classes_weigh_more_up_to_a_limit() -> None:
    weights = class_weights(torch.tensor([8000.0, 1000.0, 1.0, 0.0]), power=1 / 3, most=15)
    torch.testing.assert_close(weights, torch.tensor([1.0, 2.0, 15.0, 15.0]))


def test_lovasz_is_one_minus_iou_for_hard_guesses() -> None:
    labels = torch.tensor([0, 0, 0, 1, 1, 2])
    guess = torch.tensor([0, 0, 1, 1, 0, 2])
    hard = nn.functional.one_hot(guess, 3).float()
    iou = torch.tensor([2 / 4, 1 / 3, 1.0])
    torch.testing.assert_close(lovasz_softmax(hard, labels), (1 - iou).mean())


def test_ignored_voxels_do_not_count() -> None:
    torch.manual_seed(0)
    logits, labels = torch.randn(6, 4, 5), torch.randint(0, 4, (6, 5))
    ignore = torch.zeros(6, 5, dtype=torch.bool)
    ignore[:2] = True
    changed = logits.clone()
    changed[:2] = torch.randn(2, 4, 5)
    results = []
    for v in (logits, changed):
        torch.manual_seed(1)
        results.append(reconstruction(v, labels, torch.ones(4), ignore, 20))
    first, second = results
    torch.testing.assert_close(first, second)


def test_the_flow_loss_is_the_velocity_error() -> None:
    x0, noise, guess = (torch.randn(2, 3, 4, 5) for _ in range(3))
    t = torch.tensor([0.3, 0.8])
    x_t = (1 - t[:, None, None, None]) * x0 + t[:, None, None, None] * noise
    velocity, implied = noise - x0, (x_t - guess) / t[:, None, None, None]
    torch.testing.assert_close(flow_matching(guess, x0, t, torch.ones(1)), (implied - velocity).square().mean())


def test_errors_that_whole_regions_share_count_at_every_scale() -> None:
    x0, t, weight = torch.zeros(1, 2, 8, 8), torch.ones(1), torch.ones(1)
    chequered = (-1.0) ** torch.arange(8)[:, None] * (-1.0) ** torch.arange(8) * torch.ones(1, 2, 1, 1)
    scales = ((4, 1.0), (32, 3.0))  # the larger is all of this map
    assert flow_matching(x0 + 1, x0, t, weight).item() == flow_matching(chequered, x0, t, weight).item() == 1.0
    assert flow_matching(x0 + 1, x0, t, weight, scales).item() == pytest.approx(5.0)
    assert flow_matching(chequered, x0, t, weight, scales).item() == pytest.approx(1.0)


def test_a_sheet_holds_every_scene_once(tmp_path: Path) -> None:
    scenes = [VoxelScene.from_labels(np.full((16, 16, 8), c, np.uint8)) for c in (9, 15, 13)]
    sheet = sheets.draw_sheet(scenes, columns=2, edge=40)
    assert sheet.shape == (80, 80, 3)
    tiles = [sheet[y : y + 40, x : x + 40] for y in (0, 40) for x in (0, 40)]
    assert not tiles[3].any()
    assert [int(t[20, 20].argmax()) for t in tiles[:3]] == [2, 1, 0]


class Line(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(3))


def line_loop(out: Path, minutes: float) -> Loop:
    network = Line()

    def loss(step: int, progress: float) -> Tensor:
        return (network.weight - torch.randn(3)).square().sum()

    return Loop(network, loss, out, LoopOptions(minutes, learning_rate=0.05, warm_up=5))


def take(loop: Loop, count: int) -> None:
    steps = loop.run()
    for _ in range(count):
        next(steps)
    steps.close()  # type: ignore[attr-defined]


def test_a_resumed_training_goes_on_as_if_never_stopped(tmp_path: Path) -> None:
    torch.manual_seed(0)
    whole = line_loop(tmp_path / "whole", 60)
    take(whole, 30)
    torch.manual_seed(0)
    first = line_loop(tmp_path / "parts", 60)
    take(first, 13)
    torch.manual_seed(99)
    second = line_loop(tmp_path / "parts", 60)
    second.resume()
    take(second, 17)
    assert second.step == 30
    assert torch.equal(whole.network.state_dict()["weight"], second.network.state_dict()["weight"])
    assert torch.equal(whole.average["weight"], second.average["weight"])


def test_resuming_nothing_or_another_network_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="not there to resume"):
        line_loop(tmp_path, 1).resume()
    take(line_loop(tmp_path, 60), 1)
    other = Loop(nn.Linear(2, 2), lambda step, progress: torch.zeros(()), tmp_path, LoopOptions(1))
    with pytest.raises(ModelError, match="another network"):
        other.resume()


def test_an_unknown_recipe_lists_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="city-autoencoder, city-decoder, city-prior, city-refine, city-layout"):
        list(recipes.train("nope", TrainOptions(tmp_path)))


@pytest.mark.slow
@pytest.mark.timeout(2400)
def test_the_recipes_leave_a_model_that_generates(tmp_path: Path) -> None:
    from engine.data.city.archive import write_worlds

    for _ in write_worlds(tmp_path / "worlds", 1, seed=4, size=(512, 512), processes=1):
        pass
    before = None
    for recipe in (name for name in recipes.names() if name.startswith("city")):
        options = TrainOptions(tmp_path / recipe, tmp_path / "worlds", minutes=0.05, worlds=1, start=before)
        assert list(recipes.train(recipe, options))[-1].progress == 1.0
        assert (tmp_path / recipe / "loss.png").is_file()
        before = tmp_path / recipe
    request = GenerateRequest((64, 48), Sampling(model=str(before), steps=2))
    *_, last = Session("cpu").run(request)
    assert last.result is not None
    assert last.result.labels.shape == (64, 48, 32)


def test_training_times_lean_towards_noise() -> None:
    torch.manual_seed(0)
    t = draw_times(20_000, torch.device("cpu"))
    assert bool(((t > 0) & (t < 1)).all())
    assert float(t.median()) == pytest.approx(0.75, abs=0.01)

"""What the recipes of `semcity` teach, and that they leave a model which serves the tasks."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import torch

from engine.data.city.archive import save_world
from engine.data.city.world import World
from engine.data.crops import CropSampler, apply_symmetry
from engine.errors import ModelError, RequestError
from engine.labels import UNKNOWN
from engine.models.cards import read_card
from engine.models.semcity.autoencoder import TriplaneAutoencoder, TriplaneAutoencoderConfig
from engine.models.semcity.triplane import Planes, compose, turn_planes
from engine.models.semcity.unet import TriplaneUNet, TriplaneUNetConfig
from engine.session import Session
from engine.tasks.request import GenerateRequest, Sampling
from engine.training import recipes, semcity_autoencoder, semcity_prior
from engine.training.runs import TrainOptions, Volume
from engine.training.semcity_autoencoder import TriplaneLoss, TriplaneRecipe, draw_points
from engine.training.semcity_prior import TriplanePriorLoss, TriplanePriorRecipe
from tests.engine.tiny import require_learning

CPU = torch.device("cpu")
TINY = TriplaneRecipe(
    TriplaneAutoencoderConfig(channels=4, features=16, hidden=32, kernel=(3, 3, 3), plane_kernel=3),
    edge=32,
    points=1500,
    score_edge=48,
    score_crops=2,
)
TINY_PRIOR = TriplanePriorRecipe(
    width=32, multiples=(1, 1), small=(32, 2), large=(48, 1), scenes=(5, 3), large_from=0.0, samples=0
)


def town(wide: int = 64, deep: int = 80, height: int = 32) -> np.ndarray:
    """A street beside grass, a house, and a sign on a pole."""
    labels = np.zeros((wide, deep, height), dtype=np.uint8)
    labels[:, :, :3] = 17
    labels[20:40, :, :3] = 9
    labels[44:60, 10:50, 3:20] = 13
    labels[42, ::8, 3:10], labels[42, ::8, 10:14] = 18, 19
    return labels


@pytest.fixture
def worlds(tmp_path: Path) -> Path:
    world = World(town(), np.array([0, 1]), np.array([1, 1], np.uint32), 5, "test")
    save_world(tmp_path / "worlds" / "world-000005-64x80.zarr", world)
    return tmp_path / "worlds"


@pytest.mark.parametrize("turn", range(8))
def test_planes_turn_as_the_volume_they_are_means_of(turn: int) -> None:
    volume = torch.randn(5, 7, 3, generator=torch.Generator().manual_seed(0))
    turned = torch.from_numpy(apply_symmetry(volume.numpy(), turn))  # type: ignore[arg-type, type-var]
    before, after = (Planes(*(v[None, None].mean(dim=axis) for axis in (4, 3, 2))) for v in (volume, turned))
    for found, expected in zip(turn_planes(before, turn), after, strict=True):
        torch.testing.assert_close(found, expected)


def test_points_are_of_all_kinds_and_never_unknown() -> None:
    labels = town()
    labels[:10, :10] = UNKNOWN
    points = draw_points(labels, 4000, np.random.default_rng(0))
    found = labels[tuple(points.T)]
    assert points.shape == (4000, 3)
    assert len(np.unique(points, axis=0)) == 4000
    assert (found != 0).sum() == 2000
    assert UNKNOWN not in found
    assert {9, 13, 17, 18, 19} <= set(found.tolist())  # the ordered list of the original would end in class 13
    everywhere = draw_points(labels, labels.size, np.random.default_rng(0))
    assert len(everywhere) == labels.size
    assert len(np.unique(everywhere, axis=0)) == (labels != UNKNOWN).sum()


def test_an_autoencoder_learns_a_scene_and_its_mirror_images() -> None:
    torch.manual_seed(0)
    network = TriplaneAutoencoder(TINY.config)
    sampler = CropSampler([Volume(town(48, 48, 8))], (32, 32), np.random.default_rng(0))
    loss = TriplaneLoss(network, sampler, replace(TINY, points=600), 1, CPU)
    require_learning(network, loss, rate=2e-2, steps=20, share=0.7)
    assert all(p.grad is not None and bool(p.grad.any()) for p in network.geo_decoder.parameters())


def test_the_score_counts_every_voxel() -> None:
    network = TriplaneAutoencoder(TINY.config).eval().requires_grad_(requires_grad=False)
    last = network.geo_decoder.second_layers[-1]
    last.weight.zero_()
    last.bias.copy_(torch.nn.functional.one_hot(torch.tensor(9), 20).float())
    labels = town()
    sampler = CropSampler([Volume(labels)], (64, 64), np.random.default_rng(0))
    found = semcity_autoencoder.score(network, sampler, 1, CPU)
    again = CropSampler([Volume(labels)], (64, 64), np.random.default_rng(0)).sample()
    assert found["9"] == pytest.approx((again == 9).mean())
    assert found["occupied"] == pytest.approx((again != 0).mean())
    assert found["0"] == 0


def test_the_prior_learns_from_scenes_encoded_once() -> None:
    torch.manual_seed(0)
    autoencoder = TriplaneAutoencoder(TINY.config).eval().requires_grad_(requires_grad=False)
    volumes = [Volume(town(height=8))]
    scenes = semcity_prior.encode_scenes(autoencoder, volumes, 32, 3, np.random.default_rng(4), CPU)
    first = CropSampler(volumes, (32, 32), np.random.default_rng(4)).sample()
    expected = compose(autoencoder.encode(torch.from_numpy(first)[None]))
    assert scenes.dtype == torch.float16
    assert scenes.shape == (3, 4, 24, 24)
    torch.testing.assert_close(scenes[:1].float(), expected, atol=1e-3, rtol=0)
    network = TriplaneUNet(TriplaneUNetConfig(4, 8, width=32, multiples=(1, 1), halvings=1))
    loss = TriplanePriorLoss(network, scenes, scenes, TINY_PRIOR, 0, CPU)
    require_learning(network, loss)


def test_the_two_recipes_leave_a_model_that_generates(tmp_path: Path, worlds: Path) -> None:
    first = TrainOptions(tmp_path / "autoencoder", worlds, minutes=0.01, device="cpu")
    assert list(recipes.train_semcity_autoencoder(first, TINY))[-1].progress == 1.0
    card = read_card(first.out)
    assert card.training["autoencoder"]["iou"].keys() >= {"mean", "occupied", "road"}
    second = TrainOptions(tmp_path / "prior", worlds, minutes=0.01, device="cpu", start=first.out)
    steps = list(recipes.train_semcity_prior(second, TINY_PRIOR))
    card = read_card(second.out)
    assert card.training["denoiser"]["steps"] == len(steps) == steps[-1].step
    assert card.config["autoencoder"]["channels"] == asdict(TINY.config)["channels"]
    assert (second.out / "loss.png").is_file()
    *_, last = Session("cpu").run(GenerateRequest((48, 32), Sampling(model=str(second.out), steps=2)))
    assert last.result is not None
    assert last.result.labels.shape == (48, 32, 32)


def test_a_prior_without_an_autoencoder_of_its_kind_is_refused(tmp_path: Path, worlds: Path) -> None:
    with pytest.raises(RequestError, match="--start"):
        list(recipes.train("semcity-prior", TrainOptions(tmp_path / "a", worlds)))
    with pytest.raises(ModelError, match="of kind 'city'"):
        list(recipes.train("semcity-prior", TrainOptions(tmp_path / "a", worlds, start=Path("city"))))


@pytest.mark.parametrize(("reduced", "megabytes"), [(True, 10.0), (False, 125.0)])
def test_what_ships_is_small_and_what_was_published_is_not(reduced: bool, megabytes: float) -> None:
    one = TriplaneRecipe() if reduced else semcity_autoencoder.FULL
    two = TriplanePriorRecipe() if reduced else semcity_prior.FULL
    with torch.device("meta"):
        networks = [
            TriplaneAutoencoder(one.config),
            TriplaneUNet(TriplaneUNetConfig(one.config.channels, width=two.width, multiples=two.multiples)),
        ]
    weights = sum(p.numel() for network in networks for p in network.parameters())
    assert 0.7 * megabytes < 2 * weights / 1e6 < megabytes
    assert reduced or weights == 805_236 + 59_857_520

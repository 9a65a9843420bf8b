"""The decoder of `city` on its own: what it is scored on, what it leaves alone, that no class is seen too often."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from engine.data.city.archive import write_worlds
from engine.data.city.generator import make_world
from engine.data.crops import CropSampler
from engine.labels import label_space
from engine.models.cards import find_model, read_card
from engine.models.city.autoencoder import Autoencoder, AutoencoderConfig
from engine.models.city.model import CityModel
from engine.models.unet import UNet, UNetConfig
from engine.models.zoo import load
from engine.training.city_decoder import DecoderLoss, DecoderRecipe, balance, weigh_columns
from engine.training.city_recipes import _pace, train_city_decoder
from engine.training.runs import TrainOptions, Volume
from tests.engine.tiny import build_tiny, require_learning

CPU, SPACE = torch.device("cpu"), label_space()
POLE, ROAD = SPACE.find("pole"), SPACE.find("road")
SMALL = AutoencoderConfig(height=32, widths=(16, 24), latent=4, detail=16, blocks=1)


def test_rare_columns_and_those_around_are_always_scored_and_sums_are_those_of_all() -> None:
    torch.manual_seed(0)
    labels = torch.full((1, 40, 50, 8), ROAD, dtype=torch.uint8)
    labels[0, 20, 30, 5] = POLE
    rare = torch.zeros(len(SPACE), dtype=torch.bool)
    rare[POLE] = True
    drawn = torch.stack([weigh_columns(labels, rare, 0.25).view(40, 50) for _ in range(200)])
    assert bool((drawn[:, 19:22, 29:32] == 1).all())
    far = drawn.clone()
    far[:, 19:22, 29:32] = 0
    assert set(far.unique().tolist()) == {0.0, 4.0}
    assert drawn.mean().item() == pytest.approx(1.0, abs=0.01)


def test_the_decoder_learns_and_the_encoder_stays() -> None:
    torch.manual_seed(0)
    sampler = CropSampler([Volume(make_world(3, (128, 128)).labels)], (32, 32), np.random.default_rng(0))
    network = Autoencoder(SMALL)
    before = {key: value.clone() for key, value in network.state_dict().items()}
    for part in (network.embed, network.encoder):
        part.requires_grad_(False)
    require_learning(network, DecoderLoss(network, sampler, DecoderRecipe(batch=4), 0, CPU), steps=25)
    after = network.state_dict()
    moved = {key.split(".")[0] for key in before if not torch.equal(before[key], after[key])}
    assert moved == {"decoder", "head"}


def test_balanced_biases_decode_every_class_as_often_as_it_is_there() -> None:
    model = load(find_model("city"), "cpu")
    assert isinstance(model, CityModel)
    network, world = model.autoencoder, Volume(make_world(5, (128, 128)).labels)
    sampler = CropSampler([world], (128, 128), np.random.default_rng(0))
    labels = torch.from_numpy(sampler.sample())[None]
    z = network.encode(labels)
    there = torch.bincount(labels.flatten().int(), minlength=len(SPACE))

    def made() -> torch.Tensor:
        with torch.no_grad():
            best = network.decode(z).max(dim=1).indices
        return torch.bincount(best.flatten().int(), minlength=len(SPACE))

    with torch.no_grad():
        network.head.bias.view(len(SPACE), -1)[POLE] += 2.0
    assert made()[POLE] > 2 * there[POLE]
    sampler.rng = np.random.default_rng(0)
    balance(network, sampler, 1, CPU)
    common = there > 300
    ratio = made()[common] / there[common]
    assert float(ratio.min()) > 0.85
    assert float(ratio.max()) < 1.2
    assert made()[POLE] / there[POLE] == pytest.approx(1.0, abs=0.3)


def test_the_recipe_keeps_all_else(tmp_path: Path) -> None:
    build_tiny(tmp_path / "start", height=32)
    for _ in write_worlds(tmp_path / "worlds", 1, size=(256, 256)):
        pass
    options = TrainOptions(tmp_path / "out", tmp_path / "worlds", minutes=0.01, device="cpu", start=tmp_path / "start")
    list(train_city_decoder(options, DecoderRecipe(batch=2, balanced=1)))
    before, after = (load(read_card(tmp_path / name), "cpu") for name in ("start", "out"))
    assert isinstance(before, CityModel)
    assert isinstance(after, CityModel)
    labels = torch.from_numpy(make_world(9, (64, 64)).labels)
    assert torch.equal(before.encode(labels), after.encode(labels))
    assert after.card.files["denoiser.safetensors"] == before.card.files["denoiser.safetensors"]
    assert after.card.files["autoencoder.safetensors"] != before.card.files["autoencoder.safetensors"]
    assert after.card.training["autoencoder"]["recipe"] == "city-decoder"
    assert 0 <= after.card.training["autoencoder"]["iou"]["road"] <= 1


def test_a_denoiser_that_grows_does_what_it_did() -> None:
    torch.manual_seed(0)
    config = UNetConfig(4, 3, width=16)
    small = UNet(config)
    for parameter in small.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    grown = UNet(replace(config, blocks=(2, 3, 1)))
    grown.load_state_dict({**grown.state_dict(), **small.state_dict()})
    assert sum(p.numel() for p in grown.parameters()) > sum(p.numel() for p in small.parameters())
    x, given, t = torch.randn(2, 4, 8, 12), torch.randn(2, 3, 8, 12), torch.tensor([0.2, 0.9])
    torch.testing.assert_close(grown(x, t, given), small(x, t, given))


def test_what_is_trained_already_goes_on_more_slowly(tmp_path: Path) -> None:
    options = TrainOptions(tmp_path, minutes=7.0)
    first, on = _pace(options, goes_on=False, peak=6e-4), _pace(options, goes_on=True, peak=6e-4)
    assert (first.learning_rate, first.minutes) == (6e-4, 7.0)
    assert on.learning_rate < first.learning_rate
    assert on.decay == 1.0 > first.decay, "its rate falls from the start"

"""Noise that is smooth at several scales: its variance, where it is the same everywhere, and who samples from it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from engine.diffusion.noise import coloured
from engine.mask import VoxelMask
from engine.models.city.model import CityModel
from engine.models.unet import UNet
from engine.models.zoo import CityParts, load, save_city
from engine.session import Session
from engine.tasks.request import GenerateRequest, InpaintRequest, Sampling
from tests.engine.tiny import build_tiny

OCTAVES = ((4, 0.08), (16, 0.1))


def white(seed: int):
    generator = torch.Generator().manual_seed(seed)
    return lambda like: torch.randn(like.shape, generator=generator)


def test_without_smooth_parts_noise_stays_as_it_is() -> None:
    like = torch.empty(2, 3, 8, 8)
    assert torch.equal(coloured(white(0), ())(like), white(0)(like))


def test_smooth_parts_keep_the_variance_and_move_whole_crops() -> None:
    noise = coloured(white(1), OCTAVES)(torch.empty(3000, 2, 16, 16))
    assert noise.std().item() == pytest.approx(1.0, abs=0.01)
    for corner in (noise[:, :, 0, 0], noise[:, :, -1, 8]):  # the same at every place
        assert corner.std().item() == pytest.approx(1.0, abs=0.03)
    # The mean of n white values summed over a box of n deviates by what the triangle window leaves of it.
    triangle = np.convolve(np.ones(16), np.ones(16)) / 16**1.5
    expected = 0.82 / 16**2 + 0.1 * (triangle**2).sum() ** 2
    box4 = np.convolve(np.ones(16), np.ones(4)) / (16 * 4**0.5)
    expected += 0.08 * (box4**2).sum() ** 2
    assert noise.mean(dim=(2, 3)).var().item() == pytest.approx(expected, rel=0.06)
    assert expected > 8 / 16**2


def test_models_sample_from_the_noise_that_they_were_trained_with(tmp_path: Path) -> None:
    plain = build_tiny(tmp_path / "plain")
    model = load(plain, "cpu")
    networks = {}
    for name, network in (("denoiser", model.denoiser), ("layout", model.layout_prior)):
        networks[name] = UNet(replace(network.config, octaves=OCTAVES))
        networks[name].load_state_dict(network.state_dict())
    folder = tmp_path / "coloured"
    folder.mkdir()
    save_city(folder, CityParts(model.autoencoder, **networks), {}, name="coloured", window=64)
    made = {}
    for card in (plain, folder):
        loaded = load(plain if card is plain else _read(folder), "cpu")
        octaves = () if card is plain else OCTAVES
        assert loaded.denoiser.config.octaves == loaded.layout_prior.config.octaves == octaves
        like = torch.empty(1, 4, 16, 16)
        for colour in (loaded.colour, loaded.colour_layout):
            assert torch.equal(colour(white(3))(like), coloured(white(3), octaves)(like))
        sampling = Sampling(str(loaded.card.folder), seed=1, steps=2, device="cpu")
        *_, last = Session().run(GenerateRequest((64, 64), sampling))
        made[octaves] = last.result.labels
    assert not np.array_equal(made[()], made[OCTAVES])


def _read(folder: Path):
    from engine.models.cards import read_card

    return read_card(folder)


def test_warmth_moves_whole_crops_more_and_leaves_the_rest() -> None:
    like = torch.empty(2000, 2, 16, 16)
    plain, warm = (coloured(white(1), OCTAVES, warmth)(like) for warmth in (1.0, 1.5))
    added = warm - plain
    assert added.std().item() == pytest.approx(0.5 * 0.1**0.5, rel=0.05), "half of the widest part's deviation"
    edges = added[:, :, 1:] - added[:, :, :-1]
    assert edges.std().item() < 0.4 * added.std().item(), "what is added is smooth"


def test_warm_noise_is_for_what_is_made_from_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    card = build_tiny(tmp_path / "warm")
    asked: dict[str, list[bool]] = {"colour": [], "colour_layout": []}
    for name in asked:
        plain = getattr(CityModel, name)

        def told(self, draw, is_free=False, name=name, plain=plain):
            asked[name].append(is_free)
            return plain(self, draw, is_free)

        monkeypatch.setattr(CityModel, name, told)
    session, sampling = Session("cpu"), Sampling(str(card.folder), seed=3, steps=1)
    *_, last = session.run(GenerateRequest((64, 64), sampling))
    assert asked == {"colour": [True, False], "colour_layout": [True, False]}, "the start is warm, not what comes after"
    assert last.result is not None
    scene = last.result.scene
    for noted in asked.values():
        noted.clear()
    list(session.run(InpaintRequest(scene, VoxelMask.of_box(replace(scene.box, upper=(32, 32, 8))), sampling)))
    assert asked["colour"]
    assert not any(asked["colour"] + asked["colour_layout"])


def test_cards_say_how_warm_samples_start(tmp_path: Path) -> None:
    model = load(build_tiny(tmp_path / "plain"), "cpu")
    network = UNet(replace(model.denoiser.config, octaves=OCTAVES, warmth=2.0))
    network.load_state_dict(model.denoiser.state_dict())
    (tmp_path / "warm").mkdir()
    save_city(tmp_path / "warm", CityParts(model.autoencoder, network), {}, name="warm", window=64)
    loaded = load(_read(tmp_path / "warm"), "cpu")
    like = torch.empty(1, 4, 16, 16)
    assert torch.equal(loaded.colour(white(1), True)(like), coloured(white(1), OCTAVES, 2.0)(like))
    assert torch.equal(loaded.colour(white(1))(like), coloured(white(1), OCTAVES)(like))

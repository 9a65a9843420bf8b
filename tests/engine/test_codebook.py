"""The codebook of quantised autoencoders: what it rounds to, that it follows what it rounds, that it is kept."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from engine.data.city.generator import make_world
from engine.data.crops import CropSampler
from engine.models.cards import read_card
from engine.models.city.autoencoder import Autoencoder, AutoencoderConfig
from engine.models.city.codebook import Codebook
from engine.models.city.model import CityModel
from engine.models.zoo import CityParts, load, save_city
from engine.training.city_autoencoder import QUANTISED, AutoencoderLoss
from engine.training.runs import Volume
from tests.engine.tiny import require_learning

CPU = torch.device("cpu")
SMALL = AutoencoderConfig(height=32, widths=(16, 24), latent=4, detail=16, blocks=1, codes=16, groups=2)


def test_every_group_becomes_the_nearest_of_its_codes() -> None:
    torch.manual_seed(0)
    book = Codebook(4, 2, 5).eval()
    raw = torch.randn(2, 4, 3, 6)
    rounded = book(raw)
    assert rounded.shape == raw.shape
    for b, x, y, group in np.ndindex(2, 3, 6, 2):
        own = slice(2 * group, 2 * group + 2)
        distances = (book.vectors[group] - raw[b, own, x, y]).norm(dim=1)
        torch.testing.assert_close(rounded[b, own, x, y], book.vectors[group, distances.argmin()])
    torch.testing.assert_close(book(rounded), rounded)


def test_gradients_pass_as_if_nothing_was_rounded() -> None:
    torch.manual_seed(0)
    raw = torch.randn(1, 4, 5, 5, requires_grad=True)
    weights = torch.randn(1, 4, 5, 5)
    (Codebook(4, 2, 8).eval()(raw) * weights).sum().backward()
    assert torch.equal(raw.grad, weights)


def test_codes_follow_what_is_rounded_and_none_is_left_behind() -> None:
    torch.manual_seed(0)
    centres = torch.tensor([[-3.0, 0.0], [3.0, 1.0], [0.0, 4.0]])
    book = Codebook(2, 1, 3)

    def batch() -> torch.Tensor:
        cells = centres[torch.randint(3, (64,))] + 0.1 * torch.randn(64, 2)
        return cells.view(1, 8, 8, 2).permute(0, 3, 1, 2)

    book(batch())
    book.vectors[0] = torch.tensor([[-3.0, 0.5], [90.0, 90.0], [91.0, 90.0]])
    book.sums.copy_(book.vectors * book.uses[..., None])
    for _ in range(600):
        book(batch())
    distances = torch.cdist(centres, book.vectors[0])
    assert float(distances.min(dim=1).values.max()) < 0.2
    before = book.vectors.clone()
    book.eval()(batch() + 5.0)
    assert torch.equal(book.vectors, before)


def test_a_quantised_autoencoder_learns_and_decodes_what_is_rounded(tmp_path: Path) -> None:
    torch.manual_seed(0)
    sampler = CropSampler([Volume(make_world(3, (128, 128)).labels)], (32, 32), np.random.default_rng(0))
    network = Autoencoder(SMALL)
    recipe = replace(QUANTISED, codes=SMALL.codes, batch=4, lovasz_voxels=2000)
    require_learning(network, AutoencoderLoss(network, sampler, recipe, 0, CPU), steps=25)
    network.eval()
    z = network.encode(torch.from_numpy(sampler.sample())[None])
    with torch.no_grad():
        rounded = network.rounded(z * network.std[:, None, None] + network.mean[:, None, None])
        torch.testing.assert_close(network.decode(z), network.logits(rounded))
    save_city(tmp_path, CityParts(network), {})
    again = load(read_card(tmp_path), "cpu")
    assert isinstance(again, CityModel)
    assert again.autoencoder.config == SMALL
    assert again.autoencoder.codebook is not None
    torch.testing.assert_close(again.autoencoder.codebook.vectors, network.codebook.vectors, rtol=1e-3, atol=1e-3)


def test_a_plain_autoencoder_rounds_nothing() -> None:
    raw = torch.randn(1, 4, 5, 5)
    assert Autoencoder(replace(SMALL, codes=0)).rounded(raw) is raw

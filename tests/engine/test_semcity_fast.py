"""The shortcuts of `semcity` change the time it takes, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from engine.grid import Box
from engine.models.semcity.autoencoder import TriplaneAutoencoder
from engine.models.semcity.layers import RolledConv
from engine.models.semcity.triplane import Planes
from tests.engine import semcity_plain
from tests.engine.semcity_plain import PlainRolledConv, make_plain
from tests.engine.semcity_reference import SMALL_UNET, small_autoencoder, small_unet

TOLERANCE = 1e-5
EXACT = 1e-10


@pytest.fixture(scope="module")
def network() -> TriplaneAutoencoder:
    """In double precision, so that what is equal can be told from what is nearly equal."""
    return small_autoencoder().double()


def random_planes(h: int, w: int, d: int, channels: int = 8, seed: int = 0) -> Planes:
    draw = torch.Generator().manual_seed(seed)
    sizes = ((h, w), (h, d), (w, d))
    return Planes(*(torch.randn(1, channels, *size, generator=draw, dtype=torch.float64) for size in sizes))


@pytest.mark.parametrize("size", [(7, 5, 4), (3, 2, 6), (1, 4, 2), (2, 1, 1)])
def test_rolled_convolutions_are_those_of_repeated_means(size: tuple[int, int, int]) -> None:
    torch.manual_seed(1)
    fast, plain = RolledConv(8, 6).double(), PlainRolledConv(8, 6).double()
    plain.load_state_dict(fast.state_dict())
    inputs = [random_planes(*size).each(torch.Tensor.requires_grad_) for _ in range(2)]
    for layer, planes in zip((fast, plain), inputs, strict=True):
        sum((out * torch.linspace(-1, 2, out.numel()).view_as(out)).sum() for out in layer(planes)).backward()  # type: ignore[union-attr]
    for a, b in zip(fast(inputs[0]), plain(inputs[1]), strict=True):
        torch.testing.assert_close(a, b, atol=EXACT, rtol=0)
    gradients = [
        [p.grad for p in (*layer.parameters(), *planes)] for layer, planes in zip((fast, plain), inputs, strict=True)
    ]
    for a, b in zip(*gradients, strict=True):
        torch.testing.assert_close(a, b, atol=EXACT, rtol=0)


def test_a_step_is_that_of_the_plain_network() -> None:
    x = torch.randn(2, 8, 20 + 8, 12 + 8, generator=torch.Generator().manual_seed(2))
    t = torch.tensor([0, 63])
    fast, plain = small_unet()(x, t), make_plain(small_unet(SMALL_UNET))(x, t)
    torch.testing.assert_close(fast, plain, atol=TOLERANCE, rtol=0)


def city_block() -> torch.Tensor:
    """Ground, a house and a lamp; most of it is empty, some unknown."""
    labels = np.zeros((72, 44, 20), np.uint8)
    labels[:30, :, 2:4] = 9
    labels[4:14, 34:41, 4:15] = 13
    labels[70, 3, 3:8] = 18
    labels[45:55, 20:30, 16:] = 255
    return torch.from_numpy(labels)


def test_empty_space_is_left_out_of_encoding(network: TriplaneAutoencoder) -> None:
    labels = city_block()
    solid = ((labels != 0) & (labels != 255)).numpy()
    activity = network.geo_encoder.find_activity(solid)
    assert activity is not None
    assert sum(box.volume for box in activity.columns) < 0.7 * labels.numel()
    assert not any(box.contains(Box.around(np.array([activity.still]))) for box in activity.columns)
    for found, wanted in zip(network.encode(labels[None]), semcity_plain.encode(network, labels[None]), strict=True):
        torch.testing.assert_close(found, wanted, atol=EXACT, rtol=0)


def test_leaving_out_empty_space_costs_no_precision() -> None:
    single, labels = small_autoencoder(), city_block()[None]
    for found, wanted in zip(single.encode(labels), semcity_plain.encode(single, labels), strict=True):
        torch.testing.assert_close(found, wanted, atol=2e-5, rtol=0)


def test_voxels_that_are_left_out_are_all_alike(network: TriplaneAutoencoder) -> None:
    labels = city_block()
    encoder, x = network.geo_encoder, network.embed(labels[None])
    activity = encoder.find_activity((labels % 255 != 0).numpy())
    assert activity is not None
    still = torch.ones(labels.shape, dtype=torch.bool)
    for box in activity.columns:
        still[box.slices] = False
    for layer in (encoder.conv0, encoder.convblock1[0], encoder.convblock1[3]):  # three in a row: the farthest reach
        x = layer(x)
        values = x[0, :, still]
        assert float((values - values[:, :1]).abs().max()) < EXACT
        torch.testing.assert_close(x[(0, slice(None), *activity.still)], values[:, 0], atol=EXACT, rtol=0)


@pytest.mark.parametrize("full", [True, False])
def test_scenes_all_full_and_all_empty_are_encoded(network: TriplaneAutoencoder, full: bool) -> None:
    labels = torch.randint(1, 20, (40, 24, 8), generator=torch.Generator().manual_seed(3)).to(torch.uint8)
    if not full:
        labels = torch.zeros_like(labels)
        labels[39, 0, 7] = 4
    assert (network.geo_encoder.find_activity((labels != 0).numpy()) is None) == full
    for found, wanted in zip(network.encode(labels[None]), semcity_plain.encode(network, labels[None]), strict=True):
        torch.testing.assert_close(found, wanted, atol=EXACT, rtol=0)


def test_encoding_trains_as_the_plain_network_does(network: TriplaneAutoencoder) -> None:
    labels = torch.randint(0, 20, (2, 12, 10, 6), generator=torch.Generator().manual_seed(4)).to(torch.uint8)
    weights = [p.requires_grad_() for p in (*network.geo_encoder.parameters(), network.embedding.weight)]
    try:
        gradients = []
        for planes in (network.encode(labels), semcity_plain.encode(network, labels)):
            loss = sum((p * torch.linspace(-1, 2, p.numel()).view_as(p)).sum() for p in planes)
            gradients.append(torch.autograd.grad(loss, weights))  # type: ignore[arg-type]
        for a, b in zip(*gradients, strict=True):
            torch.testing.assert_close(a, b, atol=EXACT, rtol=0)
    finally:
        for weight in weights:
            weight.requires_grad_(requires_grad=False)


def test_decoding_is_that_of_every_voxel_by_itself(network: TriplaneAutoencoder) -> None:
    planes = random_planes(17, 11, 6).each(torch.tanh)
    wanted = semcity_plain.decode(network, planes, (34, 22, 6))
    found = network.read_out(planes, Box((0, 0, 0), (34, 22, 6)), lambda logits: logits)
    torch.testing.assert_close(found, wanted, atol=EXACT, rtol=0)


@pytest.mark.parametrize(
    "box", [Box((5, 3, 2), (33, 20, 6)), Box((33, 0, 0), (34, 22, 1)), Box((0, 21, 5), (1, 22, 6))]
)
def test_a_box_is_decoded_as_in_the_whole_scene(network: TriplaneAutoencoder, box: Box) -> None:
    planes = random_planes(17, 11, 6, seed=5).each(torch.tanh)
    wanted = semcity_plain.decode(network, planes, (34, 22, 6))[box.slices]
    torch.testing.assert_close(network.read_out(planes, box, lambda logits: logits), wanted, atol=EXACT, rtol=0)
    picked = network.read_out(planes, box, lambda logits: logits.argmax(dim=1).to(torch.uint8))
    assert picked.dtype == torch.uint8
    assert torch.equal(picked.long(), wanted.argmax(dim=3))


def test_decoding_goes_through_many_voxels_in_pieces(
    network: TriplaneAutoencoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    planes, box, sizes = random_planes(17, 11, 6).each(torch.tanh), Box((1, 2, 0), (30, 21, 6)), []
    whole = network.read_out(planes, box, lambda logits: logits)
    monkeypatch.setattr("engine.models.semcity.decoder._CHUNK", 40)

    def keep(logits: torch.Tensor) -> torch.Tensor:
        sizes.append(len(logits))
        return logits

    torch.testing.assert_close(network.read_out(planes, box, keep), whole, atol=EXACT, rtol=0)
    assert max(sizes) <= 40
    assert sum(sizes) == box.volume

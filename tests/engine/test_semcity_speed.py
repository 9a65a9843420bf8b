"""How much faster the shortcuts of `semcity` are than the plain networks, at the original's full size.

Processor time of one thread, both in the same run, so that what else the machine does hardly matters.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest
import torch

from engine.data.city.generator import make_world
from engine.grid import Box
from engine.models.semcity.autoencoder import TriplaneAutoencoder, TriplaneAutoencoderConfig
from engine.models.semcity.triplane import Planes
from engine.models.semcity.unet import TriplaneUNet, TriplaneUNetConfig
from tests.engine import semcity_plain
from tests.engine.semcity_plain import make_plain

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

ROUNDS = 3


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    with torch.inference_mode():
        yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def autoencoder() -> TriplaneAutoencoder:
    return TriplaneAutoencoder(TriplaneAutoencoderConfig()).eval().requires_grad_(requires_grad=False)


def seconds(act: Callable[[], object]) -> float:
    start = time.process_time()
    act()
    return time.process_time() - start


def ratio(fast: Callable[[], object], plain: Callable[[], object]) -> float:
    """Compare the best of several rounds, taken in turns."""
    times = [(seconds(fast), seconds(plain)) for _ in range(ROUNDS)]
    return min(t[0] for t in times) / min(t[1] for t in times)


def test_a_unet_step_takes_six_tenths() -> None:
    fast, plain = TriplaneUNet(TriplaneUNetConfig()).eval(), make_plain(TriplaneUNet(TriplaneUNetConfig()).eval())
    x, t = torch.randn(1, 16, 160, 160), torch.tensor([50])
    found = ratio(lambda: fast(x, t), lambda: plain(x, t))
    print(f"{found:.2f} of the plain time")
    assert found <= 0.6


def test_encoding_a_street_takes_seven_tenths(autoencoder: TriplaneAutoencoder) -> None:
    labels = torch.from_numpy(np.ascontiguousarray(make_world(3, (512, 512)).labels[60:316, 100:356]))[None]
    found = ratio(lambda: autoencoder.encode(labels), lambda: semcity_plain.encode(autoencoder, labels))
    print(f"{found:.2f} of the plain time")
    assert found <= 0.7


def test_decoding_takes_less_than_half(autoencoder: TriplaneAutoencoder) -> None:
    planes = Planes(*(torch.randn(1, 16, *size).tanh() for size in ((16, 128), (16, 32), (128, 32))))
    shape = (32, 256, 32)
    found = ratio(
        lambda: autoencoder.read_out(planes, Box((0, 0, 0), shape), lambda logits: logits.argmax(dim=1)),
        lambda: semcity_plain.decode(autoencoder, planes, shape).argmax(dim=3),
    )
    print(f"{found:.2f} of the plain time")
    assert found <= 0.5  # five sixths of the multiplications are left; what goes is the rest

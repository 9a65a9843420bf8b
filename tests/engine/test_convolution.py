"""Layers that pack or cast their weights give the numbers of those that do not, and notice when weights change."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import Tensor, nn

from engine.models import convolution
from engine.models.convolution import Conv2d, Linear


@pytest.fixture
def layer() -> Conv2d:
    torch.manual_seed(0)
    return Conv2d(16, 32, 3, stride=2, padding=1).eval().requires_grad_(requires_grad=False)


def plain(layer: Conv2d, x: Tensor) -> Tensor:
    return nn.functional.conv2d(x, layer.weight, layer.bias, layer.stride, layer.padding)


@pytest.mark.parametrize("shape", [(1, 16, 8, 8), (2, 16, 24, 40)])
def test_packing_changes_no_number(layer: Conv2d, shape: tuple[int, ...]) -> None:
    x = torch.randn(shape)
    with torch.inference_mode():
        torch.testing.assert_close(layer(x), plain(layer, x), atol=1e-5, rtol=1e-5)
        with torch.autocast("cpu", torch.bfloat16):
            found, wanted = layer(x), plain(layer, x)
    assert found.dtype == wanted.dtype == torch.bfloat16
    torch.testing.assert_close(found, wanted)


def test_weights_are_packed_here(layer: Conv2d) -> None:
    """The versions of torch that the project allows can do it; another that cannot is slower, not wrong."""
    assert convolution._can_pack()
    with torch.inference_mode():
        layer(torch.randn(1, 16, 8, 8))
    assert layer._packed is not None


def test_without_the_means_to_pack_it_is_a_plain_convolution(layer: Conv2d, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(convolution, "_can_pack", lambda: False)
    x = torch.randn(1, 16, 8, 8)
    with torch.inference_mode():
        assert torch.equal(layer(x), plain(layer, x))
    assert layer._packed is None


def test_another_shape_and_other_weights_are_packed_anew(layer: Conv2d) -> None:
    small, large = torch.randn(1, 16, 8, 8), torch.randn(1, 16, 16, 16)
    with torch.no_grad():
        layer(small)
        torch.testing.assert_close(layer(large), plain(layer, large), atol=1e-5, rtol=1e-5)
        layer.load_state_dict({k: v + 1.0 for k, v in layer.state_dict().items()})
        torch.testing.assert_close(layer(large), plain(layer, large), atol=1e-4, rtol=1e-4)


def test_training_and_gradients_go_through_the_plain_weights(layer: Conv2d) -> None:
    x = torch.randn(1, 16, 8, 8, requires_grad=True)
    layer(x).square().sum().backward()
    assert x.grad is not None
    assert x.grad.abs().max() > 0
    layer.train().requires_grad_(requires_grad=True)(x).sum().backward()
    assert layer.weight.grad is not None
    assert layer._packed is None


def test_copies_and_state_hold_no_packed_weights(layer: Conv2d) -> None:
    x = torch.randn(1, 16, 8, 8)
    with torch.inference_mode():
        wanted = layer(x)
    twin = copy.deepcopy(layer)
    assert twin._packed is None
    with torch.inference_mode():
        assert torch.equal(twin(x), wanted)
    assert set(layer.state_dict()) == {"weight", "bias"}


def test_linear_layers_cast_their_weights_once_and_change_no_number() -> None:
    torch.manual_seed(0)
    layer = Linear(24, 40).eval().requires_grad_(requires_grad=False)
    x = torch.randn(3, 24)
    with torch.inference_mode():
        assert torch.equal(layer(x), nn.functional.linear(x, layer.weight, layer.bias))
        assert layer._cast is None, "there is nothing to cast"
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        wanted = nn.functional.linear(x, layer.weight, layer.bias)
        assert torch.equal(layer(x), wanted)
        kept = layer._cast
        layer(x + 1)
        assert layer._cast is kept is not None
        layer.load_state_dict({k: 2 * v for k, v in layer.state_dict().items()})
        assert torch.equal(layer(x), nn.functional.linear(x, layer.weight, layer.bias))
    assert copy.deepcopy(layer)._cast is None


def test_linear_layers_learn() -> None:
    layer, x = Linear(4, 3), torch.randn(2, 4)
    with torch.autocast("cpu", torch.bfloat16):
        layer(x).sum().backward()
    assert layer.weight.grad is not None
    assert layer._cast is None

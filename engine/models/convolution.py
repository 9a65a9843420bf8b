"""Layers that keep their weights in the order and type in which the processor multiplies them.

oneDNN reorders the weights of a convolution at every call. That is little beside a large picture, and more than half of
the time of a small one: a step of `city` for a hole of 48 x 48 voxels reads 12 million weights for 16 x 16 cells.
torch packs weights only where it compiles a network, which takes longer than most requests; so this packs them alone.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Conv2d(nn.Conv2d):
    """`nn.Conv2d`, sooner on a processor where weights are frozen and nobody asks for gradients.

    The numbers are the same, bit for bit in bf16, in fp32 up to rounding. Maps `(B, C, X, Y)` come out channels last.
    """

    _packed: tuple[tuple[Any, ...], Tensor, Tensor | None] | None = None

    def forward(self, input: Tensor) -> Tensor:
        if not _is_frozen(self, input) or not _can_pack():
            return super().forward(input)
        dtype = torch.get_autocast_dtype("cpu") if torch.is_autocast_enabled("cpu") else input.dtype
        weight, bias = self._packed_for(input.shape, dtype)
        dense = input.to(dtype).contiguous(memory_format=torch.channels_last)
        return _convolve(self, dense, weight, bias)

    def _packed_for(self, shape: torch.Size, dtype: torch.dtype) -> tuple[Tensor, Tensor | None]:
        """Give packed weights and bias; those of the last shape are kept, as the best order depends on the shape."""
        key = (tuple(shape), dtype, self.weight.data_ptr(), self.weight._version)
        if self._packed is None or self._packed[0] != key:
            self._packed = (key, *pack(self, shape, dtype))
        return self._packed[1:]

    def __getstate__(self) -> dict[str, Any]:
        return {k: v for k, v in self.__dict__.items() if k != "_packed"}  # copies pack for themselves


class Linear(nn.Linear):
    """`nn.Linear`, sooner on a processor under autocast: frozen weights are not cast at every call.

    The numbers are the same, bit for bit.
    """

    _cast: tuple[tuple[Any, ...], Tensor, Tensor | None] | None = None

    def forward(self, input: Tensor) -> Tensor:
        if not _is_frozen(self, input) or not torch.is_autocast_enabled("cpu"):
            return super().forward(input)
        dtype = torch.get_autocast_dtype("cpu")
        key = (dtype, self.weight.data_ptr(), self.weight._version)
        if self._cast is None or self._cast[0] != key:
            bias = None if self.bias is None else self.bias.detach().to(dtype)
            self._cast = (key, self.weight.detach().to(dtype), bias)
        return F.linear(input.to(dtype), *self._cast[1:])

    def __getstate__(self) -> dict[str, Any]:
        return {k: v for k, v in self.__dict__.items() if k != "_cast"}


def _is_frozen(layer: nn.Conv2d | nn.Linear, input: Tensor) -> bool:
    """Tell whether a layer's weights may be kept in another form: on a processor, with nobody to change them."""
    is_asked = torch.is_grad_enabled() and (input.requires_grad or layer.weight.requires_grad)
    unseen = layer.training or layer.weight.is_inference()  # changes of an inference tensor go unnoticed
    return not is_asked and not unseen and input.device.type == "cpu"


def pack(conv: nn.Conv2d, shape: torch.Size, dtype: torch.dtype) -> tuple[Tensor, Tensor | None]:
    """Pack weights and bias for inputs of `shape (B, C, X, Y)` and `dtype`."""
    weight = conv.weight.detach().to(dtype).contiguous(memory_format=torch.channels_last).to_mkldnn()
    reorder: Any = torch._C._nn.mkldnn_reorder_conv2d_weight
    packed = reorder(weight, conv.padding, conv.stride, conv.dilation, conv.groups, list(shape))
    return cast(Tensor, packed), None if conv.bias is None else conv.bias.detach().to(dtype)


def _convolve(conv: nn.Conv2d, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    pointwise: Any = torch.ops.mkldnn._convolution_pointwise
    out = pointwise(x, weight, bias, conv.padding, conv.stride, conv.dilation, conv.groups, "none", [], "")
    return cast(Tensor, out)


@lru_cache
def _can_pack() -> bool:
    """Try it: what packs weights is not part of torch's promised interface, so that another version may not have it."""
    if not torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]
        return False
    conv, x = nn.Conv2d(3, 4, 3, padding=1), torch.linspace(-1, 1, 75).view(1, 3, 5, 5)
    with torch.no_grad(), torch.autocast("cpu", enabled=False):
        try:
            found = _convolve(conv, x.contiguous(memory_format=torch.channels_last), *pack(conv, x.shape, x.dtype))
        except (AttributeError, RuntimeError, TypeError):
            return False
        return torch.allclose(found, nn.functional.conv2d(x, conv.weight, conv.bias, padding=1), atol=1e-5)

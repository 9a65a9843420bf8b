"""Small network parts that several models share. Feature maps are `(B, C, X, Y)`, channels last in memory."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from engine.models.convolution import Conv2d, Linear


class ChannelNorm(nn.Module):
    """Normalise the channels of every place by themselves.

    Unlike group or instance normalisation this looks at no other place, so a crop and the whole scene give the same
    features, and an edit stays local.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        places = x.permute(0, 2, 3, 1)
        return F.layer_norm(places, places.shape[-1:], self.weight, self.bias).permute(0, 3, 1, 2)


class ResidualBlock(nn.Module):
    """Two 3 x 3 convolutions round a skip; the second starts at zero. `embedding` (if any) scales and shifts."""

    def __init__(self, channels_in: int, channels_out: int, embedding: int = 0, norm: bool = True) -> None:
        super().__init__()
        self.norm1 = ChannelNorm(channels_in) if norm else nn.Identity()
        self.conv1 = Conv2d(channels_in, channels_out, 3, padding=1)
        self.norm2 = ChannelNorm(channels_out) if norm else nn.Identity()
        self.conv2 = Conv2d(channels_out, channels_out, 3, padding=1)
        self.modulate = Linear(embedding, 2 * channels_out) if embedding else None
        self.skip = Conv2d(channels_in, channels_out, 1) if channels_in != channels_out else nn.Identity()
        nn.init.zeros_(self.conv2.weight)
        nn.init.zeros_(self.conv2.bias)  # type: ignore[arg-type]

    def forward(self, x: Tensor, embedding: Tensor | None = None) -> Tensor:
        h = self.norm2(self.conv1(F.silu(self.norm1(x))))
        if self.modulate is not None and embedding is not None:
            scale, shift = self.modulate(embedding)[:, :, None, None].chunk(2, dim=1)
            h = h * (1 + scale) + shift
        out: Tensor = self.skip(x) + self.conv2(F.silu(h))
        return out


class SelfAttention(nn.Module):
    """Let every place of a small map look at all others (multi-head dot-product attention, zero-initialised)."""

    def __init__(self, channels: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm = ChannelNorm(channels)
        self.qkv = Conv2d(channels, 3 * channels, 1)
        self.out = Conv2d(channels, channels, 1)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)  # type: ignore[arg-type]

    def forward(self, x: Tensor) -> Tensor:
        b, c, h, w = x.shape
        places = self.qkv(self.norm(x)).permute(0, 2, 3, 1).reshape(b, h * w, 3, self.heads, c // self.heads)
        q, k, v = places.permute(2, 0, 3, 1, 4).unbind(0)
        mixed = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(b, h, w, c).permute(0, 3, 1, 2)
        out: Tensor = x + self.out(mixed)
        return out


def sinusoid(values: Tensor, width: int, longest: float = 10_000.0) -> Tensor:
    """Embed one number per sample, `(B,)` -> `(B, width)`: cosines, then sines (Vaswani et al. 2017, section 3.5)."""
    half = width // 2
    rates = torch.exp(-math.log(longest) * torch.arange(half, device=values.device, dtype=torch.float32) / half)
    angles = values.float()[:, None] * rates
    return torch.cat([angles.cos(), angles.sin()], dim=1)

"""The denoiser of `city`: a small UNet on the bird's-eye latent, with everything it may know as further channels.

One network generates, inpaints, outpaints and follows maps: what it is told decides. Nothing told means generation.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from engine.geometry.maps import CELL, LAYOUT_CLASSES
from engine.models.blocks import ChannelNorm, ResidualBlock, SelfAttention, sinusoid
from engine.models.city.autoencoder import STRIDE

SLAB = 4
"""Voxels of height that share one mask channel."""

LAYOUT_CHANNELS = len(LAYOUT_CLASSES) - 1 + 2
"""One per layout class but `free`, the height, and whether a height is given."""


@dataclass(frozen=True)
class DenoiserConfig:
    """Sizes of the network.

    Attributes
    ----------
    latent
        Channels of the latent.
    height
        Voxels along z.
    width
        Channels at full latent resolution; twice and four times as many below.
    blocks
        Residual blocks per level on the way down (one more on the way up).
    """

    latent: int = 16
    height: int = 32
    width: int = 64
    multiples: tuple[int, ...] = (1, 2, 4)
    blocks: int = 1
    heads: int = 4


class Denoiser(nn.Module):
    """Rectified-flow UNet that estimates the clean latent.

    `forward(x_t, t, known, hidden, layout)` with `x_t = (1 - t) x0 + t eps`; all maps at latent resolution:
    `x_t, known (B, C, X, Y)`, `hidden (B, Z / 4, X, Y)` share of hidden voxels per slab, `layout (B, 9, X, Y)`,
    `t (B,)` in [0, 1]. Gives `x0 (B, C, X, Y)`.
    """

    def __init__(self, config: DenoiserConfig) -> None:
        super().__init__()
        self.config = config
        widths = [config.width * m for m in config.multiples]
        emb = 4 * config.width
        inputs = 2 * config.latent + config.height // SLAB + LAYOUT_CHANNELS
        self.time = nn.Sequential(nn.Linear(config.width, emb), nn.SiLU(), nn.Linear(emb, emb), nn.SiLU())
        self.enter = nn.Conv2d(inputs, widths[0], 3, padding=1)
        self.down = nn.ModuleList()
        self.up = nn.ModuleList()
        for level, width in enumerate(widths):
            above = widths[max(level - 1, 0)]
            first = [nn.Conv2d(above, width, 3, stride=2, padding=1)] if level else []
            self.down.append(nn.ModuleList([*first, *(ResidualBlock(width, width, emb) for _ in range(config.blocks))]))
            below = widths[min(level + 1, len(widths) - 1)]
            merged = width if level == len(widths) - 1 else width + below
            parts = [ResidualBlock(merged if i == 0 else width, width, emb) for i in range(config.blocks + 1)]
            self.up.append(nn.ModuleList(parts))
        self.attention = SelfAttention(widths[-1], config.heads)
        self.leave = nn.Sequential(ChannelNorm(widths[0]), nn.SiLU(), nn.Conv2d(widths[0], config.latent, 3, padding=1))

    def forward(self, x_t: Tensor, t: Tensor, known: Tensor, hidden: Tensor, layout: Tensor) -> Tensor:
        e = self.time(sinusoid(1000.0 * t, self.config.width))
        h = self.enter(torch.cat([x_t, known, hidden, layout], dim=1))
        kept = []
        for parts in self.down:
            for part in cast(nn.ModuleList, parts):
                h = part(h, e) if isinstance(part, ResidualBlock) else part(h)
            kept.append(h)
        h = self.attention(h)
        for level in reversed(range(len(self.up))):
            if level < len(self.up) - 1:
                h = torch.cat([kept[level], F.interpolate(h, scale_factor=2.0, mode="nearest")], dim=1)
            for part in cast(nn.ModuleList, self.up[level]):
                h = part(h, e)
        return cast(Tensor, self.leave(h))


def hidden_slabs(hidden: Tensor) -> Tensor:
    """Pool a voxel mask `(B, X, Y, Z) bool` to the share hidden per cell and slab, `(B, Z / 4, X / 4, Y / 4)`."""
    pooled = F.avg_pool3d(hidden[:, None].float(), (STRIDE, STRIDE, SLAB))
    return pooled[:, 0].permute(0, 3, 1, 2)


def layout_channels(classes: Tensor, heights: Tensor, height: int) -> Tensor:
    """Turn layout maps `(B, X / 8, Y / 8) uint8` into channels `(B, 9, X / 4, Y / 4)`; free cells are all zero."""
    one_hot = F.one_hot(classes.long(), len(LAYOUT_CLASSES)).permute(0, 3, 1, 2)[:, 1:].float()
    tops = heights[:, None].float() / height
    maps = torch.cat([one_hot, tops, (heights[:, None] > 0).float()], dim=1)
    return F.interpolate(maps, scale_factor=float(CELL // STRIDE), mode="nearest")

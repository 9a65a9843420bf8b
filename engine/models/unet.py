"""The UNet that city's models denoise with: what is to be cleaned, and beside it all that is given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from engine.diffusion.noise import Octaves
from engine.models.blocks import ChannelNorm, ResidualBlock, SelfAttention, sinusoid
from engine.models.convolution import Conv2d, Linear


@dataclass(frozen=True)
class UNetConfig:
    """Sizes of the network.

    Attributes
    ----------
    channels
        Channels of what is denoised.
    given
        Channels of the conditions, at the same resolution.
    width, multiples
        Channels at full resolution, and how many times as many on each level; every level halves the plan.
    blocks
        Residual blocks per level on the way down (one more on the way up), one number for all levels or one each.
    heads
        Heads of the attention on the lowest level.
    attended
        Other levels on which every place looks at all others, on the way down and on the way up.
    octaves
        Smooth parts of the noise that it was trained with (`engine.diffusion.noise`).
    warmth
        How many times as much the widest of them deviate in the noise that samples start from.
    """

    channels: int
    given: int
    width: int = 64
    multiples: tuple[int, ...] = (1, 2, 4)
    blocks: int | tuple[int, ...] = 1
    heads: int = 4
    attended: tuple[int, ...] = ()
    octaves: Octaves = ()
    warmth: float = 1.0


class UNet(nn.Module):
    """Estimates the clean map of a rectified flow.

    `forward(x_t (B, C, X, Y), t (B,), given (B, G, X, Y)) -> x0 (B, C, X, Y)` with `x_t = (1 - t) x0 + t eps`; X and Y
    are multiples of `2 ** (levels - 1)`.
    """

    def __init__(self, config: UNetConfig) -> None:
        super().__init__()
        self.config = config
        widths = [config.width * m for m in config.multiples]
        blocks = [config.blocks] * len(widths) if isinstance(config.blocks, int) else config.blocks
        emb = 4 * config.width
        self.time = nn.Sequential(Linear(config.width, emb), nn.SiLU(), Linear(emb, emb), nn.SiLU())
        self.enter = Conv2d(config.channels + config.given, widths[0], 3, padding=1)
        self.down = nn.ModuleList()
        self.up = nn.ModuleList()
        for level, width in enumerate(widths):
            is_last = level == len(widths) - 1
            first = [Conv2d(widths[level - 1], width, 3, stride=2, padding=1)] if level else []
            self.down.append(nn.ModuleList([*first, *(ResidualBlock(width, width, emb) for _ in range(blocks[level]))]))
            merged = width if is_last else width + widths[level + 1]
            entries = [merged] + [width] * blocks[level]
            self.up.append(nn.ModuleList([ResidualBlock(entry, width, emb) for entry in entries]))
        self.attention = SelfAttention(widths[-1], config.heads)
        self.attention_down, self.attention_up = (
            nn.ModuleDict({str(level): SelfAttention(widths[level], config.heads) for level in config.attended})
            for _ in range(2)
        )
        self.leave = nn.Sequential(ChannelNorm(widths[0]), nn.SiLU(), Conv2d(widths[0], config.channels, 3, padding=1))

    def forward(self, x_t: Tensor, t: Tensor, given: Tensor) -> Tensor:
        e = self.time(sinusoid(1000.0 * t, self.config.width))
        h = self.enter(torch.cat([x_t, given], dim=1))
        kept = []
        for level, parts in enumerate(self.down):
            for part in cast(nn.ModuleList, parts):
                h = part(h, e) if isinstance(part, ResidualBlock) else part(h)
            if level in self.config.attended:
                h = self.attention_down[str(level)](h)
            kept.append(h)
        h = self.attention(h)
        for level in reversed(range(len(self.up))):
            if level < len(self.up) - 1:
                h = torch.cat([kept[level], F.interpolate(h, scale_factor=2.0, mode="nearest")], dim=1)
            for part in cast(nn.ModuleList, self.up[level]):
                h = part(h, e)
            if level in self.config.attended:
                h = self.attention_up[str(level)](h)
        return cast(Tensor, self.leave(h)).float()

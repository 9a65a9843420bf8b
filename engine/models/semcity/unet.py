"""The denoiser of `semcity`: a UNet on three planes that estimates the clean latent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from engine.models.blocks import sinusoid
from engine.models.semcity.layers import PlaneBlock, PlaneConv, PlaneDown, PlaneNorm, PlaneSiLU, PlaneUp
from engine.models.semcity.triplane import Planes, compose, decompose

_BLOCKS = 2
"""Residual blocks per level, on the way down and on the way up."""


@dataclass(frozen=True)
class TriplaneUNetConfig:
    """Sizes of the network.

    Attributes
    ----------
    channels
        Channels of the planes.
    depth
        Heights of xz and yz, which no level shrinks.
    given
        Channels of a second map beside the first: as many again to refine a prediction, 0 to generate.
    width, multiples
        Channels on the first level, and how many times as many on each.
    halvings
        How many times x and y are halved, on entering the levels after the first. The original for CarlaSC has three
        levels but one halving; where sizes then differ on the way up, planes are resized to the skip's.
    """

    channels: int = 16
    depth: int = 32
    given: int = 0
    width: int = 64
    multiples: tuple[int, ...] = (1, 2, 4)
    halvings: int = 2


class TriplaneUNet(nn.Module):
    """Estimates the clean composed map; parameters are named as in the original.

    `forward(x_t (B, C, H + D, W + D), t (B,), given (B, G, H + D, W + D)) -> x0 (B, C, H + D, W + D)`, where `t` counts
    training steps from 0 and the corner of x0 is zero. Lee et al. 2024, section 3.2.
    """

    def __init__(self, config: TriplaneUNetConfig) -> None:
        super().__init__()
        self.config = config
        widths = [config.width * m for m in config.multiples]
        emb = 4 * config.width
        self.time_embed = nn.Sequential(nn.Linear(config.width, emb), nn.SiLU(), nn.Linear(emb, emb))
        self.in_conv = nn.Sequential(PlaneConv(config.channels + config.given, widths[0]))
        self.input_blocks = nn.ModuleList()
        self.output_blocks = nn.ModuleList()
        before = widths[0]
        for level, width in enumerate(widths):
            down = [PlaneDown(before)] if 0 < level <= config.halvings else []
            self.input_blocks.append(nn.ModuleList([*down, *_blocks(before, width, emb)]))
            before = width
        for number, width in enumerate(reversed(widths)):
            up = [PlaneUp(width)] if number < config.halvings else []
            entry = width if number == 0 else before + width
            self.output_blocks.append(nn.ModuleList([*_blocks(entry, width, emb), *up]))
            before = width
        self.out = nn.Sequential(PlaneNorm(before), PlaneSiLU(), PlaneConv(before, config.channels))

    def forward(self, x_t: Tensor, t: Tensor, given: Tensor | None = None) -> Tensor:
        e = self.time_embed(sinusoid(t, self.config.width))
        seen = x_t if given is None else torch.cat([x_t, given], dim=1)
        h: Planes = self.in_conv(decompose(seen, self.config.depth))
        skips = []
        for level in self.input_blocks:
            h = _run(level, h, e)
            skips.append(h)
        h = _run(self.output_blocks[0], skips.pop(), e)
        for level in list(self.output_blocks)[1:]:
            h = _run(level, _join(h, skips.pop()), e)
        return compose(self.out(h))


def _blocks(entry: int, width: int, embedding: int) -> list[PlaneBlock]:
    return [PlaneBlock(entry if i == 0 else width, width, embedding) for i in range(_BLOCKS)]


def _run(level: nn.Module, planes: Planes, embedding: Tensor) -> Planes:
    for part in cast(nn.ModuleList, level):
        planes = part(planes, embedding) if isinstance(part, PlaneBlock) else part(planes)
    return planes


def _join(planes: Planes, skip: Planes) -> Planes:
    return Planes(*(torch.cat([_fit(a, b), b], dim=1) for a, b in zip(planes, skip, strict=True)))


def _fit(plane: Tensor, like: Tensor) -> Tensor:
    if plane.shape[2:] == like.shape[2:]:
        return plane
    return F.interpolate(plane, like.shape[2:], mode="bilinear", align_corners=False)

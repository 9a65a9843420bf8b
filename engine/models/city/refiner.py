"""The refiner of `city`: which class a voxel has, given what was predicted of it and what the denoiser made of that.

A latent at a quarter of the resolution loses thin things and the last voxel of every edge, and a decoder cannot know
how far a prediction is to be trusted. This network looks at single voxels of both, the prediction and what was made of
it, and at their surroundings of some twenty metres to each side (a UNet, Ronneberger et al. 2015, over the plan, with
columns as channels). It learns from drafts whose truth is known.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from engine.labels import UNKNOWN
from engine.models.blocks import ResidualBlock
from engine.models.convolution import Conv2d

_TRUST = 3.0
"""Log-odds (nats) for a label that is given, and for one that was made, before anything is learned."""


@dataclass(frozen=True)
class RefinerConfig:
    """Sizes of the network.

    Attributes
    ----------
    height
        Voxels along z.
    classes
        Train ids 0 .. classes - 1.
    embedding
        Values per voxel before the columns are folded, of what is given and of what was made each.
    latent
        Channels of the latent, at a quarter of the resolution.
    detail
        Channels at full resolution.
    widths
        Channels at a half, a quarter, an eighth and a sixteenth of it.
    """

    height: int = 32
    classes: int = 20
    embedding: int = 4
    latent: int = 16
    detail: int = 64
    widths: tuple[int, int, int, int] = (96, 128, 160, 192)


class Refiner(nn.Module):
    """Two volumes of labels `(B, X, Y, Z) uint8` and a latent to class logits `(B, classes, Z, X, Y)`.

    `given` is a prediction, or what a scanner hit, 255 where nothing is known. `made` is what the decoder reads from
    `z (B, C, X / 4, Y / 4)`, which the denoiser made. X and Y are multiples of 16.
    """

    def __init__(self, config: RefinerConfig) -> None:
        super().__init__()
        self.config = config
        half, quarter, eighth, sixteenth = config.widths
        columns = 2 * config.height * config.embedding
        self.embed = nn.Embedding(2 * (config.classes + 1), config.embedding)
        self.enter = Conv2d(columns, config.detail, 1)
        self.to_latent = Conv2d(config.latent, quarter, 1)
        nn.init.zeros_(self.to_latent.weight)
        nn.init.zeros_(self.to_latent.bias)  # type: ignore[arg-type]
        self.down = nn.ModuleList(
            [
                Conv2d(columns, half, 4, 2, 1),
                nn.Sequential(nn.SiLU(), Conv2d(half, quarter, 4, 2, 1)),
                nn.Sequential(Conv2d(quarter, eighth, 3, 2, 1), ResidualBlock(eighth, eighth)),
                nn.Sequential(Conv2d(eighth, sixteenth, 3, 2, 1), ResidualBlock(sixteenth, sixteenth)),
            ]
        )
        self.at_quarter = ResidualBlock(quarter, quarter)
        self.up = nn.ModuleList([ResidualBlock(sixteenth + eighth, eighth), ResidualBlock(eighth + quarter, quarter)])
        self.to_half = nn.Sequential(Conv2d(quarter, 4 * half, 1), nn.PixelShuffle(2))
        self.at_half = ResidualBlock(half, half)
        self.to_full = nn.Sequential(Conv2d(half, 4 * config.detail, 1), nn.PixelShuffle(2))
        self.at_full = nn.Sequential(
            ResidualBlock(config.detail, config.detail), Conv2d(config.detail, 2 * config.detail, 1), nn.SiLU()
        )
        self.head = Conv2d(2 * config.detail, config.classes * config.height, 1)
        self.trust = nn.Parameter(torch.full((2 * (config.classes + 1),), _TRUST))

    def features(self, given: Tensor, made: Tensor, z: Tensor) -> Tensor:
        """Give `(B, 2 * detail, X, Y)`, all that `head` needs to know."""
        ids = torch.cat([self._ids(given), self._ids(made) + self.config.classes + 1], dim=3)
        columns = F.embedding(ids, self.embed.weight).flatten(3).permute(0, 3, 1, 2)  # channels last as it stands
        half = self.down[0](columns)
        quarter = self.at_quarter(self.down[1](half) + self.to_latent(z))
        eighth = self.down[2](quarter)
        h = self.down[3](eighth)
        for part, beside in zip(self.up, (eighth, quarter), strict=True):
            h = part(torch.cat([F.interpolate(h, scale_factor=2.0, mode="nearest"), beside], dim=1))
        h = self.at_half(self.to_half(h) + half)
        return cast(Tensor, self.at_full(self.to_full(h) + self.enter(columns)))

    def trusted(self, given: Tensor, made: Tensor) -> Tensor:
        """Give what the labels themselves, `(...)` each, add to the logits, `(..., classes)`."""
        k = self.config.classes
        out = torch.zeros(*given.shape, k, device=given.device)
        for labels, first in ((given, 0), (made, k + 1)):
            ids = self._ids(labels).long()
            amount = self.trust[ids + first] * (ids < k)
            out = out.scatter_add(-1, ids.clamp(max=k - 1)[..., None], amount[..., None])
        return out

    def read(self, features: Tensor, given: Tensor, made: Tensor) -> Tensor:
        """Give the class logits `(B, X, Y, Z, classes)` of places with these features and labels."""
        out = self.head(features)
        b, _, x, y = out.shape
        logits = out.view(b, self.config.classes, self.config.height, x, y).permute(0, 3, 4, 2, 1)
        return cast(Tensor, logits.float() + self.trusted(given, made))

    def forward(self, given: Tensor, made: Tensor, z: Tensor) -> Tensor:
        return self.read(self.features(given, made, z), given, made).permute(0, 4, 3, 1, 2)

    def _ids(self, labels: Tensor) -> Tensor:
        return torch.where(labels == UNKNOWN, self.config.classes, labels.to(torch.int32))

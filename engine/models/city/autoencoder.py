"""The autoencoder of `city`: a column of voxels becomes channels, the plan shrinks by 4.

Everything is convolutional and normalised place by place, so that a crop of a scene has the latent of that crop, away
from its borders. Unknown voxels have an embedding of their own: the same encoder that makes the latents to be denoised
also describes a scene with a hole, voxel by voxel, to the denoiser.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from engine.labels import UNKNOWN
from engine.models.blocks import ResidualBlock
from engine.models.city.codebook import Codebook
from engine.models.convolution import Conv2d

STRIDE = 4
"""Voxels per latent cell along x and y."""

Margins = Sequence[int]
"""Latent cells before and after along x, before and after along y."""

_SEEN = {2: 3, 4: 2}
"""Cells beside one that the rest of the decoder looks at, at that many times the latent's resolution."""


@dataclass(frozen=True)
class AutoencoderConfig:
    """Sizes of the network.

    Attributes
    ----------
    height
        Voxels along z.
    classes
        Train ids 0 .. classes - 1.
    embedding
        Values per voxel before the columns are folded.
    widths
        Channels at half and at quarter resolution.
    latent
        Channels of the latent.
    detail
        Channels at full resolution in the decoder.
    codes, groups
        Codes that each group of the latent's channels is rounded to before it is decoded; 0 for none (`Codebook`).
    """

    height: int = 32
    classes: int = 20
    embedding: int = 4
    widths: tuple[int, int] = (96, 128)
    latent: int = 16
    detail: int = 64
    blocks: int = 2
    codes: int = 0
    groups: int = 4


class Autoencoder(nn.Module):
    """Labels `(B, X, Y, Z) uint8` to latents `(B, C, X / 4, Y / 4)` of unit deviation, and back to logits."""

    mean: Tensor
    std: Tensor

    def __init__(self, config: AutoencoderConfig) -> None:
        super().__init__()
        self.config = config
        half, quarter = config.widths
        self.embed = nn.Embedding(config.classes + 1, config.embedding)
        self.encoder = nn.Sequential(
            Conv2d(config.height * config.embedding, half, 4, 2, 1),
            nn.SiLU(),
            Conv2d(half, quarter, 4, 2, 1),
            *(ResidualBlock(quarter, quarter) for _ in range(config.blocks)),
            nn.SiLU(),
            Conv2d(quarter, config.latent, 1),
        )
        self.decoder = nn.Sequential(
            Conv2d(config.latent, quarter, 3, padding=1),
            *(ResidualBlock(quarter, quarter) for _ in range(config.blocks)),
            Conv2d(quarter, 4 * half, 1),
            nn.PixelShuffle(2),
            ResidualBlock(half, half),
            Conv2d(half, 4 * config.detail, 1),
            nn.PixelShuffle(2),
            ResidualBlock(config.detail, config.detail),
            Conv2d(config.detail, 2 * config.detail, 1),
            nn.SiLU(),
        )
        self.head = Conv2d(2 * config.detail, config.classes * config.height, 1)
        self.codebook = Codebook(config.latent, config.groups, config.codes) if config.codes else None
        self.register_buffer("mean", torch.zeros(config.latent))
        self.register_buffer("std", torch.ones(config.latent))

    def encode(self, labels: Tensor) -> Tensor:
        """Encode labels `(B, X, Y, Z) uint8`, X and Y multiples of 4, to unit-std latents `(B, C, X / 4, Y / 4)`."""
        raw = self.compress(labels)
        return (raw - self.mean[:, None, None]) / self.std[:, None, None]

    @property
    def reach(self) -> int:
        """Latent cells beside one that its voxels depend on."""
        return 2 * self.config.blocks + 3

    def decode(self, z: Tensor, margins: Margins = (0, 0, 0, 0)) -> Tensor:
        """Decode unit-std latents to class logits `(B, classes, Z, X, Y)` (a view of channels-last memory).

        Cells within `margins` are not wanted themselves, only seen, and dropped as soon as nothing else looks at them.
        """
        return self.logits(z * self.std[:, None, None] + self.mean[:, None, None], margins)

    def decode_at(self, z: Tensor, voxels: Tensor) -> Tensor:
        """Decode some voxels `(N, 3) int64` of one scene to class logits `(N, classes)`, without all others' logits."""
        x, y, height = voxels.unbind(dim=1)
        features = self.decoder(self.rounded(z * self.std[:, None, None] + self.mean[:, None, None]))[0]
        columns = F.linear(features[:, x, y].t(), self.head.weight.flatten(1), self.head.bias)
        shape = (len(voxels), self.config.classes, self.config.height)
        return columns.view(shape)[torch.arange(len(voxels), device=z.device), :, height]

    def compress(self, labels: Tensor) -> Tensor:
        """Encode to the raw latent that training keeps small and blurs with noise."""
        ids = torch.where(labels == UNKNOWN, self.config.classes, labels.to(torch.int32))
        columns = F.embedding(ids, self.embed.weight).flatten(3)  # (B, X, Y, Z E): channels last as it stands
        return cast(Tensor, self.encoder(columns.permute(0, 3, 1, 2)))

    def rounded(self, raw: Tensor) -> Tensor:
        """Round a raw latent to the codebook; as it is where there is none."""
        return raw if self.codebook is None else cast(Tensor, self.codebook(raw))

    def logits(self, raw: Tensor, margins: Margins = (0, 0, 0, 0)) -> Tensor:
        """Decode the raw latent to class logits `(B, classes, Z, X, Y)`."""
        h, left, scale = self.rounded(raw), margins, 1
        for part in self.decoder:
            h = part(h)
            if isinstance(part, nn.PixelShuffle):
                scale *= part.upscale_factor
                h, left = _crop(h, [part.upscale_factor * n for n in left], _SEEN[scale])
        out = self.head(_crop(h, left, 0)[0])
        b, _, x, y = out.shape
        return cast(Tensor, out.view(b, self.config.classes, self.config.height, x, y))


def _crop(h: Tensor, margins: Margins, keep: int) -> tuple[Tensor, list[int]]:
    """Drop all but `keep` cells of margins; gives what is left, and its margins. At a scene's border there are none."""
    x0, x1, y0, y1 = (max(n - keep, 0) for n in margins)
    left = [min(n, keep) for n in margins]
    return h[:, :, x0 : h.shape[2] - x1, y0 : h.shape[3] - y1], left

"""Voxels to three planes, as in the original; parameters keep their names.

Feature volumes lie channels-last in memory, which the convolutions of 16 channels are twice as fast with.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from engine.models.semcity.triplane import CELL, Planes

_EPSILON = 1e-5
_SLOPE = 0.1

Kernel = tuple[int, int, int]


class VolumeEncoder(nn.Module):
    """Embedded voxels `(B, C, X, Y, Z)` to planes in (-1, 1), half as long and wide.

    Lee et al. 2024, section 3.1: two residual blocks of 3D convolutions, between them a stride of 2 along x and y; then
    the mean over each axis, standardised per channel and squashed.
    """

    def __init__(self, channels: int, kernel: Kernel) -> None:
        super().__init__()
        self.conv0 = _ReplicatedConv(channels, kernel)
        self.convblock1 = _residual(channels, kernel)
        self.downsample = nn.Sequential(nn.Conv3d(channels, channels, (CELL, CELL, 1), (CELL, CELL, 1)), _Standardise())
        self.convblock2 = _residual(channels, kernel)

    def forward(self, volume: Tensor) -> Planes:
        d = self.features(volume)
        return Planes(*(_squash(d.mean(dim=axis)) for axis in (4, 3, 2)))

    def features(self, volume: Tensor) -> Tensor:
        """Give the volume whose means are the planes, `(B, C, X / 2, Y / 2, Z)`."""
        a = self.conv0(volume)
        c = self.downsample(a + self.convblock1(a))
        return cast(Tensor, c + self.convblock2(c))


class _ReplicatedConv(nn.Conv3d):
    """Convolution that keeps the size by repeating the outermost voxels."""

    def __init__(self, channels: int, kernel: Kernel) -> None:
        super().__init__(channels, channels, kernel)
        self._borders = [n // 2 for n in reversed(kernel) for _ in range(2)]

    def forward(self, volume: Tensor) -> Tensor:
        padded = F.pad(volume, self._borders, mode="replicate")
        weight = self.weight.contiguous(memory_format=torch.channels_last_3d)
        return F.conv3d(padded, weight, self.bias)


class _Standardise(nn.Module):
    """Instance normalisation without gain. Its input is always a convolution's own output, and overwritten."""

    def forward(self, volume: Tensor) -> Tensor:
        if volume.requires_grad:
            return F.instance_norm(volume, eps=_EPSILON)
        rows = volume.flatten(2)
        rows.sub_(rows.mean(dim=2, keepdim=True))
        rows.mul_((rows.square().mean(dim=2, keepdim=True) + _EPSILON).rsqrt())
        return volume


def _residual(channels: int, kernel: Kernel) -> nn.Sequential:
    return nn.Sequential(
        _ReplicatedConv(channels, kernel),
        _Standardise(),
        nn.LeakyReLU(_SLOPE, inplace=True),
        _ReplicatedConv(channels, kernel),
        _Standardise(),
    )


def _squash(plane: Tensor) -> Tensor:
    return torch.tanh(0.5 * F.instance_norm(plane, eps=_EPSILON))

"""Voxels to three planes, as in the original; parameters keep their names.

Feature volumes lie channels-last in memory, which convolutions of 16 channels are faster with. And most of a scene is
empty: farther from anything solid than a convolution reaches, its result is the same everywhere. That is computed once,
and only the columns between the lowest and the highest solid voxel nearby are convolved.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from engine.grid import Box
from engine.models.semcity.triplane import CELL, Planes

_EPSILON = 1e-5
_SLOPE = 0.1

_TILE = 32
"""Edge of the columns that are convolved at once, in voxels."""

_LEAST_SAVING = 0.1
"""Share of the voxels that must be still for it to be worth while to leave them out."""

_CHUNKS = 16
"""Pieces in which squares are summed, so that they need no memory of their own to speak of."""

Kernel = tuple[int, int, int]


@dataclass(frozen=True)
class Activity:
    """Where in a scene features differ from place to place.

    Attributes
    ----------
    columns
        Boxes that hold all such voxels.
    still
        One of the other voxels; they are all alike.
    """

    columns: tuple[Box, ...]
    still: tuple[int, int, int]


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

    def forward(self, volume: Tensor, activity: Activity | None = None) -> Planes:
        """Encode; `activity` (of a batch of one) changes nothing but the time it takes."""
        d = self.features(volume, activity)
        return Planes(*(_squash(d.mean(dim=axis)) for axis in (4, 3, 2)))

    def features(self, volume: Tensor, activity: Activity | None = None) -> Tensor:
        """Give the volume whose means are the planes, `(B, C, X / 2, Y / 2, Z)`."""
        a = self.conv0(volume, activity)
        b = _add(a, self._run(self.convblock1, a, activity))
        c = self.downsample(b)
        return _add(c, self._run(self.convblock2, c, None))

    def find_activity(self, solid: NDArray[np.bool_]) -> Activity | None:
        """Find what the convolutions before the plan is halved can leave out; `None` where it is hardly anything.

        Parameters
        ----------
        solid
            `(X, Y, Z)`, voxels that are not empty.
        """
        reach = tuple(3 * n for n in self.conv0.reach)  # of three convolutions, one after the other
        columns, still = [], None
        for box, lowest, highest in _profiles(solid, reach):
            if lowest < highest:
                columns.append(Box((*box.lower[:2], lowest), (*box.upper[:2], highest)))
            if (lowest, highest) != (box.lower[2], box.upper[2]):
                still = (*box.lower[:2], highest if highest < box.upper[2] else 0)
        if still is None or sum(c.volume for c in columns) > (1 - _LEAST_SAVING) * solid.size:
            return None
        return Activity(tuple(columns), still)

    def _run(self, block: nn.Sequential, volume: Tensor, activity: Activity | None) -> Tensor:
        for layer in block:
            volume = layer(volume, activity) if isinstance(layer, _ReplicatedConv) else layer(volume)
        return volume


def _profiles(solid: NDArray[np.bool_], reach: tuple[int, ...]) -> Iterator[tuple[Box, int, int]]:
    """Cut a scene into columns and tell how low and high each is touched by solid voxels; 0, 0 where it is not."""
    x, y, z = solid.shape
    for x0, y0 in product(range(0, x, _TILE), range(0, y, _TILE)):
        box = Box((x0, y0, 0), (min(x0 + _TILE, x), min(y0 + _TILE, y), z))
        near = box.pad((reach[0], reach[1], 0)).clip(Box((0, 0, 0), solid.shape))
        heights = np.flatnonzero(solid[near.slices].any(axis=(0, 1)))
        if len(heights):
            yield box, max(int(heights[0]) - reach[2], 0), min(int(heights[-1]) + reach[2] + 1, z)
        else:
            yield box, 0, 0


class _ReplicatedConv(nn.Conv3d):
    """Convolution that keeps the size by repeating the outermost voxels."""

    def __init__(self, channels: int, kernel: Kernel) -> None:
        super().__init__(channels, channels, kernel)
        self.reach = (kernel[0] // 2, kernel[1] // 2, kernel[2] // 2)

    def forward(self, volume: Tensor, activity: Activity | None = None) -> Tensor:
        weight = self.weight.contiguous(memory_format=torch.channels_last_3d)
        x, y, z = volume.shape[2:]
        if activity is None:
            return self._convolve(volume, weight, Box((0, 0, 0), (x, y, z)))
        alike = volume[:, :, *activity.still, None, None, None].expand(-1, -1, *self.kernel_size)
        still = F.conv3d(alike.contiguous(memory_format=torch.channels_last_3d), weight, self.bias)
        out = still.permute(0, 2, 3, 4, 1).repeat(1, x, y, z, 1).permute(0, 4, 1, 2, 3)
        for box in activity.columns:
            out[:, :, *box.slices] = self._convolve(volume, weight, box)
        return out

    def _convolve(self, volume: Tensor, weight: Tensor, box: Box) -> Tensor:
        """Compute the voxels of a box."""
        x, y, z = volume.shape[2:]
        seen = box.pad(self.reach)
        there = seen.clip(Box((0, 0, 0), (x, y, z)))
        beyond = [
            n
            for axis in (2, 1, 0)
            for n in (there.lower[axis] - seen.lower[axis], seen.upper[axis] - there.upper[axis])
        ]
        return F.conv3d(F.pad(volume[:, :, *there.slices], beyond, mode="replicate"), weight, self.bias)


class _Standardise(nn.Module):
    """Instance normalisation without gain. Its input is always a convolution's own output, and overwritten."""

    def forward(self, volume: Tensor) -> Tensor:
        if volume.requires_grad:
            return F.instance_norm(volume, eps=_EPSILON)
        rows = volume.flatten(2)
        rows.sub_(rows.mean(dim=2, keepdim=True))
        squares = torch.stack([piece.square().sum(dim=2) for piece in rows.chunk(_CHUNKS, dim=2)]).sum(dim=0)
        rows.mul_((squares / rows.shape[2] + _EPSILON).rsqrt()[:, :, None])
        return volume


def _residual(channels: int, kernel: Kernel) -> nn.Sequential:
    return nn.Sequential(
        _ReplicatedConv(channels, kernel),
        _Standardise(),
        nn.LeakyReLU(_SLOPE, inplace=True),
        _ReplicatedConv(channels, kernel),
        _Standardise(),
    )


def _add(kept: Tensor, fresh: Tensor) -> Tensor:
    """Add what was kept to what nobody else has."""
    return fresh + kept if fresh.requires_grad else fresh.add_(kept)


def _squash(plane: Tensor) -> Tensor:
    return torch.tanh(0.5 * F.instance_norm(plane, eps=_EPSILON))

"""Three planes to voxels: every voxel is looked up in each of them, and a small network says what it is.

On a whole grid most of that work is the same for many voxels. What depends on a plane or an axis alone is computed once
per cell of that plane or axis: the features' and the position's share of both linear layers that read them is a sum of
terms over xy, xz and yz. Only what follows the sum is left to be done voxel by voxel, in chunks that stay in the
processor's cache.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from engine.grid import Box
from engine.models.semcity.triplane import CELL, Planes

OCTAVES = 6
_AXES = 3
POSITION = 2 * _AXES * OCTAVES
"""Values that tell a voxel's position."""

_CHUNK = 1024
"""Voxels that go through the network at once, about; their values fit a core's own cache."""

_EPSILON = 1e-6

Pick = Callable[[Tensor], Tensor]
"""What to keep of logits `(N, K)`: anything `(N, ...)`."""


class PlaneFeatures(nn.Module):
    """Planes `(B, C, ...)` to features that voxels look up, `(B, U, ...)` (Lee et al. 2024, section 3.1).

    One grouped convolution holds the weights of all three planes.
    """

    def __init__(self, channels: int, features: int, kernel: int) -> None:
        super().__init__()
        pad = kernel // 2
        self.in_layers = nn.Sequential(nn.Conv2d(_AXES * channels, _AXES * features, kernel, padding=pad, groups=_AXES))
        self.norm_xy = nn.InstanceNorm2d(features, _EPSILON, affine=True)
        self.norm_xz = nn.InstanceNorm2d(features, _EPSILON, affine=True)
        self.norm_yz = nn.InstanceNorm2d(features, _EPSILON, affine=True)
        enter, leave = nn.SiLU(), nn.Conv2d(_AXES * features, _AXES * features, kernel, padding=pad, groups=_AXES)
        self.out_layers = nn.Sequential(enter, leave)
        self.shortcut = nn.Conv2d(_AXES * channels, _AXES * features, 1, groups=_AXES)
        nn.init.zeros_(leave.weight)
        nn.init.zeros_(leave.bias)  # type: ignore[arg-type]

    def forward(self, planes: Planes) -> Planes:
        norms = (self.norm_xy, self.norm_xz, self.norm_yz)
        return Planes(*(self._lift(i, plane, norm) for i, (plane, norm) in enumerate(zip(planes, norms, strict=True))))

    def _lift(self, index: int, plane: Tensor, norm: nn.Module) -> Tensor:
        h = norm(_convolve(self.in_layers[0], index, plane))
        return _convolve(self.out_layers[1], index, F.silu(h)) + _convolve(self.shortcut, index, plane)


def _convolve(layer: nn.Module, index: int, plane: Tensor) -> Tensor:
    """Apply one group of a grouped convolution."""
    grouped = cast(nn.Conv2d, layer)
    weight, bias = (tensor.chunk(_AXES)[index] for tensor in (grouped.weight, cast(Tensor, grouped.bias)))
    return F.conv2d(plane, weight, bias, padding=grouped.padding)


class PointNetwork(nn.Module):
    """Class logits of points, from the sum of their features and their position; the input enters twice."""

    def __init__(self, features: int, hidden: int, classes: int) -> None:
        super().__init__()
        self.features = features
        entry = features + POSITION
        self.first_layers = nn.Sequential(*_stage(entry, hidden), *_stage(hidden, hidden), *_stage(hidden, hidden))
        self.second_layers = nn.Sequential(
            *_stage(entry + hidden, hidden), *_stage(hidden, hidden), nn.Linear(hidden, classes)
        )

    def forward(self, planes: Planes, query: Tensor) -> Tensor:
        """Tell the logits `(B, N, K)` of points `query (B, N, 3)` in [-1, 1], wherever they lie."""
        u = torch.cat([look_up(planes, query), encode_position(query)], dim=2)
        logits: Tensor = self.second_layers(torch.cat([u, self.first_layers(u)], dim=2))
        return logits

    @torch.no_grad()
    def read_out(self, planes: Planes, box: Box, pick: Pick) -> Tensor:
        """Tell what every voxel of a box is, and keep `pick` of its logits; `(sx, sy, sz, ...)`.

        Equals `pick` of `forward` at the voxels' places `2 i / (N - 1) - 1`. `planes` are the features of one scene
        (batch of one), all of it, whatever the box.
        """
        sx, sy, sz = box.shape
        rows = min(max(_CHUNK // sz, 1), sy)
        both = list(self._summands(planes, box))
        of_first = _linears(self.second_layers)[0].weight[:, self.features + POSITION :].t().contiguous()
        memory = [of_first.new_empty(rows * sz, len(of_first)) for _ in range(2)]
        picked = []
        for x in range(sx):
            terms = [summands.at(x) for summands in both]
            for y in range(0, sy, rows):
                picked.append(pick(self._logits(terms, slice(y, min(y + rows, sy)), of_first, memory)))
        kept = torch.cat(picked)
        return kept.view(sx, sy, sz, *kept.shape[1:])

    def _logits(self, terms: list[Planes], rows: slice, of_first: Tensor, memory: list[Tensor]) -> Tensor:
        """Tell the logits of some rows of voxels at one x, `(N, K)`.

        Parameters
        ----------
        terms
            What both layers that read the input make of it at that x.
        of_first
            The second of these layers' weights for what the first stage says, `(hidden, hidden)`.
        memory
            Room for the values of as many voxels, twice; the same room each time stays in the processor's cache.
        """
        _, *inner = _linears(self.first_layers)
        _, between, last = _linears(self.second_layers)
        count = (rows.stop - rows.start) * len(terms[0].xz)
        h, other = (room[:count] for room in memory)
        _sum(terms[0], rows, h).relu_()
        for layer in inner:
            h, other = torch.addmm(layer.bias, h, layer.weight.t(), out=other).relu_(), h
        h, other = _sum(terms[1], rows, other).addmm_(h, of_first).relu_(), h
        h = torch.addmm(between.bias, h, between.weight.t(), out=other).relu_()
        return torch.addmm(last.bias, h, last.weight.t())

    def _summands(self, planes: Planes, box: Box) -> Iterator[_Summands]:
        """Split what the two linear layers make of the input into terms over xy, xz and yz."""
        x, y, z = (_Axis(range(a, b), n) for a, b, n in zip(box.lower, box.upper, voxel_shape(planes), strict=True))
        for layer in (_linears(stage)[0] for stage in (self.first_layers, self.second_layers)):
            of_features = layer.weight[:, : self.features]
            of_position = layer.weight[:, self.features : self.features + POSITION]
            xy, xz, yz = (plane[0].permute(1, 2, 0) @ of_features.t() for plane in planes)
            along = [axis.encode(xy) @ of_position[:, i::_AXES].t() for i, axis in enumerate((x, y, z))]
            xz = z.stretch(x.stretch(xz, 0), 1) + along[0][:, None] + along[2]
            yz = z.stretch(y.stretch(yz, 0), 1) + along[1][:, None] + layer.bias
            yield _Summands(x, y, xy, xz, yz)


@dataclass(frozen=True)
class _Axis:
    """Some voxels of an axis that has `count`; voxel i lies at `2 i / (count - 1) - 1`."""

    voxels: range
    count: int

    def places(self, like: Tensor) -> Tensor:
        steps = torch.arange(self.voxels.start, self.voxels.stop, device=like.device, dtype=like.dtype)
        return 2.0 * steps / (self.count - 1) - 1.0

    def encode(self, like: Tensor) -> Tensor:
        return encode_position(self.places(like)[:, None])

    def stretch(self, cells: Tensor, dim: int) -> Tensor:
        """Interpolate cells along a dimension at the voxels' places, as `look_up` does."""
        size = cells.shape[dim]
        at = (((self.places(cells) + 1.0) * size - 1.0) / 2.0).clamp(0.0, size - 1.0)
        low = at.long()
        high = (low + 1).clamp(max=size - 1)
        weight = (at - low).view(-1, *[1] * (cells.dim() - dim - 1))
        return torch.lerp(cells.index_select(dim, low), cells.index_select(dim, high), weight)


@dataclass(frozen=True, eq=False)
class _Summands:
    """Terms of a box of voxels. All of xy would be as large as the features of all columns: it is stretched x by x.

    Attributes
    ----------
    x, y
        The box along these axes.
    xy
        `(P, Q, hidden)`, cells of the whole plane.
    xz, yz
        `(sx, sz, hidden)` and `(sy, sz, hidden)`, voxels of the box.
    """

    x: _Axis
    y: _Axis
    xy: Tensor
    xz: Tensor
    yz: Tensor

    def at(self, x: int) -> Planes:
        """Give the terms at one x of the box: `xy (sy, hidden)`, `xz (sz, hidden)`, `yz (sy, sz, hidden)`."""
        here = _Axis(self.x.voxels[x : x + 1], self.x.count)
        return Planes(self.y.stretch(here.stretch(self.xy, 0)[0], 0), self.xz[x], self.yz)


def voxel_shape(planes: Planes) -> tuple[int, int, int]:
    """Tell how many voxels along x, y and z planes stand for."""
    return CELL * planes.xy.shape[2], CELL * planes.xy.shape[3], planes.xz.shape[3]


def look_up(planes: Planes, query: Tensor) -> Tensor:
    """Sum the features of the three planes at points `(B, N, 3)` in [-1, 1], `(B, N, U)`.

    Bilinear; -1 and 1 are the outer edges of the border cells, so that the outermost voxels get the outermost cells.
    """
    x, y, z = query.unbind(dim=2)
    pairs = ((x, y), (x, z), (y, z))
    found = [
        F.grid_sample(plane, torch.stack([column, row], dim=2)[:, None], padding_mode="border", align_corners=False)
        for plane, (row, column) in zip(planes, pairs, strict=True)
    ]
    return (found[0] + found[1] + found[2])[:, :, 0].transpose(1, 2)


def encode_position(query: Tensor) -> Tensor:
    """Encode coordinates `(..., n)` as sines and cosines of doubling rates, `(..., 12 n)`.

    Per rate 1, 2, 4, ... first the sines of all coordinates, then the cosines; no factor of pi.
    """
    rates = 2.0 ** torch.arange(OCTAVES, device=query.device, dtype=query.dtype)
    angles = query[..., None, :] * rates[:, None]
    return torch.stack([angles.sin(), angles.cos()], dim=-2).flatten(-3)


def _sum(terms: Planes, rows: slice, out: Tensor) -> Tensor:
    """Add up the terms of some rows of voxels into `out (rows * Z, hidden)`."""
    total = out.view(-1, *terms.xz.shape)
    torch.add(terms.yz[rows], terms.xy[rows, None], out=total).add_(terms.xz)
    return out


def _linears(stage: nn.Sequential) -> list[nn.Linear]:
    return [layer for layer in stage if isinstance(layer, nn.Linear)]


def _stage(channels_in: int, channels_out: int) -> tuple[nn.Module, nn.Module]:
    return nn.Linear(channels_in, channels_out), nn.ReLU()

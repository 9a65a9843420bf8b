"""The latent of `semcity`: three planes instead of a volume, laid out as one map so that samplers see one tensor.

For a scene of X x Y x Z voxels and H = X / 2, W = Y / 2, D = Z the map `(B, C, H + D, W + D)` reads

    xy (H x W)   | xz (H x D)
    yz^T (D x W) | nothing

(Lee et al. 2024, section 3.1).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

CELL = 2
"""Voxels per cell along x and y; heights are kept."""


class Planes(NamedTuple):
    """One tensor per plane: `xy (B, C, H, W)`, `xz (B, C, H, D)`, `yz (B, C, W, D)`."""

    xy: Tensor
    xz: Tensor
    yz: Tensor

    def each(self, change: Callable[[Tensor], Tensor]) -> Planes:
        """Do the same to every plane."""
        return Planes(change(self.xy), change(self.xz), change(self.yz))


def compose(planes: Planes) -> Tensor:
    """Lay planes out as one map `(B, C, H + D, W + D)`; the corner that belongs to none is zero."""
    xy, xz, yz = planes
    corner = xy.new_zeros((*xy.shape[:2], yz.shape[3], xz.shape[3]))
    return torch.cat([torch.cat([xy, xz], dim=3), torch.cat([yz.transpose(2, 3), corner], dim=3)], dim=2)


def decompose(composed: Tensor, depth: int) -> Planes:
    """Take a map `(B, C, H + depth, W + depth)` apart again; the planes are views."""
    h, w = composed.shape[2] - depth, composed.shape[3] - depth
    return Planes(composed[:, :, :h, :w], composed[:, :, :h, w:], composed[:, :, h:, :w].transpose(2, 3))


def cover(voxels: Tensor) -> Tensor:
    """Tell which values of the map depend on any of some voxels, `(X, Y, Z) bool` to `(1, 1, H + Z, W + Z) bool`.

    A voxel reaches one cell of xy and, as the planes are means over a whole axis, one cell each of xz and yz: what is
    hidden in a box is hidden there all along the axis. The corner is always covered: nobody knows anything of it.
    """
    x, y, z = voxels.shape
    cells = voxels.view(x // CELL, CELL, y // CELL, CELL, z).any(dim=3).any(dim=1)[None, None]
    composed = compose(Planes(cells.any(dim=4), cells.any(dim=3), cells.any(dim=2)))
    composed[:, :, x // CELL :, y // CELL :] = True
    return composed


def turn_planes(planes: Planes, turn: int) -> Planes:
    """Mirror and turn planes as their scene: bit 0 flips x, bit 1 flips y, bit 2 then swaps x and y.

    A swap makes the plane over x and z that over y and z, and the other way round.
    """
    xy, xz, yz = planes
    if turn & 1:
        xy, xz = xy.flip(2), xz.flip(2)
    if turn & 2:
        xy, yz = xy.flip(3), yz.flip(2)
    if turn & 4:
        xy, xz, yz = xy.transpose(2, 3), yz, xz
    return Planes(xy, xz, yz)

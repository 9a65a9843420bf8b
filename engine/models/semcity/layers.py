"""Layers that treat the three planes side by side, each with weights of its own.

Parameters are named as in the original, so that its checkpoints load: every layer has a child per plane, ending in
`xy`, `xz` and `yz`.
"""

from __future__ import annotations

from typing import cast

from torch import Tensor, nn
from torch.nn import functional as F

from engine.models.semcity.triplane import Planes

GROUPS = 32


class PlaneSiLU(nn.Module):
    """SiLU on every plane."""

    def forward(self, planes: Planes) -> Planes:
        return planes.each(F.silu)


class PlaneNorm(nn.Module):
    """Group normalisation, plane by plane."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm_xy = nn.GroupNorm(GROUPS, channels)
        self.norm_xz = nn.GroupNorm(GROUPS, channels)
        self.norm_yz = nn.GroupNorm(GROUPS, channels)

    def forward(self, planes: Planes) -> Planes:
        return Planes(self.norm_xy(planes.xy), self.norm_xz(planes.xz), self.norm_yz(planes.yz))


class PlaneConv(nn.Module):
    """1 x 1 convolution, plane by plane."""

    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__()
        self.conv_xy = nn.Conv2d(channels_in, channels_out, 1)
        self.conv_xz = nn.Conv2d(channels_in, channels_out, 1)
        self.conv_yz = nn.Conv2d(channels_in, channels_out, 1)

    def forward(self, planes: Planes) -> Planes:
        return Planes(self.conv_xy(planes.xy), self.conv_xz(planes.xz), self.conv_yz(planes.yz))


class PlaneDown(nn.Module):
    """Halve x and y, keep z: a 3 x 3 convolution whose borders repeat the outermost cells."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv_xy = nn.Conv2d(channels, channels, 3, stride=2, padding=1, padding_mode="replicate")
        self.conv_xz = nn.Conv2d(channels, channels, 3, stride=(2, 1), padding=1, padding_mode="replicate")
        self.conv_yz = nn.Conv2d(channels, channels, 3, stride=(2, 1), padding=1, padding_mode="replicate")

    def forward(self, planes: Planes) -> Planes:
        return Planes(self.conv_xy(planes.xy), self.conv_xz(planes.xz), self.conv_yz(planes.yz))


class PlaneUp(nn.Module):
    """Double x and y, keep z: a transposed 3 x 3 convolution."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv_xy = nn.ConvTranspose2d(channels, channels, 3, stride=2, padding=1, output_padding=1)
        self.conv_xz = nn.ConvTranspose2d(channels, channels, 3, stride=(2, 1), padding=1, output_padding=(1, 0))
        self.conv_yz = nn.ConvTranspose2d(channels, channels, 3, stride=(2, 1), padding=1, output_padding=(1, 0))

    def forward(self, planes: Planes) -> Planes:
        return Planes(self.conv_xy(planes.xy), self.conv_xz(planes.xz), self.conv_yz(planes.yz))


class RolledConv(nn.Module):
    """3 x 3 convolution in which every plane also sees the means of the other two along the axis it lacks.

    As the equations stand (Lee et al. 2024, section 3.2, "rolled-out"), those means are repeated along an axis and
    concatenated, which triples the input. But what is constant along an axis needs no convolution along it: here each
    of them costs one row. The sums are the same.
    """

    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__()
        self.conv_xy = nn.Conv2d(3 * channels_in, channels_out, 3, padding=1)
        self.conv_xz = nn.Conv2d(3 * channels_in, channels_out, 3, padding=1)
        self.conv_yz = nn.Conv2d(3 * channels_in, channels_out, 3, padding=1)

    def forward(self, planes: Planes) -> Planes:
        xy, xz, yz = planes
        return Planes(
            _convolve(self.conv_xy, xy, first=yz.mean(dim=3), second=xz.mean(dim=3), is_first_along_rows=True),
            _convolve(self.conv_xz, xz, first=xy.mean(dim=3), second=yz.mean(dim=2)),
            _convolve(self.conv_yz, yz, first=xy.mean(dim=2), second=xz.mean(dim=2)),
        )


def _convolve(
    layer: nn.Conv2d, plane: Tensor, first: Tensor, second: Tensor, is_first_along_rows: bool = False
) -> Tensor:
    """Convolve `[plane, first, second]` as if the last two were repeated to the plane's size.

    Parameters
    ----------
    plane
        `(B, C, P, Q)`.
    first, second
        `(B, C, P)` and `(B, C, Q)`; the other way round where `is_first_along_rows`.
    """
    own, of_first, of_second = layer.weight.chunk(3, dim=1)
    if is_first_along_rows:
        column, of_column, row, of_row = second, of_second, first, of_first
    else:
        column, of_column, row, of_row = first, of_first, second, of_second
    out = F.conv2d(plane, own, layer.bias, padding=1)
    below, on, above = F.conv2d(row[:, :, None], of_row, padding=(2, 1)).chunk(3, dim=2)
    out += below + on + above
    out[:, :, :1] -= above
    out[:, :, -1:] -= below
    right, middle, left = F.conv2d(column[:, :, :, None], of_column, padding=(1, 2)).chunk(3, dim=3)
    out += right + middle + left
    out[:, :, :, :1] -= left
    out[:, :, :, -1:] -= right
    return out


class PlaneBlock(nn.Module):
    """Residual block; the time's embedding scales and shifts all three planes alike."""

    def __init__(self, channels_in: int, channels_out: int, embedding: int) -> None:
        super().__init__()
        self.in_layers = nn.Sequential(PlaneNorm(channels_in), PlaneSiLU(), RolledConv(channels_in, channels_out))
        self.emb_layers = nn.Sequential(nn.SiLU(), nn.Linear(embedding, 2 * channels_out))
        self.out_layers = nn.Sequential(PlaneNorm(channels_out), PlaneSiLU(), RolledConv(channels_out, channels_out))
        self.skip_connection = PlaneConv(channels_in, channels_out) if channels_in != channels_out else nn.Identity()
        for conv in cast(RolledConv, self.out_layers[2]).children():
            nn.init.zeros_(conv.weight)  # type: ignore[arg-type]
            nn.init.zeros_(conv.bias)  # type: ignore[arg-type]

    def forward(self, planes: Planes, embedding: Tensor) -> Planes:
        norm, activate, conv = self.out_layers
        scale, shift = self.emb_layers(embedding)[:, :, None, None].chunk(2, dim=1)
        h: Planes = norm(self.in_layers(planes))
        h = conv(activate(h.each(lambda plane: plane * (1 + scale) + shift)))
        kept: Planes = self.skip_connection(planes)
        return Planes(*(a + b for a, b in zip(h, kept, strict=True)))

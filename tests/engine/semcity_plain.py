"""The networks of `semcity` as the equations stand, without any of the product's shortcuts: what those must equal."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from engine.models.semcity.autoencoder import TriplaneAutoencoder
from engine.models.semcity.layers import RolledConv
from engine.models.semcity.triplane import Planes
from engine.models.semcity.unet import TriplaneUNet


class PlainRolledConv(RolledConv):
    """Repeats the means of the other planes to full size and convolves three times the channels."""

    def forward(self, planes: Planes) -> Planes:
        xy, xz, yz = planes
        h, w, d = xy.shape[2], xy.shape[3], xz.shape[3]
        of_xy, of_xz, of_yz = ((plane.mean(dim=2), plane.mean(dim=3)) for plane in planes)
        return Planes(
            self.conv_xy(torch.cat([xy, _rows(of_yz[1], h), _columns(of_xz[1], w)], dim=1)),
            self.conv_xz(torch.cat([xz, _columns(of_xy[1], d), _rows(of_yz[0], h)], dim=1)),
            self.conv_yz(torch.cat([yz, _columns(of_xy[0], d), _rows(of_xz[0], w)], dim=1)),
        )


def _rows(values: Tensor, count: int) -> Tensor:
    return values[:, :, None].expand(-1, -1, count, -1)


def _columns(values: Tensor, count: int) -> Tensor:
    return values[:, :, :, None].expand(-1, -1, -1, count)


def make_plain(unet: TriplaneUNet) -> TriplaneUNet:
    """Take the shortcut out of a UNet, in place."""
    for module in unet.modules():
        if isinstance(module, RolledConv):
            module.__class__ = PlainRolledConv
    return unet


def encode(network: TriplaneAutoencoder, labels: Tensor) -> Planes:
    """Convolve every voxel."""
    encoder = network.geo_encoder
    x = network.embed(labels).contiguous()
    a = _convolve(encoder.conv0, x)
    b = a + _block(encoder.convblock1, a)
    halving = encoder.downsample[0]
    assert isinstance(halving, nn.Conv3d)
    c = F.instance_norm(F.conv3d(b, halving.weight, halving.bias, stride=halving.stride))
    d = c + _block(encoder.convblock2, c)
    return Planes(*(torch.tanh(0.5 * F.instance_norm(d.mean(dim=axis))) for axis in (4, 3, 2)))


def _block(block: nn.Sequential, x: Tensor) -> Tensor:
    h = F.leaky_relu(F.instance_norm(_convolve(block[0], x)), 0.1)
    return F.instance_norm(_convolve(block[3], h))


def _convolve(layer: nn.Module, x: Tensor) -> Tensor:
    assert isinstance(layer, nn.Conv3d)
    borders = [n // 2 for n in reversed(layer.kernel_size) for _ in range(2)]
    return F.conv3d(F.pad(x, borders, mode="replicate"), layer.weight, layer.bias)


def decode(network: TriplaneAutoencoder, planes: Planes, shape: tuple[int, int, int]) -> Tensor:
    """Ask for every voxel by itself, all in one call; logits `(X, Y, Z, K)`."""
    axes = [2 * torch.arange(n, dtype=planes.xy.dtype) / (n - 1) - 1 for n in shape]
    query = torch.stack(torch.meshgrid(*axes, indexing="ij"), dim=3).reshape(1, -1, 3)
    return network.decode(planes, query)[0].view(*shape, -1)

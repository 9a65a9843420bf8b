"""The layout prior of `city`: makes bird's-eye maps of any size, or completes those that are partly known.

A map is denoised as a picture of one channel per layout class and one for the height, all in about [-1, 1].
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from engine.geometry.maps import LAYOUT_CLASSES, LayoutMap
from engine.models.city.conditions import count_character, spread
from engine.models.unet import UNetConfig

CHANNELS = len(LAYOUT_CLASSES)
"""One per class but `free`, and the height."""

_BUILDING = LAYOUT_CLASSES.index("building")


def layout_config(width: int = 64, styles: int = 0, composition: int = 0) -> UNetConfig:
    """Give the sizes of the layout denoiser; it is given known cells, a mask of the hidden ones, and the character."""
    given = CHANNELS + 1 + count_character(styles, composition)
    return UNetConfig(channels=CHANNELS, given=given, width=width, multiples=(1, 2, 4, 4), attended=(2,))


def picture_of(classes: Tensor, heights: Tensor, height: int) -> Tensor:
    """Turn maps `(B, X / 8, Y / 8) uint8` into pictures `(B, 8, X / 8, Y / 8)`; free cells are -1 everywhere."""
    one_hot = F.one_hot(classes.long(), len(LAYOUT_CLASSES)).permute(0, 3, 1, 2)[:, 1:].float()
    tops = heights[:, None].float() / height
    return 2.0 * torch.cat([one_hot, tops], dim=1) - 1.0


def layout_given(picture: Tensor, hidden: Tensor, character: Tensor | None = None) -> Tensor:
    """Join the known part of a picture (zero where hidden), the mask `(B, 1, X, Y) float`, 1 = hidden, and a character.

    `character` is of `character_channels`; networks that were never told one have no channels for it.
    """
    parts = [picture * (1.0 - hidden), hidden]
    if character is not None:
        parts.append(spread(character, picture.shape[2:]))
    return torch.cat(parts, dim=1).contiguous(memory_format=torch.channels_last)


def map_of(picture: Tensor, height: int) -> LayoutMap:
    """Read a map from a picture `(1, 8, X, Y)`: the strongest class, and the height where it is a building."""
    classes = picture[0, :-1].argmax(dim=0) + 1
    tops = ((picture[0, -1] + 1.0) / 2.0 * height).round().clamp(1, height)
    heights = torch.where(classes == _BUILDING, tops, torch.zeros_like(tops))
    return LayoutMap(classes.to(torch.uint8).cpu().numpy(), heights.to(torch.uint8).cpu().numpy())

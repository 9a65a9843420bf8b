"""What the denoisers of `city` are given, as channels: what is known and hidden, which map to follow, what to refine.

One network generates, inpaints, outpaints, follows maps and refines predictions: what it is given decides. All zeros
and everything hidden means generation. The channels of the prediction, and after them those of the scene's character,
come last and may be missing: denoisers that were never taught to look at them have none.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from engine.geometry.maps import CELL, LAYOUT_CLASSES
from engine.models.character import Character, Composition
from engine.models.city.autoencoder import STRIDE, AutoencoderConfig

SLAB = 4
"""Voxels of height that share one mask channel."""

LAYOUT_CHANNELS = len(LAYOUT_CLASSES) - 1 + 2
"""One per layout class but `free`, the height, and whether a height is given."""


_DENSE = 0.4
"""Density that is told as 1."""


def given_channels(config: AutoencoderConfig, with_source: bool = True, styles: int = 0, composition: int = 0) -> int:
    """Count the channels of `detail_given` for an autoencoder; characters are told where there are `styles`."""
    source = config.latent + 1 if with_source or styles else 0
    return config.latent + config.height // SLAB + LAYOUT_CHANNELS + source + count_character(styles, composition)


def count_character(styles: int, composition: int = 0) -> int:
    """Count the channels of `character_channels`; none where there are no styles."""
    return styles + 4 + (composition + 1 if composition else 0) if styles else 0


def detail_given(
    known: Tensor, hidden: Tensor, layout: Tensor, source: Tensor | None = None, character: Tensor | None = None
) -> Tensor:
    """Join the known latent `(B, C, X, Y)` (zero where nothing is known), hidden slabs, layout and what else there is.

    `source` is of `source_channels`, `character` of `character_channels`.
    """
    parts = [known, hidden, layout]
    if source is not None:
        parts.append(source)
    if character is not None:
        parts.append(spread(character, known.shape[2:]))
    return torch.cat(parts, dim=1).contiguous(memory_format=torch.channels_last)


def character_channels(characters: Sequence[Character], styles: Sequence[str], composition: int = 0) -> Tensor:
    """Tell scenes' characters as `(B, S + 4, 1, 1)`: one channel a style, then density and leaves with a flag each.

    Where a `composition` has any numbers, D of them and a flag follow, and the last sides are those of its districts,
    as many in each of the characters: `(B, S + 4 + D + 1, X', Y')`.
    """
    rows = [[*_one_of(c.style, styles), *_scaled(c.density, _DENSE), *_scaled(c.leaves, 1.0)] for c in characters]
    wished = torch.tensor(rows, dtype=torch.float32)[:, :, None, None]
    if not composition:
        return wished
    districts = torch.tensor([_all_of(c.composition, composition) for c in characters]).permute(0, 3, 1, 2)
    return torch.cat([wished.expand(-1, -1, *districts.shape[2:]), districts], dim=1)


def spread(character: Tensor, shape: Sequence[int]) -> Tensor:
    """Bring `character_channels` to the shape of a plan; from district to district they change evenly."""
    if character.shape[2:] == (1, 1):
        return character.expand(-1, -1, *shape)
    return F.interpolate(character, size=tuple(shape), mode="bilinear", align_corners=False)


def _one_of(style: str | None, styles: Sequence[str]) -> list[float]:
    return [float(style == name) for name in styles]


def _scaled(value: float | None, unit: float) -> tuple[float, float]:
    return (0.0, 0.0) if value is None else (value / unit, 1.0)


def _all_of(composition: Composition | None, count: int) -> list[list[list[float]]]:
    if composition is None:
        return [[[0.0] * (count + 1)]]
    return [[[*values, 1.0] for values in row] for row in composition]


def source_channels(latents: Tensor, is_given: Tensor) -> Tensor:
    """Join latents of predictions `(B, C, X, Y)` and whether there is one, `is_given (B,) bool`; zero where not."""
    flag = is_given.to(latents)[:, None, None, None].expand(-1, 1, *latents.shape[2:])
    return torch.cat([latents * flag, flag], dim=1)


def hidden_slabs(hidden: Tensor) -> Tensor:
    """Pool a voxel mask `(B, X, Y, Z) bool` to the share hidden per cell and slab, `(B, Z / 4, X / 4, Y / 4)`."""
    pooled = F.avg_pool3d(hidden[:, None].float(), (STRIDE, STRIDE, SLAB))
    return pooled[:, 0].permute(0, 3, 1, 2)


def layout_channels(classes: Tensor, heights: Tensor, height: int) -> Tensor:
    """Turn layout maps `(B, X / 8, Y / 8) uint8` into channels `(B, 9, X / 4, Y / 4)`; free cells are all zero."""
    return F.interpolate(layout_cells(classes, heights, height), scale_factor=float(CELL // STRIDE), mode="nearest")


def layout_cells(classes: Tensor, heights: Tensor, height: int) -> Tensor:
    """Turn layout maps into channels at their own resolution, `(B, 9, X / 8, Y / 8)`."""
    one_hot = F.one_hot(classes.long(), len(LAYOUT_CLASSES)).permute(0, 3, 1, 2)[:, 1:].float()
    tops = heights[:, None].float() / height
    return torch.cat([one_hot, tops, (heights[:, None] > 0).float()], dim=1)

"""Noise that is smooth at several scales, for denoisers that have to decide about whole scenes.

White noise all but vanishes in the mean of many cells (deviation 1/32 over 32 x 32 of them), while scenes differ
there: how much of one is parking, how high its ground lies. What a whole scene is like then hangs on a faint tilt of
the noise, which a network hardly learns to see, and all scenes come out alike. A flow may start from any Gaussian, so
this one has some of its variance in smooth parts, as scenes have; noise offsets, which many image models are tuned
with, are the case of one part that is as large as the picture.
"""

from __future__ import annotations

import math

from torch import Tensor
from torch.nn import functional as F

from engine.diffusion.samplers import Draw

_WIDE = 16
"""Cells from which on a smooth part is about whole scenes."""

Octaves = tuple[tuple[int, float], ...]
"""(cells, share of the variance) of every smooth part; the rest is white."""


def coloured(draw: Draw, octaves: Octaves, warmth: float = 1.0) -> Draw:
    """Draw noise of unit variance with smooth parts; white noise as it is where there are no `octaves`.

    A part that is smooth over n cells is the sum of the n x n white values around a place, over n: stationary, so that
    no place of a plan differs from another. Tensors are `(B, C, X, Y)`.

    With `warmth`, the widest parts deviate that many times as much: to start samples from, where a network makes wholes
    more alike than they were in its training.
    """
    if not octaves:
        return draw
    white = math.sqrt(1.0 - sum(share for _, share in octaves))

    def drawn(like: Tensor) -> Tensor:
        noise = white * draw(like)
        for cells, share in octaves:
            wide = draw(like.new_empty((*like.shape[:2], like.shape[2] + cells - 1, like.shape[3] + cells - 1)))
            scale = math.sqrt(share) / cells * (warmth if cells >= _WIDE else 1.0)
            noise = noise + scale * _sums(_sums(wide, cells, 2), cells, 3)
        return noise

    return drawn


def _sums(values: Tensor, count: int, axis: int) -> Tensor:
    """Add up every `count` neighbours along an axis, which gets shorter by `count - 1`."""
    total = values.cumsum(axis)
    last = total.narrow(axis, count - 1, total.shape[axis] - count + 1)
    before = F.pad(total, (0, 0, 1, 0) if axis == 2 else (1, 0)).narrow(axis, 0, last.shape[axis])
    return last - before

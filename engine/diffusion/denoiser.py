"""The contract of everything that denoises, and what turns networks into it.

`denoise(x, sigma) -> clean x0` with `x = x0 + sigma eps`: samplers know nothing else (Karras et al. 2022). Conditions
are bound before sampling, guidance wraps round.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

Denoise = Callable[[Tensor, float], Tensor]
"""`(x (B, C, ...), sigma) -> x0 (B, C, ...)`."""


def from_flow(network: Callable[[Tensor, Tensor], Tensor]) -> Denoise:
    """Wrap a rectified-flow network `(x_t, t (B,)) -> x0`, where `x_t = (1 - t) x0 + t eps`.

    Dividing by `1 - t` gives `x0 + sigma eps` with `sigma = t / (1 - t)`.
    """

    def denoise(x: Tensor, sigma: float) -> Tensor:
        t = sigma / (1 + sigma)
        return network(x * (1 - t), torch.full((len(x),), t, dtype=x.dtype, device=x.device))

    return denoise

"""Noise levels to walk down. `sigma` is the deviation of the noise on unit-scale data: `x = x0 + sigma eps`."""

from __future__ import annotations

import torch
from torch import Tensor

SHIFT = 3.0
"""How far times are moved towards noise, in training and sampling alike (Esser et al. 2024, equation 23)."""

T_MAX = 0.999
"""Where sampling starts on the line from data (0) to noise (1); at 1 itself sigma is infinite."""


def flow_sigmas(steps: int, strength: float = 1.0, shift: float = SHIFT) -> Tensor:
    """Give `steps + 1` falling noise levels, the last 0, for a rectified flow, `(steps + 1,) float64`.

    Uniform in the flow's time `t`, warped by `shift` (Esser et al. 2024, equation 23), with `sigma = t / (1 - t)`.
    `strength` below 1 starts late, at `t = strength` (SDEdit, Meng et al. 2022).
    """
    t = torch.linspace(1.0, 0.0, steps + 1, dtype=torch.float64)
    t = shift * t / (1 + (shift - 1) * t) * min(strength, T_MAX)
    return t / (1 - t)

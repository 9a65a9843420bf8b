"""Networks that learned at a finite number of noise levels (DDPM), in the terms of the samplers.

DDPM keeps the variance of its samples: `x_t = sqrt(abar_t) x0 + sqrt(1 - abar_t) eps`. Divided by `sqrt(abar_t)` that
is `x0 + sigma_t eps` with `sigma_t = sqrt((1 - abar_t) / abar_t)`, which is all that the samplers know. Its tables are
functions of two neighbouring levels there, and taking fewer steps ("respacing") is choosing among the levels.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.diffusion.denoiser import Denoise
from engine.errors import SamplingError

_FIRST, _LAST = 1e-4, 0.02
_AT_STEPS = 1000
"""The linear schedule's first and last variance are given for this many steps; fewer steps are larger ones."""


@dataclass(frozen=True, eq=False)
class TrainedLevels:
    """The levels that a network knows.

    Attributes
    ----------
    sigmas
        `(T,) float64`, rising; number t is the network's time t.
    """

    sigmas: Tensor

    @classmethod
    def linear(cls, steps: int) -> TrainedLevels:
        """Let the variance added per step grow linearly (Ho et al. 2020, section 4), scaled to any number of steps.

        Raises `SamplingError` where steps are so few that one would have to add more noise than there can be.
        """
        scale = _AT_STEPS / steps
        betas = torch.linspace(_FIRST * scale, _LAST * scale, steps, dtype=torch.float64)
        if float(betas[-1]) >= 1:
            raise SamplingError(f"a linear schedule of {steps} steps adds a variance of {betas[-1]:g}; take 21 or more")
        abar = torch.cumprod(1 - betas, dim=0)
        return cls(((1 - abar) / abar).sqrt())

    def walk(self, times: Sequence[float]) -> Tensor:
        """Give the levels of some times, between whole ones by the logarithm, and then 0, `(n + 1,) float64`."""
        logarithms = np.interp(times, np.arange(len(self.sigmas)), self._logarithms)
        return torch.from_numpy(np.append(np.exp(logarithms), 0.0))

    def falling(self, steps: int, strength: float = 1.0) -> Tensor:
        """Give `steps + 1` levels to sample along, evenly from the last time down; the last level is 0.

        Times are whole, as in training, unless there are more steps than those. `strength` below 1 starts at that share
        of them (SDEdit, Meng et al. 2022).
        """
        times = np.linspace(strength * (len(self.sigmas) - 1), 0, steps)
        return self.walk(np.round(times).tolist() if steps <= strength * len(self.sigmas) else times.tolist())

    def time_of(self, sigma: float) -> float:
        """Tell the time of a level, between the trained ones by its logarithm; beyond them the outermost."""
        return float(np.interp(math.log(sigma), self._logarithms, np.arange(len(self.sigmas))))

    @cached_property
    def _logarithms(self) -> NDArray[np.float64]:
        return np.asarray(np.log(self.sigmas.numpy()))


def spread_times(total: int, count: int) -> list[int]:
    """Choose `count` of the times 0 .. total - 1 from the last one down, evenly, both ends included."""
    return [int(t) for t in np.round(np.linspace(total - 1, 0, count))]


def stride_times(total: int, count: int) -> list[int]:
    """Choose `count` times from 0 on in equal strides, listed from the last one down (Song et al. 2021, appendix D.2).

    Raises `SamplingError` where no whole stride gives that many.
    """
    stride = next((s for s in range(1, total + 1) if len(range(0, total, s)) == count), None)
    if stride is None:
        raise SamplingError(f"no stride takes {count} of {total} steps; take another number, as {total // 2}")
    return list(range(0, total, stride))[::-1]


def from_ddpm(network: Callable[[Tensor, Tensor], Tensor], levels: TrainedLevels, bound: float = 1.0) -> Denoise:
    """Wrap a network `(x_t, t (B,)) -> x0` of data within `[-bound, bound]`, to which its estimates are clipped."""

    def denoise(x: Tensor, sigma: float) -> Tensor:
        t = torch.full((len(x),), levels.time_of(sigma), device=x.device)
        return network(x / math.sqrt(1 + sigma**2), t).clamp(-bound, bound)

    return denoise


def add_noise(x0: Tensor, noise: Tensor, sigmas: Tensor) -> Tensor:
    """Make what such a network is trained on, `(x0 + sigma noise) / sqrt(1 + sigma^2)`; one level per sample `(B,)`."""
    levels = sigmas.to(x0).view(-1, *[1] * (x0.dim() - 1))
    return (x0 + levels * noise) / (1 + levels.square()).sqrt()


def posterior(x0: Tensor, x: Tensor, sigma: float, following: float) -> tuple[Tensor, float]:
    """Give mean and variance of the sample at the level `following` when clean data and the one at `sigma` are known.

    Ho et al. 2020, equations 6 and 7, for `x = x0 + sigma eps`.
    """
    share = (following / sigma) ** 2
    return x0 + share * (x - x0), share * (sigma**2 - following**2)


def widest_variance(sigma: float, following: float) -> float:
    """Give the larger of the two variances that make sense for a step, that of the noise which it undoes.

    Ho et al. 2020, section 3.2, `sigma_t^2 = beta_t`; none for a step to 0.
    """
    if following == 0:
        return 0.0
    return (sigma**2 - following**2) * (1 + following**2) / (1 + sigma**2)


def renoise(x: Tensor, sigma: float, higher: float, noise: Tensor) -> Tensor:
    """Take a sample from a level up to a higher one by fresh noise (Lugmayr et al. 2022, equation 1)."""
    return x + math.sqrt(higher**2 - sigma**2) * noise

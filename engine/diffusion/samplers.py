"""Samplers: generators that walk the noise levels down and yield the clean estimate of every step.

Streaming, cancelling (`close()`) and plain calls (`drain`) are the same code.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from torch import Tensor

from engine.diffusion.ddpm import posterior, widest_variance
from engine.diffusion.denoiser import Denoise
from engine.errors import SamplingError


@dataclass(frozen=True, eq=False)
class DenoiseStep:
    """One step: `index` of `total` (from 1), the noise level it started at, and the clean estimate `x0 (B, C, ...)`."""

    index: int
    total: int
    sigma: float
    x0: Tensor


Draw = Callable[[Tensor], Tensor]
"""Fresh unit noise of a tensor's shape."""

Sampler = Callable[[Denoise, Tensor, Tensor], Iterator[DenoiseStep]]
"""`(denoise, x, sigmas (n + 1,)) -> steps`; `x` holds noise of level `sigmas[0]`."""


def ddim(denoise: Denoise, x: Tensor, sigmas: Tensor) -> Iterator[DenoiseStep]:
    """Walk straight at the clean estimate, without new noise.

    DDIM, Song et al. 2021, equation 12 with no added noise; in sigma space it is Euler's method.
    """
    levels = sigmas.tolist()
    for i, (sigma, following) in enumerate(pairwise(levels)):
        x0 = denoise(x, sigma)
        yield DenoiseStep(i + 1, len(levels) - 1, sigma, x0)
        x = x0 + (following / sigma) * (x - x0)


def ddpm(denoise: Denoise, x: Tensor, sigmas: Tensor, draw: Draw) -> Iterator[DenoiseStep]:
    """Forget some noise and draw some anew at every step, as the network's training did backwards.

    DDPM, Ho et al. 2020, algorithm 2, with the larger of its two variances; it wants many steps.
    """
    levels = sigmas.tolist()
    for i, (sigma, following) in enumerate(pairwise(levels)):
        x0 = denoise(x, sigma)
        yield DenoiseStep(i + 1, len(levels) - 1, sigma, x0)
        x = posterior(x0, x, sigma, following)[0]
        if following > 0:
            x = x + math.sqrt(widest_variance(sigma, following)) * draw(x)


def dpmpp_2m(denoise: Denoise, x: Tensor, sigmas: Tensor) -> Iterator[DenoiseStep]:
    """Second-order multistep solver: extrapolates from the estimate before at no extra evaluation.

    DPM-Solver++(2M), Lu et al. 2022, algorithm 2, with `lambda = -log sigma` and `alpha = 1`; the last step, to no
    noise, takes the estimate itself.
    """
    levels = sigmas.tolist()
    before: Tensor | None = None
    h_before = 0.0
    for i, (sigma, following) in enumerate(pairwise(levels)):
        x0 = denoise(x, sigma)
        yield DenoiseStep(i + 1, len(levels) - 1, sigma, x0)
        if following == 0:
            return
        h = math.log(sigma / following)
        direction = x0
        if before is not None and h_before > 0:  # levels repeat where the schedule is cut off
            r = h_before / h
            direction = (1 + 1 / (2 * r)) * x0 - 1 / (2 * r) * before
        x = (following / sigma) * x - math.expm1(-h) * direction
        before, h_before = x0, h


SAMPLERS: dict[str, Sampler] = {"dpmpp-2m": dpmpp_2m, "ddim": ddim}


def drain(steps: Iterator[DenoiseStep]) -> Tensor:
    """Run to the end and give the last clean estimate `(B, C, ...)`; raises `SamplingError` where there is none."""
    last: DenoiseStep | None = None
    for step in steps:
        last = step
    if last is None:
        raise SamplingError("the noise schedule has no step; give at least two levels")
    return last.x0

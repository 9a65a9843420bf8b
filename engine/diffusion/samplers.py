"""Samplers: generators that walk the noise levels down and yield the clean estimate of every step.

Streaming, cancelling (`close()`) and plain calls (`drain`) are the same code. All of them end where the levels end, at
no noise or above it, so that one can be sent over parts of a walk (`resampled`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from torch import Tensor

from engine.diffusion.ddpm import posterior, renoise, widest_variance
from engine.diffusion.denoiser import Denoise
from engine.errors import SamplingError


@dataclass(frozen=True, eq=False)
class DenoiseStep:
    """One step.

    Attributes
    ----------
    index, total
        Which one, from 1.
    sigma
        The noise level it started at.
    x0
        The clean estimate `(B, C, ...)`.
    x
        The sample that it ended with, at the following level.
    """

    index: int
    total: int
    sigma: float
    x0: Tensor
    x: Tensor


Draw = Callable[[Tensor], Tensor]
"""Fresh unit noise of a tensor's shape."""

Sampler = Callable[[Denoise, Tensor, Tensor, Draw], Iterator[DenoiseStep]]
"""`(denoise, x, sigmas (n + 1,), draw) -> steps`; `x` holds noise of level `sigmas[0]`."""


def ddim(denoise: Denoise, x: Tensor, sigmas: Tensor, draw: Draw | None = None) -> Iterator[DenoiseStep]:
    """Walk straight at the clean estimate, without new noise.

    DDIM, Song et al. 2021, equation 12 with no added noise; in sigma space it is Euler's method.
    """
    levels = sigmas.tolist()
    for i, (sigma, following) in enumerate(pairwise(levels)):
        x0 = denoise(x, sigma)
        x = x0 + (following / sigma) * (x - x0)
        yield DenoiseStep(i + 1, len(levels) - 1, sigma, x0, x)


def heun(denoise: Denoise, x: Tensor, sigmas: Tensor, draw: Draw | None = None) -> Iterator[DenoiseStep]:
    """Look at both ends of every step, which takes two evaluations, and go by their mean.

    Karras et al. 2022, algorithm 1.
    """
    levels = sigmas.tolist()
    for i, (sigma, following) in enumerate(pairwise(levels)):
        x0 = denoise(x, sigma)
        slope = (x - x0) / sigma
        ahead = x + (following - sigma) * slope
        if following > 0:
            slope = (slope + (ahead - denoise(ahead, following)) / following) / 2
        x = x + (following - sigma) * slope
        yield DenoiseStep(i + 1, len(levels) - 1, sigma, x0, x)


def ddpm(denoise: Denoise, x: Tensor, sigmas: Tensor, draw: Draw) -> Iterator[DenoiseStep]:
    """Forget some noise and draw some anew at every step, as the network's training did backwards.

    DDPM, Ho et al. 2020, algorithm 2, with the larger of its two variances; it wants many steps.
    """
    levels = sigmas.tolist()
    for i, (sigma, following) in enumerate(pairwise(levels)):
        x0 = denoise(x, sigma)
        x = posterior(x0, x, sigma, following)[0]
        if following > 0:
            x = x + math.sqrt(widest_variance(sigma, following)) * draw(x)
        yield DenoiseStep(i + 1, len(levels) - 1, sigma, x0, x)


def dpmpp_2m(denoise: Denoise, x: Tensor, sigmas: Tensor, draw: Draw | None = None) -> Iterator[DenoiseStep]:
    """Second-order multistep solver: extrapolates from the estimate before at no extra evaluation.

    DPM-Solver++(2M), Lu et al. 2022, algorithm 2, with `lambda = -log sigma` and `alpha = 1`; a step to no noise takes
    the estimate itself.
    """
    levels = sigmas.tolist()
    before: Tensor | None = None
    h_before = 0.0
    for i, (sigma, following) in enumerate(pairwise(levels)):
        x0 = denoise(x, sigma)
        x, h = _extrapolate(x, x0, before, sigma, following, h_before)
        yield DenoiseStep(i + 1, len(levels) - 1, sigma, x0, x)
        before, h_before = x0, h


def dpmpp_2m_sde(denoise: Denoise, x: Tensor, sigmas: Tensor, draw: Draw) -> Iterator[DenoiseStep]:
    """Second-order multistep solver that forgets some noise and draws it anew, so that early errors fade.

    SDE-DPM-Solver++(2M), Lu et al. 2022 (DPM-Solver++), section 6, with `lambda = -log sigma` and `alpha = 1`.
    """
    levels = sigmas.tolist()
    before: Tensor | None = None
    h_before = 0.0
    for i, (sigma, following) in enumerate(pairwise(levels)):
        x0 = denoise(x, sigma)
        if following == 0:
            x, h = x0, math.inf
        else:
            h = math.log(sigma / following)
            forgotten = -math.expm1(-2 * h)
            x = (following / sigma) * math.exp(-h) * x + forgotten * _ahead(x0, before, h, h_before)
            x = x + following * math.sqrt(forgotten) * draw(x)
        yield DenoiseStep(i + 1, len(levels) - 1, sigma, x0, x)
        before, h_before = x0, h


def unipc(denoise: Denoise, x: Tensor, sigmas: Tensor, draw: Draw | None = None) -> Iterator[DenoiseStep]:
    """Second-order multistep solver that mends each sample with the estimate made from it, at no extra evaluation.

    UniPC, Zhao et al. 2023, algorithms 5 and 6 with order 2 and `B(h) = exp(h) - 1`, on clean estimates.
    """
    levels = sigmas.tolist()
    past: list[tuple[float, Tensor]] = []  # levels and estimates before, the newest last
    start = x
    for i, (sigma, following) in enumerate(pairwise(levels)):
        x0 = denoise(x, sigma)
        if past:
            x = _correct(start, past, sigma, x0)
        h_before = math.log(past[-1][0] / sigma) if past else 0.0
        start, past = x, [*past[-1:], (sigma, x0)]
        x, _ = _extrapolate(x, x0, past[0][1] if h_before else None, sigma, following, h_before)
        yield DenoiseStep(i + 1, len(levels) - 1, sigma, x0, x)


def _extrapolate(
    x: Tensor, x0: Tensor, before: Tensor | None, sigma: float, following: float, h_before: float
) -> tuple[Tensor, float]:
    """Step on along the line through the last two estimates; tells the step's length in `log sigma`, too."""
    if following == 0:
        return x0, math.inf
    h = math.log(sigma / following)
    return (following / sigma) * x - math.expm1(-h) * _ahead(x0, before, h, h_before), h


def _ahead(x0: Tensor, before: Tensor | None, h: float, h_before: float) -> Tensor:
    """Extrapolate two estimates to the middle of a step of `h` in `log sigma`."""
    if before is None or h_before <= 0:  # levels repeat where the schedule is cut off
        return x0
    r = h_before / h
    return (1 + 1 / (2 * r)) * x0 - 1 / (2 * r) * before


def _correct(start: Tensor, past: list[tuple[float, Tensor]], sigma: float, x0: Tensor) -> Tensor:
    """Take the step from `start` to `sigma` again, now that the estimate at its end is known."""
    before, estimate = past[-1]
    h = math.log(before / sigma)
    if h == 0:
        return start
    reach = math.expm1(-h)
    plain = (sigma / before) * start - reach * estimate
    ahead = x0 - estimate
    if len(past) == 1 or past[0][0] == before:
        return plain - reach * 0.5 * ahead
    r = math.log(past[0][0] / before) / -h
    behind = (past[0][1] - estimate) / r
    first = (reach / -h - 1) / reach  # the two moments that the corrected step has to meet, over B(h)
    second = 2 * ((reach / -h - 1) / -h - 0.5) / reach
    of_behind = (second - first) / (r - 1)
    return plain - reach * (of_behind * behind + (first - of_behind) * ahead)


def resampled(sampler: Sampler, jump: int, visits: int) -> Sampler:
    """Let a sampler go through every stretch of the walk several times, each time from fresh noise.

    What is made anew so gets several chances to agree with what is known beside it (RePaint, Lugmayr et al. 2022,
    section 4.2). `jump` steps make a stretch.
    """

    def walk(denoise: Denoise, x: Tensor, sigmas: Tensor, draw: Draw) -> Iterator[DenoiseStep]:
        levels = sigmas.tolist()
        stretches = _falling_stretches(repaint_times(len(levels) - 1, jump, visits))
        total, done = sum(len(s) - 1 for s in stretches), 0
        sigma = levels[0]
        for stretch in stretches:
            part = sigmas[[len(levels) - 2 - t for t in stretch]]
            if part[0] > sigma:
                x = renoise(x, sigma, part[0].item(), draw(x))
            for step in sampler(denoise, x, part, draw):
                x = step.x
                yield DenoiseStep(done + step.index, total, step.sigma, step.x0, x)
            done, sigma = done + len(stretch) - 1, part[-1].item()

    return walk


def repaint_times(total: int, jump: int, visits: int) -> list[int]:
    """List the times that such a walk visits, from `total - 1` to -1, which means no noise.

    Lugmayr et al. 2022, appendix B: from 0 on, every `jump`-th time is a place to turn back from, `visits - 1` times.
    """
    turns = dict.fromkeys(range(0, total - jump, jump), visits - 1)
    times = [total - 1]
    while times[-1] >= 0:
        if turns.get(times[-1], 0) > 0:
            turns[times[-1]] -= 1
            times += range(times[-1] + 1, times[-1] + jump + 1)
        times.append(times[-1] - 1)
    return times


def _falling_stretches(times: list[int]) -> list[list[int]]:
    stretches = [[times[0]]]
    for before, time in pairwise(times):
        if time < before:
            stretches[-1].append(time)
        elif len(stretches[-1]) > 1:
            stretches.append([time])
        else:
            stretches[-1] = [time]
    return stretches


SAMPLERS: dict[str, Sampler] = {
    "dpmpp-2m": dpmpp_2m,
    "dpmpp-2m-sde": dpmpp_2m_sde,
    "unipc": unipc,
    "heun": heun,
    "ddim": ddim,
    "ddpm": ddpm,
}


def drain(steps: Iterator[DenoiseStep]) -> Tensor:
    """Run to the end and give the last clean estimate `(B, C, ...)`; raises `SamplingError` where there is none."""
    last: DenoiseStep | None = None
    for step in steps:
        last = step
    if last is None:
        raise SamplingError("the noise schedule has no step; give at least two levels")
    return last.x0

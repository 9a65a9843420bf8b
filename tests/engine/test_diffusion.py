from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from engine.diffusion.denoiser import from_flow
from engine.diffusion.guidance import classifier_free, keep_known, projected
from engine.diffusion.samplers import SAMPLERS, ddim, dpmpp_2m, drain
from engine.diffusion.schedule import flow_sigmas
from engine.errors import SamplingError

MEAN, DEVIATION = 0.7, 0.4


def gaussian(x: Tensor, sigma: float) -> Tensor:
    """The exact denoiser of data from N(MEAN, DEVIATION^2)."""
    share = DEVIATION**2 / (DEVIATION**2 + sigma**2)
    return MEAN + share * (x - MEAN)


def exact(x: Tensor, sigma: float) -> Tensor:
    """Where the probability flow of that data takes a sample of noise level sigma."""
    return MEAN + (x - MEAN) * DEVIATION / math.sqrt(DEVIATION**2 + sigma**2)


def test_levels_fall_from_nearly_pure_noise_to_none() -> None:
    sigmas = flow_sigmas(12)
    assert len(sigmas) == 13
    assert sigmas[-1] == 0
    assert sigmas[0] > 500
    assert bool((sigmas[1:] < sigmas[:-1]).all())


def test_strength_starts_at_its_own_time() -> None:
    sigma = float(flow_sigmas(8, strength=0.4)[0])
    assert sigma / (1 + sigma) == pytest.approx(0.4, rel=2e-3)


@pytest.mark.parametrize("name", sorted(SAMPLERS))
def test_samplers_reach_the_exact_answer(name: str) -> None:
    noise = torch.randn(2, 3, 8, 5, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    sigmas = flow_sigmas(1000)
    x = sigmas[0] * noise
    result = drain(SAMPLERS[name](gaussian, x, sigmas))
    torch.testing.assert_close(result, exact(x, float(sigmas[0])), atol=1e-2, rtol=0)


def test_the_second_order_sampler_needs_fewer_steps() -> None:
    noise = torch.randn(4, 3, 8, 5, generator=torch.Generator().manual_seed(2), dtype=torch.float64)

    def error(sampler: object, steps: int) -> float:
        sigmas = flow_sigmas(steps)
        x = sigmas[0] * noise
        return float((drain(sampler(gaussian, x, sigmas)) - exact(x, float(sigmas[0]))).abs().max())  # type: ignore[operator]

    assert error(dpmpp_2m, 20) < 0.5 * error(ddim, 20)


def test_samplers_are_generators_that_count_their_steps_and_can_be_closed() -> None:
    calls = []

    def counted(x: Tensor, sigma: float) -> Tensor:
        calls.append(sigma)
        return gaussian(x, sigma)

    sigmas = flow_sigmas(6)
    steps = ddim(counted, sigmas[0] * torch.ones(1, 1, 2, 2), sigmas)
    assert [(s.index, s.total) for s in (next(steps), next(steps))] == [(1, 6), (2, 6)]
    steps.close()  # type: ignore[attr-defined]
    assert calls == sigmas[:2].tolist()


def test_a_schedule_without_steps_is_refused() -> None:
    with pytest.raises(SamplingError, match="no step"):
        drain(ddim(gaussian, torch.zeros(1), torch.zeros(1)))


def test_a_flow_network_sees_the_sample_on_its_own_line() -> None:
    x0, noise, t = torch.randn(2, 3, 4, 5), torch.randn(2, 3, 4, 5), 0.3
    seen = {}

    def network(x_t: Tensor, time: Tensor) -> Tensor:
        seen.update(x=x_t, t=time)
        return x_t

    sigma = t / (1 - t)
    from_flow(network)(x0 + sigma * noise, sigma)
    torch.testing.assert_close(seen["x"], (1 - t) * x0 + t * noise)
    torch.testing.assert_close(seen["t"], torch.full((2,), t))


def test_known_cells_come_out_as_they_went_in() -> None:
    known = torch.randn(1, 3, 6, 4)
    mask = torch.zeros(1, 1, 6, 4, dtype=torch.bool)
    mask[..., 2:5, 1:3] = True
    sigmas = flow_sigmas(10)
    start = sigmas[0] * torch.randn(1, 3, 6, 4)
    result = drain(dpmpp_2m(keep_known(gaussian, known, mask), start, sigmas))
    free = drain(dpmpp_2m(gaussian, start, sigmas))
    outside = ~mask.expand_as(known)
    assert torch.equal(result[outside], known[outside])
    torch.testing.assert_close(result[~outside], free[~outside])


@pytest.mark.parametrize(("scale", "expected"), [(0.0, 1.0), (1.0, 3.0), (2.5, 6.0)])
def test_classifier_free_guidance_extrapolates(scale: float, expected: float) -> None:
    guided = classifier_free(lambda x, s: 3 * torch.ones_like(x), lambda x, s: torch.ones_like(x), scale)
    torch.testing.assert_close(guided(torch.zeros(2, 1), 1.0), torch.full((2, 1), expected))


def test_projection_acts_only_below_its_level() -> None:
    wrapped = projected(lambda x, s: x, torch.zeros_like, below=2.0)
    ones = torch.ones(3)
    assert torch.equal(wrapped(ones, 2.0), ones)
    assert torch.equal(wrapped(ones, 1.9), torch.zeros(3))

from __future__ import annotations

import math
from itertools import pairwise

import pytest
import torch
from torch import Tensor

from engine.diffusion.denoiser import from_flow
from engine.diffusion.guidance import classifier_free, keep_known, projected
from engine.diffusion.samplers import SAMPLERS, Sampler, ddim, ddpm, dpmpp_2m, dpmpp_2m_sde, drain, resampled, unipc
from engine.diffusion.schedule import flow_sigmas
from engine.errors import SamplingError
from engine.tasks import request

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


@pytest.mark.parametrize("name", sorted(set(SAMPLERS) - {"ddpm", "dpmpp-2m-sde"}))
def test_samplers_reach_the_exact_answer(name: str) -> None:
    noise = torch.randn(2, 3, 8, 5, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    sigmas = flow_sigmas(1000)
    x = sigmas[0] * noise
    result = drain(SAMPLERS[name](gaussian, x, sigmas, torch.randn_like))
    torch.testing.assert_close(result, exact(x, float(sigmas[0])), atol=1e-2, rtol=0)


@pytest.mark.parametrize(("name", "share"), [("dpmpp-2m", 0.1), ("heun", 0.2), ("unipc", 0.05)])
def test_second_order_samplers_need_fewer_steps(name: str, share: float) -> None:
    noise = torch.randn(4, 3, 8, 5, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    sigmas = flow_sigmas(40)
    x = sigmas[0] * noise

    def error(sampler: Sampler) -> float:
        return float((drain(sampler(gaussian, x, sigmas, torch.randn_like)) - exact(x, float(sigmas[0]))).abs().max())

    assert error(SAMPLERS[name]) < share * error(ddim)


def test_the_order_of_unipc_is_higher_than_that_of_the_extrapolation_alone() -> None:
    sigmas = torch.tensor([1.0, 0.8, 0.64, 0.512, 0.4096, 0.32768], dtype=torch.float64)  # even steps: the plain case
    x = torch.linspace(-2, 2, 9, dtype=torch.float64)

    def error(sampler: Sampler, levels: Tensor) -> float:
        *_, last = sampler(gaussian, x, levels, torch.randn_like)
        wanted = MEAN + (x - MEAN) * math.sqrt((DEVIATION**2 + levels[-1] ** 2) / (DEVIATION**2 + levels[0] ** 2))
        return float((last.x - wanted).abs().max())

    fine = torch.exp(torch.linspace(0, math.log(0.32768), 21, dtype=torch.float64))
    assert error(dpmpp_2m, sigmas) / error(dpmpp_2m, fine) > 10  # 16 times for order 2
    assert error(unipc, sigmas) < 0.5 * error(dpmpp_2m, sigmas)
    assert error(unipc, fine) < 0.2 * error(dpmpp_2m, fine)


@pytest.mark.parametrize("sampler", [ddpm, resampled(ddpm, 80, 2), dpmpp_2m_sde], ids=["once", "twice", "sde"])
def test_fresh_noise_keeps_the_distribution(sampler: Sampler) -> None:
    draw = torch.Generator().manual_seed(7)
    sigmas = flow_sigmas(400)
    x = sigmas[0] * torch.randn(20_000, generator=draw, dtype=torch.float64)
    result = drain(sampler(gaussian, x, sigmas, lambda like: torch.randn(like.shape, generator=draw, dtype=like.dtype)))
    assert float(result.mean()) == pytest.approx(MEAN, abs=0.012)
    assert float(result.std()) == pytest.approx(DEVIATION, abs=0.012)


def test_a_second_order_walk_with_fresh_noise_needs_fewer_steps() -> None:
    def error(sampler: Sampler) -> float:
        noise, sigmas = torch.Generator().manual_seed(7), torch.logspace(2, -1, 11, dtype=torch.float64)
        x = sigmas[0] * torch.randn(400_000, generator=noise, dtype=torch.float64)
        *_, last = sampler(gaussian, x, sigmas, lambda like: torch.randn(like.shape, generator=noise).double())
        return abs(float(last.x.std()) - math.sqrt(DEVIATION**2 + float(sigmas[-1]) ** 2))

    assert error(dpmpp_2m_sde) < 0.3 * error(ddpm)


def test_resampling_goes_back_up_and_counts_on() -> None:
    sigmas, seen = flow_sigmas(5), []

    def watched(x: Tensor, sigma: float) -> Tensor:
        seen.append(sigma)
        return gaussian(x, sigma)

    x = sigmas[0] * torch.ones(1, 2, 3, 1, dtype=torch.float64)
    steps = list(resampled(ddim, 2, 3)(watched, x, sigmas, torch.randn_like))
    levels = [sigmas.tolist().index(s) for s in seen]
    assert levels == [0, 1, 0, 1, 0, 1, 2, 3, 2, 3, 2, 3, 4]
    assert [(s.index, s.total) for s in steps] == [(i + 1, 13) for i in range(13)]
    assert [s.sigma for s in steps] == seen
    plain = list(ddim(gaussian, x, sigmas))
    once = list(resampled(ddim, 2, 1)(gaussian, x, sigmas, torch.randn_like))
    assert all(torch.equal(a.x0, b.x0) for a, b in zip(plain, once, strict=True))


@pytest.mark.parametrize("name", sorted(SAMPLERS))
def test_a_step_ends_where_the_next_one_starts(name: str) -> None:
    starts: dict[float, Tensor] = {}

    def watched(x: Tensor, sigma: float) -> Tensor:
        starts[sigma] = x
        return gaussian(x, sigma)

    sigmas = flow_sigmas(6)
    steps = list(SAMPLERS[name](watched, sigmas[0] * torch.ones(1, 1, 4, 2), sigmas, torch.randn_like))
    if name != "heun":  # which looks there before, too
        assert all(torch.equal(a.x, starts[b.sigma]) for a, b in pairwise(steps))
    assert torch.equal(steps[-1].x, steps[-1].x0)


def test_requests_know_the_samplers() -> None:
    assert tuple(SAMPLERS) == request.SAMPLERS


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

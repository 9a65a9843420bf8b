"""Posterior guidance: exact where the exact answer is known, and of use with every kind of model."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from engine.data.city.generator import make_world
from engine.diffusion.denoiser import Denoise
from engine.diffusion.guidance import Pull, Residual, by_residual, posterior
from engine.diffusion.samplers import ddim
from engine.errors import RequestError
from engine.evaluation.sources import HELD_OUT_SEED
from engine.geometry.maps import LayoutMap, layout_of
from engine.grid import Box
from engine.labels import label_space
from engine.mask import VoxelMask
from engine.models.cards import find_model
from engine.models.city.autoencoder import Autoencoder, AutoencoderConfig
from engine.models.contract import SceneModel
from engine.models.evidence import follow_map, known_voxels, seen_places
from engine.models.semcity.triplane import decompose
from engine.models.zoo import load
from engine.scene import VoxelScene
from engine.session import Session
from engine.tasks.request import InpaintRequest, Sampling
from tests.engine.test_semcity_tasks import HEIGHT, build

MEAN, SPREAD, ERROR = 0.7, 1.3, 0.4
"""Of the prior's components, and of what is measured."""

A = torch.tensor([[0.6, 0.8, 0.0], [0.8, -0.6, 0.0]])
"""Orthonormal rows: two mixtures of the first two of three components are measured, the third is not."""

Y = torch.tensor([2.0, -1.0])


def gaussian(x: Tensor, sigma: float) -> Tensor:
    """The clean mean for a prior N(MEAN, SPREAD^2)."""
    share = SPREAD**2 / (SPREAD**2 + sigma**2)
    return MEAN + share * (x - MEAN)


def measured(x0: Tensor) -> Tensor:
    return x0 @ A.T - Y


def by_variance(variance: Callable[[float], float]) -> Pull:
    """Pull as much as is right where observations have Gaussian errors of a known variance at every noise level.

    Tweedie's formula: the clean estimate moves by `sigma^2 grad log p(y | x)`. `variance(sigma)` is that of `y - A(x0)`
    and holds the estimate's own uncertainty, too (Song et al. 2023, equation 7).
    """
    return lambda sigma, norms: torch.full_like(norms, sigma**2 / (2 * variance(sigma)))


def uncertainty(sigma: float) -> float:
    return ERROR**2 + SPREAD**2 * sigma**2 / (SPREAD**2 + sigma**2)


@pytest.mark.parametrize("sigma", [0.05, 0.9, 20.0])
def test_the_guided_estimate_is_the_posterior_mean(sigma: float) -> None:
    torch.manual_seed(0)
    x = torch.randn(4, 3) * sigma
    precision = torch.eye(3) * (1 / SPREAD**2 + 1 / sigma**2) + A.T @ A / ERROR**2
    moments = MEAN / SPREAD**2 + x / sigma**2 + Y @ A / ERROR**2
    exact = torch.linalg.solve(precision, moments.T).T
    found = posterior(gaussian, measured, by_variance(uncertainty))(x, sigma)
    torch.testing.assert_close(found, exact, atol=2e-5, rtol=1e-4)


def test_samples_are_of_the_posterior() -> None:
    generator = torch.Generator().manual_seed(1)
    sigmas = torch.cat([torch.logspace(2, -3, 120, dtype=torch.float64), torch.zeros(1, dtype=torch.float64)])
    x = 100.0 * torch.randn(4000, 3, generator=generator)
    *_, last = ddim(posterior(gaussian, measured, by_variance(uncertainty)), x, sigmas)
    seen = last.x @ A.T
    gain = SPREAD**2 / (SPREAD**2 + ERROR**2)
    prior = MEAN * A.sum(dim=1)
    torch.testing.assert_close(seen.mean(dim=0), prior + gain * (Y - prior), atol=0.03, rtol=0)
    torch.testing.assert_close(seen.std(dim=0), torch.full((2,), (gain * ERROR**2) ** 0.5), atol=0.03, rtol=0)
    assert last.x[:, 2].mean().item() == pytest.approx(MEAN, abs=0.08)
    assert last.x[:, 2].std().item() == pytest.approx(SPREAD, abs=0.08)


def test_the_papers_step_is_of_one_length_whatever_the_residual() -> None:
    sigma, scale = 0.8, 0.3
    x = torch.tensor([[0.1, -0.4, 2.0], [30.0, 5.0, -7.0]])
    plain = gaussian(x, sigma)
    moved = posterior(gaussian, measured, by_residual(scale))(x, sigma) - plain
    wrong = measured(plain)
    share = SPREAD**2 / (SPREAD**2 + sigma**2)
    towards = -(wrong / wrong.norm(dim=1, keepdim=True)) @ A
    torch.testing.assert_close(moved, 2 * scale * (1 + sigma**2) * share * towards)


def test_a_pull_is_bounded() -> None:
    x = torch.tensor([[0.1, -0.4, 2.0], [30.0, 5.0, -7.0]])
    for most in (0.01, 0.5, 1e6):
        moved = posterior(gaussian, measured, by_residual(5.0), most)(x, 3.0) - gaussian(x, 3.0)
        free = posterior(gaussian, measured, by_residual(5.0))(x, 3.0) - gaussian(x, 3.0)
        lengths, wanted = (m.square().mean(dim=1).sqrt() for m in (moved, free))
        torch.testing.assert_close(lengths, wanted.clamp(max=most))
        torch.testing.assert_close(F.cosine_similarity(moved, free), torch.ones(2))


@pytest.fixture(scope="module")
def triplanes(tmp_path_factory: pytest.TempPathFactory) -> SceneModel:
    return load(build(tmp_path_factory.mktemp("posterior")), "cpu")


@pytest.fixture(scope="module")
def city() -> SceneModel:
    return load(find_model("city"), "cpu")


@functools.cache
def scene() -> np.ndarray:
    """A scene that no model has seen, `(128, 128, 32)`."""
    return make_world(HELD_OUT_SEED + 700_003, (256, 256)).labels[64:192, 64:192]


def part(model: SceneModel) -> np.ndarray:
    return scene()[:64, :48, : model.card.height] if model.card.window < 256 else scene()


def of_voxels(model: SceneModel) -> Residual:
    labels = part(model)
    hidden = np.zeros(labels.shape, np.bool_)
    hidden[len(hidden) // 2 :] = True
    return known_voxels(model, labels, hidden, seed=0)


def of_lidar(model: SceneModel) -> Residual:
    labels = part(model)
    return seen_places(model, (labels != 0) & (np.arange(labels.shape[2]) > 2), labels == 0, seed=0)


def of_map(model: SceneModel) -> Residual:
    return follow_map(model, layout_of(part(model), label_space()), seed=0)


EVIDENCE = [(of_voxels, 0.6), (of_lidar, 0.75), (of_map, 0.85)]
"""What may be left of the surprise that a scene without guidance is for the evidence."""


def nothing_known(model: SceneModel) -> tuple[Denoise, tuple[int, ...]]:
    shape = part(model).shape
    denoise = model.bind(torch.zeros(shape, dtype=torch.uint8), torch.ones(shape, dtype=torch.bool), None)
    return denoise, model.latent_shape(shape)


@pytest.mark.parametrize(("evidence", "left"), EVIDENCE)
def test_scenes_are_drawn_towards_what_is_seen(
    city: SceneModel, evidence: Callable[[SceneModel], Residual], left: float
) -> None:
    plain, shape = nothing_known(city)
    sigmas = city.sigmas(8, 1.0)
    x = sigmas[0].item() * torch.randn(shape, generator=torch.Generator().manual_seed(2))
    wrong = []
    for denoise in (plain, posterior(plain, evidence(city), by_residual(1.0), 1.0)):
        *_, last = ddim(denoise, x, sigmas)
        wrong.append(evidence(city)(last.x0).norm().item())
        assert not last.x0.requires_grad
    assert wrong[1] < left * wrong[0]


@pytest.mark.parametrize(("evidence", "_left"), EVIDENCE)
def test_the_gradient_reaches_every_plane(
    triplanes: SceneModel, evidence: Callable[[SceneModel], Residual], _left: float
) -> None:
    plain, shape = nothing_known(triplanes)
    x = 0.3 * torch.randn(shape, generator=torch.Generator().manual_seed(2))
    moved = posterior(plain, evidence(triplanes), by_residual(1.0))(x, 0.5) - plain(x, 0.5)
    assert bool(torch.isfinite(moved).all())
    for plane in decompose(moved, HEIGHT):
        assert plane.abs().max() > 1e-6


def test_nothing_to_go_by_is_said(triplanes: SceneModel) -> None:
    nothing = np.zeros((64, 48, HEIGHT), np.bool_)
    with pytest.raises(RequestError, match="no voxel is known"):
        seen_places(triplanes, nothing, nothing, seed=0)
    with pytest.raises(RequestError, match="every cell free"):
        follow_map(triplanes, LayoutMap.free((5, 3)), seed=0)


def test_single_voxels_decode_as_in_the_whole(triplanes: SceneModel) -> None:
    shape = (40, 24, HEIGHT)
    voxels = torch.from_numpy(np.random.default_rng(0).integers(0, shape, (200, 3)))
    z = torch.randn(triplanes.latent_shape(shape), generator=torch.Generator().manual_seed(3)).clamp(-1, 1)
    found = triplanes.logits_at(z, voxels).argmax(dim=1)
    assert (found == triplanes.decode(z)[tuple(voxels.t())]).float().mean() > 0.99
    torch.manual_seed(4)
    network = Autoencoder(AutoencoderConfig(height=HEIGHT, widths=(16, 16), latent=4, detail=8, blocks=1)).eval()
    flat = torch.randn(1, 4, 10, 6)
    x, y, height = voxels.t()
    torch.testing.assert_close(network.decode_at(flat, voxels), network.decode(flat)[0][:, height, x, y].t())


def test_tasks_take_it_as_an_option(city: SceneModel) -> None:
    street = VoxelScene.from_labels(scene())
    mask = VoxelMask.of_box(Box((20, 16, 0), (44, 40, 32)))
    plain = InpaintRequest(street, mask, Sampling(seed=2, steps=2, device="cpu"))
    pulled = replace(plain, sampling=replace(plain.sampling, posterior=1.0))
    session = Session("cpu")
    first, second, third = ([*session.run(r)][-1].result for r in (plain, pulled, pulled))
    assert first is not None
    assert second is not None
    assert third is not None
    assert not np.array_equal(first.labels, second.labels)
    assert np.array_equal(second.labels, third.labels)
    with pytest.raises(RequestError, match="posterior guidance -1"):
        Sampling(posterior=-1.0)

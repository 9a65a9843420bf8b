from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.linalg import sqrtm
from torchmetrics.image.fid import FrechetInceptionDistance
from torchmetrics.image.kid import KernelInceptionDistance

from engine.errors import RequestError
from engine.evaluation import distribution, memorisation, patterns

Floats = NDArray[np.float64]


def exact_gaussian(count: int, mean: Floats, covariance: Floats, seed: int) -> Floats:
    """Draw features whose sample mean and covariance are exactly these."""
    draw = np.random.default_rng(seed).normal(size=(count, len(mean)))
    draw -= draw.mean(axis=0)
    white = draw @ np.linalg.inv(np.linalg.cholesky(np.cov(draw.T))).T
    return np.asarray(white @ np.linalg.cholesky(covariance).T + mean)


def test_frechet_distance_of_gaussians_is_the_closed_form() -> None:
    mean_a, mean_b = np.array([0.0, 1.0, -2.0]), np.array([1.5, 1.0, 0.0])
    cov_a = np.array([[2.0, 0.3, 0.0], [0.3, 1.0, 0.2], [0.0, 0.2, 0.5]])
    cov_b = np.array([[0.7, -0.2, 0.1], [-0.2, 3.0, 0.0], [0.1, 0.0, 1.0]])
    expected = ((mean_a - mean_b) ** 2).sum() + np.trace(cov_a + cov_b - 2 * np.real(sqrtm(cov_a @ cov_b)))
    a, b = exact_gaussian(40, mean_a, cov_a, 1), exact_gaussian(57, mean_b, cov_b, 2)
    assert distribution.frechet_distance(a, b) == pytest.approx(expected, rel=1e-9)
    assert distribution.frechet_distance(b, a) == pytest.approx(expected, rel=1e-9)
    assert distribution.frechet_distance(a, a[::-1]) == pytest.approx(0.0, abs=1e-9)


def test_frechet_distance_holds_with_fewer_scenes_than_dimensions() -> None:
    rng = np.random.default_rng(0)
    a = rng.normal(size=(8, 30))
    shift = np.zeros(30)
    shift[4] = 3.0
    assert distribution.frechet_distance(a, a + shift) == pytest.approx(9.0)
    point = np.repeat(a[:1], 8, axis=0)
    expected = ((a.mean(axis=0) - a[0]) ** 2).sum() + a.var(axis=0, ddof=1).sum()
    assert distribution.frechet_distance(a, point) == pytest.approx(expected)


def test_kernel_distance_is_the_unbiased_sum_over_pairs() -> None:
    rng = np.random.default_rng(3)
    a, b = rng.normal(size=(7, 4)), rng.normal(0.5, 1.2, size=(5, 4))

    def k(x: Floats, y: Floats) -> float:
        return float((x @ y / 4 + 1) ** 3)

    within_a = np.mean([k(x, y) for i, x in enumerate(a) for j, y in enumerate(a) if i != j])
    within_b = np.mean([k(x, y) for i, x in enumerate(b) for j, y in enumerate(b) if i != j])
    between = np.mean([k(x, y) for x in a for y in b])
    assert distribution.kernel_distance(a, b) == pytest.approx(within_a + within_b - 2 * between)


def test_kernel_distance_of_one_distribution_is_zero_on_average() -> None:
    rng = np.random.default_rng(4)
    found = [distribution.kernel_distance(*rng.normal(size=(2, 20, 3))) for _ in range(400)]
    assert min(found) < 0 < max(found)
    assert abs(np.mean(found)) < 4 * np.std(found) / 20


def test_manifolds_agree_with_their_definitions_pair_by_pair() -> None:
    rng = np.random.default_rng(5)
    real, fake, k = rng.normal(size=(19, 3)), rng.normal(0.8, 0.7, size=(14, 3)), 5

    def reach(points: Floats, i: int) -> float:
        return float(sorted(np.linalg.norm(points - points[i], axis=1))[k])

    def inside(x: Floats, points: Floats) -> list[bool]:
        return [float(np.linalg.norm(x - points[i])) <= reach(points, i) for i in range(len(points))]

    found = distribution.compare_manifolds(real, fake, k)
    assert found.precision == pytest.approx(np.mean([any(inside(f, real)) for f in fake]))
    assert found.recall == pytest.approx(np.mean([any(inside(r, fake)) for r in real]))
    assert found.density == pytest.approx(sum(sum(inside(f, real)) for f in fake) / (k * 14))
    nearest = [min(float(np.linalg.norm(f - r)) for f in fake) <= reach(real, i) for i, r in enumerate(real)]
    assert found.coverage == pytest.approx(np.mean(nearest))
    assert 0 < found.recall < 1
    same = distribution.compare_manifolds(real, real)
    assert (same.precision, same.recall, same.coverage) == (1, 1, 1)


def test_too_few_scenes_are_refused_with_the_number_to_take() -> None:
    with pytest.raises(RequestError, match="5 and 9 scenes are too few to compare; take at least 6"):
        distribution.compare_manifolds(np.zeros((5, 2)), np.zeros((9, 2)))


def test_jensen_shannon_runs_from_zero_to_one_bit() -> None:
    a, b = np.array([6, 2, 0]), np.array([0, 0, 5])
    assert distribution.jensen_shannon(a, 3 * a) == 0
    assert distribution.jensen_shannon(a, b) == pytest.approx(1)
    half = distribution.jensen_shannon(np.array([1, 1]), np.array([1, 0]))
    assert half == pytest.approx((0.5 * np.log2(2 / 3) + 0.5 * np.log2(2) + np.log2(4 / 3)) / 2)
    assert distribution.jensen_shannon(0 * a, 0 * b) == 0
    assert distribution.jensen_shannon(a, 0 * b) == 1


def test_missing_patterns_cost_what_the_smoothing_says() -> None:
    p, q = np.array([3, 1, 0]), np.array([4, 0, 0])
    smooth_p, smooth_q = np.array([3.5, 1.5]) / 5, np.array([4.5, 0.5]) / 5
    expected = (smooth_p * np.log2(smooth_p / smooth_q)).sum()
    assert distribution.kullback_leibler(p, q) == pytest.approx(expected)
    assert distribution.kullback_leibler(p, p) == 0


@pytest.mark.parametrize("width", [2, 3])
def test_every_block_of_labels_is_counted_by_what_it_holds(width: int) -> None:
    labels = np.random.default_rng(6).integers(0, 2, (9, 7, 5)).astype(np.uint8) * 13
    labels[:4] = 0
    blocks = np.lib.stride_tricks.sliding_window_view(labels, (width,) * 3).reshape(-1, width**3)
    expected = Counter(map(bytes, blocks))
    counts = patterns.count_patterns(labels, width)
    assert counts.sum() == len(blocks)
    assert sorted(counts[counts > 0]) == sorted(expected.values())
    turned = patterns.count_patterns(np.ascontiguousarray(labels.swapaxes(0, 2)), width)
    assert not np.array_equal(turned, counts)


def test_classes_are_counted_slice_by_slice() -> None:
    labels = np.zeros((5, 4, 3), np.uint8)
    labels[:, :, 0] = 9
    labels[1, 2, 2] = 255
    counts = patterns.count_classes(labels)
    assert counts.shape == (3, 256)
    assert (counts[0, 9], counts[1, 0], counts[2, 0], counts[2, 255]) == (20, 20, 19, 1)
    assert patterns.class_divergence(counts, counts) == 0
    lifted = patterns.count_classes(labels[:, :, ::-1])
    assert patterns.class_divergence(counts, lifted) == 0
    assert patterns.slice_divergences(counts, lifted) == pytest.approx([1, 0, 1], abs=1e-9)


def test_copies_of_training_scenes_are_told_from_new_ones() -> None:
    rng = np.random.default_rng(7)
    training, held_out, new = rng.normal(size=(3, 60, 4))
    copies = training[:40] + 1e-3 * rng.normal(size=(40, 4))
    assert memorisation.nearest_distances(training[3:5] + 0.05, training).max() == pytest.approx(0.1)
    assert memorisation.memorisation_z(copies, held_out, training) > 5
    assert abs(memorisation.memorisation_z(new, held_out, training)) < 3


def test_the_z_is_that_of_the_rank_test() -> None:
    training = np.zeros((1, 1))
    generated, held_out = np.array([[1.0], [2.0]]), np.array([[3.0], [4.0], [5.0]])
    assert memorisation.memorisation_z(generated, held_out, training) == pytest.approx(3 / np.sqrt(2 * 3 * 6 / 12))


class Features(torch.nn.Module):
    """Takes features for pictures, so that a library for pictures can be asked."""

    num_features = 7

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return features


@pytest.mark.filterwarnings("ignore:Metric `Kernel Inception Distance` will save")
def test_a_well_known_library_gives_the_same_distances() -> None:
    rng = np.random.default_rng(11)
    a, b = rng.normal(size=(40, 7)), rng.normal(0.3, 1.4, (40, 7))
    frechet, kernel = FrechetInceptionDistance(Features()), KernelInceptionDistance(Features(), 1, 40)
    for metric in (frechet.set_dtype(torch.float64), kernel.set_dtype(torch.float64)):
        metric.update(torch.from_numpy(a), real=True)
        metric.update(torch.from_numpy(b), real=False)
    assert distribution.frechet_distance(a, b) == pytest.approx(float(frechet.compute()), rel=1e-6)
    assert distribution.kernel_distance(a, b) == pytest.approx(float(kernel.compute()[0]), rel=1e-4)

"""How far two sets of scenes lie apart: distances between clouds of features, and between counts of labels.

Features are `(N, D) float64`, one row per scene. Plain implementations, each a few lines of its paper's equations: the
usual library would bring a framework along for four formulas.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from engine.errors import RequestError

Floats = NDArray[np.float64]
NEIGHBOURS = 5


def frechet_distance(a: Floats, b: Floats) -> float:
    """Measure the Frechet distance of the Gaussians that fit two sets of features, `>= 0`.

    `|m_a - m_b|^2 + tr(C_a + C_b - 2 (C_a C_b)^(1/2))` (Dowson and Landau 1982; Heusel et al. 2017). With factors
    `C = R^T R` the trace of the root is the sum of the singular values of `R_a R_b^T`: no complex arithmetic, and exact
    where there are fewer scenes than dimensions.
    """
    _require(a, b, 2)
    gap = a.mean(axis=0) - b.mean(axis=0)
    root_a, root_b = (np.asarray(np.linalg.qr(_centred(s), mode="r")) for s in (a, b))
    shared = np.linalg.norm(root_a @ root_b.T, "nuc")
    return float(max(gap @ gap + np.square(root_a).sum() + np.square(root_b).sum() - 2 * shared, 0.0))


def kernel_distance(a: Floats, b: Floats) -> float:
    """Measure the squared MMD of two sets of features, without bias, so it can be slightly negative.

    Kernel `(x . y / D + 1)^3` (KID, Binkowski et al. 2018).
    """
    _require(a, b, 2)
    aa, bb, ab = _kernel(a, a), _kernel(b, b), _kernel(a, b)
    n, m = len(a), len(b)
    within_a = (aa.sum() - np.trace(aa)) / (n * (n - 1))
    within_b = (bb.sum() - np.trace(bb)) / (m * (m - 1))
    return float(within_a + within_b - 2 * ab.mean())


@dataclass(frozen=True)
class Manifold:
    """How two clouds of features overlap.

    Attributes
    ----------
    precision, recall
        Share of generated scenes near held-out ones, and of held-out ones near generated ones (Kynkaanniemi et al.
        2019).
    density, coverage
        The same questions, robust against outliers (Naeem et al. 2020).
    """

    precision: float
    recall: float
    density: float
    coverage: float


def compare_manifolds(held_out: Floats, generated: Floats, k: int = NEIGHBOURS) -> Manifold:
    """Compare the k-nearest-neighbour manifolds of held-out and generated features; needs more than k scenes each."""
    _require(held_out, generated, k + 1)
    between = cdist(held_out, generated)
    reach_held_out, reach_generated = _reach(held_out, k), _reach(generated, k)
    near = between <= reach_held_out[:, None]
    return Manifold(
        precision=float(near.any(axis=0).mean()),
        recall=float((between <= reach_generated[None, :]).any(axis=1).mean()),
        density=float(near.sum(axis=0).mean() / k),
        coverage=float(near.any(axis=1).mean()),
    )


def jensen_shannon(a: NDArray[np.int64], b: NDArray[np.int64]) -> float:
    """Measure the Jensen-Shannon divergence of two histograms `(K,)` in bits, 0 to 1; two empty ones are equal."""
    if not a.sum() or not b.sum():
        return float(bool(a.sum()) != bool(b.sum()))
    p, q = a / a.sum(), b / b.sum()
    m = (p + q) / 2
    return (_divergence(p, m) + _divergence(q, m)) / 2


def kullback_leibler(held_out: NDArray[np.int64], generated: NDArray[np.int64], smoothing: float = 0.5) -> float:
    """Measure how badly pattern counts `(M,)` of generated scenes explain those of held-out ones, in bits.

    `smoothing` is added to every pattern that occurs on either side, as Lucas and Volz (2019) do for tile
    patterns, so that a missing pattern costs much but not everything.
    """
    seen = (held_out > 0) | (generated > 0)
    p, q = held_out[seen] + smoothing, generated[seen] + smoothing
    return _divergence(p / p.sum(), q / q.sum())


def _divergence(p: Floats, q: Floats) -> float:
    some = p > 0
    return float((p[some] * np.log2(p[some] / q[some])).sum())


def _kernel(a: Floats, b: Floats) -> Floats:
    return np.asarray((a @ b.T / a.shape[1] + 1.0) ** 3)


def _centred(a: Floats) -> Floats:
    return np.asarray((a - a.mean(axis=0)) / np.sqrt(len(a) - 1))


def _reach(features: Floats, k: int) -> Floats:
    """Distance of every row to its k-th nearest other row."""
    distances = cdist(features, features)
    return np.asarray(np.partition(distances, k, axis=1)[:, k])


def _require(a: Floats, b: Floats, least: int) -> None:
    if min(len(a), len(b)) < least:
        raise RequestError(f"{len(a)} and {len(b)} scenes are too few to compare; take at least {least} of each")

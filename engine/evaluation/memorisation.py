"""Does a model only repeat its training scenes: are its scenes nearer to them than held-out scenes are."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist
from scipy.stats import rankdata

Floats = NDArray[np.float64]


def nearest_distances(features: Floats, training: Floats) -> Floats:
    """Measure how far each scene `(N, D)` is from its nearest training scene `(T, D)`: `(N,) float64`."""
    return np.asarray(cdist(features, training).min(axis=1))


def memorisation_z(generated: Floats, held_out: Floats, training: Floats) -> float:
    """Compare both sets' distances to the training scenes by the z of Mann and Whitney (Meehan et al. 2020).

    About 0 where generated scenes are as new as held-out ones; above 1.64 they lie significantly (5 %, one-sided)
    nearer to the training scenes. Meehan et al. count the other way round, copies below 0.
    """
    near, far = nearest_distances(generated, training), nearest_distances(held_out, training)
    n, m = len(near), len(far)
    ranks = rankdata(np.concatenate([near, far]))
    u = n * m + n * (n + 1) / 2 - ranks[:n].sum()
    return float((u - n * m / 2) / np.sqrt(n * m * (n + m + 1) / 12))

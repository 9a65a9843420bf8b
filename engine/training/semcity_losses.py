"""What the networks of `semcity` are trained on, as in the original."""

from __future__ import annotations

from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt
from torch import Tensor

from engine.diffusion.ddpm import TrainedLevels, add_noise
from engine.models.semcity.triplane import Planes, decompose
from engine.models.semcity.unet import TriplaneUNet

NEAR = 2.0
"""Free voxels within this distance (in voxels) of anything solid are all asked about."""


def choose_queries(labels: NDArray[np.uint8], classes: int, count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Choose the voxels of a scene that the autoencoder is asked about, `(count, 3) int64`.

    First everything solid, class by class, then what is free near it, then any free voxels; a scene with less than
    `count` of all that repeats solid ones, one with more loses the end of the list. Unknown voxels are not asked about,
    but what is near them counts as near something.

    Parameters
    ----------
    labels
        `(X, Y, Z)`, 0 is free.
    """
    distance = distance_transform_edt(labels == 0)
    solid = np.concatenate([np.argwhere(labels == c) for c in range(1, classes)])
    near = np.argwhere((distance > 0) & (distance <= NEAR))
    far = rng.permutation(np.argwhere(distance > NEAR))
    chosen = np.concatenate([solid, near, far])[:count]
    if len(chosen) < count:
        again = solid if len(solid) else chosen
        chosen = np.concatenate([chosen, again[np.arange(count - len(chosen)) % len(again)]])
    return chosen


def plane_errors(estimate: Tensor, clean: Tensor, depth: int, norm: Literal["l1", "l2"]) -> Planes:
    """Compare composed maps plane by plane, one mean per sample, `(B,)` each; the loss is the sum of the three.

    So a cell of a small plane weighs more than one of a large plane. The corner does not count.
    """
    difference = estimate - clean
    error = difference.abs() if norm == "l1" else difference.square()
    return decompose(error, depth).each(lambda plane: plane.mean(dim=(1, 2, 3)))


def noise_guess(
    network: TriplaneUNet, levels: TrainedLevels, clean: Tensor, given: Tensor, t: Tensor, noises: tuple[Tensor, Tensor]
) -> Tensor:
    """Make the input that learning to refine starts from: not the truth is noised, but a first guess of it.

    The guess is the network's own, from the truth drowned in the first of `noises`; the second noises it to the times
    `t (B,) int64`. Lee et al. 2024, section 3.4.
    """
    last = torch.full_like(t, len(levels.sigmas) - 1)
    with torch.no_grad():
        guess = network(add_noise(clean, noises[0], levels.sigmas[last]), last, given)
    return add_noise(guess, noises[1], levels.sigmas[t])

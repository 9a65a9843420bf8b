"""Recipes `semcity-refine` and `semcity-full-refine`: teach a second UNet of `semcity` to mend predictions.

As Lee et al. 2024, section 3.4: the planes of a prediction are given beside those that are denoised, and what is noised
is not the truth but the network's first guess of it. The loss is the sum of the planes' mean absolute errors.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.data.crops import apply_symmetry
from engine.data.scans.pairs import open_pair
from engine.diffusion.ddpm import TrainedLevels
from engine.models.semcity.autoencoder import TriplaneAutoencoder
from engine.models.semcity.model import STEPS
from engine.models.semcity.triplane import compose, decompose, turn_planes
from engine.models.semcity.unet import TriplaneUNet
from engine.training import semcity_prior
from engine.training.semcity_losses import noise_guess, plane_errors
from engine.training.semcity_prior import TriplanePriorRecipe


@dataclass(frozen=True)
class TriplaneRefineRecipe:
    """Numbers of the recipe; the defaults are those of the reduced network.

    A step costs a third more than one of `TriplanePriorRecipe`, for the guess; preparing the defaults takes ten minutes
    of one CPU core, and where the predictions are not there yet, another ten.

    Attributes
    ----------
    network
        Sizes, scenes per step and learning rate, as for the prior, so that training can start from its weights. Its
        `scenes` say how many small and large scenes are encoded.
    pairs
        Scenes with predictions that those are cut from.
    sources
        Predictions that are encoded of every scene, drawn from all there are.
    """

    network: TriplanePriorRecipe = field(default_factory=lambda: TriplanePriorRecipe(scenes=(300, 60)))
    pairs: int = 200
    sources: int = 2


FULL = TriplaneRefineRecipe(replace(semcity_prior.FULL, scenes=(0, 1000)), pairs=1000, sources=5)
"""The original's sizes, for a GPU."""


@dataclass(frozen=True, eq=False)
class EncodedPairs:
    """Scenes and predictions of them as composed maps.

    Attributes
    ----------
    clean
        `(N, C, H + Z, W + Z) float16`.
    given
        `(N, S, C, H + Z, W + Z) float16`.
    """

    clean: Tensor
    given: Tensor


@torch.inference_mode()
def encode_pairs(
    autoencoder: TriplaneAutoencoder,
    paths: Sequence[Path],
    edge: int,
    count: int,
    sources: int,
    rng: np.random.Generator,
    device: torch.device,
) -> EncodedPairs:
    """Encode `count` parts of `edge` voxels of the pairs in some files, each with some of its predictions."""
    clean, given = [], []
    for number in range(count):
        pair = open_pair(paths[number % len(paths)])
        x, y = (int(rng.integers(n - edge + 1)) for n in pair.complete.shape[:2])
        turn, part = int(rng.integers(8)), np.s_[x : x + edge, y : y + edge]
        chosen = rng.choice(list(pair.sources), sources, replace=False)
        scenes = [apply_symmetry(labels[part], turn) for labels in (pair.complete, *map(pair.sources.get, chosen))]  # type: ignore[index]
        first, *others = (_encode(autoencoder, scene, device) for scene in scenes)
        clean.append(first)
        given.append(torch.stack(others))
    return EncodedPairs(torch.stack(clean), torch.stack(given)) if clean else EncodedPairs(*2 * [torch.empty(0)])


class TriplaneRefineLoss:
    """Draws a batch of scenes and predictions and scores it: `loss(step, progress) -> scalar`."""

    def __init__(
        self,
        network: TriplaneUNet,
        small: EncodedPairs,
        large: EncodedPairs,
        recipe: TriplanePriorRecipe,
        seed: int,
        device: torch.device,
    ) -> None:
        self.network, self.small, self.large, self.recipe, self.device = network, small, large, recipe, device
        self.depth = network.config.depth
        self.levels = TrainedLevels.linear(STEPS)
        self.rng = np.random.default_rng(seed)

    def __call__(self, step: int, progress: float) -> Tensor:
        recipe = self.recipe
        is_large = progress >= recipe.large_from and self.rng.random() < recipe.large_share
        clean, given = self.draw(self.large, recipe.large[1]) if is_large else self.draw(self.small, recipe.small[1])
        t = torch.randint(STEPS, (len(clean),))
        noises = torch.randn_like(clean), torch.randn_like(clean)
        noisy = noise_guess(self.network, self.levels, clean, given, t.to(self.device), noises)
        estimate = self.network(noisy, t.to(self.device), given)
        xy, xz, yz = plane_errors(estimate, clean, self.depth, "l1")
        return (xy + xz + yz).mean()

    def draw(self, pairs: EncodedPairs, count: int) -> tuple[Tensor, Tensor]:
        """Draw scenes and one prediction of each, mirrored and turned alike, `(count, C, H + Z, W + Z)` each."""
        clean, given = [], []
        for i in self.rng.integers(len(pairs.clean), size=count):
            turn, source = int(self.rng.integers(8)), int(self.rng.integers(pairs.given.shape[1]))
            clean.append(self._turn(pairs.clean[i], turn))
            given.append(self._turn(pairs.given[i, source], turn))
        return torch.cat(clean), torch.cat(given)

    def _turn(self, composed: Tensor, turn: int) -> Tensor:
        planes = decompose(composed.float().to(self.device)[None], self.depth)
        return compose(turn_planes(planes, turn))


def _encode(autoencoder: TriplaneAutoencoder, labels: NDArray[np.uint8], device: torch.device) -> Tensor:
    return compose(autoencoder.encode(torch.from_numpy(labels).to(device)[None]))[0].half().cpu()

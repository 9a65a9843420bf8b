"""Recipes `semcity-prior` and `semcity-full-prior`: teach the triplane UNet of `semcity` to make scenes.

As Lee et al. 2024: clean planes are estimated at 100 noise levels, all equally often, by the sum of the three planes'
mean squared errors. The moving average warms up: at a constant 0.9999 it would still hold a third of the random
initial weights after 10,000 steps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from engine.data.crops import CropSampler, LabelVolume
from engine.diffusion.ddpm import TrainedLevels, add_noise
from engine.models.semcity.autoencoder import TriplaneAutoencoder
from engine.models.semcity.model import STEPS
from engine.models.semcity.triplane import compose, decompose, turn_planes
from engine.models.semcity.unet import TriplaneUNet
from engine.training.semcity_losses import plane_errors


@dataclass(frozen=True)
class TriplanePriorRecipe:
    """Numbers of the recipe; the defaults are those of the reduced network that ships.

    Seconds of one CPU core for the forward and backward pass of one scene of 256 x 256 x 32 voxels, and of two of
    128 x 128 x 32: 0.7 and 0.6 with 8 latent channels and `multiples` (1, 1, 2), 4.4 million weights (4.5 MB in int8);
    with 16 channels 1.0 and 0.7 with (1, 2, 2), 6.9 million, and 1.4 and 1.0 with (1, 2, 4), 15 million. A whole step
    of the first takes 0.8 s, to encode a scene 0.4 s (128) or 2 s (256), less on a quiet machine: an hour of two cores
    makes 5000 to 8000 steps.

    Attributes
    ----------
    width, multiples
        Sizes of the UNet.
    small, large
        (Voxels along the edge of a scene, scenes per step); large ones come in after `large_from` of the time.
    scenes
        How many small and large scenes are encoded before training; each is then seen mirrored and turned.
    samples
        Scenes drawn at the end.
    """

    width: int = 32
    multiples: tuple[int, ...] = (1, 1, 2)
    small: tuple[int, int] = (128, 4)
    large: tuple[int, int] = (256, 2)
    large_from: float = 0.4
    large_share: float = 0.5
    scenes: tuple[int, int] = (600, 150)
    learning_rate: float = 5e-4
    ema: float = 0.999
    samples: int = 12


FULL = TriplanePriorRecipe(
    width=64,
    multiples=(1, 2, 4),
    small=(256, 16),
    large=(256, 16),
    large_from=0.0,
    large_share=1.0,
    scenes=(0, 4000),
    ema=0.9999,
)
"""The original's sizes, for a GPU: all scenes of 256 x 256 voxels."""


@torch.inference_mode()
def encode_scenes(
    autoencoder: TriplaneAutoencoder,
    worlds: Sequence[LabelVolume],
    edge: int,
    count: int,
    rng: np.random.Generator,
    device: torch.device,
) -> Tensor:
    """Encode scenes from anywhere in the worlds to composed maps `(count, C, H + Z, W + Z) float16`, once for all.

    A scene is encoded by itself, not cut from a larger one's planes: every cell depends on the whole scene.
    """
    if not count:
        return torch.empty(0)
    sampler = CropSampler(worlds, (edge, edge), rng)
    scenes = (torch.from_numpy(sampler.sample()).to(device)[None] for _ in range(count))
    return torch.cat([compose(autoencoder.encode(scene)).half().cpu() for scene in scenes])


class TriplanePriorLoss:
    """Draws a batch of encoded scenes and scores it: `loss(step, progress) -> scalar`.

    Parameters
    ----------
    small, large
        Encoded scenes of either size.
    """

    def __init__(
        self,
        network: TriplaneUNet,
        small: Tensor,
        large: Tensor,
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
        clean = self.draw(self.large, recipe.large[1]) if is_large else self.draw(self.small, recipe.small[1])
        t = torch.randint(STEPS, (len(clean),))
        noisy = add_noise(clean, torch.randn_like(clean), self.levels.sigmas[t])
        estimate = self.network(noisy, t.to(self.device))
        xy, xz, yz = plane_errors(estimate, clean, self.depth, "l2")
        return (xy + xz + yz).mean()

    def draw(self, scenes: Tensor, count: int) -> Tensor:
        """Draw scenes, mirrored and turned, `(count, C, H + Z, W + Z)`."""
        chosen = scenes[torch.from_numpy(self.rng.integers(len(scenes), size=count))].float().to(self.device)
        turned = [
            compose(turn_planes(decompose(scene[None], self.depth), int(self.rng.integers(8)))) for scene in chosen
        ]
        return torch.cat(turned)

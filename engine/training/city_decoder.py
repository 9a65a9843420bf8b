"""Recipe `city-decoder`: teach the decoder of `city` to draw sharply what its latents hold, thin things above all.

The encoder stays, so latents keep their meaning and all other networks stay valid. Columns with rare classes and those
around them are always scored, others seldom but with that much more weight: the loss is that of all columns, so that
rare classes are not seen everywhere, and costs a third of it. What is left of that tilt is measured, and taken out of
the biases (`balance`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from engine.data.crops import CropSampler
from engine.models.city.autoencoder import Autoencoder
from engine.training.ahead import DrawnAhead, draw_threads
from engine.training.losses import class_weights


@dataclass(frozen=True)
class DecoderRecipe:
    """Numbers of the recipe.

    Attributes
    ----------
    crop, batch
        Voxels along the edge of a crop, crops per step.
    noise
        Most that the noise on a crop's latent deviates, in units of the latent's: denoisers err, too.
    power
        Of how much more common the most common class is, how a class is weighed.
    seldom
        Share of the columns far from rare classes that are scored.
    balanced
        Scenes of 256 x 256 voxels on which classes are balanced in the end.
    """

    crop: int = 64
    batch: int = 12
    noise: float = 0.25
    power: float = 1 / 8
    seldom: float = 0.25
    balanced: int = 24


ON_GPU = DecoderRecipe(batch=96)
"""Eight times the scenes per step, for a device that hardly notices them."""

_RARE = 0.002
"""Share of all voxels below which a class is rare."""

_SOME = 4
"""One column in so many is looked at to balance classes."""


class DecoderLoss:
    """Draws a batch and scores it: `loss(step, progress) -> scalar`."""

    def __init__(
        self, network: Autoencoder, sampler: CropSampler, recipe: DecoderRecipe, seed: int, device: torch.device
    ) -> None:
        self.network, self.sampler, self.recipe, self.device = network, sampler, recipe, device
        self.batches = DrawnAhead(self._draw, seed, draw_threads(device))
        counts = torch.from_numpy(np.bincount(sampler.batch(200).ravel(), minlength=network.config.classes)).float()
        self.weights = class_weights(counts, recipe.power).to(device)
        self.is_rare = (counts < _RARE * counts.sum()).to(device)

    def __call__(self, step: int, progress: float) -> Tensor:
        labels = torch.from_numpy(self.batches.take()).to(self.device)
        with torch.no_grad():
            raw = self._disturbed(self.network.compress(labels).float())
        features = self.network.decoder(raw).permute(0, 2, 3, 1).flatten(0, 2)
        weights = weigh_columns(labels, self.is_rare, self.recipe.seldom)
        rows = torch.nonzero(weights)[:, 0]
        head, config = self.network.head, self.network.config
        logits = F.linear(features[rows], head.weight.flatten(1), head.bias).float()
        entropy = F.cross_entropy(
            logits.view(-1, config.classes, config.height),
            labels.flatten(0, 2)[rows].long(),
            weight=self.weights,
            reduction="none",
        )
        return (entropy * weights[rows, None]).sum() / (weights.sum() * config.height)

    def _disturbed(self, raw: Tensor) -> Tensor:
        """Give latents nearly as they are; with a codebook, rounding already makes them so."""
        if self.network.codebook is not None:
            return self.network.rounded(raw)
        share = self.recipe.noise * torch.rand(len(raw), 1, 1, 1, device=self.device)
        return raw + share * self.network.std[:, None, None] * torch.randn_like(raw)

    def _draw(self, rng: np.random.Generator) -> NDArray[np.uint8]:
        return self.sampler.batch(self.recipe.batch, rng)


def weigh_columns(labels: Tensor, rare: Tensor, seldom: float) -> Tensor:
    """Draw the columns to score and weigh them so that their sum estimates that of all.

    Parameters
    ----------
    labels
        `(B, X, Y, Z) uint8`.
    rare
        `(K,) bool`; columns that hold such a class, and the eight around them, are always scored.
    seldom
        Share of the others that is.

    Returns
    -------
    `(B X Y,) float32`, 0 where a column is not scored.
    """
    has_rare = rare[labels.int()].any(dim=3).float()
    near = F.max_pool2d(has_rare[:, None], 3, stride=1, padding=1).flatten() > 0
    drawn = torch.rand(near.shape, device=labels.device) < seldom
    return torch.where(near, 1.0, drawn / seldom)


@torch.no_grad()
def balance(network: Autoencoder, sampler: CropSampler, crops: int, device: torch.device, rounds: int = 12) -> None:
    """Shift the head's biases, class by class, until every class is decoded about as often as there is of it.

    Where a latent leaves open what a voxel is, the likeliest class takes it: weights of classes in a loss make rare
    ones likelier than they are, plain cross-entropy has them never win. Shifted logits (Menon et al. 2021, section 4.1)
    are tuned to counts here, on crops of the training data.
    """
    classes, height = network.config.classes, network.config.height
    logits, there = [], torch.zeros(classes, dtype=torch.int64, device=device)
    for _ in range(crops):
        labels = torch.from_numpy(sampler.sample()).to(device)[None]
        truth = labels[0].flatten(0, 1)
        columns = torch.randperm(len(truth), device=device)[: len(truth) // _SOME]
        logits.append(network.decode(network.encode(labels))[0].flatten(2)[:, :, columns].half())
        there += torch.bincount(truth[columns].flatten().int(), minlength=classes)
    total = torch.zeros(classes, device=device)
    for number in range(rounds):
        made = torch.zeros_like(there)
        for found in logits:
            best = (found - total[:, None, None].half()).argmax(dim=0)
            made += torch.bincount(best.flatten().int(), minlength=classes)
        shift = (made.clamp(min=1) / there.clamp(min=1)).log().clamp(-1.0, 1.0)
        total += (shift - shift[0]) * (0.5 if number < rounds // 2 else 0.25)  # empty is the one to measure by
    cast(Tensor, network.head.bias).view(classes, height).sub_(total[:, None])

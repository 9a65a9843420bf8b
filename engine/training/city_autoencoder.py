"""Recipe `city-autoencoder`: teach the columns' encoder and decoder of `city`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.data.crops import CropSampler
from engine.labels import UNKNOWN
from engine.models.city.autoencoder import Autoencoder, AutoencoderConfig
from engine.training.ahead import DrawnAhead, draw_threads
from engine.training.losses import class_weights, rare_columns, reconstruction
from engine.training.masks import draw_mask


@dataclass(frozen=True)
class AutoencoderRecipe:
    """Numbers of the recipe.

    Attributes
    ----------
    crop, batch
        Voxels along the edge of a crop, crops per step.
    noise
        Deviation of the noise on the raw latent, so that nearly right latents decode cleanly.
    shrink
        Weight of the latent's mean square: with noise of fixed deviation that is the KL divergence from a unit
        Gaussian, up to constants. (A tanh instead saturates: it left binary channels, five of them dead.)
    codes, commit
        With codes, the latent is rounded to that many per group instead of noised and shrunk; `commit` is the weight of
        its squared distance to them (van den Oord et al. 2017, equation 3).
    columns
        Share of all columns that are decoded and scored per step; those with rare classes go first.
    hidden
        Share of crops with a part shown as unknown to the encoder; that part is not scored.
    """

    crop: int = 64
    batch: int = 12
    noise: float = 0.1
    shrink: float = 0.01
    codes: int = 0
    commit: float = 0.25
    columns: float = 0.4
    hidden: float = 0.5
    lovasz_voxels: int = 60_000


QUANTISED = AutoencoderRecipe(codes=1024)
"""Regularised by a codebook instead of by noise."""

ON_GPU = AutoencoderRecipe(batch=96, lovasz_voxels=400_000)
"""Eight times the scenes per step, for a device that hardly notices them."""


class AutoencoderLoss:
    """Draws a batch and scores it: `loss(step, progress) -> scalar`."""

    def __init__(
        self, network: Autoencoder, sampler: CropSampler, recipe: AutoencoderRecipe, seed: int, device: torch.device
    ) -> None:
        self.network, self.sampler, self.recipe, self.device = network, sampler, recipe, device
        self.batches = DrawnAhead(self._draw, seed, draw_threads(device))
        counts = np.bincount(sampler.batch(200).ravel(), minlength=network.config.classes)
        self.weights = class_weights(torch.from_numpy(counts).float()).to(device)

    def __call__(self, step: int, progress: float) -> Tensor:
        labels, hidden = (torch.from_numpy(array).to(self.device) for array in self.batches.take())
        seen = torch.where(hidden, UNKNOWN, labels)
        raw = self.network.compress(seen)
        shown, cost = self._regularised(raw)
        features = self.network.decoder(shown).permute(0, 2, 3, 1).flatten(0, 2)
        rows = rare_columns(labels, hidden, self.weights > 2.0 * self.weights.median(), self.recipe.columns)
        head, config = self.network.head, self.network.config
        logits = torch.nn.functional.linear(features[rows], head.weight.flatten(1), head.bias).float()
        target = labels.flatten(0, 2)[rows].long()
        scored = reconstruction(
            logits.view(-1, config.classes, config.height),
            target,
            self.weights,
            hidden.flatten(0, 2)[rows],
            self.recipe.lovasz_voxels,
        )
        return scored + cost

    def _regularised(self, raw: Tensor) -> tuple[Tensor, Tensor]:
        """Give the latent as the decoder sees it in training, and what its being as it is costs."""
        if self.network.codebook is None:
            return raw + self.recipe.noise * torch.randn_like(raw), self.recipe.shrink * raw.square().mean()
        rounded = self.network.rounded(raw)
        return rounded, self.recipe.commit * (raw - rounded.detach()).square().mean()

    def _draw(self, rng: np.random.Generator) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
        crops = self.sampler.batch(self.recipe.batch, rng)
        hidden = np.zeros(crops.shape, dtype=np.bool_)
        for i in range(len(crops)):
            if rng.random() < self.recipe.hidden:
                hidden[i] = draw_mask(rng, crops[i].shape)
        return crops, hidden


@torch.no_grad()
def calibrate(network: Autoencoder, sampler: CropSampler, crops: int, device: torch.device) -> None:
    """Measure mean and deviation of every latent channel on complete crops, so that latents have unit deviation."""
    sums = [network.compress(torch.from_numpy(sampler.sample()).to(device)[None]).double() for _ in range(crops)]
    stacked = torch.cat(sums).transpose(0, 1).flatten(1)
    network.mean.copy_(stacked.mean(dim=1))
    network.std.copy_(stacked.std(dim=1))


@torch.no_grad()
def score(network: Autoencoder, sampler: CropSampler, crops: int, device: torch.device) -> dict[str, float]:
    """Measure the IoU of every class that occurs, `mean` over classes but empty, and `occupied` against empty."""
    k = network.config.classes
    confusion = torch.zeros(k, k, dtype=torch.int64)
    for _ in range(crops):
        labels = torch.from_numpy(sampler.sample()).to(device)[None]
        guess = network.decode(network.encode(labels)).max(dim=1).indices.permute(0, 2, 3, 1)
        confusion += torch.bincount((labels.long() * k + guess).flatten().cpu(), minlength=k * k).view(k, k)
    return ious(confusion)


def ious(confusion: Tensor) -> dict[str, float]:
    """Tell from a confusion matrix `(K, K)` the IoU of every class, `mean` over all but empty, and of `occupied`."""
    hits = confusion.diagonal().double()
    union = confusion.sum(0) + confusion.sum(1) - hits
    iou = {str(c): float(hits[c] / union[c]) for c in range(len(hits)) if union[c] > 0}
    solid = confusion[1:, 1:].sum()
    iou["mean"] = float(np.mean([v for c, v in iou.items() if c != "0"]))
    iou["occupied"] = float(solid / (confusion.sum() - confusion[0, 0]))
    return iou


def build(config: AutoencoderConfig | None = None) -> Autoencoder:
    """Make a fresh network."""
    network = Autoencoder(config or AutoencoderConfig())
    return network.to(memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]

"""Recipe `judge-features`: teach the feature network that `scenewright evaluate` judges with.

It is trained once, before any model is chosen, and never again: a judge that changes cannot compare.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from engine.data.crops import CropSampler
from engine.evaluation.features import FeatureNet, fold_labels, pool, whiten
from engine.training.losses import class_weights


@dataclass(frozen=True)
class JudgeRecipe:
    """Numbers of the recipe.

    Attributes
    ----------
    crop, batch
        Voxels along the edge of a crop, crops per step.
    noise
        Deviation of the noise on the bottleneck, so that near bottlenecks mean near scenes.
    shrink
        Weight of the bottleneck's mean square, without which it would outgrow the noise.
    """

    crop: int = 64
    batch: int = 8
    noise: float = 0.1
    shrink: float = 0.01


class JudgeLoss:
    """Draws a batch and scores its reconstruction: `loss(step, progress) -> scalar`."""

    def __init__(self, network: FeatureNet, sampler: CropSampler, recipe: JudgeRecipe, device: torch.device) -> None:
        self.network, self.sampler, self.recipe, self.device = network, sampler, recipe, device
        counts = np.bincount(sampler.batch(200).ravel(), minlength=network.config.classes)
        self.weights = class_weights(torch.from_numpy(counts).float()).to(device)

    def __call__(self, step: int, progress: float) -> Tensor:
        labels = torch.from_numpy(self.sampler.batch(self.recipe.batch)).to(self.device)
        latent = self.network.encode(labels)
        logits = self.network.decode_blocks(latent + self.recipe.noise * torch.randn_like(latent))
        truth = fold_labels(labels).long().flatten()
        wrong = F.cross_entropy(logits.reshape(len(truth), -1), truth, weight=self.weights)
        return wrong + self.recipe.shrink * latent.square().mean()


@torch.no_grad()
def calibrate(network: FeatureNet, sampler: CropSampler, scenes: int, device: torch.device) -> None:
    """Whiten the features over whole scenes."""
    network.eval()
    pooled = torch.cat(
        [pool(network.encode(torch.from_numpy(sampler.sample()).to(device)[None])) for _ in range(scenes)]
    )
    centre, whitening = whiten(pooled)
    network.centre.copy_(centre)
    network.whitening.copy_(whitening)


@torch.no_grad()
def score(network: FeatureNet, sampler: CropSampler, crops: int, device: torch.device) -> float:
    """Measure the share of solid voxels that the bottleneck gives back rightly."""
    right = total = 0
    for _ in range(crops):
        labels = torch.from_numpy(sampler.sample()).to(device)[None]
        guess, solid = network.decode(network.encode(labels)).argmax(dim=1), labels != 0
        right += int((guess[solid] == labels[solid]).sum())
        total += int(solid.sum())
    return right / max(total, 1)

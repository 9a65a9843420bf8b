"""Recipes `semcity-autoencoder` and `semcity-full-autoencoder`: teach voxels to become three planes, and back.

As Lee et al. 2024, with what stood in the way there taken out. The Lovasz term counts the points that were asked about
and no others, instead of a dense grid whose unasked points are constant errors; where a scene has more points than are
asked about, the choice is by chance, instead of the end of an ordered list being lost (the free space near things, and
the rare classes); and the score is of all voxels, so that things seen in mid-air count.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt
from torch import Tensor
from torch.nn import functional as F

from engine.data.crops import CropSampler, apply_symmetry
from engine.grid import Box
from engine.labels import UNKNOWN
from engine.models.semcity.autoencoder import TriplaneAutoencoder, TriplaneAutoencoderConfig
from engine.models.semcity.triplane import Planes, turn_planes
from engine.training.city_autoencoder import ious
from engine.training.losses import class_weights, lovasz_softmax
from engine.training.semcity_losses import NEAR

_SOLID, _NEAR = 0.5, 0.3
"""Shares of the points that are solid, and free with something near; the rest is free and far."""

_POWER, _MOST = 1 / 3, 40.0
"""How much more rare classes weigh in the cross-entropy, as in the original."""


@dataclass(frozen=True)
class TriplaneRecipe:
    """Numbers of the recipe; the defaults are those of the reduced network that ships.

    On one CPU core of a busy machine a step of the defaults takes 2.3 s, of which encoding two crops of 128 x 128 x 32
    voxels is 0.4 s. With 16 channels it would be half as long again, with kernels of 5 x 5 x 3 far longer. So half an
    hour of two cores makes some 1200 steps.

    Attributes
    ----------
    config
        Sizes of the network.
    edge, batch
        Voxels along the edge of a crop, crops per step.
    points
        Points asked about per crop.
    noise
        Deviation of the noise on the planes, so that nearly right ones are read cleanly.
    score_edge, score_crops
        Crops that are decoded voxel by voxel for the score.
    """

    config: TriplaneAutoencoderConfig = field(
        default_factory=lambda: TriplaneAutoencoderConfig(channels=8, features=32, hidden=128, kernel=(3, 3, 3))
    )
    edge: int = 128
    batch: int = 2
    points: int = 16_000
    noise: float = 0.05
    learning_rate: float = 1e-3
    ema: float = 0.995
    score_edge: int = 256
    score_crops: int = 8


FULL = TriplaneRecipe(TriplaneAutoencoderConfig(), edge=256, batch=4, points=400_000, noise=0.0)
"""The original's sizes, for a GPU."""


class TriplaneLoss:
    """Draws a batch and scores it: `loss(step, progress) -> scalar`.

    Planes are mirrored and turned between encoder and decoder, and must then read as the scene mirrored and turned: so
    the denoiser can learn from eight times as many scenes as are encoded.
    """

    def __init__(
        self,
        network: TriplaneAutoencoder,
        sampler: CropSampler,
        recipe: TriplaneRecipe,
        seed: int,
        device: torch.device,
    ) -> None:
        self.network, self.sampler, self.recipe, self.device = network, sampler, recipe, device
        self.rng = np.random.default_rng(seed)
        seen = sampler.batch(50).ravel()
        counts = np.bincount(seen[seen != UNKNOWN], minlength=network.config.classes)
        self.weights = class_weights(torch.from_numpy(counts).float(), _POWER, _MOST).to(device)

    def __call__(self, step: int, progress: float) -> Tensor:
        crops = self.sampler.batch(self.recipe.batch)
        turn = int(self.rng.integers(8))
        planes = turn_planes(self.network.encode(torch.from_numpy(crops).to(self.device)), turn)
        blurred = planes.each(lambda plane: plane + self.recipe.noise * torch.randn_like(plane))
        places, labels = self._ask(np.stack([apply_symmetry(crop, turn) for crop in crops]))
        logits = self.network.decode(blurred, places).flatten(0, 1)
        entropy = F.cross_entropy(logits, labels, weight=self.weights)
        return entropy + lovasz_softmax(logits.softmax(dim=1), labels)

    def _ask(self, crops: NDArray[np.uint8]) -> tuple[Tensor, Tensor]:
        """Draw points of crops: places `(B, N, 3)` in [-1, 1] and labels `(B N,)`."""
        voxels = [draw_points(crop, self.recipe.points, self.rng) for crop in crops]
        labels = np.concatenate([crop[tuple(v.T)] for crop, v in zip(crops, voxels, strict=True)])
        places = 2.0 * np.stack(voxels) / (np.array(crops.shape[1:]) - 1) - 1.0
        return torch.from_numpy(places).float().to(self.device), torch.from_numpy(labels).long().to(self.device)


def draw_points(labels: NDArray[np.uint8], count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Draw voxels of a scene to ask about, `(count, 3) int64`: solid ones, free ones near those, and any free ones.

    What one kind has too few of, the next makes up for; a scene with too few voxels in all repeats them. Unknown voxels
    are never drawn, but what is near them counts as near something.
    """
    distance = distance_transform_edt(labels == 0)
    groups = [(distance == 0) & (labels != UNKNOWN), (distance > 0) & (distance <= NEAR), distance > NEAR]
    left, chosen = count, []
    for group, share in zip(groups, (_SOLID, _NEAR, 1.0), strict=True):
        found = np.flatnonzero(group)
        wanted = min(left, len(found), round(share * count)) if share < 1 else min(left, len(found))
        chosen.append(rng.choice(found, wanted, replace=False))
        left -= wanted
    flat = np.concatenate(chosen)
    if left:
        known = np.flatnonzero(labels != UNKNOWN)
        flat = np.concatenate([flat, rng.choice(known, left)])
    return np.stack(np.unravel_index(flat, labels.shape), axis=1)


@torch.no_grad()
def score(network: TriplaneAutoencoder, sampler: CropSampler, crops: int, device: torch.device) -> dict[str, float]:
    """Measure the IoU of every class over all voxels of some crops, as `city_autoencoder.score` does."""
    k = network.config.classes
    confusion = torch.zeros(k, k, dtype=torch.int64)
    for _ in range(crops):
        labels = torch.from_numpy(sampler.sample()).to(device)
        guess = read_all(network, network.encode(labels[None]), labels.shape)
        pairs = (labels.long() * k + guess)[labels != UNKNOWN]
        confusion += torch.bincount(pairs.cpu(), minlength=k * k).view(k, k)
    return ious(confusion)


def read_all(network: TriplaneAutoencoder, planes: Planes, shape: tuple[int, ...]) -> Tensor:
    """Decode all voxels of a scene, `(X, Y, Z) int64`."""
    x, y, z = shape
    return network.read_out(planes, Box((0, 0, 0), (x, y, z)), lambda logits: logits.argmax(dim=1))

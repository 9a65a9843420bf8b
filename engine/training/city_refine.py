"""Recipe `city-refine`: teach the refiner of `city` which class a voxel has, from drafts whose truth is known.

The loss is that of Berman et al. 2018 beside the cross-entropy, over the classes and over solid against empty, which
are what completion is scored by.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from engine.data.crops import apply_symmetry
from engine.labels import UNKNOWN
from engine.models.city.autoencoder import STRIDE, Autoencoder
from engine.models.city.refiner import Refiner, RefinerConfig
from engine.training.ahead import DrawnAhead, draw_threads
from engine.training.drafts import Draft
from engine.training.losses import class_weights, lovasz_softmax, rare_columns


@dataclass(frozen=True)
class RefineRecipe:
    """Numbers of the recipe.

    Attributes
    ----------
    network
        Sizes.
    crop, batch
        Voxels along the edge of a crop, crops per step.
    pairs
        Scenes with predictions that drafts are made of.
    coarse
        Share of predictions that are made twice as coarse (`drafts.coarsen`), as those of some networks are.
    elsewhere
        Share of drafts of places unlike the worlds (`elsewhere.estrange`). With 0.4 and 45 minutes, imitated
        predictions came out as well, and the one real prediction there is worse.
    unseen
        Share of the voxels that no scan sees that count; in scores none do.
    columns
        Share of all columns that are scored per step; those with rare classes go first.
    lovasz_voxels
        How many voxels enter the Lovasz terms.
    learning_rate
        Peak.
    """

    network: RefinerConfig = field(default_factory=RefinerConfig)
    crop: int = 128
    batch: int = 4
    pairs: int = 200
    coarse: float = 0.35
    elsewhere: float = 0.0
    unseen: float = 0.2
    columns: float = 0.25
    lovasz_voxels: int = 60_000
    learning_rate: float = 1e-3


ON_GPU = RefineRecipe(batch=48, lovasz_voxels=400_000)
"""More crops per step, for a device that hardly notices them."""


@dataclass(frozen=True, eq=False)
class RefineBatch:
    """Parts of drafts, `(B, X, Y, Z)` each; `ignored` are the voxels that do not count."""

    given: Tensor
    made: Tensor
    latents: Tensor
    truth: Tensor
    ignored: Tensor


class RefineLoss:
    """Draws a batch and scores it: `loss(step, progress) -> scalar`."""

    def __init__(
        self, network: Refiner, drafts: Sequence[Draft], recipe: RefineRecipe, seed: int, device: torch.device
    ) -> None:
        self.network, self.drafts, self.recipe, self.device = network, drafts, recipe, device
        counts = sum(np.bincount(draft.truth.ravel(), minlength=UNKNOWN + 1) for draft in drafts)
        weights = class_weights(torch.from_numpy(np.asarray(counts)[: network.config.classes]).float())
        self.rare = (weights > 2.0 * weights.median()).to(device)
        self.batches = DrawnAhead(self.draw, seed, draw_threads(device))

    def __call__(self, step: int, progress: float) -> Tensor:
        batch, config = self.batches.take(), self.network.config
        given, made, truth, ignored = (
            tensor.to(self.device) for tensor in (batch.given, batch.made, batch.truth, batch.ignored)
        )
        features = self.network.features(given, made, batch.latents.to(self.device))
        rows = rare_columns(truth, ignored, self.rare, self.recipe.columns)
        head = self.network.head
        chosen = features.permute(0, 2, 3, 1).flatten(0, 2)[rows]
        logits = F.linear(chosen, head.weight.flatten(1), head.bias).float()
        logits = logits.view(-1, config.classes, config.height).transpose(1, 2)
        given, made, truth, ignored = (labels.flatten(0, 2)[rows] for labels in (given, made, truth, ignored))
        logits = (logits + self.network.trusted(given, made)).flatten(0, 1)
        return score(logits, truth.flatten(), ignored.flatten(), self.recipe.lovasz_voxels)

    def draw(self, rng: np.random.Generator) -> RefineBatch:
        """Draw `recipe.batch` parts of drafts, each turned and mirrored as a whole."""
        crops = [self._crop(rng) for _ in range(self.recipe.batch)]
        return RefineBatch(*(torch.from_numpy(np.stack(arrays)) for arrays in zip(*crops, strict=True)))

    def _crop(self, rng: np.random.Generator) -> tuple[NDArray[np.generic], ...]:
        draft, cells = self.drafts[int(rng.integers(len(self.drafts)))], self.recipe.crop // STRIDE
        i, j = (int(rng.integers(n - cells + 1)) for n in draft.latent.shape[1:])
        part, turn = np.s_[STRIDE * i : STRIDE * (i + cells), STRIDE * j : STRIDE * (j + cells)], int(rng.integers(8))
        given, made, truth = (apply_symmetry(a[part], turn) for a in (draft.given, draft.made, draft.truth))
        cut = draft.latent[:, i : i + cells, j : j + cells].astype(np.float32)
        latent = apply_symmetry(cut.transpose(1, 2, 0), turn).transpose(2, 0, 1)
        unseen = apply_symmetry(np.unpackbits(draft.invalid[part], axis=2), turn).astype(np.bool_)
        ignored = (truth == UNKNOWN) | (unseen & (rng.random(truth.shape, dtype=np.float32) >= self.recipe.unseen))
        return given, made, latent, truth, ignored


def score(logits: Tensor, truth: Tensor, ignored: Tensor, lovasz_voxels: int) -> Tensor:
    """Add up cross-entropy and both Lovasz terms of voxels: logits `(N, K)`, train ids `(N,) uint8`, `(N,) bool`."""
    shown = torch.nonzero(~ignored)[:, 0]
    logits, wanted = logits[shown], truth[shown].long()
    entropy = F.cross_entropy(logits, wanted)
    chosen = torch.randint(len(shown), (lovasz_voxels,), device=logits.device)
    shares, wanted = logits[chosen].softmax(dim=1), wanted[chosen]
    solid = torch.stack([shares[:, 0], 1 - shares[:, 0]], dim=1)
    return entropy + lovasz_softmax(shares, wanted) + lovasz_softmax(solid, (wanted != 0).long())


@torch.no_grad()
def start_from(network: Refiner, autoencoder: Autoencoder) -> None:
    """Let the refiner write voxels as an autoencoder of its sizes does that is trained already.

    Parts of other sizes keep what they have.
    """
    parts = [
        (network.to_half, autoencoder.decoder[-8:-6]),
        (network.at_half, autoencoder.decoder[-6]),
        (network.to_full, autoencoder.decoder[-5:-3]),
        (network.at_full, autoencoder.decoder[-3:]),
        (network.head, autoencoder.head),
    ]
    for own, other in parts:
        weights = list(zip(own.parameters(), other.parameters(), strict=True))
        if all(a.shape == b.shape for a, b in weights):
            for a, b in weights:
                a.copy_(b)

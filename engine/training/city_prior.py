"""Recipe `city-prior`: teach the denoiser of `city` to generate, to continue what is known and to follow maps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.data.city.world import World
from engine.geometry.maps import CELL, LayoutMap, layout_of
from engine.labels import UNKNOWN, LabelSpace
from engine.models.city.autoencoder import STRIDE, Autoencoder
from engine.models.city.conditions import detail_given, hidden_slabs, layout_channels
from engine.models.unet import UNet
from engine.training.losses import draw_times, flow_matching
from engine.training.masks import draw_mask


@dataclass(frozen=True)
class PriorRecipe:
    """Numbers of the recipe.

    Attributes
    ----------
    small, large
        (voxels along the edge of a crop, crops per step); large ones come in after `large_from` of the time.
    generate
        Share of samples with nothing known.
    layout_free
        Share of samples without any layout.
    known_weight
        Weight of cells that are known anyway.
    """

    small: tuple[int, int] = (128, 16)
    large: tuple[int, int] = (256, 4)
    large_from: float = 0.5
    large_share: float = 0.5
    generate: float = 0.5
    layout_free: float = 0.25
    known_weight: float = 0.25


@dataclass(frozen=True, eq=False)
class EncodedWorld:
    """A world with its latents `(C, X / 4, Y / 4) float16` and its layout."""

    labels: NDArray[np.uint8]
    latents: Tensor
    layout: LayoutMap


@torch.inference_mode()
def encode_world(autoencoder: Autoencoder, world: World, space: LabelSpace, device: torch.device) -> EncodedWorld:
    """Encode a whole world in strips that overlap, so that no seam is left in the latents."""
    strip, halo = 256, 32
    x = world.labels.shape[0]
    parts = []
    for start in range(0, x, strip):
        low, high = max(start - halo, 0), min(start + strip + halo, x)
        z = autoencoder.encode(torch.from_numpy(world.labels[low:high]).to(device)[None])[0]
        skip = (start - low) // STRIDE
        parts.append(z[:, skip : skip + min(strip, x - start) // STRIDE].half().cpu())
    return EncodedWorld(world.labels, torch.cat(parts, dim=1), layout_of(world.labels, space))


@dataclass(frozen=True, eq=False)
class Batch:
    """What the denoiser learns from in one step: clean latents, what it is given, and which cells are known anyway."""

    x0: Tensor
    given: Tensor
    is_known: Tensor


class PriorLoss:
    """Draws a batch and scores it: `loss(step, progress) -> scalar`."""

    def __init__(
        self,
        network: UNet,
        autoencoder: Autoencoder,
        worlds: Sequence[EncodedWorld],
        recipe: PriorRecipe,
        seed: int,
        device: torch.device,
    ) -> None:
        self.network, self.autoencoder, self.worlds = network, autoencoder, worlds
        self.recipe, self.device = recipe, device
        self.rng = np.random.default_rng(seed)

    def __call__(self, step: int, progress: float) -> Tensor:
        recipe = self.recipe
        large = progress >= recipe.large_from and self.rng.random() < recipe.large_share
        batch = self.draw(*(recipe.large if large else recipe.small))
        t = draw_times(len(batch.x0), self.device)
        share = t[:, None, None, None]
        x_t = (1 - share) * batch.x0 + share * torch.randn_like(batch.x0)
        x0_hat = self.network(x_t, t, batch.given)
        return flow_matching(x0_hat, batch.x0, t, 1.0 - (1.0 - recipe.known_weight) * batch.is_known)

    @torch.no_grad()
    def draw(self, edge: int, count: int) -> Batch:
        """Draw `count` crops of `edge` voxels with random conditions."""
        labels, latents, layouts = zip(*(self._crop(edge) for _ in range(count)), strict=True)
        height = self.autoencoder.config.height
        hidden = np.ones((count, edge, edge, height), dtype=np.bool_)
        partly = [i for i in range(count) if self.rng.random() >= self.recipe.generate]
        for i in partly:
            hidden[i] = draw_mask(self.rng, hidden[i].shape)
        x0 = torch.stack(latents).float().to(self.device)
        slabs = hidden_slabs(torch.from_numpy(hidden).to(self.device))
        known = torch.zeros_like(x0)
        if partly:
            shown = np.where(hidden[partly], UNKNOWN, np.stack([labels[i] for i in partly]))
            known[partly] = self.autoencoder.encode(torch.from_numpy(shown).to(self.device))
        known *= (slabs.amin(dim=1, keepdim=True) < 1).float()
        classes = torch.from_numpy(np.stack([m.classes for m in layouts])).to(self.device)
        heights = torch.from_numpy(np.stack([m.heights for m in layouts])).to(self.device)
        maps = layout_channels(classes, heights, height)
        is_known = (slabs.amax(dim=1, keepdim=True) == 0).float()
        return Batch(x0.contiguous(memory_format=torch.channels_last), detail_given(known, slabs, maps), is_known)

    def _crop(self, edge: int) -> tuple[NDArray[np.uint8], Tensor, LayoutMap]:
        world = self.worlds[int(self.rng.integers(len(self.worlds)))]
        cells = edge // CELL
        cx, cy = (int(self.rng.integers(n // CELL - cells + 1)) for n in world.labels.shape[:2])
        x, y = cx * CELL, cy * CELL
        z = world.latents[:, x // STRIDE : (x + edge) // STRIDE, y // STRIDE : (y + edge) // STRIDE]
        return world.labels[x : x + edge, y : y + edge], z, self._thin_out(world.layout.window(cx, cy, (cells, cells)))

    def _thin_out(self, layout: LayoutMap) -> LayoutMap:
        """Free all, some or no cells, and forget heights at times, as people do when they paint."""
        cells = layout.classes.shape
        if self.rng.random() < self.recipe.layout_free:
            return LayoutMap.free((cells[0], cells[1]))
        classes, heights = layout.classes.copy(), layout.heights.copy()
        if self.rng.random() < 0.5:
            for _ in range(int(self.rng.integers(1, 4))):
                x, y = (int(self.rng.integers(n)) for n in cells)
                w, h = (int(self.rng.integers(1, n)) for n in cells)
                classes[x : x + w, y : y + h] = heights[x : x + w, y : y + h] = 0
        if self.rng.random() < 0.3:
            heights[:] = 0
        return LayoutMap(classes, heights)

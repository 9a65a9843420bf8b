"""Recipe `city-prior`: teach the denoiser of `city` to generate, continue, follow maps and refine.

One network learns all of it, as every condition is left out at random. Where it refines, what is noised is not the
truth, which nobody has later: it is the prediction, or what the network made of the prediction before (Lee et al. 2024,
section 3.4). So it learns to mend its own estimates, and a few steps are enough.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from engine.data.city.world import World
from engine.data.crops import apply_symmetry
from engine.data.scans.pairs import Pair
from engine.diffusion.noise import Octaves, coloured
from engine.diffusion.schedule import T_MAX
from engine.geometry.maps import CELL, LayoutMap, layout_of
from engine.labels import UNKNOWN, LabelSpace, label_space
from engine.models.character import ANY, Character
from engine.models.city.autoencoder import STRIDE, Autoencoder
from engine.models.city.conditions import (
    character_channels,
    detail_given,
    hidden_slabs,
    layout_channels,
    source_channels,
)
from engine.models.composition import Compositions
from engine.models.unet import UNet
from engine.training.ahead import DrawnAhead, draw_threads
from engine.training.characters import STYLES, MappedWorld, composed, thin_character
from engine.training.drafts import coarsen
from engine.training.elsewhere import estrange
from engine.training.losses import Scales, draw_times, flow_matching
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
    character_free
        Share of samples that are told nothing of their character.
    composed
        Share of samples with nothing known that are told what they consist of.
    known_weight
        Weight of cells that are known anyway.
    border_weight
        Weight of hidden cells within two cells of what is known, where a seam would show.
    refine
        Share of samples that refine a prediction.
    pairs
        Scenes with predictions to refine.
    coarse
        Share of the predictions that are made twice as coarse before (`drafts.coarsen`).
    elsewhere
        Share of the pairs that are moved to places unlike the worlds (`elsewhere.estrange`).
    thing_weight
        Weight of cells with vehicles, people, poles or signs where there is no noise; with more, it nears 1, so that
        there do not come more of them.
    blocks
        Residual blocks on each level of the network (`UNetConfig.blocks`); what goes on gets the ones that it lacks.
    octaves
        Smooth parts of the noise (of cells of 4 voxels).
    scales
        Coarser scales at which errors count, too, in cells.
    warmth
        What the card will say of samples' noise (`UNetConfig.warmth`).
    """

    small: tuple[int, int] = (128, 16)
    large: tuple[int, int] = (256, 4)
    large_from: float = 0.25
    large_share: float = 0.5
    generate: float = 0.3
    layout_free: float = 0.25
    character_free: float = 0.5
    composed: float = 0.7
    known_weight: float = 0.25
    border_weight: float = 2.0
    refine: float = 0.2
    pairs: int = 200
    coarse: float = 0.25
    elsewhere: float = 0.3
    thing_weight: float = 3.0
    blocks: tuple[int, ...] = (2, 2, 1)
    octaves: Octaves = ((4, 0.08), (8, 0.04), (16, 0.02), (32, 0.02))
    scales: Scales = ((4, 1.0), (16, 2.0), (32, 4.0))
    warmth: float = 1.5


ON_GPU = PriorRecipe(small=(128, 64), large=(256, 24))
"""More scenes per step, for a device that hardly notices them."""

_NO_LAYOUT = 0.75
"""Share of refining samples without any layout: who has a prediction rarely has a map."""
_LEAST_TIME = 0.5
"""Below this time an estimate from a noised guess gets no better, so that it must not weigh more."""

_BORDER = 2
"""Cells that lie at a border."""


@dataclass(frozen=True, eq=False)
class EncodedWorld:
    """A world with its latents `(C, X / 4, Y / 4) float16`, its layout, and latents of what was predicted of it.

    `sources` are `(N, C, X / 4, Y / 4) float16`, empty where nothing was; a scene of which something was predicted is
    not `mapped`.
    """

    labels: NDArray[np.uint8]
    latents: Tensor
    layout: LayoutMap
    sources: Tensor
    mapped: MappedWorld | None = None


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
    mapped = MappedWorld.of(world, space)
    return EncodedWorld(world.labels, torch.cat(parts, dim=1), mapped.layout, torch.empty(0), mapped)


@torch.inference_mode()
def encode_pair(
    autoencoder: Autoencoder,
    pair: Pair,
    space: LabelSpace,
    recipe: PriorRecipe,
    rng: np.random.Generator,
    device: torch.device,
) -> EncodedWorld:
    """Encode a scene and all that was predicted of it, a share of that coarse, in one of the eight symmetries."""
    turn = int(rng.integers(8))
    if rng.random() < recipe.elsewhere:
        pair = estrange(pair, rng)
    sources = [coarsen(labels, rng) if rng.random() < recipe.coarse else labels for labels in pair.sources.values()]
    scenes = [apply_symmetry(labels, turn) for labels in (pair.complete, *sources)]
    latents = [autoencoder.encode(torch.from_numpy(scene).to(device)[None])[0].half().cpu() for scene in scenes]
    return EncodedWorld(scenes[0], latents[0], layout_of(scenes[0], space), torch.stack(latents[1:]))


@dataclass(frozen=True, eq=False)
class _Cut:
    """A crop, its latent, what its map and character are said to be, and the latent of a prediction of it, if any."""

    labels: NDArray[np.uint8]
    hidden: NDArray[np.bool_]
    latent: Tensor
    layout: LayoutMap
    character: Character
    source: Tensor | None

    @property
    def shown(self) -> NDArray[np.uint8]:
        return np.where(self.hidden, UNKNOWN, self.labels).astype(np.uint8)


@dataclass(frozen=True, eq=False)
class Batch:
    """What the denoiser learns from in one step.

    Attributes
    ----------
    x0, given
        Clean latents and conditions.
    is_known, has_things
        `(B, 1, X, Y)`: 1 where a cell is known anyway, and where there is something in it that matters.
    sources, refines
        Latents of predictions, and `(B,) bool`: where there is one.
    """

    x0: Tensor
    given: Tensor
    is_known: Tensor
    has_things: Tensor
    sources: Tensor
    refines: Tensor


class PriorLoss:
    """Draws a batch and scores it: `loss(step, progress) -> scalar`.

    Parameters
    ----------
    worlds, pairs
        Where scenes are cut from; those of `pairs` have predictions.
    compositions
        What scenes consist of, as the model tells it.
    """

    def __init__(
        self,
        network: UNet,
        autoencoder: Autoencoder,
        worlds: Sequence[EncodedWorld],
        pairs: Sequence[EncodedWorld],
        compositions: Compositions,
        recipe: PriorRecipe,
        seed: int,
        device: torch.device,
    ) -> None:
        self.network, self.autoencoder, self.worlds, self.pairs = network, autoencoder, worlds, pairs
        self.compositions = compositions
        self.recipe, self.device = recipe, device
        self.rng = np.random.default_rng(seed)
        self._noise = coloured(torch.randn_like, network.config.octaves)
        threads = draw_threads(device)
        self._small, self._large = (
            DrawnAhead(lambda rng, size=size: self._cut(rng, *size), seed + k, threads)  # type: ignore[misc]
            for k, size in enumerate((recipe.small, recipe.large))
        )

    def __call__(self, step: int, progress: float) -> Tensor:
        recipe = self.recipe
        large = progress >= recipe.large_from and self.rng.random() < recipe.large_share
        batch = self.gather((self._large if large else self._small).take())
        t = draw_times(len(batch.x0), self.device)
        share = t[:, None, None, None]
        x_t = (1 - share) * self._start(batch) + share * self._noise(batch.x0)
        x0_hat = self.network(x_t, t, batch.given)
        weighed = torch.where(batch.refines, t.clamp(min=_LEAST_TIME), t)
        cells = weigh_cells(batch.is_known, batch.has_things, share, recipe)
        return flow_matching(x0_hat, batch.x0, weighed, cells, recipe.scales)

    @torch.no_grad()
    def _start(self, batch: Batch) -> Tensor:
        """Give what is noised: the truth; to refine, in half of the cases the prediction, in half a guess from it."""
        start = torch.where(batch.refines[:, None, None, None], batch.sources, batch.x0)
        guessed = torch.nonzero(batch.refines & (torch.rand(len(start), device=self.device) < 0.5))[:, 0]
        if len(guessed):
            t = torch.full((len(guessed),), T_MAX, device=self.device)
            start[guessed] = self.network(self._noise(start[guessed]), t, batch.given[guessed])
        return start

    @torch.no_grad()
    def draw(self, edge: int, count: int) -> Batch:
        """Draw `count` crops of `edge` voxels with random conditions."""
        return self.gather(self._cut(self.rng, edge, count))

    @torch.no_grad()
    def gather(self, cuts: Sequence[_Cut]) -> Batch:
        """Bring crops to the device, with what the network is given of each."""
        x0 = torch.stack([cut.latent.float() for cut in cuts]).to(self.device)
        slabs = hidden_slabs(torch.from_numpy(np.stack([cut.hidden for cut in cuts])).to(self.device))
        known, partly = torch.zeros_like(x0), [i for i, cut in enumerate(cuts) if not cut.hidden.all()]
        if partly:
            shown = torch.from_numpy(np.stack([cuts[i].shown for i in partly]))
            known[partly] = self.autoencoder.encode(shown.to(self.device)).float()
        known *= (slabs.amin(dim=1, keepdim=True) < 1).float()
        classes = torch.from_numpy(np.stack([cut.layout.classes for cut in cuts])).to(self.device)
        heights = torch.from_numpy(np.stack([cut.layout.heights for cut in cuts])).to(self.device)
        maps = layout_channels(classes, heights, self.autoencoder.config.height)
        is_known = (slabs.amax(dim=1, keepdim=True) == 0).float()
        refines = torch.tensor([cut.source is not None for cut in cuts], device=self.device)
        found = [torch.zeros_like(cut.latent) if cut.source is None else cut.source for cut in cuts]
        sources = torch.stack([source.float() for source in found]).to(self.device)
        characters = [cut.character for cut in cuts]
        wishes = character_channels(characters, STYLES, self.compositions.rows.shape[1]).to(self.device)
        given = detail_given(known, slabs, maps, source_channels(sources, refines), wishes)
        things = torch.from_numpy(np.stack([find_things(cut.labels) for cut in cuts])).to(self.device)[:, None].float()
        return Batch(x0.contiguous(memory_format=torch.channels_last), given, is_known, things, sources, refines)

    def _cut(self, rng: np.random.Generator, edge: int, count: int) -> list[_Cut]:
        return [self._crop(rng, edge) for _ in range(count)]

    def _crop(self, rng: np.random.Generator, edge: int) -> _Cut:
        refines = rng.random() < self.recipe.refine
        scenes = self.pairs if refines else self.worlds
        world = scenes[int(rng.integers(len(scenes)))]
        cells = edge // CELL
        cx, cy = (int(rng.integers(n // CELL - cells + 1)) for n in world.labels.shape[:2])
        x, y = cx * CELL, cy * CELL
        part = np.s_[:, x // STRIDE : (x + edge) // STRIDE, y // STRIDE : (y + edge) // STRIDE]
        layout = world.layout.window(cx, cy, (cells, cells))
        labels, z = world.labels[x : x + edge, y : y + edge], world.latents[part]
        hidden = np.ones(labels.shape, dtype=np.bool_)
        if rng.random() >= self.recipe.generate:
            hidden = draw_mask(rng, labels.shape)
        if not refines:
            character = ANY
            if world.mapped is not None:
                character = thin_character(world.mapped.character, layout, self.recipe.character_free, rng)
                if hidden.all() and rng.random() < self.recipe.composed:
                    character = composed(character, world.mapped, (cx, cy), cells, self.compositions, rng)
            return _Cut(labels, hidden, z, thin_layout(layout, self.recipe.layout_free, rng), character, None)
        source = world.sources[int(rng.integers(len(world.sources)))][part]
        return _Cut(labels, hidden, z, thin_layout(layout, _NO_LAYOUT, rng), ANY, source)


def find_things(labels: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Find the cells of the latent `(X / 4, Y / 4)` with vehicles, people, poles or signs in `labels (X, Y, Z)`."""
    x, y, z = labels.shape
    found = _is_thing()[labels].reshape(x // STRIDE, STRIDE, y // STRIDE, STRIDE * z)
    return np.asarray(found.any(axis=(1, 3)))


@cache
def _is_thing() -> NDArray[np.bool_]:
    space, table = label_space(), np.zeros(256, np.bool_)
    table[[i for kind in ("vehicle", "person", "object") for i in space.ids_of(kind)]] = True
    return table


def weigh_cells(is_known: Tensor, has_things: Tensor, share: Tensor, recipe: PriorRecipe) -> Tensor:
    """Weigh cells by `is_known`, how close what is known lies, `has_things`, and the `share` of noise.

    All are of one shape or like it, `(B, 1, X, Y)`. Where things are weighs more only as the noise goes: an average
    over all that a noised cell may have become would else hold too many of them.
    """
    near = F.max_pool2d(is_known, 2 * _BORDER + 1, stride=1, padding=_BORDER)
    hidden = 1.0 + (recipe.border_weight - 1.0) * near
    hidden = hidden * (1.0 + (recipe.thing_weight - 1.0) * (1.0 - share) * has_things)
    return torch.where(is_known > 0, recipe.known_weight, hidden)


def thin_layout(layout: LayoutMap, free: float, rng: np.random.Generator) -> LayoutMap:
    """Free all (in a share `free`), some or no cells, and forget heights at times, as people do when they paint."""
    cells = layout.classes.shape
    if rng.random() < free:
        return LayoutMap.free((cells[0], cells[1]))
    classes, heights = layout.classes.copy(), layout.heights.copy()
    if rng.random() < 0.5:
        for _ in range(int(rng.integers(1, 4))):
            x, y = (int(rng.integers(n)) for n in cells)
            w, h = (int(rng.integers(1, n)) for n in cells)
            classes[x : x + w, y : y + h] = heights[x : x + w, y : y + h] = 0
    if rng.random() < 0.3:
        heights[:] = 0
    return LayoutMap(classes, heights)

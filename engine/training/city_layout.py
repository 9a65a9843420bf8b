"""Recipe `city-layout`: teach the layout prior of `city` to draw and to continue bird's-eye maps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from engine.data.crops import apply_symmetry
from engine.diffusion.noise import Octaves, coloured
from engine.models.character import Character
from engine.models.city.conditions import character_channels
from engine.models.city.layout import layout_given, picture_of
from engine.models.composition import Compositions
from engine.models.unet import UNet
from engine.training.characters import STYLES, MappedWorld, composed, thin_character
from engine.training.losses import Scales, draw_times, flow_matching
from engine.training.masks import draw_mask


@dataclass(frozen=True)
class LayoutRecipe:
    """Numbers of the recipe.

    Attributes
    ----------
    cells, batch
        Cells of 8 voxels along the edge of a crop, crops per step.
    generate
        Share of samples with nothing known.
    character_free
        Share of samples that are told nothing of their character.
    composed
        Share of samples with nothing known that are told what they consist of.
    octaves
        Smooth parts of the noise. With them the mean of a crop's noise deviates by .13, those of its maps by .12 to
        .31; with white noise it was .03.
    scales
        Coarser scales at which errors count, too, in cells.
    warmth
        What the card will say of samples' noise (`UNetConfig.warmth`).
    """

    cells: int = 32
    batch: int = 16
    generate: float = 0.5
    character_free: float = 0.4
    composed: float = 0.7
    octaves: Octaves = ((4, 0.08), (8, 0.04), (16, 0.02), (32, 0.02))
    scales: Scales = ((4, 1.0), (16, 2.0), (32, 4.0))
    warmth: float = 1.5


class LayoutLoss:
    """Draws a batch and scores it: `loss(step, progress) -> scalar`.

    Parameters
    ----------
    worlds
        Where maps are cut from.
    compositions
        What scenes consist of, as the model tells it.
    """

    def __init__(
        self,
        network: UNet,
        worlds: Sequence[MappedWorld],
        compositions: Compositions,
        recipe: LayoutRecipe,
        seed: int,
        device: torch.device,
    ) -> None:
        self.network, self.worlds, self.compositions = network, worlds, compositions
        self.recipe, self.device = recipe, device
        self.rng = np.random.default_rng(seed)

    def __call__(self, step: int, progress: float) -> Tensor:
        x0, hidden, wishes = self.draw()
        t = draw_times(len(x0), self.device)
        share = t[:, None, None, None]
        x_t = (1 - share) * x0 + share * coloured(torch.randn_like, self.network.config.octaves)(x0)
        x0_hat = self.network(x_t.contiguous(memory_format=torch.channels_last), t, layout_given(x0, hidden, wishes))
        return flow_matching(x0_hat, x0, t, 0.25 + 0.75 * hidden, self.recipe.scales)

    def draw(self) -> tuple[Tensor, Tensor, Tensor]:
        """Draw pictures `(B, 8, n, n)`, masks `(B, 1, n, n) float`, 1 = hidden, characters `(B, S, 1, 1)`."""
        n, count = self.recipe.cells, self.recipe.batch
        classes, heights = (np.zeros((count, n, n), np.uint8) for _ in range(2))
        hidden = np.ones((count, 1, n, n), np.float32)
        characters: list[Character] = []
        for i in range(count):
            world = self.worlds[int(self.rng.integers(len(self.worlds)))]
            x, y = (int(self.rng.integers(m - n + 1)) for m in world.layout.classes.shape)
            turn = int(self.rng.integers(8))
            part = world.layout.window(x, y, (n, n))
            character = thin_character(world.character, part, self.recipe.character_free, self.rng)
            classes[i], heights[i] = (apply_symmetry(a, turn) for a in (part.classes, part.heights))
            if self.rng.random() >= self.recipe.generate:
                hidden[i, 0] = draw_mask(self.rng, (n, n, 16)).any(axis=2)
            elif self.rng.random() < self.recipe.composed:
                character = composed(character, world, (x, y), n, self.compositions, self.rng)
            characters.append(character)
        picture = picture_of(torch.from_numpy(classes), torch.from_numpy(heights), self.worlds[0].height)
        wishes = character_channels(characters, STYLES, self.compositions.rows.shape[1])
        return picture.to(self.device), torch.from_numpy(hidden).to(self.device), wishes.to(self.device)

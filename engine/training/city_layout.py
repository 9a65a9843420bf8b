"""Recipe `city-layout`: teach the layout prior of `city` to draw and to continue bird's-eye maps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from engine.data.crops import apply_symmetry
from engine.geometry.maps import LayoutMap
from engine.models.city.layout import layout_given, picture_of
from engine.models.unet import UNet
from engine.training.losses import draw_times, flow_matching
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
    """

    cells: int = 32
    batch: int = 16
    generate: float = 0.5


class LayoutLoss:
    """Draws a batch and scores it: `loss(step, progress) -> scalar`."""

    def __init__(
        self,
        network: UNet,
        layouts: Sequence[LayoutMap],
        height: int,
        recipe: LayoutRecipe,
        seed: int,
        device: torch.device,
    ) -> None:
        self.network, self.layouts, self.height = network, layouts, height
        self.recipe, self.device = recipe, device
        self.rng = np.random.default_rng(seed)

    def __call__(self, step: int, progress: float) -> Tensor:
        x0, hidden = self.draw()
        t = draw_times(len(x0), self.device)
        share = t[:, None, None, None]
        x_t = (1 - share) * x0 + share * torch.randn_like(x0)
        x0_hat = self.network(x_t.contiguous(memory_format=torch.channels_last), t, layout_given(x0, hidden))
        return flow_matching(x0_hat, x0, t, 0.25 + 0.75 * hidden)

    def draw(self) -> tuple[Tensor, Tensor]:
        """Draw pictures `(B, 8, n, n)` and masks `(B, 1, n, n) float`, 1 = hidden."""
        n, count = self.recipe.cells, self.recipe.batch
        classes, heights = (np.zeros((count, n, n), np.uint8) for _ in range(2))
        hidden = np.ones((count, 1, n, n), np.float32)
        for i in range(count):
            layout = self.layouts[int(self.rng.integers(len(self.layouts)))]
            x, y = (int(self.rng.integers(m - n + 1)) for m in layout.classes.shape)
            turn = int(self.rng.integers(8))
            part = layout.window(x, y, (n, n))
            classes[i], heights[i] = (apply_symmetry(a, turn) for a in (part.classes, part.heights))
            if self.rng.random() >= self.recipe.generate:
                hidden[i, 0] = draw_mask(self.rng, (n, n, 16)).any(axis=2)
        picture = picture_of(torch.from_numpy(classes), torch.from_numpy(heights), self.height)
        return picture.to(self.device), torch.from_numpy(hidden).to(self.device)

"""What every model offers the tasks, so that one task code serves them all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import torch
from torch import Tensor

from engine.diffusion.denoiser import Denoise
from engine.diffusion.samplers import Draw
from engine.geometry.maps import LayoutMap
from engine.grid import Box
from engine.models.cards import ModelCard
from engine.models.character import ANY, Character


class SceneModel(Protocol):
    """Voxels in, voxels out; arrays of voxels are `(X, Y, Z)` with X and Y multiples of the card's cell."""

    card: ModelCard
    device: torch.device

    @property
    def follows_maps(self) -> bool:
        """Tell whether the denoiser was taught to follow maps; where not, guidance has to pull towards them."""
        ...

    @property
    def weighs_sources(self) -> bool:
        """Tell whether a network has learned how far predictions are right, voxel by voxel."""
        ...

    def latent_shape(self, shape: Sequence[int]) -> tuple[int, ...]:
        """Give the shape of the latent, batch of one, for voxels of a shape."""
        ...

    def sigmas(self, steps: int, strength: float) -> Tensor:
        """Give `steps + 1` falling noise levels, the last 0; `strength` below 1 starts late (SDEdit)."""
        ...

    def encode(self, labels: Tensor) -> Tensor:
        """Encode voxels `uint8`; unknown ones (255) are told apart from empty ones."""
        ...

    def bind(
        self,
        labels: Tensor,
        hidden: Tensor,
        layout: LayoutMap | None,
        source: Tensor | None = None,
        character: Character = ANY,
    ) -> Denoise:
        """Tell the denoiser what is known (all but `hidden`, bool), which map to follow, what to refine, how to be.

        `source` are voxels as a completion network predicted them, unknown ones 255. What the model was not taught to
        look at is left out. Raises `ModelError` where the model has no denoiser for the task.
        """
        ...

    def bind_layout(self, layout: LayoutMap, character: Character = ANY) -> Denoise | None:
        """Tell the denoiser of maps which cells are decided (all but the free ones); `None` where there is none."""
        ...

    def compose(self, wish: Character, cells: tuple[int, int], seed: int) -> Character:
        """Settle what a scene that is made from nothing consists of, and its season, where the model was taught it.

        `cells` are its cells of 8 voxels along x and y. The same seed gives the same.
        """
        ...

    def colour(self, draw: Draw, is_free: bool = False) -> Draw:
        """Make of white noise the kind that the denoiser was trained with.

        Where it `is_free`, as nothing is known or wished, give what samples best start from, lest all come out alike.
        """
        ...

    def colour_layout(self, draw: Draw, is_free: bool = False) -> Draw:
        """Make of white noise the kind that the denoiser of maps was trained with, or what free maps start from."""
        ...

    def read_layout(self, picture: Tensor) -> LayoutMap:
        """Read the map from what that denoiser gives."""
        ...

    def latent_mask(self, hidden: Tensor) -> Tensor:
        """Tell which parts of the latent hold hidden voxels, as a bool tensor that broadcasts to it."""
        ...

    def decode(
        self,
        z: Tensor,
        barred: Sequence[int] = (),
        box: Box | None = None,
        given: Tensor | None = None,
        strength: float = 1.0,
    ) -> Tensor:
        """Decode a latent to train ids `uint8`, none of them barred; only those of a box where one is given.

        What is `given` of the scene, train ids `(X, Y, Z)` as a network predicted them, unknown ones 255, counts for
        something: a refiner weighs it, the more for it the less the `strength`, or it is favoured (`picking.favour`).
        """
        ...

    def project(self, z: Tensor, barred: Sequence[int]) -> Tensor:
        """Take barred classes out of a latent."""
        ...

    def logits_at(self, z: Tensor, voxels: Tensor) -> Tensor:
        """Tell the class logits `(N, K)` of voxels `(N, 3) int64` of a latent, with a gradient to it."""
        ...

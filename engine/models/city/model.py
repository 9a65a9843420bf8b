"""`city` as the tasks see it: voxels in, voxels out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import numpy as np
import torch
from torch import Tensor

from engine.diffusion.denoiser import Denoise, from_flow
from engine.diffusion.noise import coloured
from engine.diffusion.samplers import Draw
from engine.diffusion.schedule import flow_sigmas
from engine.errors import ModelError
from engine.geometry.maps import CELL, LayoutMap
from engine.grid import Box
from engine.labels import UNKNOWN, label_space
from engine.models.cards import ModelCard
from engine.models.character import ANY, Character
from engine.models.city.autoencoder import STRIDE, Autoencoder
from engine.models.city.conditions import (
    character_channels,
    detail_given,
    given_channels,
    hidden_slabs,
    layout_channels,
    source_channels,
)
from engine.models.city.layout import layout_config, layout_given, map_of, picture_of
from engine.models.city.refiner import Refiner
from engine.models.composition import Compositions
from engine.models.memory import Remembered
from engine.models.picking import ClassPicker, favour
from engine.models.precision import fast_math
from engine.models.unet import UNet

_COMPOSITION_STREAM = 2
"""Told to the random generator, so that compositions and noise share nothing."""

_COARSEST = 16
"""Voxels of a cell on the coarsest level of the refiner."""

_ROWS = 16
"""Rows of voxels whose refined logits are held at once, 11 MB for 256 columns; all of a scene's would take 170 MB."""

_AROUND = 48
"""Voxels around a box that its refining looks at."""

_STRIP = 64
"""Latent rows that are decoded at once, so that memory does not grow with the scene: a row of 64 cells takes 2.6 MB."""


class CityModel:
    """Latent diffusion on the bird's-eye plan of a scene.

    Arrays of voxels are `(X, Y, Z)`, batches of one; X and Y are multiples of the card's cell.
    """

    def __init__(
        self,
        card: ModelCard,
        autoencoder: Autoencoder,
        denoiser: UNet | None,
        layout_prior: UNet | None,
        device: torch.device,
        compositions: Compositions | None = None,
        refiner: Refiner | None = None,
    ) -> None:
        self.card = card
        self.autoencoder = autoencoder
        self.denoiser = denoiser
        self.layout_prior = layout_prior
        self.device = device
        self.compositions = compositions
        self.refiner = refiner
        self._picker = ClassPicker(label_space(card.label_space))
        self._latent = Remembered(lambda labels: autoencoder.encode(labels.to(device)[None]))

    @property
    def follows_maps(self) -> bool:
        return True

    @property
    def weighs_sources(self) -> bool:
        return self.refiner is not None

    @property
    def looks_at_sources(self) -> bool:
        """Whether the denoiser was taught to refine predictions; others only start from them."""
        config = self.autoencoder.config
        return self.denoiser is not None and self.denoiser.config.given >= given_channels(config, with_source=True)

    def latent_shape(self, shape: Sequence[int]) -> tuple[int, ...]:
        """Give the latent's shape `(1, C, X / 4, Y / 4)` for voxels of shape `(X, Y, Z)`."""
        return 1, self.autoencoder.config.latent, shape[0] // STRIDE, shape[1] // STRIDE

    def sigmas(self, steps: int, strength: float) -> Tensor:
        """Give the noise levels to sample along."""
        return flow_sigmas(steps, strength)

    def encode(self, labels: Tensor) -> Tensor:
        """Encode voxels `(X, Y, Z) uint8` to `(1, C, X / 4, Y / 4)`."""
        return self._latent(labels)

    def bind(
        self,
        labels: Tensor,
        hidden: Tensor,
        layout: LayoutMap | None,
        source: Tensor | None = None,
        character: Character = ANY,
    ) -> Denoise:
        """Tell the denoiser all that is known and get it in the samplers' form.

        Parameters
        ----------
        labels
            `(X, Y, Z) uint8`; what lies under `hidden` is not looked at.
        hidden
            `(X, Y, Z) bool`, the voxels to make.
        layout
            Map of `(X / 8, Y / 8)` cells; `None` leaves all to the model.
        source
            `(X, Y, Z) uint8`, a prediction to refine; left out where the denoiser was not taught to.
        character
            What the scene is to be like; left out where the denoiser was not taught to.
        """
        denoiser = self.denoiser
        if denoiser is None:
            raise ModelError(
                f"model '{self.card.name}' has no denoiser yet; train one with `scenewright train city-prior`"
            )
        hidden = hidden.to(self.device) | (labels.to(self.device) == UNKNOWN)
        slabs = hidden_slabs(hidden[None])
        some_known = (slabs.amin(dim=1, keepdim=True) < 1).float()
        known = torch.zeros(self.latent_shape(labels.shape), device=self.device)
        if bool(some_known.any()):
            known = some_known * self.encode(torch.where(hidden, UNKNOWN, labels.to(self.device)))
        cells = layout or LayoutMap.free((labels.shape[0] // CELL, labels.shape[1] // CELL))
        maps = layout_channels(
            torch.from_numpy(cells.classes).to(self.device)[None],
            torch.from_numpy(cells.heights).to(self.device)[None],
            labels.shape[2],
        )
        wishes = self._character_channels(character, denoiser.config.given - given_channels(self.autoencoder.config))
        given = detail_given(known, slabs, maps, self._source_channels(source, known), wishes)
        return from_flow(lambda x_t, t: self._run(denoiser, x_t, t, given))

    def bind_layout(self, layout: LayoutMap, character: Character = ANY) -> Denoise | None:
        """Get the denoiser of maps, told all cells of `layout` that are not free; `None` where the model has none.

        The map's sides are multiples of 8 cells; the pictures that are denoised are `(1, 8, X / 8, Y / 8)`.
        """
        prior = self.layout_prior
        if prior is None:
            return None
        classes, heights = (torch.from_numpy(a).to(self.device)[None] for a in (layout.classes, layout.heights))
        wishes = self._character_channels(character, prior.config.given - layout_config().given)
        is_free = (classes == 0).float()[:, None]
        given = layout_given(picture_of(classes, heights, self.card.height), is_free, wishes)
        return from_flow(lambda x_t, t: self._run(prior, x_t, t, given))

    def compose(self, wish: Character, cells: tuple[int, int], seed: int) -> Character:
        """Settle what the districts of a scene of so many cells, made from nothing, consist of, and its season."""
        if self.compositions is None:
            return wish
        rng = np.random.default_rng([seed, _COMPOSITION_STREAM])
        return self.compositions.draw_scene(cells, wish, self.card.styles, rng)

    def colour(self, draw: Draw, is_free: bool = False) -> Draw:
        """Make of white noise what the denoiser was trained with, or what free samples start from."""
        return _coloured(draw, self.denoiser, is_free)

    def colour_layout(self, draw: Draw, is_free: bool = False) -> Draw:
        """Make of white noise what the denoiser of maps was trained with, or what free maps start from."""
        return _coloured(draw, self.layout_prior, is_free)

    def read_layout(self, picture: Tensor) -> LayoutMap:
        """Read the map from a denoised picture."""
        return map_of(picture, self.card.height)

    def latent_mask(self, hidden: Tensor) -> Tensor:
        """Tell which latent cells hold hidden voxels, `(1, 1, X / 4, Y / 4) bool`, from `(X, Y, Z) bool`."""
        return (hidden_slabs(hidden.to(self.device)[None]) > 0).any(dim=1, keepdim=True)

    def _run(self, network: UNet, x_t: Tensor, t: Tensor, given: Tensor) -> Tensor:
        with fast_math(self.device):
            return cast(Tensor, network(x_t, t, given))

    def _source_channels(self, source: Tensor | None, like: Tensor) -> Tensor | None:
        if not self.looks_at_sources:
            return None
        is_given = torch.tensor([source is not None], device=self.device)
        return source_channels(torch.zeros_like(like) if source is None else self.encode(source), is_given)

    def _character_channels(self, character: Character, channels: int) -> Tensor | None:
        """Tell as much of a character as a denoiser with so many channels for it was taught."""
        if channels <= 0:
            return None
        composition = 0 if self.compositions is None else self.compositions.rows.shape[1]
        return character_channels([character], self.card.styles, composition)[:, :channels].to(self.device)

    def decode(
        self,
        z: Tensor,
        barred: Sequence[int] = (),
        box: Box | None = None,
        given: Tensor | None = None,
        strength: float = 1.0,
    ) -> Tensor:
        """Decode a latent `(1, C, X / 4, Y / 4)` to labels `(X, Y, Z) uint8`, strip by strip, none of them barred.

        Of a box only what its voxels depend on is decoded. What is `given` of the scene, `(X, Y, Z) uint8`, the refiner
        weighs, the more for it the less the `strength`; or where there is none, it is favoured.
        """
        whole = Box((0, 0, 0), (STRIDE * z.shape[2], STRIDE * z.shape[3], self.card.height))
        wanted = box or whole
        if given is not None and self.refiner is not None:
            return self._refine(self.refiner, z, wanted, barred, given, (1.0 - strength) ** 3)
        cells = wanted.snap((STRIDE, STRIDE, 1))
        strips = cells.tiles((STRIDE * _STRIP, *cells.shape[1:]))
        labels = torch.cat([self._decode_cells(z, strip, whole, barred, given) for strip in strips])
        return labels[wanted.relative_to(cells).slices]

    def _refine(
        self, refiner: Refiner, z: Tensor, wanted: Box, barred: Sequence[int], given: Tensor, caution: float
    ) -> Tensor:
        """Let the refiner decide; with `caution`, 0 to 1, it has that share of its say without what was made."""
        whole = Box((0, 0, 0), (given.shape[0], given.shape[1], given.shape[2]))
        around = wanted.pad((_AROUND, _AROUND, self.card.height)).snap((_COARSEST, _COARSEST, 1)).clip(whole)
        x, y, _ = (slice(s.start // STRIDE, s.stop // STRIDE) for s in around.slices)
        told = given.to(z.device)[around.slices][None]
        made = self.decode(z, (), around)[None]
        views = [(1.0 - caution, made), (caution, torch.where(told == UNKNOWN, made, told))]
        views = [(weight, seen) for weight, seen in views if weight > 0]
        with fast_math(self.device):
            features = [refiner.features(told, seen, z[:, :, x, y]) for _, seen in views]
            rows, columns, heights = wanted.relative_to(around).slices
            labels = []
            for start in range(rows.start, rows.stop, _ROWS):
                part = np.s_[:, start : min(start + _ROWS, rows.stop), columns]
                shares = sum(
                    weight * refiner.read(f[:, :, *part[1:]], told[part], seen[part]).log_softmax(dim=4)
                    for (weight, seen), f in zip(views, features, strict=True)
                )
                labels.append(self._picker.pick(cast(Tensor, shares)[0, :, :, heights], 3, barred))
        return torch.cat(labels)

    def _decode_cells(self, z: Tensor, cells: Box, whole: Box, barred: Sequence[int], given: Tensor | None) -> Tensor:
        halo = STRIDE * self.autoencoder.reach
        around = cells.pad((halo, halo, 0)).clip(whole)
        x, y, _ = (slice(s.start // STRIDE, s.stop // STRIDE) for s in around.slices)
        before = ((c - a) // STRIDE for c, a in zip(cells.lower, around.lower, strict=True))
        after = ((a - c) // STRIDE for c, a in zip(cells.upper, around.upper, strict=True))
        (x0, y0, _), (x1, y1, _) = before, after
        with fast_math(self.device):
            logits = self.autoencoder.decode(z[:, :, x, y], (x0, x1, y0, y1))[0]
        scores = logits[:, cells.slices[2]].permute(2, 3, 0, 1)
        if given is not None:
            scores = favour(scores.float(), 2, given.to(z.device)[cells.slices])
        return self._picker.pick(scores, 2, barred)

    def logits_at(self, z: Tensor, voxels: Tensor) -> Tensor:
        """Tell the class logits `(N, K)` of voxels `(N, 3) int64`, with a gradient to the latent."""
        with fast_math(self.device):
            return self.autoencoder.decode_at(z, voxels).float()

    def project(self, z: Tensor, barred: Sequence[int]) -> Tensor:
        """Take barred classes out of a latent by decoding and encoding it; unchanged where there are none."""
        labels = self.decode(z)
        if not bool(torch.isin(labels, torch.tensor(barred, device=labels.device)).any()):
            return z
        return self.encode(self.decode(z, barred))


def _coloured(draw: Draw, network: UNet | None, is_free: bool) -> Draw:
    if network is None:
        return draw
    return coloured(draw, network.config.octaves, network.config.warmth if is_free else 1.0)

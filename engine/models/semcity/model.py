"""`semcity` as the tasks see it: voxels in, voxels out."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from engine.diffusion.ddpm import TrainedLevels, from_ddpm
from engine.diffusion.denoiser import Denoise
from engine.diffusion.guidance import keep_known
from engine.diffusion.samplers import Draw
from engine.errors import ModelError
from engine.geometry.maps import LayoutMap
from engine.grid import Box
from engine.labels import UNKNOWN, label_space
from engine.models.cards import ModelCard
from engine.models.character import ANY, Character
from engine.models.memory import Remembered
from engine.models.picking import ClassPicker, favour
from engine.models.precision import fast_math
from engine.models.semcity.autoencoder import TriplaneAutoencoder
from engine.models.semcity.decoder import voxel_shape
from engine.models.semcity.triplane import CELL, compose, cover, decompose
from engine.models.semcity.unet import TriplaneUNet

STEPS = 100
"""Noise levels that the original's networks know."""


class SemcityModel:
    """Latent diffusion on three planes.

    Arrays of voxels are `(X, Y, Z)`, batches of one; X and Y are multiples of the card's cell.
    """

    def __init__(
        self,
        card: ModelCard,
        autoencoder: TriplaneAutoencoder,
        denoiser: TriplaneUNet | None,
        refiner: TriplaneUNet | None,
        device: torch.device,
    ) -> None:
        self.card = card
        self.autoencoder = autoencoder
        self.denoiser = denoiser
        self.refiner = refiner
        self.device = device
        self.levels = TrainedLevels.linear(STEPS)
        self._picker = ClassPicker(label_space(card.label_space))
        self._latent = Remembered(lambda labels: compose(autoencoder.encode(labels.to(device)[None])))

    @property
    def follows_maps(self) -> bool:
        return False

    @property
    def weighs_sources(self) -> bool:
        return False

    def latent_shape(self, shape: Sequence[int]) -> tuple[int, ...]:
        """Give the composed map's shape `(1, C, X / 2 + Z, Y / 2 + Z)` for voxels of shape `(X, Y, Z)`."""
        x, y, z = shape
        return 1, self.autoencoder.config.channels, x // CELL + z, y // CELL + z

    def sigmas(self, steps: int, strength: float) -> Tensor:
        """Give the noise levels to sample along: those that the network was trained at."""
        return self.levels.falling(steps, strength)

    def encode(self, labels: Tensor) -> Tensor:
        """Encode voxels `(X, Y, Z) uint8` to a composed map; unknown ones count as empty."""
        return self._latent(labels)

    def bind(
        self,
        labels: Tensor,
        hidden: Tensor,
        layout: LayoutMap | None,
        source: Tensor | None = None,
        character: Character = ANY,
    ) -> Denoise:
        """Get the denoiser in the samplers' form, with all that is known put in its place at every step.

        The network takes no masks: what it says of known cells is replaced (RePaint). It takes neither
        maps nor characters. Only the network that refines looks at anything else, a prediction's planes; where there is
        none, the other one starts from the prediction. Raises `ModelError` where the model has no denoiser for the
        task.
        """
        denoise = from_ddpm(self._network(source), self.levels)
        hidden = hidden.to(self.device) | (labels.to(self.device) == UNKNOWN)
        if bool(hidden.all()):
            return denoise
        return keep_known(denoise, self.encode(torch.where(hidden, UNKNOWN, labels.to(self.device))), cover(hidden))

    def _network(self, source: Tensor | None) -> Callable[[Tensor, Tensor], Tensor]:
        refiner = self.refiner
        if source is not None and refiner is not None:
            given = self.encode(source)
            return lambda x_t, t: self._run(refiner, x_t, t, given)
        denoiser = self.denoiser
        if denoiser is not None:
            return lambda x_t, t: self._run(denoiser, x_t, t)
        if refiner is not None:
            raise ModelError(f"model '{self.card.name}' refines predictions and makes no scenes; take another model")
        raise ModelError(f"model '{self.card.name}' has no denoiser; import the UNet's checkpoint into it, too")

    def _run(self, network: TriplaneUNet, *inputs: Tensor) -> Tensor:
        with fast_math(self.device):
            made: Tensor = network(*inputs)
        return made.float()

    def bind_layout(self, layout: LayoutMap, character: Character = ANY) -> Denoise | None:
        """Give no denoiser of maps: there is none."""
        return None

    def compose(self, wish: Character, cells: tuple[int, int], seed: int) -> Character:
        """Leave what a scene consists of to the denoiser, which was not taught it."""
        return wish

    def colour(self, draw: Draw, is_free: bool = False) -> Draw:
        """Leave noise white, as the original's networks were trained."""
        return draw

    def colour_layout(self, draw: Draw, is_free: bool = False) -> Draw:
        """Leave noise as it is, as there is no denoiser of maps."""
        return draw

    def read_layout(self, picture: Tensor) -> LayoutMap:
        """Never called, as there is no denoiser of maps; raises `ModelError`."""
        raise ModelError(f"model '{self.card.name}' draws no maps; take --model city")

    def latent_mask(self, hidden: Tensor) -> Tensor:
        """Tell which values of the map depend on hidden voxels, `(1, 1, X / 2 + Z, Y / 2 + Z) bool`."""
        return cover(hidden.to(self.device))

    def decode(
        self,
        z: Tensor,
        barred: Sequence[int] = (),
        box: Box | None = None,
        given: Tensor | None = None,
        strength: float = 1.0,
    ) -> Tensor:
        """Decode a composed map to labels `(X, Y, Z) uint8`, none of them barred.

        Of a box only its voxels are decoded, to the labels that they have in the whole scene. What is `given` of the
        scene, `(X, Y, Z) uint8`, is favoured, whatever the strength.
        """
        planes = decompose(z, self.card.height)
        wanted = box or Box((0, 0, 0), voxel_shape(planes))
        told, done = None if given is None else given.to(z.device)[wanted.slices].flatten(), 0

        def pick(logits: Tensor) -> Tensor:  # called in the order of the voxels
            nonlocal done
            if told is not None:
                logits = favour(logits, 1, told[done : done + len(logits)])
                done += len(logits)
            return self._picker.pick(logits, 1, barred)

        return self.autoencoder.read_out(planes, wanted, pick)

    def logits_at(self, z: Tensor, voxels: Tensor) -> Tensor:
        """Tell the class logits `(N, K)` of voxels `(N, 3) int64`, with a gradient to the latent."""
        planes = decompose(z, self.card.height)
        extent = torch.tensor(voxel_shape(planes), device=z.device) - 1
        return self.autoencoder.decode(planes, (2.0 * voxels / extent - 1.0)[None])[0]

    def project(self, z: Tensor, barred: Sequence[int]) -> Tensor:
        """Take barred classes out of a latent by decoding and encoding it; unchanged where there are none."""
        labels = self.decode(z)
        if not bool(torch.isin(labels, torch.tensor(barred, device=labels.device)).any()):
            return z
        return self.encode(self.decode(z, barred))

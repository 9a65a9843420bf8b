"""A real `city` model, only small and untrained: everything but beauty can be tested with it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from engine.models.cards import ModelCard
from engine.models.city.autoencoder import Autoencoder, AutoencoderConfig
from engine.models.city.conditions import given_channels
from engine.models.city.layout import layout_config
from engine.models.city.refiner import Refiner, RefinerConfig
from engine.models.composition import Compositions
from engine.models.unet import UNet, UNetConfig
from engine.models.zoo import CityParts, save_city


def build_tiny(
    folder: Path,
    height: int = 8,
    with_layout: bool = True,
    styles: tuple[str, ...] = (),
    compositions: Compositions | None = None,
    with_refiner: bool = False,
) -> ModelCard:
    """Write a model of windows of 64 voxels into `folder`; every layer is random, none is zero."""
    torch.manual_seed(5)
    autoencoder = Autoencoder(AutoencoderConfig(height=height, widths=(16, 24), latent=4, detail=16, blocks=1))
    told = {"styles": len(styles), "composition": 0 if compositions is None else compositions.rows.shape[1]}
    denoiser = UNet(UNetConfig(4, given_channels(autoencoder.config, **told), width=16))
    layout = UNet(layout_config(width=16, **told)) if with_layout else None
    refiner = Refiner(tiny_refiner(height)) if with_refiner else None
    for part in (autoencoder, denoiser, layout, refiner):
        for parameter in part.parameters() if part is not None else ():
            if not bool(parameter.any()):
                torch.nn.init.normal_(parameter, std=0.2)
    autoencoder.head.weight.data *= 12.0  # as sure of its voxels as a trained one
    folder.mkdir(parents=True, exist_ok=True)
    parts = CityParts(autoencoder, denoiser, layout, styles, compositions, refiner)
    return save_city(folder, parts, {}, name="tiny", window=64)


def tiny_refiner(height: int = 8) -> RefinerConfig:
    """Give the sizes of a refiner that fits `build_tiny`."""
    return RefinerConfig(height=height, latent=4, detail=16, widths=(16, 24, 24, 32))


def require_learning(
    network: nn.Module, loss: Callable[[int, float], Tensor], rate: float = 5e-3, steps: int = 15, share: float = 0.8
) -> None:
    """Train for some steps; a loss that tells the network nothing does not fall to a share of what it was."""
    optimizer = torch.optim.AdamW(network.parameters(), rate)
    values = []
    for step in range(steps):
        value = loss(step, 0.0)
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        values.append(value.item())
    assert np.mean(values[-4:]) < share * np.mean(values[:3])

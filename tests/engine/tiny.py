"""A real `city` model, only small and untrained: everything but beauty can be tested with it."""

from __future__ import annotations

from pathlib import Path

import torch

from engine.models.cards import ModelCard
from engine.models.city.autoencoder import Autoencoder, AutoencoderConfig
from engine.models.city.denoiser import Denoiser, DenoiserConfig
from engine.models.zoo import save_city


def build_tiny(folder: Path, height: int = 8, denoiser: bool = True) -> ModelCard:
    """Write a model of windows of 64 voxels into `folder`; every layer is random, none is zero."""
    torch.manual_seed(5)
    autoencoder = Autoencoder(AutoencoderConfig(height=height, widths=(16, 24), latent=4, detail=16, blocks=1))
    network = Denoiser(DenoiserConfig(latent=4, height=height, width=16)) if denoiser else None
    for part in (autoencoder, network):
        if part is not None:
            for parameter in part.parameters():
                if not bool(parameter.any()):
                    torch.nn.init.normal_(parameter, std=0.2)
    folder.mkdir(parents=True, exist_ok=True)
    return save_city(folder, autoencoder, network, {}, name="tiny", window=64)

"""Loading and saving models, and choosing devices."""

from __future__ import annotations

import hashlib
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from engine.errors import DeviceError, ModelError
from engine.models.cards import ModelCard
from engine.models.city.autoencoder import STRIDE, Autoencoder, AutoencoderConfig
from engine.models.city.denoiser import Denoiser, DenoiserConfig
from engine.models.city.model import CityModel

AUTOENCODER = "autoencoder.safetensors"
DENOISER = "denoiser.safetensors"

_T = TypeVar("_T")


def pick_device(name: str = "auto") -> torch.device:
    """Choose where to compute; `auto` takes CUDA, then Apple's GPU, then the CPU.

    Raises `DeviceError` where the named device is not there.
    """
    there = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if name == "auto":
        name = next(n for n in ("cuda", "mps", "cpu") if there[n])
    if not there.get(name, False):
        available = ", ".join(n for n, ok in there.items() if ok)
        raise DeviceError(f"device '{name}' is not there; available: {available}; use --device auto")
    return torch.device(name)


def load(card: ModelCard, device: str = "auto") -> CityModel:
    """Load a model; raises `ModelError` where weights are missing, damaged or do not fit the card."""
    if card.kind != "city":
        raise ModelError(f"model '{card.name}' is of kind '{card.kind}', which this version cannot run; update it")
    card.verify()
    target = pick_device(device)
    autoencoder = Autoencoder(_config(AutoencoderConfig, card, "autoencoder"))
    _fill(autoencoder, card, AUTOENCODER, target)
    denoiser = None
    if DENOISER in card.files:
        denoiser = Denoiser(_config(DenoiserConfig, card, "denoiser"))
        _fill(denoiser, card, DENOISER, target)
    return CityModel(card, autoencoder, denoiser, target)


def save_city(
    folder: Path,
    autoencoder: Autoencoder,
    denoiser: Denoiser | None,
    training: dict[str, Any],
    name: str = "city",
    window: int = 256,
) -> ModelCard:
    """Write weights (fp16 safetensors) and card of a `city` model into a folder; gives the card."""
    parts: dict[str, nn.Module] = {AUTOENCODER: autoencoder}
    config = {"autoencoder": asdict(autoencoder.config)}
    if denoiser is not None:
        parts[DENOISER] = denoiser
        config["denoiser"] = asdict(denoiser.config)
    files = {}
    for file, network in parts.items():
        state = {k: v.detach().half().cpu().contiguous() for k, v in network.state_dict().items()}
        part = folder / f"{file}.part"
        save_file(state, part)
        os.replace(part, folder / file)
        files[file] = hashlib.sha256((folder / file).read_bytes()).hexdigest()
    card = ModelCard(
        name=name,
        title="Streets and cities, bird's-eye latent with map and mask conditions",
        kind="city",
        label_space="semantickitti",
        height=autoencoder.config.height,
        voxel_size=(0.2, 0.2, 0.2),
        cell=STRIDE * denoiser_cells(denoiser),
        window=window,
        files=files,
        config=config,
        training=training,
        folder=folder,
    )
    card.write(folder)
    return card


def denoiser_cells(denoiser: Denoiser | None) -> int:
    """Give the latent cells that the coarsest level of a denoiser joins along an edge: regions are whole ones."""
    levels = len(denoiser.config.multiples if denoiser is not None else DenoiserConfig().multiples)
    return int(2 ** (levels - 1))


def _config(kind: type[_T], card: ModelCard, part: str) -> _T:
    values = {k: tuple(v) if isinstance(v, list) else v for k, v in card.config.get(part, {}).items()}
    try:
        return kind(**values)
    except TypeError as error:
        raise ModelError(f"model '{card.name}': its card does not fit this version ({error}); update both") from error


def _fill(network: nn.Module, card: ModelCard, file: str, device: torch.device) -> None:
    try:
        network.load_state_dict({k: v.float() for k, v in load_file(card.folder / file).items()})
    except (RuntimeError, OSError, ValueError, SafetensorError) as error:
        reason = str(error).splitlines()[0]
        raise ModelError(f"model '{card.name}': {file} does not fit its card ({reason}); install it again") from error
    network.to(device=device, memory_format=torch.channels_last).eval()  # type: ignore[call-overload]
    network.requires_grad_(requires_grad=False)

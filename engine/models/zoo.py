"""Loading and saving models, and choosing devices."""

from __future__ import annotations

import hashlib
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar, cast

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from engine.errors import DeviceError, ModelError
from engine.geometry.maps import CELL
from engine.models.cards import ModelCard
from engine.models.city.autoencoder import Autoencoder, AutoencoderConfig
from engine.models.city.model import CityModel
from engine.models.unet import UNet, UNetConfig

AUTOENCODER = "autoencoder"
DENOISER = "denoiser"
LAYOUT = "layout"

_INT8 = (LAYOUT,)
"""Parts that are stored in int8: the layout prior draws eight classes, and would be 23 MB in fp16."""
_SCALE = ".scale"

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
    parts: dict[str, nn.Module] = {}
    for part in card.config:
        if part == AUTOENCODER:
            parts[part] = Autoencoder(_config(AutoencoderConfig, card, part))
        else:
            parts[part] = UNet(_config(UNetConfig, card, part))
        _fill(parts[part], card, f"{part}.safetensors", target)
    autoencoder, denoiser, layout = (parts.get(n) for n in (AUTOENCODER, DENOISER, LAYOUT))
    if not isinstance(autoencoder, Autoencoder):
        raise ModelError(f"model '{card.name}': its card names no autoencoder; install it again")
    return CityModel(card, autoencoder, cast("UNet | None", denoiser), cast("UNet | None", layout), target)


@dataclass(frozen=True)
class CityParts:
    """The networks of a `city` model; those that are not trained yet are missing."""

    autoencoder: Autoencoder
    denoiser: UNet | None = None
    layout: UNet | None = None


def save_city(
    folder: Path, parts: CityParts, training: dict[str, Any], name: str = "city", window: int = 256
) -> ModelCard:
    """Write weights (safetensors, fp16 or int8) and card of a `city` model into a folder; gives the card."""
    networks = {AUTOENCODER: parts.autoencoder, DENOISER: parts.denoiser, LAYOUT: parts.layout}
    files, config = {}, {}
    for part, network in networks.items():
        if network is None:
            continue
        target = folder / f"{part}.safetensors"
        draft = target.with_suffix(".part")
        save_file(_pack(network.state_dict(), as_int8=part in _INT8), draft)
        os.replace(draft, target)
        files[target.name] = hashlib.sha256(target.read_bytes()).hexdigest()
        config[part] = asdict(network.config)
    card = ModelCard(
        name=name,
        title="Streets and cities, bird's-eye latent with map and mask conditions",
        kind="city",
        label_space="semantickitti",
        height=parts.autoencoder.config.height,
        voxel_size=(0.2, 0.2, 0.2),
        cell=CELL * 2,
        window=window,
        files=files,
        config=config,
        training=training,
        folder=folder,
    )
    card.write(folder)
    return card


def _pack(state: dict[str, Tensor], as_int8: bool) -> dict[str, Tensor]:
    """Shrink weights for storing: fp16, or for matrices and kernels int8 with one fp16 scale per output channel."""
    packed = {}
    for key, value in state.items():
        weights = value.detach().float().cpu().contiguous()
        if as_int8 and weights.dim() > 1:
            scale = weights.flatten(1).abs().amax(dim=1).clamp(min=1e-8) / 127
            packed[key + _SCALE] = scale.half()
            weights = weights / _along(packed[key + _SCALE].float().clamp(min=1e-8), weights)
            packed[key] = weights.round().clamp(-127, 127).to(torch.int8)
        else:
            packed[key] = weights.half()
    return packed


def _unpack(packed: dict[str, Tensor]) -> dict[str, Tensor]:
    """Undo `_pack`, to fp32."""
    state = {}
    for key, value in packed.items():
        if value.dtype == torch.int8:
            state[key] = value.float() * _along(packed[key + _SCALE].float(), value)
        elif not key.endswith(_SCALE):
            state[key] = value.float()
    return state


def _along(scale: Tensor, weights: Tensor) -> Tensor:
    return scale.view(-1, *[1] * (weights.dim() - 1))


def _config(kind: type[_T], card: ModelCard, part: str) -> _T:
    values = {k: tuple(v) if isinstance(v, list) else v for k, v in card.config.get(part, {}).items()}
    try:
        return kind(**values)
    except TypeError as error:
        raise ModelError(f"model '{card.name}': its card does not fit this version ({error}); update both") from error


def _fill(network: nn.Module, card: ModelCard, file: str, device: torch.device) -> None:
    try:
        network.load_state_dict(_unpack(load_file(card.folder / file)))
    except (RuntimeError, OSError, ValueError, SafetensorError) as error:
        reason = str(error).splitlines()[0]
        raise ModelError(f"model '{card.name}': {file} does not fit its card ({reason}); install it again") from error
    network.to(device=device, memory_format=torch.channels_last).eval()  # type: ignore[call-overload]
    network.requires_grad_(requires_grad=False)

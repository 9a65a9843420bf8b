"""Loading and saving models, and choosing devices."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, TypeVar

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from engine.errors import DeviceError, ModelError
from engine.formats import carlasc, semantickitti
from engine.geometry.maps import CELL
from engine.models.blank import without_weights
from engine.models.cards import ModelCard
from engine.models.city.autoencoder import Autoencoder, AutoencoderConfig
from engine.models.city.model import CityModel
from engine.models.city.refiner import Refiner, RefinerConfig
from engine.models.composition import Compositions
from engine.models.contract import SceneModel
from engine.models.semcity.autoencoder import TriplaneAutoencoder, TriplaneAutoencoderConfig
from engine.models.semcity.model import SemcityModel
from engine.models.semcity.unet import TriplaneUNet, TriplaneUNetConfig
from engine.models.unet import UNet, UNetConfig

AUTOENCODER = "autoencoder"
DENOISER = "denoiser"
LAYOUT = "layout"
REFINER = "refiner"
COMPOSITIONS = "compositions"

_INT8 = (AUTOENCODER, DENOISER, LAYOUT, REFINER)
"""Parts of `city` that are stored in int8; all but the autoencoder against fp16: judged scenes come out alike (F3D 51.0
and 51.3 of 100)."""
_SCALE = ".scale"

_Config = TypeVar("_Config")
_Network = TypeVar("_Network", bound=nn.Module)


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


def load(card: ModelCard, device: str = "auto") -> SceneModel:
    """Load a model; raises `ModelError` where weights are missing, damaged or do not fit the card."""
    if card.kind not in _LOADERS:
        raise ModelError(f"model '{card.name}' is of kind '{card.kind}', which this version cannot run; update it")
    if AUTOENCODER not in card.config:
        raise ModelError(f"model '{card.name}': its card names no autoencoder; install it again")
    card.verify()
    return _LOADERS[card.kind](card, pick_device(device))


def _load_city(card: ModelCard, device: torch.device) -> CityModel:
    autoencoder = _restore(Autoencoder, AutoencoderConfig, card, AUTOENCODER, device)
    denoiser, layout = (
        _restore(UNet, UNetConfig, card, part, device) if part in card.config else None for part in (DENOISER, LAYOUT)
    )
    refiner = _restore(Refiner, RefinerConfig, card, REFINER, device) if REFINER in card.config else None
    for network in (autoencoder, denoiser, layout, refiner):
        if network is not None:
            network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return CityModel(card, autoencoder, denoiser, layout, device, _read_compositions(card), refiner)


def _read_compositions(card: ModelCard) -> Compositions | None:
    file = f"{COMPOSITIONS}.safetensors"
    if file not in card.files:
        return None
    try:
        tables = load_file(card.folder / file)
        tables.setdefault("leaves", torch.full_like(tables["densities"], torch.nan))  # tables of old tell no season
        return Compositions(**{key: (v.float() if v.is_floating_point() else v).numpy() for key, v in tables.items()})
    except (KeyError, TypeError, OSError, SafetensorError) as error:
        raise ModelError(f"model '{card.name}': {file} cannot be read ({error}); install it again") from error


def _load_semcity(card: ModelCard, device: torch.device) -> SemcityModel:
    autoencoder = _restore(TriplaneAutoencoder, TriplaneAutoencoderConfig, card, AUTOENCODER, device)
    denoiser, refiner = (
        _restore(TriplaneUNet, TriplaneUNetConfig, card, part, device) if part in card.config else None
        for part in (DENOISER, REFINER)
    )
    return SemcityModel(card, autoencoder, denoiser, refiner, device)


_LOADERS: dict[str, Callable[[ModelCard, torch.device], SceneModel]] = {"city": _load_city, "semcity": _load_semcity}


@dataclass(frozen=True)
class CityParts:
    """The networks of a `city` model, of which untrained ones are missing, and the styles that they can be told.

    `compositions` are what scenes consist of that they were trained on, where they can be told that, too. The refiner
    mends predictions voxel by voxel.
    """

    autoencoder: Autoencoder
    denoiser: UNet | None = None
    layout: UNet | None = None
    styles: tuple[str, ...] = ()
    compositions: Compositions | None = None
    refiner: Refiner | None = None


def save_city(
    folder: Path, parts: CityParts, training: dict[str, Any], name: str = "city", window: int = 256
) -> ModelCard:
    """Write weights (safetensors, fp16 or int8) and card of a `city` model into a folder; gives the card."""
    networks: dict[str, Autoencoder | UNet | Refiner | None] = {
        AUTOENCODER: parts.autoencoder,
        DENOISER: parts.denoiser,
        LAYOUT: parts.layout,
        REFINER: parts.refiner,
    }
    files: dict[str, str] = {}
    config: dict[str, Any] = {}
    for part, network in networks.items():
        if network is not None:
            packed = _pack(network.state_dict(), as_int8=part in _INT8)
            files |= _store(folder / f"{part}.safetensors", packed)
            config[part] = asdict(network.config)
    if parts.compositions is not None:
        tables = {f.name: torch.from_numpy(getattr(parts.compositions, f.name)) for f in fields(Compositions)}
        packed = {key: value.half() if value.is_floating_point() else value for key, value in tables.items()}
        files |= _store(folder / f"{COMPOSITIONS}.safetensors", packed)
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
        styles=list(parts.styles),
        training=training,
        folder=folder,
    )
    card.write(folder)
    return card


@dataclass(frozen=True)
class SemcityParts:
    """The networks of a `semcity` model; the refiner is a denoiser that is also given a prediction's planes."""

    autoencoder: TriplaneAutoencoder
    denoiser: TriplaneUNet | None = None
    refiner: TriplaneUNet | None = None


SEMCITY_GRIDS = {20: ("semantickitti", semantickitti.GRID), 11: ("carlasc", carlasc.GRID)}
"""Label space and grid of the data sets that the original was trained on, by the number of classes."""


def save_semcity(
    folder: Path, parts: SemcityParts, training: dict[str, Any], name: str = "semcity", small: bool = False
) -> ModelCard:
    """Write weights and card of a `semcity` model into a folder.

    Weights keep the precision they have; where `small`, the autoencoder gets fp16 and the denoisers int8, which moves
    their estimates by about a hundredth.
    """
    space, grid = SEMCITY_GRIDS[parts.autoencoder.config.classes]
    files: dict[str, str] = {}
    config: dict[str, Any] = {}
    for part, network in ((AUTOENCODER, parts.autoencoder), (DENOISER, parts.denoiser), (REFINER, parts.refiner)):
        if network is not None:
            weights = {key: value.detach().cpu().contiguous() for key, value in network.state_dict().items()}
            weights = _pack(weights, as_int8=part != AUTOENCODER) if small else weights
            files |= _store(folder / f"{part}.safetensors", weights)
            config[part] = asdict(network.config)
    card = ModelCard(
        name=name,
        title="Streets by triplane diffusion (SemCity, Lee et al. 2024)",
        kind="semcity",
        label_space=space,
        height=grid.shape[2],
        voxel_size=grid.voxel_size,
        cell=CELL,
        window=grid.shape[0],
        files=files,
        config=config,
        training=training,
        folder=folder,
    )
    card.write(folder)
    return card


def _store(path: Path, weights: dict[str, Tensor]) -> dict[str, str]:
    """Write weights so that the file is whole or not there; gives its name and sha256."""
    draft = path.with_suffix(".part")
    save_file(weights, draft)
    os.replace(draft, path)
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest()}


def _pack(state: dict[str, Tensor], as_int8: bool) -> dict[str, Tensor]:
    """Shrink weights for storing: fp16, or for matrices and kernels int8 with one fp16 scale per output channel."""
    packed = {}
    for key, value in state.items():
        weights = value.detach().float().cpu().contiguous()
        if as_int8 and weights.dim() > 1 and key.endswith("weight"):
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


def _frozen(value: Any) -> Any:
    """Make tuples of the lists of JSON, inner ones too."""
    return tuple(_frozen(v) for v in value) if isinstance(value, list) else value


def _restore(
    build: Callable[[_Config], _Network], kind: type[_Config], card: ModelCard, part: str, device: torch.device
) -> _Network:
    values = {k: _frozen(v) for k, v in card.config[part].items()}
    try:
        config = kind(**values)
    except TypeError as error:
        raise ModelError(f"model '{card.name}': its card does not fit this version ({error}); update both") from error
    file = f"{part}.safetensors"
    with without_weights():
        network = build(config)
    try:
        network.load_state_dict(_unpack(load_file(card.folder / file)), assign=True)
    except (RuntimeError, OSError, ValueError, SafetensorError) as error:
        reason = str(error).splitlines()[0]
        raise ModelError(f"model '{card.name}': {file} does not fit its card ({reason}); install it again") from error
    return network.to(device).eval().requires_grad_(requires_grad=False)

"""Checkpoints of the original implementation: which network is in a file, and whether it is exactly that one.

Such files are pickles, which can run any code where they are opened carelessly. Here only tensors and plain values are
read, and a state dict passes only if every name and every shape is that of one of our networks.
"""

from __future__ import annotations

import pickle
import struct
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from engine.errors import ModelError
from engine.models.blank import without_weights
from engine.models.semcity.autoencoder import TriplaneAutoencoder, TriplaneAutoencoderConfig
from engine.models.semcity.unet import TriplaneUNet, TriplaneUNetConfig

State = Mapping[str, Tensor]

_UNREADABLE = (
    pickle.UnpicklingError, RuntimeError, EOFError, ValueError, LookupError, TypeError, AttributeError, struct.error
)  # fmt: skip
"""All that a damaged or forged pickle has been seen to raise."""


def read_state(path: Path) -> dict[str, Tensor]:
    """Read the weights of a checkpoint: a bare state dict, or one under `model`. Nothing in the file is executed.

    Raises `ModelError` where the file cannot be read so, or holds anything but finite numbers.
    """
    try:
        with warnings.catch_warnings(action="ignore"):  # of torch's, about pickles that are none of its own
            content: Any = torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise ModelError(f"{path} cannot be read ({error.strerror or error}); check the name and its rights") from error
    except _UNREADABLE as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise ModelError(
            f"{path} is no checkpoint that can be read without running what is in it ({reason[:160]}); "
            "import only files that the original wrote"
        ) from error
    if isinstance(content, dict) and isinstance(content.get("model"), dict):
        content = content["model"]
    if not isinstance(content, dict) or not content:
        raise ModelError(f"{path} holds a {type(content).__name__}, not named weights; import the checkpoint itself")
    for name, value in content.items():
        _require_numbers(path, name, value)
    return {name: value.detach().float().contiguous() for name, value in content.items()}


def network_of(state: State, depth: int, path: Path) -> TriplaneAutoencoder | TriplaneUNet:
    """Build the network that a state dict belongs to, with its weights.

    Parameters
    ----------
    depth
        Heights of the planes that a UNet is to work on, which its weights do not tell.
    path
        Where the weights come from, for the message.

    Raises `ModelError` that names the first weight which is missing, unexpected or of another shape.
    """
    try:
        with without_weights():
            network = _build(state, depth)
    except (ValueError, RuntimeError, ArithmeticError) as error:
        raise ModelError(
            f"{path}: its shapes make no network of SemCity ({str(error).splitlines()[0]}); "
            "import an unchanged checkpoint of the original"
        ) from error
    _require_same(network.state_dict(), state, path)
    network.load_state_dict(dict(state), assign=True)
    return network


def _require_numbers(path: Path, name: Any, value: Any) -> None:
    if not isinstance(name, str) or not isinstance(value, Tensor) or value.layout != torch.strided:
        kind = type(value).__name__
        raise ModelError(
            f"{path}: entry {str(name)[:80]!r} is a {kind}, not plain weights; import the checkpoint itself"
        )
    if not value.is_floating_point() or not bool(torch.isfinite(value).all()):
        raise ModelError(
            f"{path}: weight '{name}' ({value.dtype}) holds values that are no finite numbers; get it again"
        )


def _require_same(wanted: State, found: State, path: Path) -> None:
    missing = [name for name in wanted if name not in found]
    strange = [name for name in found if name not in wanted]
    other = [n for n in wanted if n in found and wanted[n].shape != found[n].shape]
    faults = [(missing, "is missing"), (strange, "does not belong there")]
    for names, fault in faults:
        if names:
            raise ModelError(
                f"{path}: '{names[0]}' {fault}, and so for {len(names)} weights in all; "
                "import an unchanged checkpoint of the original"
            )
    if other:
        sizes = f"{list(found[other[0]].shape)} instead of {list(wanted[other[0]].shape)}"
        raise ModelError(f"{path}: '{other[0]}' has shape {sizes}; import an unchanged checkpoint of the original")


def _build(state: State, depth: int) -> TriplaneAutoencoder | TriplaneUNet:
    if "embedding.weight" in state:
        return TriplaneAutoencoder(_autoencoder_config(state))
    if "time_embed.0.weight" in state:
        return TriplaneUNet(_unet_config(state, depth))
    raise ValueError(f"there is neither 'embedding.weight' nor 'time_embed.0.weight', but '{next(iter(state))}'")


def _autoencoder_config(state: State) -> TriplaneAutoencoderConfig:
    classes, channels = _shape(state, "embedding.weight", 2)
    _, _, *kernel = _shape(state, "geo_encoder.conv0.weight", 5)
    return TriplaneAutoencoderConfig(
        classes=classes,
        channels=channels,
        features=_shape(state, "geo_convs.norm_xy.weight", 1)[0],
        hidden=_shape(state, "geo_decoder.first_layers.0.weight", 2)[0],
        kernel=(kernel[0], kernel[1], kernel[2]),
        plane_kernel=_shape(state, "geo_convs.in_layers.0.weight", 4)[2],
    )


def _unet_config(state: State, depth: int) -> TriplaneUNetConfig:
    width = _shape(state, "time_embed.0.weight", 2)[1]
    channels = _shape(state, "out.2.conv_xy.weight", 4)[0]
    outs: list[int] = []
    while (name := f"input_blocks.{len(outs)}.1.out_layers.2.conv_xy.weight") in state:
        outs.append(_shape(state, name, 4)[0])
    return TriplaneUNetConfig(
        channels=channels,
        depth=depth,
        given=_shape(state, "in_conv.0.conv_xy.weight", 4)[1] - channels,
        width=width,
        multiples=tuple(out // width for out in outs),
        halvings=sum(f"input_blocks.{level}.0.conv_xy.weight" in state for level in range(len(outs))),
    )


def _shape(state: State, name: str, dimensions: int) -> list[int]:
    if name not in state or state[name].dim() != dimensions:
        raise ValueError(f"'{name}' is missing or has not {dimensions} dimensions")
    return list(state[name].shape)

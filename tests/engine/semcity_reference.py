"""Numbers of the original implementation, and our networks with the weights that gave them."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from engine.models.semcity.autoencoder import TriplaneAutoencoder, TriplaneAutoencoderConfig
from engine.models.semcity.triplane import Planes
from engine.models.semcity.unet import TriplaneUNet, TriplaneUNetConfig

EXCERPT = Path(__file__).resolve().parents[1] / "data" / "semcity"
"""Travels with the project."""

WHOLE = Path(__file__).resolve().parents[3] / "shared" / "parity"
"""Does not."""

DEPTH = 8
SMALL_UNET = TriplaneUNetConfig(channels=8, depth=DEPTH, width=32, multiples=(1, 1, 2))
SMALL_REFINER = TriplaneUNetConfig(channels=8, depth=DEPTH, given=8, width=32, multiples=(1, 1, 2))
SMALL_AUTOENCODER = TriplaneAutoencoderConfig(channels=8, features=16, hidden=32)


def shapes_of(name: str) -> dict[str, list[int]]:
    found: dict[str, list[int]] = json.loads((EXCERPT / f"{name}_shapes.json").read_text())
    return found


def make_state(shapes: Mapping[str, list[int]]) -> dict[str, Tensor]:
    """Draw every tensor from its own name, nothing zero: biases of 0.05, gains round 1, weights of unit response."""
    state = {}
    for name, shape in shapes.items():
        rng = np.random.default_rng([2024, zlib.crc32(name.encode())])
        values = rng.standard_normal(tuple(shape)).astype(np.float32)
        if name.endswith("bias"):
            values = 0.05 * values
        elif len(shape) == 1:
            values = 1.0 + 0.1 * values
        elif name != "embedding.weight":
            values = values / np.sqrt(np.float32(np.prod(shape[1:])))
        state[name] = torch.from_numpy(np.asarray(values, dtype=np.float32))
    return state


def small_autoencoder() -> TriplaneAutoencoder:
    network = TriplaneAutoencoder(SMALL_AUTOENCODER).eval().requires_grad_(requires_grad=False)
    network.load_state_dict(make_state(shapes_of("ae_small")))
    return network


def small_unet(config: TriplaneUNetConfig = SMALL_UNET) -> TriplaneUNet:
    network = TriplaneUNet(config).eval().requires_grad_(requires_grad=False)
    network.load_state_dict(make_state(shapes_of("unet_small_ssc" if config.given else "unet_small")))
    return network


def planes_of(io: Mapping[str, Any], prefix: str) -> Planes:
    return Planes(*(io[f"{prefix}_{name}"] for name in Planes._fields))


def read_arrays(folder: Path, name: str) -> dict[str, Tensor]:
    """Read a file of arrays by its name without ending, whichever of the two folders it lies in."""
    if (folder / f"{name}.npz").exists():
        with np.load(folder / f"{name}.npz") as arrays:
            return {key: torch.from_numpy(np.asarray(arrays[key])) for key in arrays}
    found = torch.load(folder / f"{name}.pt", weights_only=True)
    return {key: value for key, value in found.items() if isinstance(value, Tensor)}

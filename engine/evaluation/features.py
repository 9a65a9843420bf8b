"""The judge's eye: a small 3D autoencoder, trained once on procedural worlds, whose bottleneck describes a scene.

It is frozen and shipped with its hash before any model is chosen. Distances in its features can only be compared with
distances in the same features, so every report quotes the hash.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional as F

from engine.errors import ModelError
from engine.labels import UNKNOWN
from engine.resources import shipped

STEPS = (1, 8)
PARTS = 2 + len(STEPS)
WEIGHTS = "features.safetensors"
RECORD = "features.json"


@dataclass(frozen=True)
class FeatureConfig:
    """Sizes of the network.

    Attributes
    ----------
    classes
        Train ids 0 .. classes - 1; unknown voxels have an embedding of their own.
    embedding
        Values per voxel before blocks of 2 x 2 x 2 are folded.
    widths
        Channels at a half of the resolution, at a quarter and so on.
    latent
        Channels of the bottleneck.
    """

    classes: int = 20
    embedding: int = 4
    widths: tuple[int, ...] = (24, 48, 96)
    latent: int = 16

    @property
    def stride(self) -> int:
        """Voxels per bottleneck cell along every axis; scenes are filled up with empty voxels to whole cells."""
        return 1 << len(self.widths)

    @property
    def features(self) -> int:
        """Numbers that describe a scene."""
        return PARTS * self.latent


class FeatureNet(nn.Module):
    """Labels `(B, X, Y, Z) uint8` to bottlenecks `(B, C, X / S, Y / S, Z / S)`, to scene features, and to logits."""

    centre: Tensor
    whitening: Tensor

    def __init__(self, config: FeatureConfig) -> None:
        super().__init__()
        self.config = config
        a, d = config.widths[0], config.widths[-1]
        levels = list(pairwise(config.widths))
        self.embed = nn.Embedding(config.classes + 1, config.embedding)
        self.fold = nn.Linear(8 * config.embedding, a)
        self.down = nn.ModuleList([_down(m, n) for m, n in levels])
        self.context = nn.ModuleList([nn.Conv3d(d, d, 3, padding=1) for _ in range(2)])
        self.squeeze = nn.Conv3d(d, config.latent, 1)
        self.widen = nn.Conv3d(config.latent, d, 1)
        self.up = nn.ModuleList([nn.ConvTranspose3d(n, m, 2, stride=2) for m, n in reversed(levels)])
        self.smooth = nn.ModuleList([nn.Conv3d(m, m, 3, padding=1) for m, _ in reversed(levels)])
        self.unfold = nn.Linear(a, 8 * config.classes)
        self.register_buffer("centre", torch.zeros(config.features))
        self.register_buffer("whitening", torch.eye(config.features))

    def encode(self, labels: Tensor) -> Tensor:
        """Give the bottleneck of voxels whose sides are multiples of the stride."""
        h = F.silu(self._fold_in(labels)).permute(0, 4, 1, 2, 3)
        for step in self.down:
            h = F.silu(step(h))
        for step in self.context:
            h = h + F.silu(step(h))
        out: Tensor = self.squeeze(h)
        return out

    def _fold_in(self, labels: Tensor) -> Tensor:
        """Embed blocks of 2 x 2 x 2 voxels, `(B, X / 2, Y / 2, Z / 2, C)`.

        The embedding of a voxel and the linear map of its place in the block are one table: looking eight rows up and
        adding them costs a third of embedding every voxel first.
        """
        blocks = fold_labels(torch.where(labels == UNKNOWN, self.config.classes, labels))
        places = torch.arange(8, device=labels.device) * (self.config.classes + 1)
        by_place = self.fold.weight.view(-1, 8, self.config.embedding)
        table = torch.einsum("ope,ke->pko", by_place, self.embed.weight).flatten(0, 1)
        rows = (blocks.int() + places.int()).view(-1, 8)
        return F.embedding_bag(rows, table, mode="sum").view(*blocks.shape[:-1], -1) + self.fold.bias

    def decode(self, latent: Tensor) -> Tensor:
        """Give logits `(B, K, X, Y, Z)` of a bottleneck."""
        return _unfold(self.decode_blocks(latent), self.config.classes)

    def decode_blocks(self, latent: Tensor) -> Tensor:
        """Give the same logits as `(B, X / 2, Y / 2, Z / 2, 8 K)`, in the order of `fold_labels`: cheaper to score."""
        h = self.widen(latent)
        for step, smooth in zip(self.up, self.smooth, strict=True):
            h = step(F.silu(h))
            h = h + smooth(F.silu(h))
        out: Tensor = self.unfold(F.silu(h).permute(0, 2, 3, 4, 1))
        return out

    def describe(self, labels: Tensor) -> Tensor:
        """Give scene features `(B, 4 C)`: what `pool` makes of the bottleneck, whitened over intact scenes."""
        return (pool(self.encode(_fill_up(labels, self.config.stride))) - self.centre) @ self.whitening


@dataclass(frozen=True, eq=False)
class Judge:
    """A frozen feature network, ready to describe scenes, with the hash that names it."""

    network: FeatureNet
    sha256: str

    @torch.inference_mode()
    def describe(self, labels: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Give the features `(4 C,) float64` of one scene `(X, Y, Z) uint8`."""
        found = self.network.describe(torch.from_numpy(np.ascontiguousarray(labels))[None])
        return np.asarray(found[0].double().numpy())

    def describe_all(self, scenes: Iterable[NDArray[np.uint8]]) -> NDArray[np.float64]:
        """Give the features `(N, 4 C) float64` of many scenes, one at a time so that memory does not grow."""
        return np.stack([self.describe(scene) for scene in scenes])


def pool(latent: Tensor) -> Tensor:
    """Describe bottlenecks `(B, C, X, Y, Z)` by four numbers a channel, `(B, 4 C)`, whichever way the scene is turned.

    Mean and deviation over all places say what there is; the mean steps between places 1 and 8 cells apart in plan say
    whether it hangs together, near and far.
    """
    places = latent.flatten(2)
    steps = [_mean_step(latent, distance) for distance in STEPS]
    return torch.cat([places.mean(dim=2), places.std(dim=2, correction=0), *steps], dim=1)


def whiten(pooled: Tensor, ridge: float = 1e-3) -> tuple[Tensor, Tensor]:
    """Find centre `(D,)` and matrix `(D, D)` that bring pooled features `(N, D)` to deviation 1 in every direction.

    Scenes differ most in what there is: more houses here, more trees there. Spoiled scenes differ in how it fits
    together, along directions in which intact scenes hardly differ at all; without whitening nobody would notice.
    `ridge` keeps directions in which nothing differs from ruling; it is a variance, where features have variance 1.
    """
    centre, spread = pooled.mean(dim=0), pooled.std(dim=0).clamp(min=1e-6)
    values, directions = torch.linalg.eigh(torch.cov(((pooled - centre) / spread).T.double()))
    scaled = directions / (values.clamp(min=0) + ridge).sqrt()
    return centre, (scaled / spread[:, None]).to(pooled.dtype)


def _mean_step(latent: Tensor, distance: int) -> Tensor:
    """Mean absolute difference of places `distance` cells apart along x and y, `(B, C)`; 0 where there are none."""
    along = (latent[:, :, distance:] - latent[:, :, :-distance]).abs().flatten(2)
    across = (latent[:, :, :, distance:] - latent[:, :, :, :-distance]).abs().flatten(2)
    both = torch.cat([along, across], dim=2)
    return both.sum(dim=2) / max(both.shape[2], 1)


def judge_folder() -> Path:
    """Where the shipped judge lies."""
    return shipped("weights", "judge")


def save_judge(folder: Path, network: FeatureNet, training: dict[str, Any]) -> str:
    """Write weights and a record with their hash into a folder; gives the hash."""
    folder.mkdir(parents=True, exist_ok=True)
    draft = folder / f"{WEIGHTS}.part"
    save_file({k: v.detach().float().cpu().contiguous() for k, v in network.state_dict().items()}, draft)
    os.replace(draft, folder / WEIGHTS)
    sha256 = hashlib.sha256((folder / WEIGHTS).read_bytes()).hexdigest()
    record = {"sha256": sha256, "config": asdict(network.config), "training": training}
    (folder / RECORD).write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    return sha256


def load_judge(folder: Path | None = None) -> Judge:
    """Load the judge, by default the shipped one.

    Raises `ModelError` where there is none, or where its weights are not those that its record was written for.
    """
    where = folder or judge_folder()
    config, sha256 = _read_record(where)
    path = where / WEIGHTS
    if not path.is_file():
        raise ModelError(f"{path} is missing; install the judge's weights again")
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != sha256:
        raise ModelError(f"{path} is damaged (sha256 {found[:12]}, record says {sha256[:12]}); install it again")
    network = FeatureNet(config)
    try:
        network.load_state_dict(load_file(path))
    except (RuntimeError, SafetensorError) as error:
        raise ModelError(f"{path} does not fit its record ({str(error).splitlines()[0]}); install it again") from error
    return Judge(network.eval().requires_grad_(requires_grad=False), sha256)


def _read_record(folder: Path) -> tuple[FeatureConfig, str]:
    path = folder / RECORD
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        sizes: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in data["config"].items()}
        return FeatureConfig(**sizes), str(data["sha256"])
    except OSError as error:
        raise ModelError(
            f"the judge's weights are not at {folder} ({RECORD}: {error.strerror}); "
            f"train them once with `scenewright train judge-features --out {folder}`"
        ) from error
    except (ValueError, TypeError, KeyError) as error:
        raise ModelError(f"{path} is no record of a judge ({error!r}); install the judge's weights again") from error


def _down(channels_in: int, channels_out: int) -> nn.Conv3d:
    return nn.Conv3d(channels_in, channels_out, 3, stride=2, padding=1)


def fold_labels(labels: Tensor) -> Tensor:
    """Gather blocks of 2 x 2 x 2 voxels, `(B, X, Y, Z)` -> `(B, X / 2, Y / 2, Z / 2, 8)`."""
    b, x, y, z = labels.shape
    blocks = labels.view(b, x // 2, 2, y // 2, 2, z // 2, 2).permute(0, 1, 3, 5, 2, 4, 6)
    return blocks.reshape(b, x // 2, y // 2, z // 2, 8)


def _unfold(logits: Tensor, classes: int) -> Tensor:
    """Spread blocks again, `(B, x, y, z, 8 K)` -> `(B, K, 2 x, 2 y, 2 z)`."""
    b, x, y, z, _ = logits.shape
    blocks = logits.view(b, x, y, z, 2, 2, 2, classes).permute(0, 7, 1, 4, 2, 5, 3, 6)
    return blocks.reshape(b, classes, 2 * x, 2 * y, 2 * z)


def _fill_up(labels: Tensor, stride: int) -> Tensor:
    x, y, z = (-n % stride for n in labels.shape[1:])
    return F.pad(labels, (0, z, 0, y, 0, x)) if x or y or z else labels

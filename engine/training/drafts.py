"""Drafts: what the denoiser of `city` makes of predictions whose truth is known.

They are what its refiner learns from, made once and kept beside the worlds.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.data.scans.pairs import open_pair
from engine.labels import UNKNOWN
from engine.models.city.model import CityModel
from engine.scene import Labels, VoxelScene
from engine.tasks.fill import Canvas, sample_window
from engine.tasks.request import REFINE_STRENGTH, Sampling
from engine.training.elsewhere import estrange

_ARRAYS = ("given", "made", "latent", "truth", "invalid")
_CUT = 0.5
"""Share of coarse predictions that see only so high."""
_STEPS = (1, 4)
"""How many denoising steps drafts of predictions take."""


@dataclass(frozen=True, eq=False)
class Draft:
    """A scene in the making and its truth, arrays `(X, Y, Z)`.

    Attributes
    ----------
    given
        `uint8`, a prediction, or what a scanner hit; 255 where nothing is known.
    made
        `uint8`, what the decoder reads from the latent.
    latent
        `(C, X / 4, Y / 4) float16`, what the denoiser made.
    truth
        `uint8`.
    invalid
        `(X, Y, Z / 8) uint8`, bits of the voxels that do not count in scores, as no scan saw them.
    """

    given: Labels
    made: Labels
    latent: NDArray[np.float16]
    truth: Labels
    invalid: NDArray[np.uint8]


def write_drafts(
    folder: Path, model: CityModel, pairs: Sequence[Path], shares: tuple[float, float], seed: int
) -> list[Path]:
    """Make drafts of all predictions of some pairs, but for those that are there; lists their files.

    Of the predictions, `shares` are made twice as coarse before, and moved to places unlike the worlds
    (`elsewhere.estrange`). Takes half a second a draft on one core.
    """
    folder.mkdir(parents=True, exist_ok=True)
    jobs: dict[Path, tuple[Path, str]] = {}
    for path in pairs:
        with np.load(path) as file:
            names = [name for name in file.files if name not in ("complete", "invalid")]
        jobs |= {folder / f"{path.stem}-{name}.npz": (path, name) for name in names}
    for number, (target, (path, name)) in enumerate(jobs.items()):
        if not target.is_file():
            _save(target, _refined(model, path, name, shares, np.random.default_rng([seed, number])))
    return list(jobs)


def open_draft(path: Path) -> Draft:
    """Read a draft."""
    with np.load(path) as file:
        return Draft(*(file[name] for name in _ARRAYS))


def coarsen(labels: Labels, rng: np.random.Generator) -> Labels:
    """Make a prediction `(X, Y, Z)` like one of a network with voxels about twice as long, brought back to its grid.

    Where cells begin, how flat they are, how many of a cell's voxels make it solid and how high the network sees is
    drawn. A solid cell takes its commonest solid label.
    """
    heights = float(rng.choice((1.875, 2.0)))
    starts = [float(rng.random() * side) for side in (2.0, 2.0, heights)]
    sides = zip(labels.shape, starts, (2.0, 2.0, heights), strict=True)
    x, y, z = (np.floor((np.arange(n) + start) / side + 1e-9).astype(np.int64) for n, start, side in sides)
    shape = int(x[-1]) + 1, int(y[-1]) + 1, int(z[-1]) + 1
    cells = (x[:, None, None] * shape[1] + y[None, :, None]) * shape[2] + z[None, None, :]
    counts = np.bincount(cells.ravel(), minlength=int(np.prod(shape)))
    solid = (labels != 0) & (labels != UNKNOWN)
    kinds = int(labels[solid].max(initial=0)) + 1
    found = np.bincount(cells[solid] * kinds + labels[solid], minlength=len(counts) * kinds).reshape(-1, kinds)
    unknown = np.bincount(cells[labels == UNKNOWN], minlength=len(counts)) > counts / 2
    is_solid = found.sum(axis=1) > counts * rng.random() * 0.9
    coarse = np.where(is_solid, found.argmax(axis=1), np.where(unknown, UNKNOWN, 0)).astype(np.uint8)
    out = coarse.reshape(shape)[np.ix_(x, y, z)]
    if rng.random() < _CUT:
        out[:, :, int(rng.integers(labels.shape[2] // 3, labels.shape[2])) :] = 0
    return out


def _refined(model: CityModel, path: Path, name: str, shares: tuple[float, float], rng: np.random.Generator) -> Draft:
    pair = open_pair(path)
    pair = replace(pair, sources={name: pair.sources[name]})
    coarse, elsewhere = (rng.random() < share for share in shares)
    if elsewhere:
        pair = estrange(pair, rng)
    source = pair.sources[name]
    if coarse:
        source = coarsen(source, rng)
    scene = VoxelScene.from_labels(source)
    canvas = Canvas(scene, scene.box, np.ones(scene.box.shape, np.bool_), source=scene.snapshot())
    sampling = Sampling(seed=int(rng.integers(2**31)), steps=int(rng.choice(_STEPS)), strength=REFINE_STRENGTH)
    *_, last = sample_window(model, canvas, scene.box, sampling, ())
    made, latent = model.decode(last.x0).cpu().numpy(), last.x0[0].half().cpu().numpy()
    return Draft(source, made, latent, pair.complete, np.packbits(pair.invalid, axis=2))


def _save(path: Path, draft: Draft) -> None:
    part = path.with_suffix(f".{os.getpid()}.part")
    with part.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **{name: getattr(draft, name) for name in _ARRAYS})
    os.replace(part, path)

"""Drafts: what the denoiser of `city` makes of predictions, and of holes in scenes, whose truth is known.

They are what its refiner learns from, made once and kept beside the worlds.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.data.city.archive import open_world
from engine.data.scans.pairs import open_pair
from engine.geometry.maps import CELL, layout_of
from engine.labels import UNKNOWN
from engine.models.city.model import CityModel
from engine.scene import Labels, VoxelScene
from engine.tasks.fill import Canvas, sample_window
from engine.tasks.request import REFINE_STRENGTH, Sampling
from engine.training.masks import draw_mask

_ARRAYS = ("given", "made", "latent", "truth", "invalid")
_CUT = 0.5
"""Share of coarse predictions that see only so high."""
_STEPS = (1, 4)
"""How many denoising steps drafts of predictions take."""
_FILL_STEPS = (3, 4, 6)
"""How many denoising steps drafts of holes take."""
_FILL_STRENGTH = (0.5, 0.95)
"""How far what hides in a hole is noised, least and most."""
_MAPPED = 0.5
"""Share of holes whose map is known."""


@dataclass(frozen=True, eq=False)
class Draft:
    """A scene in the making and its truth, arrays `(X, Y, Z)`.

    Attributes
    ----------
    given
        `uint8`, a prediction, or what a scanner hit; 255 where nothing is known. With `is_certain` it is the truth.
    made
        `uint8`, what the decoder reads from the latent.
    latent
        `(C, X / 4, Y / 4) float16`, what the denoiser made.
    truth
        `uint8`.
    invalid
        `(X, Y, Z / 8) uint8`, bits of the voxels that do not count in scores, as no scan saw them, or as they are
        known.
    """

    given: Labels
    made: Labels
    latent: NDArray[np.float16]
    truth: Labels
    invalid: NDArray[np.uint8]
    is_certain: bool = False


def write_drafts(folder: Path, model: CityModel, pairs: Sequence[Path], coarse: float, seed: int) -> list[Path]:
    """Make drafts of all predictions of some pairs, but for those that are there; lists their files.

    A share `coarse` of the predictions is made twice as coarse before. Takes half a second a draft on one core.
    """
    folder.mkdir(parents=True, exist_ok=True)
    jobs: dict[Path, tuple[Path, str]] = {}
    for path in pairs:
        with np.load(path) as file:
            names = [name for name in file.files if name not in ("complete", "invalid")]
        jobs |= {folder / f"{path.stem}-{name}.npz": (path, name) for name in names}
    for number, (target, (path, name)) in enumerate(jobs.items()):
        if not target.is_file():
            _save(target, _refined(model, path, name, coarse, np.random.default_rng([seed, number])))
    return list(jobs)


def write_filled(folder: Path, model: CityModel, worlds: Sequence[Path], count: int, seed: int) -> list[Path]:
    """Make drafts of holes in scenes, but for those that are there, evenly from all worlds; lists their files.

    What hides in a hole is noised and denoised again (SDEdit, Meng et al. 2022), so that a draft differs from the truth
    as samples do, and yet is so like it that the truth goes on from what is known as the draft should have. Takes a
    second a draft on one core.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for number in range(count):
        world = worlds[number % len(worlds)]
        target = folder / f"{world.stem}-hole-{number // len(worlds):03d}.npz"
        if not target.is_file():
            _save(target, _filled(model, world, np.random.default_rng([seed, number, 1])))
        files.append(target)
    return files


def open_draft(path: Path) -> Draft:
    """Read a draft."""
    with np.load(path) as file:
        given, made, latent, truth, invalid = (file[name] for name in _ARRAYS)
        return Draft(given, made, latent, truth, invalid, bool(file["is_certain"]))


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


def _refined(model: CityModel, path: Path, name: str, coarse: float, rng: np.random.Generator) -> Draft:
    pair = open_pair(path)
    source = pair.sources[name]
    if rng.random() < coarse:
        source = coarsen(source, rng)
    scene = VoxelScene.from_labels(source)
    canvas = Canvas(scene, scene.box, np.ones(scene.box.shape, np.bool_), source=scene.snapshot())
    sampling = Sampling(seed=int(rng.integers(2**31)), steps=int(rng.choice(_STEPS)), strength=REFINE_STRENGTH)
    *_, last = sample_window(model, canvas, scene.box, sampling, ())
    made, latent = model.decode(last.x0).cpu().numpy(), last.x0[0].half().cpu().numpy()
    return Draft(source, made, latent, pair.complete, np.packbits(pair.invalid, axis=2))


def _filled(model: CityModel, world: Path, rng: np.random.Generator) -> Draft:
    labels = open_world(world).labels
    edge = min(model.card.window, *labels.shape[:2])
    x, y = (int(rng.integers((n - edge) // CELL + 1)) * CELL for n in labels.shape[:2])
    scene = VoxelScene.from_labels(np.asarray(labels[x : x + edge, y : y + edge]))
    truth, hidden = scene.read(), _hole(rng, (edge, edge, labels.shape[2]))
    layout = layout_of(truth, scene.space) if rng.random() < _MAPPED else None
    canvas = Canvas(scene, scene.box, hidden, layout)
    sampling = Sampling(
        seed=int(rng.integers(2**31)), steps=int(rng.choice(_FILL_STEPS)), strength=float(rng.uniform(*_FILL_STRENGTH))
    )
    *_, last = sample_window(model, canvas, scene.box, sampling, ())
    made, latent = model.decode(last.x0).cpu().numpy(), last.x0[0].half().cpu().numpy()
    return Draft(canvas.known_in(scene.box), made, latent, truth, np.packbits(~hidden, axis=2), is_certain=True)


def _hole(rng: np.random.Generator, shape: tuple[int, int, int]) -> NDArray[np.bool_]:
    """Draw a mask that hides neither nearly nothing nor nearly all."""
    while True:
        hidden = draw_mask(rng, shape)
        if 0.02 < hidden.mean() < 0.9:
            return hidden


def _save(path: Path, draft: Draft) -> None:
    part = path.with_suffix(f".{os.getpid()}.part")
    arrays = {name: getattr(draft, name) for name in _ARRAYS}
    with part.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, is_certain=np.array(draft.is_certain), **arrays)
    os.replace(part, path)

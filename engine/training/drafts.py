"""Drafts: what the denoiser of `city` makes of predictions and of holes whose truth is known.

They are what its refiner learns from, made once and kept beside the worlds.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.data.city.archive import open_labels
from engine.data.crops import apply_symmetry
from engine.data.scans.pairs import open_pair
from engine.geometry.maps import CELL, layout_of
from engine.labels import UNKNOWN, label_space
from engine.models.city.model import CityModel
from engine.scene import Labels, VoxelScene
from engine.tasks.fill import Canvas, sample_window
from engine.tasks.request import REFINE_STRENGTH, Sampling
from engine.training.masks import draw_mask

EDGE = 256
"""Voxels along the edges of a scene."""
_ARRAYS = ("given", "made", "latent", "truth", "invalid")
_STEPS = (1, 4)
"""How many denoising steps drafts of predictions take."""
_LEAST, _MOST = 0.4, 0.9
"""From which noise levels scenes are made anew; from more they would have little to do with their truth."""


@dataclass(frozen=True, eq=False)
class Draft:
    """A scene in the making and its truth, arrays `(X, Y, Z)`.

    Attributes
    ----------
    given
        `uint8`: a prediction, or what is known around a hole; 255 where nothing is.
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
    folder: Path, model: CityModel, pairs: Sequence[Path], worlds: Sequence[Path], holes: int, coarse: float, seed: int
) -> list[Path]:
    """Make drafts of all predictions of some pairs and of `holes` scenes of worlds, but for those that are there.

    A share `coarse` of the predictions is made twice as coarse before. Takes about a second a draft on one core.
    Returns the files.
    """
    folder.mkdir(parents=True, exist_ok=True)
    jobs: dict[Path, tuple[Path, str | int]] = {}
    for path in pairs:
        with np.load(path) as file:
            names = [name for name in file.files if name not in ("complete", "invalid")]
        jobs |= {folder / f"{path.stem}-{name}.npz": (path, name) for name in names}
    for number in range(holes):
        path = worlds[number % len(worlds)]
        jobs[folder / f"{path.stem}-hole-{number // len(worlds):03d}.npz"] = (path, number)
    for number, (target, (path, what)) in enumerate(jobs.items()):
        if not target.is_file():
            rng = np.random.default_rng([seed, number])
            _save(
                target, _refined(model, path, what, coarse, rng) if isinstance(what, str) else _filled(model, path, rng)
            )
    return list(jobs)


def open_draft(path: Path) -> Draft:
    """Read a draft."""
    with np.load(path) as file:
        return Draft(*(file[name] for name in _ARRAYS))


def coarsen(labels: Labels, least: int) -> Labels:
    """Give every 2 x 2 x 2 voxels one label: the commonest solid one where at least `least` of the eight are solid."""
    x, y, z = (n // 2 for n in labels.shape)
    eights = labels.reshape(x, 2, y, 2, z, 2).transpose(0, 2, 4, 1, 3, 5).reshape(x, y, z, 8)
    solid = (eights != 0) & (eights != UNKNOWN)
    alike = (eights[..., :, None] == eights[..., None, :]).sum(axis=-1) * solid
    best = np.take_along_axis(eights, alike.argmax(axis=-1)[..., None], axis=-1)[..., 0]
    unknown = (eights == UNKNOWN).sum(axis=-1) > 4
    coarse = np.where(solid.sum(axis=-1) >= least, best, np.where(unknown, UNKNOWN, 0)).astype(np.uint8)
    return np.repeat(np.repeat(np.repeat(coarse, 2, axis=0), 2, axis=1), 2, axis=2)


def _refined(model: CityModel, path: Path, name: str, coarse: float, rng: np.random.Generator) -> Draft:
    pair = open_pair(path)
    source = pair.sources[name]
    if rng.random() < coarse:
        source = coarsen(source, int(rng.integers(1, 6)))
    scene = VoxelScene.from_labels(source)
    canvas = Canvas(scene, scene.box, np.ones(scene.box.shape, np.bool_), source=scene.snapshot())
    sampling = Sampling(seed=int(rng.integers(2**31)), steps=int(rng.choice(_STEPS)), strength=REFINE_STRENGTH)
    return _draft(model, canvas, sampling, source, pair.complete, pair.invalid)


def _filled(model: CityModel, path: Path, rng: np.random.Generator) -> Draft:
    labels, space = open_labels(path), label_space(model.card.label_space)
    edge = min(EDGE, *labels.shape[:2])
    x, y = (int(rng.integers((n - edge) // CELL + 1)) * CELL for n in labels.shape[:2])
    truth = apply_symmetry(np.asarray(labels[x : x + edge, y : y + edge]), int(rng.integers(8)))
    hidden = np.ones(truth.shape, np.bool_) if rng.random() < 0.4 else draw_mask(rng, truth.shape)
    given = np.where(hidden, UNKNOWN, truth).astype(np.uint8)
    scene = VoxelScene.from_labels(truth)
    canvas = Canvas(scene, scene.box, hidden, layout_of(truth, space))
    strength = float(rng.uniform(_LEAST, _MOST))
    sampling = Sampling(seed=int(rng.integers(2**31)), steps=6, strength=strength)
    return _draft(model, canvas, sampling, given, truth, np.zeros(truth.shape, np.bool_))


def _draft(
    model: CityModel, canvas: Canvas, sampling: Sampling, given: Labels, truth: Labels, invalid: NDArray[np.bool_]
) -> Draft:
    *_, last = sample_window(model, canvas, canvas.scene.box, sampling, ())
    made = model.decode(last.x0).cpu().numpy()
    return Draft(given, made, last.x0[0].half().cpu().numpy(), truth, np.packbits(invalid, axis=2))


def _save(path: Path, draft: Draft) -> None:
    part = path.with_suffix(f".{os.getpid()}.part")
    with part.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **{name: getattr(draft, name) for name in _ARRAYS})
    os.replace(part, path)

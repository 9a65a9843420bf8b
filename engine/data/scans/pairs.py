"""Predictions beside the truth, made once and kept: what refinement learns from, and what it is measured on."""

from __future__ import annotations

import os
import zlib
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.data.city.archive import open_labels
from engine.data.scans.drive import cut_scene
from engine.data.scans.examples import make_example
from engine.data.scans.profiles import PROFILES, Split, draw_parameters, predict
from engine.errors import RequestError
from engine.labels import UNKNOWN

Labels = NDArray[np.uint8]

SCAN = "scan"
"""Name of the source that is no prediction: what one turn of the scanner hit, unknown where it could not see."""
EDGE = 256
"""Voxels along the edges of a scene."""
_WINDOW = 640
_TRIES = 8


@dataclass(frozen=True, eq=False)
class Pair:
    """A scene and what is made of its scan, arrays `(X, Y, Z)`.

    Attributes
    ----------
    complete
        `uint8`, the truth.
    invalid
        `bool`, voxels that do not count in scores.
    sources
        By predictor, and the scan by itself; `uint8`.
    """

    complete: Labels
    invalid: NDArray[np.bool_]
    sources: Mapping[str, Labels]


def make_pair(labels: Labels, split: Split, rng: np.random.Generator, edge: int = EDGE) -> Pair:
    """Cut a scene of `edge` x `edge` voxels out of a world `(X, Y, Z)`, scan it and let every predictor complete it.

    Parameters of the predictors are drawn from those for training or for testing, which do not meet. Raises
    `RequestError` where the world is too small or has no open ground.
    """
    example = make_example(cut_scene(labels, (edge, edge), rng), rng)
    sources = {p.name: predict(example, draw_parameters(p, split, rng), rng) for p in PROFILES.values()}
    sources[SCAN] = np.where(example.seen | (example.sparse != 0), example.sparse, np.uint8(UNKNOWN))
    return Pair(example.complete, example.invalid, sources)


def write_training_pairs(folder: Path, worlds: Sequence[Path], count: int, processes: int | None = None) -> list[Path]:
    """Make `count` pairs to train on, evenly from all worlds, but for those that are there; lists their files.

    Takes four seconds a pair on one core.
    """
    folder.mkdir(parents=True, exist_ok=True)
    jobs = {}
    for number in range(count):
        world, part = worlds[number % len(worlds)], number // len(worlds)
        jobs[folder / f"{world.stem}-{part:03d}.npz"] = (world, part)
    missing = [(path, *job) for path, job in jobs.items() if not path.is_file()]
    workers = min(processes or os.cpu_count() or 1, len(missing))
    if workers == 1:
        for job in missing:
            _write_from_world(*job)
    elif missing:
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
            for done in as_completed([pool.submit(_write_from_world, *job) for job in missing]):
                done.result()
    return list(jobs)


def save_pair(path: Path, pair: Pair) -> None:
    """Write a pair, in one step."""
    draft = path.with_suffix(f".{os.getpid()}.part")
    with draft.open("wb") as file:
        invalid = np.packbits(pair.invalid)
        np.savez_compressed(file, allow_pickle=False, complete=pair.complete, invalid=invalid, **pair.sources)
    os.replace(draft, path)


def open_pair(path: Path) -> Pair:
    """Read a pair."""
    with np.load(path) as file:
        sources = {name: file[name] for name in (*PROFILES, SCAN)}
        invalid = np.unpackbits(file["invalid"]).view(np.bool_)[: file["complete"].size]
        return Pair(file["complete"], invalid.reshape(file["complete"].shape), sources)


def _write_from_world(path: Path, world: Path, part: int) -> None:
    rng = np.random.default_rng([part, zlib.crc32(world.stem.encode())])
    labels = open_labels(world)
    window = [min(_WINDOW, n) for n in labels.shape[:2]]
    for attempt in range(_TRIES):
        x, y = (int(rng.integers(n - w + 1)) for n, w in zip(labels.shape[:2], window, strict=True))
        try:
            pair = make_pair(np.asarray(labels[x : x + window[0], y : y + window[1]]), "train", rng)
        except RequestError:  # no open ground just there
            if attempt == _TRIES - 1:
                raise
            continue
        return save_pair(path, pair)
    return None

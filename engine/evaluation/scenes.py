"""The scenes that a judgement needs: held-out ones, training ones, a model's samples, and a folder of anyone's files.

All are made on demand, kept on disk and not made again, so that an interrupted evaluation goes on where it stopped.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field, replace
from functools import cached_property
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.data.city.archive import open_labels
from engine.data.crops import apply_symmetry
from engine.errors import RequestError
from engine.evaluation.sources import Procedural, Source
from engine.formats.registry import read_scene, readers, write_scene
from engine.labels import LabelSpace, label_space
from engine.models.precision import precision_of
from engine.resources import user_data
from engine.session import Session
from engine.tasks.request import GenerateRequest, Sampling

Labels = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class SceneSet:
    """Scenes of one origin: `read(i)` gives `(X, Y, Z) uint8` for i in 0 .. count - 1, the same ones every time.

    `key` names origin and content, so that what was measured on it can be kept; empty where it may not be kept.
    """

    name: str
    count: int
    read: Callable[[int], Labels]
    key: str = ""


@dataclass(frozen=True)
class WorldCrops:
    """Random crops of the worlds of a source, which are made on demand.

    Attributes
    ----------
    folder
        Where crops are kept.
    source
        Makes the worlds; scene i comes from world `i // per_world`.
    parts
        A world is cut into `parts` x `parts` fields with one crop at a random place in each, turned at random.
    window
        Voxels along the edge of a crop.
    processes
        How many make worlds, by default one for each core.
    """

    folder: Path
    source: Source = field(default_factory=Procedural)
    parts: int = 2
    window: int = 256
    processes: int | None = None

    @property
    def per_world(self) -> int:
        return self.parts**2

    @property
    def key(self) -> str:
        return f"{self.source.key}-{self.parts}-{self.window}"

    def ensure(self, first: int, count: int) -> Iterator[int]:
        """Make the worlds of scenes first .. first + count - 1 that are not there, on all cores; yields each one."""
        numbers = range(first // self.per_world, (first + count - 1) // self.per_world + 1)
        missing = [n for n in numbers if not self._path(n).is_file()]
        if not missing:
            return
        self._path(0).parent.mkdir(parents=True, exist_ok=True)
        workers = min(len(missing), self.processes or os.cpu_count() or 1)
        if workers == 1:
            for number in missing:
                yield self._make(number)
            return
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
            jobs = [pool.submit(self._make, n) for n in missing]
            try:
                for job in as_completed(jobs):
                    yield job.result()
            finally:
                pool.shutdown(cancel_futures=True)  # whoever is interrupted waits for the worlds under way only

    def read(self, i: int) -> Labels:
        """Read scene i; its world must be there."""
        with np.load(self._path(i // self.per_world)) as file:
            return np.asarray(file[f"scene{i % self.per_world}"])

    def scenes(self, name: str, first: int, count: int) -> SceneSet:
        """Give a run of scenes as a set; `ensure` makes them."""
        return SceneSet(name, count, lambda i: self.read(first + i), f"{self.key}-{first}-{count}")

    def _path(self, number: int) -> Path:
        return self.folder / self.key / f"world-{self.source.seed + number:07d}.npz"

    def _make(self, number: int) -> int:
        labels, rng = self.source.make(number), np.random.default_rng([self.source.seed + number, 17])
        side = labels.shape[0] // self.parts
        crops = {}
        for part in range(self.per_world):
            x, y = (m * side + int(rng.integers(side - self.window + 1)) for m in divmod(part, self.parts))
            crop = labels[x : x + self.window, y : y + self.window]
            crops[f"scene{part}"] = apply_symmetry(crop, int(rng.integers(8)))
        draft = self._path(number).with_suffix(f".{os.getpid()}.part")
        with draft.open("wb") as file:
            np.savez_compressed(file, allow_pickle=False, **crops)
        os.replace(draft, self._path(number))
        return number


@dataclass(frozen=True, eq=False)
class Samples:
    """What a model makes of the seeds 0, 1, 2, ... with the sampling of `Sampling`'s defaults."""

    folder: Path
    session: Session
    model: str
    size: int = 256
    sampling: Sampling = field(default_factory=Sampling)

    @cached_property
    def place(self) -> Path:
        card, how = self.session.load(self.model).card, self.sampling
        name = f"{card.name}-{card.sha256[:12]}-{how.sampler}-{how.steps}-{self.size}-{self.session.device}"
        return self.folder / f"{name}-{precision_of(self.session.device)}"

    def ensure(self, count: int) -> Iterator[int]:
        """Sample the scenes that are not there; yields each seed."""
        self.place.mkdir(parents=True, exist_ok=True)
        for seed in range(count):
            if not self._path(seed).is_file():
                self._sample(seed)
                yield seed

    def read(self, seed: int) -> Labels:
        """Read the scene of a seed."""
        return read_scene(self._path(seed)).read()

    def scenes(self, count: int) -> SceneSet:
        """Give the first scenes as a set; `ensure` makes them."""
        return SceneSet(self.session.load(self.model).card.name, count, self.read)

    def _path(self, seed: int) -> Path:
        return self.place / f"seed-{seed:06d}.npz"

    def _sample(self, seed: int) -> None:
        sampling = replace(self.sampling, model=self.model, seed=seed)
        for step in self.session.run(GenerateRequest((self.size, self.size), sampling)):
            if step.result is not None and step.result.scene is not None:
                write_scene(step.result.scene, self._path(seed))


def cache_folder() -> Path:
    """Where held-out scenes and samples are kept between evaluations."""
    return user_data("evaluation")


def open_folder(folder: Path, count: int, window: int, height: int, space: LabelSpace | None = None) -> SceneSet:
    """Take up to `count` scenes of a folder: files of any readable format, or worlds, of which random crops are cut.

    Which files, and where larger ones are cut, is drawn blindly (by the seed 0). Raises `RequestError` where a file is
    of another height or label space, or too small, and where the folder holds no scene.
    """
    if not folder.is_dir():
        raise RequestError(f"there is no folder {folder}; name one with scenes")
    worlds = sorted(folder.glob("world-*.zarr"))
    endings = {ending for reader in readers() for ending in reader.endings}
    files = worlds or sorted(p for p in folder.iterdir() if p.is_file() and p.suffix.lower() in endings)
    if not files:
        raise RequestError(
            f"{folder} holds no scenes; fill it with `scenewright generate --count N --out {folder}/a.npz`"
        )
    if not worlds and len(files) > count:
        files = [files[i] for i in np.sort(np.random.default_rng(0).choice(len(files), count, replace=False))]
    wanted = space or label_space()

    def read(i: int) -> Labels:
        path = files[i % len(files)]
        voxels = open_labels(path) if worlds else _labels_of(path, wanted)
        return _cut(voxels, path, window, height, np.random.default_rng([0, i]))

    return SceneSet(folder.name, count if worlds else len(files), read)


def _labels_of(path: Path, space: LabelSpace) -> Labels:
    scene = read_scene(path)
    if scene.space != space:
        raise RequestError(
            f"{path} is in the classes of '{scene.space.name}'; bring it to '{space.name}' with "
            "`scenewright convert IN OUT --like city`"
        )
    return scene.read()


def _cut(labels: Any, path: Path, window: int, height: int, rng: np.random.Generator) -> Labels:
    """Cut a random window out of an array, or of a stored one, of which only that part is read."""
    x, y, z = labels.shape
    if z != height or min(x, y) < window:
        raise RequestError(
            f"{path} has {x} x {y} x {z} voxels; the judge compares {window} x {window} x {height}: "
            "give larger scenes, or change their height with `scenewright convert IN OUT --like city`"
        )
    x0, y0 = int(rng.integers(x - window + 1)), int(rng.integers(y - window + 1))
    return np.ascontiguousarray(labels[x0 : x0 + window, y0 : y0 + window])

"""All that is measured of a set of scenes, once, so that sets can be compared without touching their voxels again."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.evaluation import distribution, memorisation, patterns, structure
from engine.evaluation.corruptions import TILE
from engine.evaluation.features import Judge
from engine.evaluation.scenes import Labels, SceneSet
from engine.evaluation.seams import SeamCount, count_tile_seams
from engine.evaluation.structure import Structure
from engine.labels import LabelSpace

_FORMAT = 1
"""Of kept summaries; to be raised whenever a measurement or a corruption changes."""


@dataclass(frozen=True, eq=False)
class Summary:
    """What a set of N scenes amounts to.

    Attributes
    ----------
    features
        `(N, D) float64`.
    classes
        `(Z, 256) int64`, voxels of each train id in each height slice, over all scenes.
    patterns
        `(W, BUCKETS) int64`, blocks of labels of each of `patterns.WIDTHS`, by hash, over all scenes.
    structure
        Samples of every quantity, over all scenes.
    seams
        Between tiles of 64 x 64 voxels.
    """

    features: NDArray[np.float64]
    classes: NDArray[np.int64]
    patterns: NDArray[np.int64]
    structure: Structure
    seams: SeamCount

    def repeat(self, count: int) -> Summary:
        """Summarise a set that holds the only scene of this one `count` times."""
        samples = {name: np.tile(values, count) for name, values in self.structure.items()}
        return Summary(
            np.repeat(self.features, count, axis=0), self.classes * count, self.patterns * count, samples, self.seams
        )


@dataclass(frozen=True, eq=False)
class _One:
    """What one scene amounts to."""

    features: NDArray[np.float64]
    classes: NDArray[np.int64]
    patterns: list[NDArray[np.int64]]
    structure: Structure
    seams: SeamCount


def summarise(scenes: SceneSet, judge: Judge, space: LabelSpace) -> Iterator[int | Summary]:
    """Measure every scene, on all cores; yields the number done after each, and the summary at the end."""
    features, samples = [], []
    classes: Any = 0
    counts: Any = 0
    seams = SeamCount()
    for one in _measure_all(scenes, judge, space):
        features.append(one.features)
        samples.append(one.structure)
        classes, counts, seams = classes + one.classes, counts + np.stack(one.patterns), seams + one.seams
        yield len(features)
    yield Summary(np.stack(features), classes, counts, structure.pool(samples), seams)


def summarise_once(scenes: SceneSet, judge: Judge, space: LabelSpace, folder: Path) -> Iterator[int | Summary]:
    """Do as `summarise`, but keep the summary in a folder and read it where it is there already."""
    path = folder / f"{scenes.name}-{scenes.key}-{judge.sha256[:12]}-{_FORMAT}.npz"
    if scenes.key and path.is_file():
        yield load_summary(path)
        return
    for step in summarise(scenes, judge, space):
        if isinstance(step, Summary) and scenes.key:
            save_summary(step, path)
        yield step


def save_summary(summary: Summary, path: Path) -> None:
    """Write a summary as npz, in one step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(f".{os.getpid()}.part")
    with draft.open("wb") as file:
        np.savez_compressed(
            file,
            allow_pickle=False,
            features=summary.features,
            classes=summary.classes,
            patterns=summary.patterns,
            seams=np.array(astuple(summary.seams)),
            **{f"structure_{name}": values for name, values in summary.structure.items()},
        )
    os.replace(draft, path)


def load_summary(path: Path) -> Summary:
    """Read a summary."""
    with np.load(path) as file:
        samples = {name: file[f"structure_{name}"] for name in structure.QUANTITIES}
        seams = SeamCount(*(int(n) for n in file["seams"]))
        return Summary(file["features"], file["classes"], file["patterns"], samples, seams)


def compare(held_out: Summary, generated: Summary, training: Summary) -> dict[str, Any]:
    """Compare a set with the held-out one: every metric but those that need a model, nested as in the report."""
    return compare_clouds(held_out, generated) | {
        "seam_ratio": generated.seams.ratio,
        "memorisation_z": memorisation.memorisation_z(generated.features, held_out.features, training.features),
    }


def compare_clouds(reference: Summary, generated: Summary) -> dict[str, Any]:
    """Compare a set with another one by everything that needs only those two."""
    manifold = distribution.compare_manifolds(reference.features, generated.features)
    return {
        "f3d": distribution.frechet_distance(reference.features, generated.features),
        "kid": distribution.kernel_distance(reference.features, generated.features),
        "precision": manifold.precision,
        "recall": manifold.recall,
        "density": manifold.density,
        "coverage": manifold.coverage,
        "class_js": patterns.class_divergence(reference.classes, generated.classes),
        "class_js_slices": patterns.slice_divergences(reference.classes, generated.classes),
        "tpkl": patterns.pattern_divergence(reference.patterns, generated.patterns),
        "structure": structure.compare_structure(reference.structure, generated.structure),
    }


def _measure_all(scenes: SceneSet, judge: Judge, space: LabelSpace) -> Iterator[_One]:
    """Measure on all cores, a few scenes ahead: memory stays small, and whoever is interrupted waits for those only."""
    ahead = 2 * (os.cpu_count() or 1)
    with ThreadPoolExecutor(ahead // 2) as pool:
        for start in range(0, scenes.count, ahead):
            numbers = range(start, min(start + ahead, scenes.count))
            yield from pool.map(lambda i: _measure(scenes.read(i), i, judge, space), numbers)


def _measure(labels: Labels, number: int, judge: Judge, space: LabelSpace) -> _One:
    return _One(
        judge.describe(labels),
        patterns.count_classes(labels),
        [patterns.count_patterns(labels, width) for width in patterns.WIDTHS],
        structure.measure_structure(labels, space),
        count_tile_seams(labels, TILE, np.random.default_rng([number, 23])),
    )

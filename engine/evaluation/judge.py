"""One judgement from beginning to end: held-out scenes, ladder, floor, the scenes to judge, and the verdict."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import RequestError, SamplingError
from engine.evaluation.corruptions import COPIES, LADDER, find_broken, place_on_ladder
from engine.evaluation.distribution import NEIGHBOURS
from engine.evaluation.edits import EditScore, score_edits
from engine.evaluation.features import Judge
from engine.evaluation.scenes import Samples, SceneSet, WorldCrops
from engine.evaluation.structure import QUANTITIES
from engine.evaluation.summary import Summary, compare, summarise_once
from engine.labels import LabelSpace, label_space

LEAST = 2 * NEIGHBOURS


@dataclass(frozen=True)
class Progress:
    """How far a judgement has come; `total` of 0 says that nobody knows."""

    stage: str
    done: int
    total: int


@dataclass(frozen=True, eq=False)
class Bench:
    """What scenes are judged against.

    Attributes
    ----------
    held_out
        Worlds that nobody trains on.
    training
        Worlds as the shipped models were trained on.
    folder
        Where summaries are kept.
    edits
        How many held-out scenes a model edits.
    """

    judge: Judge
    held_out: WorldCrops
    training: WorldCrops
    folder: Path
    edits: int = 8

    @classmethod
    def in_folder(cls, judge: Judge, folder: Path) -> Bench:
        """Make the standard bench, which keeps everything in one folder."""
        held_out = WorldCrops(folder)
        return cls(judge, held_out, replace(held_out, seed=0, world=2048, parts=4), folder)

    @property
    def space(self) -> LabelSpace:
        return label_space()


@dataclass(frozen=True, eq=False)
class Candidate:
    """What is judged: scenes, and the samples' model where they come from one."""

    scenes: SceneSet
    samples: Samples | None = None


@dataclass(frozen=True, eq=False)
class Verdict:
    """The outcome.

    Attributes
    ----------
    metrics
        What `evaluate --json` prints: figures of the candidate, `floor`, `ladder`, `ladder_place`, hash and seed.
    broken
        Where the judge itself failed, in words.
    candidate, held_out
        The scenes that were compared, to be drawn.
    shares
        Share of every class among solid voxels: name -> (held-out, candidate).
    typical
        Mean of every structure quantity: name -> (held-out, candidate).
    """

    metrics: dict[str, Any]
    broken: list[str]
    candidate: SceneSet
    held_out: SceneSet
    shares: dict[str, tuple[float, float]]
    typical: dict[str, tuple[float, float]]

    def require_sound(self) -> None:
        """Raise `SamplingError` where a metric stays still that must react."""
        if self.broken:
            more = f" and {len(self.broken) - 1} more (see the report)" if len(self.broken) > 1 else ""
            raise SamplingError(
                f"the judge is blind: {self.broken[0]}{more}; take more scenes, or train the judge anew"
            )


def evaluate(candidate: Candidate, bench: Bench) -> Iterator[Progress | Verdict]:
    """Judge a candidate; yields progress, and the verdict at the end.

    As many held-out scenes as the candidate has are the reference, as many others give floor and ladder: all figures of
    a report are of the same number of scenes, because Frechet distances of different numbers do not compare.
    """
    n = candidate.scenes.count
    if n < LEAST:
        raise RequestError(f"{n} scenes are too few to judge; take at least {LEAST}, better 200")
    if candidate.samples is not None:
        for done in candidate.samples.ensure(n):
            yield Progress("samples", done + 1, n)
    held_out, control, training = yield from _prepare(bench, n)
    reference = yield from _summary(bench, held_out)
    seen = yield from _summary(bench, training)
    floor = compare(reference, (yield from _summary(bench, control)), seen)
    ladder = {}
    for name in LADDER:
        rung = yield from _summary(bench, _corrupted(name, control, bench.space))
        ladder[name] = compare(reference, rung, seen)
    one = yield from _summary(bench, replace(training, name=COPIES, count=1))
    ladder[COPIES] = compare(reference, one.repeat(n), seen)
    summary = yield from _summary(bench, candidate.scenes)
    metrics = compare(reference, summary, seen)
    metrics |= yield from _edit(candidate, held_out, bench.edits)
    yield _conclude(candidate.scenes, held_out, bench, (reference, summary), (metrics, floor, ladder))


def _prepare(bench: Bench, n: int) -> Generator[Progress, None, tuple[SceneSet, SceneSet, SceneSet]]:
    """Make the worlds that are missing; gives held-out, control and training scenes, n of each."""
    second = -(-n // bench.held_out.per_world) * bench.held_out.per_world  # the two halves share no world
    for worlds, first, count, stage in (
        (bench.held_out, 0, second + n, "held-out worlds"),
        (bench.training, 0, n, "training worlds"),
    ):
        for done, _ in enumerate(worlds.ensure(first, count), 1):
            yield Progress(stage, done, 0)
    return (
        bench.held_out.scenes("held-out", 0, n),
        bench.held_out.scenes("control", second, n),
        bench.training.scenes("training", 0, n),
    )


def _summary(bench: Bench, scenes: SceneSet) -> Generator[Progress, None, Summary]:
    steps = summarise_once(scenes, bench.judge, bench.space, bench.folder / "summaries")
    while not isinstance(step := next(steps), Summary):
        yield Progress(scenes.name, step, scenes.count)
    return step


def _corrupted(name: str, scenes: SceneSet, space: LabelSpace) -> SceneSet:
    def read(i: int) -> NDArray[np.uint8]:
        return LADDER[name](scenes.read(i), space, np.random.default_rng([i, 41]))

    return SceneSet(name, scenes.count, read, scenes.key)


def _edit(candidate: Candidate, held_out: SceneSet, count: int) -> Generator[Progress, None, dict[str, Any]]:
    """Let a model edit held-out scenes. Scenes without a model have the seams of their tiles and no locality."""
    if candidate.samples is None:
        return {"locality": None}
    samples = candidate.samples
    score, edits = (
        EditScore(),
        score_edits(samples.session, replace(samples.sampling, model=samples.model), held_out, count),
    )
    for done, so_far in enumerate(edits, 1):
        score = so_far
        yield Progress("edits", done, count)
    return {"seam_ratio": score.seams.ratio, "locality": score.leaks}


def _conclude(
    scenes: SceneSet,
    held_out: SceneSet,
    bench: Bench,
    pair: tuple[Summary, Summary],
    figures: tuple[dict[str, Any], dict[str, Any], dict[str, dict[str, Any]]],
) -> Verdict:
    metrics, floor, ladder = figures
    broken = find_broken(floor, ladder)
    whole = {
        "n": scenes.count,
        **metrics,
        "floor": floor,
        "ladder": ladder,
        "ladder_place": place_on_ladder(metrics["f3d"], ladder),
        "broken": broken,
        "feature_net_sha256": bench.judge.sha256,
        "data_seed": bench.held_out.seed,
    }
    shares = [_shares(s, bench.space) for s in pair]
    typical = [_typical(s) for s in pair]
    return Verdict(whole, broken, scenes, held_out, _side_by_side(shares), _side_by_side(typical))


def _shares(summary: Summary, space: LabelSpace) -> dict[str, float]:
    counts = summary.classes.sum(axis=0)[list(space.solid_ids)]
    return {space.names[c]: float(n / max(counts.sum(), 1)) for c, n in zip(space.solid_ids, counts, strict=True)}


def _typical(summary: Summary) -> dict[str, float]:
    return {name: float(summary.structure[name].mean()) if summary.structure[name].size else 0.0 for name in QUANTITIES}


def _side_by_side(pair: list[dict[str, float]]) -> dict[str, tuple[float, float]]:
    return {name: (pair[0][name], pair[1][name]) for name in pair[0]}

"""One judgement from beginning to end: held-out scenes, ladder, floor, the scenes to judge, and the verdict."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import RequestError, SamplingError
from engine.evaluation.control import (
    Adherence,
    Recogniser,
    make_to_order,
    score_adherence,
    summarise_control,
    wishes,
)
from engine.evaluation.corruptions import COPIES, LADDER, find_broken, place_on_ladder
from engine.evaluation.distribution import NEIGHBOURS
from engine.evaluation.edits import EditScore, score_edits
from engine.evaluation.features import Judge
from engine.evaluation.refinement import (
    Predictions,
    RealScan,
    Scores,
    score_real,
    score_refinements,
    summarise_scores,
)
from engine.evaluation.scenes import Samples, SceneSet, WorldCrops
from engine.evaluation.sources import Mapped, Procedural
from engine.evaluation.summary import Summary, compare, compare_clouds, summarise_once
from engine.labels import LabelSpace, label_space

LEAST = 2 * NEIGHBOURS
SCENES, HELD_OUT, PLACES = "scenes", "held-out", "places"


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
    places
        Real places, a second set that scenes are compared with.
    edits
        How many held-out scenes a model edits.
    predictions
        What a model refines, with the truth beside it.
    real
        A real prediction and the scan it was made from, for the same.
    orders
        How many scenes of each kind a model that follows maps makes to order.
    """

    judge: Judge
    held_out: WorldCrops
    training: WorldCrops
    folder: Path
    places: WorldCrops | None = None
    edits: int = 32
    predictions: Predictions | None = None
    real: RealScan | None = None
    orders: int = 8

    @classmethod
    def in_folder(cls, judge: Judge, folder: Path, maps: Path | None = None) -> Bench:
        """Make the standard bench, which keeps everything in one folder; `maps` holds maps of real places."""
        training = WorldCrops(folder, Procedural(seed=0, edge=2048), parts=4)
        places = None if maps is None else WorldCrops(folder, Mapped.of_folder(maps))
        return cls(judge, WorldCrops(folder), training, folder, places, predictions=Predictions(folder / "predictions"))

    @property
    def space(self) -> LabelSpace:
        return label_space()


@dataclass(frozen=True)
class Spread:
    """Mean, tenth and ninetieth hundredth of a quantity, in its unit."""

    mean: float
    low: float
    high: float


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
    sets
        The scenes that were compared, to be drawn: the candidate, the held-out ones, and real places where there are.
    shares
        Share of every class among solid voxels of every set: set -> class -> share.
    typical
        How every structure quantity is spread in every set: set -> quantity -> spread.
    """

    metrics: dict[str, Any]
    broken: list[str]
    sets: dict[str, SceneSet]
    shares: dict[str, dict[str, float]]
    typical: dict[str, dict[str, Spread]]

    @property
    def candidate(self) -> SceneSet:
        return self.sets[SCENES]

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
    other = yield from _summary(bench, control)
    floor = compare(reference, other, seen)
    ladder = {}
    for name in LADDER:
        rung = yield from _summary(bench, _corrupted(name, control, bench.space))
        ladder[name] = compare(reference, rung, seen)
    one = yield from _summary(bench, replace(training, name=COPIES, count=1))
    ladder[COPIES] = compare(reference, one.repeat(n), seen)
    summary = yield from _summary(bench, candidate.scenes)
    metrics = compare(reference, summary, seen)
    metrics |= yield from _edit(candidate, held_out, bench.edits)
    metrics |= yield from _refine(candidate, bench)
    metrics["control"] = yield from _order(candidate, bench, held_out, (reference, other))
    sets, summaries = {SCENES: candidate.scenes, HELD_OUT: held_out}, {SCENES: summary, HELD_OUT: reference}
    if bench.places is not None:
        found = yield from _compare_places(bench, bench.places, candidate.scenes, held_out)
        sets[PLACES], summaries[PLACES], metrics[PLACES] = found
    yield _conclude(sets, summaries, bench, (metrics, floor, ladder))


def _compare_places(
    bench: Bench, maps: WorldCrops, scenes: SceneSet, held_out: SceneSet
) -> Generator[Progress, None, tuple[SceneSet, Summary, dict[str, Any]]]:
    """Compare scenes with real places, and beside them the held-out worlds, which nobody can expect them to beat."""
    n = scenes.count if maps.source.count is None else min(scenes.count, maps.source.count * maps.per_world)
    if n < LEAST:
        raise RequestError(f"the maps give {n} scenes, too few to judge by; add larger maps, {LEAST} scenes are needed")
    for done, _ in enumerate(maps.ensure(0, n), 1):
        yield Progress("maps", done, 0)
    places = maps.scenes(PLACES, 0, n)
    reference = yield from _summary(bench, places)
    own = yield from _summary(bench, _first(scenes, n))
    other = yield from _summary(bench, _first(held_out, n))
    figures = {"n": n, **compare_clouds(reference, own), "held_out": compare_clouds(reference, other)}
    return places, reference, figures


def _first(scenes: SceneSet, count: int) -> SceneSet:
    return scenes if count == scenes.count else replace(scenes, count=count, key=scenes.key and f"{scenes.key}-{count}")


def _prepare(bench: Bench, n: int) -> Generator[Progress, None, tuple[SceneSet, SceneSet, SceneSet]]:
    """Make the worlds that are missing; gives held-out, control and training scenes, n of each."""
    second = _halfway(bench, n)
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


def _halfway(bench: Bench, n: int) -> int:
    """Tell the first scene of the second half of held-out scenes; the two halves share no world."""
    return -(-n // bench.held_out.per_world) * bench.held_out.per_world


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


def _refine(candidate: Candidate, bench: Bench) -> Generator[Progress, None, dict[str, Any]]:
    """Let a model refine predictions, simulated ones and a real one where there is one."""
    found: dict[str, Any] = {"completion": None}
    if candidate.samples is None or bench.predictions is None:
        return found
    session, model = candidate.samples.session, candidate.samples.model
    scores: list[Scores] = []
    for so_far in score_refinements(session, model, bench.predictions):
        scores.append(so_far)
        yield Progress("predictions", len(scores), bench.predictions.count)
    found["completion"] = summarise_scores(scores[-1], bench.predictions.count)
    if bench.real is not None:
        found["real_scan"] = score_real(session, model, bench.real)
    return found


def _order(
    candidate: Candidate, bench: Bench, held_out: SceneSet, halves: tuple[Summary, Summary]
) -> Generator[Progress, None, dict[str, Any] | None]:
    """Let a model make scenes to order; styles are recognised by the first half of held-out scenes."""
    samples, source = candidate.samples, bench.held_out.source
    if samples is None or bench.orders == 0 or not samples.session.load(samples.model).follows_maps:
        return None
    sampling, card = replace(samples.sampling, model=samples.model), samples.session.load(samples.model).card
    followed = Adherence()
    for done, so_far in enumerate(score_adherence(samples.session, sampling, held_out, bench.orders), 1):
        followed = so_far
        yield Progress("maps to follow", done, bench.orders)
    found: dict[str, Any] = {"n": bench.orders, "adherence": followed.miou, "adherence_by_class": followed.ious}
    if not card.styles or not isinstance(source, Procedural):
        return found
    start, (first, second) = _halfway(bench, held_out.count), (len(half.features) for half in halves)
    styles = [source.style_of(i // bench.held_out.per_world) for i in range(start + second)]
    recogniser, asked = Recogniser.of(halves[0].features, styles[:first]), wishes(card.styles)
    made = []
    edge = (samples.size, samples.size)
    for one in make_to_order(samples.session, sampling, edge, asked, bench.orders):
        made.append(one)
        yield Progress("scenes to order", len(made), len(asked) * bench.orders)
    found |= summarise_control(made, bench.judge, recogniser, bench.space)
    return found | {"style_held_out": recogniser.score(halves[1].features, styles[start : start + second])}


def _conclude(
    sets: dict[str, SceneSet],
    summaries: dict[str, Summary],
    bench: Bench,
    figures: tuple[dict[str, Any], dict[str, Any], dict[str, dict[str, Any]]],
) -> Verdict:
    metrics, floor, ladder = figures
    broken = find_broken(floor, ladder)
    whole = {
        "n": sets[SCENES].count,
        **metrics,
        "floor": floor,
        "ladder": ladder,
        "ladder_place": place_on_ladder(metrics["f3d"], ladder),
        "broken": broken,
        "feature_net_sha256": bench.judge.sha256,
        "data_seed": bench.held_out.source.seed,
    }
    shares = {name: _shares(summary, bench.space) for name, summary in summaries.items()}
    typical = {name: _typical(summary) for name, summary in summaries.items()}
    return Verdict(whole, broken, sets, shares, typical)


def _shares(summary: Summary, space: LabelSpace) -> dict[str, float]:
    counts = summary.classes.sum(axis=0)[list(space.solid_ids)]
    return {space.names[c]: float(n / max(counts.sum(), 1)) for c, n in zip(space.solid_ids, counts, strict=True)}


def _typical(summary: Summary) -> dict[str, Spread]:
    samples = {name: values if values.size else np.zeros(1) for name, values in summary.structure.items()}
    return {
        name: Spread(float(v.mean()), *(float(q) for q in np.quantile(v, (0.1, 0.9)))) for name, v in samples.items()
    }

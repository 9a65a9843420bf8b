"""Which sampler at which step count makes how good scenes, or fills holes how well, and how long it takes."""

from __future__ import annotations

import csv
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from engine.errors import RequestError
from engine.evaluation.edits import EDGE, EditScore, score_edits
from engine.evaluation.judge import LEAST, Bench, Progress
from engine.evaluation.scenes import Samples, SceneSet
from engine.evaluation.summary import Summary, compare_clouds, summarise_once
from engine.session import Session
from engine.tasks.fill import count_steps
from engine.tasks.request import GenerateRequest, Sampling

CASES: tuple[tuple[str, int], ...] = (
    *(("dpmpp-2m", n) for n in (4, 8, 12, 20)),
    *(("dpmpp-2m-sde", n) for n in (4, 8, 12, 20)),
    *(("unipc", n) for n in (4, 8, 12, 20)),
    *(("heun", n) for n in (4, 8, 12)),
    *(("ddim", n) for n in (8, 12, 20, 50)),
    *(("ddpm", n) for n in (20, 50, 100)),
)
"""Samplers and steps to compare; the last is what the original of `semcity` does."""


FILLINGS: tuple[tuple[str, int, int], ...] = (("dpmpp-2m", 12, 1), ("dpmpp-2m", 12, 3), ("ddpm", 100, 5))
"""Samplers, steps, how often parts of the steps are gone through; the last is what the original of `semcity` does."""


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes
    ----------
    evaluations
        Of the network, per scene.
    seconds
        For one scene with the weights loaded, decoding included.
    f3d, kid, precision, recall
        Against held-out scenes.
    """

    sampler: str
    steps: int
    evaluations: int
    seconds: float
    f3d: float
    kid: float
    precision: float
    recall: float


@dataclass(frozen=True)
class Comparison:
    """All rows, of `n` scenes each, beside the Frechet distance of other held-out scenes."""

    model: str
    n: int
    floor: float
    rows: tuple[Row, ...]


def compare_samplers(
    session: Session, model: str, bench: Bench, n: int, cases: Sequence[tuple[str, int]] = CASES
) -> Iterator[Progress | Comparison]:
    """Judge `n` scenes of each case; yields progress, and the table at the end.

    Samples are kept, so that an interrupted comparison goes on where it was. Raises `RequestError` for too few scenes.
    """
    if n < LEAST:
        raise RequestError(f"{n} scenes are too few to judge; take at least {LEAST}, better 100")
    for done, _ in enumerate(bench.held_out.ensure(0, 2 * n + bench.held_out.per_world), 1):
        yield Progress("held-out worlds", done, 0)
    second = -(-n // bench.held_out.per_world) * bench.held_out.per_world
    reference, control = (
        _summarise(bench, bench.held_out.scenes(name, first, n))
        for name, first in (("held-out", 0), ("control", second))
    )
    rows = []
    for sampler, steps in cases:
        samples = Samples(
            bench.folder / "samples", session, model, bench.held_out.window, Sampling(sampler=sampler, steps=steps)
        )
        for done in samples.ensure(n):
            yield Progress(f"{sampler} {steps}", done + 1, n)
        found = compare_clouds(reference, _summarise(bench, samples.scenes(n)))
        rows.append(_row(sampler, steps, _time_one(samples), found))
    floor = compare_clouds(reference, control)["f3d"]
    yield Comparison(session.load(model).card.name, n, floor, tuple(rows))


@dataclass(frozen=True)
class Filling:
    """What boxes cut out of held-out scenes are filled with: seams, voxels changed outside, seconds for one box."""

    sampler: str
    steps: int
    resample: int
    evaluations: int
    seconds: float
    seam_ratio: float
    leaks: int


def compare_fillings(
    session: Session, model: str, bench: Bench, cases: Sequence[tuple[str, int, int]] = FILLINGS
) -> Iterator[Progress | tuple[Filling, ...]]:
    """Fill a box in each of `bench.edits` held-out scenes, in every way; yields progress, and the ways at the end."""
    for done, _ in enumerate(bench.held_out.ensure(0, bench.edits), 1):
        yield Progress("held-out worlds", done, 0)
    scenes, rows = bench.held_out.scenes("held-out", 0, bench.edits), []
    for sampler, steps, resample in cases:
        sampling = Sampling(model, steps=steps, sampler=sampler, resample=resample)
        total, start = EditScore(), time.perf_counter()
        for done, total in enumerate(score_edits(session, sampling, scenes, bench.edits), 1):  # noqa: B007 -- its last
            yield Progress(f"{sampler} {steps} x {resample}", done, bench.edits)
        seconds = (time.perf_counter() - start) / bench.edits
        ratio = float("nan") if total.seams.ratio is None else total.seams.ratio
        rows.append(Filling(sampler, steps, resample, _evaluations(sampling), seconds, ratio, total.leaks))
    yield tuple(rows)


def write_fillings(rows: Sequence[Filling], model: str, count: int, out: Path) -> Path:
    """Write them as `fillings.md` into a folder; gives its path."""
    out.mkdir(parents=True, exist_ok=True)
    lines = [
        f"# Holes filled by `{model}`",
        "",
        f"A box of {EDGE} x {EDGE} voxels in each of {count} held-out scenes. A seam ratio of 1 is invisible.",
        "",
        "| sampler | steps | resample | evaluations | s | seam ratio | voxels changed outside |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {r.sampler} | {r.steps} | {r.resample} | {r.evaluations} | {r.seconds:.1f} | {r.seam_ratio:.1f} "
        f"| {r.leaks} |"
        for r in rows
    ]
    (out / "fillings.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return out / "fillings.md"


def write_table(found: Comparison, out: Path) -> list[Path]:
    """Write the table as `samplers.csv` and `samplers.md` into a folder; gives both."""
    out.mkdir(parents=True, exist_ok=True)
    names = [f.name for f in fields(Row)]
    with (out / "samplers.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, names)
        writer.writeheader()
        writer.writerows(
            {k: f"{v:.4g}" if isinstance(v, float) else v for k, v in asdict(r).items()} for r in found.rows
        )
    (out / "samplers.md").write_text(_page(found), encoding="utf-8")
    return [out / "samplers.csv", out / "samplers.md"]


def _page(found: Comparison) -> str:
    best = min(row.f3d for row in found.rows)
    lines = [
        f"# Samplers of `{found.model}`",
        "",
        f"{found.n} scenes a line (seeds 0 to {found.n - 1}) against {found.n} held-out ones; other held-out scenes "
        f"reach a Frechet distance of {found.floor:.1f}. Seconds are of one scene, weights loaded.",
        "",
        "| sampler | steps | evaluations | s | F3D | x best | kernel distance | precision | recall |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for r in found.rows:
        lines.append(
            f"| {r.sampler} | {r.steps} | {r.evaluations} | {r.seconds:.2f} | {r.f3d:.1f} | {r.f3d / best:.2f} | "
            f"{r.kid:.3f} | {r.precision:.2f} | {r.recall:.2f} |"
        )
    return "\n".join(lines) + "\n"


def _summarise(bench: Bench, scenes: SceneSet) -> Summary:
    for step in summarise_once(scenes, bench.judge, bench.space, bench.folder / "summaries"):
        if isinstance(step, Summary):
            return step
    raise RequestError(f"there is no scene in '{scenes.name}'; take more")


def _time_one(samples: Samples) -> float:
    start = time.perf_counter()
    sampling = Sampling(samples.model, steps=samples.sampling.steps, sampler=samples.sampling.sampler)
    for _ in samples.session.run(GenerateRequest((samples.size, samples.size), sampling)):
        pass
    return time.perf_counter() - start


def _row(sampler: str, steps: int, seconds: float, found: dict[str, Any]) -> Row:
    evaluations = _evaluations(Sampling(sampler=sampler, steps=steps))
    return Row(sampler, steps, evaluations, seconds, *(float(found[k]) for k in ("f3d", "kid", "precision", "recall")))


def _evaluations(sampling: Sampling) -> int:
    steps = count_steps(sampling)
    return 2 * steps - 1 if sampling.sampler == "heun" else steps  # its last step looks at one end only

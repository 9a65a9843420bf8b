"""`scenewright evaluate`."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from tqdm import tqdm

from editor.commands.reading import open_scene
from editor.commands.running import closed_after, hash_file, peak_memory
from engine.errors import RequestError, SamplingError

if TYPE_CHECKING:
    from engine.evaluation.judge import Bench, Candidate, Progress, Verdict

DEFAULT_COUNT = 200


@click.command()
@click.option("--model", metavar="NAME|DIR", help="Model to judge: by name, or a folder with a card.")
@click.option("--scenes", type=click.Path(path_type=Path), metavar="DIR", help="Scenes or worlds to judge instead.")
@click.option(
    "--n", "count", type=click.IntRange(min=1), default=DEFAULT_COUNT, show_default=True, metavar="N",
    help="Scenes to compare.",
)  # fmt: skip
@click.option(
    "--places", type=click.Path(path_type=Path), metavar="DIR",
    help="Maps (.osm, .osm.gz, CityJSON) of real places to compare with too.",
)  # fmt: skip
@click.option(
    "--real", type=(click.Path(path_type=Path), click.Path(path_type=Path)), metavar="SSC SCAN",
    help="A real prediction to refine, and the labelled scan it was made from.",
)  # fmt: skip
@click.option("--out", type=click.Path(path_type=Path), metavar="DIR", help="Folder for the report with pictures.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on standard output.")
def evaluate(
    model: str | None,
    scenes: Path | None,
    count: int,
    places: Path | None,
    real: tuple[Path, Path] | None,
    out: Path | None,
    as_json: bool,
) -> None:
    """Judge a model, or scenes, against held-out worlds.

    Held-out scenes and samples are kept, so that the next evaluation is quick and an interrupted one goes on.
    """
    if (model is None) == (scenes is None):
        raise RequestError("name either --model NAME|DIR or --scenes DIR to judge")
    start = time.perf_counter()
    bench = _open_bench(places, real)
    candidate = _of_model(model, count, bench) if model is not None else _of_folder(scenes, count, bench)
    loaded = time.perf_counter()
    verdict = _judge(candidate, bench)
    files = _write(verdict, out) if out is not None else []
    facts = _facts(candidate, model, files, (loaded - start, time.perf_counter() - loaded))
    _show(facts, verdict, files, as_json)
    verdict.require_sound()


def _open_bench(maps: Path | None, real: tuple[Path, Path] | None) -> Bench:
    """Load the judge and say where held-out scenes are kept; where there is no judge, all else would be in vain."""
    from engine.evaluation.features import load_judge
    from engine.evaluation.judge import Bench
    from engine.evaluation.refinement import RealScan
    from engine.evaluation.scenes import cache_folder

    bench = Bench.in_folder(load_judge(), cache_folder(), maps)
    return bench if real is None else replace(bench, real=RealScan(*map(open_scene, real)))


def _of_model(model: str, count: int, bench: Bench) -> Candidate:
    from engine.evaluation.judge import Candidate
    from engine.evaluation.scenes import Samples
    from engine.session import Session

    samples = Samples(bench.folder / "samples", Session(), model, bench.held_out.window)
    return Candidate(samples.scenes(count), samples)


def _of_folder(folder: Path | None, count: int, bench: Bench) -> Candidate:
    from engine.evaluation.judge import Candidate
    from engine.evaluation.scenes import open_folder

    return Candidate(open_folder(folder or Path(), count, bench.held_out.window, bench.held_out.source.height))


def _judge(candidate: Candidate, bench: Bench) -> Verdict:
    from engine.evaluation.judge import Verdict, evaluate

    with closed_after(evaluate(candidate, bench)) as steps:
        for step in _shown(steps):
            if isinstance(step, Verdict):
                return step
    raise SamplingError("the evaluation ended without a verdict; run it again")


def _shown(steps: Iterator[Progress | Verdict]) -> Iterator[Progress | Verdict]:
    """Pass the steps on with one bar for each stage on standard error."""
    from engine.evaluation.judge import Progress

    bar: tqdm[Any] | None = None
    stage = ""
    try:
        for step in steps:
            if isinstance(step, Progress):
                if bar is None or stage != step.stage:
                    if bar is not None:
                        bar.close()
                    stage = step.stage
                    bar = tqdm(desc=stage, total=step.total or None, file=sys.stderr, leave=False)
                bar.update(step.done - bar.n)
            yield step
    finally:
        if bar is not None:
            bar.close()


def _write(verdict: Verdict, out: Path) -> list[Path]:
    from engine.evaluation.report import write_report

    return list(write_report(verdict, out))


def _facts(candidate: Candidate, model: str | None, files: list[Path], times: tuple[float, float]) -> dict[str, Any]:
    """Give the keys that all tasks report."""
    samples = candidate.samples
    return {
        "command": "evaluate",
        "model": model,
        "seed": 0,
        "steps": samples.sampling.steps if samples else None,
        "sampler": samples.sampling.sampler if samples else None,
        "device": samples.session.device if samples else "cpu",
        "load_seconds": round(times[0], 4),
        "seconds": round(times[1], 4),
        "first_step_seconds": None,
        "peak_memory_mb": round(peak_memory() / 1e6, 1),
        "output": [str(p) for p in files],
        "sha256": [hash_file(p) for p in files],
    }


def _show(facts: dict[str, Any], verdict: Verdict, files: list[Path], as_json: bool) -> None:
    from engine.evaluation.report import tabulate

    if as_json:
        click.echo(json.dumps(facts | verdict.metrics))
        return
    for line in tabulate(verdict):
        click.echo(line)
    for path in files:
        click.echo(path)

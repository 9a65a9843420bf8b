"""Writes the table that says which sampler at which step count makes how good scenes, or how well holes are filled.

Run it in a checkout, best on a quiet machine: `python packaging/samplers.py semcity --n 100`. It takes hours on a CPU;
what is interrupted goes on where it was. `--cases dpmpp-2m:8 ddpm:100` compares those only; `--fillings` fills holes in
held-out scenes instead, in minutes.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from tqdm import tqdm

from engine.evaluation.features import load_judge
from engine.evaluation.judge import Bench, Progress
from engine.evaluation.samplers import (
    CASES,
    Comparison,
    Filling,
    compare_fillings,
    compare_samplers,
    write_fillings,
    write_table,
)
from engine.evaluation.scenes import cache_folder
from engine.session import Session

REPORTS = Path(__file__).resolve().parents[1] / "assets" / "reports"


def main() -> None:
    """Compare, with progress on standard error."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("model", help="name, or folder with a card")
    words.add_argument("--n", type=int, default=100, help="scenes of each case")
    words.add_argument("--cases", nargs="+", type=_case, default=CASES, metavar="SAMPLER:STEPS")
    words.add_argument(
        "--out", type=Path, help="folder for samplers.md and samplers.csv; by default the model's report"
    )
    words.add_argument("--fillings", action="store_true", help="fill holes, with and without resampling")
    given = words.parse_args()
    session = Session()
    bench = Bench.in_folder(load_judge(), cache_folder())
    bar = tqdm(file=sys.stderr)
    steps: Iterator[Progress | Comparison | tuple[Filling, ...]] = (
        compare_fillings(session, given.model, bench)
        if given.fillings
        else compare_samplers(session, given.model, bench, given.n, given.cases)
    )
    name = session.load(given.model).card.name
    out = given.out or REPORTS / name
    for step in steps:
        if isinstance(step, Progress):
            bar.set_description(step.stage, refresh=False)
            bar.total = step.total or None
            bar.update(step.done - bar.n)
        else:
            bar.close()
            paths = (
                write_table(step, out)
                if isinstance(step, Comparison)
                else [write_fillings(step, name, bench.edits, out)]
            )
            for path in paths:
                print(path)


def _case(text: str) -> tuple[str, int]:
    sampler, _, steps = text.partition(":")
    return sampler, int(steps)


if __name__ == "__main__":
    main()

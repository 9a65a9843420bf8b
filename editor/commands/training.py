"""`scenewright worlds` and `train`."""

from __future__ import annotations

import sys
from itertools import chain
from pathlib import Path

import click
from tqdm import tqdm

from editor.commands.running import closed_after


@click.command()
@click.option("--out", required=True, type=click.Path(path_type=Path), metavar="DIR", help="Folder for the worlds.")
@click.option("--count", required=True, type=click.IntRange(min=1), metavar="N", help="How many.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, metavar="N", help="Of the first one.")
def worlds(out: Path, count: int, seed: int) -> None:
    """Make procedural worlds to train on, as Zarr.

    Each has 2048 x 2048 voxels; those that are there already stay.
    """
    from engine.data.city.archive import write_worlds

    out.mkdir(parents=True, exist_ok=True)
    with closed_after(write_worlds(out, count, seed)) as finished:
        for path in tqdm(finished, total=count, unit="world", file=sys.stderr):
            click.echo(path)


@click.command()
@click.argument("recipe")
@click.option("--out", required=True, type=click.Path(path_type=Path), metavar="DIR", help="Folder of the run.")
@click.option("--data", type=click.Path(path_type=Path), metavar="DIR", help="Worlds; made in --out where not given.")
@click.option(
    "--minutes", type=click.FloatRange(min=0, min_open=True), default=20.0, show_default=True, metavar="M",
    help="Training time in all, over every resumption.",
)  # fmt: skip
@click.option("--resume", is_flag=True, help="Go on from the newest checkpoint in --out.")
@click.option("--start", type=click.Path(path_type=Path), metavar="DIR", help="Model whose networks to start from.")
@click.option(
    "--seed", type=click.IntRange(min=0), default=0, metavar="N", help="Of all that is drawn; 0 if not given."
)
def train(
    recipe: str, out: Path, data: Path | None, minutes: float, resume: bool, start: Path | None, seed: int
) -> None:
    """Train a model by RECIPE; runs can be resumed.

    Whole models: city, semcity, semcity-full (the published size). Single recipes: city-autoencoder and city-decoder,
    then city-prior, city-layout and city-refine (which learns how far predictions are right),
    city-quantised-autoencoder to compare; semcity-autoencoder, then semcity-prior and semcity-refine, also as
    semcity-full-...; judge-features. An interrupted run leaves a checkpoint behind.
    """
    from engine.training import chains
    from engine.training.runs import TrainOptions

    options = TrainOptions(out, data, minutes, resume, seed=seed, start=start)
    with closed_after(chains.train(recipe, options)) as steps:
        first = next(steps, None)  # a refused recipe ends here, before there is a bar
        if first is None:
            click.echo(f"{out} is finished already", err=True)
            return
        with tqdm(unit="step", initial=first.step, file=sys.stderr) as bar:
            for step in chain([first], steps):
                bar.update(step.step - bar.n)
                bar.set_postfix_str(f"loss {step.loss:.4f}, {step.progress:.0%} of the time", refresh=False)
    click.echo(out)

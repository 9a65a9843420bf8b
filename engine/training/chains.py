"""Whole models from nothing: recipes one after the other, each starting from what the one before left."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from engine.data.city.archive import write_worlds
from engine.errors import RequestError
from engine.models.cards import CARD, read_card
from engine.training import recipes
from engine.training.loop import CHECKPOINT, TrainStep
from engine.training.runs import TrainOptions
from engine.training.sheets import SAMPLES

CHAINS: dict[str, tuple[tuple[str, float], ...]] = {
    "city": (
        ("city-autoencoder", 0.25),
        ("city-decoder", 0.1),
        ("city-prior", 0.35),
        ("city-layout", 0.15),
        ("city-refine", 0.15),
    ),
    "semcity": (("semcity-autoencoder", 0.32), ("semcity-prior", 0.68)),
    "semcity-full": (("semcity-full-autoencoder", 0.32), ("semcity-full-prior", 0.68)),
}
"""Recipes and each one's share of the time."""


def names() -> tuple[str, ...]:
    """List all that can be trained: whole models, then single recipes."""
    return (*CHAINS, *recipes.names())


def train(name: str, options: TrainOptions) -> Iterator[TrainStep]:
    """Train a whole model, or run one recipe; yields every step, leaves a model folder behind.

    Every recipe of a chain works in a folder of its own below `options.out`; those that are finished are not run again.
    Raises `RequestError` for an unknown name, `ModelError` where a run is there already and is not to be resumed.
    """
    if name not in names():
        raise RequestError(f"nothing to train is called '{name}'; there are: {', '.join(names())}")
    if name not in CHAINS:
        yield from recipes.train(name, options)
        return
    start, done, data = options.start, 0, options.data or options.out / "worlds"
    if options.data is None:
        for _ in write_worlds(data, options.worlds, seed=options.seed):
            pass
    for recipe, share in CHAINS[name]:
        folder = options.out / recipe
        if not (options.resume and (folder / CARD).is_file()):
            resume = options.resume and (folder / CHECKPOINT).is_file()
            own = replace(options, out=folder, data=data, minutes=share * options.minutes, resume=resume, start=start)
            last = 0
            for step in recipes.train(recipe, own):
                last = step.step
                yield replace(step, step=done + last)
            done += last
        start = folder
    _publish(options.out / CHAINS[name][-1][0], options.out)


def _publish(source: Path, target: Path) -> None:
    """Copy a finished model, its card last, so that there never is a card without its weights."""
    card = read_card(source)
    for name in (*card.files, *(p.name for p in source.glob(SAMPLES))):
        shutil.copyfile(source / name, target / name)
    card.write(target)

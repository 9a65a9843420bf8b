"""`scenewright import-weights`."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("import-weights")
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--as", "kind", required=True, metavar="KIND", help="What they are: semcity.")
@click.option("--name", metavar="NAME", help="Name of the model to be.  [default: KIND]")
def import_weights(files: tuple[Path, ...], kind: str, name: str | None) -> None:
    """Make a model of another implementation's checkpoints.

    For semcity: the autoencoder's FILE and the UNet's, at once or one after the other. Every weight is checked, and
    nothing in a FILE is executed. The model lands in the user's data folder.
    """
    from engine.models.imports import import_weights as store

    card = store(files, kind, name or kind)
    click.echo(f"{card.folder}  {card.label_space}, {', '.join(card.config)}; use it with --model {card.name}")

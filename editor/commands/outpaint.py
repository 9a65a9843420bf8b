"""`scenewright outpaint`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from editor.commands.reading import open_scene
from editor.commands.running import Report, loaded_session, require_writable, run_request, whole_scene
from editor.commands.sampling import draw_seed, make_sampling, sampling_options


@click.command()
@click.argument("scene", type=click.Path(path_type=Path))
@click.option("--to", "size", required=True, nargs=2, type=click.IntRange(min=1), metavar="X Y", help="New size.")
@click.option(
    "--at", nargs=2, type=click.IntRange(min=0), metavar="X0 Y0",
    help="Where the old corner lies in the new scene.  [default: centred, on the model's cells]",
)  # fmt: skip
@click.option("--mode", type=click.Choice(["tiles"]), default="tiles", show_default=True, help="How to grow.")
@click.option("--out", required=True, type=click.Path(path_type=Path), metavar="FILE", help="Scene or mesh to write.")
@sampling_options
def outpaint(
    scene: Path, size: tuple[int, int], at: tuple[int, int] | None, mode: str, out: Path, as_json: bool, **options: Any
) -> None:
    """Grow SCENE to X x Y voxels.

    The old voxels keep every byte.
    """
    from engine.formats.registry import write_scene
    from engine.tasks.request import OutpaintRequest

    require_writable(out)
    options["seed"] = draw_seed(options["seed"])
    sampling = make_sampling(options)
    source = open_scene(scene)
    request = OutpaintRequest(source.snapshot(), size, sampling, at)
    with loaded_session(sampling) as (session, load_seconds):
        report = Report("outpaint", sampling, session.device, load_seconds)
        result = run_request(session, request)
        write_scene(whole_scene(result), out)
        report.add(result, out)
    figures = {"size": list(result.labels.shape), "at": list(result.at), "mode": mode}
    report.show(as_json, False, figures)

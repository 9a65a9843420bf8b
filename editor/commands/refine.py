"""`scenewright refine`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from editor.commands.reading import open_scene
from editor.commands.running import Report, apply_result, loaded_session, require_writable, run_request
from editor.commands.sampling import draw_seed, make_sampling, sampling_options


@click.command()
@click.argument("source", metavar="SSC", type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), metavar="FILE", help="Scene or mesh to write.")
@sampling_options
def refine(source: Path, out: Path, as_json: bool, **options: Any) -> None:
    """Make a scene of what a completion network predicted, SSC.

    Unknown voxels are filled in; of a voxel grid with an .occluded file beside it, so are the empty ones that the
    sensor could not see. Starts from SSC: 4 steps from a strength of 0.5 on, unless told otherwise.
    """
    from engine.formats.registry import write_scene
    from engine.formats.semantickitti import mark_occluded
    from engine.labels import UNKNOWN
    from engine.tasks.request import REFINE_STEPS, REFINE_STRENGTH, RefineRequest

    require_writable(out)
    usual = {"seed": draw_seed(options["seed"]), "steps": REFINE_STEPS, "strength": REFINE_STRENGTH}
    sampling = make_sampling(usual | {name: value for name, value in options.items() if value is not None})
    scene = mark_occluded(open_scene(source), source)
    unknown = int(scene.count_classes()[UNKNOWN])
    request = RefineRequest(scene.snapshot(), sampling)
    with loaded_session(sampling) as (session, load_seconds):
        report = Report("refine", sampling, session.device, load_seconds)
        result = run_request(session, request)
        changed = apply_result(scene, result)
        write_scene(scene, out)
        report.add(result, out)
    report.show(as_json, False, {"size": list(scene.grid.shape), "unknown": unknown, "changed": changed})

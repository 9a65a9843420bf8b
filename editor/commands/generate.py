"""`scenewright generate`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from editor.commands.running import Report, loaded_session, require_writable, run_request, whole_scene
from editor.commands.sampling import draw_seed, make_sampling, sampling_options

if TYPE_CHECKING:
    from engine.geometry.maps import LayoutMap

DEFAULT_SIZE = (256, 256)
Size = tuple[int, int]


@click.command()
@click.option("--out", required=True, type=click.Path(path_type=Path), metavar="FILE", help="Scene or mesh to write.")
@click.option("--size", nargs=2, type=click.IntRange(min=1), metavar="X Y", help="Voxels.  [default: 256 256]")
@click.option("--layout", type=click.Path(path_type=Path), metavar="MAP.png", help="Bird's-eye map to follow.")
@click.option("--count", type=click.IntRange(min=1), metavar="N", help="Make several: OUT-0000, OUT-0001, ...")
@sampling_options
def generate(
    out: Path, size: Size | None, layout: Path | None, count: int | None, as_json: bool, **options: Any
) -> None:
    """Make a new scene, freely or after a layout."""
    from engine.formats.registry import write_scene
    from engine.tasks.request import GenerateRequest

    require_writable(out)
    outputs = [out] if count is None else [numbered(out, k) for k in range(count)]
    plan = _read_plan(layout)
    options["seed"] = draw_seed(options["seed"])
    requests = [GenerateRequest(fit_size(size, plan), make_sampling(options, k), plan) for k in range(len(outputs))]
    with loaded_session(requests[0].sampling) as (session, load_seconds):
        report = Report("generate", requests[0].sampling, session.device, load_seconds)
        for request, output in zip(requests, outputs, strict=True):
            result = run_request(session, request)
            write_scene(whole_scene(result), output)
            report.add(result, output)
    report.show(as_json, count is not None, {"size": list(report.results[0].labels.shape)})


def numbered(path: Path, number: int) -> Path:
    """Name output `number` of several: `city.scw` -> `city-0000.scw`."""
    return path.with_name(f"{path.stem}-{number:04d}{path.suffix}")


def fit_size(size: Size | None, plan: LayoutMap | None) -> Size:
    """Decide the scene's size; without `--size` it is the layout's."""
    from engine.geometry.maps import CELL

    if plan is None:
        return size or DEFAULT_SIZE
    width, depth = plan.classes.shape
    return size or (width * CELL, depth * CELL)


def _read_plan(path: Path | None) -> LayoutMap | None:
    if path is None:
        return None
    from engine.formats.layout import read_layout

    return read_layout(path)

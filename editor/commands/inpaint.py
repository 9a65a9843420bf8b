"""`scenewright inpaint`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from editor.commands.reading import open_scene
from editor.commands.running import Report, apply_result, loaded_session, require_writable, run_request
from editor.commands.sampling import draw_seed, make_sampling, sampling_options
from engine.errors import RequestError

if TYPE_CHECKING:
    from engine.grid import Grid
    from engine.mask import VoxelMask


@click.command()
@click.argument("scene", type=click.Path(path_type=Path))
@click.option("--box", nargs=6, type=int, metavar="X0 Y0 Z0 X1 Y1 Z1", help="Half-open box of voxels to make anew.")
@click.option("--mask", "mask_file", type=click.Path(path_type=Path), metavar="MASK.npz", help="Voxels to make anew.")
@click.option("--out", required=True, type=click.Path(path_type=Path), metavar="FILE", help="Scene or mesh to write.")
@sampling_options
def inpaint(
    scene: Path, box: tuple[int, ...] | None, mask_file: Path | None, out: Path, as_json: bool, **options: Any
) -> None:
    """Make a part of SCENE anew.

    All other voxels keep every byte.
    """
    from engine.formats.registry import write_scene
    from engine.tasks.request import InpaintRequest

    require_writable(out)
    options["seed"] = draw_seed(options["seed"])
    sampling = make_sampling(options)
    source = open_scene(scene)
    mask = _make_mask(box, mask_file, source.grid)
    request = InpaintRequest(source.snapshot(), mask, sampling)
    with loaded_session(sampling) as (session, load_seconds):
        report = Report("inpaint", sampling, session.device, load_seconds)
        result = run_request(session, request)
        changed = apply_result(source, result)
        write_scene(source, out)
        report.add(result, out)
    report.show(as_json, False, {"size": list(source.grid.shape), "masked": mask.count, "changed": changed})


def _make_mask(box: tuple[int, ...] | None, file: Path | None, grid: Grid) -> VoxelMask:
    from engine.formats.npz import read_mask
    from engine.grid import Box
    from engine.mask import VoxelMask

    if (box is None) == (file is None):
        raise RequestError("what shall be made anew? give either --box X0 Y0 Z0 X1 Y1 Z1 or --mask MASK.npz")
    if box is not None:
        where = Box((box[0], box[1], box[2]), (box[3], box[4], box[5]))
        grid.require(where)
        return VoxelMask.of_box(where)
    assert file is not None
    mask = read_mask(file, grid.shape)
    if mask.is_empty:
        raise RequestError(f"{file} masks no voxel; set some to true")
    return mask

"""`scenewright render`: pictures of a scene, without a window."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from editor.commands.reading import open_scene
from editor.commands.sampling import split_names
from engine.errors import RequestError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.geometry.camera import Camera
    from engine.scene import VoxelScene

LAYOUT = "layout"
CENTIMETRES = 100.0
FARTHEST = 65535


@click.command()
@click.argument("scene", type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), metavar="DIR", help="Folder for the pictures.")
@click.option("--camera", type=click.Path(path_type=Path), metavar="FILE", help="Camera as JSON, as --out gets one.")
@click.option("--preset", metavar="NAME", help="overview (default), street or top.")
@click.option(
    "--maps", type=split_names, default="colour,semantic,depth", show_default=True, metavar="NAME,..",
    help="Also: semantic-colour, normal, instance, layout.",
)  # fmt: skip
def render(scene: Path, out: Path, camera: Path | None, preset: str | None, maps: tuple[str, ...]) -> None:
    """Make pictures of SCENE: colours, classes, depth, ...

    Depth comes in metres (depth.npy) and as a 16-bit picture in centimetres, 0 for the sky; classes as train ids.
    """
    from engine.geometry.pictures import MAPS, render_maps

    unknown = [name for name in maps if name not in (*MAPS, LAYOUT)]
    if unknown or not maps:
        raise RequestError(f"no map '{', '.join(unknown)}'; there are: {', '.join((*MAPS, LAYOUT))}")
    source = open_scene(scene)
    view = _choose_camera(source, camera, preset)
    pictures = render_maps(source, view, [name for name in maps if name != LAYOUT])
    out.mkdir(parents=True, exist_ok=True)
    written = [path for name, values in pictures.items() for path in _write_map(out, name, values, source)]
    if LAYOUT in maps:
        written.append(_write_layout(out, source))
    _write_file(out / "camera.json", lambda stream: stream.write(view.to_json().encode()))
    for path in written:
        click.echo(path)


def _choose_camera(scene: VoxelScene, file: Path | None, preset: str | None) -> Camera:
    from engine.geometry.pictures import place_camera, read_camera

    if file is not None and preset is not None:
        raise RequestError(f"--camera {file} and --preset {preset} both name a camera; give one of them")
    return read_camera(file) if file is not None else place_camera(preset or "overview", scene)


def _write_map(folder: Path, name: str, values: NDArray[Any], scene: VoxelScene) -> list[Path]:
    """Write one map in the files that hold it without loss; gives their names."""
    import numpy as np

    if name == "instance":
        return [_write_array(folder / "instance.npy", values)]
    if name == "normal":
        return [_write_picture(folder / "normal.png", (values.astype(np.int16) * 127 + 128).astype(np.uint8), scene)]
    if name == "depth":
        known = np.isfinite(values)
        steps = np.where(known, np.clip(np.round(np.where(known, values, 0) * CENTIMETRES), 1, FARTHEST), 0)
        picture = _write_picture(folder / "depth.png", steps.astype(np.uint16), scene)
        return [picture, _write_array(folder / "depth.npy", values)]
    return [_write_picture(folder / f"{name}.png", values, scene)]


def _write_layout(folder: Path, scene: VoxelScene) -> Path:
    from engine.formats.layout import write_layout
    from engine.geometry.maps import CELL, layout_of
    from engine.grid import Box

    x, y, z = scene.grid.shape
    if x < CELL or y < CELL:
        raise RequestError(f"a scene of {x} x {y} voxels has no layout; it takes {CELL} x {CELL} or more")
    whole = Box((0, 0, 0), (x // CELL * CELL, y // CELL * CELL, z))
    write_layout(layout_of(scene.read(whole), scene.space), folder / f"{LAYOUT}.png")
    return folder / f"{LAYOUT}.png"


def _write_picture(path: Path, values: NDArray[Any], scene: VoxelScene) -> Path:
    from PIL import Image
    from PIL.PngImagePlugin import PngInfo

    notes = PngInfo()
    notes.add_text("provenance", json.dumps(scene.metadata.get("provenance", [])))
    return _write_file(path, lambda stream: Image.fromarray(values).save(stream, format="PNG", pnginfo=notes))


def _write_array(path: Path, values: NDArray[Any]) -> Path:
    import numpy as np

    return _write_file(path, lambda stream: np.save(stream, values))


def _write_file(path: Path, fill: Callable[[BinaryIO], Any]) -> Path:
    from engine.formats.files import replace_file

    with replace_file(path) as stream:
        fill(stream)
    return path

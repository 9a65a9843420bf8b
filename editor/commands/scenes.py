"""`scenewright convert` and `info`: scenes in files, without a model at work."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from editor.commands.reading import open_scene
from editor.commands.running import hash_file, require_writable
from engine.errors import LabelError

if TYPE_CHECKING:
    from engine.scene import VoxelScene


@click.command()
@click.argument("source", metavar="IN", type=click.Path(path_type=Path))
@click.argument("out", metavar="OUT", type=click.Path(path_type=Path))
@click.option("--from", "reader", metavar="NAME", help="Reader to use, where the file's content does not decide.")
@click.option(
    "--classes", type=click.Path(path_type=Path), metavar="MAP.json",
    help='Class names of IN and their partners, {"tree": "vegetation", ...}, or a whole label space.',
)  # fmt: skip
@click.option("--like", metavar="MODEL", help="Bring the scene to a model's classes, voxel size and height, as 'city'.")
@click.option("--axes", metavar="ORDER", help="Axis order of a bare array, as 'xyz' or 'zyx'.")
@click.option("--empty", type=int, metavar="ID", help="Id that means empty in a bare array.")
@click.option(
    "--center", type=(float, float), metavar="LAT LON",
    help="Middle of the window to take out of a map (OSM, CityJSON), in degrees; by default the map's own.",
)  # fmt: skip
@click.option("--size", type=(int, int), metavar="X Y", help="Voxels to take out of a map; by default 512 512.")
def convert(
    source: Path,
    out: Path,
    reader: str | None,
    classes: Path | None,
    like: str | None,
    axes: str | None,
    empty: int | None,
    center: tuple[float, float] | None,
    size: tuple[int, int] | None,
) -> None:
    """Convert scene or map IN to file OUT (scene, grid or mesh).

    A map of a real place (.osm, .osm.gz, CityJSON) is built in voxels, with plants, traffic and people added.
    The ending of OUT names its format; that of IN does not matter where the content tells.
    """
    from engine.formats.registry import write_scene
    from engine.labels import label_space_of

    require_writable(out)
    given = {"axes": axes, "empty": empty, "center": center, "size": size}
    options: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    mapping = _read_classes(classes) if classes else {}
    if classes and "classes" in mapping:
        options["label_space"], mapping = label_space_of(mapping, classes), {}
    scene = _bring_to(open_scene(source, reader, **options), mapping, like)
    write_scene(scene, out)
    click.echo(f"{out}  {_describe(scene)}")


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on standard output.")
def info(file: Path, as_json: bool) -> None:
    """Tell grid, classes and provenance of a scene FILE."""
    facts = collect_facts(open_scene(file), file)
    if as_json:
        click.echo(json.dumps(facts))
        return
    for name, value in facts.items():
        if name not in ("command", "classes") and value is not None:
            click.echo(f"{name:>12}  {value if isinstance(value, str) else json.dumps(value)}")
    for name, count in facts["classes"].items():
        click.echo(f"{name:>16} {count:>12,} {count / facts['voxels']:>8.2%}")


def collect_facts(scene: VoxelScene, file: Path) -> dict[str, Any]:
    """Collect what `info` prints; `classes` holds the voxel count of each class that occurs."""
    from engine.labels import UNKNOWN

    counts = scene.count_classes()
    names = dict(enumerate(scene.space.names)) | {UNKNOWN: "unknown"}
    return {
        "command": "info",
        "file": str(file),
        "bytes": file.stat().st_size,
        "sha256": hash_file(file),
        "shape": list(scene.grid.shape),
        "voxels": scene.box.volume,
        "voxel_size": list(scene.grid.voxel_size),
        "origin": list(scene.grid.origin),
        "georeference": scene.grid.georeference,
        "extent": [round(v, 6) for v in scene.grid.extent],
        "label_space": scene.space.name,
        "channels": list(scene.store.channels),
        "provenance": scene.metadata.get("provenance", []),
        "classes": {names.get(i, str(i)): int(n) for i, n in enumerate(counts) if n},
    }


def _metres(sizes: tuple[float, ...]) -> str:
    return " x ".join(f"{s:g}" for s in sizes) + " m"


def _bring_to(scene: VoxelScene, mapping: dict[str, str], like: str | None) -> VoxelScene:
    """Change label space and grid to those of model `like`; with a mapping alone, the label space only."""
    from engine.geometry.resample import fit_grid, remap
    from engine.labels import label_space
    from engine.models.cards import find_model

    if like is not None:
        card = find_model(like)
        return fit_grid(scene, label_space(card.label_space), card.voxel_size, card.height, mapping or None)
    return remap(scene, label_space(), mapping) if mapping else scene


def _read_classes(path: Path) -> dict[str, Any]:
    try:
        mapping = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise LabelError(f"{path} cannot be read as JSON ({error}); give {{'own name': 'other name', ...}}") from error
    if not isinstance(mapping, dict):
        raise LabelError(f"{path} holds a {type(mapping).__name__}; give an object {{'own name': 'other name', ...}}")
    return mapping


def _describe(scene: VoxelScene) -> str:
    return f"{' x '.join(map(str, scene.grid.shape))} voxels of {_metres(scene.grid.voxel_size)}, {scene.space.name}"

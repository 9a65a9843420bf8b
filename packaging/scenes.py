"""Makes the sample scenes of the start page: pieces of procedural worlds, with pictures, in `assets/scenes/`.

Run it in a checkout: `python packaging/scenes.py`. The scenes say in their provenance where they come from.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from PIL import Image

from engine.data.city.generator import make_world
from engine.formats.registry import write_scene
from engine.geometry.pictures import place_camera, render_maps
from engine.resources import shipped
from engine.scene import VoxelScene

WORLD = (640, 640)
SIZE = (256, 256)
PICTURE = (384, 240)
"""Pixels of a picture; the start page shows it at half the size, or whole on a fine screen."""


@dataclass(frozen=True)
class Plan:
    """Where a sample comes from: a world, and the corner to cut it out at."""

    name: str
    title: str
    words: str
    style: str
    seed: int
    corner: tuple[int, int]


PLANS = (
    Plan("suburb", "Suburb", "Houses and gardens along a bent street, with parked cars", "suburb", 12, (200, 220)),
    Plan("centre", "City centre", "A crossing with a boulevard between closed blocks", "centre", 11, (200, 100)),
    Plan("park", "Park", "Trees and playgrounds beside a street", "park", 11, (350, 60)),
    Plan("industrial", "Industrial", "Halls and yards, with parking bays before them", "industrial", 11, (384, 250)),
)


def make(plan: Plan) -> VoxelScene:
    """Cut a sample out of its world; instances are left out, as they would be most of the file."""
    labels = make_world(plan.seed, WORLD, style=plan.style).crop(*plan.corner, SIZE)
    origin = {"task": "world", "style": plan.style, "seed": plan.seed, "world": WORLD, "corner": plan.corner}
    return VoxelScene.from_labels(labels, metadata={"provenance": [{**origin, "version": version("scenewright")}]})


def draw(scene: VoxelScene, path: Path) -> None:
    """Draw a scene with twice the pixels and shrink it, so that edges are smooth."""
    width, height = PICTURE
    camera = place_camera("overview", scene, (2 * width, 2 * height))
    picture = Image.fromarray(render_maps(scene, camera, ("colour",))["colour"])
    picture.resize(PICTURE, Image.Resampling.LANCZOS).save(path, quality=88, optimize=True)


def main() -> int:
    folder = shipped("scenes")
    folder.mkdir(exist_ok=True)
    for plan in PLANS:
        scene = make(plan)
        write_scene(scene, folder / f"{plan.name}.scw")
        draw(scene, folder / f"{plan.name}.jpg")
        print(folder / f"{plan.name}.scw")
    entries = [{"name": p.name, "title": p.title, "words": p.words} for p in PLANS]
    (folder / "index.json").write_text(json.dumps(entries, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

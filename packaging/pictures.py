"""Takes the pictures of the README and its guide in the real window, into `assets/pictures/`.

Run it in a checkout: `xvfb-run -a -s "-screen 0 1400x900x24 +extension GLX" python packaging/pictures.py [NAME...]`.
Scenes come from the shipped model and the sample scenes, so that anybody can take the same pictures again.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
from hand import CAR, LEFT, FileAnswers, Hand, HandError, open_window, wait
from PIL import Image
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDockWidget
from scipy import ndimage

from editor.model.layout_draft import Ink
from editor.settings import HOME_VARIABLE
from editor.viewport.orbit import VIEWS
from engine.data.scans.examples import make_example
from engine.data.scans.profiles import draw_profile, predict
from engine.formats.registry import write_scene
from engine.geometry.maps import CELL, LAYOUT_CLASSES
from engine.grid import Box
from engine.resources import shipped
from engine.scene import VoxelScene
from engine.session import Session
from engine.tasks.request import GenerateRequest, Sampling

WIDTH, HEIGHT = 1280, 800
PICTURES = ("editor", "candidates", "world", "layout", "refine", "section", "city")
COLOURS = 256
"""A quarter of the bytes of true colours; edges and letters stay as they are, as nothing is dithered."""
SEED = 1
STREET = 18
"""Seed of a street with two cars in plain sight, not at its edge."""
AIR = 40
"""Voxels of the street that are seen round a car."""
CITY = 3
"""Seed of the city of 1024 x 1024 voxels."""
DOCKS_AT_THE_RIGHT = ("generate", "classes", "mask", "views")
PREDICTOR = "ssa-sc"
SKETCH: tuple[tuple[str, str, int, tuple[tuple[int, int], ...]], ...] = (
    ("rectangle", "terrain", 0, ((0, 0), (31, 31))),
    ("rectangle", "sidewalk", 0, ((0, 11), (31, 18))),
    ("rectangle", "sidewalk", 0, ((17, 0), (24, 31))),
    ("rectangle", "road", 0, ((0, 13), (31, 16))),
    ("rectangle", "road", 0, ((19, 0), (22, 31))),
    ("rectangle", "building", 24, ((2, 21), (8, 28))),
    ("rectangle", "building", 18, ((11, 21), (15, 29))),
    ("rectangle", "building", 20, ((3, 2), (13, 8))),
    ("rectangle", "building", 28, ((26, 3), (30, 9))),
    ("brush", "vegetation", 0, ((27, 21), (29, 24), (27, 28))),
)
"""What is painted on the map of 32 x 32 cells: tool, class, height of the top in voxels, cells."""


class Photographer(Hand):
    """Sets a scene up for each picture; every method leaves the window as it is to be taken."""

    def start(self, sample: str) -> None:
        """Open a sample scene."""
        self.window.files.open_sample(shipped(f"scenes/{sample}.scw"), sample.capitalize())
        wait(lambda: self.window.is_idle, f"the sample '{sample}'")
        self.settle()

    def look(self, box: Box, azimuth: float = VIEWS["default"][0], elevation: float = VIEWS["default"][1]) -> None:
        """Look at a box from a direction in degrees."""
        self.canvas.view = replace(self.canvas.view, azimuth=azimuth, elevation=elevation)
        self.canvas.frame(box)
        self.settle()

    def run(self, variants: int, seed: int = SEED) -> None:
        """Make what the button offers, in so many variants."""
        self.window.studio.plan.set(seed=seed, seed_locked=True)
        self.click(self.dock.variants.part(variants))
        self.click(self.dock.button)
        self.finish("the run")

    # the pictures

    def editor(self) -> None:
        """A generated street: variants without one car wait to be chosen from, and the next car is masked."""
        self.run(1, STREET)
        gone = self.erase_car(AIR)
        self.window.trigger("candidate.next")
        self.brush_over(self.find_another(gone), 7)

    def candidates(self) -> None:
        """The differences that a variant makes to a sample scene."""
        self.start("centre")
        self.erase_car(14)
        self.window.trigger("candidate.next")
        self.window.trigger("candidate.diff")

    def erase_car(self, air: int) -> Box:
        """Brush over a car in plain sight and have what is under it made anew, in four variants; gives its box."""
        car = self.find_car()
        self.look(car.pad(air), elevation=40)
        self.brush_over(car, 9)
        self.tick(CAR, on=True)
        self.run(4)
        return car

    def find_another(self, car: Box) -> Box:
        """Find the car that is nearest to another one and can be seen."""
        parts, _ = ndimage.label(self.scene.read() == self.scene.space.find(CAR))
        found = [Box(tuple(p.start for p in s), tuple(p.stop for p in s)) for s in ndimage.find_objects(parts)]
        seen = [b for b in found if b.clip(car).is_empty and len(list(self.pixels_on(b, step=12))) > 4]
        self.require(bool(seen), "only one car can be seen")
        return min(seen, key=lambda b: float(np.abs(np.subtract(b.lower, car.lower)).sum()))

    def world(self) -> None:
        """The World Map with a tile that was added and one on offer."""
        self.start("centre")
        self.window.studio.plan.set(seed=SEED, seed_locked=True)
        self.window.trigger("world.show")
        view = self.window.maps.world_dock.view
        wait(lambda: bool(view.picture.is_complete), "the map's picture")
        for cell in ((1, 0), (0, 1)):
            box = next(t.box for t in self.window.maps.world.tiles() if t.cell == cell)
            middle = view.to_pixel(((box.lower[0] + box.upper[0]) / 2, (box.lower[1] + box.upper[1]) / 2))
            QTest.mouseClick(view, LEFT, pos=middle.toPoint())
        self.finish("the timing of a tile")
        self.click(self.window.maps.world_dock.make)
        self.finish("the first tile")
        self.window.trigger("candidate.accept")
        self.finish("the second tile")
        self.canvas.home()
        self.window.trigger("world.fit")

    def layout(self) -> None:
        """A painted map beside the scene that was made of it."""
        for name in DOCKS_AT_THE_RIGHT:
            self.window.findChild(QDockWidget, f"dock.{name}").hide()
        self.window.trigger("layout.show")
        self.settle()
        for tool, name, height, cells in SKETCH:
            self.paint(tool, Ink(LAYOUT_CLASSES.index(name), height), *cells)
        self.window.studio.plan.set(seed=SEED, seed_locked=True)
        self.click(self.window.maps.layout.dock.make)
        self.finish("the scene of the map")
        self.window.findChild(QDockWidget, "dock.candidates_&_history").hide()
        self.settle()
        self.canvas.home()

    def paint(self, tool: str, ink: Ink, *cells: tuple[int, int]) -> None:
        """Draw on the map from cell to cell."""
        dock = self.window.maps.layout.dock
        dock.tools.part(tool).click()
        dock.view.picked.emit(ink)
        places = [dock.view.to_pixel((x * CELL + CELL / 2, y * CELL + CELL / 2)).toPoint() for x, y in cells]
        QTest.mousePress(dock.view, LEFT, pos=places[0])
        for place in places[1:]:
            QTest.mouseMove(dock.view, place)
        QTest.mouseRelease(dock.view, LEFT, pos=places[-1])

    def refine(self) -> None:
        """What an imitated network predicted of a sample scene, and what was made of it."""
        self.start("centre")
        rng = np.random.default_rng(SEED)
        example = make_example(self.scene.read(), rng)
        labels = predict(example, draw_profile(PREDICTOR, "test", rng), rng)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "prediction.npz"
            write_scene(VoxelScene.from_labels(labels), path)
            self.window.files.open(path)
            wait(lambda: self.window.is_idle and self.document.title.startswith("prediction"), "the prediction")
        self.window.studio.plan.set(seed=SEED, seed_locked=True)
        self.window.trigger("generate.refine")
        self.finish("refining")
        self.canvas.home()

    def section(self) -> None:
        """A scene that is cut open, with the view cube."""
        self.start("suburb")
        self.window.trigger("view.section")
        x, y, z = self.scene.grid.shape
        part = Box((x // 4, 0, 0), (x, y, z))
        self.document.section.set(part)
        self.look(part, -160, 30)
        self.canvas.view = self.canvas.view.pan(0, -0.1)  # clear of the panel

    def city(self) -> None:
        """A city that was made in one go, as `scenewright generate --size 1024 1024` makes it."""
        *_, last = Session().run(GenerateRequest((1024, 1024), Sampling(seed=CITY)))
        assert last.result is not None
        assert last.result.scene is not None
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "city.scw"
            write_scene(last.result.scene, path)
            self.window.files.open(path)
            wait(lambda: self.window.is_idle and self.document.title.startswith("city"), "the city")
        self.look(self.scene.box, 215, 52)


def shrink(path: Path) -> None:
    """Write a picture with a palette of its own, which keeps files of drawn windows small.

    Rare colours count for more than their pixels: the swatches of a few classes are as important as the sky.
    """
    picture = Image.open(path).convert("RGB")
    colours, counts = np.unique(np.asarray(picture).reshape(-1, 3), axis=0, return_counts=True)
    weighed = np.repeat(colours, np.ceil(counts**0.5).astype(int), axis=0)[None]
    palette = Image.fromarray(weighed).quantize(COLOURS, method=Image.Quantize.MEDIANCUT, kmeans=1)
    picture.quantize(palette=palette, dither=Image.Dither.NONE).save(path, optimize=True)


def take(name: str, out: Path) -> None:
    """Take one picture, in a window of its own."""
    window = open_window(WIDTH, HEIGHT)
    window.files.dialogs = FileAnswers()  # type: ignore[assignment]
    photographer = Photographer(window, out)
    try:
        getattr(photographer, name)()
        photographer.canvas.native.setFocus()
        path = photographer.take_picture(name)
        shrink(path)
        photographer.say(f"{path}, {path.stat().st_size // 1000} kB")
    finally:
        window.close()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(PICTURES)}; all by default")
    parser.add_argument("--out", type=Path, default=shipped("pictures"), help="folder for the pictures")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    for name in options.names or PICTURES:
        with tempfile.TemporaryDirectory() as home:
            os.environ[HOME_VARIABLE] = home  # the user's settings neither help nor suffer
            try:
                take(name, options.out)
            except HandError as error:
                print(f"{name}: {error}", file=sys.stderr)
                return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

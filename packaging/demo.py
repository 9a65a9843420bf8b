"""Drives the real window with real mouse events: generate, brush a car away, extend, export.

Leaves a GLB, a `.scw` and a screenshot in a folder and prints their paths; ends with an error where anything is not as
it must be. `packaging/setup.sh run` starts it on a virtual display.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

import numpy as np
from hand import CAR, FileAnswers, Hand, HandError, open_window, wait
from PySide6.QtWidgets import QToolButton

from editor.settings import HOME_VARIABLE
from engine.grid import Box

SEED = 7
GROWTH = 64
RADIUS = 9


class Journey(Hand):
    """One walk through the window; each method is what a person would do with mouse and keys."""

    def generate(self) -> None:
        """Type a seed, press the button and watch."""
        self.type_into(self.dock.seed, str(SEED))
        self.click(self.dock.button)
        self.finish("generate")
        self.require(self.scene.read().any(), "the generated scene is empty")
        self.say(f"generated {' x '.join(map(str, self.scene.grid.shape))} voxels")

    def brush(self) -> Box:
        """Frame a car and paint over it; gives the car's box."""
        target = self.find_car()
        self.canvas.frame(target.pad(14))
        self.settle()
        self.say(f"masked {self.brush_over(target, RADIUS):,} voxels")
        return target

    def regenerate(self) -> None:
        """Bar the brushed class, make the mask anew in two variants, look at the second, accept it."""
        before, mask = self.scene.read(), self.document.mask.within(self.scene.box)
        self.tick(CAR, on=True)
        self.click(self.dock.variants.part(2))
        self.click(self.dock.button)
        self.finish("regenerate")
        self.take_picture("regenerate")
        self.click(self.window.stage.candidates.findChild(QToolButton, "candidate.next.button"))
        self.click(self.window.stage.candidates.accept)
        changed = self.scene.read() != before
        self.require(not (changed & ~mask).any(), "voxels outside the mask changed")
        barred = self.scene.space.find(CAR)
        self.require(not ((self.scene.read() == barred) & changed).any(), f"new voxels are {CAR}")
        self.say(f"regenerated: {int(changed.sum()):,} voxels differ, none of them outside the mask")

    def extend(self) -> None:
        """Pull the arrow of one side outward, make the new part, accept it."""
        before = self.scene
        old = before.read()
        self.require(self.document.mask.is_empty, "the mask is still there after its region was accepted")
        self.click(self.dock.variants.part(1))
        self.tick(CAR, on=False)
        self.click(self.button_of("tool.extend"))
        self.click(self.window.options.extend.snap.part(False))  # a whole tile would take longer
        self.canvas.home()
        self.settle()
        start, way = self.find_arrow()
        self.drag([start + way * share for share in np.linspace(0, 1, 9)])
        self.require(self.window.studio.plan.extension.east > 0, "the arrow did not move the bounds")
        self.click(self.dock.button)
        self.finish("extend")
        self.click(self.window.stage.candidates.accept)
        self.require(self.scene.grid.shape[0] > old.shape[0], "the scene did not grow")
        kept = self.scene.read(Box.of_shape(before.grid.shape))
        self.require(np.array_equal(kept, old), "old voxels changed while the scene grew")
        self.say(f"extended to {' x '.join(map(str, self.scene.grid.shape))} voxels, the old ones untouched")

    def save(self) -> list[Path]:
        """Export a mesh, save the scene, take a picture; gives the three files."""
        mesh, scene = self.out / "city.glb", self.out / "city.scw"
        self.window.files.dialogs = FileAnswers([mesh, scene])  # type: ignore[assignment]
        for action in ("file.export", "file.save"):
            self.click(self.button_of(action))
            wait(lambda: self.window.is_idle, f"{action} to end")
        self.window.notice.hide()
        self.canvas.frame()
        picture = self.take_picture("editor")
        for path in (mesh, scene, picture):
            self.require(path.is_file() and path.stat().st_size > 1000, f"{path} was not written")
        return [mesh, scene, picture]

    def find_arrow(self) -> tuple[np.ndarray, np.ndarray]:
        """Find the arrow of the +x side: a pixel on it, and the way in pixels that pulls it by `GROWTH` voxels."""
        x, y, z = self.scene.grid.shape
        pixels = self.pixels_of([[x, y / 2, z / 2], [x + GROWTH, y / 2, z / 2]])
        way = pixels[1] - pixels[0]
        return pixels[0] + way / np.linalg.norm(way) * 30, way


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("out"), help="folder for the GLB, the .scw and the pictures")
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as home:
        os.environ[HOME_VARIABLE] = home  # the user's settings neither help nor suffer
        window = open_window(1400, 900)
        journey = Journey(window, out)
        try:
            journey.say("first frame")
            journey.generate()
            journey.take_picture("generate")
            journey.brush()
            journey.take_picture("brush")
            journey.regenerate()
            journey.extend()
            files = journey.save()
        except HandError as error:
            journey.say(f"failed: {error}")
            journey.take_picture("failed")
            return 1
        finally:
            window.files.dialogs = FileAnswers()  # type: ignore[assignment]
            window.close()
    for path in files:
        print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())

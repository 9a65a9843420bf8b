"""Drives the real window with real mouse events: generate, brush a car away, extend, export.

Leaves a GLB, a `.scw` and a screenshot in a folder and prints their paths; ends with an error where anything is not as
it must be. `packaging/setup.sh run` starts it on a virtual display.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QApplication,
    QLineEdit,
    QPushButton,
    QToolButton,
    QTreeWidgetItem,
    QWidget,
)
from scipy import ndimage

from editor.app import build, make_application
from editor.settings import HOME_VARIABLE
from editor.ui.generate_dock import GenerateDock
from editor.ui.window import MainWindow
from engine.grid import Box
from engine.scene import VoxelScene

SEED = 7
GROWTH = 64
RADIUS = 9
BRUSHED = "car"
MOVE_PAUSE = 15
LEFT = Qt.MouseButton.LeftButton


class DemoError(Exception):
    """Something in the window was not as it must be."""


@dataclass
class FileAnswers:
    """Stands in for the dialogs: a file is the next of `paths`, unsaved work is dropped."""

    paths: list[Path] = field(default_factory=list)

    def save_file(self, title: str, start: str, filters: list[str]) -> Path | None:
        return self.paths.pop(0)

    def unsaved(self, name: str) -> str:
        return "discard"


class Journey:
    """One walk through the window; each method is what a person would do with mouse and keys."""

    def __init__(self, window: MainWindow, out: Path) -> None:
        self.window, self.out = window, out
        self.document, self.canvas = window.studio.document, window.canvas
        dock = window.findChild(GenerateDock)
        assert isinstance(dock, GenerateDock)
        self.dock = dock
        self.started = time.perf_counter()

    # what a person does

    def generate(self) -> None:
        """Type a seed, press the button and watch."""
        self.type_into(self.dock.seed, str(SEED))
        self.click(self.dock.button)
        self.finish("generate")
        self.require(self.scene.read().any(), "the generated scene is empty")
        self.say(f"generated {' x '.join(map(str, self.scene.grid.shape))} voxels")

    def brush(self) -> Box:
        """Frame a car and paint over it; gives the car's box."""
        target = self.choose_target()
        self.canvas.frame(target.pad(14))
        self.settle()
        self.click(self.button_of("mask.brush"))
        self.click(self.window.options.brush.mode.part("volume"))
        self.type_into(self.window.options.brush.radius.field, str(RADIUS))
        stroke = list(self.pixels_on(target))
        self.require(bool(stroke), f"no pixel shows the target {target}")
        self.drag(stroke[:: max(len(stroke) // 16, 1)])
        mask = self.document.mask
        self.require(not mask.is_empty, "the stroke masked nothing")
        self.say(f"masked {mask.count:,} voxels with {len(stroke)} pixels to choose from")
        return target

    def regenerate(self) -> None:
        """Bar the brushed class, make the mask anew in two variants, look at the second, accept it."""
        before, mask = self.scene.read(), self.document.mask.within(self.scene.box)
        self.tick(BRUSHED, on=True)
        self.click(self.dock.variants.part(2))
        self.click(self.dock.button)
        self.finish("regenerate")
        self.take_picture("regenerate")
        self.click(self.window.stage.candidates.findChild(QToolButton, "candidate.next.button"))
        self.click(self.window.stage.candidates.accept)
        changed = self.scene.read() != before
        self.require(not (changed & ~mask).any(), "voxels outside the mask changed")
        barred = self.scene.space.find(BRUSHED)
        self.require(not ((self.scene.read() == barred) & changed).any(), f"new voxels are {BRUSHED}")
        self.say(f"regenerated: {int(changed.sum()):,} voxels differ, none of them outside the mask")

    def extend(self) -> None:
        """Pull the arrow of one side outward, make the new part, accept it."""
        before = self.scene
        old = before.read()
        self.require(self.document.mask.is_empty, "the mask is still there after its region was accepted")
        self.click(self.dock.variants.part(1))
        self.tick(BRUSHED, on=False)
        self.click(self.button_of("tool.extend"))
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
            self.wait(lambda: self.window.is_idle, f"{action} to end")
        self.window.notice.hide()
        self.canvas.frame()
        picture = self.take_picture("editor")
        for path in (mesh, scene, picture):
            self.require(path.is_file() and path.stat().st_size > 1000, f"{path} was not written")
        return [mesh, scene, picture]

    # how

    @property
    def scene(self) -> VoxelScene:
        return self.document.scene

    def choose_target(self) -> Box:
        """Choose the car nearest to the middle, or the middle itself where there is none."""
        shape = np.asarray(self.scene.grid.shape)
        parts, _ = ndimage.label(self.scene.read() == self.scene.space.find(BRUSHED))
        found = [s for s in ndimage.find_objects(parts) if s is not None]
        boxes = [Box(tuple(p.start for p in s), tuple(p.stop for p in s)) for s in found]  # type: ignore[arg-type]
        cars = [b for b in boxes if min(b.shape[:2]) >= 6 and max(b.shape) <= 40 and b.shape[2] >= 4]
        if not cars:
            x, y, z = (int(n) // 2 for n in shape)
            return Box((x - 8, y - 8, 0), (x + 8, y + 8, 2 * z))
        return min(cars, key=lambda b: float(np.abs((np.add(b.lower, b.upper) - shape)[:2]).sum()))

    def pixels_on(self, box: Box, step: int = 6) -> Iterator[np.ndarray]:
        """List pixels whose voxel lies in a box, column by column."""
        width, height = self.canvas.window_size
        for x in range(step, width, step):
            for y in range(step, height, step):
                hit = self.canvas.pick((x, y))
                if hit is not None and box.contains(Box(hit.voxel, tuple(v + 1 for v in hit.voxel))):  # type: ignore[arg-type]
                    yield np.array([x, y], dtype=float)

    def find_arrow(self) -> tuple[np.ndarray, np.ndarray]:
        """Find the arrow of the +x side: a pixel on it, and the way in pixels that pulls it by `GROWTH` voxels."""
        x, y, z = self.scene.grid.shape
        size = np.asarray(self.scene.grid.voxel_size)
        side = np.array([[x, y / 2, z / 2], [x + GROWTH, y / 2, z / 2]]) * size
        width, height = self.canvas.window_size
        flat = self.canvas.view.project(side, width / height)[:, :2]
        pixels = (flat * (1, -1) * 0.5 + 0.5) * (width, height)
        way = pixels[1] - pixels[0]
        return pixels[0] + way / np.linalg.norm(way) * 30, way

    def tick(self, name: str, on: bool) -> None:
        """Unfold the list of classes that must not be made and change the tick of one."""
        tree = self.dock.forbid
        fold = self.dock.findChild(QWidget, "barred").findChild(QPushButton)
        if not fold.isChecked():
            self.click(fold)
        [item] = tree.findItems(name, Qt.MatchFlag.MatchExactly | Qt.MatchFlag.MatchRecursive)
        assert isinstance(item, QTreeWidgetItem)
        item.parent().setExpanded(True)
        self.settle(100)
        place = tree.visualItemRect(item)
        QTest.mouseClick(tree.viewport(), LEFT, pos=QPoint(place.left() + 9, place.center().y()))
        self.require((item.checkState(0) == Qt.CheckState.Checked) == on, f"the tick of '{name}' did not change")

    def type_into(self, field: QLineEdit | QAbstractSpinBox, text: str) -> None:
        """Type over what is in a field."""
        field.setFocus()
        field.selectAll()
        QTest.keyClicks(field, text)
        QTest.keyClick(field, Qt.Key.Key_Return)

    def button_of(self, action: str) -> QWidget:
        """Find the tool button that does an action."""
        made = self.window.actions_table[action]
        for button in self.window.findChildren(QToolButton):
            if button.defaultAction() is made and button.isVisible():
                return button
        raise DemoError(f"no visible button does '{action}'")

    def click(self, widget: QWidget | None) -> None:
        """Click in the middle of a widget."""
        self.require(widget is not None and widget.isEnabled(), f"{widget and widget.objectName()} cannot be clicked")
        assert widget is not None
        QTest.mouseClick(widget, LEFT)
        QTest.qWait(MOVE_PAUSE)

    def drag(self, places: list[np.ndarray]) -> None:
        """Press the left button in the viewport, move over the places, release it."""
        native = self.canvas.native
        points = [QPoint(round(float(p[0])), round(float(p[1]))) for p in places]
        QTest.mousePress(native, LEFT, pos=points[0])
        for point in points[1:]:
            QTest.qWait(MOVE_PAUSE)
            QTest.mouseMove(native, point)
        QTest.qWait(MOVE_PAUSE)
        QTest.mouseRelease(native, LEFT, pos=points[-1])
        QTest.qWait(MOVE_PAUSE)

    def finish(self, what: str) -> None:
        """Wait for all jobs; a failed one ends the demo."""
        QTest.qWait(MOVE_PAUSE)
        self.wait(lambda: self.window.is_idle, f"{what} to end")
        proposal = self.window.studio.proposal
        failures = [c.failure for c in proposal.candidates if c.failure] if proposal else []
        self.require(not failures, f"{what} failed: {failures and failures[0].message}")

    def settle(self, milliseconds: int = 400) -> None:
        """Wait until the viewport has drawn finely."""
        QTest.qWait(milliseconds)

    def take_picture(self, name: str) -> Path:
        """Save a picture of the whole window, without the mouse."""
        QApplication.sendEvent(self.canvas.native, QEvent(QEvent.Type.Leave))
        self.settle(800)
        path = self.out / f"{name}.png"
        self.require(self.window.grab().save(str(path)), f"{path} could not be written")
        return path

    def wait(self, until: Callable[[], bool], what: str, seconds: float = 180) -> None:
        """Let the window live until something is true."""
        end = time.perf_counter() + seconds
        while not until():
            self.require(time.perf_counter() < end, f"waited {seconds:g} s for {what}")
            QTest.qWait(MOVE_PAUSE)

    def require(self, fact: bool, otherwise: str) -> None:
        if not fact:
            raise DemoError(otherwise)

    def say(self, words: str) -> None:
        print(f"{time.perf_counter() - self.started:6.1f} s  {words}", file=sys.stderr, flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("out"), help="folder for the GLB, the .scw and the pictures")
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as home:
        os.environ[HOME_VARIABLE] = home  # the user's settings neither help nor suffer
        make_application()
        window = build()
        shown: list[bool] = []
        window.first_frame.connect(lambda: shown.append(True))
        window.resize(1400, 900)
        window.show()
        journey = Journey(window, out)
        try:
            journey.wait(lambda: bool(shown), "the first frame")
            journey.say("first frame")
            journey.generate()
            journey.take_picture("generate")
            journey.brush()
            journey.take_picture("brush")
            journey.regenerate()
            journey.extend()
            files = journey.save()
        except DemoError as error:
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

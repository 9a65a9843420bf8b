"""Hands for scripts that drive the real window: they click, drag and type as a person would, and take pictures."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike
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

from editor.app import build, make_application
from editor.commands.window_timing import let_live
from editor.model.tour import find_car
from editor.ui.generate_dock import GenerateDock
from editor.ui.window import MainWindow
from engine.errors import RequestError
from engine.geometry.camera import box_corners
from engine.grid import Box
from engine.scene import VoxelScene

CAR = "car"
MOVE_PAUSE = 15
LEFT = Qt.MouseButton.LeftButton


class HandError(Exception):
    """Something in the window was not as it must be."""


@dataclass
class FileAnswers:
    """Stands in for the dialogs: a file is the next of `paths`, unsaved work is dropped."""

    paths: list[Path] = field(default_factory=list)

    def save_file(self, title: str, start: str, filters: list[str]) -> Path | None:
        return self.paths.pop(0)

    def unsaved(self, name: str) -> str:
        return "discard"


def open_window(width: int, height: int) -> MainWindow:
    """Open a window as the program does and wait until it has drawn itself."""
    make_application()
    window = build()
    shown: list[bool] = []
    window.first_frame.connect(lambda: shown.append(True))
    window.resize(width, height)
    window.show()
    wait(lambda: bool(shown), "the first frame")
    return window


def wait(until: Callable[[], bool], what: str, seconds: float = 180) -> None:
    """Let the window live until something is true."""
    end = time.perf_counter() + seconds
    while not until():
        if time.perf_counter() > end:
            raise HandError(f"waited {seconds:g} s for {what}")
        let_live(MOVE_PAUSE)


class Hand:
    """Works in one window; what is written goes to the folder `out`."""

    def __init__(self, window: MainWindow, out: Path) -> None:
        self.window, self.out = window, out
        self.document, self.canvas = window.studio.document, window.canvas
        dock = window.findChild(GenerateDock)
        assert isinstance(dock, GenerateDock)
        self.dock = dock
        self.started = time.perf_counter()

    @property
    def scene(self) -> VoxelScene:
        return self.document.scene

    def find_car(self) -> Box:
        """Find a car in plain sight of the default view, as the tour does, or the middle where there is none."""
        try:
            return find_car(self.scene).box
        except RequestError:
            x, y, z = (int(n) // 2 for n in self.scene.grid.shape)
            return Box((x - 8, y - 8, 0), (x + 8, y + 8, 2 * z))

    def brush_over(self, target: Box, radius: int) -> int:
        """Paint a mask over what the camera shows of a box, in one stroke; gives the number of masked voxels."""
        self.click(self.button_of("mask.brush"))
        self.click(self.window.options.brush.mode.part("volume"))
        self.type_into(self.window.options.brush.radius.field, str(radius))
        stroke = list(self.pixels_on(target))
        self.require(bool(stroke), f"no pixel shows the target {target}")
        self.drag(stroke[:: max(len(stroke) // 16, 1)])
        mask = self.document.mask
        self.require(not mask.is_empty, "the stroke masked nothing")
        return mask.count

    def pixels_of(self, places: ArrayLike) -> np.ndarray:
        """Find where places `(N, 3)`, in voxels, lie in the viewport: `(N, 2)` pixels."""
        width, height = self.canvas.window_size
        metres = np.multiply(places, self.scene.grid.voxel_size)
        flat = self.canvas.view.project(metres, width / height)[:, :2]
        return np.asarray((flat * (1, -1) * 0.5 + 0.5) * (width, height))

    def pixels_on(self, box: Box, step: int = 6) -> Iterator[np.ndarray]:
        """List pixels whose voxel lies in a box, column by column."""
        outline = self.pixels_of(box_corners(box.lower, box.upper))
        first = np.maximum(outline.min(axis=0) // step, 1).astype(int) * step
        last = np.minimum(outline.max(axis=0) + 1, self.canvas.window_size).astype(int)
        for x in range(first[0], last[0], step):
            for y in range(first[1], last[1], step):
                hit = self.canvas.pick((x, y))
                if hit is not None and box.contains(Box(hit.voxel, tuple(v + 1 for v in hit.voxel))):  # type: ignore[arg-type]
                    yield np.array([x, y], dtype=float)

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
        raise HandError(f"no visible button does '{action}'")

    def click(self, widget: QWidget | None) -> None:
        """Click in the middle of a widget."""
        self.require(widget is not None and widget.isEnabled(), f"{widget and widget.objectName()} cannot be clicked")
        assert widget is not None
        QTest.mouseClick(widget, LEFT)
        let_live(MOVE_PAUSE)

    def drag(self, places: list[np.ndarray]) -> None:
        """Press the left button in the viewport, move over the places, release it."""
        native = self.canvas.native
        points = [QPoint(round(float(p[0])), round(float(p[1]))) for p in places]
        QTest.mousePress(native, LEFT, pos=points[0])
        for point in points[1:]:
            let_live(MOVE_PAUSE)
            QTest.mouseMove(native, point)
        let_live(MOVE_PAUSE)
        QTest.mouseRelease(native, LEFT, pos=points[-1])
        let_live(MOVE_PAUSE)

    def finish(self, what: str) -> None:
        """Wait for all jobs; a failed one ends the demo."""
        let_live(MOVE_PAUSE)
        wait(lambda: self.window.is_idle, f"{what} to end")
        proposal = self.window.studio.proposal
        failures = [c.failure for c in proposal.candidates if c.failure] if proposal else []
        self.require(not failures, f"{what} failed: {failures and failures[0].message}")

    def settle(self, milliseconds: int = 400) -> None:
        """Wait until the viewport has drawn finely."""
        let_live(milliseconds)

    def take_picture(self, name: str) -> Path:
        """Save a picture of the whole window, without the mouse."""
        QApplication.sendEvent(self.canvas.native, QEvent(QEvent.Type.Leave))
        self.settle(800)
        path = self.out / f"{name}.png"
        self.require(self.window.grab().save(str(path)), f"{path} could not be written")
        return path

    def require(self, fact: bool, otherwise: str) -> None:
        if not fact:
            raise HandError(otherwise)

    def say(self, words: str) -> None:
        print(f"{time.perf_counter() - self.started:6.1f} s  {words}", file=sys.stderr, flush=True)

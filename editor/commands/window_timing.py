"""How long the editor takes to appear, and a stroke to show: `python -m editor.commands.window_timing` prints JSON.

A program of its own, so that the start counts from the start of a process.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from editor.app import build, make_application
from editor.settings import HOME_VARIABLE
from editor.tools.options import Brush
from editor.ui.window import MainWindow

RADIUS = 6
MOVES = 16
UNDOS = 5
PATIENCE = 20.0
LEFT = Qt.MouseButton.LeftButton


def measure_window() -> dict[str, float]:
    """Open the real window, draw one stroke of the mask brush over a street with real mouse events, undo a large edit.

    - `start_s`: from the start of the process to the first picture.
    - `stroke_ms`: from a mouse event of the stroke to the picture that shows it, median, with a viewport of 1280 x 800.
    - `undo_ms`: undoing and redoing new voxels of a region of 128 x 128 x 32, median of both; `undo_picture_ms`: to
      the picture that shows it.
    """
    make_application()
    window = build()
    shown: list[float] = []
    window.first_frame.connect(lambda: shown.append(_age()))
    window.resize(1400, 900)
    window.show()
    _wait(lambda: bool(shown))
    from engine.data.city.generator import make_world  # not before the first picture: the editor does without it
    from engine.scene import VoxelScene

    window.studio.document.replace(VoxelScene.from_labels(make_world(1, (256, 256)).labels))
    window.canvas.native.setFixedSize(1280, 800)
    window.gestures.context.set(brush=Brush(RADIUS))
    QTest.qWait(1500)
    times = list(_stroke(window))
    undos = list(_undos(window))
    undo, picture = (1000 * statistics.median(part) for part in zip(*undos, strict=True))
    window.studio.document.mark_saved(Path("measured.scw"))
    window.close()
    return {
        "start_s": shown[0],
        "stroke_ms": 1000 * statistics.median(times),
        "undo_ms": undo,
        "undo_picture_ms": picture,
    }


def _undos(window: MainWindow) -> Iterator[tuple[float, float]]:
    """Put a region in, as accepting a candidate does, and take it back and forth; gives seconds."""
    from engine.edit import VoxelEdit
    from engine.grid import Box

    document, canvas = window.studio.document, window.canvas
    box = Box((64, 64, 0), (192, 192, 32))
    fresh = document.scene.read(box)[::-1, ::-1].copy()
    document.do(VoxelEdit.between("Accept", document.scene, box, fresh))
    for deed in (document.undo, document.redo) * UNDOS:
        QTest.qWait(300)
        drawn, begin = canvas.painter.frames, time.perf_counter()
        deed()
        done = time.perf_counter() - begin
        _wait(lambda drawn=drawn: canvas.painter.frames > drawn)  # type: ignore[misc]
        yield done, time.perf_counter() - begin


def _stroke(window: MainWindow) -> Iterator[float]:
    native = window.canvas.native
    places = [QPoint(400 + 24 * k, 420) for k in range(MOVES)]
    QTest.mousePress(native, LEFT, pos=places[0])
    for place in places[1:]:
        QTest.qWait(20)
        drawn, begin = window.canvas.painter.frames, time.perf_counter()
        masked = window.studio.document.shown_mask.count
        QTest.mouseMove(native, place)
        _wait(lambda drawn=drawn: window.canvas.painter.frames > drawn)  # type: ignore[misc]
        if window.studio.document.shown_mask.count > masked:
            yield time.perf_counter() - begin
    QTest.mouseRelease(native, LEFT, pos=places[-1])


def _age() -> float:
    """Seconds since this process was started.

    Linux counts both ends since boot; elsewhere, and only there, the calendar's clock has to do.
    """
    if not sys.platform.startswith("linux"):
        return time.time() - psutil.Process().create_time()
    ticks = int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19])
    return time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")


def _wait(until: Callable[[], bool]) -> None:
    application = make_application()
    end = time.perf_counter() + PATIENCE
    while not until() and time.perf_counter() < end:
        application.processEvents()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as home:
        os.environ[HOME_VARIABLE] = home
        print(json.dumps(measure_window()))

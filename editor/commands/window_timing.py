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
from PySide6.QtCore import QEventLoop, QPoint, Qt, QTimer
from PySide6.QtTest import QTest

from editor.app import build, make_application
from editor.model.jobs import Job
from editor.settings import HOME_VARIABLE
from editor.tools.options import Brush
from editor.ui.window import MainWindow
from engine.errors import SamplingError
from engine.tasks.request import Step

RADIUS = 6
MOVES = 16
UNDOS = 5
RUNS = 3
CANCELLED_STEPS, CANCEL_AFTER = 40, 6
PATIENCE = 20.0
LEFT = Qt.MouseButton.LeftButton


def measure_window() -> dict[str, float]:
    """Open the real window, draw one stroke of the mask brush over a street with real mouse events, undo a large edit.

    - `start_s`: from the start of the process to the first picture.
    - `stroke_ms`: from a mouse event of the stroke to the picture that shows it, median, with a viewport of 1280 x 800.
    - `undo_ms`: undoing and redoing new voxels of a region of 128 x 128 x 32, median of both; `undo_picture_ms`: to
      the picture that shows it.
    - `generate_s`: from the wish for a scene of 256 x 256 to its result, 12 steps with previews; `stall_ms`: the
      longest time meanwhile in which the window did nothing for the user.
    - `cancel_ms`: from a cancelled run to an engine that is free again, beyond what one step takes.
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
    let_live(1500)
    times = list(_stroke(window))
    undos = list(_undos(window))
    undo, picture = (1000 * statistics.median(part) for part in zip(*undos, strict=True))
    runs = [_generation(window) for _ in range(RUNS + 1)][1:]  # the first one loads the model and compiles shaders
    generate, stall = (statistics.median(part) for part in zip(*runs, strict=True))
    cancel = statistics.median(_cancel(window) for _ in range(RUNS))
    window.studio.document.mark_saved(Path("measured.scw"))
    window.close()
    return {
        "start_s": shown[0],
        "stroke_ms": 1000 * statistics.median(times),
        "undo_ms": undo,
        "undo_picture_ms": picture,
        "generate_s": generate,
        "stall_ms": 1000 * stall,
        "cancel_ms": 1000 * cancel,
    }


def let_live(milliseconds: int) -> None:
    """Let windows live for a while, asleep where nothing happens.

    `QTest.qWait` will not do: vispy puts a loop in its place that never sleeps, and takes a core from the engine.
    """
    loop = QEventLoop()
    QTimer.singleShot(milliseconds, loop.quit)
    loop.exec()


def _undos(window: MainWindow) -> Iterator[tuple[float, float]]:
    """Put a region in, as accepting a candidate does, and take it back and forth; gives seconds."""
    from engine.edit import VoxelEdit
    from engine.grid import Box

    document, canvas = window.studio.document, window.canvas
    box = Box((64, 64, 0), (192, 192, 32))
    fresh = document.scene.read(box)[::-1, ::-1].copy()
    document.do(VoxelEdit.between("Accept", document.scene, box, fresh))
    for deed in (document.undo, document.redo) * UNDOS:
        let_live(300)
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
        let_live(20)
        drawn, begin = window.canvas.painter.frames, time.perf_counter()
        masked = window.studio.document.shown_mask.count
        QTest.mouseMove(native, place)
        _wait(lambda drawn=drawn: window.canvas.painter.frames > drawn)  # type: ignore[misc]
        if window.studio.document.shown_mask.count > masked:
            yield time.perf_counter() - begin
    QTest.mouseRelease(native, LEFT, pos=places[-1])


def _generation(window: MainWindow) -> tuple[float, float]:
    """Make a scene; gives the seconds it takes, and the longest in which no event was handled."""
    window.studio.discard()
    window.studio.plan.set(variants=1, preview="auto", steps=12)
    let_live(1000)
    gaps: list[float] = []
    begin = last = time.perf_counter()

    def beat() -> None:
        nonlocal last
        now = time.perf_counter()
        gaps.append(now - last)
        last = now

    timer = QTimer(interval=2)
    timer.timeout.connect(beat)
    timer.start()
    window.trigger("generate.run")
    _wait(lambda: window.is_idle, 60 * PATIENCE)
    timer.stop()
    return time.perf_counter() - begin, max(gaps)


def _cancel(window: MainWindow) -> float:
    """Cancel a run in its midst; gives the seconds until the engine is free, less those of one step.

    Steps that come faster than they are shown are told together, so that they are counted by their numbers. Raises
    `SamplingError` where the run is over before it could be cancelled.
    """
    window.studio.discard()
    window.studio.plan.set(steps=CANCELLED_STEPS)
    marks: list[tuple[int, float]] = []
    ended: list[float] = []

    def note(_job: Job, step: Step) -> None:
        if step.stage == "denoising":
            marks.append((step.index, time.perf_counter()))

    def end(_job: int, _failure: object) -> None:
        ended.append(time.perf_counter())

    window.studio.jobs.stepped.connect(note)
    window.worker.ended.connect(end)
    window.trigger("generate.run")
    _wait(lambda: bool(ended) or (bool(marks) and marks[-1][0] - marks[0][0] >= CANCEL_AFTER), 60 * PATIENCE)
    if ended:
        raise SamplingError(f"a run of {CANCELLED_STEPS} steps was over before it could be cancelled; measure by hand")
    begin = time.perf_counter()
    window.trigger("generate.cancel")
    _wait(lambda: bool(ended))
    window.studio.jobs.stepped.disconnect(note)
    window.worker.ended.disconnect(end)
    (first, start), (last, stop) = marks[0], marks[-1]
    return ended[-1] - begin - (stop - start) / (last - first)


def _age() -> float:
    """Seconds since this process was started.

    Linux counts both ends since boot; elsewhere, and only there, the calendar's clock has to do.
    """
    if not sys.platform.startswith("linux"):
        return time.time() - psutil.Process().create_time()
    ticks = int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19])
    return time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")


def _wait(until: Callable[[], bool], seconds: float = PATIENCE) -> None:
    end = time.perf_counter() + seconds
    while not until() and time.perf_counter() < end:
        let_live(1)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as home:
        os.environ[HOME_VARIABLE] = home
        print(json.dumps(measure_window()))

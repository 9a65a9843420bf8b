"""How long the hand waits for the picture: `python -m editor.viewport.timing` prints one JSON object.

A program of its own, so that opening the window counts from the start of a process.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable

import numpy as np
import psutil
from PySide6.QtWidgets import QApplication

from editor.viewport.canvas import ViewportCanvas
from engine.data.city.generator import make_world
from engine.grid import Box
from engine.labels import label_space
from engine.scene import VoxelScene

_RADIUS = 6
_ROUNDS = 15
_TOWN = (7, 11, 1)
"""How often the scene is repeated along x, y and z for a large one."""


def measure_viewport(scene: VoxelScene | None = None, size: tuple[int, int] = (1280, 800)) -> dict[str, float]:
    """Open a viewport of `size` pixels on a scene (by default a piece of city) and time it, in milliseconds or seconds.

    - `first_frame_s`: from the start of the process to the first finished picture, less the time to make the scene.
    - `frame_ms`: a full picture. `orbit_ms`: a picture while the camera moves; `orbit_large_ms`: the same over a scene
      of 1792 x 2816 voxels.
    - `brush_ms`: from an edit with a brush of radius 6 to the picture that shows it.
    - `preview_ms`: from all voxels changing to the picture that shows it.
    - `pick_ms`: finding the voxel under the mouse. `orbit_scale`: rays per pixel and axis while moving.
    """
    application = QApplication.instance() or QApplication([])
    before = time.perf_counter()
    scene = scene or VoxelScene.from_labels(make_world(1, (256, 256)).labels)
    making = time.perf_counter() - before
    canvas = ViewportCanvas(size)
    canvas.native.show()
    canvas.show_scene(scene)
    _finish(application, canvas)
    result = {"first_frame_s": time.time() - psutil.Process().create_time() - making}
    rng = np.random.default_rng(0)
    actions: dict[str, Callable[[], object]] = {
        "frame_ms": lambda: canvas.set_shading(),
        "orbit_ms": lambda: canvas.mouse.orbit(4, 1, False),
        "brush_ms": lambda: _dab(canvas, scene, rng),
        "preview_ms": lambda: canvas.update_labels(scene.box, scene.read()),
    }
    for name, action in actions.items():
        canvas.come_to_rest()
        _finish(application, canvas)
        action()  # the first time, programs are compiled and the pace is found
        _finish(application, canvas)
        result[name] = _median(lambda action=action: (action(), _finish(application, canvas)))  # type: ignore[misc]
    result["orbit_scale"] = canvas.painter.pace.moving_scale
    result["pick_ms"] = _median(lambda: canvas.pick((size[0] * 0.5, size[1] * 0.55)))
    result |= _measure_large(application, canvas, scene)
    canvas.close()
    return result


def _measure_large(application: object, canvas: ViewportCanvas, scene: VoxelScene) -> dict[str, float]:
    """Time orbiting over a whole town: the scene repeated, with its things at other places in the picture."""
    canvas.show_scene(VoxelScene.from_labels(np.tile(scene.read(), _TOWN)))
    _finish(application, canvas)
    for _ in range(_ROUNDS):  # the pace has to find out what this scene costs
        canvas.mouse.orbit(4, 1, False)
        _finish(application, canvas)
    orbit = _median(lambda: (canvas.mouse.orbit(4, 0, False), _finish(application, canvas)))
    return {"orbit_large_ms": orbit, "orbit_large_scale": canvas.painter.pace.moving_scale}


def _dab(canvas: ViewportCanvas, scene: VoxelScene, rng: np.random.Generator) -> None:
    """Show a ball of cars somewhere, as a stroke of the brush would."""
    size = 2 * _RADIUS + 1
    x, y = (int(rng.integers(0, n - size)) for n in scene.grid.shape[:2])
    box = Box((x, y, 0), (x + size, y + size, min(size, scene.grid.shape[2])))
    labels = scene.read(box)
    places = np.indices(labels.shape).transpose(1, 2, 3, 0) - _RADIUS
    labels[(places**2).sum(axis=-1) <= _RADIUS**2] = label_space().find("car")
    canvas.update_labels(box, labels)


def _median(action: Callable[[], object]) -> float:
    times = []
    for _ in range(_ROUNDS):
        start = time.perf_counter()
        action()
        times.append(time.perf_counter() - start)
    return 1000 * statistics.median(times)


def _finish(application: object, canvas: ViewportCanvas) -> None:
    """Let the window paint what is due."""
    assert isinstance(application, QApplication)
    done = canvas.painter.frames
    deadline = time.perf_counter() + 20
    while canvas.painter.frames == done and time.perf_counter() < deadline:
        application.processEvents()


if __name__ == "__main__":
    print(json.dumps(measure_viewport()))

"""Where the scene is seen from, and how one gets elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from psygnal import Signal
from PySide6.QtCore import QTimer

from editor.viewport.display import Display
from editor.viewport.orbit import OrbitCamera
from engine.geometry.camera import Camera, box_corners
from engine.grid import Box
from engine.scene import VoxelScene

_SECONDS = 0.22
"""How long a smooth move takes."""
_LEAST_STEPS = 3
"""Pictures of the way, however slowly they come: a move that nobody sees leaves one lost."""


class Navigation:
    """Holds the camera, in metres from the scene's lower corner, and knows the views of a scene.

    Parameters
    ----------
    window
        Gives the size of the picture in logical pixels.

    Attributes
    ----------
    glides
        Whether `go` moves smoothly.
    """

    moved = Signal()

    def __init__(self, display: Display, window: Callable[[], tuple[int, int]]) -> None:
        self._display, self._window = display, window
        self._camera = OrbitCamera()
        self.glides = False
        self._way = (self._camera, self._camera)
        self._share = self._then = 0.0
        self._timer = QTimer()
        self._timer.setInterval(12)
        self._timer.timeout.connect(self._advance)

    @property
    def camera(self) -> OrbitCamera:
        return self._camera

    @property
    def is_gliding(self) -> bool:
        return self._timer.isActive()

    def look(self, camera: OrbitCamera) -> None:
        """Look through another camera, at once; a smooth move under way ends where it is."""
        self._timer.stop()
        self._set(camera)

    def go(self, camera: OrbitCamera) -> None:
        """Go to another view, smoothly where that is wanted."""
        if not self.glides or camera == self._camera:
            self.look(camera)
            return
        self._way, self._share, self._then = (self._camera, camera), 0.0, time.monotonic()
        self._timer.start()

    def arrive(self) -> None:
        """Finish a smooth move at once."""
        if self._timer.isActive():
            self.look(self._way[1])

    def follow(self, before: VoxelScene | None, scene: VoxelScene) -> None:
        """Keep the place in the world where another scene lies there too, else show all of it."""
        self.arrive()
        if before is not None and _lie_together(before, scene):
            shift = np.subtract(scene.grid.origin, before.grid.origin)
            self.look(replace(self._camera, target=tuple(float(v) for v in self._camera.target - shift)))
        else:
            self.look(self.home())

    # views: where one could go

    def home(self) -> OrbitCamera:
        """Give the default view of everything."""
        return self.framed(None, replace(self.from_side("default"), orthographic=False))

    def from_side(self, name: str) -> OrbitCamera:
        """Give the view from a side: `default`, `front`, `back`, `left`, `right`, `top` or `bottom`."""
        return self._camera.look_from(name)

    def with_other_projection(self) -> OrbitCamera:
        """Give the view without perspective, or with it again."""
        return replace(self._camera, orthographic=not self._camera.orthographic)

    def framed(self, box: Box | None = None, camera: OrbitCamera | None = None) -> OrbitCamera:
        """Give the view that holds a box, by default everything, with the direction of a camera."""
        box = self._display.shown if box is None or box.is_empty else box
        size = self._display.visual.voxel_size
        width, height = self._window()
        lower, upper = np.multiply(box.lower, size), np.multiply(box.upper, size)
        return (camera or self._camera).frame(lower, upper, width / height)

    def seen_through(self, camera: Camera, orthographic: bool = False) -> OrbitCamera:
        """Give the view through a camera in metres of the scene's frame."""
        origin = self._origin
        eye, target = np.subtract(camera.eye, origin), np.subtract(camera.target, origin)
        return OrbitCamera.of_points(eye, target, camera.up, camera.fov, orthographic)

    # questions

    def export(self) -> Camera:
        """Give the view as a camera that can be saved and rendered: metres in the scene's frame."""
        c = self._camera
        eye, target, up = c.station + self._origin, np.asarray(c.target) + self._origin, c.basis[1]
        triples = (tuple(float(n) for n in v) for v in (eye, target, up))
        return Camera(*triples, fov=c.fov, size=self._window())  # type: ignore[arg-type]

    @property
    def is_inside(self) -> bool:
        """Whether the eye is inside of something solid, which is then cut open."""
        return self._display.visual.is_inside(self._camera)

    @property
    def is_lost(self) -> bool:
        """Whether nothing of the scene can be in the picture."""
        width, height = self._window()
        shown, size = self._display.shown, self._display.visual.voxel_size
        corners = box_corners(np.multiply(shown.lower, size), np.multiply(shown.upper, size))
        seen = self._camera.project(corners, width / height)
        before = seen[:, 2] > 0
        if not before.any():
            return True
        if not before.all():  # the box reaches behind the eye, where directions mean nothing
            return False
        return bool((seen[:, :2] < -1).all(axis=0).any() or (seen[:, :2] > 1).all(axis=0).any())

    def stop(self) -> None:
        """Move no more."""
        self._timer.stop()

    @property
    def _origin(self) -> np.ndarray:
        return np.asarray(self._display.scene.grid.origin) if self._display.scene else np.zeros(3)

    def _set(self, camera: OrbitCamera) -> None:
        if camera != self._camera:
            self._camera = camera
            self.moved.emit()

    def _advance(self) -> None:
        now = time.monotonic()
        self._share += min((now - self._then) / _SECONDS, 1 / _LEAST_STEPS)
        self._then = now
        if self._share >= 1 - 1e-9:
            self.look(self._way[1])
        else:
            self._set(self._way[0].towards(self._way[1], self._share**2 * (3 - 2 * self._share)))


def _lie_together(a: VoxelScene, b: VoxelScene) -> bool:
    """Tell whether two scenes share voxels' size and some room in the world."""
    if a.grid.voxel_size != b.grid.voxel_size:
        return False
    a_lower, a_upper = a.grid.to_metres(a.box.lower), a.grid.to_metres(a.box.upper)
    b_lower, b_upper = b.grid.to_metres(b.box.lower), b.grid.to_metres(b.box.upper)
    return bool((np.maximum(a_lower, b_lower) < np.minimum(a_upper, b_upper)).all())

"""Where the scene is seen from, and how one gets elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from psygnal import Signal

from editor.viewport.display import Display
from editor.viewport.orbit import OrbitCamera
from engine.geometry.camera import Camera
from engine.grid import Box
from engine.scene import VoxelScene


class Navigation:
    """Holds the camera, in metres from the scene's lower corner, and knows the views of a scene.

    Parameters
    ----------
    window
        Gives the size of the picture in logical pixels.
    """

    moved = Signal()

    def __init__(self, display: Display, window: Callable[[], tuple[int, int]]) -> None:
        self._display, self._window = display, window
        self._camera = OrbitCamera()

    @property
    def camera(self) -> OrbitCamera:
        return self._camera

    def look(self, camera: OrbitCamera) -> None:
        """Look through another camera."""
        if camera != self._camera:
            self._camera = camera
            self.moved.emit()

    def follow(self, before: VoxelScene | None, scene: VoxelScene) -> None:
        """Keep the place in the world where another scene lies there too, else show all of it."""
        if before is not None and _lie_together(before, scene):
            shift = np.subtract(scene.grid.origin, before.grid.origin)
            self.look(replace(self._camera, target=tuple(float(v) for v in self._camera.target - shift)))
        else:
            self.look(self.home())

    def home(self) -> OrbitCamera:
        """Give the default view of everything."""
        return self.framed(None, replace(self.from_side("default"), orthographic=False))

    def from_side(self, name: str) -> OrbitCamera:
        """Give the view from a side: `default`, `front`, `back`, `left`, `right` or `top`."""
        return self._camera.look_from(name)

    def with_other_projection(self) -> OrbitCamera:
        """Give the view without perspective, or with it again."""
        return replace(self._camera, orthographic=not self._camera.orthographic)

    def framed(self, box: Box | None = None, camera: OrbitCamera | None = None) -> OrbitCamera:
        """Give the view that holds a box, by default everything, with the direction of a camera."""
        box = self._display.box if box is None or box.is_empty else box
        size = self._display.visual.voxel_size
        width, height = self._window()
        lower, upper = np.multiply(box.lower, size), np.multiply(box.upper, size)
        return (camera or self._camera).frame(lower, upper, width / height)

    def export(self) -> Camera:
        """Give the view as a camera that can be saved and rendered: metres in the scene's frame."""
        origin = np.asarray(self._display.scene.grid.origin) if self._display.scene else np.zeros(3)
        c = self._camera
        eye, target, up = c.eye + origin, np.asarray(c.target) + origin, c.basis[1]
        triples = (tuple(float(n) for n in v) for v in (eye, target, up))
        return Camera(*triples, fov=c.fov, size=self._window())  # type: ignore[arg-type]


def _lie_together(a: VoxelScene, b: VoxelScene) -> bool:
    """Tell whether two scenes share voxels' size and some room in the world."""
    if a.grid.voxel_size != b.grid.voxel_size:
        return False
    a_lower, a_upper = a.grid.to_metres(a.box.lower), a.grid.to_metres(a.box.upper)
    b_lower, b_upper = b.grid.to_metres(b.box.lower), b.grid.to_metres(b.box.upper)
    return bool((np.maximum(a_lower, b_lower) < np.minimum(a_upper, b_upper)).all())

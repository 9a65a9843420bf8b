"""The view as tools need it: what lies under a pixel, lines of sight, and where voxels are seen."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from editor.viewport.display import Display
from editor.viewport.orbit import OrbitCamera
from engine.geometry.rays import Hit

Floats = NDArray[np.float64]
Position = tuple[float, float]


class CanvasSight:
    """Looks through a camera at what a display shows; positions are logical pixels, all else is in voxels.

    Parameters
    ----------
    camera, window
        Give the present camera (metres from the scene's corner) and the window's size in logical pixels.
    """

    def __init__(
        self, display: Display, camera: Callable[[], OrbitCamera], window: Callable[[], tuple[int, int]]
    ) -> None:
        self._display, self._camera, self._window = display, camera, window

    def pick(self, position: Position) -> Hit | None:
        """Find the visible voxel under a position."""
        return self._display.pick(*self.ray(position))

    def touch(self, position: Position) -> Hit | None:
        """Find the visible voxel under a position, or the floor below the scene."""
        ray = self.ray(position)
        return self._display.pick(*ray) or self._display.pick_floor(*ray)

    def ray(self, position: Position) -> tuple[Floats, Floats]:
        """Give the line of sight through a position: origin and unit direction."""
        origins, ways = self.rays(np.asarray([position], dtype=np.float64))
        return origins[0], ways[0] / np.linalg.norm(ways[0])

    def ray_in_metres(self, position: Position) -> tuple[Floats, Floats]:
        """Give the line of sight from the scene's corner; the direction is per metre of depth."""
        width, height = self._window()
        return self._camera().ray(position[0] / width * 2 - 1, 1 - position[1] / height * 2, width / height)

    def rays(self, positions: ArrayLike) -> tuple[Floats, Floats]:
        """Give the lines of sight through positions `(N, 2)`: origins and directions of any length, `(N, 3)` each."""
        (width, height), size = self._window(), np.asarray(self._display.visual.voxel_size)
        places = np.asarray(positions, dtype=np.float64) / (width, height) * (2, -2) + (-1, 1)
        corner, right, up = (self._camera().ray(x, y, width / height) for x, y in ((0, 0), (1, 0), (0, 1)))
        origins, ways = (
            corner[i] + places[:, :1] * (right[i] - corner[i]) + places[:, 1:] * (up[i] - corner[i]) for i in (0, 1)
        )
        return origins / size, ways / size

    def to_metres(self, point: ArrayLike) -> Floats:
        """Give a place in the scene in metres from its corner."""
        return np.multiply(point, self._display.visual.voxel_size)

    def project(self, points: ArrayLike) -> Floats:
        """Give where points `(N, 3)` are seen, `(N, 3)`: position in logical pixels, and depth (above 0: in front)."""
        width, height = self._window()
        metres = np.asarray(points, dtype=np.float64) * self._display.visual.voxel_size
        seen = self._camera().project(metres, width / height)
        return seen * (width / 2, -height / 2, 1) + (width / 2, height / 2, 0)

    def sees(self) -> frozenset[int]:
        """List the labels that stop a line of sight."""
        return self._display.seen_labels

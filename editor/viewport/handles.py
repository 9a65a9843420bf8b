"""Arrows on faces of a box, by which it is made larger: the scene's bounds, or a box inside them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from editor.viewport.scene_visual import Lens
from editor.viewport.shapes import arrow, box_edges, box_faces
from editor.viewport.strokes import Facets, Strokes
from editor.viewport.theme import Theme
from engine.grid import Box, Vector3

Floats = NDArray[np.float64]

FACES = ((0, 0), (0, 1), (1, 0), (1, 1), (2, 0), (2, 1))
"""(axis, side) of the faces of a box; side 0 is the lower one. The scene grows by the first four."""

_REACH = 13  # pixels: how near the mouse must come
_LONG, _SHORT = 52, 34  # pixels: an arrow on the scene, and on a box inside


@dataclass(frozen=True)
class Grip:
    """A face that is held by the mouse: which one, where along its axis (metres) it was taken, of which bounds."""

    axis: int
    side: int
    start: float
    bounds: Box


class Handles:
    """Draws the arrows, finds the one under the mouse and turns its movement into new bounds.

    Parameters
    ----------
    colour
        Which of the theme's colours they have.

    Attributes
    ----------
    step
        Voxels by which bounds grow, or None while there are no handles.
    box
        The scene's bounds in voxels.
    pulled
        Bounds that the user has pulled outward so far; `None` where they are the scene's.
    inner
        A box inside the scene whose faces are moved instead, both ways.
    is_upright
        Whether only the upright faces of that box are moved.
    voxel_size
        Metres.
    """

    def __init__(self, colour: Literal["accent", "cut"] = "accent") -> None:
        self._colour = colour
        self.step: int | None = None
        self.box = Box.of_shape((1, 1, 1))
        self.pulled: Box | None = None
        self.inner: Box | None = None
        self.is_upright = False
        self.voxel_size = (0.2, 0.2, 0.2)
        self.hovered: tuple[int, int] | None = None
        self.grip: Grip | None = None
        self.preview: Box | None = None
        self._arrows = Facets(behind=0.45)
        self._slab = Facets(behind=0.5)
        self._edges = Strokes(behind=0.5)

    def find(self, lens: Lens, place: tuple[float, float], window: tuple[int, int]) -> tuple[int, int] | None:
        """Give the face whose arrow lies under a logical pixel; None where there is none."""
        if self.step is None:
            return None
        best, nearest = None, float(_REACH)
        for face in self._faces:
            start, way, length = self._arrow(lens, face, window)
            ends = lens.camera.project(np.stack([start, start + way * length]), lens.aspect)
            if (ends[:, 2] <= 0).any():
                continue
            a, b = ((np.array([p[0], -p[1]]) * 0.5 + 0.5) * window for p in ends)
            if np.linalg.norm(b - a) < _REACH:
                continue  # it points at the eye, where no drag could move it
            distance = _to_segment(np.asarray(place), a, b)
            if distance < nearest:
                best, nearest = face, distance
        return best

    def grab(self, face: tuple[int, int], origin: Floats, way: Floats) -> None:
        """Take hold of a face with a ray of the mouse (metres)."""
        self.preview = self.inner or self.pulled or self.box
        self.grip = Grip(*face, self._along(face, origin, way), self.preview)

    def drag(self, origin: Floats, way: Floats) -> Box:
        """Move the held face to where the mouse's ray passes its axis; gives the new bounds in whole steps."""
        assert self.grip is not None
        assert self.step is not None
        grip, size = self.grip, self.voxel_size[self.grip.axis]
        moved = (self._along((grip.axis, grip.side), origin, way) - grip.start) / size
        outward = moved if grip.side else -moved
        if self.inner is not None:
            self.preview = self._resized(grip, round(outward / self.step) * self.step)
            return self.preview
        start, own = grip.bounds, _face(self.box, grip.axis, grip.side)
        already = abs(_face(start, grip.axis, grip.side) - own)
        voxels = max(0, round((already + outward) / self.step)) * self.step
        corner = list(start.upper if grip.side else start.lower)
        corner[grip.axis] = own + (voxels if grip.side else -voxels)
        moved_corner: Vector3 = (corner[0], corner[1], corner[2])
        self.preview = Box(start.lower, moved_corner) if grip.side else Box(moved_corner, start.upper)
        return self.preview

    def _resized(self, grip: Grip, outward: int) -> Box:
        """Move a face of the inner box by voxels, within the scene and not past the opposite face."""
        lower, upper = list(grip.bounds.lower), list(grip.bounds.upper)
        if grip.side:
            upper[grip.axis] = min(max(upper[grip.axis] + outward, lower[grip.axis] + 1), self.box.upper[grip.axis])
        else:
            lower[grip.axis] = max(min(lower[grip.axis] - outward, upper[grip.axis] - 1), self.box.lower[grip.axis])
        return Box((lower[0], lower[1], lower[2]), (upper[0], upper[1], upper[2]))

    def show_inner(self, box: Box | None, step: int = 1, upright: bool = False) -> None:
        """Put arrows on the faces of a box inside the scene; None takes them away. A drag under way goes on."""
        self.inner, self.step, self.is_upright = box, step if box else None, upright
        if box is None:
            self.let_go()

    def let_go(self) -> None:
        self.grip = self.preview = None

    def draw(self, lens: Lens, theme: Theme, window: tuple[int, int]) -> None:
        """Draw arrows and, while one is dragged, the room that would be added."""
        if self.step is None:
            return
        shapes, colours = [], []
        own = getattr(theme, self._colour)
        for face in self._faces:
            lit = face == self.hovered or (self.grip is not None and face == (self.grip.axis, self.grip.side))
            shape, shade = arrow(*self._arrow(lens, face, window))
            base = np.array((1.0, 1.0, 1.0) if lit else own)
            shapes.append(shape)
            colours.append(np.concatenate([shade[:, None] * base, np.ones((len(shade), 1))], axis=1))
        self._arrows.set(np.concatenate(shapes), np.concatenate(colours))
        added = self._added()
        outlined = self._metres(self.preview or self.inner) if self.inner else added
        self._edges.set(box_edges(*outlined) if outlined else [], (*own, 1.0))
        self._slab.set(box_faces(*added) if added else [], (*own, 0.10))
        for facets in (self._slab, self._arrows):
            facets.draw(lens.matrix)
        self._edges.width = 2.0 * lens.size[0] / window[0]
        self._edges.draw(lens.matrix, lens.size)

    def _added(self) -> tuple[Floats, Floats] | None:
        """Corners in metres of what the preview adds to the scene."""
        if self.preview is None or self.grip is None or self.inner is not None or self.preview == self.box:
            return None
        lower, upper = list(self.preview.lower), list(self.preview.upper)
        if self.grip.side:
            lower[self.grip.axis] = self.box.upper[self.grip.axis]
        else:
            upper[self.grip.axis] = self.box.lower[self.grip.axis]
        return self._metres(Box((lower[0], lower[1], lower[2]), (upper[0], upper[1], upper[2])))

    @property
    def _faces(self) -> tuple[tuple[int, int], ...]:
        return FACES if self.inner is not None and not self.is_upright else FACES[:4]

    def _metres(self, box: Box) -> tuple[Floats, Floats]:
        return np.multiply(box.lower, self.voxel_size), np.multiply(box.upper, self.voxel_size)

    def _arrow(self, lens: Lens, face: tuple[int, int], window: tuple[int, int]) -> tuple[Floats, Floats, float]:
        """Give where an arrow starts, its direction and its length, in metres; it looks equally long from anywhere."""
        box = self.preview or self.inner or self.pulled or self.box
        start = np.multiply(np.add(box.lower, box.upper) / 2, self.voxel_size)
        start[face[0]] = (box.upper if face[1] else box.lower)[face[0]] * self.voxel_size[face[0]]
        way = np.zeros(3)
        way[face[0]] = 1.0 if face[1] else -1.0
        camera = lens.camera
        depth = max(float((start - camera.eye) @ camera.basis[2]), 0.1)
        scale = 1.0 if camera.orthographic else depth / camera.distance
        metre = 2 * camera.half_height * scale / window[1]
        return start + way * metre * 8, way, metre * (_SHORT if self.inner else _LONG)

    def _along(self, face: tuple[int, int], origin: Floats, way: Floats) -> float:
        """Give the place on the face's axis (metres) that a ray passes closest."""
        axis = np.zeros(3)
        axis[face[0]] = 1.0
        box = self.grip.bounds if self.grip else self.inner or self.pulled or self.box
        centre = np.multiply(np.add(box.lower, box.upper) / 2, self.voxel_size)
        normal = np.cross(axis, np.cross(way, axis))
        facing = float(way @ normal)
        if abs(facing) < 1e-9:
            return float(centre[face[0]])
        t = float((centre - origin) @ normal) / facing
        return float((origin + way * t)[face[0]])


def _face(box: Box, axis: int, side: int) -> int:
    return (box.upper if side else box.lower)[axis]


def _to_segment(point: Floats, a: Floats, b: Floats) -> float:
    along = b - a
    share = np.clip((point - a) @ along / max(float(along @ along), 1e-9), 0, 1)
    return float(np.linalg.norm(point - a - share * along))

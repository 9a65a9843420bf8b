"""Marks drawn over the voxels: bounds, brush, the box of a proposal, axes."""

from __future__ import annotations

from typing import Literal

import numpy as np

from editor.viewport.handles import Handles
from editor.viewport.numerals import edge_numbers, numeral_strokes
from editor.viewport.scale import grid_pitch
from editor.viewport.scene_visual import Lens
from editor.viewport.shapes import box_edges, circle, cylinder, dashes, disc, floor_ticks, footprint_edges, letter
from editor.viewport.strokes import Facets, Strokes
from editor.viewport.theme import Rgb, Theme, rgb
from engine.geometry.rays import Hit
from engine.grid import Box
from engine.mask import VoxelMask

Shape = Literal["voxel", "ball", "cube", "disc column", "square column"]

_AXES = (("x", rgb("f2545b"), "right"), ("y", rgb("7bc950"), "back"), ("z", rgb("4c9fff"), "top"))
_FLAT = np.eye(4)
_NOTHING = Box((0, 0, 0), (0, 0, 0))
_MOST_TICKS = 400
_NUMERAL, _CLOSEST_NUMBERS = 4.5, 26  # pixels: half the height of a numeral, and between two numbers
_CENTRE, _ARM, _LETTER, _DISC = 50, 24, 33, 42  # pixels: middle of the axes from the corner, then lengths from there


class Overlays:
    """All marks of a viewport, in metres from the scene's lower corner.

    Attributes
    ----------
    handles, section
        The arrows that grow the bounds, or move a box's faces; those on the section box.
    outline
        Corners of an outline in the picture, in logical pixels.
    """

    def __init__(self) -> None:
        self.handles, self.section = Handles(), Handles("cut")
        self._theme = Theme.dark()
        self._voxel_size = (0.2, 0.2, 0.2)
        self._box = Box.of_shape((1, 1, 1))
        self._ghost: Box | None = None
        self._cells, self._context = VoxelMask.nothing(), _NOTHING
        self._shape: Shape | None = None
        self._radius = 0.0
        self._before_face = False
        self.outline: list[tuple[float, float]] = []
        self._hit: Hit | None = None
        self._pitch = (2.0, 10.0)
        self._numbers = Strokes(behind=0.0)
        self._bounds, self._ticks, self._region = Strokes(behind=0.25), Strokes(behind=0.0), Strokes(behind=0.45)
        self._reach = Strokes(behind=0.3)
        self._disc = Facets(behind=0.0)
        self._brush, self._axes, self._lasso = Strokes(behind=0.35), Strokes(behind=0.0), Strokes(behind=0.0)

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self._redo()

    def set_bounds(self, box: Box, voxel_size: tuple[float, float, float]) -> None:
        """Say where the scene ends."""
        self._box, self._voxel_size = box, voxel_size
        for handles in (self.handles, self.section):
            handles.box, handles.voxel_size, handles.pulled = box, voxel_size, None
        self._redo()

    def set_ghost(self, box: Box | None) -> bool:
        """Outline the region of a proposal; tells whether anything looks different now."""
        if box == self._ghost:
            return False
        self._ghost = box
        self._redo()
        return True

    def set_reach(self, cells: VoxelMask, context: Box) -> bool:
        """Outline what would be made anew in whole cells, and the box that is looked at for it; both may be empty.

        Tells whether anything looks different now.
        """
        same_cells = cells is self._cells or (cells.is_empty and self._cells.is_empty)
        if same_cells and context == self._context:
            return False
        self._cells, self._context = cells, context
        self._redo_reach()
        return True

    def set_brush(self, shape: Shape | None, radius: float = 0.0, before_face: bool = False) -> None:
        """Choose what is drawn under the mouse, at what is hit or before its face; `radius` in voxels."""
        self._shape, self._radius, self._before_face = shape, radius, before_face
        self.point_at(self._hit)

    def point_at(self, hit: Hit | None) -> bool:
        """Move the brush to what lies under the mouse; tells whether anything looks different now."""
        shown = self._hit is not None and self._shape is not None
        self._hit = hit
        self._brush.set(self._brush_lines(), (*self._theme.brush, 0.95))
        return shown or (hit is not None and self._shape is not None)

    def draw(self, lens: Lens, window: tuple[int, int]) -> None:
        """Draw everything; `window` in logical pixels."""
        self._follow_zoom(lens)
        ratio = lens.size[0] / window[0]
        widths = (1.2, 1.0, 1.1, 1.6, 1.6)
        marks = (self._bounds, self._ticks, self._reach, self._region, self._brush)
        for strokes, width in zip(marks, widths, strict=True):
            strokes.width = width * ratio
            strokes.draw(lens.matrix, lens.size)
        for handles in (self.section, self.handles):
            handles.draw(lens, self._theme, window)
        self._draw_outline(lens, window)
        self._draw_numbers(lens, window)
        self._draw_axes(lens, window)

    def _redo(self) -> None:
        lower, upper = self._metres(self._box)
        self._bounds.set(box_edges(lower, upper), (*self._theme.bounds, 0.55))
        self._redo_ticks()
        region = [] if self._ghost is None else dashes(box_edges(*self._metres(self._ghost)), 0.4)
        self._region.set(region, (*self._theme.accent, 0.95))
        self._brush.set(self._brush_lines(), (*self._theme.brush, 0.95))
        self._redo_reach()

    def _follow_zoom(self, lens: Lens) -> None:
        """Give the marks along the edges the steps that the lines of the floor have."""
        pitch = grid_pitch(lens.camera, lens.size[1])
        if pitch != self._pitch:
            self._pitch = pitch
            self._redo_ticks()

    def _redo_ticks(self) -> None:
        lower, upper = self._metres(self._box)
        small, large = self._pitch
        if max(upper - lower) / small > _MOST_TICKS:
            small = large  # on show is but a small part of them
        self._ticks.set(floor_ticks(lower, upper, small, large), (*self._theme.bounds, 0.7))

    def _draw_numbers(self, lens: Lens, window: tuple[int, int]) -> None:
        """Write metres along the two edges next to the viewer."""
        lower, upper = self._metres(self._box)
        numbers = edge_numbers(lower, upper, lens.camera.eye, self._pitch[1])
        if not numbers or len(numbers) > _MOST_TICKS:
            return
        seen = lens.camera.project(np.stack([place for _, place in numbers]), lens.aspect)
        shown = (seen[:, 2] > 0) & (np.abs(seen[:, :2]) < 1).all(axis=1)
        half = np.asarray(window) / 2
        strokes = [np.zeros((0, 2, 2))]
        last = np.full(2, -np.inf)
        for (words, _), (x, y, _), is_shown in zip(numbers, seen, shown, strict=True):
            place = np.array([x, y]) * half
            if is_shown and np.abs(place - last).max() > _CLOSEST_NUMBERS:
                strokes.append(numeral_strokes(words, place, _NUMERAL))
                last = place
        flat = np.concatenate(strokes) / half
        self._numbers.width = 1.2 * lens.size[0] / window[0]
        self._numbers.set(np.concatenate([flat, np.zeros((*flat.shape[:2], 1))], axis=2), (*self._theme.bounds, 0.95))
        self._numbers.draw(_FLAT, lens.size, on_top=True)

    def _redo_reach(self) -> None:
        lines, colours = [np.zeros((0, 2, 3))], [np.zeros((0, 4))]
        parts = ((self._context_lines(), (*self._theme.bounds, 0.75)), (self._cell_lines(), (*self._theme.mask, 0.9)))
        for part, colour in parts:
            lines.append(part)
            colours.append(np.tile(colour, (len(part), 1)))
        self._reach.set(np.concatenate(lines), np.concatenate(colours))

    def _context_lines(self) -> np.ndarray:
        inside = self._context.clip(self._box)
        return np.zeros((0, 2, 3)) if inside.is_empty else dashes(box_edges(*self._metres(inside)), 0.5)

    def _cell_lines(self) -> np.ndarray:
        if self._cells.is_empty:
            return np.zeros((0, 2, 3))
        lower, upper = self._metres(self._cells.box)
        columns = np.asarray(self._cells.array.any(axis=2))
        return footprint_edges(columns, lower, self._voxel_size[:2], float(upper[2] - lower[2]))

    def _metres(self, box: Box) -> tuple[np.ndarray, np.ndarray]:
        return np.multiply(box.lower, self._voxel_size), np.multiply(box.upper, self._voxel_size)

    def _brush_lines(self) -> np.ndarray:
        if self._hit is None or self._shape is None:
            return np.zeros((0, 2, 3))
        size, voxel = np.asarray(self._voxel_size), np.asarray(self._hit.voxel)
        if self._before_face:
            voxel = voxel + self._hit.normal
        voxel = np.maximum(voxel, (-(1 << 20), -(1 << 20), 0))  # on the floor the lowest voxels are meant
        centre, reach = (voxel + 0.5) * size, size * (self._radius + 0.5)
        if self._shape == "voxel" or self._radius < 1:
            return box_edges(centre - size * 0.5, centre + size * 0.5)
        if self._shape == "cube":
            return box_edges(centre - reach, centre + reach)
        if self._shape == "square column":
            return box_edges((*(centre - reach)[:2], 0.0), (*(centre + reach)[:2], centre[2] + size[2] / 2))
        half = np.diag(size * self._radius)
        if self._shape == "disc column":
            return cylinder(centre, half[0], half[1], -centre[2])
        return np.concatenate([circle(centre, half[i], half[j]) for i, j in ((0, 1), (1, 2), (2, 0))])

    def view_at(self, lens: Lens, place: tuple[float, float], window: tuple[int, int]) -> str | None:
        """Give the view that the letter of an axis under a logical pixel stands for."""
        for _, _, tip, view in self._axis_tips(lens):
            x, y = _CENTRE + tip[0] * _LETTER, window[1] - _CENTRE - tip[1] * _LETTER
            if np.hypot(place[0] - x, place[1] - y) < 9:
                return view
        return None

    def _axis_tips(self, lens: Lens) -> list[tuple[str, Rgb, np.ndarray, str]]:
        """List the axes from back to front: letter, colour, where they point in the picture, view from there."""
        right, up, forward = lens.camera.basis
        order = sorted(range(3), key=lambda axis: -forward[axis])
        return [(_AXES[i][0], _AXES[i][1], np.array([right[i], up[i]]), _AXES[i][2]) for i in order]

    def _draw_outline(self, lens: Lens, window: tuple[int, int]) -> None:
        if len(self.outline) < 2:
            return
        points = np.asarray(self.outline) / window * (2, -2) + (-1, 1)
        flat = np.concatenate([points, np.zeros((len(points), 1))], axis=1)
        drawn = np.stack([flat[:-1], flat[1:]], axis=1)
        closing = dashes(np.stack([flat[-1:], flat[:1]], axis=1), 0.02)
        lines = np.concatenate([drawn, closing])
        # a line of the other brightness below, so that it is seen on any ground
        for width, colour in ((3.6, (*self._theme.sky_high, 0.6)), (1.6, (*self._theme.brush, 1.0))):
            self._lasso.width = width * lens.size[0] / window[0]
            self._lasso.set(lines, colour)
            self._lasso.draw(_FLAT, lens.size, on_top=True)

    def _draw_axes(self, lens: Lens, window: tuple[int, int]) -> None:
        """Draw x, y and z as they lie now into the lower left corner."""
        pixel = np.array([2 / window[0], 2 / window[1]])
        centre = np.array([-1.0, -1.0]) + _CENTRE * pixel
        lines, colours = [], []
        for name, colour, tip, _ in self._axis_tips(lens):
            end = tip * _ARM
            strokes = [((0.0, 0.0), (end[0], end[1])), *letter(name, (tip[0] * _LETTER, tip[1] * _LETTER), 3.6)]
            lines += [[[*(centre + np.array(p) * pixel), 0.0] for p in ends] for ends in strokes]
            colours += [(*colour, 1.0)] * len(strokes)
        self._disc.set(disc(centre, _DISC * pixel), (*self._theme.sky_low, 0.6))
        self._disc.draw(_FLAT, on_top=True)
        self._axes.width = 1.8 * lens.size[0] / window[0]
        self._axes.set(lines, colours)
        self._axes.draw(_FLAT, lens.size, on_top=True)

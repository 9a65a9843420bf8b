"""Smooth lines and plain triangles drawn on top of the voxels."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from vispy import gloo

from editor.viewport.shaders.screen import FACET_FRAGMENT, FACET_VERTEX, STROKE_FRAGMENT, STROKE_VERTEX

_QUAD = np.array([[0, -1], [0, 1], [1, -1], [1, -1], [0, 1], [1, 1]], dtype=np.float32)
_STROKE = np.dtype([("a_start", "f4", 3), ("a_end", "f4", 3), ("a_side", "f4", 2), ("a_colour", "f4", 4)])
_FACET = np.dtype([("a_place", "f4", 3), ("a_colour", "f4", 4)])

_BLEND = ("src_alpha", "one_minus_src_alpha", "one", "one_minus_src_alpha")
"""Covers also what was transparent; colours are multiplied by their alpha already."""

Matrix = NDArray[np.float64]


class Strokes:
    """Line segments in metres, `width` pixels wide; behind things they shine through with the opacity `behind`."""

    def __init__(self, behind: float) -> None:
        self.width, self.behind = 1.5, behind
        self._program = gloo.Program(STROKE_VERTEX, STROKE_FRAGMENT)
        self._count = 0

    def set(self, segments: ArrayLike, colours: ArrayLike) -> None:
        """Replace the lines: `segments (N, 2, 3)`, `colours (4,)` or `(N, 4)` from 0 to 1; none hides them."""
        ends = np.asarray(segments, dtype=np.float32).reshape(-1, 2, 3)
        self._count = len(ends) * 6
        if not self._count:
            return
        corners = np.zeros((len(ends), 6), dtype=_STROKE)
        corners["a_start"], corners["a_end"] = ends[:, None, 0], ends[:, None, 1]
        corners["a_side"] = _QUAD
        corners["a_colour"] = np.broadcast_to(np.asarray(colours, dtype=np.float32), (len(ends), 4))[:, None]
        self._program.bind(gloo.VertexBuffer(corners.ravel()))

    def draw(self, matrix: Matrix, window: tuple[int, int], on_top: bool = False) -> None:
        """Draw over what is there; `matrix (4, 4)` projects metres, `window` counts pixels; `on_top` hides nothing."""
        if not self._count:
            return
        self._program["u_matrix"] = matrix.T.astype(np.float32)
        self._program["u_window"] = window
        self._program["u_width"] = self.width
        gloo.set_state(blend=True, blend_func=_BLEND, cull_face=False)
        for depth, opacity in _passes(self.behind, on_top):
            gloo.set_state(depth_test=True, depth_mask=False, depth_func=depth)
            self._program["u_opacity"] = opacity
            self._program.draw("triangles")
        gloo.set_state(depth_mask=True, depth_func="lequal", blend=False)


class Facets:
    """Coloured triangles in metres; behind things they shine through with the opacity `behind`."""

    def __init__(self, behind: float) -> None:
        self.behind = behind
        self._program = gloo.Program(FACET_VERTEX, FACET_FRAGMENT)
        self._count = 0

    def set(self, triangles: ArrayLike, colours: ArrayLike) -> None:
        """Replace the triangles: `(N, 3, 3)`, `colours (4,)` or `(N, 4)` from 0 to 1; none hides them."""
        places = np.asarray(triangles, dtype=np.float32).reshape(-1, 3, 3)
        self._count = len(places) * 3
        if not self._count:
            return
        corners = np.zeros((len(places), 3), dtype=_FACET)
        corners["a_place"] = places
        corners["a_colour"] = np.broadcast_to(np.asarray(colours, dtype=np.float32), (len(places), 4))[:, None]
        self._program.bind(gloo.VertexBuffer(corners.ravel()))

    def draw(self, matrix: Matrix, on_top: bool = False) -> None:
        """Draw over what is there; `on_top` hides nothing."""
        if not self._count:
            return
        self._program["u_matrix"] = matrix.T.astype(np.float32)
        gloo.set_state(blend=True, blend_func=_BLEND, cull_face=False)
        for depth, opacity in _passes(self.behind, on_top):
            gloo.set_state(depth_test=True, depth_mask=False, depth_func=depth)
            self._program["u_opacity"] = opacity
            self._program.draw("triangles")
        gloo.set_state(depth_mask=True, depth_func="lequal", blend=False)


def _passes(behind: float, on_top: bool) -> list[tuple[str, float]]:
    """List what is drawn: the depth test and the opacity of what passes it."""
    if on_top:
        return [("always", 1.0)]
    return [("greater", behind), ("lequal", 1.0)] if behind > 0 else [("lequal", 1.0)]

"""Draws the voxels and the marks over them into a window, as finely as there is time for."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
from vispy import app, gloo

from editor.viewport.orbit import OrbitCamera
from editor.viewport.overlays import Overlays
from editor.viewport.pace import Pace
from editor.viewport.scene_visual import Lens, SceneVisual
from engine.geometry.camera import box_corners
from engine.grid import Box

FINE = 2.0
"""Rays per pixel and axis of a picture that nobody waits for."""

_MAX_3D_TEXTURE_SIZE = 0x8073


@dataclass(frozen=True)
class Wish:
    """How to draw one picture: rays per pixel and axis, and whether lines, brush and handles are drawn."""

    scale: float
    marks: bool = True


class Painter:
    """What is drawn, and how finely.

    Attributes
    ----------
    visual, overlays
        The voxels; the marks over them.
    pace
        Chooses how finely to draw.
    is_moving
        Whether something moves, so that speed matters more than detail.
    wish
        How the next pictures are to be drawn, whatever the pace says.
    frames
        Pictures drawn so far.
    scale
        Rays per pixel and axis of the picture on show.
    longest_texture
        The driver's limit on the edge of a 3D texture; 0 until the first picture.
    """

    def __init__(self) -> None:
        self.visual, self.overlays, self.pace = SceneVisual(), Overlays(), Pace()
        self.is_moving = False
        self.wish: Wish | None = None
        self.frames = 0
        self.longest_texture = 0
        self.scale = 0.0
        self._size = (0, 0)
        self._refined = 0.0  # share of the fine picture that is done

    def make_lens(self, camera: OrbitCamera, box: Box, size: tuple[int, int]) -> Lens:
        """Choose the range of depths for a view of `box` (voxels of the scene) and a window of `size` pixels."""
        room = box.pad(max(80, max(box.shape) // 4))  # for what is drawn round the scene
        voxel = self.visual.voxel_size
        corners = box_corners(np.multiply(room.lower, voxel), np.multiply(room.upper, voxel))
        depth = (corners - camera.eye) @ camera.basis[2]
        far = max(float(depth.max()), 1.0)
        near = float(depth.min()) if camera.orthographic else max(float(depth.min()), far / 4000, 0.05)
        return Lens(camera, size, near, far)

    def paint(self, surface: app.Canvas, camera: OrbitCamera, box: Box, window: tuple[int, int]) -> None:
        """Draw into a surface whose context is current; rays are cast only for what has changed."""
        self.bind(surface)
        width, height = surface.physical_size
        lens = self.make_lens(camera, box, (int(width), int(height)))
        wish = self.wish or Wish(self.pace.moving_scale if self.is_moving else self.pace.resting_scale)
        self.visual.is_stale |= lens.size != self._size
        if self.visual.is_stale or wish.scale > self.scale or (self.wish and wish.scale != self.scale):
            start = time.perf_counter()
            self.visual.render(lens, wish.scale, self.longest_texture)
            surface.context.finish()
            self.pace.note(wish.scale, time.perf_counter() - start)
            self.scale, self._refined, self._size = wish.scale, 0.0, lens.size
        gloo.set_viewport(0, 0, *lens.size)
        gloo.set_clear_color((0, 0, 0, 1))  # vispy clears the window's alpha with it, and grabs would be transparent
        self.visual.show(lens)
        if wish.marks:
            self.overlays.draw(lens, window)
        self.frames += 1

    @property
    def wants_refining(self) -> bool:
        """Whether the picture is at rest and could be finer."""
        return not self.is_moving and not self.visual.is_stale and self.scale < FINE

    def refine(self, surface: app.Canvas, camera: OrbitCamera, box: Box) -> None:
        """Make a part of the fine picture, small enough not to be felt; the last part asks for a repaint."""
        surface.set_current()
        self.bind(surface)
        width, height = surface.physical_size
        done = min(1.0, self._refined + self.pace.share(FINE))
        self.visual.refine(self.make_lens(camera, box, (int(width), int(height))), FINE, (self._refined, done))
        surface.context.finish()
        self._refined = done
        if done >= 1:
            self.scale = FINE
            surface.update()

    def bind(self, surface: app.Canvas) -> None:
        """Tell vispy which frame buffer the window has now: Qt makes a new one whenever the size changes."""
        surface.context.flush_commands()
        surface.context.shared.parser.env["fb_stack"] = [surface.native.defaultFramebufferObject()]
        if not self.longest_texture:
            self.longest_texture = int(gloo.gl.glGetParameter(_MAX_3D_TEXTURE_SIZE))

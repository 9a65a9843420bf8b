"""Pictures of any size, drawn beside the window and bit by bit, so that nobody waits for them."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, replace

from PySide6.QtCore import QSize
from PySide6.QtGui import QImage
from PySide6.QtOpenGL import QOpenGLFramebufferObject
from vispy import gloo

from editor.viewport.orbit import OrbitCamera
from editor.viewport.painter import FINE, Painter
from editor.viewport.screen import Screen
from engine.grid import Box

LARGEST = 8192
"""Pixels along an edge of a picture."""
_RAYS = 26_000_000  # in memory at a time; a picture of more pixels has less than `FINE`
_MOMENT = 0.05  # seconds that a piece of work may take
_FIRST = 30_000  # rays of the first piece, before it is known how fast they are


@dataclass(frozen=True)
class Shot:
    """What a picture shows.

    Attributes
    ----------
    size
        Width and height in pixels.
    marks
        Whether bounds, axes and other marks are in it.
    transparent
        Whether there is nothing where the sky would be.
    """

    camera: OrbitCamera
    size: tuple[int, int]
    marks: bool = False
    transparent: bool = False


class Photographer:
    """Takes pictures of what a painter paints, other than the window shows it.

    Parameters
    ----------
    box
        Gives the box of voxels there are to show.
    """

    def __init__(self, painter: Painter, screen: Screen, box: Callable[[], Box]) -> None:
        self._painter, self._screen, self._box = painter, screen, box

    def take(self, shot: Shot) -> Generator[float, None, QImage]:
        """Take a picture; yields the share that is done, after every moment of work, and gives the picture."""
        picture: gloo.FrameBuffer | None = None
        width, height = shot.size
        scale = min(FINE, math.sqrt(_RAYS / (width * height)))
        rays, done = _FIRST / (width * height * scale**2), 0.0
        while done < 1:
            start, end = time.perf_counter(), min(1.0, done + rays)
            self._open()
            lens = self._painter.make_lens(shot.camera, self._box(), shot.size)
            self._painter.visual.flush(self._painter.longest_texture)
            picture = self._painter.visual.cast(picture, lens, scale, (done, end))
            self._screen.surface.context.finish()
            spent, done = time.perf_counter() - start, end
            rays *= min(max(_MOMENT / max(spent, 1e-4), 0.5), 2.0)
            yield done
        return self._compose(shot, picture, scale)

    def film(self, shot: Shot, frames: int) -> Generator[QImage | None, None, None]:
        """Go once round the target; yields every picture, and None after other moments of work."""
        for k in range(frames):
            camera = replace(shot.camera, azimuth=shot.camera.azimuth + 360.0 * k / frames)
            taking = self.take(replace(shot, camera=camera))
            while True:
                try:
                    next(taking)
                except StopIteration as end:
                    yield end.value
                    break
                yield None

    def _open(self) -> None:
        """Make the context current; another canvas may have had it since the last piece of work."""
        self._screen.surface.set_current()
        self._painter.bind(self._screen.surface)

    def _compose(self, shot: Shot, picture: gloo.FrameBuffer, scale: float) -> QImage:
        """Bring a finished picture into an image, with what belongs on top."""
        self._open()
        surface, painter = self._screen.surface, self._painter
        lens = painter.make_lens(shot.camera, self._box(), shot.size)
        target = QOpenGLFramebufferObject(QSize(*shot.size), QOpenGLFramebufferObject.Attachment.CombinedDepthStencil)
        target.bind()
        gloo.set_viewport(0, 0, *shot.size)
        painter.visual.compose(picture, lens, scale, shot.transparent)
        if shot.marks:
            ratio = shot.size[1] / self._screen.size[1]  # lines as thick as in the window, for the picture's height
            painter.overlays.draw(lens, (max(1, round(shot.size[0] / ratio)), self._screen.size[1]))
        surface.context.finish()
        image: QImage = target.toImage()
        target.release()
        self._screen.redraw()
        return image if shot.transparent else image.convertToFormat(QImage.Format.Format_RGB32)

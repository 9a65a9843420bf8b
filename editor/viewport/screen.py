"""The window onto OpenGL, and when it is drawn: coarsely while something moves, finely at rest."""

from __future__ import annotations

from collections.abc import Callable

import shiboken6
import vispy
from psygnal import Signal
from PySide6.QtCore import QTimer
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QWidget
from vispy import app, gloo

from editor.viewport.opengl import lack_of
from editor.viewport.orbit import OrbitCamera
from editor.viewport.painter import Painter, Wish
from engine.errors import DeviceError
from engine.grid import Box

vispy.use(app="pyside6", gl="gl2")

_REST = 170  # milliseconds without movement after which the full picture is drawn
_REST_FORMING = 700  # the same while voxels are being made: longer than between two estimates of them
_IDLE = 400  # milliseconds after which a picture at rest is made finer
_MAX_3D_TEXTURE_SIZE = 0x8073


class _Surface(app.Canvas):
    """A bare window onto OpenGL; what to draw is up to the owner."""

    def __init__(self, draw: Callable[[], None], size: tuple[int, int]) -> None:
        config = {"depth_size": 24, "samples": 0}
        # Qt brings the picture to the window; to swap buffers as well would only wait for it
        super().__init__(size=size, show=False, keys=None, autoswap=False, config=config)
        self._draw = draw
        self.events.draw.ignore_callback_errors = False

    def on_draw(self, event: object) -> None:
        self._draw()


class Screen:
    """Shows what a painter draws.

    Parameters
    ----------
    look
        Gives the camera, and the box of voxels that is shown.

    Attributes
    ----------
    is_broken
        Whether a picture could not be drawn. No more are tried then, as every one of them would fail the same way.
    """

    failed = Signal(Exception)
    """Drawing has failed, for the first time since it worked; where nobody listens, the error is raised."""

    def __init__(self, size: tuple[int, int], painter: Painter, look: Callable[[], tuple[OrbitCamera, Box]]) -> None:
        self._painter, self._look = painter, look
        self.is_broken = self._is_checked = self._is_sparing = False
        self.surface = _Surface(self._draw, size)
        self._rest = self._timer(self.come_to_rest)
        self._rest.setInterval(_REST)
        self._idle = self._timer(self._refine)

    @property
    def native(self) -> QWidget:
        """The widget to put into a window."""
        widget: QWidget = self.surface.native
        return widget

    @property
    def size(self) -> tuple[int, int]:
        """Logical pixels."""
        return max(1, self.native.width()), max(1, self.native.height())

    def redraw(self) -> None:
        """Ask for another picture, as fine as the present one."""
        self.surface.update()

    def touch(self) -> None:
        """Draw coarsely now and finely once nothing has moved for a moment."""
        self._painter.is_moving = True
        self._rest.start()
        self.surface.update()

    def come_to_rest(self) -> None:
        """Draw finely from now on, as after a moment without movement."""
        self._rest.stop()
        self._painter.is_moving = False
        self.surface.update()

    def spare(self, on: bool) -> None:
        """Leave as much as can be of the processor to others: draw finely later, and never more finely than usual."""
        self._is_sparing = on
        self._rest.setInterval(_REST_FORMING if on else _REST)
        if on:
            self._idle.stop()
        else:
            self.surface.update()

    def grab(self, scale: float, marks: bool) -> QImage:
        """Take a picture of the window with `scale` rays per pixel and axis, with or without marks."""
        self._painter.wish = Wish(scale, marks)
        try:
            picture: QImage = self.surface.native.grabFramebuffer()
        finally:
            self._painter.wish = None
        return picture

    def revive(self) -> None:
        """Try to draw again after a failure."""
        self.is_broken = self._is_checked = False
        self._painter.visual.is_stale = True
        self.surface.update()

    def close(self) -> None:
        """Destroy the window at once.

        Left to the garbage collector, it would let go of the current OpenGL context whenever that runs; while another
        canvas is painting, Qt then works on no context and the process dies.
        """
        self._rest.stop()
        self._idle.stop()
        native = self.native
        self.surface.close()
        shiboken6.delete(native)

    def _draw(self) -> None:
        if self.is_broken:
            return
        try:
            self._check()
            self._painter.paint(self.surface, *self._look(), self.size)
        except Exception as error:
            self.is_broken = True
            if not len(self.failed):
                raise
            self.failed.emit(error)
            return
        if self._painter.wants_refining and not self._is_sparing and not self._idle.isActive():
            self._idle.start(_IDLE)

    def _check(self) -> None:
        """Look once whether the driver can do what is needed; raises `DeviceError` where it cannot."""
        if self._is_checked:
            return
        lack = lack_of(gloo.gl.glGetParameter(gloo.gl.GL_VERSION), gloo.gl.glGetParameter(_MAX_3D_TEXTURE_SIZE))
        if lack:
            raise DeviceError(lack)
        self._is_checked = True

    def _refine(self) -> None:
        """Smooth the edges of a picture at rest, part by part, so that the next movement never waits."""
        if self._painter.wants_refining and not self.is_broken:
            self._painter.refine(self.surface, *self._look())
            self._idle.start(1)

    def _timer(self, action: Callable[[], None]) -> QTimer:
        timer = QTimer(self.native)
        timer.setSingleShot(True)
        timer.timeout.connect(action)
        return timer

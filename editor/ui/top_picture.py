"""The scene from straight above as a picture that follows every edit."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QColor, QImage

from editor.model.document import Document
from engine.geometry.maps import BARE, picture_of
from engine.grid import Box

_BLOCK = 128
"""Edge of the parts, in columns, that are drawn one after the other so that nothing has to wait for a large scene."""


class TopPicture(QObject):
    """Draws what has changed, part by part, while somebody looks.

    Attributes
    ----------
    image
        One pixel a column, y up; `None` before anybody has looked.
    """

    changed = Signal()

    def __init__(self, document: Document) -> None:
        super().__init__()
        self._document = document
        self._pixels = np.zeros((0, 0, 3), dtype=np.uint8)
        self.image: QImage | None = None
        self._todo: set[tuple[int, int]] = set()
        self._is_watched = False
        self._timer = QTimer(self, interval=0)
        self._timer.timeout.connect(self._draw_next)
        document.scene_replaced.connect(self._start_over)
        document.changed.connect(self._mark)
        document.classes.changed.connect(self._on_classes)
        self._palette = document.classes.palette

    def watch(self, on: bool) -> None:
        """Draw, or leave it until somebody looks again."""
        self._is_watched = on
        if on and self.image is None:
            self._start_over()
        self._go_on()

    @property
    def is_complete(self) -> bool:
        return self.image is not None and not self._todo

    def _start_over(self) -> None:
        if not self._is_watched and self.image is None:
            return
        x, y, _ = self._document.scene.grid.shape
        if self._pixels.shape[:2] != (y, x):
            self._pixels = np.empty((y, x, 3), dtype=np.uint8)
            self._pixels[:] = BARE
            self.image = QImage(self._pixels.data, x, y, 3 * x, QImage.Format.Format_RGB888)
            self.changed.emit()
        self._mark(self._document.scene.box)

    def _on_classes(self) -> None:
        if self._document.classes.palette != self._palette:
            self._palette = self._document.classes.palette
            self._start_over()

    def _mark(self, box: Box) -> None:
        if self.image is None or box.is_empty:
            return
        (x0, y0, _), (x1, y1, _) = box.lower, box.upper
        columns = range(x0 // _BLOCK, (x1 - 1) // _BLOCK + 1)
        self._todo |= {(i, j) for i in columns for j in range(y0 // _BLOCK, (y1 - 1) // _BLOCK + 1)}
        self._go_on()

    def _go_on(self) -> None:
        if self._is_watched and self._todo:
            self._timer.start()
        else:
            self._timer.stop()

    def _draw_next(self) -> None:
        """Draw one part; a scene that has become smaller meanwhile has no such part any more."""
        i, j = min(self._todo)
        self._todo.discard((i, j))
        scene = self._document.scene
        box = Box((i * _BLOCK, j * _BLOCK, 0), ((i + 1) * _BLOCK, (j + 1) * _BLOCK, scene.grid.shape[2]))
        inside = box.clip(scene.box)
        if not inside.is_empty:
            height = self._pixels.shape[0]
            (x0, y0, _), (x1, y1, _) = inside.lower, inside.upper
            self._pixels[height - y1 : height - y0, x0:x1] = picture_of(scene, self._palette, inside)
        self._go_on()
        self.changed.emit()


def bare_colour() -> QColor:
    """Give the colour of empty columns."""
    return QColor(*BARE)

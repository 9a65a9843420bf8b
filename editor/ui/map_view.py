"""A picture from straight above that can be moved and zoomed; what is drawn over it is up to those that build on it."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPointF, QRectF, Qt
from PySide6.QtGui import (
    QColor,
    QHideEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
    QShowEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QWidget

from editor.model.document import Document
from editor.ui.theme import Theme
from editor.ui.top_picture import TopPicture
from engine.grid import Box

Place = tuple[float, float]
"""Voxels along x and y in the frame of the scene."""

_STEP = 1.2  # a notch of the wheel
_NEAREST = 40.0  # pixels a voxel
_JUMP = 60  # pixels for one press of an arrow
_ARROWS = {
    Qt.Key.Key_Left: (1, 0),
    Qt.Key.Key_Right: (-1, 0),
    Qt.Key.Key_Up: (0, 1),
    Qt.Key.Key_Down: (0, -1),
}
_SLIP = 4  # pixels that a click may move


class MapView(QWidget):
    """Shows the scene from above, y up. The right or middle button, Space or the arrows move it; the wheel zooms.

    Attributes
    ----------
    picture
        The scene from above.
    moves
        Whether the left button moves the map, too.
    """

    moves = False

    def __init__(self, document: Document, name: str) -> None:
        super().__init__(objectName=name)
        self._document = document
        self.picture = TopPicture(document)
        self.picture.changed.connect(self.update)
        self._theme: Theme | None = None
        self._middle, self._scale, self._is_fitted = (0.0, 0.0), 1.0, True
        self._grip: QPointF | None = None
        self._pressed: QPointF | None = None
        self._is_moving, self._space = False, False
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(160, 110)
        document.scene_replaced.connect(self._on_scene)
        self._corner = document.scene.grid.origin

    # for those that build on it

    @property
    def bounds(self) -> Box:
        """What `fit` brings into view."""
        return self._document.scene.box

    def draw_over(self, painter: QPainter) -> None:
        """Draw over the picture, in pixels."""

    def press(self, place: Place, event: QMouseEvent) -> None:
        """Take a press of the left button."""

    def drag(self, place: Place, event: QMouseEvent) -> None:
        """Take a movement with the left button held."""

    def release(self, place: Place, event: QMouseEvent) -> None:
        """Take the end of a drag."""

    def click(self, place: Place) -> None:
        """Take a click that moved nothing."""

    def hover(self, place: Place | None) -> None:
        """Take a movement without a button; `None`: the mouse has left."""

    # places

    @property
    def scale(self) -> float:
        """Pixels a voxel."""
        return self._scale

    def to_pixel(self, place: Place) -> QPointF:
        """Find the pixel of a place."""
        x = self.width() / 2 + (place[0] - self._middle[0]) * self._scale
        return QPointF(x, self.height() / 2 - (place[1] - self._middle[1]) * self._scale)

    def to_place(self, pixel: QPointF) -> Place:
        """Find the place of a pixel."""
        x = self._middle[0] + (pixel.x() - self.width() / 2) / self._scale
        return x, self._middle[1] - (pixel.y() - self.height() / 2) / self._scale

    def to_rect(self, box: Box) -> QRectF:
        """Find the pixels of a box."""
        return QRectF(self.to_pixel((box.lower[0], box.upper[1])), self.to_pixel((box.upper[0], box.lower[1])))

    def fit(self) -> None:
        """Bring everything into view, and keep it there until somebody moves or zooms."""
        self._is_fitted = True
        box = self.bounds
        self._middle = ((box.lower[0] + box.upper[0]) / 2, (box.lower[1] + box.upper[1]) / 2)
        x, y, _ = box.shape
        self._scale = max(min((self.width() - 24) / max(x, 1), (self.height() - 24) / max(y, 1), _NEAREST), 0.01)
        self.update()

    def dress(self, theme: Theme) -> None:
        """Take the colours of a theme."""
        self._theme = theme
        self.update()

    # events

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        theme = self._theme
        if theme is None:
            return
        painter.fillRect(self.rect(), QColor(theme.field))
        rect = self.to_rect(self._document.scene.box)
        if self.picture.image is not None:
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, self._scale < 1)
            self.draw_picture(painter, rect)
        painter.setPen(QPen(QColor(theme.edge), 1))
        painter.drawRect(rect)
        self.draw_over(painter)
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(theme.accent), 1))
            painter.drawRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5))

    def draw_picture(self, painter: QPainter, rect: QRectF) -> None:
        """Draw the scene."""
        if self.picture.image is not None:
            painter.drawImage(rect, self.picture.image)

    def showEvent(self, event: QShowEvent) -> None:
        self.picture.watch(True)
        if self._is_fitted:
            self.fit()

    def hideEvent(self, event: QHideEvent) -> None:
        self.picture.watch(False)

    def resizeEvent(self, event: QResizeEvent) -> None:
        if self._is_fitted:
            self.fit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move with the arrows, zoom with plus and minus."""
        way = _ARROWS.get(event.key())
        if way is not None:
            self._move(QPointF(*way) * _JUMP)
        elif event.key() in (Qt.Key.Key_Plus, Qt.Key.Key_Equal, Qt.Key.Key_Minus):
            steps = -1 if event.key() == Qt.Key.Key_Minus else 1
            self._zoom(steps, QPointF(self.rect().center()))
        else:
            super().keyPressEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        self._zoom(event.angleDelta().y() / 120, event.position())
        event.accept()

    def _zoom(self, steps: float, at: QPointF) -> None:
        """Zoom so that what is under a pixel stays there."""
        before = self.to_place(at)
        box = self._document.scene.box
        widest = min(self.width() / max(box.shape[0], 1), self.height() / max(box.shape[1], 1)) / 8
        self._scale = min(max(self._scale * _STEP**steps, widest), _NEAREST)
        after = self.to_place(at)
        self._middle = (self._middle[0] + before[0] - after[0], self._middle[1] + before[1] - after[1])
        self._is_fitted = False
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        left = event.button() == Qt.MouseButton.LeftButton
        if self._grip is not None or self._pressed is not None:
            return  # another button, while one is held
        if left and not self._space:
            self._pressed, self._is_moving = event.position(), False
            if not self.moves:
                self.press(self.to_place(event.position()), event)
        else:
            self._grip = event.position()
            self.setCursor(Qt.CursorShape.ClosedHandCursor)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        at = event.position()
        if self._pressed is not None and self.moves and (at - self._pressed).manhattanLength() > _SLIP:
            self._grip, self._pressed = self._pressed, None
            self.setCursor(Qt.CursorShape.ClosedHandCursor)
        if self._grip is not None:
            self._move(at - self._grip)
            self._grip = at
        elif self._pressed is not None:
            self.drag(self.to_place(at), event)
        else:
            self.hover(self.to_place(at))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        place, was_pressed = self.to_place(event.position()), self._pressed is not None
        self.unsetCursor()
        self._grip = self._pressed = None
        if was_pressed and self.moves:
            self.click(place)
        elif was_pressed:
            self.release(place, event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.mousePressEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        self.hover(None)

    def event(self, event: QEvent) -> bool:
        """Keep Space for moving the map, as it is in the scene."""
        if isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Space:
            if not event.isAutoRepeat():
                self._space = event.type() != QEvent.Type.KeyRelease
            event.accept()
            return True
        if event.type() == QEvent.Type.FocusOut:
            self._space = False
        return super().event(event)

    def _move(self, pixels: QPointF) -> None:
        self._middle = (self._middle[0] - pixels.x() / self._scale, self._middle[1] + pixels.y() / self._scale)
        self._is_fitted = False
        self.update()

    def _on_scene(self) -> None:
        """Keep the place in the world where the bounds have changed; show all of another scene."""
        before, grid = self._corner, self._document.scene.grid
        self._corner = grid.origin
        moved = [(b - o) / s for b, o, s in zip(before[:2], grid.origin[:2], grid.voxel_size[:2], strict=True)]
        self._middle = (self._middle[0] + moved[0], self._middle[1] + moved[1])
        if self._is_fitted:
            self.fit()
        self.update()

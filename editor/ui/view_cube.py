"""The view cube: shows from where one looks, and takes one to any of its sides, edges and corners."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF, QTransform
from PySide6.QtWidgets import QWidget

from editor.ui.theme import Theme
from editor.viewport.navigation import Navigation

Floats = NDArray[np.float64]

_EDGE = 104  # pixels of the widget
_HALF = 29.0  # pixels of half the cube's edge, seen straight
_MIDDLE = 0.58  # share of a side that belongs to the side itself; the rest is edges and corners
_DEGREES = 0.8  # per pixel of a drag
_SLACK = 4.0  # pixels that a click may move


@dataclass(frozen=True)
class _Side:
    """A side of the cube: its word, its normal, and the directions in which the word runs and stands."""

    name: str
    normal: tuple[int, int, int]
    right: tuple[int, int, int]
    up: tuple[int, int, int]


_SIDES = (
    _Side("Front", (0, -1, 0), (1, 0, 0), (0, 0, 1)),
    _Side("Back", (0, 1, 0), (-1, 0, 0), (0, 0, 1)),
    _Side("Right", (1, 0, 0), (0, 1, 0), (0, 0, 1)),
    _Side("Left", (-1, 0, 0), (0, -1, 0), (0, 0, 1)),
    _Side("Top", (0, 0, 1), (1, 0, 0), (0, 1, 0)),
    _Side("Bottom", (0, 0, -1), (1, 0, 0), (0, -1, 0)),
)


class ViewCube(QWidget):
    """Click a side, an edge or a corner to look from there; drag to turn."""

    def __init__(self, navigation: Navigation, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent, objectName="view.cube")
        self._navigation, self._theme = navigation, theme
        self._aimed: tuple[int, int, int] | None = None
        self._start: QPointF | None = None
        self._last = QPointF()
        self._turning = False
        self.setFixedSize(_EDGE, _EDGE)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setToolTip("Click a side, an edge or a corner to look from there; drag to turn")
        self.setAccessibleName("View cube")
        navigation.moved.connect(self._on_moved)

    def sizeHint(self) -> QSize:
        return QSize(_EDGE, _EDGE)

    def dress(self, theme: Theme) -> None:
        """Take the colours of a theme."""
        self._theme = theme
        self.update()

    def place_of(self, direction: tuple[int, int, int]) -> QPointF:
        """Give where a side, edge or corner is drawn now, by the direction it looks to."""
        right, up, _ = self._navigation.camera.basis
        point = np.asarray(direction, dtype=np.float64)
        return QPointF(_EDGE / 2 + float(point @ right) * _HALF, _EDGE / 2 - float(point @ up) * _HALF)

    def direction_at(self, place: QPointF) -> tuple[int, int, int] | None:
        """Give the direction of the side, edge or corner under a pixel; None beside the cube."""
        offset = np.array([place.x() - _EDGE / 2, _EDGE / 2 - place.y()]) / _HALF
        for side in self._visible():
            across = np.stack([self._flat(side.right), self._flat(side.up)], axis=1)
            if abs(np.linalg.det(across)) < 0.05:
                continue  # seen from its edge
            u, v = np.linalg.solve(across, offset - self._flat(side.normal))
            if max(abs(u), abs(v)) <= 1:
                i, j = (int(np.sign(n)) if abs(n) > _MIDDLE else 0 for n in (u, v))
                found = np.asarray(side.normal) + i * np.asarray(side.right) + j * np.asarray(side.up)
                return int(found[0]), int(found[1]), int(found[2])
        return None

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for side in self._visible():
            self._paint_side(painter, side)
        self._paint_axes(painter)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._start = self._last = event.position()
            self._turning = False

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        place = event.position()
        if self._start is None:
            self._aim(self.direction_at(place))
            return
        moved = place - self._last
        self._turning |= (place - self._start).manhattanLength() > _SLACK
        if self._turning:
            self._aim(None)
            self._last = place
            self._navigation.look(self._navigation.camera.orbit(-moved.x() * _DEGREES, moved.y() * _DEGREES))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        start, self._start = self._start, None
        if start is None or self._turning or event.button() != Qt.MouseButton.LeftButton:
            return
        direction = self.direction_at(start)
        if direction is not None:
            self._navigation.go(self._navigation.camera.from_direction(direction))

    def leaveEvent(self, event: QEvent) -> None:
        self._aim(None)

    def _on_moved(self) -> None:
        self.update()

    def _aim(self, direction: tuple[int, int, int] | None) -> None:
        if direction != self._aimed:
            self._aimed = direction
            self.update()

    def _visible(self) -> list[_Side]:
        forward = self._navigation.camera.basis[2]
        return [s for s in _SIDES if float(np.asarray(s.normal) @ forward) < -1e-3]

    def _flat(self, direction: tuple[int, int, int]) -> Floats:
        """Give where a direction points in the picture, `(2,)`, up positive."""
        right, up, _ = self._navigation.camera.basis
        return np.array([float(np.asarray(direction) @ right), float(np.asarray(direction) @ up)])

    def _paint_side(self, painter: QPainter, side: _Side) -> None:
        theme = self._theme
        facing = -float(np.asarray(side.normal) @ self._navigation.camera.basis[2])
        base = QColor(theme.raised).darker(round(100 + 28 * (1 - facing))) if theme.is_dark else QColor(theme.raised)
        base = base if theme.is_dark else base.darker(round(100 + 12 * (1 - facing)))
        base.setAlpha(238)
        painter.setPen(QPen(QColor(theme.edge), 1))
        painter.setBrush(base)
        painter.drawPolygon(self._patch(side, (-1, 1), (-1, 1)))
        if self._aimed is not None and int(np.dot(self._aimed, side.normal)) == 1:
            spans = [self._span(int(np.dot(self._aimed, way))) for way in (side.right, side.up)]
            lit = QColor(theme.accent)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(lit)
            painter.drawPolygon(self._patch(side, *spans))
        self._write(painter, side)

    def _patch(self, side: _Side, across: tuple[float, float], along: tuple[float, float]) -> QPolygonF:
        corners = ((across[0], along[1]), (across[1], along[1]), (across[1], along[0]), (across[0], along[0]))
        points = []
        for u, v in corners:
            x, y = self._flat(side.normal) + u * self._flat(side.right) + v * self._flat(side.up)
            points.append(QPointF(_EDGE / 2 + x * _HALF, _EDGE / 2 - y * _HALF))
        return QPolygonF(points)

    def _write(self, painter: QPainter, side: _Side) -> None:
        """Write a side's word as if it were painted on it."""
        frame = QRectF(0, 0, 100, 100)
        target = self._patch(side, (-1, 1), (-1, 1))
        transform = QTransform.quadToQuad(
            QPolygonF([frame.topLeft(), frame.topRight(), frame.bottomRight(), frame.bottomLeft()]), target
        )
        if not isinstance(transform, QTransform):
            return  # seen from its edge
        font = QFont(self.font())
        font.setPixelSize(25)
        font.setWeight(QFont.Weight.DemiBold)
        aimed = self._aimed == side.normal
        painter.save()
        painter.setTransform(transform, combine=True)
        painter.setFont(font)
        painter.setPen(QColor(self._theme.on_accent if aimed else self._theme.text))
        painter.drawText(frame, Qt.AlignmentFlag.AlignCenter, side.name)
        painter.restore()

    def _paint_axes(self, painter: QPainter) -> None:
        """Draw x, y and z along the cube's edges, from the corner where they begin."""
        for axis, colour in enumerate(_AXES):
            end = [-1.0, -1.0, -1.0]
            end[axis] = 1.0
            start, stop = (self.place_of(p) for p in ((-1, -1, -1), tuple(end)))  # type: ignore[arg-type]
            if self._is_seen(axis):
                painter.setPen(QPen(QColor(colour), 2))
                painter.drawLine(start, stop)

    def _is_seen(self, axis: int) -> bool:
        """Tell whether the edge along an axis belongs to a side that looks at the viewer."""
        forward = self._navigation.camera.basis[2]
        return any(forward[other] > 1e-3 for other in range(3) if other != axis)

    @staticmethod
    def _span(sign: int) -> tuple[float, float]:
        return {-1: (-1.0, -_MIDDLE), 0: (-_MIDDLE, _MIDDLE), 1: (_MIDDLE, 1.0)}[sign]


_AXES = ("#f2545b", "#7bc950", "#4c9fff")

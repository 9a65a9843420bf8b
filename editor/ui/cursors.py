"""Mouse cursors: a cross that marks the spot, with the tool's icon beside it."""

from __future__ import annotations

from functools import cache

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QCursor, QPainter, QPen, QPixmap

from editor.ui.icons import draw

_SIZE, _SPOT, _ICON = 32, 9, 17
_ARM, _GAP = 8, 3


@cache
def tool_cursor(icon: str, ratio: float = 1.0) -> QCursor:
    """Make the cursor of a tool for a screen of `ratio` device pixels per logical one; readable on any ground."""
    scale = max(round(ratio), 1)
    picture = QPixmap(_SIZE * scale, _SIZE * scale)
    picture.setDevicePixelRatio(scale)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for colour, width in (("#0b0e13", 3.0), ("#ffffff", 1.2)):
        painter.setPen(QPen(QColor(colour), width))
        _draw_cross(painter)
    corner = _SIZE - _ICON + 1
    halo = draw(icon, "#0b0e13", _ICON, scale)
    for dx, dy in ((-1, 0), (1, 0), (0, -1), (0, 1), (-1, -1), (1, 1), (-1, 1), (1, -1)):
        painter.drawPixmap(QPointF(corner + dx - 1, corner + dy - 1), halo)
    painter.drawPixmap(QPointF(corner - 1, corner - 1), draw(icon, "#ffffff", _ICON, scale))
    painter.end()
    return QCursor(picture, _SPOT, _SPOT)


def _draw_cross(painter: QPainter) -> None:
    for x, y in ((1, 0), (-1, 0), (0, 1), (0, -1)):
        near, far = QPointF(x * _GAP, y * _GAP), QPointF(x * _ARM, y * _ARM)
        middle = QPointF(_SPOT + 0.5, _SPOT + 0.5)
        painter.drawLine(middle + near, middle + far)

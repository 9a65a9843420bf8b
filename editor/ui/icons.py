"""Line icons in the colours of the theme."""

from __future__ import annotations

from functools import cache

from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QColor, QGuiApplication, QIcon, QPainter, QPen, QPixmap
from PySide6.QtSvg import QSvgRenderer

from editor.model.classes import ClassView
from engine.resources import shipped

_DRAWN = "#000000"
"""Colour of the strokes in the shipped files; replaced when an icon is made."""


@cache
def make_icon(name: str, colour: str, muted: str, active: str | None = None) -> QIcon:
    """Make an icon: `colour` by default, `muted` where disabled, `active` where its button is checked."""
    icon = QIcon()
    for scale in _scales():
        icon.addPixmap(draw(name, colour, 20, scale), QIcon.Mode.Normal, QIcon.State.Off)
        icon.addPixmap(draw(name, muted, 20, scale), QIcon.Mode.Disabled, QIcon.State.Off)
        if active is not None:
            icon.addPixmap(draw(name, active, 20, scale), QIcon.Mode.Normal, QIcon.State.On)
    return icon


def draw(name: str, colour: str, size: int, scale: int = 1) -> QPixmap:
    """Draw one shipped icon with `size` logical pixels."""
    picture = QPixmap(size * scale, size * scale)
    picture.fill(Qt.GlobalColor.transparent)
    text = _read(name).replace(_DRAWN, colour)
    painter = QPainter(picture)
    QSvgRenderer(QByteArray(text.encode())).render(painter, QRectF(0, 0, size * scale, size * scale))
    painter.end()
    picture.setDevicePixelRatio(scale)
    return picture


def swatch(colour: QColor, size: int = 14, scale: int = 2) -> QPixmap:
    """Draw a rounded square in a class's colour; a transparent one is hollow."""
    picture = QPixmap(size * scale, size * scale)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QColor(0, 0, 0, 70) if colour.alpha() else QPen(QColor(128, 136, 148), scale))
    painter.setBrush(colour)
    edge = size * scale - 1
    painter.drawRoundedRect(QRectF(0.5, 0.5, edge, edge), 3 * scale, 3 * scale)
    painter.end()
    picture.setDevicePixelRatio(scale)
    return picture


def class_icon(classes: ClassView, label: int) -> QIcon:
    """Draw a swatch in a class's colour; a hollow one for the empty class."""
    if label == classes.space.empty:
        return QIcon(swatch(QColor(0, 0, 0, 0)))
    return QIcon(swatch(QColor(*classes.space.colours(classes.palette)[label].tolist())))


@cache
def _scales() -> tuple[int, ...]:
    """List the resolutions that the screens need; those that none needs would make the start longer."""
    ratio = max((screen.devicePixelRatio() for screen in QGuiApplication.screens()), default=1.0)
    return (1,) if ratio <= 1 else (1, 2)


@cache
def _read(name: str) -> str:
    return shipped("icons", f"{name}.svg").read_text(encoding="utf-8")

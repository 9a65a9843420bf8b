"""The bird's-eye map of the layout as a picture that one paints."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QFont, QImage, QKeyEvent, QMouseEvent, QPainter, QPen

from editor.model.document import Document
from editor.model.layout_draft import BUILDING, Cells, Ink, LayoutDraft
from editor.model.layout_shapes import Place as Cell
from editor.model.layout_shapes import connected, rectangle, straight, stroke
from editor.ui.map_view import MapView, Place
from engine.geometry.maps import CELL, LAYOUT_CLASSES, LAYOUT_COLOURS, LayoutMap

Tool = Literal["brush", "line", "rectangle", "fill"]
TITLES = tuple(name.replace("-", " ") for name in LAYOUT_CLASSES)
"""Names of the classes as people read them."""

_NAMES = {"brush": "Paint map", "line": "Draw line on map", "rectangle": "Draw rectangle on map", "fill": "Fill map"}
_OPAQUE, _DIMMED = 225, 0.45
_ROOM = 19.0  # pixels that a cell needs for its letter
_LETTERS = tuple(name[0].upper() for name in LAYOUT_CLASSES)


@dataclass
class Pen:
    """What the mouse paints with."""

    tool: Tool = "brush"
    ink: Ink = field(default_factory=Ink)
    width: int = 2


class LayoutView(MapView):
    """Paints on a draft; one stroke is one undo step.

    Attributes
    ----------
    pen
        What the mouse paints with.
    """

    hovered = Signal(str)
    """Words on the cell under the mouse; empty where there is none."""
    picked = Signal(object)
    """An `Ink` that was taken from the map."""

    def __init__(self, document: Document, draft: LayoutDraft) -> None:
        super().__init__(document, "layout.map")
        self._draft, self.pen = draft, Pen()
        self._base: LayoutMap | None = None
        self._cells: Cells | None = None
        self._start: Cell = (0, 0)
        self._last: Cell = (0, 0)
        self._under: Cell | None = None
        self._image = QImage()
        self.setCursor(Qt.CursorShape.CrossCursor)
        self.setStatusTip("Paint the map; the right button or the arrows move it, the wheel zooms, 0 to 7 choose")
        draft.changed.connect(self._on_changed)
        self._on_changed()

    # painting

    def press(self, place: Place, event: QMouseEvent) -> None:
        cell, keys = self._cell(place), event.modifiers()
        if keys & Qt.KeyboardModifier.AltModifier:
            self._pick(cell)
            return
        self._base, self._start, self._last = self._draft.map, cell, cell
        self._cells = np.zeros(self._draft.cells, dtype=np.bool_)
        if self.pen.tool == "fill":
            self._cells = connected(self._base, cell)
        self._show(cell, keys)

    def drag(self, place: Place, event: QMouseEvent) -> None:
        if self._base is not None and self.pen.tool != "fill":
            self._show(self._cell(place), event.modifiers())
        self.hover(place)

    def release(self, place: Place, event: QMouseEvent) -> None:
        if self._base is not None:
            if self.pen.tool != "fill":
                self._show(self._cell(place), event.modifiers())
            self._base = None
            self._draft.keep(_NAMES[self.pen.tool])

    def cancel(self) -> bool:
        """Drop an unfinished stroke; tells whether there was one."""
        was_drawing, self._base = self._base is not None, None
        if was_drawing:
            self._draft.cancel()
        return was_drawing

    def _show(self, cell: Cell, keys: Qt.KeyboardModifier) -> None:
        assert self._base is not None
        assert self._cells is not None
        size, width = self._draft.cells, self.pen.width
        is_straight = bool(keys & Qt.KeyboardModifier.ShiftModifier)
        if self.pen.tool == "rectangle":
            self._cells = rectangle(size, self._start, cell)
        elif self.pen.tool == "line" or (self.pen.tool == "brush" and is_straight):
            self._cells = stroke(size, self._start, straight(self._start, cell) if is_straight else cell, width)
        elif self.pen.tool == "brush":
            self._cells |= stroke(size, self._last, cell, width)
        self._last = cell
        ink = Ink(0) if keys & Qt.KeyboardModifier.ControlModifier else self.pen.ink
        self._draft.show(ink.on(self._base, self._cells))

    def _pick(self, cell: Cell) -> None:
        layout = self._draft.shown
        if self._is_on(cell):
            self.picked.emit(Ink(int(layout.classes[cell]), int(layout.heights[cell])))

    # what is seen

    def hover(self, place: Place | None) -> None:
        cell = self._cell(place) if place is not None else None
        self._under = cell if cell is not None and self._is_on(cell) else None
        self.hovered.emit(self._words(self._under) if self._under is not None else "")
        self.update()

    def draw_picture(self, painter: QPainter, rect: QRectF) -> None:
        """Draw the scene dimly, so that one knows where one is, and the map over it."""
        painter.fillRect(rect, QColor(255, 255, 255) if not self._is_dark else QColor(0, 0, 0))
        painter.setOpacity(_DIMMED)
        super().draw_picture(painter, rect)
        painter.setOpacity(1.0)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
        wide, deep = self._draft.cells
        painter.drawImage(self._cells_rect((0, 0), (wide - 1, deep - 1)), self._image)

    def draw_over(self, painter: QPainter) -> None:
        if self.scale * CELL >= 6:
            self._draw_lines(painter)
        if self.scale * CELL >= _ROOM:
            self._draw_letters(painter)
        if self._under is not None:
            low = (self.pen.width - 1) // 2 if self.pen.tool in ("brush", "line") else 0
            size = self.pen.width if self.pen.tool in ("brush", "line") else 1
            x, y = self._under
            rect = self._cells_rect((x - low, y - low), (x - low + size - 1, y - low + size - 1))
            for colour, width in ((QColor(0, 0, 0), 3), (QColor(255, 255, 255), 1)):
                painter.setPen(QPen(colour, width))
                painter.drawRect(rect)

    @property
    def _is_dark(self) -> bool:
        return self._theme is None or self._theme.is_dark

    def _draw_lines(self, painter: QPainter) -> None:
        wide, deep = self._draft.cells
        whole = self._cells_rect((0, 0), (wide - 1, deep - 1))
        painter.setPen(QPen(QColor(128, 128, 128, 70), 1))
        for x in range(wide + 1):
            at = self.to_pixel((x * CELL, 0)).x()
            painter.drawLine(QPointF(at, whole.top()), QPointF(at, whole.bottom()))
        for y in range(deep + 1):
            at = self.to_pixel((0, y * CELL)).y()
            painter.drawLine(QPointF(whole.left(), at), QPointF(whole.right(), at))

    def _draw_letters(self, painter: QPainter) -> None:
        """Write what each cell in sight is, so that no meaning hangs on colour alone."""
        layout, (wide, deep) = self._draft.shown, self._draft.cells
        a, b = self._cell(self.to_place(QPointF(0, self.height()))), self._cell(self.to_place(QPointF(self.width(), 0)))
        font = QFont(self.font())
        font.setPixelSize(round(min(self.scale * CELL * 0.45, 15)))
        painter.setFont(font)
        painter.setPen(QColor(0, 0, 0, 170))
        size = self._document.scene.grid.voxel_size[2]
        for x in range(max(a[0], 0), min(b[0] + 1, wide)):
            for y in range(max(a[1], 0), min(b[1] + 1, deep)):
                label, height = int(layout.classes[x, y]), int(layout.heights[x, y])
                if label:
                    words = f"{height * size:.1f}" if height and self.scale * CELL > 30 else _LETTERS[label]
                    painter.drawText(self._cells_rect((x, y), (x, y)), Qt.AlignmentFlag.AlignCenter, words)

    def _words(self, cell: Cell) -> str:
        layout, sizes = self._draft.shown, self._document.scene.grid.voxel_size
        label, height = int(layout.classes[cell]), int(layout.heights[cell])
        words = TITLES[label]
        if label == BUILDING:
            words += f" {height * sizes[2]:.1f} m" if height else ", height up to the model"
        if label == 0:
            words = "free: up to the model"
        return f"{words} · {cell[0] * CELL * sizes[0]:.1f}, {cell[1] * CELL * sizes[1]:.1f} m"

    # keys

    def event(self, event: QEvent) -> bool:
        """Take the number keys for the classes of the map, and Escape for a stroke."""
        if event.type() in (QEvent.Type.ShortcutOverride, QEvent.Type.KeyPress) and isinstance(event, QKeyEvent):
            digit = event.key() - Qt.Key.Key_0
            is_press = event.type() == QEvent.Type.KeyPress
            plain = event.modifiers() == Qt.KeyboardModifier.NoModifier
            if plain and 0 <= digit < len(LAYOUT_CLASSES):
                if is_press:
                    self.picked.emit(Ink(digit, self.pen.ink.height))
                event.accept()
                return True
            if event.key() == Qt.Key.Key_Escape and self._base is not None:
                if is_press:
                    self.cancel()
                event.accept()
                return True
        return super().event(event)

    # small questions

    def _cell(self, place: Place) -> Cell:
        return int(place[0] // CELL), int(place[1] // CELL)

    def _is_on(self, cell: Cell) -> bool:
        wide, deep = self._draft.cells
        return 0 <= cell[0] < wide and 0 <= cell[1] < deep

    def _cells_rect(self, first: Cell, last: Cell) -> QRectF:
        """Find the pixels from one cell to another, both in it."""
        upper_left = self.to_pixel((first[0] * CELL, (last[1] + 1) * CELL))
        return QRectF(upper_left, self.to_pixel(((last[0] + 1) * CELL, first[1] * CELL)))

    def _on_changed(self) -> None:
        if not self._draft.is_drawing:
            self._base = None  # the scene was exchanged in the middle of a stroke
        layout = self._draft.shown
        rgba = np.array([(c >> 16, c >> 8 & 255, c & 255, _OPAQUE) for c in LAYOUT_COLOURS], dtype=np.uint8)
        rgba[0] = 0
        pixels = np.ascontiguousarray(np.flipud(rgba[layout.classes].transpose(1, 0, 2)))
        high, wide = pixels.shape[:2]
        self._image = QImage(pixels.data, wide, high, 4 * wide, QImage.Format.Format_RGBA8888).copy()
        self.update()

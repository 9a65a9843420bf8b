"""The map of tiles: where the scene can grow, what was asked for, and how it fares."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QBrush, QColor, QFont, QPainter, QPen, QPolygonF

from editor.model.studio import Studio
from editor.model.tile import Tile
from editor.model.world_map import WorldMap
from editor.ui.map_view import MapView, Place
from editor.ui.theme import Theme
from editor.viewport.orbit import OrbitCamera
from engine.grid import Box

_WORDS = {
    "open": "click to add",
    "queued": "queued",
    "ready": "ready · Accept or Discard, click to see it",
    "failed": "failed · click to ask again",
    "accepted": "added",
}
_SHORT = {"open": "", "queued": "queued", "ready": "ready", "failed": "failed", "accepted": "✓"}


class WorldView(MapView):
    """Draws the tiles; a click beside the scene asks for one, a click on the scene looks there."""

    moves = True
    hovered = Signal(str)
    """Words on the tile under the mouse; empty where there is none."""
    looked = Signal(float, float)
    """A place of the scene (voxels) to look at."""

    def __init__(self, studio: Studio, world: WorldMap, camera: Callable[[], OrbitCamera]) -> None:
        super().__init__(studio.document, "world.map")
        self._studio, self._world, self._camera = studio, world, camera
        self._under: Tile | None = None
        self.setToolTip("Click beside the scene to add a tile, on the scene to look there; drag moves, the wheel zooms")
        world.changed.connect(self._on_changed)

    @property
    def bounds(self) -> Box:
        """The scene with all that can be added to it now."""
        box = self._studio.document.scene.box
        for tile in self._world.tiles():
            box = box.union(tile.box)
        return box

    def click(self, place: Place) -> None:
        tile = self._find(place)
        if tile is not None and tile.state in ("open", "wanted", "failed"):
            self._world.toggle(tile.cell)
            self.hover(place)
        elif (tile is not None and self._world.show(tile.cell)) or self._is_inside(place):
            self.looked.emit(*place)

    def hover(self, place: Place | None) -> None:
        self._under = self._find(place) if place is not None else None
        can_click = self._under is not None and self._under.state in ("open", "wanted", "failed")
        self.setCursor(Qt.CursorShape.PointingHandCursor if can_click else Qt.CursorShape.ArrowCursor)
        self.hovered.emit(self._words(self._under) if self._under is not None else "")
        self.update()

    def draw_over(self, painter: QPainter) -> None:
        theme = self._theme
        if theme is None:
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        tiles = list(self._world.tiles())
        for tile in tiles:
            self._draw_tile(painter, theme, tile)
        for tile in self._find_told(tiles):
            self._draw_band(painter, theme, tile)
        self._draw_camera(painter, theme)

    # drawing

    def _draw_tile(self, painter: QPainter, theme: Theme, tile: Tile) -> None:
        rect = self.to_rect(tile.box).adjusted(1, 1, -1, -1)
        lit = self._under is not None and self._under.cell == tile.cell
        colours = {"wanted": theme.accent, "queued": theme.accent, "running": theme.ghost, "failed": theme.danger}
        colour = QColor({**colours, "ready": theme.good, "accepted": theme.good}.get(tile.state, theme.faint))
        line = Qt.PenStyle.SolidLine if tile.state not in ("open", "made") else Qt.PenStyle.DashLine
        soft = QColor(colour)
        soft.setAlpha({"made": 0, "accepted": 0, "open": 46 if lit else 0}.get(tile.state, 70))
        painter.setBrush(soft)
        painter.setPen(QPen(colour, 2 if tile.state not in ("open", "made") or lit else 1, line))
        if tile.state == "made":
            painter.setPen(QPen(QColor(255, 255, 255, 60), 1, Qt.PenStyle.DotLine))
        painter.drawRect(rect)
        if tile.state == "running":
            done = QRectF(rect.left(), rect.bottom() - 5, rect.width() * tile.progress, 5)
            painter.fillRect(done, colour)
        self._draw_words(painter, theme, tile, rect)

    def _draw_words(self, painter: QPainter, theme: Theme, tile: Tile, rect: QRectF) -> None:
        if tile.state == "made":
            return
        font = QFont(self.font())
        if tile.state == "open":
            self._draw_plus(painter, theme, rect)
            return
        words = {"wanted": str(tile.order), "running": f"{tile.progress:.0%}"}.get(tile.state) or _SHORT[tile.state]
        if rect.width() < 34 and tile.state not in ("wanted", "accepted"):
            words = words[0].upper()
        font.setBold(True)
        font.setPixelSize(18 if tile.state == "wanted" else 13)
        painter.setFont(font)
        metrics = painter.fontMetrics()
        size = metrics.size(0, words)
        at = rect.topLeft() + QPointF(5, 4) if tile.state == "accepted" else rect.center()
        pill = QRectF(0, 0, size.width() + 14, size.height() + 4)
        pill.moveTopLeft(at) if tile.state == "accepted" else pill.moveCenter(at)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(theme.panel))
        painter.drawRoundedRect(pill, 9, 9)
        painter.setPen(QColor(theme.text))
        painter.drawText(pill, Qt.AlignmentFlag.AlignCenter, words)

    def _draw_plus(self, painter: QPainter, theme: Theme, rect: QRectF) -> None:
        arm = min(rect.width(), rect.height(), 60) / 5
        painter.setPen(QPen(QColor(theme.muted), 2))
        middle = rect.center()
        painter.drawLine(middle - QPointF(arm, 0), middle + QPointF(arm, 0))
        painter.drawLine(middle - QPointF(0, arm), middle + QPointF(0, arm))

    def _draw_band(self, painter: QPainter, theme: Theme, tile: Tile) -> None:
        """Hatch what is known round a tile and looked at while it is made."""
        scene, overlap = self._studio.document.scene, self._studio.plan.overlap
        band = QPolygonF(self.to_rect(tile.box.pad((overlap, overlap, 0)).clip(scene.box)))
        if tile.box.pad((overlap, overlap, 0)).clip(scene.box).is_empty:
            return
        band = band.subtracted(QPolygonF(self.to_rect(tile.box)))
        colour = QColor(theme.ghost)
        painter.setPen(QPen(colour, 1))
        painter.setBrush(QBrush(colour, Qt.BrushStyle.BDiagPattern))
        painter.drawPolygon(band)

    def _draw_camera(self, painter: QPainter, theme: Theme) -> None:
        """Draw where the eye of the 3D view stands and which way it looks."""
        camera, sizes = self._camera(), self._studio.document.scene.grid.voxel_size
        eye, target = (np.asarray(p)[:2] / sizes[:2] for p in (camera.station, camera.target))
        a, b = self.to_pixel((eye[0], eye[1])), self.to_pixel((target[0], target[1]))
        ahead = camera.basis[2][:2]
        if np.hypot(*ahead) < 1e-3:
            ahead = camera.basis[1][:2]  # straight from above: what is up in the picture
        way = QPointF(float(ahead[0]), -float(ahead[1])) / float(np.hypot(*ahead))
        side = QPointF(-way.y(), way.x())
        inside = QRectF(self.rect()).adjusted(12, 12, -12, -12)
        at = QPointF(min(max(a.x(), inside.left()), inside.right()), min(max(a.y(), inside.top()), inside.bottom()))
        painter.setPen(QPen(QColor(theme.window), 1.5))
        painter.setBrush(QColor(theme.warning))
        painter.drawPolygon(QPolygonF([at + way * 11, at - way * 6 + side * 7, at - way * 6 - side * 7]))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(theme.warning), 1.5))
        painter.drawEllipse(b, 4, 4)

    # small questions

    def _find_told(self, tiles: list[Tile]) -> list[Tile]:
        """Find the tile whose band is shown: the one under the mouse, else the one that is made, else the next."""
        under = [self._under] if self._under is not None and self._under.state not in ("made", "accepted") else []
        made = [t for t in tiles if t.state in ("running", "queued", "ready")]
        return (under or made or [t for t in tiles if t.order == 1])[:1]

    def _find(self, place: Place) -> Tile | None:
        for tile in self._world.tiles():
            (x0, y0, _), (x1, y1, _) = tile.box.lower, tile.box.upper
            if x0 <= place[0] < x1 and y0 <= place[1] < y1:
                return tile
        return None

    def _is_inside(self, place: Place) -> bool:
        x, y, _ = self._studio.document.scene.grid.shape
        return 0 <= place[0] < x and 0 <= place[1] < y

    def _words(self, tile: Tile) -> str:
        x, y, _ = tile.box.shape
        sizes = self._studio.document.scene.grid.voxel_size
        size = f"{x * sizes[0]:.1f} × {y * sizes[1]:.1f} m ({x} × {y} voxels)"
        if tile.state == "made":
            return f"{size} · click to look there"
        if tile.state == "wanted":
            return f"{size} · number {tile.order} in the row, click to leave it out"
        if tile.state == "running":
            return f"{size} · {tile.progress:.0%} made"
        return f"{size} · {_WORDS[tile.state]}"

    def show_progress(self) -> None:
        """Show how far the tile is that is being made."""
        if self.isVisible():
            self.update()

    def _on_changed(self) -> None:
        if self._is_fitted:
            self.fit()
        self.update()

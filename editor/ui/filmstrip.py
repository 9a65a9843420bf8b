"""Variants side by side as small pictures: those to decide on first, then the ones of earlier runs."""

from __future__ import annotations

import time
from typing import Any

from PySide6.QtCore import (
    QAbstractListModel,
    QEvent,
    QModelIndex,
    QPersistentModelIndex,
    QPointF,
    QRect,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QContextMenuEvent, QKeyEvent, QPainter, QPainterPath, QPen
from PySide6.QtWidgets import QListView, QMenu, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from editor.model.gallery import Item
from editor.model.proposal import Proposal, region_of
from editor.model.studio import Studio
from editor.ui.actions import Actions
from editor.ui.theme import Theme
from editor.ui.thumbnails import SIZE, Thumbnails

_HEAD, _FOOT, _GAP = 18, 34, 6
_TILE = QSize(SIZE[0] + _GAP, _HEAD + SIZE[1] + _FOOT)
_ITEM = Qt.ItemDataRole.UserRole
Index = QModelIndex | QPersistentModelIndex


class Variants(QAbstractListModel):
    """The history as a list for Qt, newest run first."""

    def __init__(self, studio: Studio) -> None:
        super().__init__()
        self._studio = studio
        self.items: list[Item] = []
        self.only_stars = False
        self._stale: dict[Proposal, bool] = {}

    def refresh(self) -> None:
        """Take the history as it is now; where its rows stay, the view has only to be painted again."""
        items = self._sorted()
        self._stale.clear()
        if [i.candidate for i in items] != [i.candidate for i in self.items]:
            self.beginResetModel()
            self.items = items
            self.endResetModel()
        else:
            self.items = items

    def rowCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.items)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        item = self.items[index.row()]
        if role == _ITEM:
            return item
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return f"seed {item.candidate.request.sampling.seed}, {self.words_of(item)}"
        return None

    def place_of(self, item: Item | None) -> QModelIndex:
        """Find the row of a variant; an invalid one where there is none."""
        rows = [row for row, other in enumerate(self.items) if item is not None and other.candidate == item.candidate]
        return self.index(rows[0]) if rows else QModelIndex()

    def place_in_run(self, row: int) -> tuple[int, int]:
        """Tell the how-many-eth of its run a row is, from 0, and how many there are."""
        proposal, first, last = self.items[row].proposal, row, row
        while first > 0 and self.items[first - 1].proposal == proposal:
            first -= 1
        while last + 1 < len(self.items) and self.items[last + 1].proposal == proposal:
            last += 1
        return row - first, last - first + 1

    def is_shown(self, item: Item) -> bool:
        """Tell whether a variant is the one in the viewport."""
        proposal = self._studio.proposal
        return proposal is not None and item.proposal is proposal and item.candidate == proposal.candidate

    def state_of(self, item: Item) -> str:
        """Say in a word or two how a variant fares."""
        candidate, proposal = item.candidate, item.proposal
        if candidate.state == "forming" and candidate.step is not None:
            return f"forming {candidate.step.index}/{candidate.step.total}"
        if candidate.state != "ready":
            return candidate.state
        if candidate.accepted:
            return "accepted"
        if proposal not in self._studio.proposals:
            return "earlier"
        if candidate in proposal.aside:
            return "discarded"
        return "stale: edited since" if self._is_stale(proposal) else "ready"

    def words_of(self, item: Item) -> str:
        """Say how a variant fares, and what the user did to keep it."""
        kept = [" · pinned"] * item.candidate.pinned + [" · favourite"] * item.candidate.starred
        return self.state_of(item) + "".join(kept)

    def _is_stale(self, proposal: Proposal) -> bool:
        if proposal not in self._stale:
            scene = self._studio.document.scene
            self._stale[proposal] = not proposal.fits(scene) or not proposal.edited(scene).is_empty
        return self._stale[proposal]

    def _sorted(self) -> list[Item]:
        """Put the shown run first, then the others, the newest first."""
        shown = self._studio.proposal
        wanted = [i for i in self._studio.gallery.items if i.candidate.starred or not self.only_stars]
        return sorted(wanted, key=lambda i: (i.proposal is not shown, -i.proposal.made, i.proposal.id))


class _Tile(QStyledItemDelegate):
    """Paints a variant: what run it belongs to, picture, seed and state."""

    def __init__(self, variants: Variants, thumbnails: Thumbnails, parent: QWidget) -> None:
        super().__init__(parent)
        self._variants, self._thumbnails = variants, thumbnails
        self.theme: Theme | None = None

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return _TILE

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        theme = self.theme
        if theme is None:
            return
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        rect: QRect = option.rect  # type: ignore[attr-defined]
        item: Item = index.data(_ITEM)
        self._paint_run(painter, rect, index.row(), theme)
        frame = QRectF(rect.left() + 1, rect.top() + _HEAD, SIZE[0], SIZE[1])
        self._paint_picture(painter, frame, item, theme)
        selected = bool(option.state & QStyle.StateFlag.State_Selected)  # type: ignore[attr-defined]
        self._paint_border(painter, frame, item, selected, theme)
        self._paint_badges(painter, frame, item, theme)
        self._paint_words(painter, rect, item, theme)
        painter.restore()

    def _paint_run(self, painter: QPainter, rect: QRect, row: int, theme: Theme) -> None:
        """Paint the tile's share of the heading that spans its run."""
        place, count = self._variants.place_in_run(row)
        first = rect.left() - place * _TILE.width()
        left = max(first, 0)  # the heading stays in sight while its run is
        wide = first + count * _TILE.width() - _GAP - 4 - left
        painter.setClipRect(rect)
        if place == 0 and row > 0:
            painter.setPen(QPen(QColor(theme.edge), 1))
            painter.drawLine(QPointF(rect.left() - 2.5, rect.top() + 3), QPointF(rect.left() - 2.5, rect.bottom() - 4))
        painter.setPen(QColor(theme.muted))
        words = painter.fontMetrics().elidedText(
            _run_words(self._variants.items[row].proposal), Qt.TextElideMode.ElideRight, wide
        )
        painter.drawText(QRectF(left + 2, rect.top(), wide, _HEAD - 2), Qt.AlignmentFlag.AlignVCenter, words)
        painter.setClipping(False)

    def _paint_picture(self, painter: QPainter, frame: QRectF, item: Item, theme: Theme) -> None:
        shape = QPainterPath()
        shape.addRoundedRect(frame, 5, 5)
        painter.fillPath(shape, QColor(theme.field))
        picture = self._thumbnails.get(item)
        candidate = item.candidate
        if picture is not None and candidate.state != "failed":
            painter.setClipPath(shape)
            painter.setOpacity(0.45 if self._variants.state_of(item) == "discarded" else 1.0)
            painter.drawPixmap(frame.topLeft(), picture)
            painter.setOpacity(1.0)
            painter.setClipping(False)
        icon = {"waiting": ("clock", theme.muted), "failed": ("warning", theme.warning)}.get(candidate.state)
        if icon is not None:
            middle = QRect(0, 0, 26, 26)
            middle.moveCenter(frame.center().toPoint())
            theme.icon(icon[0], icon[1]).paint(painter, middle)
        if candidate.state == "forming" and candidate.step is not None:
            done = candidate.step.index / max(candidate.step.total, 1)
            painter.fillRect(QRectF(frame.left() + 6, frame.bottom() - 8, frame.width() - 12, 3), QColor(theme.edge))
            painter.fillRect(
                QRectF(frame.left() + 6, frame.bottom() - 8, (frame.width() - 12) * done, 3), QColor(theme.accent)
            )

    def _paint_border(self, painter: QPainter, frame: QRectF, item: Item, selected: bool, theme: Theme) -> None:
        shown = self._variants.is_shown(item)
        colour = theme.accent if shown or selected else theme.border
        pen = QPen(QColor(colour), 2.4 if shown else 1.2)
        if selected and not shown:
            pen.setStyle(Qt.PenStyle.DashLine)
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(frame.adjusted(0.5, 0.5, -0.5, -0.5), 5, 5)

    def _paint_badges(self, painter: QPainter, frame: QRectF, item: Item, theme: Theme) -> None:
        candidate = item.candidate
        badges = [("accept", theme.good)] * candidate.accepted + [("pin", theme.text)] * candidate.pinned
        badges += [("star-on", theme.warning)] * candidate.starred
        for place, (icon, colour) in enumerate(badges):
            spot = QRect(int(frame.right()) - 21 - 21 * place, int(frame.top()) + 3, 18, 18)
            painter.setPen(Qt.PenStyle.NoPen)
            ground = QColor(theme.panel)
            ground.setAlpha(225)
            painter.setBrush(ground)
            painter.drawEllipse(spot)
            theme.icon(icon, colour).paint(painter, spot.adjusted(2, 2, -2, -2))

    def _paint_words(self, painter: QPainter, rect: QRect, item: Item, theme: Theme) -> None:
        top, state = rect.top() + _HEAD + SIZE[1] + 2, self._variants.words_of(item)
        wide = rect.width() - _GAP
        bad = item.candidate.state == "failed" or state.startswith("stale")
        lines = (
            (f"seed {item.candidate.request.sampling.seed}", theme.text),
            (state, theme.warning if bad else theme.muted),
        )
        for place, (words, colour) in enumerate(lines):
            painter.setPen(QColor(colour))
            shown = painter.fontMetrics().elidedText(words, Qt.TextElideMode.ElideRight, wide)
            painter.drawText(QRectF(rect.left() + 2, top + 15 * place, wide, 15), Qt.AlignmentFlag.AlignVCenter, shown)


class Filmstrip(QListView):
    """One row of tiles that scrolls sideways.

    Signals
    -------
    chosen(Item)
        A tile was clicked or gone to by keys.
    wanted(Item)
        It shall be shown: a double click, or Enter.
    """

    chosen = Signal(object)
    wanted = Signal(object)

    def __init__(self, studio: Studio, actions: Actions, menu: tuple[str, ...]) -> None:
        super().__init__(objectName="filmstrip")
        self._actions, self._menu = actions, menu
        self.variants = Variants(studio)
        self.thumbnails = Thumbnails(self)
        self._tile = _Tile(self.variants, self.thumbnails, self)
        self.setModel(self.variants)
        self.setItemDelegate(self._tile)
        self.setFlow(QListView.Flow.LeftToRight)
        self.setWrapping(False)
        self.setUniformItemSizes(True)
        self.setHorizontalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFixedHeight(_TILE.height() + 12)
        self.setMouseTracking(True)
        self.thumbnails.drawn.connect(self.viewport().update)
        self.horizontalScrollBar().valueChanged.connect(lambda _value: self.viewport().update())
        self.selectionModel().currentChanged.connect(self._tell)
        self.doubleClicked.connect(lambda index: self.wanted.emit(index.data(_ITEM)))

    def dress(self, theme: Theme) -> None:
        """Take the theme's colours."""
        self._tile.theme = theme
        self.viewport().update()

    def refresh(self, item: Item | None) -> None:
        """Show the history as it is now, with one variant selected."""
        self.variants.refresh()
        self.viewport().update()
        place = self.variants.place_of(item)
        if place != self.currentIndex():
            self.selectionModel().currentChanged.disconnect(self._tell)
            self.setCurrentIndex(place)
            self.selectionModel().currentChanged.connect(self._tell)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        current = self.currentIndex()
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and current.isValid():
            self.wanted.emit(current.data(_ITEM))
        elif event.key() == Qt.Key.Key_Delete and current.isValid():
            self._actions["history.forget"].trigger()
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        index = self.indexAt(event.pos())
        if index.isValid():
            self.setCurrentIndex(index)
            menu = QMenu(self)
            menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            menu.addActions([self._actions[name] for name in self._menu])
            menu.popup(event.globalPos())

    def viewportEvent(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Wheel:  # a wheel turns up and down, the strip goes to the sides
            bar = self.horizontalScrollBar()
            turn = event.angleDelta()  # type: ignore[attr-defined]
            bar.setValue(bar.value() - (turn.x() or turn.y()))
            return True
        return super().viewportEvent(event)

    def _tell(self, index: QModelIndex) -> None:
        if index.isValid():
            self.chosen.emit(index.data(_ITEM))


def _run_words(proposal: Proposal) -> str:
    clock, region = time.strftime("%H:%M", time.localtime(proposal.made)), region_of(proposal.request)
    if region is not None:
        return f"{clock} · {region.count:,} voxels"
    size = getattr(proposal.request, "size", None)
    name = {"generate": "scene", "outpaint": "extended to"}.get(proposal.request.name, proposal.request.name)
    return f"{clock} · {name} {size[0]} × {size[1]}" if size else f"{clock} · {name}"

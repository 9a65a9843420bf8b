"""The command palette: every action by its name, with its key and its menu, what was used last first."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from PySide6.QtCore import (
    QAbstractListModel,
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QIcon, QKeyEvent, QPainter
from PySide6.QtWidgets import QFrame, QLineEdit, QListView, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from editor.ui.search import fuzzy
from editor.ui.theme import Theme
from editor.ui.widgets import column, label

_Index = QModelIndex | QPersistentModelIndex
_WIDTH = 620
_ROWS = 11
_ROW_HEIGHT = 30
_ENTRY = int(Qt.ItemDataRole.UserRole)
_MOVES = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1, Qt.Key.Key_PageUp: -_ROWS, Qt.Key.Key_PageDown: _ROWS}
_ENDS = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Escape)


@dataclass(frozen=True)
class Entry:
    """One line: `reason` says why it cannot be done now, and is empty where it can."""

    id: str
    title: str
    path: str = ""
    key: str = ""
    reason: str = ""
    icon: QIcon | None = None


def rank(query: str, entries: Iterable[Entry], recent: list[str]) -> list[Entry]:
    """Keep what answers a query, the best first; among equals, what was used last goes first."""
    found = []
    for place, entry in enumerate(entries):
        by_title, by_all = fuzzy(query, entry.title), fuzzy(query, f"{entry.path} {entry.title} {entry.id}")
        if by_all is not None:
            age = recent.index(entry.id) if entry.id in recent else len(recent)
            found.append((-max(2 * (by_title or 0.0), by_all), age, place, entry))
    return [f[-1] for f in sorted(found, key=lambda f: f[:3])]


class CommandPalette(QFrame):
    """Floats over the window until something is chosen, Escape is pressed or the focus goes elsewhere.

    Parameters
    ----------
    entries
        Gives all lines as they are right now.
    recent
        Ids of what was used, the last first; extended here.
    """

    chosen = Signal(str)
    closed = Signal()

    def __init__(self, parent: QWidget, entries: Callable[[], list[Entry]], recent: list[str], theme: Theme) -> None:
        super().__init__(parent, objectName="palette")
        self._entries, self._recent = entries, recent
        self._all: list[Entry] = []
        self.query = QLineEdit(objectName="palette.query", placeholderText="Find a command")
        self.query.setAccessibleName("Find a command")
        self.list = QListView(objectName="palette.list", uniformItemSizes=True)
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.nothing = label("No command is called like that.")
        self._model = _Lines()
        self._painter = _LinePainter(theme)
        self.list.setModel(self._model)
        self.list.setItemDelegate(self._painter)
        self.list.clicked.connect(self._choose)
        self.setLayout(column(self.query, self.list, self.nothing, margin=8, spacing=6))
        self.query.textChanged.connect(self._filter)
        self.query.installEventFilter(self)
        self.hide()

    def dress(self, theme: Theme) -> None:
        """Take the colours of a theme."""
        self._painter.theme = theme

    @property
    def shown(self) -> list[Entry]:
        """The lines that answer what is typed, in order."""
        return self._model.entries

    def open(self) -> None:
        """Show all commands and take the keyboard."""
        self._all = self._entries()
        self.query.clear()
        self._filter("")
        self._place()
        self.show()
        self.raise_()
        self.query.setFocus(Qt.FocusReason.PopupFocusReason)

    def close_up(self) -> None:
        """Go away, and give the keyboard back."""
        if self.isVisible():
            self.hide()
            self.closed.emit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kind = event.type()
        if kind == QEvent.Type.FocusOut:
            self.close_up()
        if not isinstance(event, QKeyEvent) or (event.key() not in _MOVES and event.key() not in _ENDS):
            return False
        if kind == QEvent.Type.ShortcutOverride:  # these keys belong to actions of the window
            event.accept()
            return True
        if kind == QEvent.Type.KeyPress:
            self._take_key(Qt.Key(event.key()))
            return True
        return False

    def _take_key(self, key: Qt.Key) -> None:
        if key == Qt.Key.Key_Escape:
            self.close_up()
        elif key in _ENDS:
            self._choose(self.list.currentIndex())
        elif self.shown:
            row = self.list.currentIndex().row() + _MOVES[key]
            row = row % len(self.shown) if abs(_MOVES[key]) == 1 else min(max(row, 0), len(self.shown) - 1)
            self.list.setCurrentIndex(self._model.index(row))

    def _filter(self, text: str) -> None:
        self._model.show(rank(text, self._all, self._recent))
        self.list.setVisible(bool(self.shown))
        self.nothing.setVisible(not self.shown)
        self.list.setCurrentIndex(self._model.index(0))
        self.list.scrollToTop()
        self.list.setFixedHeight(min(len(self.shown), _ROWS) * _ROW_HEIGHT + 4)
        self.adjustSize()

    def _choose(self, index: _Index) -> None:
        """Do what a line says; one that cannot be done stays where it is, with its reason."""
        if not index.isValid():
            return
        entry: Entry = index.data(_ENTRY)
        if entry.reason:
            return
        self._recent[:] = [entry.id, *(n for n in self._recent if n != entry.id)][:12]
        self.close_up()
        self.chosen.emit(entry.id)

    def _place(self) -> None:
        parent = self.parentWidget()
        self.setFixedWidth(min(_WIDTH, parent.width() - 20))
        self.adjustSize()
        self.move(QPoint((parent.width() - self.width()) // 2, 64))


class _Lines(QAbstractListModel):
    def __init__(self) -> None:
        super().__init__()
        self.entries: list[Entry] = []

    def show(self, entries: list[Entry]) -> None:
        self.beginResetModel()
        self.entries = entries
        self.endResetModel()

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008 -- Qt's own signature
        return len(self.entries)

    def data(self, index: _Index, role: int = int(Qt.ItemDataRole.DisplayRole)) -> object:
        entry = self.entries[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return ", ".join(part for part in (entry.title, entry.path, entry.key, entry.reason) if part)
        return entry if role == _ENTRY else None


class _LinePainter(QStyledItemDelegate):
    """Draws icon, title and menu at the left, and the key or the reason against it at the right."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.theme = theme

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        return QSize(0, _ROW_HEIGHT)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        entry: Entry = index.data(_ENTRY)
        theme, room = self.theme, option.rect.adjusted(10, 0, -10, 0)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if option.state & option.state.State_Selected:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(theme.accent_soft))
            painter.drawRoundedRect(option.rect.adjusted(1, 1, -1, -1), 5, 5)
        if entry.icon is not None:
            mode = QIcon.Mode.Disabled if entry.reason else QIcon.Mode.Normal
            entry.icon.paint(painter, QRect(room.left(), room.center().y() - 8, 16, 16), mode=mode)
        room.setLeft(room.left() + 26)
        room.setRight(room.right() - self._write_end(painter, room, entry) - 12)
        used = self._write(painter, room, entry.title, theme.faint if entry.reason else theme.text)
        room.setLeft(room.left() + used + 10)
        self._write(painter, room, entry.path, theme.faint if entry.reason else theme.muted)
        painter.restore()

    def _write_end(self, painter: QPainter, room: QRect, entry: Entry) -> int:
        """Write key and reason against the right side; gives the width that they took."""
        theme, used = self.theme, 0
        if entry.key:
            wide = painter.fontMetrics().horizontalAdvance(entry.key) + 14
            box = QRect(room.right() - wide, room.center().y() - 10, wide, 20)
            painter.setPen(QColor(theme.edge))
            painter.setBrush(QColor(theme.raised))
            painter.drawRoundedRect(box, 4, 4)
            painter.setPen(QColor(theme.faint if entry.reason else theme.text))
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, entry.key)
            used = wide + 10
        if entry.reason:
            place = room.adjusted(0, 0, -used, 0)
            place.setLeft(place.left() + place.width() // 3)
            shown = painter.fontMetrics().elidedText(entry.reason, Qt.TextElideMode.ElideRight, place.width())
            painter.setPen(QColor(theme.warning))
            painter.drawText(place, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, shown)
            used += painter.fontMetrics().horizontalAdvance(shown)
        return used

    def _write(self, painter: QPainter, room: QRect, text: str, colour: str) -> int:
        shown = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, max(room.width(), 0))
        painter.setPen(QColor(colour))
        painter.drawText(room, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, shown)
        return painter.fontMetrics().horizontalAdvance(shown)

"""The Classes dock: what there is, how much of it, and what is shown or protected."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, QSize, Qt, QTimer
from PySide6.QtGui import QAction, QColor, QIcon, QMouseEvent, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QComboBox, QHeaderView, QTableView, QWidget

from editor.model.document import Document
from editor.model.statistics import Scope, Statistics, count
from editor.ui.icons import draw, swatch
from editor.ui.theme import Theme
from editor.ui.widgets import Segments, button, column, label, named, row
from engine.labels import UNKNOWN

_Index = QModelIndex | QPersistentModelIndex
_SWATCH, _NAME, _COUNT, _SHARE, _EYE, _PASS, _LOCK = range(7)
_WIDTHS = {_SWATCH: 22, _COUNT: 56, _SHARE: 54, _EYE: 20, _PASS: 20, _LOCK: 20}
_NAME_MARGIN = 10


class ClassTable(QAbstractTableModel):
    """One line for each class, and for unknown voxels where there are any; counts the document when told to."""

    def __init__(self, document: Document, theme: Theme) -> None:
        super().__init__()
        self._document = document
        self.scope: Scope = "scene"
        self.statistics = Statistics(np.zeros(256, np.int64), document.scene.space)
        self.dress(theme)

    def dress(self, theme: Theme) -> None:
        """Take icons and colours of a theme."""
        self._theme = theme
        self._icons = {name: QIcon(draw(name, theme.text, 16, 2)) for name in ("eye", "lock", "pass")}
        self._icons |= {name: QIcon(draw(name, theme.faint, 16, 2)) for name in ("eye-off", "unlock", "pass-off")}
        self.reload()

    def reload(self) -> None:
        """Show the classes anew, with the counts known so far."""
        self.beginResetModel()
        classes = self._document.classes
        self._ids = [*classes.space.solid_ids, *([UNKNOWN] if self._shows_unknown else [])]
        colours = classes.space.colours(classes.palette)
        self._swatches = {i: QIcon(swatch(QColor(*map(int, colours[i])))) for i in self._ids}
        self.endResetModel()

    def recount(self) -> None:
        """Count the voxels again."""
        self.statistics = count(self._document, self.scope)
        if self._shows_unknown != (UNKNOWN in self._ids):
            self.reload()
        self.tell()

    def tell(self) -> None:
        """Say that every cell may look different."""
        self.dataChanged.emit(self.index(0, 0), self.index(len(self._ids) - 1, _LOCK))

    @property
    def _shows_unknown(self) -> bool:
        return self.statistics.unknown > 0 or UNKNOWN in self._document.classes.hidden

    def label_of(self, index: _Index) -> int:
        return self._ids[index.row()]

    @property
    def names(self) -> list[str]:
        return [self._text(label, _NAME) for label in self._ids]

    def row_of(self, label: int) -> int:
        return self._ids.index(label)

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008 -- Qt's own signature
        return 0 if parent.isValid() else len(self._ids)

    def columnCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008 -- Qt's own signature
        return 0 if parent.isValid() else _LOCK + 1

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        class_id = self._ids[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(class_id, index.column())
        if role == Qt.ItemDataRole.DecorationRole:
            return self._icon(class_id, index.column())
        if role == Qt.ItemDataRole.TextAlignmentRole and index.column() in (_COUNT, _SHARE):
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        if role == Qt.ItemDataRole.ForegroundRole:
            there = class_id in self._document.classes.visible and self.statistics.counts[class_id] > 0
            dim = not there or index.column() > _NAME
            return QColor(self._theme.muted if dim else self._theme.text)
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._tip(class_id, index.column())
        return None

    def _text(self, label: int, place: int) -> str:
        if place == _NAME:
            return self._document.classes.name_of(label)
        found = int(self.statistics.counts[label])
        if place == _COUNT:
            return f"{found:,}" if found else "–"
        if place != _SHARE or not found or label == UNKNOWN:  # shares are of what is something
            return ""
        share = 100 * self.statistics.share(label)
        return f"{share:.1f} %" if share >= 0.1 else "<0.1 %"

    def _icon(self, label: int, place: int) -> QIcon | None:
        classes = self._document.classes
        if place == _SWATCH:
            return self._swatches[label]
        if place == _EYE:
            return self._icons["eye" if label in classes.visible else "eye-off"]
        if place == _PASS:
            return self._icons["pass" if label in classes.passed else "pass-off"]
        if place == _LOCK:
            return self._icons["lock" if label in classes.locked else "unlock"]
        return None

    def _tip(self, label: int, place: int) -> str:
        name, found = self._document.classes.name_of(label), int(self.statistics.counts[label])
        return {
            _EYE: f"Show or hide {name}; Alt+click shows only {name}",
            _PASS: f"Paint through {name}: tools reach what lies behind it",
            _LOCK: f"Lock {name}: it is never masked, and no voxel tool changes it; Alt+click locks all others",
        }.get(place, f"{name} (class {label}): {found:,} voxels")


class _Table(QTableView):
    """Tells the dock about clicks with their modifiers; where names do not fit, counts give way to them."""

    def __init__(self, dock: ClassesDock) -> None:
        super().__init__()
        self._dock = dock

    def mousePressEvent(self, event: QMouseEvent) -> None:
        index = self.indexAt(event.position().toPoint())
        if index.isValid():
            self._dock.click(index, bool(event.modifiers() & Qt.KeyboardModifier.AltModifier))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.fit()

    def fit(self) -> None:
        """Show the counts if the longest name leaves room for them; the tip of a name tells its count too."""
        names = self._dock.table.names
        longest = max((self.fontMetrics().horizontalAdvance(name) for name in names), default=0) + _NAME_MARGIN
        self.setColumnHidden(_COUNT, self.viewport().width() < longest + sum(_WIDTHS.values()))


class ClassesDock(QWidget):
    """Swatch, name, count, share, eye, pass-through and lock of every class; Alt+click is about all the others."""

    def __init__(self, document: Document, show_all: QAction, theme: Theme) -> None:
        super().__init__()
        self._document = document
        self.table = ClassTable(document, theme)
        self.view = _Table(self)
        self.palette_box = QComboBox(objectName="palette")
        self.palette_box.activated.connect(lambda _i: document.classes.use_palette(self.palette_box.currentText()))
        self._prepare_view()
        self.table.modelReset.connect(self._on_reset)
        self.scope = Segments([("scene", "Scene"), ("section", "Section"), ("mask", "Mask")], "classes.scope")
        self.scope.choose("scene")
        self.scope.chosen.connect(self.count_in)
        self.scope.setToolTip("What is counted")
        self.sum = label("")
        self.sum.setObjectName("classes.sum")
        bottom = row(button("Show all", "link", show_all.trigger, "classes.show_all"), 1, self.sum)
        top = (named("Palette", self.palette_box), named("Count in", self.scope))
        self.setLayout(column(*top, self.view, bottom, margin=12, spacing=6))
        self._timer = QTimer(self, singleShot=True, interval=150)
        self._timer.timeout.connect(self._recount)
        document.changed.connect(lambda _box: self._timer.start())
        document.mask_changed.connect(lambda _box: self._recount_soon("mask"))
        document.section.changed.connect(lambda: self._recount_soon("section"))
        document.scene_replaced.connect(self._on_replaced)
        document.classes.changed.connect(self._on_classes)
        document.classes.chosen_changed.connect(lambda _label: self._select())
        self._on_replaced()

    def dress(self, theme: Theme) -> None:
        """Take icons and colours of a theme."""
        self.table.dress(theme)

    def count_in(self, scope: Scope) -> None:
        """Choose what is counted."""
        self.table.scope = scope
        self.scope.choose(scope)
        self._recount()

    def click(self, index: _Index, alone: bool) -> None:
        """Do what a click on a cell means."""
        classes, label = self._document.classes, self.table.label_of(index)
        if index.column() == _EYE and alone:
            classes.solo(label)
        elif index.column() == _EYE:
            classes.set_visible(label, label not in classes.visible)
        elif index.column() == _PASS:
            classes.set_passed(label, label not in classes.passed)
        elif index.column() == _LOCK and alone:
            classes.lock_others(label)
        elif index.column() == _LOCK:
            classes.set_locked(label, label not in classes.locked)
        else:
            classes.choose(label)

    def _prepare_view(self) -> None:
        view = self.view
        view.setModel(self.table)
        view.setObjectName("classes")
        view.setShowGrid(False)
        view.setIconSize(QSize(16, 16))
        view.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        view.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        view.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        view.horizontalHeader().hide()
        view.verticalHeader().hide()
        view.verticalHeader().setDefaultSectionSize(23)
        header = view.horizontalHeader()
        header.setMinimumSectionSize(20)
        for place, width in _WIDTHS.items():
            header.setSectionResizeMode(place, QHeaderView.ResizeMode.Fixed)
            view.setColumnWidth(place, width)
        header.setSectionResizeMode(_NAME, QHeaderView.ResizeMode.Stretch)

    def _on_replaced(self) -> None:
        self._on_classes()
        self._recount()

    def _on_classes(self) -> None:
        classes = self._document.classes
        if [self.palette_box.itemText(i) for i in range(self.palette_box.count())] != list(classes.space.palettes):
            self.palette_box.clear()
            self.palette_box.addItems(classes.space.palettes)
        self.palette_box.setCurrentText(classes.palette)
        self.table.reload()

    def _on_reset(self) -> None:
        self.view.fit()
        self._select()

    def _recount_soon(self, scope: Scope) -> None:
        if self.table.scope == scope:
            self._timer.start()

    def _recount(self) -> None:
        self.table.recount()
        found = self.table.statistics
        share = 100 * found.solid / max(found.total, 1)
        self.sum.setText(f"{found.solid:,} solid ({share:.1f} %)")
        self.sum.setToolTip(f"of {found.total:,} voxels, {found.unknown:,} of them unknown, air included")

    def _select(self) -> None:
        self.view.selectRow(self.table.row_of(self._document.classes.chosen))

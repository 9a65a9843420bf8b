"""Which classes must not be newly made: check boxes, grouped by kind."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtWidgets import QTreeWidget, QTreeWidgetItem

from editor.model.studio import Studio

_KINDS = (
    ("vehicle", "Vehicles"),
    ("person", "People"),
    ("object", "Objects"),
    ("nature", "Nature"),
    ("structure", "Structures"),
    ("ground", "Ground"),
)
_ROW = 24


class ForbidList(QTreeWidget):
    """A ticked class is barred."""

    def __init__(self, studio: Studio) -> None:
        super().__init__(objectName="forbid")
        self._plan, self._classes = studio.plan, studio.document.classes
        self.setHeaderHidden(True)
        self.setIndentation(16)
        self.setUniformRowHeights(True)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSelectionMode(QTreeWidget.SelectionMode.NoSelection)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._items: dict[str, QTreeWidgetItem] = {}
        self._space = None
        self.itemChanged.connect(lambda _item, _column: self._store())
        self.itemExpanded.connect(lambda _item: self._fit())
        self.itemCollapsed.connect(lambda _item: self._fit())
        self.refresh()

    def refresh(self) -> None:
        """Show the plan's barred classes."""
        with QSignalBlocker(self):
            if self._space != self._classes.space:
                self._fill()
            for name, item in self._items.items():
                barred = name in self._plan.options.forbid
                item.setCheckState(0, Qt.CheckState.Checked if barred else Qt.CheckState.Unchecked)

    def _fill(self) -> None:
        self.clear()
        self._space = self._classes.space
        self._items = {}
        for kind, title in _KINDS:
            names = [self._space.names[i] for i in self._space.ids_of(kind)]
            if not names:
                continue
            group = QTreeWidgetItem(self, [title])
            group.setFlags(group.flags() | Qt.ItemFlag.ItemIsUserCheckable | Qt.ItemFlag.ItemIsAutoTristate)
            for name in names:
                item = QTreeWidgetItem(group, [name])
                item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
                item.setCheckState(0, Qt.CheckState.Unchecked)
                self._items[name] = item
        self._fit()

    def _store(self) -> None:
        barred = {n for n, item in self._items.items() if item.checkState(0) == Qt.CheckState.Checked}
        self._plan.set(forbid=frozenset(barred))

    def _fit(self) -> None:
        tops = [self.topLevelItem(i) for i in range(self.topLevelItemCount())]
        rows = sum(1 + (t.childCount() if t.isExpanded() else 0) for t in tops)
        height = self.sizeHintForRow(0) if rows else _ROW
        self.setFixedHeight(rows * max(height, 20) + 4)

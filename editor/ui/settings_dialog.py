"""The settings: pages at the left, rows that take effect at once, and a field that finds them."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QDialog, QFrame, QLineEdit, QListWidget, QScrollArea, QStackedWidget, QWidget

from editor.ui.keys_page import KeysPage
from editor.ui.preferences import Preferences
from editor.ui.search import fuzzy
from editor.ui.settings_pages import PAGES, Row
from editor.ui.widgets import button, column, label, row

_SIZE = (800, 580)


class SettingsDialog(QDialog):
    """Not modal: the window behind shows what a change does."""

    def __init__(self, preferences: Preferences, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("settings")
        self.setWindowTitle("Settings")
        self.resize(min(_SIZE[0], parent.width() - 40), min(_SIZE[1], parent.height() - 40))
        self.query = QLineEdit(objectName="settings.query", placeholderText="Find a setting", clearButtonEnabled=True)
        self.pages = QListWidget(objectName="settings.pages")
        self.pages.setFixedWidth(150)
        self.stack = QStackedWidget()
        self._rows: dict[str, list[Row]] = {}
        for name, make in PAGES.items():
            self._rows[name] = make(preferences)
            self._add(name, _scrolled(self._rows[name]))
        self.keys = KeysPage(preferences.keys, lambda name: parent.actions_table[name])  # type: ignore[attr-defined]
        self._add("Keys", self.keys)
        left = column(self.query, self.pages, spacing=8)
        self.query.setFixedWidth(150)
        body = row(spacing=14)
        body.addLayout(left)
        body.addWidget(self.stack, 1)
        self.setLayout(column(body, row(1, button("Close", "", self.close, "settings.close")), margin=14, spacing=10))
        self.pages.currentRowChanged.connect(self.stack.setCurrentIndex)
        self.query.textChanged.connect(self._filter)
        preferences.changed.connect(self.refresh)

    def open_at(self, page: str) -> None:
        """Show a page, with the values as they are now."""
        self.query.clear()
        self.refresh()
        self.pages.setCurrentRow(self.page_names.index(page))
        self.show()
        self.raise_()
        self.activateWindow()
        (self.keys.query if page == "Keys" else self.query).setFocus()

    @property
    def page_names(self) -> list[str]:
        return [self.pages.item(k).text() for k in range(self.pages.count())]

    def find(self, name: str) -> Row:
        """Give the row of a setting; raises `KeyError` where there is none."""
        found = {r.name: r for rows in self._rows.values() for r in rows}
        return found[name]

    def refresh(self, _name: str = "") -> None:
        """Show all values as they are now."""
        for rows in self._rows.values():
            for part in rows:
                part.refresh()
        self.keys.refresh()

    def closeEvent(self, event: QCloseEvent) -> None:
        self.query.clear()
        super().closeEvent(event)

    def _add(self, name: str, page: QWidget) -> None:
        self.pages.addItem(name)
        self.stack.addWidget(page)

    def _filter(self, text: str) -> None:
        """Leave the rows that answer, and the pages that have such."""
        hits = [self._filter_page(name, text) for name in self.page_names]
        for place, hit in enumerate(hits):
            self.pages.item(place).setHidden(not hit)
        if text and True in hits and not hits[self.pages.currentRow()]:
            self.pages.setCurrentRow(hits.index(True))

    def _filter_page(self, name: str, text: str) -> bool:
        if name not in self._rows:
            return fuzzy(text, "keys keyboard shortcuts presets") is not None
        for part in self._rows[name]:
            part.setVisible(fuzzy(text, f"{name} {part.words}") is not None)
        return any(not part.isHidden() for part in self._rows[name])


MakeRows = Callable[[Preferences], list[Row]]


def _scrolled(rows: list[Row]) -> QScrollArea:
    area, content = QScrollArea(), QWidget()
    title = label("Everything here takes effect at once.")
    content.setLayout(column(title, *rows, 1, margin=0, spacing=14))
    area.setWidget(content)
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    return area

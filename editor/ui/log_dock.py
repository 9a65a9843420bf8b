"""The Log dock: what was logged, by level and word; to be copied, and the folder to be opened."""

from __future__ import annotations

import logging
from html import escape
from pathlib import Path

from PySide6.QtGui import QFontDatabase, QGuiApplication
from PySide6.QtWidgets import QComboBox, QLineEdit, QPlainTextEdit, QWidget

from editor.ui.journal import Journal, Line
from editor.ui.settings_pages import open_folder
from editor.ui.theme import Theme
from editor.ui.widgets import button, column, row

_LEVELS = {"Everything": logging.INFO, "Warnings and errors": logging.WARNING, "Errors": logging.ERROR}


class LogDock(QWidget):
    """Shows a journal; `folder` holds the files."""

    def __init__(self, journal: Journal, folder: Path, theme: Theme) -> None:
        super().__init__(objectName="log")
        self._journal = journal
        self.level = QComboBox(objectName="log.level")
        for title, value in _LEVELS.items():
            self.level.addItem(title, value)
        self.query = QLineEdit(objectName="log.query", placeholderText="Filter", clearButtonEnabled=True)
        self.text = QPlainTextEdit(objectName="log.text", readOnly=True, maximumBlockCount=4000)
        self.text.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.copy = button("Copy", "", self._copy, "log.copy")
        self.folder = button("Open folder", "", lambda: open_folder(folder), "log.folder")
        line = row(self.level, self.query, self.copy, self.folder, spacing=6)
        self.setLayout(column(line, self.text, margin=8, spacing=6))
        self.setMinimumHeight(150)
        self.level.currentIndexChanged.connect(lambda _i: self.refresh())
        self.query.textChanged.connect(lambda _t: self.refresh())
        journal.added.connect(self._add)
        self.dress(theme)

    def dress(self, theme: Theme) -> None:
        """Take the colours of a theme."""
        self._colours = {logging.WARNING: theme.warning, logging.ERROR: theme.danger, logging.CRITICAL: theme.danger}
        self._plain = theme.muted
        self.refresh()

    def refresh(self) -> None:
        """Show the lines that answer the level and the filter."""
        self.text.clear()
        for line in self._journal.lines:
            self._add(line)

    def _add(self, line: Line) -> None:
        if line.level < self.level.currentData() or self.query.text().casefold() not in str(line).casefold():
            return
        colour = self._colours.get(line.level, self._plain)
        self.text.appendHtml(f'<pre style="color:{colour}; margin:0">{escape(str(line))}</pre>')

    def _copy(self) -> None:
        """Copy what is selected, or all that is shown."""
        chosen = self.text.textCursor().selectedText().replace("\u2029", "\n")
        QGuiApplication.clipboard().setText(chosen or self.text.toPlainText())

"""What `scenewright doctor` finds, in a window; a program of its own looks, so that no driver can end this one."""

from __future__ import annotations

import json
from typing import Any

from PySide6.QtCore import QProcess, QRect, QSize, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog, QProgressBar, QTreeWidget, QTreeWidgetItem, QWidget

from editor.ui.blind import command
from editor.ui.theme import Theme
from editor.ui.widgets import button, column, label, row


class DoctorDialog(QDialog):
    """Shows every check with what was found, and what to do where it is not well."""

    def __init__(self, parent: QWidget, theme: Theme) -> None:
        super().__init__(parent)
        self.setObjectName("doctor")
        self.setWindowTitle("Check this machine")
        self.resize(720, 420)
        self._theme = theme
        self._said = ""
        self.told = label("Looking …", "title")
        self.bar = QProgressBar(textVisible=False)
        self.bar.setRange(0, 0)
        self.list = QTreeWidget(rootIsDecorated=False, wordWrap=True, headerHidden=True, columnCount=2)
        self.list.setColumnWidth(0, 110)
        self.copy = button("Copy", "", self._copy, "doctor.copy")
        self.again = button("Look again", "", self.look, "doctor.again")
        buttons = row(self.copy, self.again, 1, button("Close", "", self.close))
        self.setLayout(column(self.told, self.bar, self.list, buttons, margin=16, spacing=10))
        self._process = QProcess(self)
        self._process.finished.connect(self._on_finished)
        self._process.errorOccurred.connect(lambda _e: self._on_finished())

    def look(self) -> None:
        """Begin to look; `told` says how it went."""
        if self._process.state() != QProcess.ProcessState.NotRunning:
            return
        self.list.clear()
        self.told.setText("Looking …")
        self.bar.show()
        self.again.setEnabled(False)
        self._process.start(*command(["doctor", "--json"]))

    def done(self, result: int) -> None:
        """Leave no program behind."""
        self._process.blockSignals(True)
        self._process.kill()
        self._process.waitForFinished(2000)
        self._process.blockSignals(False)
        super().done(result)

    def _on_finished(self, *_: object) -> None:
        said = bytes(self._process.readAllStandardOutput().data()).decode(errors="replace")
        wrong = bytes(self._process.readAllStandardError().data()).decode(errors="replace").strip()
        self.bar.hide()
        self.again.setEnabled(True)
        try:
            checks: list[dict[str, Any]] = json.loads(said[said.index("{") :])["checks"]
        except (ValueError, KeyError):
            last = wrong.splitlines()[-1] if wrong else self._process.errorString()
            self.told.setText("The checks could not be run")
            self._add("doctor", False, last, "run `scenewright doctor` in a terminal")
            return
        bad = [c for c in checks if not c["ok"]]
        self.told.setText(f"{len(bad)} of {len(checks)} things want attention" if bad else "Everything works here")
        for check in checks:
            self._add(check["name"], check["ok"], check["found"], check["advice"])

    def _add(self, name: str, ok: bool, found: str, advice: str) -> None:
        words = f"{found}\n{advice}" if advice else found
        item = QTreeWidgetItem([name, words])
        item.setIcon(0, self._theme.icon("check", self._theme.good) if ok else self._theme.icon("warning"))
        item.setTextAlignment(0, Qt.AlignmentFlag.AlignTop)
        room = QRect(0, 0, self.list.viewport().width() - self.list.columnWidth(0) - 12, 10_000)
        lines = self.list.fontMetrics().boundingRect(
            room, Qt.TextFlag.TextWrapAnywhere | Qt.TextFlag.TextWordWrap, words
        )
        item.setSizeHint(1, QSize(room.width(), lines.height() + 10))
        item.setTextAlignment(1, Qt.AlignmentFlag.AlignTop)
        self.list.addTopLevelItem(item)

    def _copy(self) -> None:
        items = [self.list.topLevelItem(k) for k in range(self.list.topLevelItemCount())]
        QGuiApplication.clipboard().setText("\n".join(f"{i.text(0):<10} {i.text(1)}" for i in items))

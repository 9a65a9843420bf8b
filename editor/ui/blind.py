"""What the window shows where OpenGL cannot draw: the document is kept, and there are ways on."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QFrame

from editor.ui.widgets import button, column, label, row
from editor.worker import describe

if TYPE_CHECKING:
    from editor.ui.window import MainWindow

log = logging.getLogger("scenewright")
_SOFTWARE = {"LIBGL_ALWAYS_SOFTWARE": "1", "QT_OPENGL": "software"}


class BlindPanel(QFrame):
    """Stands in the viewport's place while that cannot be drawn."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(objectName="blind")
        self._window = window
        title = label("The scene cannot be drawn", "title")
        self.reason = label("", "warning", wrap=True)
        self.kept = label("", "muted", wrap=True)
        self.save = button("Save As…", "primary", lambda: window.trigger("file.save_as"), "blind.save")
        self.again = button("Try again", "", self.try_again, "blind.again")
        self.software = button("Restart in software mode", "", self.restart, "blind.software")
        for part in (title, self.reason, self.kept):
            part.setAlignment(Qt.AlignmentFlag.AlignCenter)
        buttons = row(1, self.save, self.again, self.software, 1, spacing=8)
        self.setLayout(column(title, self.reason, self.kept, buttons, 1, margin=40, spacing=14))
        self.hide()
        window.stage.layout().addWidget(self)
        window.canvas.screen.failed.connect(self._on_failed)

    def try_again(self) -> None:
        """Draw again, perhaps after the driver has come back."""
        self.hide()
        self._window.canvas.native.show()
        self._window.canvas.screen.revive()

    def restart(self) -> None:
        """Close the window, with the usual question about unsaved work, and start another with drawing in software."""
        if not self._window.close():
            return
        path = self._window.studio.document.path
        launch(["open", *([str(path)] if path is not None else [])], _SOFTWARE)

    def _on_failed(self, error: Exception) -> None:
        log.error("the viewport cannot be drawn", exc_info=error)
        QTimer.singleShot(0, self, lambda: self._show(describe(error).message))  # not while a picture is being drawn

    def _show(self, reason: str) -> None:
        document = self._window.studio.document
        unsaved = ", with unsaved changes" if document.dirty else ""
        self.reason.setText(reason)
        self.kept.setText(f"“{document.title}” is kept{unsaved}: it can be saved and exported as ever.")
        self._window.canvas.native.hide()
        self.show()
        self._window.keeping.keep()


def launch(arguments: list[str], environment: dict[str, str]) -> None:
    """Start another `scenewright` that lives on when this one ends."""
    program, rest = command(arguments)
    subprocess.Popen([program, *rest], env={**os.environ, **environment}, start_new_session=True)


def command(arguments: list[str]) -> tuple[str, list[str]]:
    """Give the program that runs `scenewright` with these arguments, and what comes after its name."""
    if getattr(sys, "frozen", False):
        return sys.executable, arguments
    return sys.executable, ["-m", "editor.cli", *arguments]

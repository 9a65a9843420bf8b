"""The docks that one looks into: metrics, Python console, log; each is made when it is first shown."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QDockWidget, QWidget

from editor.model.metrics import Metrics
from editor.settings import home
from editor.ui.action_table import ACTIONS
from editor.ui.console import Console, Interpreter
from editor.ui.log_dock import LogDock
from editor.ui.theme import Theme
from editor.ui.widgets import column
from engine.edit import GridEdit, VoxelEdit
from engine.scene import VoxelScene

if TYPE_CHECKING:
    from editor.ui.window import MainWindow

_GREETING = """Python, with the editor in scope:
  document, studio, window    what is open
  scene                       a snapshot of the voxels; change it as you like, then
  put(scene)                  makes it the document's, as one undo step
  run('mask.invert')          does an action by its id; tells whether it could
  actions                     ids of all actions;  np  NumPy"""


class Instruments:
    """Makes the three docks of a window and brings them to the front."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window
        self.metrics = Metrics(window.studio.jobs)
        self._pages = {"Metrics": _Late(self._make_metrics), "Console": _Late(self._make_console)}
        self._pages["Log"] = _Late(self._make_log)
        self._known: object = None
        self._docks: dict[str, QDockWidget] = {}
        for title, page in self._pages.items():
            self._docks[title] = window.docks.add_below(title, page)

    def dress(self, theme: Theme) -> None:
        """Take the colours of a theme."""
        for page in self._pages.values():
            dress = getattr(page.content, "dress", None)
            if dress is not None:
                dress(theme)

    def page(self, title: str) -> QWidget:
        """Give the content of a dock, made where it was not shown yet."""
        return self._pages[title].fill()

    def show_metrics(self) -> None:
        """Show step time, memory and what changes."""
        self._show("Metrics")

    def show_console(self) -> None:
        """Show the Python console, ready to be typed in."""
        self._show("Console")
        self.page("Console").setFocus()

    def show_log(self) -> None:
        """Show what was logged."""
        self._show("Log")

    def _show(self, title: str) -> None:
        self._docks[title].show()
        self._docks[title].raise_()

    def _make_metrics(self) -> QWidget:
        from editor.ui.metrics_dock import MetricsDock

        return MetricsDock(self.metrics, self._window.studio.document, self._window.theme)

    def _make_log(self) -> QWidget:
        return LogDock(self._window.journal, home(), self._window.theme)

    def _make_console(self) -> QWidget:
        return Console(Interpreter(self._scope), home() / "console_history.txt", _GREETING)

    def _scope(self) -> dict[str, Any]:
        """Give the names of the console; `scene` only when it is another one, so that changes to it outlive a line."""
        window, document = self._window, self._window.studio.document
        names = {
            "window": window,
            "studio": window.studio,
            "document": document,
            "put": self._put,
            "run": window.trigger,
            "actions": [spec.id for spec in ACTIONS],
            "np": np,
        }
        if document.history.state is not self._known:
            self._known = document.history.state
            names["scene"] = document.scene.snapshot()
        return names

    def _put(self, scene: VoxelScene, name: str = "Console") -> None:
        """Make a scene the document's, as one undo step."""
        document = self._window.studio.document
        before = document.scene
        if (scene.grid, scene.space) == (before.grid, before.space):
            document.do(VoxelEdit.between(name, before, before.box, scene.read()))
        else:
            document.do(GridEdit.between(name, document, scene))


class _Late(QWidget):
    """Is empty until it is shown."""

    def __init__(self, make: Callable[[], QWidget]) -> None:
        super().__init__()
        self._make = make
        self.content: QWidget | None = None
        self.setLayout(column())

    def fill(self) -> QWidget:
        """Make the content, once."""
        if self.content is None:
            self.content = self._make()
            self.layout().addWidget(self.content)
        return self.content

    def showEvent(self, event: QShowEvent) -> None:
        self.fill()

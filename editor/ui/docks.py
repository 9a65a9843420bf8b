"""The docks: at the right Generate above, Classes and Mask as tabs below it; at the bottom and at the left, others."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QDockWidget, QMainWindow, QTabWidget, QWidget

from editor.model.studio import Studio
from editor.ui.actions import Actions
from editor.ui.classes_dock import ClassesDock
from editor.ui.generate_dock import GenerateDock
from editor.ui.mask_dock import MaskDock
from editor.ui.theme import Theme
from editor.ui.widgets import scrolled

LAYOUT_VERSION = 2
"""Raised when docks change, so that a remembered layout of another version is not taken."""
_WIDTH = 330
_HEIGHTS = (500, 290)
_AREA = Qt.DockWidgetArea.RightDockWidgetArea
_BELOW = Qt.DockWidgetArea.BottomDockWidgetArea


class Docks:
    """Makes the docks, puts them into the window, and puts them back where they were at the first start."""

    def __init__(self, window: QMainWindow, studio: Studio, actions: Actions, theme: Theme, mask: MaskDock) -> None:
        self._window, self.mask = window, mask
        self.generate = GenerateDock(studio, actions, theme)
        self.classes = ClassesDock(studio.document, actions["class.show_all"], theme)
        for area in (_AREA, _BELOW):
            window.setTabPosition(area, QTabWidget.TabPosition.North)
        window.setCorner(Qt.Corner.BottomRightCorner, _AREA)
        self._frames = [
            self._frame("Generate", self.generate),
            self._frame("Classes", self.classes),
            self._frame("Mask", scrolled(self.mask)),
        ]
        window.tabifyDockWidget(self._frames[1], self._frames[2])
        for tab in self._frames[1:]:
            tab.setTitleBarWidget(QWidget())  # its tab says the name already
        self._frames[1].raise_()
        self._size()
        self._below: list[QDockWidget] = []
        self._first = window.saveState(LAYOUT_VERSION)

    def add_tab(self, title: str, content: QWidget) -> QDockWidget:
        """Put a dock at the right, as a tab beside Classes and Mask."""
        frame = self._frame(title, content)
        frame.setTitleBarWidget(QWidget())  # its tab says the name already
        self._window.tabifyDockWidget(self._frames[-1], frame)
        self._frames.append(frame)
        self._frames[1].raise_()
        self._first = self._window.saveState(LAYOUT_VERSION)
        return frame

    def add_below(self, title: str, content: QWidget) -> QDockWidget:
        """Put a dock at the bottom, as a tab beside those that are there; it is hidden until it is asked for."""
        frame = self._closable(title, content, _BELOW)
        frame.setTitleBarWidget(QWidget())  # its tab says the name already
        if self._below:
            self._window.tabifyDockWidget(self._below[-1], frame)
        self._below.append(frame)
        self._first = self._window.saveState(LAYOUT_VERSION)
        return frame

    def add_left(self, title: str, content: QWidget) -> QDockWidget:
        """Put a dock at the left, as wide as it likes; it is hidden until it is asked for."""
        frame = self._closable(title, content, Qt.DockWidgetArea.LeftDockWidgetArea)
        self._first = self._window.saveState(LAYOUT_VERSION)
        return frame

    @property
    def toggles(self) -> list[QAction]:
        """Actions that show and hide each dock."""
        return [f.toggleViewAction() for f in self._frames]

    def dress(self, theme: Theme) -> None:
        """Take icons in the theme's colours."""
        for part in (self.generate, self.classes, self.mask):
            part.dress(theme)

    def reset(self) -> None:
        """Put all docks back."""
        self._window.restoreState(self._first, LAYOUT_VERSION)
        self._size()

    def _frame(self, title: str, content: QWidget) -> QDockWidget:
        frame = QDockWidget(title, self._window)
        frame.setObjectName(f"dock.{title.lower()}")
        frame.setWidget(content)
        frame.setFeatures(QDockWidget.DockWidgetFeature.DockWidgetMovable)
        content.setMinimumWidth(_WIDTH - 30)
        content.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._window.addDockWidget(_AREA, frame)
        return frame

    def _closable(self, title: str, content: QWidget, area: Qt.DockWidgetArea) -> QDockWidget:
        frame = QDockWidget(title.replace("&", "&&"), self._window)  # else its tab shows a mnemonic
        frame.setObjectName(f"dock.{title.lower().replace(' ', '_')}")
        frame.setWidget(content)
        frame.setFeatures(
            QDockWidget.DockWidgetFeature.DockWidgetMovable | QDockWidget.DockWidgetFeature.DockWidgetClosable
        )
        content.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._window.addDockWidget(area, frame)
        frame.hide()
        self._frames.append(frame)
        return frame

    def _size(self) -> None:
        self._window.resizeDocks(self._frames[:1], [_WIDTH], Qt.Orientation.Horizontal)
        self._window.resizeDocks(self._frames[:2], list(_HEIGHTS), Qt.Orientation.Vertical)

"""Parts that show how far a run is, and change at every beat.

A change costs one picture of the whole window, which a slow driver takes from the engine. A label that asked for
another size would cost one more, and so would a bar that painted itself at once, as Qt's own does.
"""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QLabel, QProgressBar, QSizePolicy

_PARTS = 1000


class ProgressBar(QProgressBar):
    """How far a run is, without words."""

    def __init__(self) -> None:
        super().__init__(textVisible=False, maximum=_PARTS)

    def show_share(self, share: float) -> None:
        """Show a share of the whole, 0 to 1, with the next picture."""
        value = round(share * _PARTS)
        if value != self.value():
            self.setUpdatesEnabled(False)
            self.setValue(value)
            self.setUpdatesEnabled(True)


class ProgressWords(QLabel):
    """One line that keeps its size whatever it says, and ends in dots where there is no room for all of it.

    Parameters
    ----------
    characters
        Width, in characters of usual width; 0 takes the room that the layout has left.
    """

    def __init__(self, characters: int = 0, role: str = "muted") -> None:
        super().__init__()
        self._words, self._characters = "", characters
        self.setProperty("role", role)
        policy = QSizePolicy.Policy
        self.setSizePolicy(policy.Fixed if characters else policy.Ignored, policy.Fixed)

    def setText(self, text: str) -> None:
        if text != self._words:
            self._words = text
            self.setAccessibleName(text)
            self.update()

    def text(self) -> str:
        return self._words

    def sizeHint(self) -> QSize:
        metrics = self.fontMetrics()
        return QSize(self._characters * metrics.averageCharWidth(), metrics.height())

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setPen(self.palette().color(QPalette.ColorRole.WindowText))
        words = self.fontMetrics().elidedText(self._words, Qt.TextElideMode.ElideRight, self.width())
        painter.drawText(self.rect(), self.alignment() | Qt.AlignmentFlag.AlignVCenter, words)

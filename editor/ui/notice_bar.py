"""One line above the viewport for what went wrong or wants a decision; never in the way."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFrame, QLabel, QPlainTextEdit, QPushButton

from editor.ui.theme import Theme
from editor.ui.widgets import button, column, label, row, small_button

Level = Literal["info", "warning", "error"]
_ICONS = {"info": "info", "warning": "warning", "error": "warning"}
_LOGGED = {"info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}

log = logging.getLogger("scenewright")


@dataclass(frozen=True)
class WayOut:
    """A button of a notice; `why_not` says why it cannot be pressed, where it cannot."""

    words: str
    deed: Callable[[], object]
    why_not: str = ""


class NoticeBar(QFrame):
    """Shows the latest notice until it is closed or replaced; the same one again is counted."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(objectName="notice")
        self._level: Level = "info"
        self._act: Callable[[], object] = self.hide
        self._said, self._times = "", 0
        self.icon, self.text = QLabel(), label("", "", wrap=True)
        self.text.setObjectName("notice.text")
        self.action = button("", "", self._run, "notice.action")
        self.more = button("Details", "link", self._toggle, "notice.details")
        self.copy = button("Copy", "link", self._copy, "notice.copy")
        self.close_button = small_button("notice.close", "Close")
        self.close_button.clicked.connect(self.hide)
        self.details = QPlainTextEdit(readOnly=True)
        self.details.setFixedHeight(150)
        self.ways: list[QPushButton] = []
        self._ways = row(spacing=6)
        line = row(self.icon, self.text, self.action, self._ways, self.more, self.copy, self.close_button, spacing=8)
        line.setStretch(1, 1)
        self.setLayout(column(line, self.details, margin=7, spacing=6))
        self.dress(theme)
        self.hide()

    def dress(self, theme: Theme) -> None:
        """Take icons in the theme's colours."""
        self._theme = theme
        self.close_button.setIcon(theme.icon("close", theme.muted))
        self._show_icon()

    def tell(
        self,
        text: str,
        level: Level = "info",
        details: str = "",
        action: tuple[str, Callable[[], object]] | None = None,
        ways_out: Sequence[WayOut] = (),
    ) -> None:
        """Show one line, and log it; `details` unfold, `action` is one button and what it does, `ways_out` are more."""
        log.log(_LOGGED[level], "%s", text)
        self._times = self._times + 1 if text == self._said and self.isVisibleTo(self.parentWidget()) else 1
        self._said = text
        self._level = level
        self.setProperty("level", level)
        self.style().unpolish(self)
        self.style().polish(self)
        self.text.setText(text if self._times == 1 else f"{text} (× {self._times})")
        self.details.setPlainText(details)
        self.details.hide()
        self.copy.hide()
        self.more.setVisible(bool(details))
        self.action.setVisible(action is not None)
        if action is not None:
            self.action.setText(action[0])
            self._act = action[1]
        self._show_ways(ways_out)
        self._show_icon()
        self.show()

    def _show_ways(self, ways_out: Sequence[WayOut]) -> None:
        for old in self.ways:
            self._ways.removeWidget(old)
            old.deleteLater()
        self.ways = []
        for way in ways_out:
            part = button(way.words, "", lambda deed=way.deed: self._take(deed))
            part.setEnabled(not way.why_not)
            part.setToolTip(way.why_not)
            self._ways.addWidget(part)
            self.ways.append(part)

    def _run(self) -> None:
        self._take(self._act)

    def _take(self, deed: Callable[[], object]) -> None:
        self.hide()
        deed()

    def _toggle(self) -> None:
        shown = not self.details.isVisible()
        self.details.setVisible(shown)
        self.copy.setVisible(shown)

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(f"{self.text.text()}\n\n{self.details.toPlainText()}")

    def _show_icon(self) -> None:
        colours = {"info": self._theme.accent, "warning": self._theme.warning, "error": self._theme.danger}
        self.icon.setPixmap(self._theme.icon(_ICONS[self._level], colours[self._level]).pixmap(18, 18))

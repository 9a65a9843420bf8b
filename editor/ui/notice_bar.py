"""One line above the viewport for what went wrong or wants a decision; never in the way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from PySide6.QtWidgets import QFrame, QLabel, QPlainTextEdit

from editor.ui.theme import Theme
from editor.ui.widgets import button, column, label, row, small_button

Level = Literal["info", "warning", "error"]
_ICONS = {"info": "info", "warning": "warning", "error": "warning"}


class NoticeBar(QFrame):
    """Shows the latest notice until it is closed or replaced."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(objectName="notice")
        self._level: Level = "info"
        self._act: Callable[[], object] = self.hide
        self.icon, self.text = QLabel(), label("", "", wrap=True)
        self.text.setObjectName("notice.text")
        self.action = button("", "", self._run, "notice.action")
        self.more = button("Details", "link", self._toggle, "notice.details")
        self.close_button = small_button("notice.close", "Close")
        self.close_button.clicked.connect(self.hide)
        self.details = QPlainTextEdit(readOnly=True)
        self.details.setFixedHeight(150)
        line = row(self.icon, self.text, self.action, self.more, self.close_button, spacing=8)
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
    ) -> None:
        """Show one line; `details` unfold, `action` is one button and what it does."""
        self._level = level
        self.setProperty("level", level)
        self.style().unpolish(self)
        self.style().polish(self)
        self.text.setText(text)
        self.details.setPlainText(details)
        self.details.hide()
        self.more.setVisible(bool(details))
        self.action.setVisible(action is not None)
        if action is not None:
            self.action.setText(action[0])
            self._act = action[1]
        self._show_icon()
        self.show()

    def _run(self) -> None:
        self.hide()
        self._act()

    def _toggle(self) -> None:
        self.details.setVisible(not self.details.isVisible())

    def _show_icon(self) -> None:
        colours = {"info": self._theme.accent, "warning": self._theme.warning, "error": self._theme.danger}
        self.icon.setPixmap(self._theme.icon(_ICONS[self._level], colours[self._level]).pixmap(18, 18))

"""Candidates and history: every variant of the session, what made it, and the steps of the shown one."""

from __future__ import annotations

import html
import json
import time

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QDockWidget, QLabel, QSizePolicy, QStackedWidget, QToolButton, QWidget

from editor.model.choosing import Choosing
from editor.model.gallery import Item, facts
from editor.model.history import MEGABYTE
from editor.model.studio import Studio
from editor.ui.actions import Actions
from editor.ui.candidate_bar import words_of
from editor.ui.filmstrip import Filmstrip
from editor.ui.progress import ProgressWords
from editor.ui.scrubber import Scrubber
from editor.ui.theme import Theme
from editor.ui.widgets import column, label, row, small_button

_MENU = tuple(f"history.{name}" for name in ("bring", "star", "reuse_seed", "reuse_all", "forget"))
_COLUMNS = 2
_ROOM = 16  # characters


class Facts(QWidget):
    """Parameters of one variant, and what can be done with it."""

    def __init__(self, actions: Actions) -> None:
        super().__init__()
        self.title = ProgressWords(role="section")
        self.text = QLabel(objectName="history.facts")
        self.text.setTextFormat(Qt.TextFormat.RichText)
        self.text.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.text.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Ignored)
        self.text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.bring = _worded(actions, "history.bring", "Show again")
        self.retry = _worded(actions, "candidate.retry", "Retry")
        self.reuse_all = _worded(actions, "history.reuse_all", "Reuse all")
        self.reuse_seed = _plain(actions, "history.reuse_seed")
        self.star, self.forget = _plain(actions, "history.star"), _plain(actions, "history.forget")
        buttons = row(self.bring, self.retry, self.reuse_all, self.reuse_seed, 1, self.star, self.forget, spacing=4)
        self.setLayout(column(self.title, self.text, buttons, spacing=4))
        self.layout().setStretch(1, 1)  # type: ignore[union-attr]
        self.setFixedWidth(336)

    def show_item(self, item: Item | None) -> None:
        """Show a variant, or nothing."""
        self.setVisible(item is not None)
        if item is None:
            return
        clock = time.strftime("%H:%M:%S", time.localtime(item.candidate.made))
        self.title.setText(f"{words_of(item.candidate)}  ·  {clock}")
        table = _table(facts(item))
        if table != self.text.text():
            self.text.setText(table)
        self.setToolTip(_provenance(item))
        self.retry.setVisible(item.candidate.state == "failed")
        self.bring.setVisible(item.candidate.state != "failed")


class HistoryDock(QWidget):
    """The filmstrip, the facts of the selected variant, and the scrubber.

    Attributes
    ----------
    frame
        The dock that it is in; it opens by itself for the first variants there are.
    """

    def __init__(self, studio: Studio, choosing: Choosing, actions: Actions) -> None:
        super().__init__(objectName="history")
        self._studio, self._choosing, self._actions = studio, choosing, actions
        self.strip = Filmstrip(studio, actions, _MENU)
        self.facts, self.scrubber = Facts(actions), Scrubber(studio, actions)
        self.empty = label("Whatever you generate is kept here: its pictures, seeds and parameters.")
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.room = ProgressWords(_ROOM)
        self.room.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.stars = small_button("history.only_stars", "Show favourites alone", checkable=True)
        self.stars.toggled.connect(self._show_stars)
        pages = QStackedWidget()
        whole = QWidget()
        below = row(self.scrubber, self.room, self.stars, spacing=10)
        left = column(self.strip, below, 1, spacing=4)
        layout = row(left, self.facts, spacing=12)
        layout.setStretch(0, 1)
        layout.setContentsMargins(10, 6, 10, 6)
        whole.setLayout(layout)
        for page in (self.empty, whole):
            pages.addWidget(page)
        self._pages = pages
        self.setLayout(column(pages))
        self._later = QTimer(self, singleShot=True, interval=0)  # one picture for all that changes at once
        self._later.timeout.connect(self.refresh)
        choosing.selection_changed.connect(self._enable)
        for signal in (studio.gallery.changed, choosing.selection_changed):
            signal.connect(self._ask)
        studio.document.changed.connect(lambda _box: self._ask())
        self.strip.chosen.connect(self._choose)
        self.strip.wanted.connect(self._bring)
        self.frame: QDockWidget | None = None
        self._was_opened = False
        self._enable()
        self.refresh()

    def toggle(self) -> None:
        """Show the dock in front of its neighbours, or hide it."""
        if self.frame is not None and self.isVisible():
            self.frame.hide()
        else:
            self.open()

    def open(self) -> None:
        """Show the dock in front of its neighbours."""
        if self.frame is not None:
            self._was_opened = True
            self.frame.show()
            self.frame.raise_()

    def dress(self, theme: Theme) -> None:
        """Take icons in the theme's colours."""
        self._theme = theme
        self.strip.dress(theme)
        self.stars.setIcon(theme.icon("star"))

    def refresh(self) -> None:
        """Show the history as it is now."""
        gallery, item = self._studio.gallery, self._choosing.item
        if self._studio.proposal is not None and not self._was_opened:
            self.open()
        self._pages.setCurrentIndex(1 if gallery.items else 0)
        if self.isVisible() or not gallery.items:
            self.strip.refresh(item)
            self.facts.show_item(item)
            self.scrubber.refresh()
            self.room.setText(f"{gallery.nbytes / MEGABYTE:,.0f} of {gallery.budget // MEGABYTE:,} MB")
            self.room.setToolTip("What the history takes; beyond that the oldest go, but no favourites")

    def show_progress(self) -> None:
        """Show how far the shown variant is."""
        if not self._later.isActive():
            self.refresh()

    def _enable(self) -> None:
        """Offer what can be done with the selected variant."""
        item, shown = self._choosing.item, self._choosing.shown
        for name in _MENU:
            self._actions[name].setEnabled(item is not None)
        is_shown = item is not None and shown is not None and item.candidate == shown.candidate
        self._actions["history.bring"].setEnabled(item is not None and not is_shown and item.candidate.state == "ready")
        if item is not None:
            words = "No Longer a Favourite" if item.candidate.starred else "Favourite"
            self._actions["history.star"].setText(words)

    def close_down(self) -> None:
        """Draw no more pictures."""
        self._later.stop()
        self.strip.thumbnails.stop()

    def showEvent(self, event: object) -> None:
        self._ask()

    def _ask(self) -> None:
        self._later.start()

    def _choose(self, item: Item) -> None:
        """Show a variant of the run on show at once; of another one its facts."""
        proposal = self._studio.proposal
        if item.proposal is proposal and item.candidate in item.proposal.candidates:
            self._choosing.select(None)
            if item.candidate != item.proposal.candidate:
                item.proposal.select(item.proposal.candidates.index(item.candidate))
        else:
            self._choosing.select(item)

    def _bring(self, item: Item) -> None:
        self._choosing.select(item)
        self._actions["history.bring"].trigger()

    def _show_stars(self, on: bool) -> None:
        self.stars.setIcon(self._theme.icon("star-on" if on else "star"))
        self.strip.variants.only_stars = on
        self.refresh()


def _worded(actions: Actions, name: str, words: str) -> QToolButton:
    made = _plain(actions, name)
    actions[name].setIconText(words)
    made.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
    made.setProperty("card", True)
    made.setSizePolicy(QSizePolicy.Policy.Minimum, QSizePolicy.Policy.Fixed)
    return made


def _plain(actions: Actions, name: str) -> QToolButton:
    made = small_button(f"{name}.button", "")
    made.setDefaultAction(actions[name])
    return made


def _table(rows: list[tuple[str, str]]) -> str:
    """Lay names and values out in columns, from top to bottom."""
    tall = -(-len(rows) // _COLUMNS)
    lines = []
    for k in range(tall):
        cells = rows[k::tall]
        lines.append(
            "".join(
                f"<td>{html.escape(n)}&nbsp;</td><td><b>{html.escape(v)}</b>&nbsp;&nbsp;&nbsp;</td>" for n, v in cells
            )
        )
    return "<table cellspacing='1'>" + "".join(f"<tr>{line}</tr>" for line in lines) + "</table>"


def _provenance(item: Item) -> str:
    """Give the record that goes into the file when the variant is accepted."""
    result = item.candidate.result
    if result is None:
        return ""
    text = json.dumps(result.provenance.to_json(), indent=1)
    if item.candidate not in item.proposal.candidates or item.candidate != item.proposal.candidate:
        item.candidate.rest()
    return f"<b>Written into the file when accepted</b><pre>{html.escape(text)}</pre>"

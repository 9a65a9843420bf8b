"""The viewport with what floats over it: progress badge, candidate bar, first steps."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QWidget

from editor.model.jobs import Job
from editor.model.samples import list_samples
from editor.model.studio import Studio
from editor.settings import Settings
from editor.ui.actions import Actions
from editor.ui.candidate_bar import CandidateBar
from editor.ui.progress import ProgressBar, ProgressWords
from editor.ui.start_page import StartPage
from editor.ui.theme import Theme
from editor.ui.tour_card import TourCard
from editor.ui.widgets import button, column, label, row, small_button

_MARGIN = 14
_GAP = 10


class Badge(QFrame):
    """How far the running job is, at the top of the viewport, with a button to stop it."""

    def __init__(self, studio: Studio, parent: QWidget) -> None:
        super().__init__(parent, objectName="badge")
        self._studio = studio
        self.text, self.bar = ProgressWords(role=""), ProgressBar()
        self.stop = small_button("badge.stop", "Cancel this job")
        self.stop.clicked.connect(self._cancel)
        self.setLayout(column(row(self.text, self.stop), self.bar, margin=7, spacing=4))
        self.setFixedWidth(330)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)

    def dress(self, theme: Theme) -> None:
        self.stop.setIcon(theme.icon("close", theme.muted))

    def show_job(self, job: Job | None) -> None:
        """Show a running job, or nothing."""
        self.setVisible(job is not None)
        if job is None:
            return
        self.text.setText(self._words(job))
        self.bar.show_share(job.fraction)

    def _words(self, job: Job) -> str:
        place = self._studio.place_of(job)
        if job.step is None:
            return f"{place} · starting"
        left = f" · {job.seconds_left:.1f} s left" if job.seconds_left is not None else ""
        return f"{place} · step {job.step.index}/{job.step.total}{left}"

    def _cancel(self) -> None:
        if self._studio.jobs.running is not None:
            self._studio.jobs.cancel(self._studio.jobs.running)


class Welcome(QFrame):
    """What one can do with an empty scene."""

    def __init__(self, studio: Studio, actions: Actions, parent: QWidget) -> None:
        super().__init__(parent, objectName="welcome")
        self._studio = studio
        self.size = label("")
        self.generate = button("Generate a scene", "primary", actions["generate.run"].trigger, "welcome.generate")
        self.open = button("Open…", "", actions["file.open"].trigger, "welcome.open")
        keys = label("Ctrl+Enter generates · drop a file here to open it")
        for part in (self.size, keys):
            part.setAlignment(Qt.AlignmentFlag.AlignCenter)
        title = label("An empty scene", "title")
        title.setAlignment(Qt.AlignmentFlag.AlignCenter)
        buttons = row(1, self.generate, self.open, 1, spacing=8)
        self.setLayout(column(title, self.size, buttons, keys, margin=22, spacing=12))

    def refresh(self) -> None:
        """Show the size of the scene and whether a model is there."""
        grid, offer = self._studio.document.scene.grid, self._studio.plan.offer()
        x, y, _ = grid.extent
        self.size.setText(f"{' × '.join(map(str, grid.shape))} voxels, {x:.1f} × {y:.1f} m")
        self.generate.setEnabled(not offer.reason)
        self.generate.setToolTip(offer.reason)


class Stage(QWidget):
    """Holds the canvas and places the floating parts over it.

    Attributes
    ----------
    region
        Tells where the region of the proposal is seen: left, top, right, bottom; `None` where it is nowhere.
    """

    def __init__(self, canvas: QWidget, studio: Studio, actions: Actions, theme: Theme, settings: Settings) -> None:
        super().__init__(objectName="stage")
        self._studio = studio
        self._blank = True
        self.region: Callable[[], tuple[float, float, float, float] | None] = lambda: None
        canvas.setMinimumSize(320, 240)
        canvas.installEventFilter(self)
        self.setLayout(column(canvas, spacing=0))
        self.badge = Badge(studio, self)
        self.candidates = CandidateBar(studio, actions, self)
        self.welcome = Welcome(studio, actions, self)
        self.start = StartPage(studio, actions, settings, list_samples(), self)
        self.tour = TourCard(self)
        self.start.closed.connect(self.hide_start)
        self.tour.changed.connect(self._place)
        studio.jobs.added.connect(lambda _job: self.hide_start())
        studio.jobs.changed.connect(lambda _job: self._refresh())
        studio.proposal_changed.connect(self._refresh)
        studio.plan.changed.connect(self._refresh)
        studio.document.changed.connect(lambda _box: self._on_scene())
        studio.document.scene_replaced.connect(self._on_scene)
        self.dress(theme)
        self._on_scene()

    def dress(self, theme: Theme) -> None:
        """Take icons in the theme's colours."""
        self.badge.dress(theme)
        self.candidates.dress(theme)
        self.start.dress(theme)

    def show_start(self) -> None:
        """Show the start page, until something is opened or made."""
        self.start.refresh()
        self.start.show()
        self._refresh()

    def hide_start(self) -> bool:
        """Hide the start page; tells whether it was there."""
        was_there = not self.start.isHidden()
        self.start.hide()
        self._refresh()
        return was_there

    def show_progress(self) -> None:
        """Show how far the running job is."""
        self.badge.show_job(self._studio.jobs.running)
        self.candidates.show_progress()

    def place_bar(self) -> None:
        """Put the bar below the region that it is about, or above it, or at the bottom where neither has room."""
        bar, region = self.candidates, self.region() if self.candidates.isVisibleTo(self) else None
        lowest = self.height() - bar.height() - _MARGIN
        x, y = self.width() // 2, lowest
        if region is not None:
            left, top, right, bottom = region
            x = round((left + right) / 2)
            above = round(top) - bar.height() - _GAP
            y = round(bottom) + _GAP
            if y > lowest:
                y = above if above >= self.badge.height() + 2 * _MARGIN else lowest
        x = min(max(x - bar.width() // 2, _MARGIN), max(self.width() - bar.width() - _MARGIN, 0))
        bar.move(x, min(max(y, _MARGIN), lowest))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Compare while the backtick is held."""
        proposal = self._studio.proposal
        if proposal is None or not isinstance(event, QKeyEvent) or event.key() != Qt.Key.Key_QuoteLeft:
            return False
        if not event.isAutoRepeat() and event.type() in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease):
            proposal.compare(event.type() == QEvent.Type.KeyPress)
        return True

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._place()

    def _on_scene(self) -> None:
        self._blank = self._studio.document.is_blank()
        self.hide_start()

    def _refresh(self) -> None:
        studio = self._studio
        self.badge.show_job(studio.jobs.running)
        self.candidates.refresh()
        self.welcome.refresh()
        nothing_yet = self._blank and studio.proposal is None and not studio.jobs.open_jobs
        self.welcome.setVisible(nothing_yet and self.start.isHidden())
        self._place()

    def _place(self) -> None:
        for part in (self.badge, self.candidates, self.tour, self.welcome, self.start):
            part.adjustSize()
            part.raise_()
        middle = self.width() // 2
        self.badge.move(middle - self.badge.width() // 2, _MARGIN)
        self.place_bar()
        self.tour.move(_MARGIN, _MARGIN)
        for card in (self.welcome, self.start):
            card.move(max(middle - card.width() // 2, 0), max((self.height() - card.height()) // 2, 0))

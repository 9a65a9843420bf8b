"""The jobs: what runs, what waits and in which order, what came of it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QFrame, QMenu, QSizePolicy, QToolButton, QWidget

from editor.model.jobs import Job
from editor.model.studio import Studio
from editor.ui.actions import Actions
from editor.ui.progress import ProgressBar, ProgressWords
from editor.ui.theme import Theme
from editor.ui.widgets import Elided, button, column, label, row, scrolled, small_button

_FAILED = 3
"""Jobs that failed and are still listed; what came of the others is in the history."""
_STATE = 15  # characters
_ROWS = 4
"""Rows that show without scrolling."""


class JobRow(QFrame):
    """One job with its state, its progress, and what can be done with it; a click brings its variant to the front."""

    def __init__(self, studio: Studio, job: Job) -> None:
        super().__init__(objectName=f"job.{job.id}")
        self._studio, self._job, jobs = studio, job, studio.jobs
        self._title, self._state, self._bar = Elided(job.title), ProgressWords(_STATE), ProgressBar()
        self._state.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.earlier = self._button("earlier", "Run earlier; with Shift, next", self._move_up)
        self.later = self._button("later", "Run later", lambda: jobs.move(job, 1))
        self.retry = self._button("retry", "Run it once more, with its seed", self._retry)
        self.cancel = self._button("cancel", "Cancel this job", lambda: jobs.cancel(job))
        buttons = row(self.earlier, self.later, self.retry, self.cancel, spacing=1)
        line = row(self._title, self._state, buttons, spacing=6)
        line.setStretch(0, 1)
        self.setLayout(column(line, self._bar, spacing=2))
        self.refresh()

    def refresh(self) -> None:
        """Show the job as it is now."""
        job, waiting = self._job, self._studio.jobs.waiting
        self.setToolTip(job.failure.message if job.failure else "")
        self._state.setProperty("role", "warning" if job.state == "failed" else "muted")
        self._state.style().polish(self._state)
        many = job in waiting and len(waiting) > 1
        self.earlier.setVisible(many)
        self.later.setVisible(many)
        self.earlier.setEnabled(many and waiting[0] is not job)
        self.later.setEnabled(many and waiting[-1] is not job)
        self.retry.setVisible(job.state == "failed" and self._studio.can_retry(job))
        self.cancel.setVisible(job.is_open)
        self._bar.setVisible(job.state == "running")
        self.show_progress()

    def show_progress(self) -> None:
        """Show how far the job is."""
        self._state.setText(words_of(self._job))
        self._bar.show_share(self._job.fraction)

    def dress(self, theme: Theme) -> None:
        icons = ((self.earlier, "up"), (self.later, "down"), (self.retry, "retry"), (self.cancel, "close"))
        for made, icon in icons:
            made.setIcon(theme.icon(icon, theme.muted))

    def mousePressEvent(self, event: object) -> None:
        self._studio.show(self._job)

    def _move_up(self, shift: bool = False) -> None:
        self._studio.jobs.move(self._job, -len(self._studio.jobs.waiting) if shift else -1)

    def _retry(self) -> None:
        self._studio.retry_job(self._job)

    def _button(self, name: str, tip: str, deed: Callable[[], object]) -> QToolButton:
        made = small_button(f"job.{self._job.id}.{name}", tip)
        made.setProperty("mini", True)
        made.clicked.connect(lambda _checked=False: deed())
        return made


class QueueList(QWidget):
    """Open jobs in the order in which they run, after the latest that failed; hidden while there are none."""

    def __init__(self, studio: Studio, actions: Actions) -> None:
        super().__init__(objectName="queue")
        self._studio = studio
        self._rows: dict[int, JobRow] = {}
        self._theme: Theme | None = None
        self._title = label("Queue", "section")
        self._cancel = button("Cancel", "link", self._ask_which, "queue.cancel")
        self._cancel.setToolTip("Cancel the running job, the waiting ones, or all")
        names = ("generate.cancel_running", "generate.cancel_waiting", "generate.cancel")
        self._menu = QMenu(self)
        self._menu.addActions([actions[name] for name in names])
        self._clear = button("Clear", "link", studio.jobs.clear_ended, "queue.clear")
        self._list = column(1, spacing=4)
        holder = QWidget()
        holder.setLayout(self._list)
        self._area = scrolled(holder)
        self._area.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        layout = column(row(self._title, 1, self._clear, self._cancel), self._area, spacing=2)
        layout.setContentsMargins(12, 4, 12, 8)
        self.setLayout(layout)
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        # a row must not die while its own button is still being clicked
        self._later = QTimer(self, singleShot=True, interval=0)
        self._later.timeout.connect(self._refresh)
        studio.jobs.added.connect(self._add)
        studio.jobs.changed.connect(lambda _job: self._refresh())
        studio.jobs.removed.connect(self._remove)
        studio.jobs.reordered.connect(self._refresh)
        self._refresh()

    def dress(self, theme: Theme) -> None:
        """Take icons in the theme's colours."""
        self._theme = theme
        for shown in self._rows.values():
            shown.dress(theme)

    def show_progress(self) -> None:
        """Show how far the running job is."""
        running = self._studio.jobs.running
        if running is not None and running.id in self._rows:
            self._rows[running.id].show_progress()

    def _add(self, job: Job) -> None:
        shown = JobRow(self._studio, job)
        if self._theme is not None:
            shown.dress(self._theme)
        self._rows[job.id] = shown
        self._list.insertWidget(self._list.count() - 1, shown)
        self._refresh()

    def _remove(self, job: Job) -> None:
        gone = self._rows.pop(job.id, None)
        if gone is not None:
            gone.hide()
            gone.deleteLater()
        self._later.start()

    def _refresh(self) -> None:
        jobs = self._studio.jobs
        waiting, failed = jobs.waiting, [j for j in jobs.jobs if j.state == "failed"]
        order = [*failed[-_FAILED:], *([jobs.running] if jobs.running else []), *waiting]
        for number, part in self._rows.items():
            part.setVisible(number in {j.id for j in order})
        for place, job in enumerate(j for j in order if j.id in self._rows):
            shown = self._rows[job.id]
            if self._list.indexOf(shown) != place:
                self._list.removeWidget(shown)
                self._list.insertWidget(place, shown)
            shown.refresh()
        self._title.setText(f"Queue · {len(waiting)} waiting" if waiting else "Queue")
        self._cancel.setVisible(bool(jobs.open_jobs))
        self._clear.setVisible(bool(failed))
        self.setVisible(bool(order))
        tall = max((self._rows[j.id].sizeHint().height() for j in order if j.id in self._rows), default=0)
        self._area.setFixedHeight(min(len(order), _ROWS) * (tall + self._list.spacing()) + self._list.spacing())

    def _ask_which(self) -> None:
        self._menu.popup(self._cancel.mapToGlobal(self._cancel.rect().bottomLeft()))


def words_of(job: Job) -> str:
    """Say how a job fares."""
    if job.state == "running" and job.step is not None:
        left = job.seconds_left
        return f"{job.step.index}/{job.step.total}" + (f" · {left:.1f} s" if left is not None else "")
    return {"running": "starting", "queued": "waiting"}.get(job.state, job.state)

"""The jobs: what runs, what waits, what came of it."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFrame, QProgressBar, QWidget

from editor.model.jobs import Job
from editor.model.studio import Studio
from editor.ui.theme import Theme
from editor.ui.widgets import button, column, label, row, small_button

_SHOWN = 6


class JobRow(QFrame):
    """One job with its state, its progress and a button to cancel it; a click brings its variant to the front."""

    def __init__(self, studio: Studio, job: Job) -> None:
        super().__init__(objectName=f"job.{job.id}")
        self._studio, self._job = studio, job
        self._title, self._state = label(job.title, ""), label("")
        self._bar = QProgressBar(textVisible=False)
        self.cancel = small_button(f"job.{job.id}.cancel", "Cancel this job")
        self.cancel.setProperty("mini", True)
        self.cancel.clicked.connect(lambda: studio.jobs.cancel(job))
        self._title.setMinimumWidth(40)
        self.setLayout(column(row(self._title, 1, self._state, self.cancel, spacing=4), self._bar, spacing=2))
        self.refresh()

    def refresh(self) -> None:
        """Show the job as it is now."""
        job = self._job
        self._state.setText(_words(job))
        self.setToolTip(job.failure.message if job.failure else "")
        self._state.setProperty("role", "warning" if job.state == "failed" else "muted")
        self._state.style().polish(self._state)
        self.cancel.setVisible(job.is_open)
        self._bar.setVisible(job.state == "running")
        self._bar.setRange(0, 1000 if job.step else 0)
        self._bar.setValue(round(job.fraction * 1000))

    def dress(self, theme: Theme) -> None:
        self.cancel.setIcon(theme.icon("close", theme.muted))

    def mousePressEvent(self, event: object) -> None:
        self._studio.show(self._job)


class QueueList(QWidget):
    """The latest jobs, newest last; hidden while there are none."""

    def __init__(self, studio: Studio, cancel: QAction) -> None:
        super().__init__(objectName="queue")
        self._studio = studio
        self._rows: dict[int, JobRow] = {}
        self._theme: Theme | None = None
        self._cancel = button("Cancel all", "link", cancel.trigger, "queue.cancel")
        self._clear = button("Clear", "link", studio.jobs.clear_ended, "queue.clear")
        self._list = column(spacing=6)
        self.setLayout(column(row(label("Queue", "section"), 1, self._clear, self._cancel), self._list, spacing=4))
        studio.jobs.added.connect(self._add)
        studio.jobs.changed.connect(self._on_changed)
        studio.jobs.removed.connect(self._remove)
        self._refresh()

    def dress(self, theme: Theme) -> None:
        """Take icons in the theme's colours."""
        self._theme = theme
        for shown in self._rows.values():
            shown.dress(theme)

    def _add(self, job: Job) -> None:
        shown = JobRow(self._studio, job)
        if self._theme is not None:
            shown.dress(self._theme)
        self._rows[job.id] = shown
        self._list.addWidget(shown, 0, Qt.AlignmentFlag.AlignTop)
        self._refresh()

    def _on_changed(self, job: Job) -> None:
        if job.id in self._rows:
            self._rows[job.id].refresh()
        self._refresh()

    def _remove(self, job: Job) -> None:
        gone = self._rows.pop(job.id, None)
        if gone is not None:
            gone.deleteLater()
        self._refresh()

    def _refresh(self) -> None:
        jobs = self._studio.jobs
        ended = [j for j in jobs.jobs if not j.is_open]
        shown = {j.id for j in [*ended[-max(_SHOWN - len(jobs.open_jobs), 0) :], *jobs.open_jobs]}
        for number, part in self._rows.items():
            part.setVisible(number in shown)
        self._cancel.setVisible(bool(jobs.open_jobs))
        self._clear.setVisible(bool(ended))
        self.setVisible(bool(jobs.jobs))


def _words(job: Job) -> str:
    if job.state == "running" and job.step is not None:
        left = job.seconds_left
        return f"{job.step.index}/{job.step.total}" + (f" · {left:.1f} s" if left is not None else "")
    return {"running": "starting", "queued": "waiting"}.get(job.state, job.state)

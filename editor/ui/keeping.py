"""Keeps unsaved work: autosaves by the clock and before each job, and brings back what a crash left."""

from __future__ import annotations

import time
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal

from editor.model.jobs import Failure
from editor.model.recovery import Autosave, Draft, Leftover, find_leftovers
from editor.model.studio import Studio
from editor.ui.files import Files
from editor.ui.notice_bar import NoticeBar
from editor.worker import Background

_MINUTE = 60_000


class Keeping(QObject):
    """Runs the autosave of one window.

    Parameters
    ----------
    folder
        Folder of all autosaves.
    minutes
        Time between two; 0 for none.
    """

    kept = Signal(float)
    """A copy is on the disk; seconds since 1970."""

    def __init__(self, studio: Studio, files: Files, notice: NoticeBar, folder: Path, minutes: float) -> None:
        super().__init__()
        self._studio, self._files, self._notice, self._folder = studio, files, notice, folder
        self._autosave = Autosave(studio.document, folder, files.formats.write)
        self._task: Background | None = None
        self._adopted: list[Leftover] = []
        self._is_failing = False
        self._timer = QTimer(self)
        self._timer.timeout.connect(self.keep)
        self.set_minutes(minutes)
        studio.jobs.added.connect(lambda _job: self._timer.isActive() and self.keep())
        studio.document.state_changed.connect(self._tidy)
        files.recovered.connect(self._adopt)

    def set_minutes(self, minutes: float) -> None:
        """Choose the time between two autosaves; 0 for none."""
        self._timer.setInterval(round(minutes * _MINUTE))
        if minutes > 0:
            self._timer.start()
        else:
            self._timer.stop()

    def keep(self) -> None:
        """Write a copy of unsaved work in the background, where the last one is older."""
        if self._task is not None or not self._autosave.is_due:
            return
        draft = self._autosave.prepare()
        task = self._task = Background(lambda: self._autosave.write(draft), self)
        task.done.connect(lambda _: self._on_kept(draft))
        task.failed.connect(self._on_failed)
        task.start()

    def offer(self, is_start: bool = False) -> None:
        """Show what crashes left and let the user decide; at a start nothing is said where there is nothing."""
        found = find_leftovers(self._folder)
        if not found:
            if not is_start:
                self._notice.tell("There is no unsaved work to recover.")
            return
        chosen, discarded = self._files.dialogs.recover(found)
        for leftover in found:
            if leftover in discarded:
                leftover.discard()
            elif leftover is not chosen:
                leftover.keep()
        if chosen is not None:
            self._files.recover(chosen)

    def close(self) -> None:
        """Delete the copy, as the window closes and all is saved or dropped on purpose."""
        self._timer.stop()
        if self._task is not None:
            self._task.join()
            self._task.finish()
        for leftover in self._adopted:
            leftover.keep()
        self._autosave.close()

    def _adopt(self, leftover: Leftover) -> None:
        """Take over recovered work: its old copy goes when there is a new one, and not before."""
        self._adopted.append(leftover)
        self.keep()

    def _on_kept(self, draft: Draft) -> None:
        self._task = None
        self._is_failing = False
        self._autosave.note(draft)
        self.kept.emit(time.time())
        if draft.state is self._studio.document.history.state:
            for leftover in self._adopted:
                leftover.discard()
            self._adopted.clear()
        elif self._adopted:
            self.keep()

    def _on_failed(self, failure: Failure) -> None:
        self._task = None
        if not self._is_failing:  # once is enough until it works again; the next try comes by the clock
            self._is_failing = True
            self._notice.tell(f"Autosave failed: {failure.message}", "warning", failure.details)

    def _tidy(self) -> None:
        if self._task is None:
            self._autosave.tidy()

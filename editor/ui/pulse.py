"""The beat at which everything that shows how far a run is moves on, all in one picture."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer, Signal

from editor.model.studio import Studio

_SHARE = 0.25  # of the time may go into showing progress; the engine needs the rest
_BRIEFEST, _LONGEST = 0.1, 0.5  # seconds between two beats


class Pulse(QObject):
    """Beats after steps of the running job, the less often the longer a picture takes.

    Where the driver computes pictures on the processor, each takes tens of milliseconds from the engine, whatever
    little has changed in the window.
    """

    beat = Signal()

    def __init__(self, studio: Studio, parent: QObject, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(parent)
        self._clock = clock
        self._gap, self._last = _BRIEFEST, -_LONGEST
        self._is_waiting = False
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self._tell)
        studio.jobs.stepped.connect(lambda _job, _step: self.ask())

    @property
    def gap(self) -> float:
        """Seconds between two beats at least."""
        return self._gap

    def ask(self) -> None:
        """Beat as soon as it may."""
        if not self._timer.isActive():
            wait = self._last + self._gap - self._clock()
            self._timer.start(max(round(wait * 1000), 0))

    def note_picture(self) -> None:
        """Learn from the first picture after a beat what one costs."""
        if self._is_waiting:
            self._is_waiting = False
            self._gap = min(max((self._clock() - self._last) / _SHARE, _BRIEFEST), _LONGEST)

    def _tell(self) -> None:
        self._last, self._is_waiting = self._clock(), True
        self.beat.emit()

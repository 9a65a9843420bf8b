"""What is logged: kept in a file that does not grow without end, and shown in the window."""

from __future__ import annotations

import logging
import logging.handlers
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, Qt, Signal

LOG_NAME = "scenewright.log"
_KEPT = 2000
_FILE_BYTES, _OLD_FILES = 1 << 20, 2


@dataclass(frozen=True)
class Line:
    """One record; `level` as in `logging`."""

    moment: float
    level: int
    text: str

    def __str__(self) -> str:
        clock = time.strftime("%H:%M:%S", time.localtime(self.moment))
        return f"{clock}  {logging.getLevelName(self.level).lower():<7}  {self.text}"


class Journal(QObject):
    """Takes what any thread logs and tells it in the window's thread."""

    added = Signal(object)
    _came = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.lines: deque[Line] = deque(maxlen=_KEPT)
        self._handler = _Handler(self)
        self._came.connect(self._take, Qt.ConnectionType.QueuedConnection)
        logger = logging.getLogger("scenewright")
        logger.setLevel(logging.INFO)
        for each in (logger, logging.getLogger("py.warnings")):
            each.addHandler(self._handler)

    def close(self) -> None:
        """Take no more lines."""
        for name in ("scenewright", "py.warnings"):
            logging.getLogger(name).removeHandler(self._handler)
        self._came.disconnect(self._take)

    def _take(self, line: Line) -> None:
        self.lines.append(line)
        self.added.emit(line)


class _Handler(logging.Handler):
    def __init__(self, journal: Journal) -> None:
        super().__init__(logging.INFO)
        self.setFormatter(logging.Formatter("%(message)s"))
        self._journal = journal

    def emit(self, record: logging.LogRecord) -> None:
        self._journal._came.emit(Line(record.created, record.levelno, self.format(record)))


def log_to_file(folder: Path) -> logging.Handler | None:
    """Write the log to a file of at most 1 MB, and two older ones; `None` where the folder cannot be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handler = logging.handlers.RotatingFileHandler(
            folder / LOG_NAME, maxBytes=_FILE_BYTES, backupCount=_OLD_FILES, encoding="utf-8"
        )
    except OSError as error:
        logging.getLogger("scenewright").warning("no log file can be written in %s (%s)", folder, error)
        return None
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(threadName)s %(message)s"))
    logging.getLogger("scenewright").setLevel(logging.INFO)
    logging.captureWarnings(True)
    for name in ("scenewright", "py.warnings"):
        logging.getLogger(name).addHandler(handler)
    return handler


def stop_logging(handler: logging.Handler | None) -> None:
    """Close the file that `log_to_file` opened."""
    if handler is not None:
        for name in ("scenewright", "py.warnings"):
            logging.getLogger(name).removeHandler(handler)
        handler.close()


def log_files(folder: Path) -> list[Path]:
    """List the log file and its older ones, as far as they are there."""
    return sorted(folder.glob(f"{LOG_NAME}*"))

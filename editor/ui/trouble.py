"""What the user sees when something goes wrong: one line, the ways out of it, and a file for whoever mends it."""

from __future__ import annotations

import logging
import sys
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, QtMsgType, Signal, qInstallMessageHandler

from editor.model.diagnostics import Facts, write_diagnostics
from editor.model.jobs import Failure
from editor.settings import home
from editor.ui.journal import log_files
from editor.ui.notice_bar import WayOut
from editor.worker import describe

if TYPE_CHECKING:
    from editor.ui.window import MainWindow

log = logging.getLogger("scenewright")
_QT_LEVELS = {
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}


class Trouble(QObject):
    """Shows the failures of one window."""

    _thrown = Signal(object)

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._last: Failure | None = None
        self._logged = ""
        self._thrown.connect(self.show, Qt.ConnectionType.QueuedConnection)

    def show(self, failure: Failure) -> None:
        """Show one line with details, and what can be done about it."""
        self._last = failure
        ways: list[WayOut] = []
        if failure.shortage is not None:
            ways = self._ways_to_less()
        elif failure.is_bug:
            ways = [WayOut("Open log", lambda: self._window.trigger("view.log"))]
            ways.append(WayOut("Collect diagnostics…", self.collect))
        self._window.notice.tell(failure.message, "error", failure.details, ways_out=ways)
        if failure.is_bug and failure.details != self._logged:
            log.error("%s", failure.details)

    def collect(self) -> Path | None:
        """Ask for a place and write the diagnostics there; gives the file, or `None` where nobody wanted one."""
        start = home() / time.strftime("scenewright-diagnostics-%Y%m%d-%H%M%S.zip")
        path = self._window.files.dialogs.save_file("Collect diagnostics", str(start), ["Zip archive (*.zip)"])
        if path is None:
            return None
        try:
            write_diagnostics(path, self._facts(), log_files(home()), home() / "settings.json")
        except OSError as error:
            self._window.notice.tell(
                f"The diagnostics could not be written ({error}).",
                "error",
                action=("Save elsewhere…", self.collect),
            )
            return None
        self._window.notice.tell(f"Diagnostics are in {path}; nothing was sent anywhere.")
        return path

    def catch_everything(self) -> None:
        """Send whatever nobody caught, in any thread, to the log and the notice bar instead of ending the program."""
        sys.excepthook = self._catch
        threading.excepthook = lambda args: self._catch(args.exc_type, args.exc_value, args.exc_traceback)
        qInstallMessageHandler(_note_qt)

    def _catch(
        self, kind: type[BaseException], error: BaseException | None, trace: TracebackType | None = None
    ) -> None:
        if issubclass(kind, KeyboardInterrupt):
            self._window.close()
        elif error is not None and not issubclass(kind, SystemExit):
            log.error("nobody caught this", exc_info=(kind, error, trace))
            failure = describe(error.__cause__ or error)
            self._logged = failure.details
            self._thrown.emit(failure)

    def _ways_to_less(self) -> list[WayOut]:
        """Offer what takes less memory, and start again with it."""
        options, engine = self._window.studio.plan.options, self._window.commands.engine
        fewer = "" if options.variants > 1 else "Only one variant was asked for"
        less = "" if options.context != "mask" else "Only the mask's own box is looked at already"
        device = "The engine computes on the processor already" if engine.device == "cpu" else ""
        return [
            WayOut("Fewer variants", lambda: self._retry(variants=max(options.variants // 2, 1)), fewer),
            WayOut("Smaller context", lambda: self._retry(context="mask"), less),
            WayOut("Use CPU", self._retry_on_cpu, device),
        ]

    def _retry(self, **options: object) -> None:
        self._window.studio.plan.set(**options)
        self._window.trigger("generate.run")

    def _retry_on_cpu(self) -> None:
        self._window.commands.manners.preferences.set("device", "cpu")
        self._window.trigger("generate.run")

    def _facts(self) -> Facts:
        studio = self._window.studio
        grid = studio.document.scene.grid
        return Facts(
            scene=f"{grid.shape} voxels of {grid.voxel_size} m, {studio.document.scene.space.name}",
            options=str(studio.plan.options),
            jobs=tuple(f"{j.title}: {j.state}" for j in studio.jobs.jobs),
            device=self._window.commands.engine.device,
            failure=self._last,
        )


def _note_qt(kind: QtMsgType, _context: object, message: str) -> None:
    """Log what Qt has to say; where it is about to end the program, at least the log knows why."""
    log.log(_QT_LEVELS.get(kind, logging.DEBUG), "Qt: %s", message)

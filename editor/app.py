"""The composition root: makes every part of the editor once and puts them together."""

from __future__ import annotations

import logging
import os
import sys
import threading
from importlib.metadata import version
from pathlib import Path

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from editor.model.card import Card
from editor.model.document import Document, empty_scene
from editor.model.history import MEGABYTE, History
from editor.model.options import Options
from editor.model.spill import Spill
from editor.model.studio import Studio
from editor.settings import Settings, SettingsFile, history_folder, home
from editor.ui.files import Formats
from editor.ui.journal import log_to_file, stop_logging
from editor.ui.window import MainWindow
from editor.viewport.canvas import ViewportCanvas
from editor.worker import EngineSession, SessionFactory, Worker
from engine.data.places.reader import register_places
from engine.errors import ModelError
from engine.formats.registry import read_scene, readers, write_scene, writer_titles
from engine.formats.semantickitti import mark_occluded
from engine.models.cards import ModelCard, list_models
from engine.scene import VoxelScene

log = logging.getLogger("scenewright")
_SCALE = "QT_SCALE_FACTOR"


def run(path: Path | None = None) -> int:
    """Open the editor, with a scene where one is given; gives the exit code when its window is closed."""
    log_file = log_to_file(home())
    log.info("Scenewright %s starts", version("scenewright"))
    scale_interface()
    app = make_application()
    window = build()
    window.trouble.catch_everything()
    if path is not None:
        QTimer.singleShot(0, window, lambda: window.files.open(path))
    elif window.settings.start_page:
        window.stage.show_start()
    window.first_frame.connect(lambda: QTimer.singleShot(0, window, lambda: window.keeping.offer(is_start=True)))
    window.first_frame.connect(lambda: QTimer.singleShot(0, window, window.commands.engine.probe))
    window.first_frame.connect(threading.Thread(target=_prepare_tools, name="scenewright-tools", daemon=True).start)
    window.show()
    code = app.exec()
    stop_logging(log_file)
    return code


def _prepare_tools() -> None:
    """Import what the first stroke needs and no first picture does, so that neither waits for it."""
    import scipy.ndimage  # noqa: F401


def make_application() -> QApplication:
    """Get the one Qt application, made where there is none yet."""
    app = QApplication.instance()
    if not isinstance(app, QApplication):
        app = QApplication(sys.argv[:1])
    app.setApplicationName("Scenewright")
    app.setDesktopFileName("scenewright")
    return app


def build(
    factory: SessionFactory | None = None,
    cards: list[Card] | None = None,
    document: Document | None = None,
    settings_file: SettingsFile | None = None,
) -> MainWindow:
    """Make a window with all that belongs to it; tests put their own session, models and scene in."""
    settings_file = settings_file or SettingsFile()
    settings, complaint = settings_file.load()
    found, trouble = (cards, None) if cards is not None else _find_models()
    worker = Worker(factory or SessionMaker(settings), settings.device)
    document = document or Document(_first_scene(found), history=_history(settings))
    studio = Studio(worker, found, document, _options(settings, found))
    studio.gallery.use_budget(settings.candidates_mb)
    canvas = ViewportCanvas()
    window = MainWindow(studio, worker, canvas, _formats(), settings, settings_file)
    for message in (complaint, trouble):
        if message:
            window.notice.tell(message, "warning")
    return window


class SessionMaker:
    """Makes the engine's session; called in the engine thread, where torch is imported for the first time."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._usual: int | None = None

    def __call__(self, device: str) -> EngineSession:
        # Threads that wait must soon sleep: spinning for long, they take the cores that draw, and a scene takes twice
        # as long. At once would be too soon: decoders have so many short loops that waking up costs as much again.
        os.environ.setdefault("GOMP_SPINCOUNT", "10000")
        import torch

        from engine.session import Session

        self._usual = self._usual or torch.get_num_threads()
        return Session(device, self._settings.threads or self._usual)


def _find_models() -> tuple[list[Card], str | None]:
    try:
        models: list[ModelCard] = list_models()
    except ModelError as error:
        return [], str(error)
    return list(models), None


def _first_scene(cards: list[Card]) -> VoxelScene:
    card = cards[0] if cards else None
    return empty_scene((256, 256), card.height if card else 32, card.voxel_size[0] if card else 0.2)


def _history(settings: Settings) -> History:
    return History(settings.history_mb * MEGABYTE, Spill(history_folder()))


def _options(settings: Settings, cards: list[Card]) -> Options:
    names = [c.name for c in cards]
    model = settings.model if settings.model in names or not names else names[0]
    return Options(
        model=model,
        variants=settings.variants,
        steps=settings.steps,
        sampler=settings.sampler,
        guidance=settings.guidance,
        strength=settings.strength,
        preview=settings.preview,  # type: ignore[arg-type]
        device=settings.device,
    )


def _formats() -> Formats:
    register_places()
    endings = sorted({e for r in readers() for e in r.endings})
    return Formats(_read, write_scene, writer_titles(), tuple(endings))


def _read(path: Path) -> VoxelScene:
    """Read any scene; what a scanner could not see is unknown, where a file beside it says so."""
    return mark_occluded(read_scene(path), path)


def scale_interface() -> None:
    """Ask Qt for the scale of the settings, where the user's environment asks for none; before Qt begins."""
    scale = SettingsFile().load()[0].ui_scale
    if scale != 1.0 and _SCALE not in os.environ:
        os.environ[_SCALE] = f"{scale:g}"

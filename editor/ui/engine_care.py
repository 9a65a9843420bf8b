"""The engine as the user meets it: on which device, how fast, with which models; and the chip that says so."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QMenu

from editor.model.card import Card
from editor.model.jobs import Failure, Job
from editor.worker import Background, DeviceInfo
from engine.errors import ModelError
from engine.models.cards import CARD, list_models, read_card
from engine.resources import user_data
from engine.tasks.request import GenerateRequest, Sampling, Step

if TYPE_CHECKING:
    from editor.ui.window import MainWindow

log = logging.getLogger("scenewright")
DEVICES = {"auto": "Automatic", "cpu": "CPU", "cuda": "GPU (CUDA)", "mps": "GPU (Apple)"}
_PROBE_STEPS = 3
_GIGABYTE = 1 << 30


class EngineCare(QObject):
    """Chooses the device, frees memory, installs models, and measures how long a scene takes.

    Attributes
    ----------
    device
        What the engine computes on, as it says itself; empty before it has started.
    menu
        Unfolds from the chip in the status bar.
    """

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self.device = ""
        self._info: DeviceInfo | None = None
        self._installing: Background | None = None
        self.menu = QMenu("Device", window)
        self.menu.aboutToShow.connect(self._fill)
        worker = window.worker
        worker.device_changed.connect(self._on_device)
        worker.broken.connect(self._on_broken)
        worker.refused.connect(self._on_refused)
        worker.probed.connect(self._on_probed)
        window.studio.jobs.stepped.connect(self._on_step)
        window.studio.plan.changed.connect(self._show)

    # what actions do

    def free(self) -> None:
        """Unload all models; the next run loads what it needs."""
        self._window.worker.free()
        self._window.say("The models are unloaded; the next run loads them again")

    def use_device(self, name: str) -> None:
        """Compute somewhere else from the next job on."""
        self._window.studio.plan.set(device=name)
        self._window.worker.use_device(name, self._model())

    def locate(self) -> None:
        """Ask for a folder with a model and install it."""
        folder = self._window.files.dialogs.open_folder("Locate a model", self._window.settings.last_folder)
        if folder is not None:
            self.install(folder)

    def install(self, folder: Path) -> None:
        """Copy a model with sound weights to the user's own models and use it, in the background."""
        task = self._installing = Background(lambda: install_model(folder), self)
        task.done.connect(self._on_installed)
        task.failed.connect(self._on_not_installed)
        task.start()
        self._window.say(f"Installing the model in {folder} …")

    def probe(self) -> None:
        """Measure how long a scene takes, where that is not known yet and the engine has nothing else to do."""
        card = self._window.studio.plan.card
        if card is None or self._seconds() is not None or self._window.studio.jobs.open_jobs:
            return
        few = Sampling(model=card.name, steps=_PROBE_STEPS)
        self._window.worker.probe(GenerateRequest((card.window, card.window), few), self._steps())

    def close(self) -> None:
        """Wait for a model that is being copied."""
        if self._installing is not None:
            self._installing.join()

    # what is told

    def _on_device(self, info: DeviceInfo) -> None:
        if info.device != self.device:
            log.info("the engine computes on %s", info.device)
        self.device, self._info = info.device, info
        self._show()

    def _on_broken(self, failure: Failure) -> None:
        """Say on the chip, and on the button of what cannot be done now, that there is no engine or no such model."""
        plan = self._window.studio.plan
        plan.set_trouble(plan.options.model, failure.message)
        if self._info is None:
            self._window.statusBar().show_no_engine(failure.message)  # type: ignore[attr-defined]
        self._window.trouble.show(failure)

    def _on_refused(self, device: str, failure: Failure) -> None:
        """Go back to what worked before."""
        self._window.settings.device = "auto"
        self._window.studio.plan.set(device="auto")
        self._window.commands.manners.preferences.changed.emit("device")
        self._window.notice.tell(
            f"{DEVICES.get(device, device)} cannot be used: {failure.message}", "warning", failure.details
        )

    def _on_probed(self, device: str, seconds: float) -> None:
        self._note_seconds(device, seconds)

    def _on_step(self, job: Job, step: Step) -> None:
        """Learn from every whole scene that was made."""
        result = step.result
        if result is None or not isinstance(job.request, GenerateRequest) or result.seconds <= 0:
            return
        card, steps = self._window.studio.plan.card, job.request.sampling.steps
        if card is not None and job.request.size == (card.window, card.window) and steps == self._steps():
            self._note_seconds(self.device, result.seconds)

    def _note_seconds(self, device: str, seconds: float) -> None:
        self._window.settings.scene_seconds[self._key(device)] = round(seconds, 2)
        log.info("a scene takes about %.1f s on %s", seconds, device)
        self._show()

    def _on_installed(self, card: Card) -> None:
        self._installing = None
        plan = self._window.studio.plan
        plan.set_cards(list_models())
        plan.set_trouble(card.name, "")
        plan.set(model=card.name)
        self._window.worker.use_device(self._window.settings.device, card.name)
        self._window.notice.tell(f"Model “{card.name}” is installed.")

    def _on_not_installed(self, failure: Failure) -> None:
        self._installing = None
        self._window.notice.tell(failure.message, "error", failure.details, action=("Locate…", self.locate))

    # the chip

    def _show(self) -> None:
        if self._info is not None:
            self._window.statusBar().show_device(self._words(), self._tip())  # type: ignore[attr-defined]

    def _words(self) -> str:
        assert self._info is not None
        used, total = self._info.used / _GIGABYTE, self._info.total / _GIGABYTE
        seconds = self._seconds()
        if self.device == "cpu" and seconds is not None:
            return f"CPU, about {_round(seconds)} s per scene"
        return f"{self.device}  {used:.1f} / {total:.0f} GB"

    def _tip(self) -> str:
        assert self._info is not None
        used, total = self._info.used / _GIGABYTE, self._info.total / _GIGABYTE
        seconds = self._seconds()
        speed = f"<br>About {_round(seconds)} s per scene, as measured here" if seconds is not None else ""
        return f"<b>The engine computes on {self.device}</b><br>{used:.1f} of {total:.1f} GB memory in use{speed}"

    def _seconds(self) -> float | None:
        return self._window.settings.scene_seconds.get(self._key(self.device))

    def _key(self, device: str) -> str:
        return f"{self._model()} {device} {self._steps()} steps {self._window.settings.threads} threads"

    def _steps(self) -> int:
        return self._window.studio.plan.options.steps

    def _model(self) -> str:
        card = self._window.studio.plan.card
        return card.name if card is not None else ""

    def _fill(self) -> None:
        self.menu.clear()
        group = QActionGroup(self.menu)
        for name, title in DEVICES.items():
            action = QAction(title, group, checkable=True, checked=name == self._window.settings.device)
            action.triggered.connect(lambda _=False, n=name: self._window.commands.manners.preferences.set("device", n))
            self.menu.addAction(action)
        self.menu.addSeparator()
        self.menu.addAction(self._window.actions_table["engine.free"])
        self.menu.addAction(self._window.actions_table["engine.locate"])


def install_model(folder: Path) -> Card:
    """Copy a model to the user's own ones, where it hides a shipped one of the same name.

    Raises `ModelError` where the folder holds no model, or one whose weights are missing or damaged.
    """
    places = [folder, *sorted(p.parent for p in folder.glob(f"*/{CARD}"))]
    source = next((p for p in places if (p / CARD).is_file()), folder)
    card = read_card(source)
    card.verify()
    home = user_data("models", card.name)
    if home.resolve() == source.resolve():
        return card
    fresh = home.with_name(f"{home.name}.new")
    try:
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(parents=True)
        for name in (CARD, *card.files):
            shutil.copy2(source / name, fresh / name)
        shutil.rmtree(home, ignore_errors=True)
        fresh.rename(home)
    except OSError as error:
        shutil.rmtree(fresh, ignore_errors=True)
        raise ModelError(f"model '{card.name}' cannot be copied to {home} ({error}); make room there") from error
    return read_card(home)


def _round(seconds: float) -> str:
    return f"{seconds:.1f}" if seconds < 3 else f"{seconds:.0f}"

"""Import with choices: asked for in the menu, or offered where a file or its scene does not fit by itself."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from editor.model.importing import Choices, Raw, arrange, raw_of, read_raw
from editor.worker import Background
from engine.edit import GridEdit
from engine.labels import LabelSpace, label_space

if TYPE_CHECKING:
    from editor.ui.window import MainWindow

_FILTERS = ("NumPy arrays (*.npy *.npz)", "All files (*)")


class Importing(QObject):
    """Asks for the choices and makes the scene."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        window.files.import_wanted.connect(self.read)
        window.files.fit_wanted.connect(self.fit)

    def ask(self) -> None:
        """Ask for a file of bare voxels and import it."""
        path = self._window.files.dialogs.open_file(self._window.settings.last_folder, _FILTERS)
        if path is not None:
            self.read(path)

    def read(self, path: Path) -> None:
        """Read bare voxels in the background, then ask how they are meant."""
        if self._window.files.may_leave():
            task = Background(lambda: read_raw(path), self)
            task.done.connect(lambda raw: self._place(raw, path))
            task.failed.connect(self._window.show_failure)
            task.start()

    def fit(self) -> None:
        """Ask how the scene on show becomes one that the model can work on, and make it so in one undo step."""
        document = self._window.studio.document
        raw = raw_of(document.scene, document.title)
        choices = self._choose(raw, document.scene.space)
        if choices is not None:
            scene = arrange(raw, choices, self._target(), self._window.studio.plan.card)
            document.do(GridEdit.between("Fit to the Model", document, scene))

    def _place(self, raw: Raw, path: Path) -> None:
        choices = self._choose(raw, None)
        if choices is not None:
            scene = arrange(raw, choices, self._target(), self._window.studio.plan.card)
            self._window.settings.remember_file(path)
            self._window.files.put(scene, raw.title)

    def _choose(self, raw: Raw, source: LabelSpace | None) -> Choices | None:
        card = self._window.studio.plan.card
        return self._window.files.dialogs.import_choices(raw, self._target(), card, source)

    def _target(self) -> LabelSpace:
        card = self._window.studio.plan.card
        return label_space(card.label_space) if card is not None else label_space()

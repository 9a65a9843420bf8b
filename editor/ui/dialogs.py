"""The few questions that the editor asks: which file, which size, what about unsaved work."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QComboBox, QDialog, QDialogButtonBox, QFileDialog, QMessageBox, QSpinBox, QWidget

from editor.model.card import Card
from editor.model.classes import ClassView
from editor.model.importing import Choices, Raw
from editor.model.recovery import Leftover
from editor.ui.icons import class_icon
from editor.ui.import_dialog import ImportDialog
from editor.ui.recovery_dialog import RecoveryDialog
from editor.ui.widgets import column, label, named
from engine.labels import LabelSpace

Answer = Literal["save", "discard", "cancel"]
_SIZES = ((256, 256), (384, 256), (512, 512), (1024, 1024))
_LARGEST = 4096


class Dialogs:
    """Asks the user; tests put an object with the same methods in its place."""

    def __init__(self, parent: QWidget) -> None:
        self._parent = parent

    def open_file(self, folder: str, filters: Sequence[str]) -> Path | None:
        """Ask which file to open."""
        name, _ = QFileDialog.getOpenFileName(self._parent, "Open a scene", folder, ";;".join(filters))
        return Path(name) if name else None

    def save_file(self, title: str, start: str, filters: Sequence[str]) -> Path | None:
        """Ask where to write; the chosen filter gives the ending where the name has none."""
        name, chosen = QFileDialog.getSaveFileName(self._parent, title, start, ";;".join(filters))
        if not name:
            return None
        path = Path(name)
        ending = chosen.rpartition("*")[2].rstrip(")")
        return path if path.suffix or not ending else path.with_name(path.name + ending)

    def open_folder(self, title: str, folder: str) -> Path | None:
        """Ask for a folder."""
        name = QFileDialog.getExistingDirectory(self._parent, title, folder)
        return Path(name) if name else None

    def unsaved(self, name: str) -> Answer:
        """Ask what becomes of unsaved work."""
        kind = QMessageBox.StandardButton
        box = QMessageBox(QMessageBox.Icon.NoIcon, "Unsaved changes", f"<b>Save the changes to “{name}”?</b>")
        box.setInformativeText("Without saving they are lost.")
        box.setStandardButtons(kind.Save | kind.Discard | kind.Cancel)
        answers: dict[int, Answer] = {kind.Save.value: "save", kind.Discard.value: "discard"}
        return answers.get(box.exec(), "cancel")

    def recover(self, leftovers: Sequence[Leftover]) -> tuple[Leftover | None, list[Leftover]]:
        """Ask which unsaved work to bring back, and which to delete; the rest stays for another time."""
        dialog = RecoveryDialog(leftovers, self._parent)
        dialog.exec()
        return dialog.chosen, dialog.discarded

    def new_scene(self, card: Card | None) -> tuple[int, int] | None:
        """Ask for the size of a new scene in voxels."""
        dialog = NewSceneDialog(card, self._parent)
        return dialog.size_in_voxels() if dialog.exec() else None

    def import_choices(
        self, raw: Raw, space: LabelSpace, card: Card | None, source: LabelSpace | None
    ) -> Choices | None:
        """Ask how voxels are meant that do not fit by themselves."""
        dialog = ImportDialog(raw, space, card, source, self._parent)
        return dialog.choices() if dialog.exec() else None

    def replace_class(self, classes: ClassView, masked: int) -> tuple[int, int] | None:
        """Ask which class becomes which other one; `masked` voxels are meant, all where it is 0."""
        dialog = ReplaceClassDialog(classes, masked, self._parent)
        return dialog.pair() if dialog.exec() else None


class ReplaceClassDialog(QDialog):
    """Two lists of classes; the first begins with the chosen one."""

    def __init__(self, classes: ClassView, masked: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Replace class")
        self.old, self.new = QComboBox(objectName="replace.old"), QComboBox(objectName="replace.new")
        for box, ids in ((self.old, classes.space.solid_ids), (self.new, range(len(classes.space)))):
            for label_id in ids:
                box.addItem(class_icon(classes, label_id), classes.name_of(label_id), label_id)
        self.old.setCurrentIndex(self.old.findData(classes.chosen))
        self.new.setCurrentIndex(self.new.findData(classes.space.empty))
        where = f"Within the {masked:,} masked voxels" if masked else "In the whole scene, as nothing is masked"
        rows = (label("Replace class", "title"), named("Replace", self.old), named("by", self.new), label(where))
        self.setLayout(column(*rows, end_buttons(self, "Replace"), margin=18))
        self.setMinimumWidth(340)

    def pair(self) -> tuple[int, int]:
        """Give the old and the new class."""
        return int(self.old.currentData()), int(self.new.currentData())


class NewSceneDialog(QDialog):
    """Width and depth of a new scene, in steps that the model can fill."""

    def __init__(self, card: Card | None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._step = card.cell if card else 16
        self._voxel = card.voxel_size[0] if card else 0.2
        self.setWindowTitle("New scene")
        self.preset = QComboBox()
        for size in _SIZES:
            self.preset.addItem(f"{size[0]} × {size[1]}", size)
        self.preset.addItem("Custom", None)
        self.x, self.y = self._field("new.x"), self._field("new.y")
        self.metres = label("")
        sizes = named("Voxels", self.x, label("×"), self.y)
        self.setLayout(
            column(
                label("New scene", "title"),
                named("Size", self.preset),
                sizes,
                named("", self.metres),
                end_buttons(self, "Create"),
                margin=18,
            )
        )
        self.setMinimumWidth(340)
        self.preset.currentIndexChanged.connect(self._take_preset)
        self._take_preset()

    def size_in_voxels(self) -> tuple[int, int]:
        """Give the chosen size, rounded up to whole steps."""
        return self._round(self.x.value()), self._round(self.y.value())

    def _field(self, name: str) -> QSpinBox:
        field = QSpinBox(objectName=name)
        field.setRange(self._step, _LARGEST)
        field.setSingleStep(self._step)
        field.valueChanged.connect(self._show_metres)
        return field

    def _take_preset(self) -> None:
        size = self.preset.currentData()
        if size is not None:
            self.x.setValue(size[0])
            self.y.setValue(size[1])
        for field in (self.x, self.y):
            field.setEnabled(size is None)

    def _show_metres(self) -> None:
        x, y = self.size_in_voxels()
        self.metres.setText(f"{x * self._voxel:.1f} × {y * self._voxel:.1f} m")

    def _round(self, voxels: int) -> int:
        return -(-voxels // self._step) * self._step


def end_buttons(dialog: QDialog, deed: str) -> QDialogButtonBox:
    """Make the two buttons that end a dialog; `deed` is what the first one does."""
    buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
    go, cancel = buttons.buttons()
    go.setText(deed)
    go.setProperty("role", "primary")
    for part in (go, cancel):
        part.setIcon(QIcon())
    buttons.accepted.connect(dialog.accept)
    buttons.rejected.connect(dialog.reject)
    return buttons

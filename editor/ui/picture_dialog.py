"""What a picture or a film of the view should be like."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtWidgets import QCheckBox, QComboBox, QDialog, QLabel, QSpinBox, QWidget

from editor.ui.dialogs import end_buttons
from editor.ui.widgets import column, label, named, row
from editor.viewport.photo import LARGEST

_SIZES = ((1280, 720), (1920, 1080), (3840, 2160), (1080, 1080))
_MEGABYTE = 1 << 20


@dataclass(frozen=True)
class PictureWish:
    """Size in pixels, and what is in the picture."""

    size: tuple[int, int]
    marks: bool = False
    transparent: bool = False


@dataclass(frozen=True)
class FilmWish(PictureWish):
    """One turn round what is looked at."""

    seconds: float = 6.0
    rate: int = 20

    @property
    def frames(self) -> int:
        return max(2, round(self.seconds * self.rate))

    @property
    def megabytes(self) -> float:
        """Memory that all pictures take until the film is written."""
        return self.frames * self.size[0] * self.size[1] * (4 if self.transparent else 3) / _MEGABYTE


class PictureDialog(QDialog):
    """Asks for the size of a picture and what is in it; for a film also how long it is.

    Parameters
    ----------
    window_size
        Size of the viewport in pixels, the first choice.
    """

    def __init__(self, window_size: tuple[int, int], film: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._film = film
        self.setWindowTitle("Turntable film" if film else "Picture")
        self.preset = QComboBox(objectName="picture.preset")
        self.preset.addItem("As the viewport", window_size)
        for size in _SIZES:
            self.preset.addItem(f"{size[0]} × {size[1]}", size)
        self.preset.addItem("Custom", None)
        self.width_field, self.height_field = self._number("picture.width"), self._number("picture.height")
        self.marks = QCheckBox("Bounds, axes and other marks", objectName="picture.marks")
        self.transparent = QCheckBox("Transparent background", objectName="picture.transparent")
        self.seconds, self.rate = QSpinBox(objectName="film.seconds"), QSpinBox(objectName="film.rate")
        self.note: QLabel = label("")
        self._lay_out()
        self.preset.currentIndexChanged.connect(self._take_preset)
        self.transparent.toggled.connect(self._show_note)
        self.preset.setCurrentIndex(1 if film else 0)
        self._take_preset()

    def wish(self) -> PictureWish | FilmWish:
        """Give what was chosen."""
        size = (self.width_field.value(), self.height_field.value())
        marks, transparent = self.marks.isChecked(), self.transparent.isChecked()
        if self._film:
            return FilmWish(size, marks, transparent, self.seconds.value(), self.rate.value())
        return PictureWish(size, marks, transparent)

    def _lay_out(self) -> None:
        rows = [
            label("One turn round the target" if self._film else "Picture of the view", "title"),
            named("Size", self.preset),
            named("Pixels", self.width_field, label("×"), self.height_field),
            row(self.marks),
            row(self.transparent),
        ]
        if self._film:
            for field, low, high, value, unit in ((self.seconds, 1, 60, 6, " s"), (self.rate, 5, 60, 20, " / s")):
                field.setRange(low, high)
                field.setValue(value)
                field.setSuffix(unit)
                field.valueChanged.connect(self._show_note)
            rows += [named("Length", self.seconds), named("Pictures", self.rate)]
        self.setLayout(column(*rows, self.note, end_buttons(self, "Save…"), margin=18))
        self.setMinimumWidth(340)

    def _number(self, name: str) -> QSpinBox:
        field = QSpinBox(objectName=name)
        field.setRange(16, LARGEST)
        field.valueChanged.connect(self._show_note)
        return field

    def _take_preset(self) -> None:
        size = self.preset.currentData()
        for place, field in enumerate((self.width_field, self.height_field)):
            if size is not None:
                field.setValue(size[place])
            field.setEnabled(size is None)
        self._show_note()

    def _show_note(self) -> None:
        wish = self.wish()
        if isinstance(wish, FilmWish):
            self.note.setText(f"{wish.frames} pictures, {wish.megabytes:.0f} MB of memory until they are written")
        else:
            self.note.setText(f"{wish.size[0] * wish.size[1] / 1e6:.1f} megapixels")

"""Choices for voxels that do not fit by themselves: which axis is up, which number is which class, what size."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDoubleSpinBox,
    QHeaderView,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)

from editor.model.card import Card
from editor.model.classes import ClassView
from editor.model.importing import AXES, Choices, Raw, guess_axes, guess_classes, shape_of
from editor.ui.icons import class_icon
from editor.ui.widgets import Segments, button, column, label, named, row
from engine.labels import UNKNOWN, LabelSpace

_SIZE = (760, 520)


class ImportDialog(QDialog):
    """Axis order, class table and fit; says what would come of them.

    Parameters
    ----------
    space
        Classes that the numbers become.
    source
        Classes of the source, where it has such.
    """

    def __init__(
        self, raw: Raw, space: LabelSpace, card: Card | None, source: LabelSpace | None, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._raw, self._space, self._card = raw, space, card
        self.setObjectName("import")
        self.setWindowTitle("Fit to the model" if raw.is_scene else "Import voxels")
        self.resize(*_SIZE)
        self._make_fields(raw)
        self.table = self._make_table(guess_classes(raw, space, source))
        title = label(f"How is “{raw.title}” meant?", "title")
        self.result, self.warning = label("", "", wrap=True), label("", "warning", wrap=True)
        self.go = button("Fit" if raw.is_scene else "Import", "primary", self.accept, "import.go")
        left = column(
            named("Axes", self.axes), named("Voxel", self.size), named("Size", self.fit), self.result, self.warning, 1
        )
        body = row(spacing=18)
        body.addLayout(left, 2)
        body.addWidget(self.table, 3)
        buttons = row(1, button("Cancel", "", self.reject, "import.cancel"), self.go)
        self.setLayout(column(title, body, buttons, margin=18, spacing=14))
        self.go.setDefault(True)
        self.refresh()

    def choices(self) -> Choices:
        """Give what is chosen now."""
        classes = {n: box.currentData() for n, box in self.partners.items() if box.currentData() is not None}
        size = self.size.value()
        known = self._raw.voxel_size
        metres = known if abs(size - known[0]) < 1e-6 else (size, size, size)
        return Choices(self.axes.currentData(), classes, metres, self._fit)  # type: ignore[arg-type]

    def refresh(self) -> None:
        """Say what would come of the choices."""
        shape, size = shape_of(self._raw, self.axes.currentData()), self.size.value()
        metres = " × ".join(f"{n * size:.1f}" for n in shape)
        words = f"{' × '.join(map(str, shape))} voxels\n{metres} m"
        if self._card is not None and self._fit != "keep":
            voxel = self._card.voxel_size[0]
            cells = [n * size / voxel / self._card.cell for n in shape[:2]]
            whole = [-(-round(c, 6) // 1) if self._fit == "pad" else max(round(c, 6) // 1, 1) for c in cells]
            x, y = (int(c) * self._card.cell for c in whole)
            words += f"\nbecome {x} × {y} × {self._card.height} for {self._card.name}"
        self.result.setText(words)
        lost = [n for n, box in self.partners.items() if box.currentData() is None]
        voxels = sum(self._raw.counts[n] for n in lost)
        self.warning.setText(f"{len(lost)} without a partner: {voxels:,} voxels become unknown." if lost else "")

    def _make_fields(self, raw: Raw) -> None:
        self.axes = QComboBox(objectName="import.axes")
        for axes in AXES:
            height = raw.voxels.shape[axes.index("z")]
            self.axes.addItem(f"{', '.join(axes)} – {height} high", axes)
        self.axes.setCurrentIndex(self.axes.findData("xyz" if raw.is_scene else guess_axes(raw.voxels.shape)))
        self.axes.setEnabled(not raw.is_scene)
        self.size = QDoubleSpinBox(
            objectName="import.size", decimals=3, minimum=0.01, maximum=10, singleStep=0.1, suffix=" m"
        )
        self.size.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.size.setValue(raw.voxel_size[0])
        self.size.setEnabled(not raw.is_scene)
        words = {"keep": "Keep", "pad": "Pad", "crop": "Crop"}
        self.fit = Segments([(k, w) for k, w in words.items() if self._card is not None or k == "keep"], "import.fit")
        self.fit.setToolTip("Keep the size, or bring it to the model's voxels, height and whole cells")
        self._fit = "pad" if self._card is not None else "keep"
        self.fit.choose(self._fit)
        self.fit.chosen.connect(self._take_fit)
        self.axes.currentIndexChanged.connect(lambda _i: self.refresh())
        self.size.valueChanged.connect(lambda _v: self.refresh())

    def _take_fit(self, fit: str) -> None:
        self._fit = fit
        self.refresh()

    def _make_table(self, guessed: dict[int, int]) -> QTableWidget:
        table = QTableWidget(len(self._raw.counts), 3, objectName="import.table")
        table.setHorizontalHeaderLabels(["Found", "Voxels", "Becomes"])
        table.verticalHeader().hide()
        table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self.partners: dict[int, QComboBox] = {}
        view = ClassView(self._space)
        for line, (number, count) in enumerate(self._raw.counts.items()):
            name = self._raw.names.get(number, "")
            table.setItem(line, 0, QTableWidgetItem(f"{number}  {name}".strip()))
            shown = QTableWidgetItem(f"{count:,}")
            shown.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            table.setItem(line, 1, shown)
            box = self._make_partner(view, guessed.get(number))
            self.partners[number] = box
            table.setCellWidget(line, 2, box)
        return table

    def _make_partner(self, view: ClassView, guess: int | None) -> QComboBox:
        box = QComboBox()
        box.addItem("–", None)
        for label_id in range(len(self._space)):
            box.addItem(class_icon(view, label_id), view.name_of(label_id), label_id)
        box.addItem("unknown", UNKNOWN)
        box.setCurrentIndex(max(box.findData(guess), 0) if guess is not None else 0)
        box.currentIndexChanged.connect(lambda _i: self.refresh())
        return box

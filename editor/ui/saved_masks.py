"""The list of masks that are kept with the scene."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QLineEdit, QWidget

from editor.model.document import Document
from editor.model.masking import Joining, Masking
from editor.ui.theme import Theme
from editor.ui.widgets import column, label, row, small_button

_JOININGS: tuple[tuple[Joining, str, str], ...] = (
    ("replace", "accept", "Take this mask instead of the present one"),
    ("add", "plus", "Add it to the mask"),
    ("subtract", "minus", "Take it away from the mask"),
)


class SavedMasks(QWidget):
    """One row for each saved mask: its name to edit, its size, and what one can do with it.

    Parameters
    ----------
    guard
        Runs a piece of work and shows what goes wrong in it.
    """

    def __init__(self, document: Document, masking: Masking, guard: Callable[[Callable[[], object]], None]) -> None:
        super().__init__()
        self._document, self._masking, self._guard = document, masking, guard
        self._theme: Theme | None = None
        self.empty = label("None yet. Kept masks travel in the .scw file.", wrap=True)
        self._rows = column(spacing=2)
        self.setLayout(column(self.empty, self._rows, spacing=4))
        # a row must not die while its own button is still being clicked
        self._later = QTimer(self, singleShot=True, interval=0)
        self._later.timeout.connect(self.refresh)
        document.saved_masks_changed.connect(lambda: self._later.start())
        document.scene_replaced.connect(lambda: self._later.start())
        self.refresh()

    def refresh(self) -> None:
        """Show the masks there are."""
        while (item := self._rows.takeAt(0)) is not None:
            item.widget().deleteLater()
        for name, mask in self._document.saved_masks.items():
            self._rows.addWidget(self._make_row(name, mask.count))
        self.empty.setVisible(not self._document.saved_masks)

    def dress(self, theme: Theme) -> None:
        """Take icons in the theme's colours."""
        self._theme = theme
        self.refresh()

    def _make_row(self, name: str, count: int) -> QWidget:
        made = QWidget(objectName=f"saved.{name}")
        field = QLineEdit(name, objectName=f"saved.{name}.name")
        field.setProperty("flat", True)
        field.setToolTip("Edit to rename")
        field.returnPressed.connect(field.clearFocus)
        field.editingFinished.connect(lambda: self._rename(field, name))
        buttons = [
            self._button(f"saved.{name}.{joining}", icon, tip, lambda j=joining: self._masking.restore(name, j))  # type: ignore[misc]
            for joining, icon, tip in _JOININGS
        ]
        forget = self._button(f"saved.{name}.forget", "discard", "Delete it", lambda: self._masking.forget(name))
        size = label(f"{count:,}")
        size.setFixedWidth(58)
        size.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        made.setLayout(row(field, size, *buttons, forget, spacing=2))
        return made

    def _button(self, name: str, icon: str, tip: str, deed: Callable[[], object]) -> QWidget:
        made = small_button(name, tip)
        if self._theme is not None:
            made.setIcon(self._theme.icon(icon, self._theme.muted))
        made.clicked.connect(lambda _checked=False: self._guard(deed))
        return made

    def _rename(self, field: QLineEdit, name: str) -> None:
        if field.text() != name:
            self._guard(lambda: self._masking.rename(name, field.text()))
            self._later.start()  # a name that was refused goes back

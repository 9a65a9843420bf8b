"""The card that guides through the first steps, in a corner of the viewport."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QProgressBar, QWidget

from editor.model.tour import STAGES, Tour
from editor.ui.widgets import button, column, label, row

_WIDTH = 290


class TourCard(QFrame):
    """Shows a tour page by page; hidden where there is none."""

    changed = Signal()
    """It is shown, hidden or has another height."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent, objectName="tour")
        self._tour: Tour | None = None
        self.number = label("", "section")
        self.title = label("", "title")
        self.text = label("", "", wrap=True)
        self.text.setObjectName("tour.text")
        self.bar = QProgressBar(textVisible=False)
        self.bar.setRange(0, 100)
        self.stop = button("", "link", self.end, "tour.stop")
        self.setLayout(column(self.number, self.title, self.text, self.bar, row(1, self.stop), margin=14, spacing=7))
        self.setFixedWidth(_WIDTH)
        self.hide()

    @property
    def is_on(self) -> bool:
        return self._tour is not None

    def begin(self, tour: Tour) -> None:
        """Show a tour, from its present page on."""
        self.end()
        self._tour = tour
        tour.changed.connect(self._show)
        tour.ended.connect(self._on_ended)
        self._show()

    def end(self) -> None:
        """Skip what is left."""
        if self._tour is not None:
            self._tour.end()

    def _on_ended(self) -> None:
        self._tour = None
        self.hide()
        self.changed.emit()

    def _show(self) -> None:
        if self._tour is None:
            return
        page = self._tour.page
        self.number.setText(f"Erase a car · {page.number} of {len(STAGES)}")
        self.title.setText(page.title)
        self.text.setText(page.text)
        self.text.setMinimumHeight(0)  # or the height of the last page counts
        self.text.setFixedHeight(self.text.heightForWidth(_WIDTH - 30))
        self.bar.setVisible(page.share is not None)
        self.bar.setValue(round(100 * min(page.share or 0.0, 1.0)))
        self.stop.setText("Finish" if page.stage == "done" else "Skip the tour")
        self.layout().activate()
        self.adjustSize()
        self.show()
        self.changed.emit()

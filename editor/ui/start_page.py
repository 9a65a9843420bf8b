"""The page one starts with: a new scene, a recent one, a shipped one, or the tour."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QIcon, QPixmap
from PySide6.QtWidgets import QCheckBox, QFrame, QGridLayout, QPushButton, QToolButton, QVBoxLayout, QWidget

from editor.model.samples import Sample
from editor.model.studio import Studio
from editor.settings import Settings
from editor.ui.actions import Actions
from editor.ui.theme import Theme
from editor.ui.widgets import button, column, label, line, row, small_button

_PICTURE = QSize(192, 120)
_LEFT = 212
_RECENT = 5


class StartPage(QFrame):
    """Floats over an empty viewport until something is opened or made."""

    sample_chosen = Signal(object)
    file_chosen = Signal(Path)
    closed = Signal()

    def __init__(
        self, studio: Studio, actions: Actions, settings: Settings, samples: Sequence[Sample], parent: QWidget
    ) -> None:
        super().__init__(parent, objectName="start")
        self._studio, self._settings = studio, settings
        self.close_button = small_button("start.close", "Close (Esc)")
        self.close_button.clicked.connect(self.closed)
        self.generate = button("Generate a scene", "primary", actions["generate.run"].trigger, "start.generate")
        self.new = button("New…", "", actions["file.new"].trigger, "start.new")
        self.open = button("Open…", "", actions["file.open"].trigger, "start.open")
        self.tour = button("Take the tour: erase a car", "", actions["help.tour"].trigger, "start.tour")
        self.tour.setToolTip("A minute with the brush, from the first stroke to the accepted result")
        self.tour.setEnabled(bool(samples))
        self.samples = [self._card(sample) for sample in samples]
        self.recent = column(spacing=1)
        self.always = QCheckBox("Show this page at start", objectName="start.always")
        self.always.toggled.connect(self._remember)
        self.setLayout(self._arrange())
        self.setFixedWidth(_LEFT + 2 * _PICTURE.width() + 104)
        self.hide()

    def dress(self, theme: Theme) -> None:
        """Take icons in the theme's colours."""
        self.close_button.setIcon(theme.icon("close", theme.muted))
        self.generate.setIcon(theme.icon("generate", theme.on_accent))
        for part, name in ((self.new, "new"), (self.open, "open"), (self.tour, "brush")):
            part.setIcon(theme.icon(name))

    def refresh(self) -> None:
        """Show what was open lately, and whether there is a model."""
        self.always.setChecked(self._settings.start_page)
        reason = self._studio.plan.offer().reason
        self.generate.setEnabled(not reason)
        self.generate.setToolTip(reason or "256 × 256 voxels, in a second or two (Ctrl+Enter)")
        while self.recent.count():
            gone = self.recent.takeAt(0).widget()
            gone.setParent(None)  # at once; deleting it has to wait where it is the one that was clicked
            gone.deleteLater()
        files = self._settings.recent_files[:_RECENT]
        for name in files:
            self.recent.addWidget(self._recent_row(Path(name)))
        if not files:
            self.recent.addWidget(label("Nothing yet. Files can be dropped here.", wrap=True))

    def _card(self, sample: Sample) -> QToolButton:
        made = QToolButton(objectName=f"start.sample.{sample.name}")
        made.setProperty("card", "true")
        made.setText(sample.title)
        made.setToolTip(f"<b>{sample.title}</b><br>{sample.words}")
        made.setIcon(QIcon(QPixmap(str(sample.picture))))
        made.setIconSize(_PICTURE)
        made.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
        made.clicked.connect(lambda: self.sample_chosen.emit(sample))
        return made

    def _recent_row(self, path: Path) -> QPushButton:
        there = path.is_file()
        text = path.name if there else f"{path.name} (missing)"
        made = button("", "flat", lambda: self.file_chosen.emit(path), "start.recent")
        made.setText(QFontMetrics(made.font()).elidedText(text, Qt.TextElideMode.ElideMiddle, _LEFT - 16))
        made.setToolTip(str(path))
        made.setEnabled(there)
        return made

    def _arrange(self) -> QVBoxLayout:
        title = label("Scenewright", "headline")
        words = label("Streets and cities in voxels: generate, brush over what you dislike, build.")
        left = column(
            self.generate,
            row(self.new, self.open, spacing=8),
            self.tour,
            line(),
            label("Recent", "section"),
            self.recent,
            1,
            spacing=8,
        )
        grid = QGridLayout()
        grid.setSpacing(10)
        for place, card in enumerate(self.samples):
            grid.addWidget(card, place // 2, place % 2)
        holder = QWidget()
        holder.setLayout(left)
        holder.setFixedWidth(_LEFT)
        right = column(label("Sample scenes", "section"), grid, 1)
        return column(
            row(title, 1, self.close_button), words, row(holder, right, spacing=20), self.always, margin=22, spacing=10
        )

    def _remember(self, on: bool) -> None:
        self._settings.start_page = on

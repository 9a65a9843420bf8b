"""The Mask dock: how much is masked, and what one can do with the mask as a whole."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QGridLayout, QSizePolicy, QToolButton, QWidget

from editor.model.document import Document
from editor.ui.actions import Actions
from editor.ui.widgets import column, label, line

_BUTTONS = ("mask.invert", "mask.clear", "mask.grow", "mask.shrink")


class MaskDock(QWidget):
    """Counts, operations, and the class that "Mask chosen class" takes."""

    def __init__(self, document: Document, actions: Actions) -> None:
        super().__init__()
        self._document = document
        self.count = label("", "title")
        self.extent = label("")
        self.chosen = label("", wrap=True)
        self.setLayout(
            column(
                column(self.count, self.extent, spacing=2),
                self._grid(actions),
                line(),
                label("From the classes", "section"),
                self.chosen,
                self._wide(actions, "mask.from_class"),
                1,
                margin=12,
                spacing=10,
            )
        )
        document.mask_changed.connect(lambda _box: self.refresh())
        document.scene_replaced.connect(self.refresh)
        document.classes.chosen_changed.connect(lambda _label: self.refresh())
        self.refresh()

    def refresh(self) -> None:
        """Show the mask as it is now."""
        mask, grid = self._document.shown_mask, self._document.scene.grid
        sizes = " × ".join(f"{n * s:.1f}" for n, s in zip(mask.box.shape, grid.voxel_size, strict=True))
        self.count.setText(f"{mask.count:,} voxels" if not mask.is_empty else "Nothing masked")
        self.extent.setText(f"within {sizes} m" if not mask.is_empty else "Paint with the mask brush (B)")
        classes = self._document.classes
        self.chosen.setText(
            f"Chosen: <b>{classes.space.names[classes.chosen]}</b> · pick another one with I or Alt+click"
        )

    def _grid(self, actions: Actions) -> QGridLayout:
        grid = QGridLayout()
        grid.setSpacing(6)
        for place, name in enumerate(_BUTTONS):
            grid.addWidget(self._wide(actions, name), place // 2, place % 2)
        return grid

    def _wide(self, actions: Actions, name: str) -> QToolButton:
        made = QToolButton(objectName=f"{name}.button")
        made.setDefaultAction(actions[name])
        made.setText(actions[name].text().replace(" Mask", ""))
        made.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        made.setIconSize(QSize(18, 18))
        made.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        made.setProperty("card", True)
        return made

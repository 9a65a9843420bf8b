"""The Mask dock: how much is masked, what one can do with the mask as a whole, and the masks that are kept."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QGridLayout, QSizePolicy, QSpinBox, QToolButton, QWidget

from editor.model.document import Document
from editor.model.masking import Masking
from editor.tools.gesture import ToolContext
from editor.ui.actions import Actions
from editor.ui.saved_masks import SavedMasks
from editor.ui.theme import Theme
from editor.ui.widgets import SliderBox, column, label, line, named, row

_BORDER = ("mask.grow", "mask.shrink", "mask.feather")
_WHOLE = ("mask.invert", "mask.clear", "mask.from_class", "mask.from_visible")
_VOXELS = ("voxel.fill_mask", "voxel.erase_mask")
_WORDS = {"mask.from_class": "Chosen class", "mask.from_visible": "Visible classes"}


class MaskDock(QWidget):
    """Counts, operations, saved masks, and how strongly the mask is marked."""

    def __init__(
        self,
        context: ToolContext,
        masking: Masking,
        actions: Actions,
        guard: Callable[[Callable[[], object]], None],
        set_opacity: Callable[[float], None],
    ) -> None:
        super().__init__()
        self._document: Document = context.document
        self._context = context
        self.count, self.extent = label("", "title"), label("")
        self.step = QSpinBox(objectName="option.step")
        self.step.setRange(1, 32)
        self.step.setSuffix(" vx")
        self.step.setFixedWidth(66)
        self.step.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.step.setToolTip("How many voxels grow, shrink and feather move the border")
        self.step.valueChanged.connect(lambda value: context.set(step=value))
        self.opacity = SliderBox(0.1, 1.0, decimals=2, name="mask.opacity")
        self.opacity.changed.connect(set_opacity)
        self.saved = SavedMasks(self._document, masking, guard)
        self._show = _wide(actions, "view.mask", "")
        self._show.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
        self._show.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self._lay_out(actions)
        self._document.mask_changed.connect(lambda _box: self.refresh())
        self._document.scene_replaced.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Show the mask as it is now."""
        mask, grid = self._document.shown_mask, self._document.scene.grid
        sizes = " × ".join(f"{n * s:.1f}" for n, s in zip(mask.box.shape, grid.voxel_size, strict=True))
        self.count.setText(f"{mask.count:,} voxels" if not mask.is_empty else "Nothing masked")
        self.extent.setText(f"within {sizes} m" if not mask.is_empty else "Paint with the mask brush (B)")

    def dress(self, theme: Theme) -> None:
        """Take icons in the theme's colours."""
        self.saved.dress(theme)

    def _lay_out(self, actions: Actions) -> None:
        border = row(*(_wide(actions, n, actions[n].text().replace(" Mask", "")) for n in _BORDER), spacing=6)
        self.setLayout(
            column(
                row(column(self.count, self.extent, spacing=2), self._show),
                _grid([_wide(actions, n, _WORDS.get(n, actions[n].text().replace(" Mask", ""))) for n in _WHOLE]),
                named("Border by", self.step, 1),
                border,
                _grid([_wide(actions, n, actions[n].text().replace(" Masked Voxels", "")) for n in _VOXELS]),
                named("Opacity", self.opacity),
                line(),
                row(label("Kept masks", "section"), 1, _wide(actions, "mask.save", "Keep")),
                self.saved,
                1,
                margin=12,
                spacing=8,
            )
        )


def _grid(buttons: list[QToolButton]) -> QGridLayout:
    grid = QGridLayout()
    grid.setSpacing(6)
    for place, made in enumerate(buttons):
        grid.addWidget(made, place // 2, place % 2)
    return grid


def _wide(actions: Actions, name: str, words: str) -> QToolButton:
    made = QToolButton(objectName=f"{name}.button")
    actions[name].setIconText(words)  # what buttons say; menus keep the whole title
    made.setDefaultAction(actions[name])
    made.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
    made.setIconSize(QSize(16, 16))
    made.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
    made.setProperty("card", True)
    return made

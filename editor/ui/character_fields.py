"""What new parts shall be like: a kind of district, how much is built over, how full trees are; or any."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QComboBox, QPushButton, QSizePolicy, QWidget

from editor.model.plan import Plan
from editor.ui.widgets import SliderBox, column, named, row

_ANY = ""


class WishBox(QWidget):
    """A share in percent, or any.

    Parameters
    ----------
    first
        What is shown, and wished for first, where any was good before.
    """

    changed = Signal(object)
    """0 to 1, or `None` for any."""

    def __init__(self, first: float, name: str, tip: str) -> None:
        super().__init__()
        self.setObjectName(name)
        self.any = QPushButton("Any", objectName=f"{name}.any", checkable=True)
        self.any.setProperty("segment", True)
        self.any.setProperty("place", "only")
        self.any.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.any.setToolTip("Leave it to the model; press again to choose")
        self.share = SliderBox(0, 100, suffix=" %", name=f"{name}.share")
        self.share.setToolTip(tip)
        self.share.show_value(round(first * 100))
        self.setLayout(row(self.any, self.share, spacing=6))
        self.any.clicked.connect(self._tell)
        self.share.changed.connect(lambda _v: self._tell())

    def show_wish(self, value: float | None) -> None:
        """Show a wish without telling anyone; the slider keeps its place for any."""
        self.any.setChecked(value is None)
        self.share.setEnabled(value is not None)
        if value is not None:
            self.share.show_value(round(value * 100))

    def _tell(self) -> None:
        self.changed.emit(None if self.any.isChecked() else self.share.value() / 100)


class CharacterFields(QWidget):
    """Style, density and leaves of a plan; to be shown where the chosen model can be asked for them."""

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        self._plan = plan
        self.style_box = QComboBox(objectName="style")
        self.style_box.setToolTip("Kind of district")
        self.density = WishBox(0.2, "density", "Share of the ground that is built over: 10 % a suburb, 30 % a centre")
        self.leaves = WishBox(1.0, "leaves", "How full trees are: 0 % in winter, 100 % in summer")
        self.setLayout(
            column(
                named("Style", self.style_box),
                named("Built over", self.density),
                named("Leaves", self.leaves),
                spacing=7,
            )
        )
        self.style_box.currentIndexChanged.connect(self._take_style)
        self.density.changed.connect(lambda value: plan.set(density=value))
        self.leaves.changed.connect(lambda value: plan.set(leaves=value))

    def refresh(self) -> None:
        """Show the plan as it is now."""
        character = self._plan.character
        with QSignalBlocker(self.style_box):
            self._list_styles()
            self.style_box.setCurrentIndex(self.style_box.findData(character.style or _ANY))
        self.density.show_wish(character.density)
        self.leaves.show_wish(character.leaves)

    def words(self) -> str:
        """Sum up what is wished for in few words."""
        wish = self._plan.character
        parts = [_title(wish.style)] if wish.style is not None else []
        parts += [f"{wish.density:.0%} built"] if wish.density is not None else []
        parts += [f"{wish.leaves:.0%} leaves"] if wish.leaves is not None else []
        return " · ".join(parts) or "any"

    def _list_styles(self) -> None:
        """List the styles there are, where another model knows others."""
        known = [_ANY, *self._plan.styles]
        if known != [self.style_box.itemData(k) for k in range(self.style_box.count())]:
            self.style_box.clear()
            for style in known:
                self.style_box.addItem(_title(style), style)

    def _take_style(self) -> None:
        self._plan.set(style=self.style_box.currentData() or None)


def _title(style: str) -> str:
    return style.replace("-", " ").replace("_", " ").capitalize() or "Any"

"""The options of two tools: how far each side of the scene is pulled, and what is looked at round a mask."""

from __future__ import annotations

from PySide6.QtCore import QLocale
from PySide6.QtGui import QShowEvent, QValidator
from PySide6.QtWidgets import QSpinBox, QWidget

from editor.model.options import Context
from editor.model.pace import Pace
from editor.model.plan import Extension
from editor.model.studio import Studio
from editor.ui.widgets import Segments, button, label, row
from engine.errors import ScenewrightError
from engine.tasks.request import GenerateRequest, InpaintRequest, OutpaintRequest, Sampling
from engine.tasks.work import work_of

_SIDES = (("west", "−x", "West"), ("east", "+x", "East"), ("south", "−y", "South"), ("north", "+y", "North"))
_CONTEXTS: tuple[tuple[Context, str, str], ...] = (
    ("auto", "Auto", "Some way round the mask: what it costs follows the mask"),
    ("mask", "Mask", "Only the box of the mask: nothing around it counts"),
    ("whole", "Whole", "As far as the model can see in one go, the mask in the middle"),
    ("box", "Box", "A box of your own: drag the arrows in the scene"),
)


class Metres(QSpinBox):
    """Voxels that are shown and typed as metres."""

    def __init__(self, name: str) -> None:
        super().__init__(objectName=name)
        self._size = 0.2
        self.setRange(0, 4096)
        self.setFixedWidth(80)
        self.lineEdit().returnPressed.connect(self.clearFocus)

    def set_size(self, metres: float) -> None:
        """Say how long a voxel is."""
        if metres != self._size:
            self._size = metres
            self.setValue(self.value())

    def textFromValue(self, voxels: int) -> str:
        return f"{voxels * self._size:.1f} m"

    def valueFromText(self, text: str) -> int:
        number = _number(text)
        return round(number / self._size) if number is not None else self.value()

    def validate(self, text: str, place: int) -> object:
        state = QValidator.State.Acceptable if _number(text) is not None else QValidator.State.Intermediate
        return state, text, place


class ExtendOptions(QWidget):
    """How far each side is pulled outward, in metres; what comes of it, in metres and voxels."""

    def __init__(self, studio: Studio, pace: Pace) -> None:
        super().__init__()
        self._studio, self._plan, self._pace = studio, studio.plan, pace
        self.sides: dict[str, Metres] = {}
        fields = []
        for side, sign, words in _SIDES:
            field = Metres(f"extend.{side}")
            field.setToolTip(f"How far the scene grows to the {side} ({sign})")
            field.setKeyboardTracking(False)
            field.valueChanged.connect(self._store)
            self.sides[side] = field
            fields.append(row(label(words), field, spacing=4))
        self.snap = Segments(((True, "Whole tiles"), (False, "Cells")), "extend.snap")
        self.snap.setToolTip("By how much an arrow moves a side: what one run of the model adds, or its smallest step")
        self.size = label("", "")
        self.reset = button("Reset", "link", lambda: self._plan.extend(Extension()), "extend.reset")
        self.setLayout(row(*fields, self.snap, self.size, self.reset, 1, spacing=8))
        self.snap.chosen.connect(self._plan.pull_by_tiles)
        self._plan.changed.connect(self.refresh)
        pace.changed.connect(self.refresh)

    def showEvent(self, event: QShowEvent) -> None:
        self.refresh()

    def refresh(self) -> None:
        """Show the extension as it is now, where anybody sees it: the plan changes with every stroke."""
        if not self.isVisible():
            return
        scene, extension = self._studio.document.scene, self._plan.extension
        for side, field in self.sides.items():
            field.blockSignals(True)
            field.set_size(scene.grid.voxel_size[0 if side in ("west", "east") else 1])
            field.setSingleStep(self._plan.step)
            field.setValue(getattr(extension, side))
            field.blockSignals(False)
        x, y = extension.size(scene)
        size = f"{x * scene.grid.voxel_size[0]:.1f} × {y * scene.grid.voxel_size[1]:.1f} m ({x} × {y} voxels)"
        self.size.setText(f"→ {size}{self._time()}")
        self.reset.setEnabled(not extension.is_nothing)
        self.snap.choose(self._plan.by_tiles)

    def _time(self) -> str:
        plan, scene = self._plan, self._studio.document.scene
        if plan.extension.is_nothing or plan.offer().reason:
            return ""
        at = (plan.extension.west, plan.extension.south)
        request = OutpaintRequest(scene, plan.extension.size(scene), Sampling(), at, plan.overlap)
        return _time_of(request, plan.options.variants, self._studio, self._pace)

    def _store(self) -> None:
        """Take what was typed, up to whole cells of the model."""
        cell = self._plan.card.cell if self._plan.card else 16
        self._plan.extend(Extension(**{side: -(-f.value() // cell) * cell for side, f in self.sides.items()}))


class ContextOptions(QWidget):
    """What is looked at round a mask, and what that means in metres and seconds."""

    def __init__(self, studio: Studio, pace: Pace) -> None:
        super().__init__()
        self._studio, self._plan, self._pace = studio, studio.plan, pace
        self.choice = Segments([(value, words) for value, words, _ in _CONTEXTS], "context")
        for value, _, tip in _CONTEXTS:
            self.choice.part(value).setToolTip(tip)
        self.words = label("", "")
        self.setLayout(row(label("Looks at"), self.choice, self.words, 1, spacing=10))
        self.choice.chosen.connect(self._choose)
        self._plan.changed.connect(self.refresh)
        pace.changed.connect(self.refresh)

    def showEvent(self, event: QShowEvent) -> None:
        self.refresh()

    def refresh(self) -> None:
        """Show what is looked at now, where anybody sees it: it is worked out from the mask."""
        if not self.isVisible():
            return
        plan, scene = self._plan, self._studio.document.scene
        self.choice.choose(plan.options.context)
        reach, mask = plan.reach(), self._studio.document.mask
        if reach is None or mask.is_empty:
            self.words.setText("Nothing is masked: paint a mask, or drag an arrow to set the box beforehand")
            return
        x, y, _ = reach.context.clip(scene.box).shape
        sizes = scene.grid.voxel_size
        request = InpaintRequest(scene, mask, Sampling(), context=plan.context)
        time = _time_of(request, plan.options.variants, self._studio, self._pace)
        self.words.setText(f"{x * sizes[0]:.1f} × {y * sizes[1]:.1f} m ({x} × {y} voxels){time}")

    def _choose(self, context: Context) -> None:
        """Look round the mask in another way; a box begins with what is looked at now."""
        reach = self._plan.reach()
        if context == "box" and self._plan.box is None:
            scene = self._studio.document.scene
            self._plan.look_at((reach.context if reach is not None else scene.box).clip(scene.box))
        else:
            self._plan.set(context=context)


def _time_of(
    request: GenerateRequest | InpaintRequest | OutpaintRequest, variants: int, studio: Studio, pace: Pace
) -> str:
    """Say how long a request takes, as far as that was timed; an empty string where it was not."""
    card = studio.plan.card
    if card is None:
        return ""
    try:
        seconds = pace.seconds(work_of(request, card), studio.plan.options.sampling(0))
    except ScenewrightError:
        return ""  # the Generate button says what is wrong
    return "" if seconds is None else f" · about {seconds * variants:.1f} s"


def _number(text: str) -> float | None:
    value, is_number = QLocale.c().toDouble(text.replace("m", "").replace(",", ".").strip())
    return value if is_number and value >= 0 else None

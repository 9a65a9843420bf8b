"""The rows of the settings dialog, page by page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QAbstractSpinBox, QCheckBox, QComboBox, QDoubleSpinBox, QSpinBox, QWidget

from editor.settings import history_folder, home, recovery_folder
from editor.ui.engine_care import DEVICES
from editor.ui.preferences import Preferences
from editor.ui.widgets import Segments, SliderBox, button, column, label, row
from engine.resources import user_data

_CONTROL_WIDTH = 230


class Row(QWidget):
    """One setting: title and hint at the left, what changes it at the right.

    Attributes
    ----------
    name
        The setting's name; empty for a row that only does something.
    control
        The widget that shows and changes the value.
    words
        What a search looks through.
    """

    def __init__(self, name: str, title: str, hint: str, control: QWidget, show: Callable[[], None]) -> None:
        super().__init__(objectName=f"setting.{name}")
        self.name, self.control, self._show = name, control, show
        self.words = f"{title} {hint} {name}"
        heading, note = label(title, ""), label(hint, "muted", wrap=True)
        heading.setBuddy(control)
        control.setAccessibleName(title)
        control.setFixedWidth(_CONTROL_WIDTH)
        left = column(heading, note, spacing=2)
        layout = row(spacing=16)
        layout.addLayout(left, 1)
        layout.addWidget(control)
        self.setLayout(layout)
        self.refresh()

    def refresh(self) -> None:
        """Show the value as it is now, without telling anyone."""
        self.control.blockSignals(True)
        try:
            self._show()
        finally:
            self.control.blockSignals(False)


def _check(p: Preferences, name: str, title: str, hint: str) -> Row:
    box = QCheckBox("On")
    box.toggled.connect(lambda on: p.set(name, on))
    return Row(name, title, hint, box, lambda: box.setChecked(p.get(name)))


def _number(p: Preferences, name: str, title: str, hint: str, field: QSpinBox | QDoubleSpinBox) -> Row:
    field.setAlignment(Qt.AlignmentFlag.AlignRight)
    field.setKeyboardTracking(False)  # a half-typed number is not meant
    field.setStepType(QAbstractSpinBox.StepType.AdaptiveDecimalStepType)
    field.valueChanged.connect(lambda value: p.set(name, value))
    return Row(name, title, hint, field, lambda: field.setValue(p.get(name)))


def _choice(p: Preferences, name: str, title: str, hint: str, options: Callable[[], Mapping[Any, str]]) -> Row:
    box = QComboBox()

    def fill() -> None:
        box.clear()
        for value, words in options().items():
            box.addItem(words, value)
        box.setCurrentIndex(box.findData(p.get(name)))

    box.activated.connect(lambda _place: p.set(name, box.currentData()))
    return Row(name, title, hint, box, fill)


def _segments(p: Preferences, name: str, title: str, hint: str, options: Mapping[str, str]) -> Row:
    part = Segments(list(options.items()), f"setting.{name}")
    part.chosen.connect(lambda value: p.set(name, value))
    return Row(name, title, hint, part, lambda: part.choose(p.get(name)))


def _deed(title: str, hint: str, words: str, deed: Callable[[], object], name: str = "") -> Row:
    return Row(name, title, hint, button(words, "", deed), lambda: None)


def _spin(low: int, high: int, suffix: str = "", zero: str = "") -> QSpinBox:
    field = QSpinBox()
    field.setRange(low, high)
    field.setSuffix(suffix)
    field.setSpecialValueText(zero)
    return field


def general(p: Preferences) -> list[Row]:
    """What happens at the start and by itself."""
    minutes = QDoubleSpinBox()
    minutes.setRange(0, 120)
    minutes.setDecimals(1)
    minutes.setSuffix(" min")
    minutes.setSpecialValueText("Never")
    return [
        _check(p, "start_page", "Start page", "Shown at the start: samples, recent files and the tour."),
        _number(
            p,
            "autosave_minutes",
            "Autosave every",
            "A copy of unsaved work in a side file, for the case of a crash. Your own file is never overwritten.",
            minutes,
        ),
        _deed(
            "Layout of the window",
            "Puts all docks and bars back.",
            "Reset layout",
            lambda: p.window.trigger("view.reset_layout"),
        ),
    ]


def history(p: Preferences) -> list[Row]:
    """How much can be undone."""
    hint = "Memory for undo. Older steps wait on the disk, and are forgotten only when that is full."
    kept = "Memory for variants that were made. The oldest are forgotten first, favourites never."
    return [
        _number(p, "history_mb", "Undo memory", hint, _spin(16, 65536, " MB")),
        _number(p, "candidates_mb", "Candidates", kept, _spin(16, 65536, " MB")),
    ]


def previews(p: Preferences) -> list[Row]:
    """What is shown while a scene forms."""
    hint = "Shows the scene while it forms. Auto leaves out frames that would cost more than 15 % of a step."
    return [
        _segments(p, "preview", "Previews", hint, {"off": "Off", "auto": "Auto", "every": "Every step"}),
        _opacity(p),
    ]


def _opacity(p: Preferences) -> Row:
    slider = SliderBox(0.0, 1.0, decimals=2)
    slider.changed.connect(lambda value: p.set("mask_opacity", value))
    title, hint = "Mask opacity", "How strongly masked voxels are marked."
    return Row("mask_opacity", title, hint, slider, lambda: slider.show_value(p.get("mask_opacity")))


def engine(p: Preferences) -> list[Row]:
    """Where and with what scenes are made."""
    return [
        _choice(
            p,
            "device",
            "Device",
            "Automatic takes a GPU where there is one. Also behind the chip in the status bar.",
            lambda: DEVICES,
        ),
        _number(
            p,
            "threads",
            "Threads on the CPU",
            "The same seed gives the same scene only with as many threads.",
            _spin(0, 256, zero="Automatic"),
        ),
        _choice(
            p,
            "model",
            "Model",
            "Used for the next run, and at the next start.",
            lambda: {card.name: f"{card.name} – {card.title}" for card in p.window.studio.plan.cards},
        ),
        _deed(
            "Install a model",
            "From a folder on this machine; its weights are checked first.",
            "Locate…",
            lambda: p.window.trigger("engine.locate"),
        ),
        _deed(
            "Memory",
            "Unloads all models; the next run loads what it needs.",
            "Free memory",
            lambda: p.window.trigger("engine.free"),
        ),
    ]


def appearance(p: Preferences) -> list[Row]:
    """Colours and sizes."""
    scale = QDoubleSpinBox()
    scale.setRange(0.5, 3.0)
    scale.setPrefix("× ")
    return [
        _segments(
            p,
            "theme",
            "Theme",
            "System follows the desktop, also when it changes.",
            {"system": "System", "dark": "Dark", "light": "Light"},
        ),
        _choice(
            p,
            "palette",
            "Class colours",
            "“colour-blind” keeps the frequent classes apart for eyes that do not tell red from green.",
            lambda: {n: n for n in p.window.studio.document.classes.space.palettes},
        ),
        _number(
            p,
            "ui_scale",
            "Interface scale",
            "Over what the screen asks for. The one setting that waits for the next start.",
            scale,
        ),
    ]


def folders(p: Preferences) -> list[Row]:
    """Where things lie."""
    places = {
        "Settings and log": home(),
        "Autosaves": recovery_folder(),
        "Old undo steps": history_folder(),
        "Your models": user_data("models"),
    }
    return [_deed(title, str(place), "Open folder", lambda f=place: open_folder(f)) for title, place in places.items()]


def open_folder(folder: Path) -> bool:
    """Show a folder in the system's file manager, made where it is not there yet."""
    folder.mkdir(parents=True, exist_ok=True)
    return QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))


PAGES: dict[str, Callable[[Preferences], list[Row]]] = {
    "General": general,
    "Appearance": appearance,
    "Previews": previews,
    "History": history,
    "Engine": engine,
    "Folders": folders,
}

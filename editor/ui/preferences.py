"""What can be adjusted: every value takes effect at once and is written down at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from psygnal import Signal

from editor.model.history import MEGABYTE
from editor.settings import problem
from editor.ui.keymap import KeyMap

if TYPE_CHECKING:
    from editor.ui.window import MainWindow


class Preferences:
    """The adjustable settings of one window, by their names in `Settings`.

    Attributes
    ----------
    keys
        The keys of all actions, which the same dialog changes.
    """

    changed = Signal(str)

    def __init__(self, window: MainWindow, keys: KeyMap) -> None:
        self.window, self.keys = window, keys
        keys.changed.connect(self._write)
        self._effects: dict[str, Callable[[Any], object]] = {
            "theme": window.use_theme,
            "palette": lambda name: window.studio.document.classes.use_palette(name),
            "mask_opacity": self._use_mask_opacity,
            "autosave_minutes": lambda minutes: window.keeping.set_minutes(minutes),
            "history_mb": self._use_history,
            "candidates_mb": window.studio.gallery.use_budget,
            "preview": lambda value: window.studio.plan.set(preview=value),
            "model": lambda name: window.studio.plan.set(model=name),
            "device": lambda name: window.commands.engine.use_device(name),
            "threads": lambda _count: window.commands.engine.use_device(window.settings.device),
        }

    def get(self, name: str) -> Any:
        """Give a value as it is in use now."""
        if name in ("preview", "model"):
            return getattr(self.window.studio.plan.options, name)
        if name == "palette":
            return self.window.studio.document.classes.palette
        return getattr(self.window.settings, name)

    def set(self, name: str, value: Any) -> None:
        """Use a value from now on and write it down; raises `ValueError` for one that cannot be used."""
        trouble = problem(name, value)
        if trouble:
            raise ValueError(f"{name}: {trouble}")
        if value == self.get(name) and value == getattr(self.window.settings, name):
            return
        setattr(self.window.settings, name, value)
        if name in self._effects:
            self._effects[name](value)
        self._write()
        self.changed.emit(name)

    def _use_mask_opacity(self, opacity: float) -> None:
        self.window.docks.mask.opacity.show_value(opacity)
        self.window.canvas.set_mask_opacity(opacity)

    def _use_history(self, megabytes: int) -> None:
        self.window.studio.document.history.budget = megabytes * MEGABYTE

    def _write(self) -> None:
        self.window.write_settings()

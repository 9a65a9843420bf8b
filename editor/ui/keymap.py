"""Which keys do what: presets, the user's own choices over them, and who gives way where two want the same key."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from psygnal import Signal
from PySide6.QtGui import QKeySequence

from editor.settings import Settings
from editor.ui.action_table import ACTIONS, MENUS
from editor.ui.key_presets import PRESETS

_HELD = {"Space": "moves the view while it is held", "`": "compares while it is held"}
_MENU_LETTERS = {f"Alt+{title[title.index('&') + 1].upper()}": title.replace("&", "") for title, _ in MENUS}


def canonical(key: str) -> str:
    """Write a key the one way that is compared and stored (`Ctrl+Shift+Z`); empty where it is none."""
    return QKeySequence(key).toString(QKeySequence.SequenceFormat.PortableText)


def native(key: str) -> str:
    """Write a key as this system's menus do."""
    return QKeySequence(key).toString(QKeySequence.SequenceFormat.NativeText)


def fixed_use(key: str) -> str:
    """Say what a key is for that no action can have; an empty string for all others."""
    if key in _HELD:
        return f"{native(key)} {_HELD[key]}"
    if key in _MENU_LETTERS:
        return f"{native(key)} opens the menu {_MENU_LETTERS[key]}"
    return ""


class KeyMap:
    """The keys of all actions.

    An action's own keys come first, then those of the preset, then those of the table; whoever comes later goes
    without a key that is taken. So a key given to one action is lost by the other, and comes back with a reset.

    Parameters
    ----------
    settings
        Where preset and own keys are kept.
    """

    changed = Signal()

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._keys = self._resolve()

    @property
    def preset(self) -> str:
        """Name of the preset; one that is unknown counts as `default`."""
        return self._settings.key_preset if self._settings.key_preset in PRESETS else "default"

    def keys_of(self, name: str) -> tuple[str, ...]:
        """Give the keys of an action, the first for menus and tips."""
        return self._keys[name]

    def is_own(self, name: str) -> bool:
        """Tell whether the user chose the keys of an action."""
        return name in self._settings.keys

    def holder(self, key: str, besides: str = "") -> str | None:
        """Find the action that has a key, leaving one out."""
        return next((n for n, keys in self._keys.items() if canonical(key) in keys and n != besides), None)

    def assign(self, name: str, keys: Sequence[str]) -> None:
        """Give an action its own keys, perhaps none; whoever has one of them loses it.

        Raises `ValueError` for a key with a fixed use.
        """
        wanted = [c for k in keys if (c := canonical(k))]
        for key in wanted:
            if use := fixed_use(key):
                raise ValueError(f"{use}, so no action can have it; take another key")
        self._settings.keys[name] = list(dict.fromkeys(wanted))
        self._tell()

    def reset(self, name: str) -> None:
        """Go back to the preset's keys of one action."""
        if self._settings.keys.pop(name, None) is not None:
            self._tell()

    def reset_all(self) -> None:
        """Go back to the preset's keys of all actions."""
        self._settings.keys.clear()
        self._tell()

    def use_preset(self, name: str) -> None:
        """Take another preset; own keys stay."""
        self._settings.key_preset = name
        self._tell()

    def _tell(self) -> None:
        self._keys = self._resolve()
        self.changed.emit()

    def _resolve(self) -> dict[str, tuple[str, ...]]:
        table = {spec.id: spec.shortcuts for spec in ACTIONS}
        sources: list[Mapping[str, Sequence[str]]] = [self._settings.keys, PRESETS[self.preset], table]
        found: dict[str, tuple[str, ...]] = {}
        taken: set[str] = set()
        for source in sources:
            for name in table:
                if name in source and name not in found:
                    wanted = (canonical(k) for k in source[name])
                    found[name] = tuple(dict.fromkeys(k for k in wanted if k and k not in taken))
                    taken.update(found[name])
        return found


KeysOf = Callable[[str], tuple[str, ...]]

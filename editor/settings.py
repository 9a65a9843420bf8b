"""What the editor remembers between two starts: one dataclass with defaults, kept in one JSON file."""

from __future__ import annotations

import json
import os
import re
import shutil
import typing
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from platformdirs import user_cache_path, user_config_path, user_data_path

HOME_VARIABLE = "SCENEWRIGHT_HOME"
"""Environment variable that moves settings, logs, autosaves and old steps to a folder of one's own."""


@dataclass
class Settings:
    """Preferences and the last used values."""

    theme: str = "dark"
    palette: str = ""
    history_mb: int = 1024
    candidates_mb: int = 256
    autosave_minutes: float = 1.0
    start_page: bool = True
    recent_files: list[str] = field(default_factory=list)
    last_folder: str = ""
    brush_radius: int = 6
    brush_depth: int = 3
    brush_mode: str = "volume"
    brush_tip: str = "ball"
    pen_radius: int = 2
    pen_depth: int = 1
    pen_mode: str = "volume"
    pen_tip: str = "ball"
    spread: str = "faces"
    limit: int = 0
    outline: str = "lasso"
    mask_opacity: float = 0.7
    model: str = "city"
    steps: int = 12
    sampler: str = "dpmpp-2m"
    guidance: float = 1.0
    strength: float = 1.0
    variants: int = 1
    preview: str = "auto"
    device: str = "auto"
    window_geometry: str = ""
    window_layout: str = ""
    gliding: bool = True
    """Whether the camera moves smoothly from view to view."""
    ui_scale: float = 1.0
    threads: int = 0
    """Of the engine on the processor; 0 leaves the choice to torch."""
    key_preset: str = "default"
    keys: dict[str, list[str]] = field(default_factory=dict)
    """Action id -> keys of one's own; they go before those of the preset."""
    recent_actions: list[str] = field(default_factory=list)
    scene_seconds: dict[str, float] = field(default_factory=dict)
    """Model and device -> measured seconds for one scene."""

    def remember_file(self, path: Path) -> None:
        """Put a file on top of the recent ones and keep its folder for the next dialog."""
        name = str(path.resolve())
        self.recent_files = [name, *(f for f in self.recent_files if f != name)][:10]
        self.last_folder = str(path.resolve().parent)

    def forget_files(self) -> None:
        """Clear the list of recent files."""
        self.recent_files = []


def home() -> Path:
    """Find the folder of settings and logs; it may not exist yet."""
    return _moved() or user_config_path("scenewright", appauthor=False)


def recovery_folder() -> Path:
    """Find where autosaves lie; it may not exist yet."""
    return (_moved() or user_data_path("scenewright", appauthor=False)) / "recovery"


def history_folder() -> Path:
    """Find where old steps of the history wait; it may not exist yet."""
    return (_moved() or user_cache_path("scenewright", appauthor=False)) / "history"


def _moved() -> Path | None:
    moved = os.environ.get(HOME_VARIABLE)
    return Path(moved) if moved else None


@dataclass
class SettingsFile:
    """Reads and writes `settings.json`; never stands in the way of a start."""

    path: Path = field(default_factory=lambda: home() / "settings.json")
    _strange: dict[str, Any] = field(default_factory=dict, repr=False)
    """Entries that this version does not know; written back as they are."""

    def load(self) -> tuple[Settings, str | None]:
        """Read the settings; where that fails, give defaults and one line that says so.

        A broken file is kept as `settings.json.bad`, as is one with values of a wrong kind or out of range, which are
        replaced by defaults. Unknown entries are kept.
        """
        if not self.path.exists():
            return Settings(), None
        try:
            data = json.loads(self.path.read_text(encoding="utf-8"))
            if not isinstance(data, dict):
                raise ValueError(f"holds a {type(data).__name__}, not an object")
        except (OSError, ValueError) as error:
            return Settings(), self._put_aside(error)
        settings, skipped = _fill(data)
        self._strange = {name: value for name, value in data.items() if name not in asdict(settings)}
        return settings, self._put_copy_aside(skipped) if skipped else None

    def save(self, settings: Settings) -> None:
        """Write all settings; the file holds the old or the new ones, never half of them."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self.path.with_suffix(".json.new")
        fresh.write_text(json.dumps(self._strange | asdict(settings), indent=1), encoding="utf-8")
        os.replace(fresh, self.path)

    def _put_copy_aside(self, skipped: list[str]) -> str:
        kept, told = self.path.with_suffix(".json.bad"), f"Settings of no use were replaced: {', '.join(skipped)}"
        try:
            shutil.copyfile(self.path, kept)
        except OSError as error:
            return f"{told}; the old file could not be copied ({error})."
        return f"{told}; the old file is kept as {kept}."

    def _put_aside(self, error: Exception) -> str:
        kept = self.path.with_suffix(".json.bad")
        try:
            os.replace(self.path, kept)
        except OSError as trouble:
            return f"Settings in {self.path} cannot be read ({error}) nor moved ({trouble}); using defaults."
        return f"Settings could not be read ({error}); using defaults, the old file is kept as {kept}."


_RANGES: dict[str, tuple[float, float]] = {
    "history_mb": (16, 65536),
    "candidates_mb": (16, 65536),
    "autosave_minutes": (0, 120),
    "ui_scale": (0.5, 3),
    "threads": (0, 256),
    "steps": (1, 1000),
    "guidance": (0, 50),
    "strength": (0.01, 1),
    "variants": (1, 64),
    "brush_radius": (0, 64),
    "pen_radius": (0, 64),
    "brush_depth": (1, 64),
    "pen_depth": (1, 64),
    "mask_opacity": (0, 1),
}
_PATTERNS = {"theme": "system|dark|light", "preview": "off|auto|every", "device": r"auto|cpu|mps|cuda(:\d+)?"}


def problem(name: str, value: Any) -> str:
    """Say what is wrong with a value for a setting; an empty string where it can be used."""
    if not _fits(value, typing.get_type_hints(Settings)[name]):
        return f"{value!r} is of a wrong kind"
    low, high = _RANGES.get(name, (None, None))
    if low is not None and high is not None and not low <= value <= high:
        return f"{value} is outside {low:g} to {high:g}"
    pattern = _PATTERNS.get(name)
    if pattern is not None and not re.fullmatch(pattern, value):
        return f"{value!r} is none of {pattern}"
    return ""


def _fill(data: dict[str, Any]) -> tuple[Settings, list[str]]:
    settings, skipped = Settings(), []
    for f in fields(Settings):
        if f.name not in data:
            continue
        trouble = problem(f.name, data[f.name])
        if trouble:
            skipped.append(f"{f.name} ({trouble})")
        else:
            setattr(settings, f.name, data[f.name])
    return settings, skipped


def _fits(value: Any, kind: Any) -> bool:
    if typing.get_origin(kind) is list:
        return isinstance(value, list) and all(_fits(v, typing.get_args(kind)[0]) for v in value)
    if typing.get_origin(kind) is dict:
        return isinstance(value, dict) and all(_fits(v, typing.get_args(kind)[1]) for v in value.values())
    if kind is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    return isinstance(value, kind) and (kind is bool or not isinstance(value, bool))

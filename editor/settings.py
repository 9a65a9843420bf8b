"""What the editor remembers between two starts: one dataclass with defaults, kept in one JSON file."""

from __future__ import annotations

import json
import os
import types
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

    def load(self) -> tuple[Settings, str | None]:
        """Read the settings; where that fails, give defaults and one line that says so.

        A broken file is kept aside as `settings.json.bad`. Unknown keys and values of a wrong type are skipped.
        """
        if not self.path.exists():
            return Settings(), None
        try:
            data = json.loads(self.path.read_text(encoding="utf-8"))
            if not isinstance(data, dict):
                raise ValueError(f"holds a {type(data).__name__}, not an object")
        except (OSError, ValueError) as error:
            return Settings(), self._put_aside(error)
        return _fill(data)

    def save(self, settings: Settings) -> None:
        """Write all settings; the file holds the old or the new ones, never half of them."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self.path.with_suffix(".json.new")
        fresh.write_text(json.dumps(asdict(settings), indent=1), encoding="utf-8")
        os.replace(fresh, self.path)

    def _put_aside(self, error: Exception) -> str:
        kept = self.path.with_suffix(".json.bad")
        try:
            os.replace(self.path, kept)
        except OSError as trouble:
            return f"Settings in {self.path} cannot be read ({error}) nor moved ({trouble}); using defaults."
        return f"Settings could not be read ({error}); using defaults, the old file is kept as {kept}."


def _fill(data: dict[str, Any]) -> tuple[Settings, str | None]:
    settings, skipped = Settings(), []
    hints = typing.get_type_hints(Settings)
    for f in fields(Settings):
        if f.name not in data:
            continue
        if _fits(data[f.name], hints[f.name]):
            setattr(settings, f.name, data[f.name])
        else:
            skipped.append(f.name)
    message = f"Settings of a wrong kind were skipped: {', '.join(skipped)}." if skipped else None
    return settings, message


def _fits(value: Any, kind: Any) -> bool:
    if isinstance(kind, types.GenericAlias):
        return isinstance(value, list) and all(isinstance(v, str) for v in value)
    if kind is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    return isinstance(value, kind) and (kind is bool or not isinstance(value, bool))

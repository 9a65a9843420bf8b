"""Where shipped files and the user's own files lie."""

from __future__ import annotations

from pathlib import Path

from platformdirs import user_data_path

_PACKAGE = Path(__file__).resolve().parent


def shipped(*parts: str) -> Path:
    """Find a shipped file or folder, in a checkout (`assets/`) as in an installation (`engine/assets/`)."""
    installed = _PACKAGE / "assets"
    root = installed if installed.is_dir() else _PACKAGE.parent / "assets"
    return root.joinpath(*parts)


def user_data(*parts: str) -> Path:
    """Find the user's own models, settings and recovery files; the folder may not exist yet."""
    return user_data_path("scenewright", appauthor=False).joinpath(*parts)

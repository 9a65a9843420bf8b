"""One file for whoever mends the editor: log, settings and facts, nothing of the scene. It stays on this machine."""

from __future__ import annotations

import json
import platform
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import psutil

from editor.model.jobs import Failure

_PACKAGES = ("scenewright", "torch", "numpy", "PySide6-Essentials", "vispy", "PyOpenGL", "pyqtgraph", "zarr")


@dataclass(frozen=True)
class Facts:
    """What the editor was doing, in words."""

    scene: str
    options: str
    jobs: tuple[str, ...]
    device: str
    failure: Failure | None = None


def write_diagnostics(path: Path, facts: Facts, logs: Sequence[Path], settings: Path) -> None:
    """Write a zip archive with the facts, the log files and the settings; raises `OSError`.

    Names of recent files are left out, as they may tell more than the user wants to.
    """
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("facts.json", json.dumps(_machine() | _doing(facts), indent=1))
        if facts.failure is not None:
            archive.writestr("failure.txt", f"{facts.failure.message}\n\n{facts.failure.details}")
        for file in logs:
            archive.write(file, f"log/{file.name}")
        if settings.is_file():
            archive.writestr("settings.json", _without_names(settings.read_text(encoding="utf-8")))


def _machine() -> dict[str, object]:
    memory = psutil.virtual_memory()
    return {
        "system": platform.platform(),
        "python": platform.python_version(),
        "processor": platform.processor() or platform.machine(),
        "cores": psutil.cpu_count(),
        "memory_gb": [round(memory.available / 1e9, 2), round(memory.total / 1e9, 2)],
        "packages": {name: _version(name) for name in _PACKAGES},
    }


def _doing(facts: Facts) -> dict[str, object]:
    return {"scene": facts.scene, "options": facts.options, "jobs": list(facts.jobs), "device": facts.device}


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _without_names(text: str) -> str:
    try:
        data = json.loads(text)
    except ValueError:
        return text
    hidden = ("recent_files", "last_folder")
    return json.dumps({name: value for name, value in data.items() if name not in hidden}, indent=1)

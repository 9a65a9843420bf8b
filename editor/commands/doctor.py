"""`scenewright doctor`: what works on this machine, and what to do about the rest."""

from __future__ import annotations

import json
import platform
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import click

from editor.commands.display import ask_window_program, has_display
from engine.errors import ScenewrightError

PACKAGES = ("scenewright", "torch", "numpy", "scipy", "PySide6-Essentials", "vispy", "PyOpenGL", "trimesh", "zarr")
LEAST_MEMORY_GB = 2.0
LEAST_DISK_GB = 1.0
LEAST_3D_TEXTURE = 512


@dataclass(frozen=True)
class Check:
    """One thing that was looked at; `advice` says what to do where it is not well."""

    name: str
    ok: bool
    found: str
    advice: str = ""
    details: dict[str, Any] = field(default_factory=dict)


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on standard output.")
def doctor(as_json: bool) -> None:
    """Look what works on this machine, and what to do."""
    checks = list(examine())
    if as_json:
        checks_json = [asdict(c) for c in checks]
        click.echo(json.dumps({"command": "doctor", "ok": all(c.ok for c in checks), "checks": checks_json}))
        return
    for check in checks:
        click.echo(f"{'ok ' if check.ok else '!! '} {check.name:<10} {check.found}")
        if check.advice:
            click.echo(f"{'':14} {check.advice}")


def examine() -> Iterator[Check]:
    """Look at everything, one `Check` each; whatever fails is a finding, not the end."""
    for look in (_versions, _torch, _opengl, _weights, _machine):
        yield from _guarded(look)


def _guarded(look: Callable[[], Iterator[Check]]) -> Iterator[Check]:
    try:
        yield from look()
    except (ScenewrightError, ImportError, OSError) as error:
        yield Check(
            look.__name__.strip("_"), False, str(error), "mend that and look again; setup.sh installs everything"
        )


def _versions() -> Iterator[Check]:
    found: dict[str, str] = {"python": platform.python_version()}
    missing = []
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            missing.append(package)
    advice = f"pip install {' '.join(missing)}" if missing else ""
    yield Check("versions", not missing, ", ".join(f"{n} {v}" for n, v in found.items()), advice, found)


def _torch() -> Iterator[Check]:
    import torch

    devices = {"cpu": f"{torch.get_num_threads()} threads"}
    for i in range(torch.cuda.device_count()):
        devices[f"cuda:{i}"] = torch.cuda.get_device_name(i)
    if torch.backends.mps.is_available():
        devices["mps"] = platform.processor()
    total = float((torch.ones(64, 64) @ torch.ones(64, 64)).sum())
    ok = total == 64.0**3
    found = f"{torch.__version__} on " + ", ".join(f"{name} ({what})" for name, what in devices.items())
    yield Check("torch", ok, found, "" if ok else f"a product came out as {total}; install torch again", devices)


def _opengl() -> Iterator[Check]:
    facts = ask_window_program("editor.viewport.opengl", timeout=60)
    if "error" in facts:
        yield Check(
            "opengl", False, facts["error"], "install an OpenGL driver (Debian: libgl1-mesa-dri libgl1 libegl1)"
        )
        return
    ok = facts["largest_3d_texture"] >= LEAST_3D_TEXTURE
    where = "" if has_display() else ", on a virtual display (there is no real one: the editor cannot open here)"
    found = f"{facts['renderer']}, {facts['version']}, 3D textures to {facts['largest_3d_texture']}{where}"
    yield Check(
        "opengl", ok, found, "" if ok else f"3D textures of {LEAST_3D_TEXTURE} are needed; update the driver", facts
    )


def _weights() -> Iterator[Check]:
    from engine.models.cards import list_models

    cards = list_models()
    if not cards:
        yield Check("weights", False, "no model is installed", "install Scenewright again, or train one (README)")
    for card in cards:
        try:
            card.verify()
        except ScenewrightError as error:
            yield Check("weights", False, str(error), "install Scenewright again")
        else:
            found = f"{card.name}: {card.title}, {card.folder}, sha256 {card.sha256[:12]}"
            yield Check("weights", True, found, "", {"name": card.name, "sha256": card.sha256})


def _machine() -> Iterator[Check]:
    import psutil

    from engine.resources import user_data

    memory = psutil.virtual_memory()
    free = memory.available / 1e9
    advice = "" if free >= LEAST_MEMORY_GB else f"close something; {LEAST_MEMORY_GB:g} GB are wanted"
    found = f"{psutil.cpu_count()} cores, {free:.1f} of {memory.total / 1e9:.1f} GB memory free, {platform.platform()}"
    yield Check("machine", not advice, found, advice)
    folder = user_data()
    place = next(p for p in (folder, *folder.parents) if p.exists())
    disk = shutil.disk_usage(place).free / 1e9
    advice = "" if disk >= LEAST_DISK_GB else f"free some; {LEAST_DISK_GB:g} GB are wanted"
    yield Check("disk", not advice, f"{disk:.1f} GB free for {folder}", advice, {"python": sys.executable})

"""Running a program of ours where a window can open: on the display there is, or on a virtual one."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from typing import Any

from engine.errors import DeviceError

_SCREEN = "-screen 0 1400x900x24 +extension GLX"  # Qt's `offscreen` platform cannot draw OpenGL


def has_display() -> bool:
    """Tell whether a window could appear here."""
    if not sys.platform.startswith("linux"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def require_display() -> None:
    """Raise `DeviceError` where a window could not appear; Qt would end the process with a core dump instead."""
    if not has_display():
        raise DeviceError(
            "no display is set (DISPLAY, WAYLAND_DISPLAY), so no window can open; start it in a desktop session or "
            "under xvfb-run, or use the commands that need none (scenewright --help)"
        )


def ask_window_program(module: str, timeout: float) -> dict[str, Any]:
    """Run `python -m module` where it can open a window and give the JSON object that it prints last.

    Raises `DeviceError` with the reason where there is no display, not even a virtual one, or the program fails.
    """
    command, environment = [sys.executable, "-m", module], dict(os.environ)
    if not has_display():
        xvfb = shutil.which("xvfb-run")
        if xvfb is None:
            raise DeviceError("no display and no xvfb-run to make a virtual one; install xvfb and xauth")
        command = [xvfb, "-a", "-s", _SCREEN, *command]
        environment["QT_QPA_PLATFORM"] = "xcb"
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, env=environment, check=False)
    except subprocess.TimeoutExpired as error:
        raise DeviceError(f"{module} gave no answer in {timeout:g} s; check the OpenGL driver") from error
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode or not lines:
        said = (done.stderr or done.stdout).strip().splitlines() or [f"exit code {done.returncode}"]
        raise DeviceError(f"{module} failed ({said[-1]}); check the display and the OpenGL driver")
    answer: dict[str, Any] = json.loads(lines[-1])
    return answer

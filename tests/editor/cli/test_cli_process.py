from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cli_support import Run, report_of


def program(*arguments: object, **options: Any) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "editor.cli", *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)


def wait_for_progress(process: subprocess.Popen[str]) -> None:
    """Read standard error until the bar shows that the run is under way."""
    assert process.stderr is not None
    said = ""
    while not re.search(r"[1-9]/\d+ ", said):
        assert process.poll() is None, said
        said += process.stderr.read(20)


def test_help_lists_the_commands_without_torch_qt_or_numpy() -> None:
    code = """
import sys
from editor.cli import main
main(["--help"])
print(sorted({"torch", "PySide6", "numpy"} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
    for name in [
        "open",
        "generate",
        "inpaint",
        "outpaint",
        "convert",
        "render",
        "info",
        "worlds",
        "train",
        "evaluate",
        "bench",
        "doctor",
    ]:
        assert f"\n  {name} " in done.stdout


def test_without_a_display_the_editor_says_so() -> None:
    environment = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY")}
    process = program(env=environment)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (2, "")
    assert err.startswith("scenewright: no display")
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_gives_130_and_leaves_nothing_behind(model: Path, tmp_path: Path, number: signal.Signals) -> None:
    out = tmp_path / "a.scw"
    deaf = {"preexec_fn": lambda: signal.signal(signal.SIGINT, signal.SIG_IGN)}  # as a shell's `&` starts it
    words = ("generate", "--model", model, "--out", out, "--steps", 1000, "--size", 256, 256, "--seed", 1)
    process = program(*words, **deaf)
    try:
        wait_for_progress(process)
        process.send_signal(number)
        _, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130
    assert "Traceback" not in err
    assert err.rstrip().splitlines()[-1].endswith("scenewright: interrupted; nothing half-written is left")
    assert list(tmp_path.iterdir()) == []


def test_doctor_finds_torch_and_counts_what_is_wrong(run: Run) -> None:
    report = report_of(run("doctor", "--json"))
    checks = {c["name"]: c for c in report["checks"]}
    assert set(checks) >= {"versions", "torch", "opengl", "weights", "machine", "disk"}
    assert checks["torch"]["ok"]
    assert "cpu" in checks["torch"]["details"]
    assert report["ok"] == all(c["ok"] for c in report["checks"])
    assert all(c["advice"] for c in report["checks"] if not c["ok"])

"""`scenewright bench`."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click
from tqdm import tqdm

from editor.commands.display import ask_window_program
from engine.errors import DeviceError, SamplingError

if TYPE_CHECKING:
    from engine.benchmarks import Measurement

HELP_RUNS = 5
WINDOW_CASES = (
    ("start_s", "start", "editor from start to first frame", "s", 1.2),
    ("stroke_ms", "brush", "brush stroke radius 6, event to new picture", "ms", 70.0),
    ("undo_ms", "undo", "undo of an accepted region 128 x 128 x 32", "ms", 50.0),
    ("generate_s", "window-generate", "256 x 256 x 32 in the window, 12 steps, previews", "s", None),
    ("stall_ms", "stall", "longest stall of the window meanwhile", "ms", 150.0),
    ("cancel_ms", "cancel", "cancel to idle, beyond one denoising step", "ms", 100.0),
    ("orbit_ms", "orbit", "picture while orbiting 256 x 256 x 32", "ms", 40.0),
    ("orbit_large_ms", "orbit-large", "picture while orbiting 1792 x 2816 x 32", "ms", 90.0),
    ("preview_ms", "upload", "all voxels new, to new picture", "ms", None),
)
STARTS = 3


@click.command()
@click.option("--model", default="city", show_default=True, metavar="NAME|DIR", help="Model by name, or a folder.")
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda", "mps"]), default="auto", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on standard output.")
def bench(model: str, device: str, as_json: bool) -> None:
    """Measure how fast everything is on this machine."""
    from engine.benchmarks import describe_hardware

    hardware = describe_hardware()
    found = list(tqdm(measure_all(model, device), unit="case", file=sys.stderr, leave=False))
    if as_json:
        cases = [{**asdict(m), "met": m.is_met} for m in found]
        click.echo(
            json.dumps({"command": "bench", "model": model, "device": device, "hardware": hardware, "cases": cases})
        )
        return
    click.echo(", ".join(f"{name} {value}" for name, value in hardware.items()))
    for measurement in found:
        click.echo(_line(measurement))


def measure_all(model: str, device: str) -> Iterator[Measurement]:
    """Run the engine's cases, then those that need processes of their own: commands and the window."""
    from engine.benchmarks import measure_engine

    yield from measure_engine(model, device)
    yield _measure_memory(model, device)
    yield _measure_help()
    yield from _measure_window()


def _measure_memory(model: str, device: str) -> Measurement:
    from engine.benchmarks import Measurement

    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "scene.scw"
        command = ["generate", "--out", str(out), "--seed", "1", "--model", model, "--device", device, "--json"]
        report = json.loads(_run_program(command))
    return Measurement("memory", "peak memory of `scenewright generate`", report["peak_memory_mb"], "MB", 1500)


def _measure_help() -> Measurement:
    from engine.benchmarks import Measurement

    times = []
    for _ in range(HELP_RUNS):
        start = time.perf_counter()
        _run_program(["--help"])
        times.append(time.perf_counter() - start)
    return Measurement("help", "`scenewright --help`", statistics.median(times), "s", 0.3, runs=HELP_RUNS)


def _measure_window() -> Iterator[Measurement]:
    from engine.benchmarks import Measurement

    facts, reason = {}, ""
    try:
        windows = [ask_window_program("editor.commands.window_timing", timeout=300) for _ in range(STARTS)]
        facts = {key: statistics.median(w[key] for w in windows) for key in windows[0]}
        facts |= ask_window_program("editor.viewport.timing", timeout=300)
    except DeviceError as error:
        reason = str(error)
    for key, name, title, unit, limit in WINDOW_CASES:
        yield Measurement(name, title, facts.get(key), unit, limit, skipped=reason)


def _run_program(arguments: list[str]) -> str:
    command = [sys.executable, "-m", "editor.cli", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SamplingError(
            f"`scenewright {' '.join(arguments)}` failed: {done.stderr.strip()}; run it alone to see why"
        )
    return done.stdout


def _line(m: Measurement) -> str:
    if m.value is None:
        return f"-- {m.title:<48} skipped: {m.skipped}"
    mark = {None: "  ", True: "ok", False: "!!"}[m.is_met]
    promise = f"   {'at least' if m.at_least else 'at most'} {m.limit:g} {m.unit}" if m.limit is not None else ""
    return f"{mark} {m.title:<48} {m.value:>9.3g} {m.unit:<3}{promise}"

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

KEYS = {
    "command", "model", "seed", "steps", "sampler", "device", "load_seconds", "seconds", "first_step_seconds",
    "peak_memory_mb", "output", "sha256",
}  # fmt: skip
SHAPE = (96, 64, 32)


Run = Callable[..., tuple[int, str, str]]


def report_of(answer: tuple[int, str, str]) -> dict[str, Any]:
    code, out, err = answer
    assert code == 0, err
    assert len(out.splitlines()) == 1
    return json.loads(out)


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def assert_one_line(answer: tuple[int, str, str], *parts: str) -> None:
    code, out, err = answer
    assert (code, out) == (2, "")
    assert len(err.splitlines()) == 1
    assert err.startswith("scenewright: ")
    for part in parts:
        assert part in err

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from editor.commands.display import ask_window_program, has_display
from engine.errors import DeviceError
from engine.formats.registry import read_scene
from engine.models.cards import list_models

ROOT = Path(__file__).resolve().parents[3]

pytestmark = [
    pytest.mark.window,
    pytest.mark.skipif(not has_display(), reason="no display; run the tests under xvfb-run"),
]


def test_the_opengl_probe_names_the_renderer_and_a_usable_texture_size() -> None:
    facts = ask_window_program("editor.viewport.opengl", timeout=60)
    assert facts["renderer"]
    assert facts["largest_3d_texture"] >= 256


def test_the_real_window_is_timed_from_the_start_of_its_process_to_a_stroke() -> None:
    facts = ask_window_program("editor.commands.window_timing", timeout=240)
    assert 0.1 < facts["start_s"] < 60
    assert 1 < facts["stroke_ms"] < 5000
    assert 1 < facts["undo_ms"] < facts["undo_picture_ms"] < 5000
    assert 0.2 < facts["generate_s"] < 120
    assert 2 < facts["stall_ms"] < 10000
    assert facts["cancel_ms"] < 20000


def test_a_program_that_ends_badly_is_told_in_one_line() -> None:
    with pytest.raises(DeviceError, match=r"editor\.nowhere failed .*check the display"):
        ask_window_program("editor.nowhere", timeout=60)


@pytest.mark.timeout(600)
@pytest.mark.skipif("city" not in [m.name for m in list_models()], reason="the model 'city' is not installed")
def test_the_demo_walks_from_an_empty_scene_to_a_mesh(tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "packaging" / "demo.py"), "--out", str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, capture_output=True, text=True, timeout=580, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    mesh, scene, picture = (Path(line) for line in done.stdout.splitlines())
    assert (mesh.suffix, scene.suffix, picture.suffix) == (".glb", ".scw", ".png")
    assert mesh.read_bytes()[:4] == b"glTF"
    grown = read_scene(scene)
    assert grown.grid.shape[0] > 256
    assert [e["task"] for e in grown.metadata["provenance"]] == ["generate", "inpaint", "outpaint"]
    assert picture.stat().st_size > 50_000

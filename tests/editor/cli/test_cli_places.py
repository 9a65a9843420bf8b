from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pytest
from cli_support import Run, assert_one_line

from engine.formats.registry import read_scene

STREET = """<osm version="0.6">
<node id="1" lat="55.8" lon="38.999"/><node id="2" lat="55.8" lon="39.001"/>
<node id="3" lat="55.8001" lon="39"/><node id="4" lat="55.8001" lon="39.0002"/>
<node id="5" lat="55.8002" lon="39.0001"/>
<way id="1"><nd ref="1"/><nd ref="2"/><tag k="highway" v="residential"/></way>
<way id="2"><nd ref="3"/><nd ref="4"/><nd ref="5"/><nd ref="3"/><tag k="building" v="yes"/></way>
</osm>"""


@pytest.fixture
def street(tmp_path: Path) -> Path:
    path = tmp_path / "street.osm.gz"
    path.write_bytes(gzip.compress(STREET.encode()))
    return path


def test_convert_takes_a_window_out_of_a_map(run: Run, street: Path, tmp_path: Path) -> None:
    code, out, err = run("convert", street, tmp_path / "a.scw", "--center", 55.8, 39.0, "--size", 160, 128)
    assert (code, err) == (0, "")
    assert "160 x 128 x 32" in out
    scene = read_scene(tmp_path / "a.scw")
    labels = scene.read()
    assert (labels[:, 60:68] == 9).any(-1).mean() > 0.9, "the street runs through the middle, from west to east"
    assert set(np.nonzero((labels == 13).any((0, 2)))[0].tolist()) <= set(range(64, 128)), "the house stands north"
    code, out, _ = run("info", tmp_path / "a.scw", "--json")
    facts = json.loads(out)
    assert facts["georeference"] == "EPSG:32637"
    assert facts["provenance"][0]["source"] == "street.osm.gz"
    assert "OpenStreetMap" in facts["provenance"][0]["attribution"]


def test_a_map_is_a_scene_for_every_command(run: Run, street: Path, tmp_path: Path) -> None:
    code, out, _ = run("info", street, "--json")
    assert code == 0
    assert json.loads(out)["shape"] == [512, 512, 32]
    assert run("convert", street, tmp_path / "a.glb", "--size", 64, 80)[0] == 0
    assert (tmp_path / "a.glb").stat().st_size > 1000


def test_bad_windows_give_one_line_and_no_file(run: Run, street: Path, tmp_path: Path) -> None:
    out = tmp_path / "a.scw"
    assert_one_line(run("convert", street, out, "--center", 55.8), "--center")
    assert_one_line(run("convert", street, out, "--center", 12, 39), "maps nothing", "--center between")
    assert_one_line(run("convert", street, out, "--center", 155.8, 39), "latitude")
    assert_one_line(run("convert", street, out, "--size", 8, 8), "64 x 64")
    (tmp_path / "bad.osm").write_text(STREET[:300])
    assert_one_line(run("convert", tmp_path / "bad.osm", out), "bad.osm", "damaged")
    assert not out.exists()


def test_a_window_is_asked_of_maps_only(run: Run, scene_file: Path, tmp_path: Path) -> None:
    assert_one_line(run("convert", scene_file, tmp_path / "a.scw", "--center", 55.8, 39), "no option center")

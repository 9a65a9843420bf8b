"""Damaged, foreign, empty or hostile maps give one line that names the file and says what to do."""

from __future__ import annotations

import gzip
import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from engine.data.places import cityjson_model, osm_xml
from engine.data.places.reader import register_places
from engine.errors import FormatError, RequestError
from engine.formats.registry import read_scene, reader_names
from tests.engine.places_maps import LAT, LON, OsmMap, quarter, town

TOWN = town().text()
LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "lol">'
    + "".join(f'<!ENTITY {x} "{f"&{y};" * 10}">' for x, y in zip("bcdefghi", "abcdefgh", strict=True))
    + ']><osm version="0.6"><node id="1" lat="1" lon="1"><tag k="a" v="&i;"/></node></osm>'
)
OUTSIDE = '<!DOCTYPE osm SYSTEM "file:///etc/passwd"><osm version="0.6"></osm>'


@pytest.fixture(autouse=True)
def _readers() -> None:
    register_places()


def refuse(path: Path, *parts: str, **options: Any) -> FormatError:
    with pytest.raises(FormatError) as caught:
        read_scene(path, **options)
    message = str(caught.value)
    assert message.startswith(str(path))
    assert len(message.splitlines()) == 1
    assert len(message) < 400 + len(str(path))
    for part in parts:
        assert part in message
    return caught.value


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (TOWN[: len(TOWN) // 2], ["damaged XML", "download it again"]),
        (TOWN.replace("</way>", "</wey>", 1), ["damaged XML", "mismatched"]),
        (LAUGHS, ["document type 'lolz'"]),
        (OUTSIDE, ["document type 'osm'"]),
        ("<gpx><osm/></gpx>", ["root is <gpx>, not <osm>"]),
        ('<osm version="0.6"></osm>', ["holds no node", "choose an extract"]),
        ('<osm><node id="1" lat="1" lon="2"/></osm>', ["maps no street, building or ground (1 nodes, 0 ways)"]),
        ('<osm><node id="1" lat="nan" lon="2"/></osm>', ["coordinate of nan degrees"]),
        ('<osm><node id="1" lat="1" lon="1e9"/></osm>', ["coordinate of 1e9 degrees"]),
        ('<osm><node id="x" lat="1" lon="2"/></osm>', ["'x'"]),
        ('<osm><node id="99999999999999999999999" lat="1" lon="2"/></osm>', ["download it again"]),
        ('<osm><node lat="1" lon="2"/></osm>', ["<node> without 'id'"]),
        ('<osm><way id="1"><nd/></way></osm>', ["<nd> without 'ref'"]),
    ],
    ids=lambda v: None if isinstance(v, str) else v[0],
)
def test_strange_osm_files_are_refused(tmp_path: Path, text: str, parts: list[str]) -> None:
    path = tmp_path / "map.osm"
    path.write_text(text)
    refuse(path, *parts)


def test_a_fault_is_named_with_its_byte(tmp_path: Path) -> None:
    path = tmp_path / "map.osm"
    path.write_text(TOWN.replace('lat="', 'lat="x', 1))
    assert 0 < (refuse(path).offset or 0) < 200


def test_nested_entities_cost_no_memory(tmp_path: Path) -> None:
    path = tmp_path / "map.osm"
    path.write_text(LAUGHS)
    tracemalloc.start()
    refuse(path)
    assert tracemalloc.get_traced_memory()[1] < 8_000_000
    tracemalloc.stop()


def test_damaged_and_endless_gzip_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packed = gzip.compress(TOWN.encode())
    path = tmp_path / "map.osm.gz"
    path.write_bytes(packed[: len(packed) // 2])
    refuse(path, "damaged gzip")
    path.write_bytes(packed[:-8] + b"\0" * 8)
    refuse(path, "damaged gzip")
    path.write_bytes(b"\x1f\x8b" + b"junk" * 40)
    refuse(path, "gzip")
    monkeypatch.setattr(osm_xml, "_MOST_BYTES", 1 << 21)
    path.write_bytes(gzip.compress(b"<osm>" + b" " * (1 << 24) + b"</osm>"))
    refuse(path, "holds more than 2 MB", "smaller area")


def test_a_packed_map_is_read_under_any_name(tmp_path: Path) -> None:
    path = tmp_path / "download"
    path.write_bytes(gzip.compress(TOWN.encode()))
    assert read_scene(path, size=(64, 96)).grid.shape == (64, 96, 32)


def test_windows_that_miss_the_map_or_make_no_sense_are_refused(tmp_path: Path) -> None:
    path = town().write(tmp_path / "map.osm")
    refuse(path, "maps nothing within 512 x 512 voxels", "choose --center between 55.79", center=(LAT + 1, LON))
    refuse(path, "no option axes", axes="xyz")
    for options, part in (
        ({"center": (LON + 90, LAT)}, "latitude"),
        ({"size": (20, 4000)}, "at least 64 x 64"),
        ({"size": (9000, 9000)}, "at most 4096 x 4096"),
        ({"center": (float("nan"), 3.0)}, "latitude"),
    ):
        with pytest.raises(RequestError, match=part):
            read_scene(path, **options)


def test_references_that_an_extract_has_cut_off_are_passed_over(tmp_path: Path) -> None:
    made = OsmMap()
    made.way([(-40, 0), (0, 0), (40, 0)], highway="residential")
    text = (
        made.text()
        .replace("<nd ", '<nd ref="77777"/><nd ', 1)
        .replace("</osm>", '<way id="5"><nd ref="8"/></way></osm>')
    )
    tags = '<tag k="type" v="multipolygon"/><tag k="building" v="yes"/>'
    lost = f'<relation id="9"><member type="way" ref="4242" role="outer"/>{tags}</relation></osm>'
    path = tmp_path / "map.osm"
    path.write_text(text.replace("</osm>", lost))
    assert (read_scene(path, size=(128, 96)).read() == 9).any()


def spoil(change: str) -> str:
    """A city model with one thing wrong in it."""
    document = json.loads(quarter().text())
    first = next(iter(document["CityObjects"].values()))
    if change == "index":
        first["geometry"][0]["boundaries"][0][0][0] = 10**6
    elif change == "negative":
        first["geometry"][0]["boundaries"][0][0][0] = -1
    elif change == "depth":
        first["geometry"][0]["boundaries"] = [[[[0, 1, 2], [3, 4, 5], [0, 1, 2]]]]
    elif change == "vertices":
        document["vertices"] = [[1, 2], [3, 4]]
    elif change == "infinite":
        document["transform"]["scale"] = [1e400, 1, 1]
    elif change == "nan":
        document["vertices"][3][1] = float("nan")
    elif change == "objects":
        del document["CityObjects"]
    elif change == "system":
        document["metadata"]["referenceSystem"] = "https://www.opengis.net/def/crs/EPSG/0/999999"
    elif change == "words":
        document["metadata"]["referenceSystem"] = "+proj=longlat +nadgrids=/etc/passwd"
    elif change == "nothing":
        document["CityObjects"] = {}
    elif change == "list":
        document["CityObjects"] = [1, 2]
    return json.dumps(document)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (quarter().text()[:-200], ["no whole JSON"]),
        ('{"CityObjects": ' + "[" * 200_000, ["no whole JSON"]),
        ('{"type": "CityGML", "CityObjects": {}}', ["'CityGML', not 'CityJSON'"]),
        ("[1, 2]", ["type 'list'"]),
        (spoil("index"), ["names vertex", "the file has"]),
        (spoil("negative"), ["names vertex"]),
        (spoil("depth"), ["no sound CityJSON"]),
        (spoil("vertices"), ["(2, 2), not (n, 3)"]),
        (spoil("infinite"), ["not below 1e+12"]),
        (spoil("nan"), ["not below 1e+12"]),
        (spoil("objects"), ["CityObjects"]),
        (spoil("list"), ["no sound CityJSON"]),
        (spoil("system"), ["999999", "not known"]),
        (spoil("words"), ["names no EPSG code"]),
        (spoil("nothing"), ["maps no building, street or ground (0 objects)"]),
    ],
    ids=lambda v: None if isinstance(v, str) else v[0],
)
def test_strange_city_models_are_refused(tmp_path: Path, text: str, parts: list[str]) -> None:
    path = tmp_path / "model.json"
    path.write_text(text)
    refuse(path, *parts)


def test_a_city_model_too_large_to_hold_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cityjson_model, "_MOST_BYTES", 1 << 10)
    refuse(quarter().write(tmp_path / "model.json"), "cut a smaller area")


def test_readers_of_places_are_there_once() -> None:
    register_places()
    assert [name for name in reader_names() if name in ("osm", "cityjson")] == ["osm", "cityjson"]

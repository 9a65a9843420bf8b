from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from engine.errors import LabelError
from engine.labels import (
    UNKNOWN,
    is_shipped,
    label_space,
    label_space_names,
    label_space_of,
    parse_label_space,
    read_label_space,
    to_ids,
)

KITTI = {10: 1, 252: 1, 11: 2, 15: 3, 18: 4, 258: 4, 13: 5, 16: 5, 20: 5, 256: 5, 257: 5, 259: 5, 30: 6, 254: 6}
KITTI |= {31: 7, 253: 7, 32: 8, 255: 8, 40: 9, 60: 9, 44: 10, 48: 11, 49: 12, 50: 13, 51: 14, 70: 15, 71: 16}
KITTI |= {72: 17, 80: 18, 81: 19, 0: 0, 1: UNKNOWN, 52: UNKNOWN, 99: UNKNOWN}


def test_raw_ids_of_semantickitti_become_its_train_ids() -> None:
    table = label_space("semantickitti").from_raw()
    assert {int(i): int(table[i]) for i in np.flatnonzero(table >= 0)} == KITTI


@pytest.mark.parametrize("name", label_space_names())
def test_raw_and_train_ids_are_inverse_and_unknown_is_written_as_empty(name: str) -> None:
    space = label_space(name)
    ids = np.arange(len(space))
    assert np.array_equal(space.from_raw()[space.to_raw()[ids]], ids)
    assert space.from_raw()[space.to_raw()[UNKNOWN]] == space.empty


@pytest.mark.parametrize(("name", "count", "empty"), [("semantickitti", 20, 0), ("carlasc", 11, 0), ("occ3d", 18, 17)])
def test_shipped_spaces_have_the_data_sets_sizes(name: str, count: int, empty: int) -> None:
    space = label_space(name)
    assert (len(space), space.empty, space.classes[space.empty].kind) == (count, empty, "empty")
    assert len(space.solid_ids) == count - 1
    assert empty not in space.solid_ids


@pytest.mark.parametrize("name", label_space_names())
def test_a_space_survives_json(name: str) -> None:
    space = label_space(name)
    again = label_space_of(json.loads(json.dumps(space.to_json())), "test")
    assert again.to_json() == space.to_json()
    assert is_shipped(again)
    assert np.array_equal(again.colours(), space.colours())


def test_a_changed_space_is_not_the_shipped_one() -> None:
    data = label_space("carlasc").to_json()
    data["classes"][3]["priority"] += 1
    assert not is_shipped(label_space_of(data, "test"))


def test_every_class_of_every_shipped_space_has_a_partner_in_semantickitti() -> None:
    target = label_space("semantickitti")
    for name in label_space_names():
        space = label_space(name)
        table = space.remap_to(target)
        assert table[space.empty] == target.empty
        assert table[UNKNOWN] == UNKNOWN
        assert set(table[list(space.solid_ids)].tolist()) <= set(target.solid_ids)


def test_own_mapping_goes_before_the_shipped_one() -> None:
    space, target = label_space("carlasc"), label_space("semantickitti")
    assert target.names[space.remap_to(target)[space.find("other")]] == "building"
    table = space.remap_to(target, {"other": "fence", "vehicle": "unknown"})
    assert target.names[table[space.find("other")]] == "fence"
    assert table[space.find("vehicle")] == UNKNOWN


def test_a_class_without_partner_is_named() -> None:
    data = label_space("carlasc").to_json()
    data["classes"][4]["name"] = "robot"
    with pytest.raises(LabelError, match=r"no partner in 'semantickitti' for robot of 'carlasc'; .*--classes"):
        label_space_of(data, "test").remap_to(label_space())


def test_priorities_put_thin_things_over_ground_over_unknown_over_empty() -> None:
    space = label_space()
    order = space.priorities()
    by_name = {n: order[space.find(n)] for n in space.names}
    assert by_name["pole"] > by_name["car"] > by_name["vegetation"] > by_name["road"] > order[UNKNOWN] > order[0]


def test_colours_follow_the_palette() -> None:
    space = label_space()
    assert space.palettes[0] == "urban"
    assert tuple(space.colours()[space.find("car")]) == (0x3D, 0x8B, 0xFF)
    assert tuple(space.colours("semantickitti")[space.find("road")]) == (255, 0, 255)
    assert tuple(space.colours()[200]) == (128, 128, 128)


def test_unknown_names_tell_what_there_is() -> None:
    with pytest.raises(LabelError, match=r"no class 'tram'.*traffic-sign"):
        label_space().find("tram")
    with pytest.raises(LabelError, match=r"no label space '\.\./x'; shipped are: carlasc, occ3d, semantickitti"):
        label_space("../x")


def test_to_ids_sorts() -> None:
    assert to_ids(label_space(), ["pole", "car", "pole"]) == (1, 18)


GOOD = {"name": "own", "classes": [{"name": "a", "colours": {"p": "ff0000"}}, {"name": "b", "colours": {"p": "0"}}]}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "no JSON"),
        ("[]", "no label space"),
        ('{"name": "x"}', "no label space"),
        ('{"name": "x", "classes": []}', "0 classes"),
        (json.dumps({**GOOD, "empty": 7}), "empty id 7"),
        (json.dumps({**GOOD, "classes": GOOD["classes"] + GOOD["classes"][:1]}), "'a'.* twice"),
        (json.dumps({**GOOD, "classes": [{"name": "a", "colours": {}}]}), "without a colour"),
        (json.dumps({**GOOD, "classes": [{"name": "a", "colours": {"p": "red"}}]}), "no label space"),
    ],
)
def test_a_damaged_space_is_refused_in_one_line(text: str, reason: str) -> None:
    with pytest.raises(LabelError, match=reason) as caught:
        parse_label_space(text, "own.json")
    assert str(caught.value).startswith("own.json")
    assert "\n" not in str(caught.value)


def test_own_space_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "own.json").write_text(json.dumps(GOOD))
    space = read_label_space(tmp_path / "own.json")
    assert space.names == ("a", "b")
    assert space.to_raw()[:2].tolist() == [0, 1]
    with pytest.raises(LabelError, match="cannot be read"):
        read_label_space(tmp_path / "none.json")

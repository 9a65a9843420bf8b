"""Keys, searching and ranking, without a window."""

from __future__ import annotations

import pytest

from editor.settings import Settings
from editor.ui.action_table import ACTIONS
from editor.ui.command_palette import Entry, rank
from editor.ui.key_presets import PRESET_TITLES, PRESETS
from editor.ui.keymap import KeyMap, canonical, fixed_use
from editor.ui.search import fuzzy


def all_keys(keys: KeyMap) -> list[str]:
    return [key for spec in ACTIONS for key in keys.keys_of(spec.id)]


@pytest.mark.parametrize("preset", PRESETS)
def test_in_every_preset_no_key_has_two_meanings(preset):
    keys = KeyMap(Settings(key_preset=preset))
    found = all_keys(keys)
    assert sorted(found) == sorted(set(found))
    assert [fixed_use(k) for k in found if fixed_use(k)] == []
    assert "" not in found
    ids = {spec.id for spec in ACTIONS}
    assert set(PRESETS[preset]) <= ids
    assert all(canonical(k) for wanted in PRESETS[preset].values() for k in wanted)
    for name, wanted in PRESETS[preset].items():
        assert keys.keys_of(name) == tuple(canonical(k) for k in wanted), name
    assert set(PRESET_TITLES) == set(PRESETS)


def test_a_preset_takes_keys_and_leaves_what_it_does_not_name():
    keys = KeyMap(Settings())
    assert keys.keys_of("voxel.extrude") == ("Shift+E",)
    assert keys.keys_of("mask.eraser") == ("E",)
    keys.use_preset("blender")
    assert keys.keys_of("voxel.extrude") == ("E",)
    assert keys.keys_of("mask.eraser") == ("Shift+C",)
    assert keys.keys_of("edit.undo") == ("Ctrl+Z",)
    keys.use_preset("laptop")
    assert "Num" not in " ".join(keys.keys_of("view.top"))


def test_a_key_that_is_taken_is_lost_by_the_other_and_comes_back():
    settings = Settings()
    keys, told = KeyMap(settings), []
    keys.changed.connect(lambda: told.append(1))
    assert keys.holder("Ctrl+Z") == "edit.undo"
    assert keys.holder("ctrl+z", besides="edit.undo") is None
    keys.assign("view.home", ["ctrl+z", "Ctrl+Z", ""])
    assert keys.keys_of("view.home") == ("Ctrl+Z",)
    assert keys.keys_of("edit.undo") == ()
    assert settings.keys == {"view.home": ["Ctrl+Z"]}
    assert KeyMap(settings).keys_of("view.home") == ("Ctrl+Z",)
    keys.reset("view.home")
    assert keys.keys_of("edit.undo") == ("Ctrl+Z",)
    assert keys.keys_of("view.home") == ("Home",)
    keys.assign("edit.undo", [])
    assert keys.is_own("edit.undo")
    assert keys.keys_of("edit.undo") == ()
    keys.reset_all()
    assert settings.keys == {}
    assert len(told) == 4


@pytest.mark.parametrize("key", ["Space", "`", "Alt+F"])
def test_keys_with_a_fixed_use_cannot_be_taken(key):
    keys = KeyMap(Settings())
    with pytest.raises(ValueError, match="no action can have it"):
        keys.assign("view.home", [key])
    assert keys.keys_of("view.home") == ("Home",)


def test_settings_of_another_version_do_no_harm():
    keys = KeyMap(Settings(key_preset="emacs", keys={"no.such.action": ["Q"], "mask.brush": ["nonsense!", "F9"]}))
    assert keys.preset == "default"
    assert keys.keys_of("mask.brush") == ("F9",)
    assert keys.keys_of("stamp.turn_left") == ("Q",)


def test_words_are_found_by_their_letters():
    assert fuzzy("", "anything") == 0
    assert fuzzy("gm", "Grow Mask") > fuzzy("gm", "eat gum")
    assert fuzzy("mask gr", "Grow Mask") is not None
    assert fuzzy("grow", "Grow Mask") > fuzzy("grow", "g r oh w")
    assert fuzzy("maskk", "Grow Mask") is None
    assert fuzzy("brush", "Mask Brush") > fuzzy("brush", "Number of Usual Hats")


def test_the_best_answer_comes_first_and_the_last_used_before_its_equals():
    entries = [Entry("a", "Shrink Mask"), Entry("b", "Grow Mask"), Entry("c", "Mask Brush", "Mask"), Entry("d", "Home")]
    assert [e.id for e in rank("", entries, ["d", "b"])] == ["d", "b", "a", "c"]
    assert next(e.id for e in rank("gr", entries, [])) == "b"
    assert {e.id for e in rank("mask", entries, [])} == {"a", "b", "c"}
    assert rank("xyz", entries, []) == []

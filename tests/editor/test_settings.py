from __future__ import annotations

import json
from pathlib import Path

from editor.settings import Settings, SettingsFile, home


def test_settings_come_back_as_they_were(tmp_path):
    file = SettingsFile(tmp_path / "deep" / "settings.json")
    settings = Settings(theme="light", guidance=2.5, brush_radius=11, recent_files=["/a", "/b"])
    file.save(settings)
    assert file.load() == (settings, None)


def test_a_broken_file_is_kept_aside_and_defaults_are_used(tmp_path):
    path = tmp_path / "settings.json"
    path.write_text("{ not json")
    settings, message = SettingsFile(path).load()
    assert settings == Settings()
    assert "settings.json.bad" in message
    assert (tmp_path / "settings.json.bad").read_text() == "{ not json"
    assert not path.exists()
    assert SettingsFile(path).load() == (Settings(), None)


def test_values_of_no_use_are_replaced_named_and_kept_in_a_copy(tmp_path):
    path = tmp_path / "settings.json"
    written = {"theme": 3, "steps": True, "recent_files": [1], "guidance": 2, "keys": {"a": ["B"]}, "history_mb": -5}
    path.write_text(json.dumps(written | {"device": "toaster", "mask_opacity": float("nan")}))
    settings, message = SettingsFile(path).load()
    assert settings == Settings(guidance=2, keys={"a": ["B"]})
    named = ("theme (3", "steps (", "recent_files (", "device (", "history_mb (", "mask_opacity (")
    assert [n for n in named if n not in message] == []
    assert "-5 is outside 16 to 65536" in message
    assert "guidance" not in message
    kept = json.loads((tmp_path / "settings.json.bad").read_text())
    assert kept["device"] == "toaster"


def test_entries_of_a_newer_version_outlive_an_older_one(tmp_path):
    path = tmp_path / "settings.json"
    path.write_text(json.dumps({"from_the_future": [1, {"a": 2}], "theme": "light"}))
    file = SettingsFile(path)
    settings, message = file.load()
    assert message is None
    file.save(settings)
    assert json.loads(path.read_text())["from_the_future"] == [1, {"a": 2}]


def test_recent_files_are_unique_newest_first_and_few():
    settings = Settings()
    for k in range(14):
        settings.remember_file(Path(f"/scenes/{k % 12}.scw"))
    assert settings.recent_files[:3] == ["/scenes/1.scw", "/scenes/0.scw", "/scenes/11.scw"]
    assert len(settings.recent_files) == 10
    assert settings.last_folder == "/scenes"


def test_the_folder_can_be_moved(monkeypatch, tmp_path):
    monkeypatch.setenv("SCENEWRIGHT_HOME", str(tmp_path))
    assert SettingsFile().path == home() / "settings.json" == tmp_path / "settings.json"

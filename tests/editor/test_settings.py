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


def test_values_of_a_wrong_kind_are_skipped_and_named(tmp_path):
    path = tmp_path / "settings.json"
    path.write_text(
        json.dumps({"theme": 3, "steps": True, "recent_files": [1], "guidance": 2, "strange": 1, "steps_": 1})
    )
    settings, message = SettingsFile(path).load()
    assert settings == Settings(guidance=2)
    assert message == "Settings of a wrong kind were skipped: theme, recent_files, steps."


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

"""Palette, settings, keys and themes in the real window."""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QApplication,
    QCheckBox,
    QComboBox,
    QLineEdit,
    QMessageBox,
    QPushButton,
    QSpinBox,
    QTreeWidget,
    QWidget,
)
from test_window import open_window as open_window

from editor.ui.action_table import ACTIONS, MENUS
from editor.ui.keymap import native
from editor.ui.theme import DARK, LIGHT

pytestmark = pytest.mark.window

CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


def settings_on_disk(tmp_path: Path) -> dict:
    return json.loads((tmp_path / "home" / "settings.json").read_text())


def open_palette(window):
    QTest.keyClick(window.canvas.native, Qt.Key.Key_P, CTRL | SHIFT)
    return window.commands.manners.palette


def open_keys(window):
    window.trigger("app.keys")
    return window.commands.manners.dialog.keys


# command palette


def test_the_palette_lists_every_action_and_runs_the_one_that_is_typed(open_window, qtbot):
    window = open_window()
    palette = open_palette(window)
    qtbot.waitUntil(palette.query.hasFocus, timeout=3000)
    assert [e.id for e in palette.shown] == [spec.id for spec in ACTIONS]
    brush = next(e for e in palette.shown if e.id == "mask.brush")
    assert (brush.title, brush.path, brush.key, brush.reason) == ("Mask Brush", "Mask", "B", "")
    assert next(e for e in palette.shown if e.id == "class.choose_1").title == "Choose car"
    assert next(e for e in palette.shown if e.id == "layout.load").title == "Layout: Load…"
    QTest.keyClicks(palette.query, "eraser")
    QTest.keyClick(palette.query, Qt.Key.Key_Return)
    assert palette.isHidden()
    assert window.actions_table["mask.eraser"].isChecked()
    assert window.canvas.native.hasFocus()
    assert open_palette(window).shown[0].id == "mask.eraser"


def test_what_cannot_be_done_says_why_and_stays(open_window, qtbot):
    window = open_window()
    palette = open_palette(window)
    QTest.keyClicks(palette.query, "grow mask")
    first = palette.shown[0]
    assert (first.id, first.reason) == ("mask.grow", "nothing is masked")
    QTest.keyClick(palette.query, Qt.Key.Key_Return)
    assert palette.isVisible()
    QTest.keyClick(palette.query, Qt.Key.Key_Escape)
    assert palette.isHidden()
    window.trigger("mask.invert")
    assert next(e for e in window.commands.manners.entries() if e.id == "mask.grow").reason == ""


def test_arrows_walk_the_palette_and_a_click_elsewhere_closes_it(open_window):
    window = open_window()
    before = window.canvas.view
    palette = open_palette(window)
    QTest.keyClick(palette.query, Qt.Key.Key_Down)
    QTest.keyClick(palette.query, Qt.Key.Key_Down)
    assert palette.list.currentIndex().row() == 2
    for _ in range(3):
        QTest.keyClick(palette.query, Qt.Key.Key_Up)
    assert palette.list.currentIndex().row() == len(palette.shown) - 1
    assert window.canvas.view == before
    QTest.keyClicks(palette.query, "no such thing at all")
    assert palette.nothing.isVisible()
    window.canvas.native.setFocus()
    assert palette.isHidden()


# keys


def test_every_tip_names_the_key_and_follows_a_change(open_window):
    window = open_window()
    manners = window.commands.manners
    for spec in ACTIONS:
        keys, tip = manners.keys.keys_of(spec.id), window.actions_table[spec.id].toolTip()
        assert spec.title.rstrip("…") in tip
        assert not keys or f"({native(keys[0])})" in tip, spec.id
    manners.keys.assign("mask.brush", ["F8"])
    assert "(F8)" in window.actions_table["mask.brush"].toolTip()
    assert window.actions_table["mask.brush"].shortcuts() == [QKeySequence("F8")]
    window.trigger("mask.eraser")
    QTest.keyClick(window.canvas.native, Qt.Key.Key_B)
    assert window.actions_table["mask.eraser"].isChecked()
    QTest.keyClick(window.canvas.native, Qt.Key.Key_F8)
    assert window.actions_table["mask.brush"].isChecked()


def test_a_key_is_changed_in_the_list_with_a_word_about_who_has_it(open_window, tmp_path):
    window = open_window()
    page = open_keys(window)
    assert window.commands.manners.dialog.isVisible()
    page.choose("view.home")
    QTest.keyClick(page.field, Qt.Key.Key_B)
    assert page.told.text() == "B belongs to “Mask Brush”, which would be left without it."
    assert page.assign.text() == "Take it"
    page.assign.click()
    assert window.actions_table["view.home"].shortcuts() == [QKeySequence("B")]
    assert window.actions_table["mask.brush"].shortcuts() == []
    assert settings_on_disk(tmp_path)["keys"] == {"view.home": ["B"]}
    QTest.keyClick(page.field, Qt.Key.Key_Space)
    assert "no action can have it" in page.told.text()
    assert not page.assign.isEnabled()
    page.reset.click()
    assert window.actions_table["mask.brush"].shortcuts() == [QKeySequence("B")]
    page.remove.click()
    assert window.actions_table["view.home"].shortcuts() == []
    page.reset_all.click()
    assert settings_on_disk(tmp_path)["keys"] == {}


def test_the_list_of_keys_is_searched_by_name_and_by_key(open_window):
    page = open_keys(open_window())
    visible = lambda: {n for n, item in page._items.items() if not item.isHidden()}  # noqa: E731
    assert visible() == {spec.id for spec in ACTIONS}
    page.query.setText("ctrl+z")
    assert "edit.undo" in visible()
    assert "mask.brush" not in visible()
    page.query.setText("eraser")
    assert "mask.eraser" in visible()
    assert "view.home" not in visible()


def test_a_preset_is_taken_at_once_and_remembered(open_window, tmp_path):
    window = open_window()
    page = open_keys(window)
    page.preset.setCurrentIndex(page.preset.findData("blender"))
    page.preset.activated.emit(page.preset.currentIndex())
    assert window.actions_table["voxel.extrude"].shortcuts() == [QKeySequence("E")]
    assert settings_on_disk(tmp_path)["key_preset"] == "blender"
    again = open_window()
    assert again.actions_table["voxel.extrude"].shortcuts() == [QKeySequence("E")]


# settings


def test_each_setting_takes_effect_at_once_and_is_written_down(open_window, tmp_path):
    window = open_window()
    window.trigger("app.settings")
    dialog = window.commands.manners.dialog
    field = dialog.find("history_mb").control
    assert isinstance(field, QSpinBox)
    field.setValue(64)
    assert window.studio.document.history.budget == 64 << 20
    dialog.find("autosave_minutes").control.setValue(0)
    assert not window.keeping._timer.isActive()
    dialog.find("autosave_minutes").control.setValue(2.5)
    assert window.keeping._timer.isActive()
    assert window.keeping._timer.interval() == 150_000
    dialog.find("preview").control.part("every").click()
    assert window.studio.plan.options.preview == "every"
    box = dialog.find("palette").control
    box.setCurrentIndex(box.findData("colour-blind"))
    box.activated.emit(box.currentIndex())
    assert window.studio.document.classes.palette == "colour-blind"
    dialog.find("mask_opacity").control.slider.setValue(25)
    assert window.docks.mask.opacity.value() == 0.25
    dialog.find("start_page").control.click()
    kept = settings_on_disk(tmp_path)
    assert (kept["history_mb"], kept["autosave_minutes"], kept["preview"]) == (64, 2.5, "every")
    assert (kept["palette"], kept["mask_opacity"], kept["start_page"]) == ("colour-blind", 0.25, False)
    with pytest.raises(ValueError, match="outside 16 to 65536"):
        window.commands.manners.preferences.set("history_mb", 1)
    assert window.settings.history_mb == 64


def test_the_dialog_shows_what_was_changed_elsewhere(open_window):
    window = open_window()
    window.trigger("app.settings")
    dialog = window.commands.manners.dialog
    dialog.close()
    window.studio.plan.set(preview="off")
    window.trigger("view.theme")
    window.trigger("app.settings")
    assert dialog.find("preview").control.part("off").isChecked()
    assert dialog.find("theme").control.part("light").isChecked()


def test_settings_are_found_by_words(open_window):
    window = open_window()
    window.trigger("app.settings")
    dialog = window.commands.manners.dialog
    dialog.query.setText("autosave")
    shown = [n for k, n in enumerate(dialog.page_names) if not dialog.pages.item(k).isHidden()]
    assert "General" in shown
    assert "Keys" not in shown
    assert dialog.find("autosave_minutes").isVisible()
    assert dialog.find("start_page").isHidden()
    dialog.query.setText("undo memory")
    assert dialog.pages.currentItem().text() == "History"
    dialog.query.clear()
    assert not dialog.find("start_page").isHidden()


def test_broken_settings_are_told_and_replaced(open_window, tmp_path):
    folder = tmp_path / "home"
    folder.mkdir()
    (folder / "settings.json").write_text(json.dumps({"theme": "light", "history_mb": -4}))
    window = open_window()
    assert "history_mb (-4 is outside 16 to 65536)" in window.notice.text.text()
    assert window.settings.history_mb == 1024
    assert not window.theme.is_dark
    assert json.loads((folder / "settings.json.bad").read_text())["history_mb"] == -4


# themes


def test_a_theme_leaves_nothing_of_the_other_behind(open_window):
    window = open_window()
    window.trigger("app.settings")
    open_palette(window)
    for name, theme, other in (("light", LIGHT, DARK), ("dark", DARK, LIGHT), ("light", LIGHT, DARK)):
        window.commands.manners.preferences.set("theme", name)
        sheet = QApplication.instance().styleSheet()
        assert theme.panel in sheet
        strange = {getattr(other, n) for n in ("window", "panel", "text", "edge", "accent")} - set(vars(theme).values())
        assert [colour for colour in strange if colour in sheet] == []
        assert QApplication.palette().window().color().name() == theme.panel
        assert window.commands.manners.palette._painter.theme is theme


def test_the_system_theme_follows_the_desktop(open_window, monkeypatch):
    window = open_window()
    monkeypatch.setattr(
        "editor.ui.theme.QGuiApplication.styleHints",
        lambda: type("Hints", (), {"colorScheme": lambda self: Qt.ColorScheme.Light})(),
    )
    window.commands.manners.preferences.set("theme", "system")
    assert window.settings.theme == "system"
    assert not window.theme.is_dark


# the keyboard


def test_menus_have_letters_of_their_own(open_window):
    letters = [title[title.index("&") + 1].lower() for title, _ in MENUS]
    assert sorted(letters) == sorted(set(letters))
    window = open_window()
    assert [a.text() for a in window.menuBar().actions()] == [title for title, _ in MENUS]


def walk(first: QWidget, key: Qt.Key = Qt.Key.Key_Tab) -> list[QWidget]:
    """Press Tab until the focus comes round; gives where it has been."""
    first.setFocus()
    found = [first]
    for _ in range(200):
        QTest.keyClick(QApplication.focusWidget(), key)
        widget = QApplication.focusWidget()
        if widget is found[0]:
            return found
        found.append(widget)
    raise AssertionError("the focus never comes round")


def test_every_setting_can_be_reached_by_the_keyboard(open_window, qtbot):
    window = open_window()
    window.trigger("app.settings")
    dialog = window.commands.manners.dialog
    for page in ("General", "Appearance", "Engine", "Keys"):
        window.commands.manners.show_settings(page)
        qtbot.waitUntil(dialog.isActiveWindow, timeout=5000)
        reached = walk(dialog.query)
        fields = (QAbstractSpinBox, QComboBox, QLineEdit, QCheckBox, QPushButton, QTreeWidget)
        wanted = [w for kind in fields for w in dialog.stack.currentWidget().findChildren(kind)]
        missed = [
            w
            for w in wanted
            if w.isVisible()
            and w.isEnabled()
            and w.focusPolicy() & Qt.FocusPolicy.TabFocus
            and w not in reached
            and not any(w.isAncestorOf(r) or r.isAncestorOf(w) for r in reached)
        ]
        assert missed == [], page
        assert dialog.pages in reached
        assert len(reached) > 3


def test_what_has_the_focus_is_outlined_in_both_themes(open_window):
    window = open_window()
    for theme in ("dark", "light"):
        window.use_theme(theme)
        sheet, accent = QApplication.instance().styleSheet(), window.theme.accent
        for kind in ("QPushButton", "QToolButton", "QLineEdit", "QComboBox"):
            rules = [r for r in sheet.split("}") if f"{kind}:focus" in r.split("{")[0]]
            assert any(accent in r.split("{")[1] for r in rules), (theme, kind)


def test_about_says_what_this_is_and_stands_in_nobody_s_way(open_window):
    window = open_window()
    window.trigger("help.about")
    box = window.findChild(QMessageBox)
    assert f"Scenewright {version('scenewright')}" in box.text()
    window.trigger("mask.invert")
    assert not window.studio.document.mask.is_empty
    window.commands.manners.close()
    assert not box.isVisible()

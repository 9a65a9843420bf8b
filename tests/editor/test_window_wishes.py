"""Style, density and leaves in the Generate dock of the real window."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from fakes import FakeCard
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from test_window import CARD, HEIGHT, LEFT, open_window, wait_idle  # noqa: F401 -- a fixture

from editor.app import SessionMaker
from editor.commands.window_timing import let_live
from editor.settings import Settings
from editor.ui.window import MainWindow
from engine.resources import user_data
from engine.scene import VoxelScene
from tests.engine.tiny import build_tiny

pytestmark = pytest.mark.window

TAUGHT = FakeCard("taught", height=HEIGHT, styles=("suburb", "old-town"))


def fold(window: MainWindow) -> object:
    return window.docks.generate._wishes


def unfold(window: MainWindow) -> None:
    QTest.mouseClick(fold(window).head, LEFT)
    let_live(60)


def choose_style(window: MainWindow, style: str) -> None:
    """Choose with the arrow keys, as a person without a mouse would."""
    box = window.docks.generate.character.style_box
    box.setFocus()
    steps = box.findData(style) - box.currentIndex()
    for _ in range(abs(steps)):
        QTest.keyClick(box, Qt.Key.Key_Down if steps > 0 else Qt.Key.Key_Up)


def test_wishes_are_shown_only_for_models_that_were_taught_them(open_window):  # noqa: F811
    window = open_window(cards=(CARD, TAUGHT))
    plan, character = window.studio.plan, window.docks.generate.character
    assert not fold(window).isVisible()
    plan.set(model="taught")
    assert fold(window).isVisible()
    assert fold(window).note.text() == "any"
    assert [character.style_box.itemText(k) for k in range(3)] == ["Any", "Suburb", "Old town"]
    plan.set(style="old-town", density=0.25, leaves=0.0)
    assert fold(window).note.text() == "Old town · 25% built · 0% leaves"
    assert (character.style_box.currentText(), character.density.share.value()) == ("Old town", 25)
    plan.set(model="city")
    assert not fold(window).isVisible()


def test_any_is_one_press_away_and_the_slider_keeps_its_place(open_window):  # noqa: F811
    window = open_window(cards=(TAUGHT,))
    plan, character = window.studio.plan, window.docks.generate.character
    plan.set(model="taught")
    unfold(window)
    density, leaves = character.density, character.leaves
    assert density.any.isChecked()
    assert not density.share.isEnabled()
    QTest.mouseClick(density.any, LEFT)
    assert plan.options.density == 0.2
    density.share.field.setValue(35)
    assert plan.options.density == 0.35
    QTest.mouseClick(density.any, LEFT)
    assert plan.options.density is None
    QTest.mouseClick(density.any, LEFT)
    assert plan.options.density == 0.35
    leaves.any.setFocus()
    QTest.keyClick(leaves.any, Qt.Key.Key_Space)
    assert plan.options.leaves == 1.0
    choose_style(window, "suburb")
    assert plan.options.style == "suburb"
    choose_style(window, "")
    assert plan.options.style is None
    window.trigger("generate.roll")
    assert plan.options.leaves == 1.0


def test_every_wish_is_reached_by_tab_and_has_a_tip(open_window, qtbot):  # noqa: F811
    window = open_window(cards=(TAUGHT,))
    window.studio.plan.set(model="taught", density=0.1, leaves=0.4)
    unfold(window)
    character = window.docks.generate.character
    box, seen = character.style_box, []
    box.setFocus()
    for _ in range(7):
        seen.append(QApplication.focusWidget())
        QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
    wanted = [box]
    for wish in (character.density, character.leaves):
        wanted += [wish.any, wish.share.slider, wish.share.field]
    assert seen == wanted
    assert box.toolTip()
    assert all(w.any.toolTip() and w.share.toolTip() for w in (character.density, character.leaves))


def test_a_taught_model_makes_what_is_wished_for_and_the_file_says_so(open_window, qtbot, tmp_path, monkeypatch):  # noqa: F811
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    card = build_tiny(Path(user_data("models", "tiny")), HEIGHT, styles=("suburb", "old-town"))
    window = open_window(
        SessionMaker(Settings())("cpu"), VoxelScene.from_labels(np.ones((64, 64, HEIGHT), np.uint8)), (card,)
    )
    window.studio.plan.set(model="tiny", steps=2, seed=3, seed_locked=True, preview="off")
    unfold(window)
    QTest.mouseClick(window.docks.generate.character.leaves.any, LEFT)
    made = []
    for style in ("old-town", "suburb"):
        choose_style(window, style)
        window.trigger("generate.run")
        qtbot.waitUntil(lambda: window.is_idle, timeout=60000)
        wait_idle(qtbot, window)
        assert window.studio.proposal.candidate.state == "ready", window.studio.proposal.candidate.failure
        made.append(window.studio.proposal.candidate.result.labels)
    assert not np.array_equal(*made)
    window.trigger("candidate.accept")
    sampling = window.studio.document.scene.metadata["provenance"][-1]["sampling"]
    assert (sampling["style"], sampling["density"], sampling["leaves"]) == ("suburb", None, 1.0)

"""Predictions in the real window: opened, refined, compared, accepted; by button, key, notice and dock."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from fakes import CAR, ROAD, FakeCard, FakeSession
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from test_window import HEIGHT, LEFT, open_window, scene, wait_idle  # noqa: F401 -- a fixture

from editor.ui.window import MainWindow
from editor.viewport.scene_visual import GHOST, KIND
from engine.formats.registry import write_scene
from engine.grid import Box, Grid
from engine.labels import UNKNOWN
from engine.mask import VoxelMask
from engine.scene import VoxelScene
from engine.tasks.request import RefineRequest

pytestmark = pytest.mark.window

GAP = Box((10, 20, 4), (34, 41, 9))
KITTI = Grid((256, 256, 32), (0.2, 0.2, 0.2), (0.0, -25.6, -2.2))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A prediction with a gap."""
    made, path = scene(), tmp_path / "frame.npz"
    made.write(GAP, np.full(GAP.shape, UNKNOWN, np.uint8))
    write_scene(made, path)
    return path


def open_file(qtbot, window: MainWindow, path: Path) -> None:
    with qtbot.waitSignal(window.files.opened, timeout=10000):
        window.files.open(path)
    qtbot.wait(30)


def test_a_prediction_is_opened_refined_compared_accepted_undone_and_taken_again(open_window, qtbot, file):  # noqa: F811
    window = open_window()
    open_file(qtbot, window, file)
    document, native, dock = window.studio.document, window.canvas.native, window.docks.generate
    before = document.scene.read()
    assert window.notice.text.text() == "3% of the voxels are unknown, drawn hatched: refining fills them in."
    assert dock.button.text() == "Refine scene"
    window.studio.plan.set(variants=2, seed=4, seed_locked=True)
    QTest.mouseClick(window.notice.action, LEFT)
    wait_idle(qtbot, window)
    assert [type(j.request) for j in window.studio.jobs.jobs] == [RefineRequest] * 2
    native.setFocus()
    QTest.keyClick(native, Qt.Key.Key_D)
    qtbot.wait(40)
    flags = window.canvas.display.visual.flags.values
    assert flags[GAP.slices].min() == flags[GAP.slices].max() == GHOST + 3 * KIND
    assert flags[50, 30, 5] != GHOST + 3 * KIND
    QTest.keyPress(native, Qt.Key.Key_QuoteLeft)
    assert window.studio.proposal.comparing
    QTest.keyRelease(native, Qt.Key.Key_QuoteLeft)
    QTest.keyClick(native, Qt.Key.Key_Right)
    QTest.keyClick(native, Qt.Key.Key_Return)
    assert np.array_equal(document.scene.read(), np.where(before == UNKNOWN, 6, before))
    assert dock.button.text() == "Generate scene (2 variants)"
    assert dock.task.part("anew").isChecked()
    assert window.actions_table["edit.undo"].text() == "Undo Refine"
    window.trigger("edit.undo")
    assert np.array_equal(document.scene.read(), before)
    assert dock.task.part("refine").isChecked()
    assert len(window.studio.proposal.candidates) == 2
    window.trigger("edit.redo")
    assert np.array_equal(document.scene.read(), np.where(before == UNKNOWN, 6, before))


def test_the_dock_has_other_steps_for_refining_and_the_mask_names_the_button(open_window, qtbot):  # noqa: F811
    window = open_window()
    dock, plan = window.docks.generate, window.studio.plan
    assert (dock.steps.value(), dock.strength.isEnabled()) == (12, False)
    QTest.mouseClick(dock.task.part("refine"), LEFT)
    assert (dock.steps.value(), dock.strength.value(), dock.strength.isEnabled()) == (4, 0.5, True)
    assert not dock.layout_choice.isEnabled()
    dock.steps.field.setValue(6)
    dock.strength.field.setValue(0.35)
    assert (plan.options.refine_steps, plan.options.refine_strength) == (6, 0.35)
    window.studio.document.set_mask("Box", VoxelMask.of_box(Box((40, 26, 3), (62, 36, 9))))
    assert dock.button.text() == "Refine mask"
    QTest.mouseClick(dock.task.part("anew"), LEFT)
    assert dock.button.text() == f"Regenerate {22 * 10 * 6:,} voxels"
    assert (plan.options.steps, dock.steps.value()) == (12, 12)


def test_a_masked_part_is_refined_by_its_key_whatever_was_offered(open_window, qtbot, file):  # noqa: F811
    window = open_window()
    open_file(qtbot, window, file)
    document, plan = window.studio.document, window.studio.plan
    before, part = document.scene.read(), Box((12, 0, 0), (20, 30, HEIGHT))
    document.set_mask("Box", VoxelMask.of_box(part))
    plan.set(seed=4, seed_locked=True)
    plan.refine(False)
    window.canvas.native.setFocus()
    keys = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    QTest.keyClick(window.canvas.native, Qt.Key.Key_R, keys)
    wait_idle(qtbot, window)
    QTest.keyClick(window.canvas.native, Qt.Key.Key_Return)
    inside = VoxelMask.of_box(part).within(document.scene.box)
    assert np.array_equal(document.scene.read(), np.where(inside & (before == UNKNOWN), 5, before))
    assert window.docks.generate.button.text() == "Refine scene"


def test_what_cannot_be_refined_says_why_on_button_and_in_the_palette(open_window):  # noqa: F811
    window = open_window(shown=VoxelScene.from_labels(np.full((32, 48, HEIGHT), UNKNOWN, np.uint8)))
    window.studio.plan.refine(True)
    dock = window.docks.generate
    assert not dock.button.isEnabled()
    assert "no solid voxel" in dock.reason.text()
    assert not dock.convert.isVisible()
    assert not window.actions_table["generate.refine"].isEnabled()
    entry = next(e for e in window.commands.manners.entries() if e.id == "generate.refine")
    assert "no solid voxel" in entry.reason
    window.studio.plan.refine(False)
    assert dock.button.isEnabled()


def test_what_a_scanner_could_not_see_is_unknown_when_its_grid_is_opened(open_window, qtbot, tmp_path):  # noqa: F811
    hits, hidden = np.zeros(KITTI.shape, np.uint8), np.zeros(KITTI.shape, np.uint8)
    hits[10:40, 100:140, 3] = ROAD
    hidden[10:60, 90:140, :7] = 1
    write_scene(VoxelScene.from_labels(hits, KITTI), tmp_path / "scan.label")
    write_scene(VoxelScene.from_labels(hidden, KITTI), tmp_path / "hidden.bin")
    (tmp_path / "hidden.bin").rename(tmp_path / "scan.occluded")
    window = open_window(cards=(FakeCard(height=32),))
    open_file(qtbot, window, tmp_path / "scan.label")
    assert np.array_equal(window.studio.document.scene.read() == UNKNOWN, (hidden == 1) & (hits == 0))
    assert window.docks.generate.button.text() == "Refine scene"
    (tmp_path / "scan.occluded").unlink()
    open_file(qtbot, window, tmp_path / "scan.label")
    assert np.array_equal(window.studio.document.scene.read(), hits)
    assert "predicted" in window.notice.text.text()


def test_a_real_prediction_of_another_grid_is_converted_then_refined(open_window, qtbot, samples, tmp_path):  # noqa: F811
    path = tmp_path / "lmsc.label"
    shutil.copy(samples / "ssc" / "lmsc_001000.label", path)
    session = FakeSession(height=32)
    window = open_window(session, cards=(FakeCard(height=32),))
    open_file(qtbot, window, path)
    dock = window.docks.generate
    assert dock.button.text() == "Refine scene"
    assert not dock.button.isEnabled()
    assert "the model needs" in window.notice.text.text()
    QTest.mouseClick(dock.convert, LEFT)
    assert dock.button.isEnabled(), dock.reason.text()
    assert not window.notice.isVisible()  # what it asked for is done
    shape, before = window.studio.document.scene.grid.shape, window.studio.document.scene.read()
    assert shape[2] == 32
    assert CAR in before
    QTest.mouseClick(dock.button, LEFT)
    wait_idle(qtbot, window)
    window.trigger("candidate.accept")
    assert np.array_equal(window.studio.document.scene.read()[before != UNKNOWN], before[before != UNKNOWN])
    assert UNKNOWN not in window.studio.document.scene.read()

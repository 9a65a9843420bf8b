from __future__ import annotations

import errno
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtWidgets import QMenu
from test_window import HEIGHT, LEFT, QTest, at, drag, scene, wait_idle
from test_window import open_window as open_window

from editor.model.document import Document
from editor.model.recovery import Autosave, Leftover, find_leftovers
from editor.settings import recovery_folder
from editor.tools.options import Brush
from editor.ui.recovery_dialog import RecoveryDialog, words_for
from editor.ui.window import MainWindow
from engine.errors import FormatError
from engine.formats.registry import read_scene, write_scene
from engine.mask import VoxelMask
from engine.scene import VoxelScene

pytestmark = pytest.mark.window


def leave_behind(title: str = "", shape: tuple[int, int, int] = (40, 24, HEIGHT)) -> VoxelScene:
    """Leave what a crashed editor would."""
    document, path = Document(scene(shape)), Path("/scenes") / title if title else None
    document.replace(scene(shape), path, "", VoxelMask.nothing())
    autosave = Autosave(document, recovery_folder(), write_scene)
    autosave.write(autosave.prepare())
    autosave._claim.release()
    return document.scene


def copies() -> list[Path]:
    return sorted(recovery_folder().rglob("*.scw"))


def erase_something(window: MainWindow) -> None:
    window.studio.document.set_mask("All", VoxelMask.of_box(window.studio.document.scene.box))
    window.trigger("voxel.erase_mask")


def recent_menu(window: MainWindow) -> QMenu:
    window.files.recent.aboutToShow.emit()
    return window.files.recent


def test_brush_regenerate_and_a_crash_give_the_same_bytes_at_the_next_start(open_window, qtbot):
    window = open_window()
    document = window.studio.document
    window.gestures.context.brush = Brush(radius=4)
    drag(qtbot, window, *(at(window, (x, 31, 9)) for x in (42, 52, 60)))
    window.trigger("generate.run")
    wait_idle(qtbot, window)
    window.trigger("candidate.accept")
    with qtbot.waitSignal(window.keeping.kept, timeout=10000):
        window.keeping.keep()
    assert "autosaved" in window.statusBar().kept.text()
    assert window.statusBar().kept.isVisible()
    expected = document.scene.read()
    window.keeping._autosave._claim.release()  # as the system does when a program is killed

    again = open_window()
    asked: list[Leftover] = []
    again.files.dialogs.recover = lambda found: (asked.extend(found), (found[0], []))[1]
    with qtbot.waitSignal(again.keeping.kept, timeout=10000):  # the recovered work has a copy of its own at once
        again.keeping.offer(is_start=True)
    assert [a.title for a in asked] == ["Untitled"]
    assert np.array_equal(again.studio.document.scene.read(), expected)
    assert again.isWindowModified()
    assert len(copies()) == 1
    assert "Recovered" in again.notice.text.text()
    again.files.dialogs.answer = "discard"
    again.close()
    assert copies() == []


def test_what_is_not_recovered_waits_for_another_time_and_what_is_discarded_goes(open_window):
    window = open_window()
    before = window.studio.document.scene
    for title in ("a.scw", "b.scw", "c.scw"):
        leave_behind(title)
    window.files.dialogs.recover = lambda found: (None, [f for f in found if f.title == "b.scw"])
    window.trigger("file.recover")
    left = find_leftovers(recovery_folder())
    assert [f.title for f in left] == ["c.scw", "a.scw"]
    assert window.studio.document.scene is before
    for leftover in left:
        leftover.discard()
    window.trigger("file.recover")
    assert "no unsaved work" in window.notice.text.text()


def test_a_damaged_copy_is_told_and_stays(open_window, qtbot):
    window = open_window()
    before = window.studio.document.scene
    leave_behind("a.scw")
    copies()[0].write_bytes(b"PK\x03\x04 nothing")
    window.files.dialogs.recover = lambda found: (found[0], [])
    window.trigger("file.recover")
    wait_idle(qtbot, window)
    assert window.studio.document.scene is before
    assert window.notice.isVisible()
    assert len(copies()) == 1
    [again] = find_leftovers(recovery_folder())
    again.discard()


def test_the_dialog_chooses_discards_on_the_second_click_and_keeps_the_rest(qtbot, tmp_path, monkeypatch):
    monkeypatch.setenv("SCENEWRIGHT_HOME", str(tmp_path))
    for title in ("a.scw", "b.scw", "c.scw"):
        leave_behind(title)
    found = find_leftovers(recovery_folder())
    dialog = RecoveryDialog(found)
    qtbot.addWidget(dialog)
    dialog.show()
    assert dialog.list.item(0).text().startswith("c.scw\ntoday")
    assert not dialog.list.item(0).icon().isNull()
    QTest.mouseClick(dialog.discard, LEFT)
    assert (dialog.list.count(), dialog.discard.text()) == (3, "Really discard?")
    dialog.list.setCurrentRow(1)
    assert dialog.discard.text() == "Discard"
    QTest.mouseClick(dialog.discard, LEFT)
    QTest.mouseClick(dialog.discard, LEFT)
    assert dialog.discarded == [found[1]]
    dialog.list.setCurrentRow(1)
    QTest.mouseClick(dialog.recover, LEFT)
    assert dialog.chosen is found[2]
    for leftover in found:
        leftover.discard()


def test_times_are_told_as_people_do():
    noon = 1_700_000_000.0
    assert words_for(noon, noon + 60).startswith("today, ")
    assert words_for(noon, noon + 86400).startswith("yesterday, ")
    assert "2023" in words_for(noon, noon + 9 * 86400)


def test_autosaves_come_by_the_clock_and_before_a_job_and_go_with_saving(open_window, qtbot, tmp_path):
    window = open_window()
    assert window.keeping._timer.interval() == 60_000
    window.keeping._timer.setInterval(30)
    erase_something(window)
    qtbot.waitUntil(lambda: len(copies()) == 1, timeout=10000)
    window.files.dialogs.path = tmp_path / "kept.scw"
    window.trigger("file.save")
    qtbot.waitUntil(lambda: not copies() and not window.statusBar().kept.isVisible(), timeout=10000)
    window.keeping._timer.setInterval(10**8)
    window.trigger("edit.undo")
    with qtbot.waitSignal(window.keeping.kept, timeout=10000):
        window.trigger("generate.run")
    wait_idle(qtbot, window)


def test_a_failing_autosave_is_told_once_and_tried_again(open_window, qtbot):
    window = open_window()
    autosave, write = window.keeping._autosave, window.keeping._autosave._write

    def fail(scene: VoxelScene, path: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    autosave._write = fail
    erase_something(window)
    window.keeping.keep()
    qtbot.waitUntil(lambda: "Autosave failed" in window.notice.text.text(), timeout=5000)
    window.notice.hide()
    window.keeping.keep()
    qtbot.waitUntil(lambda: window.keeping._task is None, timeout=5000)
    assert not window.notice.isVisible()
    autosave._write = write
    with qtbot.waitSignal(window.keeping.kept, timeout=5000):
        window.keeping.keep()


# files


@pytest.mark.parametrize("answer", ["save", "discard", "cancel"])
def test_opening_over_unsaved_work_asks_first(open_window, qtbot, tmp_path, answer):
    window = open_window()
    document, dialogs = window.studio.document, window.files.dialogs
    other, mine = tmp_path / "other.scw", tmp_path / "mine.scw"
    write_scene(scene((32, 48, HEIGHT)), other)
    erase_something(window)
    assert window.isWindowModified()
    dialogs.answer, dialogs.path = answer, mine
    window.files.open(other)
    wait_idle(qtbot, window)
    assert dialogs.asked[0] == "unsaved"
    assert (document.scene.grid.shape == (32, 48, HEIGHT)) == (answer != "cancel")
    assert mine.is_file() == (answer == "save")
    if answer == "save":
        assert not read_scene(mine).read().any()
    assert window.isWindowModified() == (answer == "cancel")


def test_a_full_disk_while_saving_loses_nothing_and_offers_another_place(open_window, qtbot, tmp_path):
    window = open_window()
    document, formats = window.studio.document, window.files.formats

    def fail(written: VoxelScene, path: Path) -> None:
        raise FormatError(path, "cannot be written (No space left on device)", "free the disk or choose another place")

    erase_something(window)
    window.files.dialogs.path, window.files.dialogs.answer = tmp_path / "full.scw", "save"
    window.files.formats = replace(formats, write=fail)
    window.trigger("file.save")
    wait_idle(qtbot, window)
    assert "No space left" in window.notice.text.text()
    assert document.dirty
    assert not window.close()  # saving on the way out fails too, so the window stays
    assert window.isVisible()
    window.files.formats = formats
    window.files.dialogs.path = tmp_path / "elsewhere.scw"
    assert window.notice.action.text() == "Save elsewhere…"
    QTest.mouseClick(window.notice.action, LEFT)
    wait_idle(qtbot, window)
    assert not document.dirty
    assert not read_scene(tmp_path / "elsewhere.scw").read().any()


def test_a_failed_save_leaves_the_old_file(open_window, qtbot, tmp_path, monkeypatch):
    window = open_window()
    path = tmp_path / "street.scw"
    window.files.dialogs.path = path
    window.trigger("file.save")
    wait_idle(qtbot, window)
    old = path.read_bytes()
    erase_something(window)

    def full(fd: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("engine.formats.files.os.fsync", full)
        window.trigger("file.save")
        wait_idle(qtbot, window)
    assert "No space left on device" in window.notice.text.text()
    assert path.read_bytes() == old
    assert [p.name for p in tmp_path.iterdir() if p.is_file()] == ["street.scw"]
    assert window.studio.document.dirty
    window.files.dialogs.answer = "discard"


def test_recent_files_are_listed_and_missing_ones_are_grey(open_window, qtbot, tmp_path):
    window = open_window()
    assert [a.text() for a in recent_menu(window).actions()] == ["No files yet"]
    for name in ("a.scw", "b.scw"):
        write_scene(scene((32, 48, HEIGHT)), tmp_path / name)
        window.files.open(tmp_path / name)
        wait_idle(qtbot, window)
    (tmp_path / "a.scw").unlink()
    first, second = recent_menu(window).actions()[:2]
    assert (first.text(), first.isEnabled()) == (str(tmp_path / "b.scw"), True)
    assert (second.text(), second.isEnabled()) == (f"{tmp_path / 'a.scw'} (missing)", False)
    recent_menu(window).actions()[-1].trigger()
    assert [a.text() for a in recent_menu(window).actions()] == ["No files yet"]


def test_a_history_that_is_cut_short_is_told(open_window):
    window = open_window()
    window.studio.document.history.budget = 1
    erase_something(window)
    window.trigger("mask.clear")
    assert "can no longer be undone" in window.notice.text.text()

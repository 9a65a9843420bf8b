from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from fakes import CAR, FakeCard, FakeSession
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton
from test_window import HEIGHT, LEFT, drag, scene, wait_idle
from test_window import open_window as open_window

from editor.model.samples import list_samples
from editor.ui.window import MainWindow
from engine.formats.registry import read_scene, write_scene
from engine.grid import Box
from engine.scene import VoxelScene

pytestmark = pytest.mark.window

TALL = FakeCard(height=32)


def blank() -> VoxelScene:
    return VoxelScene.from_labels(np.zeros((96, 64, HEIGHT), np.uint8))


def pixels_on(window: MainWindow, box: Box) -> list[QPoint]:
    """List pixels that show a box, column by column."""
    width, height = window.canvas.window_size
    found = []
    for x in range(6, width, 12):
        for y in range(6, height, 12):
            hit = window.canvas.pick((x, y))
            if hit is not None and box.contains(Box(hit.voxel, tuple(v + 1 for v in hit.voxel))):
                found.append(QPoint(x, y))
    return found


def recent_rows(window: MainWindow) -> list[QPushButton]:
    return [b for b in window.stage.start.findChildren(QPushButton) if b.objectName() == "start.recent"]


def test_the_start_page_opens_samples_and_goes(open_window, qtbot):
    window = open_window(shown=blank())
    start = window.stage.start
    assert not start.isVisible()  # whoever starts with a scene of his own does not want it
    window.trigger("file.start")
    assert start.isVisible()
    assert not window.stage.welcome.isVisible()
    assert window.stage.rect().contains(start.geometry())
    card = start.samples[2]
    assert card.text() == "Park"
    assert not card.icon().isNull()
    QTest.mouseClick(card, LEFT)
    wait_idle(qtbot, window)
    document = window.studio.document
    assert not start.isVisible()
    assert np.array_equal(document.scene.read(), read_scene(list_samples()[2].scene).read())
    assert (document.title, document.path, document.dirty) == ("Park", None, False)
    assert window.settings.recent_files == []
    window.trigger("file.start")
    window.trigger("view.escape")
    assert not start.isVisible()


def test_the_start_page_lists_recent_files_and_starts_the_first_scene(open_window, qtbot, tmp_path):
    window = open_window(shown=blank())
    path = tmp_path / "mine.scw"
    write_scene(scene((32, 48, HEIGHT)), path)
    window.settings.recent_files = [str(path), str(tmp_path / "gone.scw")]
    window.trigger("file.start")
    here, gone = recent_rows(window)
    assert (here.text(), here.isEnabled()) == ("mine.scw", True)
    assert (gone.text(), gone.isEnabled()) == ("gone.scw (missing)", False)
    QTest.mouseClick(here, LEFT)
    wait_idle(qtbot, window)
    assert window.studio.document.path == path
    window.studio.document.replace(blank())
    window.trigger("file.start")
    assert len(recent_rows(window)) == 2
    QTest.mouseClick(window.stage.start.generate, LEFT)
    assert not window.stage.start.isVisible()
    wait_idle(qtbot, window)
    assert not window.studio.document.is_blank()


def test_the_start_page_can_be_left_out_from_now_on(open_window):
    window = open_window(shown=blank())
    window.trigger("file.start")
    assert window.stage.start.always.isChecked()
    QTest.mouseClick(window.stage.start.always, LEFT, pos=QPoint(8, window.stage.start.always.height() // 2))
    window.close()
    again = open_window(shown=blank())
    assert not again.settings.start_page


def test_the_tour_erases_a_car_with_the_mouse(open_window, qtbot):
    window = open_window(FakeSession(height=32), blank(), [TALL])
    window.studio.plan.set(seed=8, seed_locked=True)  # the fake engine makes road
    card = window.stage.tour
    window.trigger("file.start")
    QTest.mouseClick(window.stage.start.tour, LEFT)
    qtbot.waitUntil(lambda: card.is_on, timeout=20000)
    assert card.isVisible()
    assert card.number.text() == "Erase a car · 1 of 5"
    assert window.actions_table["mask.brush"].isChecked()
    car = card._tour.target
    qtbot.wait(60)
    pixels = pixels_on(window, car.box)
    drag(qtbot, window, *pixels[:: len(pixels) // 24])
    assert card.title.text() == "Make it anew"
    assert not card.bar.isVisible()
    QTest.mouseClick(window.docks.generate.button, LEFT)
    wait_idle(qtbot, window)
    assert card.title.text() == "Take it, or try again"
    QTest.keyClick(window.canvas.native, Qt.Key.Key_Return)
    assert card.title.text() == "The car is gone"
    assert not (window.studio.document.scene.read(car.box)[car.array] == CAR).any()
    assert card.stop.text() == "Finish"
    QTest.mouseClick(card.stop, LEFT)
    assert not card.isVisible()
    assert not window.studio.plan.options.forbid


def test_the_tour_can_be_skipped_and_asks_about_unsaved_work(open_window, qtbot):
    window = open_window(cards=[replace(TALL)])
    window.studio.document.set_mask("Mask", window.studio.document.mask.invert(Box((40, 26, 3), (62, 36, 9))))
    window.trigger("voxel.erase_mask")
    window.files.dialogs.answer = "cancel"
    window.trigger("help.tour")
    wait_idle(qtbot, window)
    assert not window.stage.tour.is_on
    window.files.dialogs.answer = "discard"
    window.trigger("help.tour")
    qtbot.waitUntil(lambda: window.stage.tour.is_on, timeout=20000)
    QTest.mouseClick(window.stage.tour.stop, LEFT)
    assert not window.stage.tour.is_on
    assert window.studio.document.title == "Suburb"
    window.trigger("help.tour")
    qtbot.waitUntil(lambda: window.stage.tour.is_on, timeout=20000)
    window.files.dialogs.size = (64, 64)
    window.trigger("file.new")  # another scene ends it
    assert not window.stage.tour.isVisible()

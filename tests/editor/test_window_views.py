"""Looking at a scene in a real window: cube, keys, section box, read-out, saved views."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from test_window import CAR, HEIGHT, LEFT, at, drag, open_window, scene  # noqa: F401 -- a fixture

from editor.ui.window import MainWindow
from engine.grid import Box

pytestmark = pytest.mark.window


def settle(qtbot, window: MainWindow) -> None:
    qtbot.waitUntil(lambda: not window.canvas.navigation.is_gliding, timeout=5000)


def spin(window: MainWindow, widget, steps: int, keys=Qt.KeyboardModifier.NoModifier, sideways: bool = False) -> None:
    place = QPointF(widget.rect().center())
    turn = QPoint(120 * steps, 0) if sideways else QPoint(0, 120 * steps)
    held = Qt.MouseButton.NoButton
    far = QPointF(widget.mapToGlobal(place.toPoint()))
    phase = Qt.ScrollPhase.NoScrollPhase
    QApplication.sendEvent(widget, QWheelEvent(place, far, QPoint(), turn, held, keys, phase, False))


SIDES = (
    (Qt.Key.Key_1, False, (0, 1, 0)),
    (Qt.Key.Key_1, True, (0, -1, 0)),
    (Qt.Key.Key_3, False, (-1, 0, 0)),
    (Qt.Key.Key_3, True, (1, 0, 0)),
    (Qt.Key.Key_7, False, (0, 0, -1)),
    (Qt.Key.Key_7, True, (0, 0, 1)),
)


def test_keys_of_the_number_pad_glide_to_the_six_sides(open_window, qtbot) -> None:  # noqa: F811
    window = open_window()
    moves: list[float] = []
    window.canvas.camera_changed.connect(lambda: moves.append(window.canvas.view.elevation))
    for key, with_ctrl, ahead in SIDES:
        moves.clear()
        held = Qt.KeyboardModifier.KeypadModifier
        held |= Qt.KeyboardModifier.ControlModifier if with_ctrl else Qt.KeyboardModifier.NoModifier
        QTest.keyClick(window.canvas.native, key, held)
        settle(qtbot, window)
        np.testing.assert_allclose(window.canvas.view.basis[2], ahead, atol=1e-9)
        assert len(moves) > 1, "the way there is seen"
    window.trigger("view.gliding")
    moves.clear()
    window.trigger("view.default")
    assert len(moves) == 1


def test_the_cube_shows_and_takes_one_to_sides_edges_and_corners(open_window, qtbot) -> None:  # noqa: F811
    window = open_window()
    cube, canvas = window.views.cube, window.canvas
    canvas.navigation.glides = False
    for direction in ((0, 0, 1), (1, -1, 1), (0, -1, 1), (1, 0, 0)):
        canvas.home()
        canvas.view = replace(canvas.view, azimuth=-50.0, elevation=30.0)
        before = canvas.view
        place = cube.place_of(tuple(0.9 * n for n in direction)).toPoint()
        assert cube.direction_at(QPointF(place)) == direction
        QTest.mouseClick(cube, LEFT, pos=place)
        seen = -canvas.view.basis[2] * np.linalg.norm(direction)
        np.testing.assert_allclose(seen, direction, atol=1e-9)
        assert (canvas.view.target, canvas.view.distance) == (before.target, before.distance)
    assert cube.direction_at(QPointF(2, 2)) is None


def test_dragging_the_cube_turns_the_scene_and_clicks_nothing(open_window, qtbot) -> None:  # noqa: F811
    window = open_window()
    cube, before = window.views.cube, window.canvas.view
    middle = cube.rect().center()
    QTest.mousePress(cube, LEFT, pos=middle)
    for k in range(1, 5):
        QTest.mouseMove(cube, middle + QPoint(10 * k, 3 * k))
    QTest.mouseRelease(cube, LEFT, pos=middle + QPoint(40, 12))
    assert window.canvas.view.azimuth == pytest.approx(before.azimuth - 40 * 0.8)
    assert window.canvas.view.elevation == pytest.approx(before.elevation + 12 * 0.8)
    assert not window.canvas.navigation.is_gliding


def test_the_section_box_hides_voxels_from_the_picture_the_pointer_and_the_brush(open_window, qtbot) -> None:  # noqa: F811
    window = open_window()
    canvas, document = window.canvas, window.studio.document
    canvas.look_from("top")
    canvas.frame()
    on_car = at(window, (50.5, 31.5, 9.0))
    assert canvas.pick((on_car.x(), on_car.y())).voxel[2] == 8
    window.trigger("view.section")
    assert window.actions_table["view.section"].isChecked()
    assert window.views.panel.isVisible()
    document.section.set_range(2, 0, 6)
    document.section.set_range(0, 45, 96)
    assert canvas.pick((on_car.x(), on_car.y())).voxel[2] == 5
    drag(qtbot, window, at(window, (50.5, 31.5, 6.0)), at(window, (46.5, 31.5, 6.0)))
    masked = np.argwhere(document.mask.within(document.scene.box))
    assert len(masked) > 100
    assert masked[:, 0].min() == 45
    assert masked[:, 2].max() == 5
    window.trigger("view.section")
    assert canvas.pick((on_car.x(), on_car.y())).voxel[2] == 8
    assert document.section.extent == Box((45, 0, 0), (96, 64, 6)), "it is remembered"


def test_alt_and_the_wheel_go_through_the_scene_layer_by_layer(open_window) -> None:  # noqa: F811
    window = open_window()
    section, view = window.studio.document.section, window.canvas.view
    alt = Qt.KeyboardModifier.AltModifier
    spin(window, window.canvas.native, -2, alt, sideways=True)
    assert section.box == Box((0, 0, 0), (96, 64, HEIGHT - 2))
    section.set_range(2, 4, 5)
    for steps, low in ((3, 7), (-1, 6), (-20, 0)):
        spin(window, window.canvas.native, steps, alt)
        assert (section.box.lower[2], section.box.upper[2]) == (low, low + 1)
    assert window.canvas.view == view
    spin(window, window.views.panel.sliders[0], -5)
    assert section.box.upper[0] == 91


def test_a_face_of_the_section_box_is_dragged_by_its_arrow(open_window, qtbot) -> None:  # noqa: F811
    window = open_window()
    window.canvas.look_from("front")
    window.canvas.frame()
    window.trigger("view.section")
    native, section = window.canvas.native, window.studio.document.section
    start = at(window, (96.0, 32.0, HEIGHT / 2)) + QPoint(25, 0)
    stop = start - (at(window, (96.0, 32.0, 0.0)) - at(window, (76.0, 32.0, 0.0)))
    QTest.mousePress(native, LEFT, pos=start)
    QTest.mouseMove(native, (start + stop) / 2)
    QTest.mouseMove(native, stop)
    QTest.mouseRelease(native, LEFT, pos=stop)
    assert section.box == Box((0, 0, 0), (76, 64, HEIGHT))
    assert window.studio.document.mask.is_empty


def test_a_range_is_dragged_by_its_ends_and_by_its_middle(open_window) -> None:  # noqa: F811
    window = open_window()
    window.trigger("view.section")
    section, slider = window.studio.document.section, window.views.panel.sliders[0]
    place = lambda v: QPoint(round(slider.place_of(v)), 10)  # noqa: E731
    for start, stop, expected in ((96, 60, (0, 60)), (0, 20, (20, 60)), (40, 50, (30, 70)), (30, 90, (69, 70))):
        QTest.mousePress(slider, LEFT, pos=place(start))
        QTest.mouseMove(slider, place(stop))
        QTest.mouseRelease(slider, LEFT, pos=place(stop))
        found = (section.box.lower[0], section.box.upper[0])
        np.testing.assert_allclose(found, expected, atol=1)
        section.set_range(0, *expected)


def test_the_line_under_the_view_names_voxel_class_and_camera_and_its_bar_has_the_length_it_says(
    open_window,  # noqa: F811
    qtbot,
) -> None:
    window = open_window()
    readout, canvas = window.views.readout, window.canvas
    canvas.look_from("top")
    canvas.toggle_orthographic()
    canvas.frame()
    place = at(window, (50.5, 31.5, 9.0))
    QTest.mouseMove(canvas.native, place)
    qtbot.waitUntil(lambda: readout.voxel.text() != "")
    assert readout.voxel.text() == "50 31 8  ·  car"
    qtbot.waitUntil(lambda: "orthographic" in readout.camera.text())
    metres, length = readout.bar.length
    step = round(metres / 0.2)
    apart = at(window, (40.0 + step, 30.0, 3.0)).x() - at(window, (40.0, 30.0, 3.0)).x()
    assert apart == pytest.approx(length, abs=1.5)


def test_one_is_told_when_one_stands_in_matter_or_sees_nothing(open_window, qtbot) -> None:  # noqa: F811
    window = open_window()
    canvas, hint = window.canvas, window.views.readout.hint
    assert hint.text() == ""
    canvas.view = replace(canvas.view, target=(10.2, 6.2, 1.2), distance=0.3, elevation=0.0)
    qtbot.waitUntil(lambda: "cut open" in hint.text())
    canvas.view = replace(canvas.view, target=(900.0, 6.2, 1.2), distance=3.0, azimuth=180.0)
    qtbot.waitUntil(lambda: "out of view" in hint.text())
    window.trigger("view.default")
    settle(qtbot, window)
    qtbot.waitUntil(lambda: hint.text() == "")

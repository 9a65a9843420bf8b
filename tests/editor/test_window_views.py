"""Looking at a scene in a real window: cube, keys, section box, read-out, saved views."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, QSize, Qt
from PySide6.QtGui import QImage, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from test_window import CAR, HEIGHT, LEFT, ROAD, at, drag, open_window, scene  # noqa: F401 -- a fixture

from editor.model.document import Document
from editor.model.saved_views import SavedView, SavedViews
from editor.ui.window import MainWindow
from engine.errors import RequestError
from engine.formats.registry import read_scene
from engine.geometry.camera import Camera, read_camera
from engine.grid import Box
from engine.labels import UNKNOWN
from engine.mask import VoxelMask
from engine.scene import VoxelScene

pytestmark = pytest.mark.window


def settle(qtbot, window: MainWindow) -> None:
    qtbot.waitUntil(lambda: not window.canvas.navigation.is_gliding, timeout=5000)


def spin(widget, steps: int, keys=Qt.KeyboardModifier.NoModifier, sideways: bool = False) -> None:
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
    spin(window.canvas.native, -2, alt, sideways=True)
    assert section.box == Box((0, 0, 0), (96, 64, HEIGHT - 2))
    section.set_range(2, 4, 5)
    for steps, low in ((3, 7), (-1, 6), (-20, 0)):
        spin(window.canvas.native, steps, alt)
        assert (section.box.lower[2], section.box.upper[2]) == (low, low + 1)
    assert window.canvas.view == view
    spin(window.views.panel.sliders[0], -5)
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
    assert canvas.grab(1.0, marks=False).pixelColor(200, 200) != canvas.grab(1.0, marks=False).pixelColor(200, 20)
    canvas.view = replace(canvas.view, target=(900.0, 6.2, 1.2), distance=3.0, azimuth=180.0)
    qtbot.waitUntil(lambda: "out of view" in hint.text())
    window.trigger("view.default")
    settle(qtbot, window)
    qtbot.waitUntil(lambda: hint.text() == "")


# saved views


def test_saved_views_are_gone_to_renamed_updated_deleted_and_undone(open_window, qtbot, tmp_path) -> None:  # noqa: F811
    window = open_window()
    canvas, kept, document = window.canvas, window.views.kept, window.studio.document
    canvas.look_from("left")
    window.trigger("view.save")
    first = canvas.view
    canvas.look_from("top")
    canvas.toggle_orthographic()
    window.trigger("view.save")
    assert [v.name for v in kept.views.all] == ["View 1", "View 2"]
    assert document.dirty
    QTest.keyClick(canvas.native, Qt.Key.Key_1, Qt.KeyboardModifier.ControlModifier)
    settle(qtbot, window)
    same_view(canvas.view, first)
    QTest.keyClick(canvas.native, Qt.Key.Key_PageDown)
    settle(qtbot, window)
    assert canvas.view.orthographic
    np.testing.assert_allclose(canvas.view.basis[2], (0, 0, -1), atol=1e-6)
    kept.dock.list.item(1).setText("From above")
    canvas.look_from("front")
    window.trigger("view.update")
    assert [v.name for v in kept.views.all] == ["View 1", "From above"]
    window.files.dialogs.path = tmp_path / "kept.scw"
    window.trigger("file.save_as")
    window.files.join()
    found = SavedViews(Document(read_scene(tmp_path / "kept.scw"))).all
    assert found == kept.views.all
    assert QImage.fromData(found[1].picture).size() == QSize(240, 150)
    window.trigger("view.forget")
    assert [v.name for v in kept.views.all] == ["View 1"]
    window.trigger("edit.undo")
    assert [v.name for v in kept.views.all] == ["View 1", "From above"]
    assert kept.dock.list.count() == 2


def test_a_camera_goes_over_the_clipboard_and_into_a_file(open_window, qtbot, tmp_path) -> None:  # noqa: F811
    window = open_window()
    canvas = window.canvas
    canvas.view = replace(canvas.view, azimuth=17.0, elevation=9.0, distance=13.0)
    before = canvas.view
    window.trigger("view.copy_camera")
    (tmp_path / "camera.json").write_text(QApplication.clipboard().text())
    assert read_camera(tmp_path / "camera.json") == canvas.camera
    canvas.home()
    window.trigger("view.paste_camera")
    settle(qtbot, window)
    same_view(canvas.view, before)
    QApplication.clipboard().setText("[1, 2]")
    window.trigger("view.paste_camera")
    same_view(canvas.view, before)
    assert "no camera" in window.notice.text.text()


def test_views_of_another_program_stay_in_the_file_untouched() -> None:
    document = Document(scene())
    document.scene.metadata["cameras"] = ["elsewhere", {"eye": [1.5, 2.0, 3.0]}]
    views = SavedViews(document)
    assert views.all == []
    view = views.save(SavedView("", Camera((0.0, 0.0, 9.0), (5.0, 5.0, 0.0))))
    views.rename(0, "Mine")
    assert document.scene.metadata["cameras"][:2] == ["elsewhere", {"eye": [1.5, 2.0, 3.0]}]
    assert views.all == [replace(view, name="Mine")]
    with pytest.raises(RequestError, match="already"):
        views.save(SavedView("Mine", view.camera))
    for _ in range(2):
        document.undo()
    assert document.scene.metadata["cameras"] == ["elsewhere", {"eye": [1.5, 2.0, 3.0]}]


def same_view(found, expected) -> None:
    np.testing.assert_allclose(found.target, expected.target, atol=1e-6)
    np.testing.assert_allclose(found.station, expected.station, atol=1e-6)
    assert found.orthographic == expected.orthographic


# classes


def test_classes_are_counted_in_the_scene_the_section_and_the_mask(open_window, qtbot) -> None:  # noqa: F811
    window = open_window()
    dock, document = window.docks.classes, window.studio.document
    table = dock.table

    def cells(label: int) -> tuple[str, str]:
        return tuple(table.data(table.index(table.row_of(label), column)) for column in (2, 3))

    assert cells(CAR) == ("1,320", "6.7 %")
    assert dock.sum.text() == f"19,752 solid ({100 * 19752 / (96 * 64 * HEIGHT):.1f} %)"
    dock.scope.part("section").click()
    document.section.set(Box((0, 0, 3), (51, 64, HEIGHT)))
    document.section.turn(True)
    qtbot.waitUntil(lambda: cells(CAR) == ("660", "100.0 %"))
    dock.scope.part("mask").click()
    assert cells(CAR) == ("–", "")
    window.studio.document.section.turn(False)
    document.set_mask("Box", VoxelMask.of_box(Box((40, 26, 2), (41, 36, 4))))
    qtbot.waitUntil(lambda: cells(CAR) == ("10", "50.0 %"))
    assert cells(ROAD) == ("10", "50.0 %")
    labels = document.scene.read()
    labels[0, 0, 9:12] = UNKNOWN
    document.replace(VoxelScene.from_labels(labels))
    dock.scope.part("scene").click()
    assert dock.table.data(dock.table.index(dock.table.row_of(UNKNOWN), 2)) == "3"

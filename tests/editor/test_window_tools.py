"""Every tool in the real window: keys, marks, options, mouse."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDockWidget, QLineEdit, QToolButton
from test_window import CAR, HEIGHT, LEFT, ROAD, at, drag, scene, wait_idle
from test_window import open_window as open_window

from editor.tools.options import Brush
from editor.ui.action_table import ACTIONS
from editor.ui.commands import TOOLS
from editor.ui.dialogs import ReplaceClassDialog
from engine.formats.registry import read_scene
from engine.grid import Box
from engine.mask import VoxelMask

pytestmark = pytest.mark.window

CAR_BOX = Box((40, 26, 3), (62, 36, 9))
KEYS = {spec.id: spec.shortcuts[0] for spec in ACTIONS if spec.group == "tool"}
POLE, BUILDING = 18, 13


def press(window, key: str) -> None:
    """Press a key with its modifiers, as `Shift+E`."""
    *held, last = key.split("+")
    modifiers = Qt.KeyboardModifier.NoModifier
    for name in held:
        modifiers |= {"Shift": Qt.KeyboardModifier.ShiftModifier, "Ctrl": Qt.KeyboardModifier.ControlModifier}[name]
    codes = {"Del": "Delete", "Esc": "Escape"}
    QTest.keyClick(window.canvas.native, getattr(Qt.Key, f"Key_{codes.get(last, last)}"), modifiers)


def labels(window) -> np.ndarray:
    return window.studio.document.scene.read()


# keys, options, cursors


def test_every_tool_is_taken_by_its_key_and_shows_its_options_and_cursor(open_window):
    window = open_window()
    table, cursors = window.actions_table, set()
    for name, key in KEYS.items():
        press(window, key)
        assert table[name].isChecked(), name
        assert window.gestures.tool is TOOLS[name]
        assert f"({key})" in table[name].toolTip()
        cursors.add(window.canvas.cursor.pixmap().cacheKey())
        page = {"tool.extend": window.options.extend, "tool.context": window.options.context}.get(name)
        if page is not None:
            assert window.options.currentWidget() is page
        else:
            assert window.options.currentWidget() is window.options.brush
            assert [p for p in window.options.brush.parts.values() if p.isVisible()], name
    assert len(cursors) == len(KEYS)


def test_options_are_those_of_the_tool_in_hand(open_window):
    window = open_window()
    page, context = window.options.brush, window.gestures.context
    window.trigger("voxel.add")
    shown = {name for name, part in page.parts.items() if part.isVisible()}
    assert shown == {"ink", "mode", "tip", "radius", "within_mask"}
    assert page.radius.value() == context.options.pen.radius == 2
    QTest.mouseClick(page.mode.part("surface"), LEFT)
    assert context.options.pen.mode == "surface"
    assert page.layers.isVisible()
    page.radius.field.setValue(0)
    assert context.options.pen.radius == 0
    window.trigger("mask.brush")
    assert (page.radius.value(), context.brush.mode) == (6, "volume")
    page.radius.field.setValue(0)
    assert context.options.brush.radius == 1
    window.trigger("mask.box")
    QTest.mouseClick(page.mode.part("column"), LEFT)
    assert not page.radius.isVisible()
    window.trigger("voxel.fill")
    page.parts["limit"].field.setValue(9)
    QTest.mouseClick(page.parts["spread"].segments.part("corners"), LEFT)
    page.parts["within_mask"].box.click()
    options = context.options
    assert (options.limit, options.spread, options.within_mask) == (9, "corners", True)


def test_the_bar_shows_its_parts_in_a_narrow_window(open_window, qtbot):
    window = open_window()
    window.gestures.context.set(pen=Brush(2, 1, "surface"))
    window.trigger("voxel.add")
    window.resize(1024, 700)
    qtbot.wait(50)
    assert window.options.isVisible()
    assert window.options.brush.parts["ink"].isVisible()
    hint = window.options.brush.hint
    assert hint.width() < hint.sizeHint().width()
    pixels = hint.grab().toImage()
    assert len({pixels.pixel(x, y) for x in range(pixels.width()) for y in range(pixels.height())}) <= 1
    assert window.options.geometry().right() <= window.width()


def test_number_keys_choose_classes_and_x_swaps_with_empty(open_window):
    window = open_window()
    classes, ink = window.studio.document.classes, window.options.brush.parts["ink"]
    for key, label in (("5", 5), ("0", 10), ("Shift+3", 13), ("Shift+9", 19), ("1", 1)):
        press(window, key)
        assert classes.ink == label
    press(window, "X")
    assert (classes.ink, classes.chosen) == (0, 1)
    assert ink.button.text().strip() == "empty"
    press(window, "X")
    ink.button.menu().aboutToShow.emit()
    entry = next(a for a in ink.button.menu().actions() if a.text().startswith("pole"))
    assert entry.text() == "pole\tShift+8"
    entry.trigger()
    assert classes.ink == POLE
    assert ink.button.text().strip() == "pole"


def test_keys_of_classes_and_tools_stay_text_in_fields(open_window, qtbot):
    window = open_window()
    field, classes = window.options.brush.radius.field, window.studio.document.classes
    field.setFocus()
    field.selectAll()
    for key in (Qt.Key.Key_1, Qt.Key.Key_3):
        QTest.keyClick(field, key)
    assert window.gestures.context.brush.radius == 13
    assert classes.chosen == 1
    window.studio.document.set_mask("Car", VoxelMask.of_box(CAR_BOX))
    window.trigger("mask.save")
    window.findChild(QDockWidget, "dock.mask").raise_()
    qtbot.waitUntil(lambda: window.docks.mask.findChild(QLineEdit, "saved.Mask 1.name") is not None)
    name = window.docks.mask.findChild(QLineEdit, "saved.Mask 1.name")
    name.setFocus()
    name.selectAll()
    for key in (Qt.Key.Key_T, Qt.Key.Key_2, Qt.Key.Key_Return):
        QTest.keyClick(name, key)
    assert window.actions_table["mask.brush"].isChecked()
    assert list(window.studio.document.saved_masks) == ["t2"]


def test_the_brush_is_sized_by_dragging_with_the_right_button(open_window, qtbot):
    window = open_window()
    native, view = window.canvas.native, window.canvas.view
    start = QPoint(300, 200)
    for keys in (Qt.KeyboardModifier.AltModifier, Qt.KeyboardModifier.ControlModifier):
        window.gestures.context.set(brush=Brush(radius=6))
        QTest.mousePress(native, Qt.MouseButton.RightButton, keys, start)
        QTest.mouseMove(native, start + QPoint(24, 0))
        qtbot.wait(10)
        assert window.gestures.context.brush.radius == 9
        QTest.mouseMove(native, start - QPoint(16, 0))
        QTest.mouseRelease(native, Qt.MouseButton.RightButton, keys, start - QPoint(16, 0))
        assert window.gestures.context.brush.radius == 4
    assert window.canvas.view == view


def test_tool_options_are_remembered(open_window):
    window = open_window()
    pen = Brush(0, 4, "through", "cube")
    window.gestures.context.set(pen=pen, spread="corners", limit=12, outline="rectangle")
    window.docks.mask.opacity.field.setValue(0.4)
    window.close()
    again = open_window()
    options = again.gestures.context.options
    assert (options.pen, options.spread, options.limit, options.outline) == (pen, "corners", 12, "rectangle")
    assert again.docks.mask.opacity.value() == 0.4
    assert again.canvas.painter.visual.mask_opacity == 0.4


# mask tools with the mouse


def test_a_lasso_round_the_car_masks_it_and_is_drawn_meanwhile(open_window, qtbot):
    window = open_window()
    window.canvas.look_from("top")
    window.gestures.context.set(brush=Brush(depth=16, mode="surface"))
    window.trigger("mask.lasso")
    corners = [at(window, p) for p in ((36, 22, 9), (66, 22, 9), (66, 40, 9), (36, 40, 9))]
    native = window.canvas.native
    QTest.mousePress(native, LEFT, Qt.KeyboardModifier.NoModifier, corners[0])
    for corner in corners[1:]:
        qtbot.wait(5)
        QTest.mouseMove(native, corner)
    assert len(window.canvas.overlays.outline) == 4
    QTest.mouseRelease(native, LEFT, Qt.KeyboardModifier.NoModifier, corners[-1])
    assert window.canvas.overlays.outline == []
    masked = window.studio.document.mask.within(window.studio.document.scene.box)
    assert masked[labels(window) == CAR].all()
    assert not masked[labels(window) == 0].any()
    assert window.studio.document.history.undo_name == "Lasso"


def test_what_the_lasso_takes_is_what_is_seen_in_perspective(open_window, qtbot):
    window = open_window()
    window.trigger("mask.lasso")
    document, sight = window.studio.document, window.canvas.sight
    for mode in ("surface", "through"):
        window.gestures.context.set(brush=Brush(depth=1, mode=mode), outline="rectangle")
        low, high = QPoint(230, 160), QPoint(420, 330)
        drag(qtbot, window, low, high)
        masked = document.mask.within(document.scene.box)
        rng = np.random.default_rng(4)
        for x, y in rng.uniform((20, 20), (600, 480), (300, 2)):
            hit = sight.pick((x, y))
            inside = low.x() + 3 < x < high.x() - 3 and low.y() + 3 < y < high.y() - 3
            outside = not (low.x() - 25 < x < high.x() + 25 and low.y() - 25 < y < high.y() + 25)
            if hit is not None and (inside or outside):
                assert masked[hit.voxel] == inside
        window.trigger("edit.undo")


def test_the_wand_masks_the_car_and_the_read_out_says_so(open_window, qtbot):
    window = open_window()
    window.trigger("mask.wand")
    place = at(window, (50, 30, 9))
    drag(qtbot, window, place)
    assert window.studio.document.mask.equals(VoxelMask.of_box(CAR_BOX))
    QTest.mouseMove(window.canvas.native, place + QPoint(2, 1))
    window.studio.document.classes.set_locked(CAR, True)
    QTest.mouseMove(window.canvas.native, place)
    words = window.views.readout.voxel.text()
    assert words.endswith("car  ·  masked  ·  locked")
    assert words.split()[2] == "8"


def test_tools_paint_through_passed_classes_but_ask_what_is_there(open_window, qtbot):
    window = open_window()
    document = window.studio.document
    document.classes.set_passed(CAR, True)
    window.canvas.look_from("top")
    window.gestures.context.set(brush=Brush(radius=1))
    place = at(window, (50.5, 30.5, 3))
    drag(qtbot, window, place)
    assert document.mask.box.upper[2] <= 4
    window.trigger("voxel.pick")
    drag(qtbot, window, place)
    assert document.classes.chosen == CAR


def test_the_mask_is_hidden_by_a_key_and_shown_again_by_painting(open_window, qtbot):
    window = open_window()
    window.studio.document.set_mask("Box", VoxelMask.of_box(CAR_BOX))
    flags = window.canvas.painter.visual.flags
    qtbot.wait(20)
    assert (flags.values == 1).sum() == CAR_BOX.volume
    press(window, "M")
    assert not flags.values.any()
    assert window.studio.document.mask.count == CAR_BOX.volume
    drag(qtbot, window, at(window, (10, 10, 3)))
    assert (flags.values == 1).sum() > CAR_BOX.volume
    strong = window.canvas.grab(1.0)
    window.docks.mask.opacity.field.setValue(0.1)
    assert window.canvas.grab(1.0) != strong


def test_a_face_of_a_drawn_box_is_moved_by_its_arrow(open_window, qtbot):
    window = open_window()
    document, handles = window.studio.document, window.canvas.overlays.handles
    window.canvas.look_from("top")
    window.gestures.context.set(brush=replace(window.gestures.context.options.brush, mode="through"))
    window.trigger("mask.box")
    drag(qtbot, window, at(window, (20.5, 20.5, 3)), at(window, (30.5, 40.5, 3)))
    drawn = Box((20, 20, 0), (31, 41, HEIGHT))
    assert document.mask.equals(VoxelMask.of_box(drawn))
    assert handles.inner == drawn
    start, end = at(window, (31, 30.5, 8)), at(window, (40, 30.5, 8))
    grip = start + QPoint(20, 0)
    drag(qtbot, window, grip, grip + (end - start) / 2, grip + (end - start))
    moved = document.mask.box
    assert (moved.lower, moved.upper[1:]) == (drawn.lower, drawn.upper[1:])
    assert moved.upper[0] in (39, 40, 41)
    assert handles.inner == moved
    press(window, "Ctrl+Z")
    assert document.mask.equals(VoxelMask.of_box(drawn))
    assert handles.inner is None
    drag(qtbot, window, at(window, (50.5, 10.5, 3)), at(window, (55.5, 14.5, 3)))
    assert handles.inner == Box((50, 10, 0), (56, 15, HEIGHT))
    drag(
        qtbot, window, at(window, (53.5, 12.5, 3)), at(window, (60.5, 12.5, 3))
    )  # not the arrow that points at the eye
    assert handles.inner == Box((53, 12, 0), (61, 13, HEIGHT))
    press(window, "Esc")
    assert handles.inner is None
    assert document.mask.count == drawn.volume + (6 * 5 + 5) * HEIGHT


def test_cells_and_context_are_outlined_while_regenerating_is_on_offer(open_window, qtbot):
    window = open_window()
    plain = window.canvas.grab(1.0)
    mask = VoxelMask.of_box(Box((45, 30, 2), (50, 40, 3)))
    window.studio.document.set_mask("Box", mask)
    reach = window.studio.plan.reach()
    assert reach.cells.box == Box((32, 16, 2), (64, 48, 3))
    outlined = window.canvas.grab(1.0)
    window.canvas.show_reach(VoxelMask.nothing(), Box((0, 0, 0), (0, 0, 0)))
    assert window.canvas.grab(1.0) != outlined
    press(window, "M")
    assert not window.actions_table["view.mask"].isChecked()
    assert window.canvas.grab(1.0) == plain


def test_outlines_wait_for_the_end_of_a_stroke(open_window, monkeypatch):
    window = open_window()
    document, shown = window.studio.document, []
    monkeypatch.setattr(window.canvas, "show_reach", lambda cells, context: shown.append(cells.box))
    stroke = VoxelMask.of_box(Box((45, 30, 2), (50, 40, 3)))
    document.show_stroke(stroke, stroke.box)
    assert shown == []
    document.end_stroke()
    document.set_mask("Brush", stroke)
    assert shown[-1] == Box((32, 16, 2), (64, 48, 3))


# voxel tools with the mouse


def test_a_stroke_of_each_voxel_brush_is_seen_while_drawn_and_undone_in_one_step(open_window, qtbot):
    window = open_window()
    before, display = labels(window), window.canvas.display
    window.studio.document.classes.choose(BUILDING)
    for name, label in (("voxel.add", BUILDING), ("voxel.remove", 0), ("voxel.paint", BUILDING)):
        window.trigger(name)
        window.gestures.context.set(pen=Brush(radius=3))
        points = [at(window, (x, 10, 3)) for x in (20, 24, 28)]
        QTest.mousePress(window.canvas.native, LEFT, Qt.KeyboardModifier.NoModifier, points[0])
        for point in points[1:]:
            qtbot.wait(5)
            QTest.mouseMove(window.canvas.native, point)
        assert np.array_equal(labels(window), before)
        shown = display.visual.labels.values
        assert (shown != before).sum() > 50
        QTest.mouseRelease(window.canvas.native, LEFT, Qt.KeyboardModifier.NoModifier, points[-1])
        changed = labels(window) != before
        assert np.array_equal(labels(window), display.visual.labels.values)
        assert (labels(window)[changed] == label).all()
        assert Box.around(np.argwhere(changed)).shape[2] <= 4
        press(window, "Ctrl+Z")
        assert np.array_equal(labels(window), before)
        assert np.array_equal(display.visual.labels.values, before)


def test_escape_in_the_middle_of_a_stroke_leaves_no_trace(open_window, qtbot):
    window = open_window()
    before = labels(window)
    window.trigger("voxel.remove")
    QTest.mousePress(window.canvas.native, LEFT, Qt.KeyboardModifier.NoModifier, at(window, (50, 30, 9)))
    QTest.mouseMove(window.canvas.native, at(window, (56, 30, 9)))
    assert not np.array_equal(window.canvas.display.visual.labels.values, before)
    press(window, "Esc")
    assert np.array_equal(window.canvas.display.visual.labels.values, before)
    QTest.mouseRelease(window.canvas.native, LEFT, Qt.KeyboardModifier.NoModifier, at(window, (56, 30, 9)))
    assert np.array_equal(labels(window), before)
    assert window.studio.document.history.undo_name is None


def test_mask_copy_paste_turn_stamp_with_keys_and_mouse(open_window, qtbot):
    window = open_window()
    before = labels(window)
    window.trigger("mask.wand")
    drag(qtbot, window, at(window, (50, 30, 9)))
    press(window, "Ctrl+C")
    assert window.statusBar().tip.text().startswith(f"Copied {CAR_BOX.volume:,} voxels")
    press(window, "Ctrl+V")
    assert window.actions_table["voxel.stamp"].isChecked()
    press(window, "Q")
    assert window.gestures.context.clipboard.clip.shape == (10, 22, 6)
    window.canvas.look_from("top")
    window.canvas.frame()
    spot = at(window, (20.5, 30.5, 3))
    QTest.mouseMove(window.canvas.native, spot)
    ghost = window.canvas.display.visual.labels.values != before
    assert Box.around(np.argwhere(ghost)) == Box((15, 19, 3), (25, 41, 9))
    assert np.array_equal(labels(window), before)
    drag(qtbot, window, spot)
    assert np.array_equal(labels(window), window.canvas.display.visual.labels.values)
    assert (labels(window)[15:25, 19:41, 3:9] == CAR).all()
    assert window.studio.document.history.undo_name == "Stamp"
    press(window, "Esc")
    assert window.actions_table["mask.wand"].isChecked()
    press(window, "Ctrl+Z")
    assert np.array_equal(labels(window), before)


def test_stamping_with_nothing_copied_is_one_line_that_says_what_to_do(open_window, qtbot):
    window = open_window()
    press(window, "S")
    drag(qtbot, window, at(window, (20, 10, 3)))
    assert window.notice.isVisible()
    assert "Ctrl+C" in window.notice.text.text()
    assert not window.trigger("edit.paste")


def test_a_roof_is_pulled_up_with_the_mouse(open_window, qtbot):
    window = open_window()
    before = labels(window)
    window.trigger("voxel.extrude")
    start, end = at(window, (50.5, 30.5, 9)), at(window, (50.5, 30.5, 13))
    drag(qtbot, window, start, start + (end - start) / 2, end)
    expected = before.copy()
    expected[40:62, 26:36, 9:13] = CAR
    assert np.array_equal(labels(window), expected)
    press(window, "Ctrl+Z")
    assert np.array_equal(labels(window), before)


def test_masked_voxels_are_filled_erased_cut_and_replaced_by_actions(open_window):
    window = open_window()
    before, document = labels(window), window.studio.document
    assert not window.actions_table["voxel.fill_mask"].isEnabled()
    document.set_mask("Car", VoxelMask.of_box(CAR_BOX))
    document.classes.choose(POLE)
    for key, label in (("Shift+F", POLE), ("Shift+Del", 0), ("Ctrl+X", 0)):
        press(window, key)
        assert np.array_equal(labels(window), np.where(before == CAR, label, before))
        window.trigger("edit.undo")
    window.files.dialogs.pair = (CAR, BUILDING)
    press(window, "Ctrl+R")
    assert window.files.dialogs.asked[-1] == f"replace in {CAR_BOX.volume}"
    assert np.array_equal(labels(window), np.where(before == CAR, BUILDING, before))
    window.trigger("edit.undo")
    window.files.dialogs.pair = (ROAD, BUILDING)
    window.trigger("voxel.replace_class")
    assert "no 'road' in the mask" in window.notice.text.text()


def test_the_replace_dialog_begins_with_the_chosen_class_and_empty(open_window, qtbot):
    classes = open_window().studio.document.classes
    classes.choose(POLE)
    dialog = ReplaceClassDialog(classes, 0)
    qtbot.addWidget(dialog)
    assert dialog.pair() == (POLE, 0)
    dialog.new.setCurrentText("building")
    assert dialog.pair() == (POLE, BUILDING)


# the mask dock


def test_the_mask_dock_grows_by_its_step_and_keeps_masks_in_the_file(open_window, qtbot, tmp_path):
    window = open_window()
    document, dock = window.studio.document, window.docks.mask
    document.set_mask("Car", VoxelMask.of_box(CAR_BOX))
    dock.step.setValue(2)
    window.trigger("mask.grow")
    assert document.mask.equals(VoxelMask.of_box(CAR_BOX).grow(2, document.scene.box))
    window.trigger("mask.feather")
    assert document.history.undo_name == "Feather mask"
    window.trigger("edit.undo")
    window.trigger("edit.undo")
    window.trigger("mask.save")
    window.trigger("mask.clear")
    qtbot.waitUntil(lambda: dock.findChild(QLineEdit, "saved.Mask 1.name") is not None)
    name = dock.findChild(QLineEdit, "saved.Mask 1.name")
    name.setText("the car")
    name.editingFinished.emit()
    qtbot.waitUntil(lambda: dock.findChild(QToolButton, "saved.the car.replace") is not None)
    QTest.mouseClick(dock.findChild(QToolButton, "saved.the car.add"), LEFT)
    assert document.mask.equals(VoxelMask.of_box(CAR_BOX))
    window.files.dialogs.path = tmp_path / "street.scw"
    window.trigger("file.save")
    wait_idle(qtbot, window)
    assert list(read_scene(window.files.dialogs.path).metadata["masks"]) == ["the car"]
    QTest.mouseClick(dock.findChild(QToolButton, "saved.the car.forget"), LEFT)
    assert document.saved_masks == {}
    assert document.dirty
    window.trigger("edit.undo")
    assert list(document.saved_masks) == ["the car"]
    assert not document.dirty


def test_locked_classes_are_left_out_by_every_way_to_mask(open_window, qtbot):
    window = open_window()
    document = window.studio.document
    document.classes.set_locked(CAR, True)
    window.trigger("mask.invert")
    assert document.mask.count == 96 * 64 * HEIGHT - CAR_BOX.volume
    window.trigger("mask.clear")
    window.trigger("mask.box")
    window.gestures.context.set(brush=replace(window.gestures.context.options.brush, mode="through"))
    drag(qtbot, window, at(window, (36, 20, 3)), at(window, (70, 18, 3)))
    assert document.mask.count > 0
    document.classes.choose(CAR)
    window.trigger("mask.from_class")
    assert "locked" in window.notice.text.text()
    assert not document.mask.within(CAR_BOX).any()
    assert np.array_equal(labels(window), scene().read())

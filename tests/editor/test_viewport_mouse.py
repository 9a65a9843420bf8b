"""The mouse over the viewport in a real window."""

from __future__ import annotations

import numpy as np
import pytest
from canvases import SHAPE, VOXEL, Left, Middle, Plain, Right, drag, send
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QKeyEvent, QWheelEvent
from PySide6.QtWidgets import QApplication

from editor.model.pointer import HandleDrag, Pointer
from editor.viewport.canvas import ViewportCanvas
from engine.grid import Box

pytestmark = pytest.mark.window


def test_the_left_button_belongs_to_the_tool(canvas: ViewportCanvas) -> None:
    events: list[Pointer] = []
    canvas.pointer.connect(events.append)
    view = canvas.view
    drag(canvas, (200, 170), (260, 150), keys=Qt.KeyboardModifier.ControlModifier)
    assert [e.kind for e in events] == ["press", *["move"] * 4, "release"]
    assert all(e.modifiers == {"ctrl"} for e in events)
    assert [e.buttons for e in events] == [{"left"}] * 5 + [set()]
    assert events[-1].position == (260.0, 150.0)
    for event in events:
        assert event.hit == canvas.pick(event.position)
        assert np.linalg.norm(event.ray_direction) == pytest.approx(1)
        np.testing.assert_allclose(
            np.add(event.ray_origin, np.multiply(event.ray_direction, event.hit.distance)), event.hit.point
        )
    assert canvas.view == view


def test_the_letter_of_an_axis_turns_the_view_and_is_no_stroke(canvas: ViewportCanvas) -> None:
    events: list[Pointer] = []
    canvas.pointer.connect(events.append)
    up = canvas.view.basis[1][2]
    drag(canvas, (50, 300 - 50 - 33 * up), (100, 150))
    assert events == []
    assert (canvas.view.azimuth, canvas.view.elevation) == (-90.0, 90.0)
    drag(canvas, (240, 150), (250, 150))
    assert len(events) == 6


def test_a_double_click_is_two_presses(canvas: ViewportCanvas) -> None:
    kinds: list[str] = []
    canvas.pointer.connect(lambda event: kinds.append(event.kind))
    for kind in (QEvent.Type.MouseButtonPress, QEvent.Type.MouseButtonDblClick):
        send(canvas, kind, (200, 170), Left)
        send(canvas, QEvent.Type.MouseButtonRelease, (200, 170), Left, Qt.MouseButton.NoButton)
    assert kinds == ["press", "release"] * 2


@pytest.mark.parametrize(
    ("button", "keys", "turns", "moves"),
    [
        (Right, Plain, True, False),
        (Middle, Plain, True, False),
        (Middle, Qt.KeyboardModifier.ShiftModifier, False, True),
    ],
)
def test_other_buttons_move_the_camera(canvas: ViewportCanvas, button, keys, turns: bool, moves: bool) -> None:
    events: list[Pointer] = []
    canvas.pointer.connect(events.append)
    before = canvas.view
    drag(canvas, (200, 170), (260, 150), button, keys)
    after = canvas.view
    assert events == []
    assert ((before.azimuth, before.elevation) != (after.azimuth, after.elevation)) == turns
    assert (before.target != after.target) == moves
    assert before.distance == after.distance


def test_space_turns_the_left_button_into_a_hand(canvas: ViewportCanvas) -> None:
    events: list[Pointer] = []
    canvas.pointer.connect(events.append)
    before = canvas.view
    QApplication.sendEvent(canvas.native, QKeyEvent(QEvent.Type.KeyPress, Qt.Key.Key_Space, Plain))
    drag(canvas, (240, 150), (300, 130))
    QApplication.sendEvent(canvas.native, QKeyEvent(QEvent.Type.KeyRelease, Qt.Key.Key_Space, Plain))
    assert events == []
    target = canvas.view.project(before.target, 480 / 300)[0]
    np.testing.assert_allclose(target[:2] * (240, 150), (60, 20))
    assert canvas.view.basis[2].tolist() == before.basis[2].tolist()
    drag(canvas, (240, 150), (250, 150))
    assert len(events) == 6


def test_the_wheel_goes_to_what_lies_under_the_mouse(canvas: ViewportCanvas) -> None:
    at, before = (300.0, 190.0), canvas.view.distance
    hit = canvas.pick(at)
    wheel = QWheelEvent(
        QPointF(*at),
        QPointF(*at),
        QPointF().toPoint(),
        QPointF(0, 240).toPoint(),
        Qt.MouseButton.NoButton,
        Plain,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(canvas.native, wheel)
    assert canvas.view.distance < 0.8 * before
    np.testing.assert_allclose(canvas.pick(at).point, hit.point, atol=1e-6)


def test_keys_fly_while_the_right_button_is_held(canvas: ViewportCanvas, qtbot) -> None:
    before, ahead = canvas.view.eye, canvas.view.basis[2]
    send(canvas, QEvent.Type.MouseButtonPress, (200, 170), Right)
    override = QKeyEvent(QEvent.Type.ShortcutOverride, Qt.Key.Key_W, Plain)
    override.ignore()
    QApplication.sendEvent(canvas.native, override)
    assert override.isAccepted()
    QApplication.sendEvent(canvas.native, QKeyEvent(QEvent.Type.KeyPress, Qt.Key.Key_W, Plain))
    qtbot.waitUntil(lambda: (canvas.view.eye - before) @ ahead > 0.5)
    moved = canvas.view.eye - before
    np.testing.assert_allclose(moved / np.linalg.norm(moved), ahead, atol=1e-9)
    send(canvas, QEvent.Type.MouseButtonRelease, (200, 170), Right, Qt.MouseButton.NoButton)
    stopped = canvas.view.eye
    qtbot.wait(60)
    np.testing.assert_array_equal(canvas.view.eye, stopped)


def test_hovering_tells_what_lies_under_the_mouse(canvas: ViewportCanvas) -> None:
    seen: list[object] = []
    canvas.hovered.connect(seen.append)
    send(canvas, QEvent.Type.MouseMove, (240, 160))
    QApplication.sendEvent(canvas.native, QEvent(QEvent.Type.Leave))
    assert seen == [canvas.pick((240, 160)), None]
    assert seen[0] is not None


def test_dragging_a_face_grows_the_bounds_in_whole_steps(canvas: ViewportCanvas) -> None:
    canvas.set_handles(16)
    pointers: list[Pointer] = []
    drags: list[HandleDrag] = []
    canvas.pointer.connect(pointers.append)
    canvas.handle_dragged.connect(drags.append)
    width, height = canvas.window_size
    middle = np.multiply(SHAPE, VOXEL) / 2
    face = middle * (2, 1, 1) + (0.6, 0, 0)
    far = np.add(face, (20 * VOXEL[0], 0, 0))
    (x0, y0, _), (x1, y1, _) = canvas.view.project(np.stack([face, far]), width / height)
    start, stop = (((x + 1) * width / 2, (1 - y) * height / 2) for x, y in ((x0, y0), (x1, y1)))
    drag(canvas, start, stop)
    assert pointers == []
    assert [d.kind for d in drags] == ["press", *["move"] * 4, "release"]
    assert all((d.axis, d.side) == (0, 1) for d in drags)
    assert all((d.box.upper[0] - SHAPE[0]) % 16 == 0 and d.box.lower == (0, 0, 0) for d in drags)
    assert drags[0].box == canvas.display.box
    assert drags[-1].box == Box((0, 0, 0), (88, 40, 20))

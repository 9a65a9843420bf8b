"""The viewport in a real window: pictures, picking, marks, mouse."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import shiboken6
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QImage, QKeyEvent, QMouseEvent, QOpenGLContext, QWheelEvent
from PySide6.QtWidgets import QApplication

from editor.model.pointer import HandleDrag, Pointer
from editor.viewport.canvas import ViewportCanvas
from engine.geometry.pictures import render_maps
from engine.grid import Box, Grid
from engine.labels import UNKNOWN, label_space
from engine.mask import VoxelMask
from engine.scene import VoxelScene

pytestmark = pytest.mark.window

SHAPE = (72, 40, 20)
VOXEL = (0.2, 0.3, 0.25)
ROAD, BUILDING, CAR, TREE, POLE = 9, 13, 1, 15, 18
Left, Middle, Right = (getattr(Qt.MouseButton, f"{name}Button") for name in ("Left", "Middle", "Right"))
Plain = Qt.KeyboardModifier.NoModifier


def make_labels() -> np.ndarray:
    labels = np.zeros(SHAPE, dtype=np.uint8)
    labels[:, :, :3] = ROAD
    labels[2:14, 4:20, 3:18] = BUILDING
    labels[50:62, 25:31, 3:8] = CAR
    labels[30, 8, 3:14] = POLE
    labels[33:45, 20:30, 9:16] = TREE
    labels[38:40, 24:26, 3:9] = 16
    return labels


def make_scene() -> VoxelScene:
    return VoxelScene.from_labels(make_labels(), Grid(SHAPE, VOXEL, (12.0, -3.0, 1.0)))


@pytest.fixture
def canvas(qtbot) -> Iterator[ViewportCanvas]:
    made = open_canvas(qtbot)
    made.show_scene(make_scene())
    yield made
    made.close()


def open_canvas(qtbot, size: tuple[int, int] = (480, 300)) -> ViewportCanvas:
    made = ViewportCanvas(size)
    with qtbot.waitExposed(made.native):
        made.native.show()
    return made


def pixels(image: QImage) -> np.ndarray:
    image = image.convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : 3 * image.width()].reshape(image.height(), image.width(), 3).astype(int)


def picture(canvas: ViewportCanvas) -> np.ndarray:
    return pixels(canvas.grab(1.0, marks=False))


def places(canvas: ViewportCanvas, count: int = 1500) -> np.ndarray:
    width, height = canvas.window_size
    return np.random.default_rng(3).integers((0, 0), (width, height), (count, 2))


def shown_labels(canvas: ViewportCanvas, where: np.ndarray) -> np.ndarray:
    """Label picked at the middle of every pixel, -1 where there is none."""
    hits = [canvas.pick((x + 0.5, y + 0.5)) for x, y in where]
    return np.array([-1 if hit is None else canvas.display.label_at(hit.voxel) for hit in hits])


def send(canvas: ViewportCanvas, kind: QEvent.Type, at, button=Qt.MouseButton.NoButton, held=None, keys=Plain) -> None:
    place = QPointF(*at)
    held = button if held is None else held
    far = QPointF(canvas.native.mapToGlobal(place.toPoint()))
    QApplication.sendEvent(canvas.native, QMouseEvent(kind, place, far, button, held, keys))


def drag(canvas: ViewportCanvas, start, stop, button=Left, keys=Plain, steps: int = 4) -> None:
    send(canvas, QEvent.Type.MouseButtonPress, start, button, keys=keys)
    for share in np.linspace(0, 1, steps + 1)[1:]:
        at = np.add(start, np.subtract(stop, start) * share)
        send(canvas, QEvent.Type.MouseMove, at.tolist(), held=button, keys=keys)
    send(canvas, QEvent.Type.MouseButtonRelease, stop, button, Qt.MouseButton.NoButton, keys)


@pytest.mark.parametrize("look", ["perspective", "orthographic", "top", "resized"])
def test_every_pixel_shows_the_class_that_is_picked_there(canvas: ViewportCanvas, qtbot, look: str) -> None:
    canvas.set_shading(flat=True)
    if look == "orthographic":
        canvas.toggle_orthographic()
    if look == "top":
        canvas.look_from("top")
        canvas.frame()
    if look == "resized":
        canvas.native.resize(350, 411)
        qtbot.waitUntil(lambda: canvas.window_size == (350, 411))
        canvas.frame()
    seen = picture(canvas)
    assert seen.shape == (*canvas.window_size[::-1], 3)
    where = places(canvas)
    labels = shown_labels(canvas, where)
    colours = label_space().colours().astype(int)
    expected, actual = colours[labels], seen[where[:, 1], where[:, 0]]
    hit = labels >= 0
    assert set(np.unique(labels)) >= {-1, ROAD, BUILDING, CAR, TREE}
    assert (np.abs(expected - actual).max(axis=1) <= 1)[hit].mean() >= 0.98
    assert (np.abs(colours[:20, None] - actual[None, ~hit]).max(axis=2) > 1).all(axis=0).mean() >= 0.98


def test_the_window_and_the_renderer_without_a_window_see_the_same(canvas: ViewportCanvas) -> None:
    canvas.set_shading(flat=True)
    canvas.view = replace(canvas.view, azimuth=-50.0, elevation=17.0, distance=9.0)
    seen = picture(canvas)
    maps = render_maps(make_scene(), canvas.camera, ("semantic",))
    solid = maps["semantic"] != 0
    assert 0.3 < solid.mean() < 1
    expected = label_space().colours().astype(int)[maps["semantic"]]
    assert (np.abs(expected - seen).max(axis=2) <= 1)[solid].mean() >= 0.99


def test_light_darkens_classes_but_keeps_their_hue(canvas: ViewportCanvas) -> None:
    where = places(canvas)
    labels = shown_labels(canvas, where)
    lit = picture(canvas)[where[:, 1], where[:, 0]][labels >= 0]
    plain = label_space().colours().astype(int)[labels[labels >= 0]]
    assert (lit <= plain * 1.06 + 2).all(axis=1).mean() > 0.97
    assert (np.argsort(lit, axis=1)[:, 2] == np.argsort(plain, axis=1)[:, 2]).mean() > 0.95
    assert lit.sum() < 0.95 * plain.sum()


def test_a_box_uploaded_alone_gives_the_same_picture_as_everything_uploaded(canvas: ViewportCanvas) -> None:
    scene, rng = canvas.display.scene, np.random.default_rng(8)
    picture(canvas)
    for _ in range(40):
        lower = rng.integers(0, np.subtract(SHAPE, 6))
        box = Box(tuple(lower.tolist()), tuple((lower + rng.integers(1, 6, 3)).tolist()))
        labels = rng.choice([0, 0, 0, CAR, POLE, UNKNOWN], box.shape).astype(np.uint8)
        scene.write(box, labels)
        canvas.update_labels(box, labels)
        if rng.random() < 0.3:
            picture(canvas)
    mask = VoxelMask.of_ball((40, 20, 6), 9, scene.box)
    canvas.show_mask(VoxelMask.of_ball((34, 24, 8), 9, scene.box))
    picture(canvas)
    canvas.show_mask(mask)
    by_boxes = picture(canvas)
    canvas.show_scene(scene)
    canvas.show_mask(mask)
    np.testing.assert_array_equal(by_boxes, picture(canvas))


def test_a_scene_longer_than_the_driver_allows_looks_the_same(qtbot) -> None:
    pictures = []
    for longest in (2048, 23):
        canvas = open_canvas(qtbot)
        canvas.painter.longest_texture = longest
        canvas.show_scene(make_scene())
        canvas.show_mask(VoxelMask.of_ball((30, 20, 4), 8, canvas.display.box))
        pictures.append(picture(canvas))
        assert max(canvas.painter.visual.labels.texture.shape[:2]) <= longest
        canvas.close()
    np.testing.assert_array_equal(*pictures)


def test_a_mask_on_surfaces_changes_the_masked_pixels_only(canvas: ViewportCanvas) -> None:
    before = picture(canvas)
    solid = make_labels() > 0
    mask = VoxelMask.of_array(
        VoxelMask.of_ball((36.0, 22.0, 6.0), 14.0, canvas.display.box).within(canvas.display.box) & solid
    )
    canvas.show_mask(mask)
    after = picture(canvas)
    where = places(canvas)
    inside = mask.within(canvas.display.box)
    hits = [canvas.pick((x + 0.5, y + 0.5)) for x, y in where]
    masked = np.array([hit is not None and inside[hit.voxel] for hit in hits])
    changed = (before != after).any(axis=2)[where[:, 1], where[:, 0]]
    assert masked.sum() > 50
    assert (changed == masked).mean() > 0.995
    canvas.show_mask(VoxelMask.nothing())
    np.testing.assert_array_equal(before, picture(canvas))


def test_masked_air_is_seen_and_seen_through(canvas: ViewportCanvas) -> None:
    canvas.look_from("top")
    canvas.frame()
    before = picture(canvas)
    box = Box((48, 2, 6), (68, 20, 16))
    canvas.show_mask(VoxelMask.of_box(box))
    after = picture(canvas)
    changed = (before != after).any(axis=2)
    centre = canvas.view.project(np.multiply(np.add(box.lower, box.upper) / 2, VOXEL), 480 / 300)[0]
    x, y = int((centre[0] + 1) * 240), int((1 - centre[1]) * 150)
    assert changed[y - 3 : y + 3, x - 3 : x + 3].all()
    assert 0.01 < changed.mean() < 0.3
    assert np.abs(before - after)[changed].mean() < 60
    assert canvas.pick((x + 0.5, y + 0.5)).voxel[2] == 2


def test_a_proposal_beyond_the_bounds_is_shown_and_taken_away(canvas: ViewportCanvas) -> None:
    before = picture(canvas)
    box = Box((-32, 0, 0), (0, 40, 20))
    labels = np.zeros(box.shape, dtype=np.uint8)
    labels[:, :, :3] = ROAD
    labels[5:20, 8:30, 3:12] = TREE
    canvas.show_ghost(box, labels)
    assert canvas.display.box == Box((-32, 0, 0), SHAPE)
    canvas.frame()
    found = [hit for x, y in places(canvas) if (hit := canvas.pick((x + 0.5, y + 0.5))) and hit.voxel[0] < 0]
    assert len(found) > 60
    for hit in found:
        assert canvas.display.label_at(hit.voxel) == labels[hit.voxel[0] + 32, hit.voxel[1], hit.voxel[2]]
    assert TREE in {canvas.display.label_at(hit.voxel) for hit in found}
    canvas.clear_ghost()
    canvas.home()
    assert canvas.display.box == Box.of_shape(SHAPE)
    np.testing.assert_array_equal(before, picture(canvas))


def test_a_proposal_replaces_masked_voxels_only_until_it_is_cleared(canvas: ViewportCanvas) -> None:
    scene, before = canvas.display.scene, picture(canvas)
    box = Box((28, 4, 0), (52, 34, 20))
    labels = np.full(box.shape, CAR, dtype=np.uint8)
    where = np.zeros(box.shape, dtype=np.bool_)
    where[4:9, 2:11, 5:7] = True
    canvas.show_ghost(box, labels, where)
    edit = Box((30, 6, 4), (34, 12, 7))
    canvas.update_labels(edit, np.full(edit.shape, POLE, dtype=np.uint8))
    shown = canvas.display.visual.labels.values
    expected = make_labels()
    expected[edit.slices] = POLE
    expected[box.slices][where] = CAR
    np.testing.assert_array_equal(shown, expected)
    canvas.clear_ghost()
    np.testing.assert_array_equal(canvas.display.visual.labels.values, scene.read())
    np.testing.assert_array_equal(before, picture(canvas))


def test_hidden_classes_are_neither_drawn_nor_picked(canvas: ViewportCanvas) -> None:
    canvas.set_visible_classes([ROAD, CAR])
    canvas.set_shading(flat=True)
    where = places(canvas)
    assert set(np.unique(shown_labels(canvas, where))) == {-1, ROAD, CAR}
    colours = {tuple(c) for c in picture(canvas)[where[:, 1], where[:, 0]].tolist()}
    table = label_space().colours()
    assert tuple(int(v) for v in table[CAR]) in colours
    assert tuple(int(v) for v in table[TREE]) not in colours
    canvas.set_visible_classes(None)
    assert {TREE, BUILDING} <= set(np.unique(shown_labels(canvas, where)))


def test_a_label_space_whose_empty_class_is_not_zero(canvas: ViewportCanvas) -> None:
    space = label_space("occ3d")
    labels = np.full(SHAPE, space.empty, dtype=np.uint8)
    labels[:, :, 0] = 0
    labels[20:40, 10:30, 1:9] = 11
    canvas.show_scene(VoxelScene.from_labels(labels, Grid(SHAPE, VOXEL), space))
    canvas.set_shading(flat=True)
    where = places(canvas)
    found = shown_labels(canvas, where)
    assert set(np.unique(found)) == {-1, 0, 11}
    seen = picture(canvas)[where[:, 1], where[:, 0]]
    expected = space.colours().astype(int)[found]
    assert (np.abs(seen - expected).max(axis=1) <= 1)[found >= 0].mean() > 0.98


def test_a_larger_scene_at_another_origin_stays_where_it_was_in_the_world(canvas: ViewportCanvas) -> None:
    canvas.set_shading(flat=True)
    before = picture(canvas)
    where = places(canvas)
    labels = shown_labels(canvas, where)
    canvas.show_scene(canvas.display.scene.cut(Box((-16, 0, 0), SHAPE)))
    after = picture(canvas)
    same = (before == after).all(axis=2)[where[:, 1], where[:, 0]]
    assert same[labels >= 0].mean() > 0.99


@pytest.mark.parametrize("flat", [False, True])
def test_what_tools_see_agrees_pixel_by_pixel(canvas: ViewportCanvas, flat: bool) -> None:
    if flat:
        canvas.toggle_orthographic()
    sight, where = canvas.sight, places(canvas, 60) + 0.5
    origins, ways = sight.rays(where)
    for position, origin, way in zip(where.tolist(), origins, ways, strict=True):
        one_origin, one_way = sight.ray(tuple(position))
        np.testing.assert_allclose(one_origin, origin)
        np.testing.assert_allclose(one_way, way / np.linalg.norm(way))
        seen = sight.project(origin + way * 40.0)[0]
        np.testing.assert_allclose(seen[:2], position, atol=1e-6)
        assert seen[2] > 0
        hit, touched = sight.pick(tuple(position)), sight.touch(tuple(position))
        assert hit is None or hit == touched
        if hit is None and touched is not None:
            assert touched.voxel[2] == -1
            np.testing.assert_allclose(sight.project(touched.point)[0, :2], position, atol=1e-6)


def test_passed_classes_are_drawn_but_looked_through(canvas: ViewportCanvas) -> None:
    before, where = picture(canvas), places(canvas)
    labels = shown_labels(canvas, where)
    canvas.display.set_passed_classes([TREE, POLE])
    passed = shown_labels(canvas, where)
    assert not {TREE, POLE} & set(passed.tolist())
    assert np.array_equal(passed[~np.isin(labels, [TREE, POLE])], labels[~np.isin(labels, [TREE, POLE])])
    assert canvas.sight.sees() & set(range(20)) == set(range(1, 20)) - {TREE, POLE}
    np.testing.assert_array_equal(before, picture(canvas))


def test_held_picks_meet_what_was_shown_before(canvas: ViewportCanvas) -> None:
    where = places(canvas)
    labels = shown_labels(canvas, where)
    canvas.display.hold_picks(True)
    box = Box((0, 0, 3), SHAPE)
    canvas.update_labels(box, np.full(box.shape, POLE, dtype=np.uint8))
    assert np.array_equal(shown_values(canvas, where), labels)
    canvas.display.hold_picks(False)
    assert set(shown_values(canvas, where).tolist()) <= {POLE, ROAD, BUILDING, -1}


def shown_values(canvas: ViewportCanvas, where: np.ndarray) -> np.ndarray:
    """Label that the scene had at what is hit at every pixel, -1 where nothing is."""
    before = make_labels()
    hits = [canvas.pick((x + 0.5, y + 0.5)) for x, y in where]
    return np.array([-1 if hit is None else (before[hit.voxel] or POLE) for hit in hits])


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


def test_marks_are_drawn_and_themes_differ(canvas: ViewportCanvas) -> None:
    bare = picture(canvas)
    assert (pixels(canvas.grab(1.0)) != bare).any(axis=2).mean() > 0.005
    canvas.set_theme(dark=False)
    assert picture(canvas)[2, 2].min() > 200
    assert bare[2, 2].max() < 60


def test_a_view_at_rest_becomes_fine_and_a_movement_coarse_again(canvas: ViewportCanvas, qtbot) -> None:
    at_once = picture(canvas)
    qtbot.waitUntil(lambda: canvas.painter.scale == 2.0)
    by_parts = pixels(canvas.native.grabFramebuffer())
    np.testing.assert_array_equal(by_parts, pixels(canvas.grab(2.0)))
    assert (pixels(canvas.grab(2.0, marks=False)) != at_once).any(axis=2).mean() > 0.02
    with qtbot.waitSignal(canvas.native.frameSwapped):
        canvas.mouse.orbit(10, 0, False)
    assert canvas.painter.scale <= 1


def test_a_resized_window_shows_what_a_new_one_of_that_size_shows(canvas: ViewportCanvas, qtbot) -> None:
    canvas.grab(1.0)
    canvas.native.resize(350, 411)
    qtbot.waitUntil(lambda: canvas.window_size == (350, 411))
    with qtbot.waitSignal(canvas.native.frameSwapped):
        canvas.native.update()
    resized = picture(canvas)
    other = open_canvas(qtbot, (350, 411))
    other.show_scene(make_scene())
    other.view = canvas.view
    np.testing.assert_array_equal(resized, picture(other))
    other.close()


def test_windows_come_and_go(qtbot) -> None:
    pictures = []
    for _ in range(4):
        canvas = open_canvas(qtbot)
        canvas.show_scene(make_scene())
        pictures.append(picture(canvas))
        canvas.close()
    for other in pictures[1:]:
        np.testing.assert_array_equal(pictures[0], other)


def test_a_closed_window_leaves_nothing_that_could_disturb_another_while_it_paints(qtbot) -> None:
    """What is destroyed late, by the garbage collector, takes away the OpenGL context of whoever paints then."""
    closed = open_canvas(qtbot)
    native = closed.native
    closed.close()
    assert not shiboken6.isValid(native)
    assert QOpenGLContext.currentContext() is None

"""The viewport in a real window: what is drawn is what is picked."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import shiboken6
from canvases import (
    BUILDING,
    CAR,
    POLE,
    ROAD,
    SHAPE,
    TREE,
    VOXEL,
    make_labels,
    make_scene,
    open_canvas,
    picture,
    pixels,
    places,
    shown_labels,
)
from PySide6.QtGui import QOpenGLContext

from editor.viewport.canvas import ViewportCanvas
from engine.geometry.pictures import render_maps
from engine.grid import Box, Grid
from engine.labels import UNKNOWN, label_space
from engine.mask import VoxelMask
from engine.scene import VoxelScene

pytestmark = pytest.mark.window


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


def test_what_is_shown_already_asks_for_no_picture(canvas: ViewportCanvas, qtbot) -> None:
    """At every step of a run all is shown once more; where a driver is slow, a picture takes time from the engine."""
    box = Box((2, 2, 0), (8, 9, 4))
    labels, where = np.full(box.shape, CAR, np.uint8), np.ones(box.shape, np.bool_)
    mask = VoxelMask.of_box(box)

    def asks(deed) -> bool:
        qtbot.waitUntil(lambda: not canvas.painter.is_moving)
        deed()
        return canvas.painter.is_moving

    assert asks(lambda: canvas.show_mask(mask))
    assert not asks(lambda: canvas.show_mask(mask))
    assert asks(lambda: canvas.show_mask(VoxelMask.nothing()))
    assert not asks(lambda: canvas.show_mask(VoxelMask.nothing()))
    assert not asks(canvas.clear_ghost)
    assert asks(lambda: canvas.show_ghost(box, labels, where))
    assert not asks(lambda: canvas.show_ghost(box, labels, where.copy()))
    assert asks(lambda: canvas.show_ghost(box, labels, ~where))
    assert asks(lambda: canvas.show_ghost(box, labels.copy(), ~where))
    assert asks(canvas.clear_ghost)
    assert not asks(canvas.clear_ghost)


def test_while_the_engine_works_a_view_rests_later_and_is_not_refined(canvas: ViewportCanvas, qtbot) -> None:
    canvas.painter.pace.idle_budget = 0.0  # a fast driver would draw finely at once, and never refine
    qtbot.waitUntil(lambda: canvas.painter.scale >= 2, timeout=10000)
    canvas.spare(True)
    canvas.view = canvas.view.orbit(5, 0)
    qtbot.wait(300)
    assert canvas.painter.is_moving
    qtbot.waitUntil(lambda: not canvas.painter.is_moving, timeout=2000)
    qtbot.wait(900)
    assert canvas.painter.scale <= 1
    canvas.spare(False)
    qtbot.waitUntil(lambda: canvas.painter.scale >= 2, timeout=10000)

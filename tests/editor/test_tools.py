from __future__ import annotations

import numpy as np
import pytest
from fakes import BUILDING, CAR, POLE, ROAD, TopView, street
from scipy import ndimage

from editor.model.document import Document
from editor.tools.box import BoxTool
from editor.tools.brush import BrushTool
from editor.tools.dabs import dab
from editor.tools.gesture import GestureRunner, ToolContext
from editor.tools.options import Brush, ToolOptions
from editor.tools.pick import PickTool
from editor.tools.trace import Touch
from engine.geometry.rays import Hit
from engine.grid import Box
from engine.mask import VoxelMask


@pytest.fixture
def document() -> Document:
    return Document(street())


@pytest.fixture
def view(document) -> TopView:
    return TopView(lambda: document.scene, lambda: document.classes.passed)


def hand(document: Document, view: TopView, tool, **brush) -> GestureRunner:
    return GestureRunner(ToolContext(document, view, ToolOptions(brush=Brush(**brush))), tool)


def from_above(voxel: tuple[int, int, int]) -> Touch:
    x, y, z = voxel
    return Touch(Hit(voxel, (0, 0, 1), 100.0 - z - 1, (x + 0.5, y + 0.5, z + 1.0)), (0.0, 0.0, -1.0))


def drag(runner: GestureRunner, view: TopView, *points: tuple[float, float], modifiers: tuple[str, ...] = ()) -> None:
    kinds = ["press", *["move"] * (len(points) - 1)]
    for kind, (x, y) in zip(kinds, points, strict=True):
        runner.take(view.pointer(kind, x, y, *modifiers))
    runner.take(view.pointer("release", *points[-1], *modifiers))


def test_a_click_of_the_volume_brush_masks_a_ball_as_one_undo_step(document, view):
    drag(hand(document, view, BrushTool(), radius=3), view, (24, 11))
    assert document.mask.equals(VoxelMask.of_ball((24.5, 11.5, 2.5), 3, document.scene.box))
    document.undo()
    assert document.mask.is_empty
    assert document.history.undo_name is None


def test_a_fast_stroke_leaves_no_gap(document, view):
    drag(hand(document, view, BrushTool(), radius=2), view, (2, 3), (45, 19))
    columns = document.mask.within(document.scene.box).any(axis=2)
    on_line = [(x, round(3 + (x - 2) * 16 / 43)) for x in range(2, 46)]
    assert all(columns[x, y] for x, y in on_line)
    assert ndimage.label(columns)[1] == 1


def test_a_long_stroke_is_one_undo_step_and_is_seen_while_it_grows(document, view):
    runner = hand(document, view, BrushTool(), radius=2)
    seen = []
    document.mask_changed.connect(seen.append)
    runner.take(view.pointer("press", 3, 3))
    counts = [document.shown_mask.count]
    for x in range(6, 24, 3):
        runner.take(view.pointer("move", x, 3))
        counts.append(document.shown_mask.count)
    assert document.mask.is_empty
    assert counts == sorted(set(counts))
    assert seen[-1].shape[0] < 10  # only what the last move touched
    runner.take(view.pointer("release", 24, 3))
    assert document.mask.count > counts[-1]
    document.undo()
    assert document.mask.is_empty


def test_the_surface_brush_takes_exactly_the_solid_layers_under_the_surface(document):
    labels = document.scene.read()
    mask = dab(document.scene, from_above((15, 11, 7)), Brush(4, 2, "surface"))
    ball = VoxelMask.of_ball((15.5, 11.5, 7.5), 4, document.scene.box).within(document.scene.box)
    solid = np.pad(labels != 0, 1)
    solid[:, :, 0] = True
    depth = ndimage.distance_transform_cdt(solid, "taxicab")[1:-1, 1:-1, 1:-1]
    assert np.array_equal(mask.within(document.scene.box), ball & (depth >= 1) & (depth <= 2))
    assert 0 < mask.count < int((ball & (labels != 0)).sum())


def test_the_column_brush_goes_from_above_the_hit_to_the_first_ground_layer(document):
    mask = dab(document.scene, from_above((15, 11, 7)), Brush(radius=2, mode="column"))
    assert (mask.box.lower[2], mask.box.upper[2]) == (2, 11)
    assert mask.array[2, 2].all()
    assert mask.count == mask.array.any(axis=2).sum() * 9


def test_locked_classes_are_never_masked(document, view):
    document.classes.set_locked(CAR, True)
    drag(hand(document, view, BrushTool(), radius=5), view, (15, 11), (24, 11))
    labels = document.scene.read()
    masked = labels[document.mask.within(document.scene.box)]
    assert CAR not in masked
    assert ROAD in masked


def test_the_eraser_takes_away_and_ctrl_turns_both_round(document, view):
    document.set_mask("All", VoxelMask.of_box(document.scene.box))
    ball = VoxelMask.of_ball((24.5, 11.5, 2.5), 3, document.scene.box)
    whole = VoxelMask.of_box(document.scene.box)
    for tool, modifiers in ((BrushTool(erases=True), ()), (BrushTool(), ("ctrl",))):
        drag(hand(document, view, tool, radius=3), view, (24, 11), modifiers=modifiers)
        assert document.mask.equals(whole.subtract(ball))
        document.undo()
    document.set_mask("None", VoxelMask.nothing())
    drag(hand(document, view, BrushTool(erases=True), radius=3), view, (24, 11), modifiers=("ctrl",))
    assert document.mask.equals(ball)


def test_shift_draws_a_straight_line_whatever_lies_between(document, view):
    runner = hand(document, view, BrushTool(), radius=1)
    drag(runner, view, (2, 2), (20, 30), (40, 2), modifiers=("shift",))
    columns = document.mask.within(document.scene.box).any(axis=2)
    assert columns[2:41, 2].all()
    assert not columns[:, 5:].any()


def test_alt_picks_the_class_and_masks_nothing(document, view):
    runner = hand(document, view, BrushTool())
    picked = []
    runner.context.picked.connect(picked.append)
    drag(runner, view, (5, 20), modifiers=("alt",))
    assert picked[0] == POLE
    assert document.classes.chosen == POLE
    assert document.mask.is_empty


def test_the_pick_tool_follows_the_pointer(document, view):
    drag(hand(document, view, PickTool()), view, (5, 20), (35, 28))
    assert document.classes.chosen == BUILDING


def test_a_cancelled_stroke_leaves_nothing_behind(document, view):
    runner = hand(document, view, BrushTool(), radius=3)
    runner.take(view.pointer("press", 10, 10))
    runner.take(view.pointer("move", 20, 10))
    assert not document.shown_mask.is_empty
    assert runner.cancel()
    assert document.shown_mask.is_empty
    assert document.history.undo_name is None
    runner.take(view.pointer("release", 20, 10))
    assert document.mask.is_empty
    assert not runner.cancel()


def test_the_box_spans_two_corners_in_any_order_and_rises_to_the_top_in_column_mode(document, view):
    drag(hand(document, view, BoxTool(), mode="column"), view, (26, 18), (22, 20), (21, 4))
    assert document.mask.equals(VoxelMask.of_box(Box((21, 4, 2), (27, 19, 12))))


def test_a_box_outside_the_scene_is_cut_and_ctrl_takes_it_away(document, view):
    runner = hand(document, view, BoxTool(), mode="volume", radius=2)
    drag(runner, view, (40, 4), (60, 9))
    assert document.mask.equals(VoxelMask.of_box(Box((40, 4, 2), (48, 10, 6))))
    drag(runner, view, (42, 6), (44, 7), modifiers=("ctrl",))
    assert document.mask.count == 8 * 6 * 4 - 3 * 2 * 4


def test_a_press_on_the_sky_paints_from_where_the_scene_begins(document, view):
    drag(hand(document, view, BrushTool(), radius=2), view, (-30, 10), (3, 10))
    columns = document.mask.within(document.scene.box).any(axis=2)
    assert columns[0:5, 10].all()


def test_brush_sizes_grow_and_shrink_within_limits():
    brush = Brush(radius=6)
    assert brush.resized(1).radius == 7
    assert brush.resized(-1).radius == 5
    assert Brush(radius=1).resized(-1).radius == 1
    assert Brush(radius=1).resized(-1, least=0).radius == 0
    assert Brush(radius=64).resized(1).radius == 64
    assert Brush(radius=24).resized(1).radius == 28

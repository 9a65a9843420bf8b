from __future__ import annotations

import numpy as np
import pytest
from fakes import BUILDING, CAR, POLE, ROAD, TERRAIN, FakeCard, answer, street
from hands import Hand
from scipy import ndimage

from editor.model.accepting import accept_edit
from editor.model.document import Document
from editor.model.masking import Masking
from editor.model.plan import Plan
from editor.model.pointer import HandleDrag
from editor.model.proposal import Proposal
from editor.tools.box import BoxTool
from editor.tools.brush import BrushTool
from editor.tools.dabs import dab
from editor.tools.lasso import LassoTool
from editor.tools.options import Brush
from editor.tools.trace import Touch
from editor.tools.wand import WandTool
from engine.errors import RequestError
from engine.formats.registry import read_scene, write_scene
from engine.geometry.rays import Hit, first_hit
from engine.grid import Box
from engine.mask import VoxelMask
from engine.scene import VoxelScene
from engine.tasks.request import OutpaintRequest, Result, Sampling

CAR_BOX = Box((10, 8, 3), (20, 14, 8))


@pytest.fixture
def hand() -> Hand:
    return Hand()


def box_of(mask: np.ndarray) -> Box:
    return Box.around(np.argwhere(mask))


# brush


def test_a_cube_tip_masks_a_cube(hand):
    hand.take(BrushTool(), brush=Brush(radius=2, tip="cube")).click(24, 5)
    assert hand.document.mask.equals(VoxelMask.of_box(Box((22, 3, 0), (27, 8, 5))))


@pytest.mark.parametrize("way", [(0.0, 0.0, -1.0), (0.6, 0.0, -0.8), (0.0, -1.0, 0.0)])
def test_through_masks_all_within_its_radius_of_the_line_of_sight_from_the_hit_on(way):
    scene, origin = street(), np.array([15.5, 30.5, 5.5])
    hit = first_hit(scene.read(), origin - np.asarray(way) * 40, way)
    mask = dab(scene, Touch(hit, way), Brush(radius=3, mode="through")).within(scene.box)
    middles = np.indices(scene.grid.shape).reshape(3, -1).T + 0.5
    offset = middles - (np.asarray(hit.voxel) + 0.5)
    along = offset @ way
    aside = np.linalg.norm(offset - along[:, None] * way, axis=1)
    expected = ((aside <= 3) & (along >= -3.5)).reshape(scene.grid.shape)
    assert np.array_equal(mask, expected)
    assert mask.sum() > 100


def test_passed_classes_are_painted_through(hand):
    hand.document.classes.set_passed(CAR, True)
    hand.take(BrushTool(), brush=Brush(radius=2)).click(15, 11)
    assert hand.document.mask.equals(VoxelMask.of_ball((15.5, 11.5, 2.5), 2, hand.document.scene.box))
    hand.document.classes.set_passed(CAR, False)
    hand.click(15, 11)
    assert hand.masked[15, 11, 7]


def test_the_floor_of_an_empty_scene_can_be_masked():
    hand = Hand(Document(VoxelScene.from_labels(np.zeros((20, 12, 6), np.uint8))))
    hand.take(BrushTool(), brush=Brush(radius=2)).click(7, 5)
    assert hand.document.mask.equals(VoxelMask.of_ball((7.5, 5.5, 0.5), 2, hand.document.scene.box))
    hand.click(-5, 5)
    assert box_of(hand.masked) == Box((5, 3, 0), (10, 8, 3))


# box


def test_a_surface_box_takes_solid_layers_and_a_through_box_all_from_floor_to_top(hand):
    hand.take(BoxTool(), brush=Brush(depth=1, mode="surface")).drag((12, 9), (15, 11))
    expected = np.zeros_like(hand.masked)
    expected[12:16, 9:12, 7] = True
    assert np.array_equal(hand.masked, expected)
    hand.document.undo()
    hand.take(BoxTool(), brush=Brush(mode="through")).drag((12, 9), (15, 11))
    assert hand.document.mask.equals(VoxelMask.of_box(Box((12, 9, 0), (16, 12, 12))))


def test_shift_makes_the_box_square(hand):
    hand.take(BoxTool(), brush=Brush(mode="through")).drag((22, 20), (27, 18), keys=("shift",))
    assert hand.document.mask.box == Box((22, 15, 0), (28, 21, 12))


def test_the_faces_of_a_drawn_box_are_moved_one_step_each_until_the_mask_changes_otherwise(hand):
    document, held = hand.document, hand.context.held_box
    slab = VoxelMask.of_box(Box((0, 0, 0), (9, 32, 2)))
    document.set_mask("Slab", slab)
    hand.take(BoxTool(), brush=Brush(mode="through")).drag((12, 9), (15, 11))
    assert held.box == Box((12, 9, 0), (16, 12, 12))
    wider = Box((4, 9, 0), (16, 12, 12))
    held.drag(HandleDrag("press", 0, 0, held.box))
    held.drag(HandleDrag("move", 0, 0, wider))
    assert document.shown_mask.equals(slab.union(VoxelMask.of_box(wider)))
    assert not document.mask.within(wider)[:8, :, 5].any()
    held.drag(HandleDrag("release", 0, 0, wider))
    smaller = Box((4, 9, 3), (16, 12, 12))
    for kind in ("press", "release"):
        held.drag(HandleDrag(kind, 2, 0, smaller))
    assert document.mask.equals(slab.union(VoxelMask.of_box(smaller)))
    assert document.history.undo_name == "Resize box"
    document.undo()
    assert held.box is None
    assert document.mask.equals(slab.union(VoxelMask.of_box(wider)))
    document.undo()
    assert document.mask.equals(slab.union(VoxelMask.of_box(Box((12, 9, 0), (16, 12, 12)))))
    hand.drag((1, 1), (3, 3), keys=("ctrl",))
    hand.context.held_box.drag(HandleDrag("release", 0, 1, Box((1, 1, 0), (6, 4, 12))))
    assert not document.mask.within(Box((1, 1, 0), (6, 4, 12))).any()
    hand.take(BrushTool())
    assert held.box is None


# lasso


def test_the_lasso_masks_what_is_seen_in_its_outline_by_mode(hand):
    outline = ((12, 2), (28, 2), (28, 11), (12, 11))
    seen = {"surface": 1, "volume": 0, "column": 0, "through": 0}
    inside = np.zeros((48, 32), bool)
    inside[12:29, 2:12] = True
    masks = {}
    for mode in seen:
        hand.take(LassoTool(), brush=Brush(depth=1, mode=mode)).drag(*outline)
        masks[mode] = hand.masked
        hand.document.undo()
    labels = street().read()
    top = np.zeros_like(labels, dtype=bool)
    heights = labels.shape[2] - 1 - (labels != 0)[:, :, ::-1].argmax(axis=2)
    np.put_along_axis(top, heights[:, :, None], True, axis=2)
    assert np.array_equal(masks["surface"], top & inside[:, :, None])
    assert np.array_equal(masks["through"], np.broadcast_to(inside[:, :, None], labels.shape))
    z = np.arange(12)
    assert np.array_equal(masks["volume"], inside[:, :, None] & (z >= 2) & (z < 8))
    ends = np.maximum(heights + 1 + 3, 3)
    assert np.array_equal(masks["column"], inside[:, :, None] & (z >= 2) & (z < ends[:, :, None]))


def test_a_lasso_is_any_shape_one_step_and_can_be_taken_away(hand):
    outlines: list[tuple] = []
    hand.context.outlined.connect(outlines.append)
    hand.take(LassoTool(), brush=Brush(mode="through"))
    hand.drag((2, 2), (30, 2), (2, 30))
    columns = hand.masked.any(axis=2)
    x, y = np.indices(columns.shape)
    assert columns[(x >= 3) & (y >= 3) & (x + y < 30)].all()
    assert not columns[(x + y > 34) | (x < 1) | (y < 1)].any()
    assert len(outlines[0]) == 2
    assert outlines[-1] == ()
    hand.drag((2, 2), (12, 2), (12, 30), (2, 30), keys=("ctrl",))
    assert not hand.masked[3:12].any()
    assert hand.masked[14, 5].all()
    hand.document.undo()
    hand.document.undo()
    assert hand.document.mask.is_empty


def test_a_rectangle_spans_two_corners_and_shift_keeps_the_last_side_straight(hand):
    hand.take(LassoTool(), brush=Brush(mode="through"), outline="rectangle").drag((20, 12), (9, 30), (31, 18))
    assert hand.document.mask.equals(VoxelMask.of_box(Box((20, 12, 0), (32, 19, 12))))
    hand.document.undo()
    hand.take(LassoTool(), brush=Brush(mode="through"))
    hand.press(4, 4)
    hand.move(30, 4)
    for point in ((30, 9), (18, 20), (30, 24)):
        hand.move(*point, "shift")
    hand.release(30, 24, "shift")
    assert not hand.masked[4:29, 28:].any()
    assert hand.masked[28, 10].all()
    assert not hand.masked[6, 12].any()


def test_a_lasso_sees_through_passed_and_not_into_locked_classes(hand):
    corners = ((11, 9), (18, 9), (18, 12), (11, 12))
    hand.document.classes.set_passed(CAR, True)
    hand.take(LassoTool(), brush=Brush(depth=1, mode="surface")).drag(*corners)
    assert box_of(hand.masked) == Box((11, 9, 2), (19, 13, 3))
    hand.document.undo()
    hand.document.classes.set_locked(CAR, True)
    hand.take(LassoTool(), brush=Brush(mode="through")).drag(*corners)
    assert not hand.masked[street().read() == CAR].any()
    assert hand.masked[12, 10, :3].all()


def test_a_cancelled_or_tiny_lasso_masks_nothing(hand):
    hand.take(LassoTool())
    hand.press(4, 4)
    hand.move(30, 4)
    hand.runner.cancel()
    hand.click(10, 10)
    assert hand.document.history.undo_name is None


# wand


def checkers() -> VoxelScene:
    """Two bars of one class that meet at an edge, and one far away."""
    labels = np.zeros((30, 20, 8), np.uint8)
    labels[2:10, 3:5, 2] = CAR
    labels[10:15, 5:8, 2] = CAR
    labels[22:26, 15:18, 2] = CAR
    labels[:, :, :2] = ROAD
    return VoxelScene.from_labels(labels)


def test_the_wand_goes_across_faces_or_corners_or_everywhere():
    hand = Hand(Document(checkers()))
    counts = {}
    for spread in ("faces", "corners", "everywhere"):
        hand.take(WandTool(), spread=spread).click(4, 3)
        counts[spread] = hand.document.mask.count
        hand.document.undo()
    assert counts == {"faces": 16, "corners": 31, "everywhere": 43}


def test_the_wand_goes_no_further_than_its_limit(hand):
    for spread in ("faces", "everywhere"):
        hand.take(WandTool(), spread=spread, limit=5).click(30, 6)
        ball = VoxelMask.of_ball((30.5, 6.5, 2.5), 5, hand.document.scene.box).within(hand.document.scene.box)
        assert np.array_equal(hand.masked, ball & (hand.labels == ROAD))
        hand.document.undo()


def test_the_wand_adds_and_takes_away_whole_pieces_and_respects_locks(hand):
    hand.take(WandTool()).click(15, 11)
    hand.click(35, 28)
    assert np.array_equal(hand.masked, np.isin(hand.labels, [CAR, BUILDING]))
    hand.click(35, 28, "ctrl")
    assert hand.document.mask.equals(VoxelMask.of_box(CAR_BOX))
    hand.document.classes.set_locked(POLE, True)
    hand.click(5, 20)
    assert hand.document.mask.equals(VoxelMask.of_box(CAR_BOX))
    hand.click(35, 28, "alt")
    assert hand.document.classes.chosen == BUILDING


# the mask as a whole


def test_masks_are_inverted_grown_shrunk_and_cleared_one_step_each(hand):
    document, masking = hand.document, Masking(hand.document)
    document.set_mask("Box", VoxelMask.of_box(CAR_BOX))
    deeds = [
        (masking.invert, street().box.volume - CAR_BOX.volume),
        (masking.invert, CAR_BOX.volume),
        (masking.grow, CAR_BOX.volume + 2 * (10 * 6 + 6 * 5 + 10 * 5)),
        (masking.shrink, CAR_BOX.volume),
        (lambda: masking.shrink(2), 6 * 2 * 1),
        (masking.clear, 0),
    ]
    for deed, count in deeds:
        deed()
        assert document.mask.count == count
    for _, count in reversed(deeds[:-1]):
        document.undo()
        assert document.mask.count == count


def test_feather_frays_the_band_and_nothing_else(hand):
    document, masking = hand.document, Masking(hand.document)
    big = VoxelScene.from_labels(np.full((60, 50, 40), ROAD, np.uint8))
    document.replace(big)
    mask = VoxelMask.of_box(Box((15, 12, 10), (45, 36, 30)))
    document.set_mask("Box", mask)
    masking.feather(4)
    frayed, whole = hand.masked, mask.within(big.box)
    depth = ndimage.distance_transform_edt(whole) - ndimage.distance_transform_edt(~whole)
    assert frayed[depth >= 4.5].all()
    assert not frayed[depth <= -4.5].any()
    shares = [frayed[(depth > low) & (depth <= low + 2)].mean() for low in (-4, -2, 0, 2)]
    assert shares == sorted(shares)
    assert 0 < shares[0] < 0.35 < shares[1] < 0.55 < shares[2] + 0.1
    assert 0.65 < shares[3] < 1
    assert ndimage.label(frayed)[1] < 20  # patches, not noise
    document.undo()
    assert document.mask.equals(mask)
    masking.feather(4)
    assert np.array_equal(hand.masked, frayed)


def test_masks_come_from_the_chosen_class_and_from_what_is_visible(hand):
    document, masking = hand.document, Masking(hand.document)
    document.classes.choose(POLE)
    masking.from_class()
    assert np.array_equal(hand.masked, hand.labels == POLE)
    document.classes.solo(TERRAIN)
    document.classes.set_visible(CAR, True)
    masking.from_visible()
    assert np.array_equal(hand.masked, np.isin(hand.labels, [TERRAIN, CAR]))
    document.classes.set_locked(POLE, True)
    with pytest.raises(RequestError, match="'pole' is locked"):
        masking.from_class()
    masking.invert()
    assert not hand.masked[hand.labels == POLE].any()
    assert hand.masked[hand.labels == ROAD].all()


def test_what_a_mask_reaches_is_told_in_cells_and_context(hand):
    plan = Plan(hand.document, [FakeCard()])
    assert plan.reach() is None
    stroke = VoxelMask.of_box(Box((15, 3, 4), (18, 9, 6)))
    hand.document.show_stroke(stroke, stroke.box)
    reach = plan.reach()
    assert reach.cells.equals(VoxelMask.of_box(Box((0, 0, 4), (32, 16, 6))))
    assert reach.context.contains(Box((-25, -37, 0), (58, 49, 12)))
    hand.document.end_stroke()
    assert plan.reach() is None
    hand.document.set_mask("Mask", stroke)
    assert Plan(hand.document, [FakeCard(height=32)]).reach() is None


# saved masks


def test_saved_masks_come_back_added_subtracted_renamed_and_undone(hand):
    document, masking = hand.document, Masking(hand.document)
    with pytest.raises(RequestError, match="nothing is masked"):
        masking.save()
    document.set_mask("Car", VoxelMask.of_box(CAR_BOX))
    assert masking.save() == "Mask 1"
    assert document.dirty
    document.set_mask("Slab", VoxelMask.of_box(Box((15, 0, 0), (30, 32, 5))))
    assert masking.save(" slab ") == "slab"
    assert list(document.saved_masks) == ["Mask 1", "slab"]
    both = CAR_BOX.volume + 15 * 32 * 5 - 5 * 6 * 2
    for joining, count in (("add", both), ("subtract", both - CAR_BOX.volume), ("replace", CAR_BOX.volume)):
        masking.restore("Mask 1", joining)
        assert document.mask.count == count
    masking.rename("Mask 1", "car")
    assert list(document.saved_masks) == ["car", "slab"]
    with pytest.raises(RequestError, match="already"):
        masking.rename("car", "slab")
    masking.forget("slab")
    assert list(document.saved_masks) == ["car"]
    with pytest.raises(RequestError, match="there are: car"):
        masking.restore("slab")
    while document.history.undo_name:
        document.undo()
    assert document.saved_masks == {}
    assert not document.dirty
    assert "masks" not in document.scene.metadata


def test_saved_masks_travel_in_the_file(hand, tmp_path):
    hand.document.set_mask("Car", VoxelMask.of_box(CAR_BOX))
    Masking(hand.document).save("car")
    path = tmp_path / "street.scw"
    write_scene(hand.document.scene.snapshot(), path)
    again = Document(read_scene(path))
    assert again.saved_masks["car"].equals(VoxelMask.of_box(CAR_BOX))
    assert again.mask.is_empty


def test_saved_masks_move_with_the_scene_when_it_is_extended(hand):
    document = hand.document
    document.set_mask("Car", VoxelMask.of_box(CAR_BOX))
    Masking(document).save("car")
    request = OutpaintRequest(document.scene.snapshot(), (80, 64), Sampling(), (16, 32))
    larger = document.scene.cut(Box((-16, -32, 0), (64, 32, 12)))
    moved = VoxelMask.of_box(CAR_BOX.shift((16, 32, 0)))
    assert larger.metadata["masks"]["car"].equals(moved)
    proposal = Proposal([request])
    result = answer(request)
    made = Result(larger.box, larger.read(), VoxelMask.of_box(larger.box), result.provenance, scene=larger, at=(16, 32))
    proposal.candidate.settle(made)
    document.do(accept_edit(proposal, document))
    assert document.saved_masks["car"].equals(moved)
    assert (document.scene.read(moved.box) == CAR).all()
    document.undo()
    assert document.saved_masks["car"].equals(VoxelMask.of_box(CAR_BOX))


def test_a_hit_outside_the_scene_masks_nothing(hand):
    beyond = Hit((50, 3, 2), (0, 0, 1), 5.0, (50.5, 3.5, 3.0))
    for mode in ("surface", "volume", "column", "through"):
        assert dab(hand.document.scene, Touch(beyond, (0.0, 0.0, -1.0)), Brush(mode=mode)).is_empty

from __future__ import annotations

import numpy as np
import pytest
from fakes import BUILDING, CAR, POLE, ROAD, TERRAIN, street
from hands import Hand
from scipy import ndimage

from editor.model.clipboard import Clip
from editor.model.document import Document
from editor.model.pointer import Pointer
from editor.model.voxels import Voxels
from editor.tools.extrude import ExtrudeTool, face_patch
from editor.tools.options import Brush
from editor.tools.stamp import StampTool
from editor.tools.voxels import VoxelBrushTool
from editor.tools.wand import FillTool
from engine.errors import RequestError
from engine.geometry.rays import Hit
from engine.grid import Box
from engine.labels import label_space
from engine.mask import VoxelMask
from engine.scene import VoxelScene

CAR_BOX = Box((10, 8, 3), (20, 14, 8))


def ball(centre: tuple[float, float, float], radius: float) -> np.ndarray:
    box = street().box
    return VoxelMask.of_ball(centre, radius, box).within(box)


@pytest.fixture
def hand() -> Hand:
    return Hand()


# add, remove, paint


def test_one_voxel_is_added_before_the_face_that_was_hit_and_undo_takes_it_back(hand):
    before = hand.labels
    hand.document.classes.choose(POLE)
    hand.take(VoxelBrushTool("add"), pen=Brush(radius=0)).click(24, 5)
    expected = before.copy()
    expected[24, 5, 3] = POLE
    assert np.array_equal(hand.labels, expected)
    assert hand.document.history.undo_name == "Add pole"
    hand.document.undo()
    assert np.array_equal(hand.labels, before)
    assert hand.document.history.undo_name is None


def test_adding_fills_empty_voxels_of_the_ball_only(hand):
    before = hand.labels
    hand.document.classes.choose(BUILDING)
    hand.take(VoxelBrushTool("add"), pen=Brush(radius=3)).click(21, 10)
    expected = np.where(ball((21.5, 10.5, 3.5), 3) & (before == 0), BUILDING, before)
    assert np.array_equal(hand.labels, expected)
    assert (expected != before).sum() > 20


def test_a_stroke_of_adding_stays_on_the_scene_of_its_press_and_is_one_step(hand):
    hand.document.classes.choose(TERRAIN)
    hand.take(VoxelBrushTool("add"), pen=Brush(radius=0))
    hand.press(24, 2)
    for x in (26, 24, 30, 24, 26):  # back and forth over what was just added
        hand.move(x, 2)
    assert np.array_equal(hand.document.scene.read(), street().read())
    assert (hand.document.shown_scene.read() == TERRAIN).sum() - (street().read() == TERRAIN).sum() == 7
    hand.release(26, 2)
    added = hand.labels != street().read()
    assert np.array_equal(np.argwhere(added), [[x, 2, 3] for x in range(24, 31)])
    hand.document.undo()
    assert np.array_equal(hand.labels, street().read())


def test_removing_empties_solid_voxels_and_ctrl_turns_add_and_remove_round(hand):
    before, gone = hand.labels, np.where(ball((15.5, 11.5, 7.5), 2), 0, hand.labels)
    for tool, keys in ((VoxelBrushTool("remove"), ()), (VoxelBrushTool("add"), ("ctrl",))):
        hand.take(tool, pen=Brush(radius=2)).click(15, 11, *keys)
        assert np.array_equal(hand.labels, gone)
        assert hand.document.history.undo_name == "Remove voxels"
        hand.document.undo()
    hand.document.classes.choose(POLE)
    hand.take(VoxelBrushTool("remove"), pen=Brush(radius=0)).click(24, 5, "ctrl")
    assert hand.labels[24, 5, 3] == POLE
    assert (hand.labels != before).sum() == 1


def test_painting_changes_the_class_of_solid_voxels_and_nothing_else(hand):
    before = hand.labels
    hand.document.classes.choose(BUILDING)
    hand.take(VoxelBrushTool("paint"), pen=Brush(radius=2, depth=1, mode="surface")).click(24, 10)
    changed = hand.labels != before
    top_layer = np.zeros_like(changed)
    top_layer[:, :, 2] = True
    assert np.array_equal(changed, ball((24.5, 10.5, 2.5), 2) & top_layer)
    assert (hand.labels[changed] == BUILDING).all()
    assert hand.document.history.undo_name == "Paint building"


def test_x_swaps_the_chosen_class_with_empty_until_a_class_is_chosen(hand):
    classes = hand.document.classes
    classes.choose(POLE)
    classes.swap_ink()
    assert (classes.chosen, classes.ink) == (POLE, 0)
    hand.take(VoxelBrushTool("paint"), pen=Brush(radius=0)).click(15, 11)
    assert hand.labels[15, 11, 7] == 0
    classes.swap_ink()
    assert classes.ink == POLE
    classes.swap_ink()
    classes.choose(POLE)
    assert classes.ink == POLE
    classes.choose_nth(8)
    assert classes.ink == ROAD
    classes.choose_nth(19)
    assert classes.ink == ROAD


def test_the_modes_of_adding_and_removing(hand):
    before = hand.labels
    hand.document.classes.choose(TERRAIN)
    hand.take(VoxelBrushTool("add"), pen=Brush(radius=2, depth=2, mode="surface", tip="cube")).click(30, 5)
    assert np.array_equal(Box.around(np.argwhere(hand.labels != before)).shape, (5, 5, 2))
    hand.document.undo()
    hand.take(VoxelBrushTool("remove"), pen=Brush(radius=1, mode="column", tip="cube")).click(15, 11)
    assert Box.around(np.argwhere(hand.labels != before)) == Box((14, 10, 3), (17, 13, 8))  # the car, and no road
    hand.document.undo()
    hand.take(VoxelBrushTool("remove"), pen=Brush(radius=0, mode="through")).click(15, 11)
    assert Box.around(np.argwhere(hand.labels != before)) == Box((15, 11, 0), (16, 12, 8))
    assert (hand.labels[15, 11] == 0).all()


def test_locked_classes_and_what_lies_outside_the_mask_stay_as_they_are(hand):
    before = hand.labels
    hand.document.classes.set_locked(CAR, True)
    hand.take(VoxelBrushTool("remove"), pen=Brush(radius=6)).click(15, 11)
    assert np.array_equal(hand.labels == before, ~(ball((15.5, 11.5, 7.5), 6) & (before == ROAD)))
    assert (hand.labels != before).any()
    hand.document.undo()
    hand.document.classes.set_locked(CAR, False)
    hand.document.set_mask("Half", VoxelMask.of_box(Box((0, 0, 0), (15, 32, 12))))
    hand.take(VoxelBrushTool("remove"), pen=Brush(radius=4), within_mask=True).click(15, 11)
    changed = np.argwhere(hand.labels != before)
    assert changed[:, 0].max() == 14
    assert np.array_equal(hand.labels == before, ~(ball((15.5, 11.5, 7.5), 4) & (before != 0) & hand.masked))


def test_voxels_that_change_lose_their_instance_and_undo_gives_it_back():
    labels = street().read()
    ids = np.where(labels == CAR, 7, 0).astype(np.uint32)
    document = Document(VoxelScene.from_labels(labels, instances=ids))
    hand = Hand(document).take(VoxelBrushTool("remove"), pen=Brush(radius=2))
    hand.click(15, 11)
    assert (document.scene.read_instances()[document.scene.read() != labels] == 0).all()
    document.undo()
    assert np.array_equal(document.scene.read_instances(), ids)


def test_a_cancelled_stroke_shows_the_scene_again_and_records_nothing(hand):
    boxes: list[Box] = []
    hand.document.drawn.connect(boxes.append)
    hand.take(VoxelBrushTool("remove"), pen=Brush(radius=3))
    hand.press(12, 10)
    hand.move(17, 10)
    assert not np.array_equal(hand.document.shown_scene.read(), street().read())
    assert hand.runner.cancel()
    assert hand.document.shown_scene is hand.document.scene
    assert boxes[-1].contains(boxes[0].union(boxes[1]))
    assert hand.document.history.undo_name is None
    assert np.array_equal(hand.labels, street().read())


def test_an_edit_in_the_middle_of_a_stroke_ends_it(hand):
    hand.take(VoxelBrushTool("remove"), pen=Brush(radius=3))
    hand.press(12, 10)
    hand.document.set_mask("Mask", VoxelMask.of_box(Box((1, 2, 3), (4, 6, 8))))
    hand.move(17, 10)
    hand.release(17, 10)
    assert np.array_equal(hand.labels, street().read())
    assert hand.document.history.undo_name == "Mask"


def test_an_empty_scene_is_built_on_from_its_floor():
    hand = Hand(Document(VoxelScene.from_labels(np.zeros((20, 12, 6), np.uint8))))
    hand.document.classes.choose(ROAD)
    hand.take(VoxelBrushTool("add"), pen=Brush(radius=0)).drag((3, 5), (9, 5))
    assert np.array_equal(np.argwhere(hand.labels == ROAD), [[x, 5, 0] for x in range(3, 10)])


# fill


def test_fill_gives_one_connected_piece_the_chosen_class(hand):
    before = hand.labels
    hand.document.classes.choose(POLE)
    hand.take(FillTool()).click(35, 28)
    assert np.array_equal(hand.labels, np.where(before == BUILDING, POLE, before))
    hand.document.undo()
    hand.take(FillTool()).click(35, 28, "ctrl")
    assert np.array_equal(hand.labels, np.where(before == BUILDING, 0, before))


def test_fill_goes_no_further_than_its_limit_and_not_into_locked_classes(hand):
    before = hand.labels
    hand.document.classes.choose(TERRAIN)
    hand.take(FillTool(), limit=4).click(30, 5)
    assert np.array_equal(hand.labels != before, ball((30.5, 5.5, 2.5), 4) & (before == ROAD))
    hand.document.undo()
    hand.document.classes.set_locked(ROAD, True)
    hand.take(FillTool()).click(30, 5)
    assert np.array_equal(hand.labels, before)


# extrude


def face(voxel: tuple[int, int, int], normal: tuple[int, int, int]) -> Hit:
    point = tuple(v + 0.5 + n / 2 for v, n in zip(voxel, normal, strict=True))
    return Hit(voxel, normal, 5.0, point)


def slide(hand: Hand, hit: Hit, steps: float) -> None:
    """Drag from a face along its normal, with rays that meet the normal's line squarely."""
    normal = np.asarray(hit.normal)
    way = np.array([normal[1], normal[2], normal[0]], dtype=float)
    for kind, k in (("press", 0.0), ("move", steps / 2), ("release", steps)):
        origin = np.asarray(hit.point) + normal * k - 40 * way
        hand.runner.take(Pointer(kind, tuple(origin), tuple(way), (k, 0.0), hit=hit if kind == "press" else None))


def test_a_patch_is_one_class_in_one_layer_with_air_before_it(hand):
    top = face_patch(hand.document.scene, face((33, 27, 10), (0, 0, 1)))
    assert top.equals(VoxelMask.of_box(Box((30, 25, 10), (44, 32, 11))))
    side = face_patch(hand.document.scene, face((30, 27, 5), (-1, 0, 0)))
    assert side.equals(VoxelMask.of_box(Box((30, 25, 3), (31, 32, 11))))
    road = face_patch(hand.document.scene, face((2, 2, 2), (0, 0, 1)))
    free = street().read()
    free = (free[:, :, 2] == ROAD) & (free[:, :, 3] == 0)
    assert np.array_equal(road.within(Box((0, 0, 2), (48, 32, 3)))[:, :, 0], free)
    assert face_patch(hand.document.scene, face((33, 26, 10), (0, 0, 1)), limit=2).box.shape == (5, 4, 1)


def test_pulling_a_face_adds_its_own_class_and_pushing_takes_it_away(hand):
    before = hand.labels
    hand.take(ExtrudeTool())
    slide(hand, face((30, 27, 5), (-1, 0, 0)), 4)
    expected = before.copy()
    expected[26:30, 25:32, 3:11] = BUILDING
    assert np.array_equal(hand.labels, expected)
    assert hand.document.history.undo_name == "Extrude"
    slide(hand, face((26, 27, 5), (-1, 0, 0)), -6)
    expected[26:32, 25:32, 3:11] = 0
    assert np.array_equal(hand.labels, expected)
    hand.document.undo()
    hand.document.undo()
    assert np.array_equal(hand.labels, before)


def test_pulling_stops_at_the_end_of_the_scene_and_before_other_things(hand):
    hand.take(ExtrudeTool())
    slide(hand, face((14, 10, 7), (0, 0, 1)), 30)
    assert (hand.labels[10:20, 8:14, 3:12] == CAR).all()
    hand.document.undo()
    slide(hand, face((20 - 1, 10, 5), (1, 0, 0)), 40)
    assert (hand.labels[10:48, 8:14, 3:8] == CAR).all()
    assert (hand.labels == CAR).sum() == 38 * 6 * 5


# clipboard and stamp


def test_clips_turn_and_mirror_without_losing_a_voxel():
    labels = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4) % 20
    clip = Clip(labels, labels > 3, label_space())
    turned = clip.turned()
    assert turned.shape == (3, 2, 4)
    for x, y, z in np.ndindex(labels.shape):
        assert turned.labels[3 - 1 - y, x, z] == labels[x, y, z]  # x goes towards y, y towards -x
    assert np.array_equal(clip.turned(4).labels, labels)
    assert np.array_equal(clip.turned(1).turned(3).mask, clip.mask)
    assert np.array_equal(clip.mirrored(0).labels, labels[::-1])
    assert np.array_equal(clip.mirrored(1).mask, clip.mask[:, ::-1])


def copied(hand: Hand, box: Box) -> Voxels:
    hand.document.set_mask("Car", VoxelMask.of_box(box))
    voxels = Voxels(hand.document, hand.context.clipboard)
    voxels.copy()
    return voxels


def test_a_copied_car_is_stamped_turned_beside_the_old_one(hand):
    before = hand.labels
    copied(hand, CAR_BOX)
    hand.context.clipboard.turn(1)
    hand.take(StampTool()).click(32, 11)
    expected = before.copy()
    expected[32 - 3 : 32 + 3, 11 - 5 : 11 + 5, 3:8] = CAR
    assert np.array_equal(hand.labels, expected)
    assert hand.document.history.undo_name == "Stamp"
    hand.document.undo()
    assert np.array_equal(hand.labels, before)


def test_the_stamp_leaves_air_alone_unless_asked_and_lifts_and_cuts(hand):
    before = hand.labels
    copied(hand, Box((4, 18, 2), (7, 23, 10)))  # the pole with road and terrain-free air round it
    hand.context.clipboard.mirror(1)
    hand.take(StampTool(), lift=-1).click(15, 11)  # onto the roof of the car, one voxel in
    expected = before.copy()
    expected[14:17, 9:14, 7] = ROAD
    expected[15, 9 + 2, 8:12] = POLE
    assert np.array_equal(hand.labels, expected)
    hand.document.undo()
    hand.take(StampTool(), lift=-5, with_air=True).click(15, 11)
    assert (hand.labels[14:17, 9:14, 4:8] != before[14:17, 9:14, 4:8]).mean() > 0.9
    hand.document.undo()
    copied(hand, CAR_BOX)
    hand.take(StampTool(), lift=-5).click(15, 11, "ctrl")
    assert np.array_equal(hand.labels, np.where(before == CAR, 0, before))


def test_the_stamp_is_seen_before_it_is_pressed_and_follows_the_pointer(hand):
    copied(hand, CAR_BOX)
    hand.take(StampTool())
    for x in (30, 34):
        hand.runner.hover(hand.view.touch((x, 11)))
        shown = hand.document.shown_scene.read()
        assert Box.around(np.argwhere(shown != street().read())) == Box((x - 5, 8, 3), (x + 5, 14, 8))
    hand.context.clipboard.turn(1)
    assert Box.around(np.argwhere(hand.document.shown_scene.read() != street().read())).shape == (6, 10, 5)
    hand.runner.hover(None)
    assert hand.document.shown_scene is hand.document.scene
    hand.runner.hover(hand.view.touch((30, 11)))
    hand.take(FillTool())
    assert hand.document.drawing is None
    assert np.array_equal(hand.labels, street().read())


def test_stamping_without_a_copy_or_of_other_classes_says_what_to_do(hand):
    hand.take(StampTool())
    with pytest.raises(RequestError, match=r"Ctrl\+C"):
        hand.click(30, 11)
    hand.context.clipboard.clip = Clip(np.ones((2, 2, 2), np.uint8), np.ones((2, 2, 2), bool), label_space("occ3d"))
    with pytest.raises(RequestError, match="occ3d"):
        hand.click(30, 11)
    assert hand.document.drawing is None
    assert not hand.runner.is_active


# whole masks


def test_masked_voxels_are_filled_erased_cut_and_replaced(hand):
    before, document = hand.labels, hand.document
    voxels = copied(hand, CAR_BOX)
    document.classes.choose(POLE)
    voxels.fill()
    assert np.array_equal(hand.labels, np.where(before == CAR, POLE, before))
    document.undo()
    voxels.cut()
    assert np.array_equal(hand.labels, np.where(before == CAR, 0, before))
    assert (hand.context.clipboard.clip.labels == CAR).all()
    document.undo()
    assert voxels.replace(CAR, BUILDING) == CAR_BOX.volume
    assert document.history.undo_name == "Replace car by building"
    document.undo()
    with pytest.raises(RequestError, match="no 'road' in the mask"):
        voxels.replace(ROAD, TERRAIN)
    document.set_mask("None", VoxelMask.nothing())
    voxels.replace(ROAD, TERRAIN)
    assert np.array_equal(hand.labels, np.where(before == ROAD, TERRAIN, before))
    with pytest.raises(RequestError, match="mask the voxels to erase"):
        voxels.erase()


def test_random_deeds_are_undone_to_the_last_byte():
    hand, rng = Hand(), np.random.default_rng(5)
    voxels = Voxels(hand.document, hand.context.clipboard)
    tools = [VoxelBrushTool("add"), VoxelBrushTool("remove"), VoxelBrushTool("paint"), FillTool(), StampTool()]
    copied(hand, CAR_BOX)
    steps = 0
    for _ in range(100):
        pen = Brush(int(rng.integers(0, 4)), 1, rng.choice(["surface", "volume", "column", "through"]))
        hand.take(tools[rng.integers(len(tools))], pen=pen, limit=5)
        hand.document.classes.choose(int(rng.integers(1, 20)))
        points = [tuple(p) for p in rng.uniform((0, 0), (48, 32), (rng.integers(1, 4), 2)).tolist()]
        hand.drag(*points, keys=("ctrl",) if rng.random() < 0.3 else ())
        if rng.random() < 0.1:
            voxels.erase()
    assert not np.array_equal(hand.labels, street().read())
    while hand.document.history.undo_name:
        hand.document.undo()
        steps += 1
    assert steps > 70
    assert np.array_equal(hand.labels, street().read())
    assert ndimage.label(hand.labels == CAR)[1] == 1

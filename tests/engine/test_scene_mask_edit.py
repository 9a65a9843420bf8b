from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from scipy import ndimage

from engine.edit import GridEdit, MaskEdit, SavedMasksEdit, VoxelEdit
from engine.errors import GridError
from engine.grid import Box, Grid
from engine.labels import UNKNOWN, label_space
from engine.mask import VoxelMask
from engine.scene import VoxelScene

SHAPE = (90, 70, 11)


@dataclass
class Holder:
    """The least that edits can change."""

    scene: VoxelScene
    mask: VoxelMask


def make_scene(seed: int = 0, instances: bool = True) -> VoxelScene:
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 20, SHAPE).astype(np.uint8)
    labels[rng.random(SHAPE) < 0.05] = UNKNOWN
    ids = rng.integers(0, 2**32, SHAPE, dtype=np.uint32) if instances else None
    return VoxelScene.from_labels(labels, Grid(SHAPE, origin=(1.0, 2.0, 3.0)), instances=ids)


def all_bytes(scene: VoxelScene) -> dict[str, bytes]:
    return {c: scene.store.read(scene.box, c).tobytes() for c in scene.store.channels}


def random_box(rng: np.random.Generator) -> Box:
    a = rng.integers(0, np.array(SHAPE) - 1)
    return Box(tuple(a.tolist()), tuple(rng.integers(a + 1, np.array(SHAPE) + 1).tolist()))


# --- scenes


def test_padded_reading_fills_only_outside() -> None:
    scene = make_scene()
    box = Box((-4, 65, -2), (3, 75, 13))
    labels = scene.read_padded(box, 255)
    assert np.array_equal(labels[4:, :5, 2:13], scene.read(Box((0, 65, 0), (3, 70, 11))))
    outside = np.ones(box.shape, bool)
    outside[4:, :5, 2:13] = False
    assert (labels[outside] == 255).all()


def test_cut_keeps_labels_instances_and_places() -> None:
    scene = make_scene()
    scene.metadata["provenance"] = {"seed": 7}
    box = Box((80, 60, 2), (100, 75, 9))
    part = scene.cut(box)
    inside = Box((80, 60, 2), (90, 70, 9))
    assert np.array_equal(part.read()[:10, :10], scene.read(inside))
    assert np.array_equal(part.read_instances()[:10, :10], scene.read_instances(inside))
    assert not part.read()[10:].any()
    assert not part.read_instances()[:, 10:].any()
    assert np.allclose(part.grid.origin, scene.grid.to_metres((80, 60, 2)))
    part.metadata["provenance"]["seed"] = 8
    assert scene.metadata["provenance"]["seed"] == 7


def test_snapshots_do_not_see_later_writes() -> None:
    scene = make_scene()
    before, snapshot = all_bytes(scene), scene.snapshot()
    scene.write(scene.box, np.zeros(SHAPE, np.uint8))
    assert all_bytes(snapshot) == before
    assert all_bytes(scene) != before


def test_class_counts_are_those_of_numpy() -> None:
    scene = make_scene()
    assert np.array_equal(scene.count_classes(), np.bincount(scene.read().ravel(), minlength=256))
    box = Box((3, 4, 5), (60, 50, 9))
    assert scene.count_classes(box).sum() == box.volume


def test_a_new_scene_is_empty_in_its_own_label_space() -> None:
    scene = VoxelScene(Grid((4, 5, 6)), label_space("occ3d"))
    assert (scene.read() == 17).all()


def test_wrong_arrays_are_refused_with_both_shapes() -> None:
    scene = make_scene()
    with pytest.raises(GridError, match=r"labels \(2, 2, 2\) do not fill box \(0,0,0\)-\(2,2,3\)"):
        scene.write(Box((0, 0, 0), (2, 2, 3)), np.zeros((2, 2, 2), np.uint8))
    with pytest.raises(GridError, match="int64"):
        VoxelScene.from_labels(np.zeros((2, 2, 2), np.int64))  # type: ignore[arg-type]
    with pytest.raises(GridError, match="holds no voxel"):
        scene.cut(Box((3, 3, 3), (3, 9, 9)))


# --- masks


def mask_of(array: np.ndarray, lower: tuple[int, int, int] = (0, 0, 0)) -> VoxelMask:
    return VoxelMask.of_array(array, lower)


def test_masks_are_sets() -> None:
    rng = np.random.default_rng(5)
    bounds = Box((-3, 2, 1), (9, 12, 7))
    for _ in range(50):
        a, b = (rng.random(bounds.shape) < p for p in rng.random(2))
        ma, mb = mask_of(a, bounds.lower), mask_of(b, bounds.lower)
        assert ma.count == a.sum()
        assert np.array_equal(ma.union(mb).within(bounds), a | b)
        assert np.array_equal(ma.subtract(mb).within(bounds), a & ~b)
        assert np.array_equal(ma.invert(bounds).within(bounds), ~a)
        assert ma.invert(bounds).invert(bounds).equals(ma)
        half = Box((0, 2, 1), (5, 9, 4))
        assert np.array_equal(ma.clip(half).within(half), ma.within(half))
        assert ma.clip(half).count == ma.within(half).sum()


@pytest.mark.parametrize("voxels", [0, 1, 3])
def test_grow_and_shrink_follow_the_six_neighbours(voxels: int) -> None:
    rng = np.random.default_rng(6)
    bounds = Box((0, 0, 0), (20, 14, 9))
    array = np.zeros(bounds.shape, bool)
    array[5:15, 3:12, 2:8] = rng.random((10, 9, 6)) < 0.9
    mask = mask_of(array)
    near = ndimage.distance_transform_cdt(~array, "taxicab") <= voxels
    deep = ndimage.distance_transform_cdt(np.pad(array, 1), "taxicab")[1:-1, 1:-1, 1:-1] > voxels
    assert np.array_equal(mask.grow(voxels, bounds).within(bounds), near)
    assert np.array_equal(mask.shrink(voxels).within(bounds), deep)


def test_growing_nothing_gives_nothing() -> None:
    bounds = Box((0, 0, 0), (5, 6, 7))
    assert VoxelMask.nothing().grow(4, bounds).is_empty
    assert VoxelMask.nothing().shrink(1).is_empty


def test_ball_holds_exactly_the_centres_within_its_radius() -> None:
    bounds = Box((0, 0, 0), (12, 15, 8))
    centre, radius = (5.2, 14.0, 3.5), 3.3
    mask = VoxelMask.of_ball(centre, radius, bounds)
    centres = np.argwhere(np.ones(bounds.shape, bool)) + 0.5
    inside = (np.linalg.norm(centres - centre, axis=1) <= radius).reshape(bounds.shape)
    assert np.array_equal(mask.within(bounds), inside)
    assert VoxelMask.of_ball((-20, 0, 0), 3, bounds).is_empty


def test_masks_by_class_and_by_flood() -> None:
    labels = np.zeros((9, 7, 5), np.uint8)
    labels[1:4, 2, 1] = 3
    labels[3, 2:6, 1] = 3
    labels[8, 6, 4] = 3
    labels[5, 5, 2] = 8
    scene = VoxelScene.from_labels(labels)
    assert np.array_equal(VoxelMask.of_classes(scene, [3, 8]).within(scene.box), np.isin(labels, [3, 8]))
    flooded = VoxelMask.flood(scene, (1, 2, 1)).within(scene.box)
    assert flooded.sum() == 6
    assert not flooded[8, 6, 4]
    with pytest.raises(GridError, match="wand"):
        VoxelMask.flood(scene, (9, 0, 0))


def test_flood_goes_across_corners_and_to_a_limit_as_asked() -> None:
    labels = np.zeros((20, 9, 5), np.uint8)
    labels[1:8, 2, 1] = 3
    labels[8:15, 3, 2] = 3
    scene = VoxelScene.from_labels(labels)
    for neighbours, limit, last in ((6, 0, 7), (26, 0, 14), (26, 4, 7), (6, 3, 6)):
        flooded = VoxelMask.flood(scene, (3, 2, 1), neighbours, limit)
        assert (flooded.box.lower[0], flooded.box.upper[0]) == (1, last + 1)
        assert flooded.count == last


def test_blocks_are_the_whole_cells_that_a_mask_touches() -> None:
    mask = VoxelMask.of_box(Box((7, 17, 3), (9, 18, 5))).union(VoxelMask.of_box(Box((30, 30, 8), (31, 31, 9))))
    expected = np.zeros((40, 40, 10), bool)
    for x, y in ((0, 16), (8, 16), (24, 24)):
        expected[x : x + 8, y : y + 8, 3:9] = True
    assert np.array_equal(mask.blocks(8).within(Box.of_shape(expected.shape)), expected)


def test_a_shifted_mask_is_the_same_elsewhere() -> None:
    ball = VoxelMask.of_ball((20, 30, 5), 4, Box.of_shape(SHAPE))
    moved = ball.shift((-3, 5, 1))
    assert np.array_equal(moved.within(Box((7, 25, 1), (27, 45, 11))), ball.within(Box((10, 20, 0), (30, 40, 10))))


@pytest.mark.parametrize("box", [Box((5, 5, 5), (25, 30, 17)), Box((0, 0, 0), (9, 14, 40))])
def test_feather_keeps_the_core_leaves_the_far_and_is_repeatable(box: Box) -> None:
    bounds = Box((0, 0, 0), (40, 50, 40))
    mask = VoxelMask.of_box(box)
    frayed = mask.feather(3, bounds)
    inside, out = mask.within(bounds), frayed.within(bounds)
    depth = ndimage.distance_transform_edt(inside) - ndimage.distance_transform_edt(~inside)
    assert out.sum() == frayed.count
    assert out[depth >= 3.5].all()
    assert not out[depth <= -3.5].any()
    assert 0.3 < out[abs(depth) < 2].mean() < 0.7
    assert frayed.equals(mask.feather(3, bounds))
    assert mask.feather(0, bounds).equals(mask)
    assert VoxelMask.nothing().feather(3, bounds).is_empty
    assert VoxelMask.of_box(bounds).feather(3, bounds).count == bounds.volume


def test_masks_that_end_with_the_scene_shrink_inside_it_only() -> None:
    bounds = Box((0, 0, 0), (20, 12, 8))
    column = VoxelMask.of_box(Box((0, 3, 0), (9, 10, 8)))
    assert column.shrink(2, bounds).equals(VoxelMask.of_box(Box((0, 5, 0), (7, 8, 8))))
    assert column.shrink(2).equals(VoxelMask.of_box(Box((2, 5, 2), (7, 8, 6))))
    assert VoxelMask.of_box(bounds).shrink(3, bounds).count == bounds.volume


def test_a_mask_fills_its_box() -> None:
    with pytest.raises(GridError, match="does not fill"):
        VoxelMask(Box((0, 0, 0), (2, 2, 2)), np.ones((2, 2, 3), bool))


# --- edits


@pytest.mark.parametrize("instances", [True, False])
def test_undo_restores_every_byte_of_every_channel_and_redo_makes_it_again(instances: bool) -> None:
    rng = np.random.default_rng(7)
    holder = Holder(make_scene(8, instances), VoxelMask.nothing())
    states, edits = [all_bytes(holder.scene)], []
    for i in range(25):
        box = random_box(rng)
        mask = None if i % 3 == 0 else rng.random(box.shape) < 0.4
        edit = VoxelEdit.between(
            f"stroke {i}", holder.scene, box, rng.integers(0, 20, box.shape).astype(np.uint8), mask
        )
        edit.apply(holder)
        edits.append(edit)
        states.append(all_bytes(holder.scene))
    for edit, state in zip(reversed(edits), reversed(states[:-1]), strict=True):
        edit.revert(holder)
        assert all_bytes(holder.scene) == state
    for edit, state in zip(edits, states[1:], strict=True):
        edit.apply(holder)
        assert all_bytes(holder.scene) == state


def test_an_edit_changes_labels_and_clears_instances_only_where_a_label_changes() -> None:
    holder = Holder(make_scene(9), VoxelMask.nothing())
    old, old_ids = holder.scene.read(), holder.scene.read_instances()
    box = Box((60, 50, 1), (80, 69, 8))
    rng = np.random.default_rng(10)
    labels, mask = rng.integers(0, 20, box.shape).astype(np.uint8), rng.random(box.shape) < 0.5
    edit = VoxelEdit.between("paint", holder.scene, box, labels, mask)
    touched = edit.apply(holder)
    expected = old.copy()
    expected[box.slices][mask] = labels[mask]
    changed = expected != old
    assert np.array_equal(holder.scene.read(), expected)
    assert np.array_equal(holder.scene.read_instances(), np.where(changed, 0, old_ids))
    assert edit.count == changed.sum()
    assert box.contains(touched)
    assert touched == Box.around(np.argwhere(changed))


def test_an_edit_that_changes_nothing_is_empty() -> None:
    holder = Holder(make_scene(11), VoxelMask.nothing())
    state = all_bytes(holder.scene)
    edit = VoxelEdit.between(
        "same", holder.scene, Box((5, 5, 5), (9, 9, 9)), holder.scene.read(Box((5, 5, 5), (9, 9, 9)))
    )
    assert edit.count == 0
    assert edit.apply(holder).is_empty
    edit.revert(holder)
    assert all_bytes(holder.scene) == state


def test_an_edit_counts_all_its_arrays() -> None:
    scene = make_scene(12)
    box = Box((0, 0, 0), (10, 8, 6))
    edit = VoxelEdit.between("fill", scene, box, (scene.read(box) + 1) % 20)
    assert edit.nbytes == box.volume * (1 + 1 + 1 + 4)


def test_an_edit_does_not_reach_snapshots() -> None:
    holder = Holder(make_scene(13), VoxelMask.nothing())
    snapshot, before = holder.scene.snapshot(), all_bytes(holder.scene)
    VoxelEdit.between("fill", holder.scene, holder.scene.box, np.zeros(SHAPE, np.uint8)).apply(holder)
    assert all_bytes(snapshot) == before


def test_edits_outside_the_scene_or_of_another_shape_are_refused() -> None:
    scene = make_scene()
    with pytest.raises(GridError, match="leaves the scene"):
        VoxelEdit.between("x", scene, Box((0, 0, 0), (91, 1, 1)), np.zeros((91, 1, 1), np.uint8))
    with pytest.raises(GridError, match="do not fill"):
        VoxelEdit.between("x", scene, Box((0, 0, 0), (2, 3, 4)), np.zeros((4, 3, 2), np.uint8))


def test_new_bounds_and_back() -> None:
    mask = VoxelMask.of_box(Box((1, 2, 3), (4, 5, 6)))
    holder = Holder(make_scene(14), mask)
    before = all_bytes(holder.scene)
    larger = holder.scene.cut(Box((-10, -5, 0), (110, 80, 11)))
    edit = GridEdit.between("extend", holder, larger)
    assert edit.apply(holder) == Box((0, 0, 0), (120, 85, 11))
    assert holder.mask.is_empty
    after = all_bytes(holder.scene)
    VoxelEdit.between("fill", holder.scene, holder.scene.box, np.full((120, 85, 11), 4, np.uint8)).apply(holder)
    edit.revert(holder)
    assert all_bytes(holder.scene) == before
    assert holder.mask.equals(mask)
    VoxelEdit.between("fill", holder.scene, holder.scene.box, np.full(SHAPE, 4, np.uint8)).apply(holder)
    edit.apply(holder)
    assert all_bytes(holder.scene) == after


def test_saved_masks_are_edited_and_cut_with_the_scene() -> None:
    holder = Holder(make_scene(3), VoxelMask.nothing())
    ball, box = VoxelMask.of_ball((40, 30, 5), 5, Box.of_shape(SHAPE)), VoxelMask.of_box(Box((0, 0, 0), (5, 70, 11)))
    first = SavedMasksEdit("a", {}, {"ball": ball})
    second = SavedMasksEdit("b", {"ball": ball}, {"ball": ball, "west": box})
    assert first.apply(holder).is_empty
    second.apply(holder)
    assert second.nbytes == 2 * ball.array.nbytes + box.array.nbytes
    part = holder.scene.cut(Box((38, -4, 2), (60, 40, 30)))
    assert list(part.metadata["masks"]) == ["ball", "west"]
    assert part.metadata["masks"]["ball"].equals(ball.clip(Box((38, 0, 2), (60, 40, 11))).shift((-38, 4, -2)))
    assert part.metadata["masks"]["west"].is_empty
    second.revert(holder)
    assert list(holder.scene.metadata["masks"]) == ["ball"]
    first.revert(holder)
    assert "masks" not in holder.scene.metadata


def test_mask_edits_name_the_box_that_looks_different() -> None:
    a, b = VoxelMask.of_box(Box((1, 1, 1), (3, 3, 3))), VoxelMask.of_box(Box((6, 0, 2), (7, 2, 4)))
    holder = Holder(make_scene(), a)
    edit = MaskEdit("brush", a, b)
    assert edit.apply(holder) == Box((1, 0, 1), (7, 3, 4))
    assert holder.mask is b
    assert edit.revert(holder) == Box((1, 0, 1), (7, 3, 4))
    assert holder.mask is a

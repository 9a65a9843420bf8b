from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from fakes import CAR, ROAD, street

from editor.model.document import Document
from editor.model.history import History
from engine.edit import GridEdit, MaskEdit, VoxelEdit
from engine.grid import Box
from engine.labels import UNKNOWN
from engine.mask import VoxelMask
from engine.scene import VoxelScene


def record(signal) -> list:
    seen: list = []
    signal.connect(lambda *values: seen.append(values[0] if len(values) == 1 else values))
    return seen


def random_edit(document: Document, rng: np.random.Generator) -> VoxelEdit:
    lower = rng.integers(0, (40, 24, 8))
    box = Box(tuple(int(v) for v in lower), tuple(int(v) + 5 for v in lower)).clip(document.scene.box)
    labels = rng.integers(0, 20, box.shape).astype(np.uint8)
    return VoxelEdit.between("Noise", document.scene, box, labels, rng.random(box.shape) < 0.6)


def test_undoing_everything_restores_every_byte_and_redo_repeats_it():
    document, rng = Document(street()), np.random.default_rng(3)
    states = [document.scene.read()]
    for _ in range(12):
        document.do(random_edit(document, rng))
        states.append(document.scene.read())
    for expected in states[-2::-1]:
        document.undo()
        assert np.array_equal(document.scene.read(), expected)
    for expected in states[1:]:
        document.redo()
        assert np.array_equal(document.scene.read(), expected)
    assert not np.array_equal(states[0], states[-1])


def test_a_changed_box_is_told_and_holds_exactly_what_changed():
    document = Document(street())
    boxes, before = record(document.changed), document.scene.read()
    labels = document.scene.read()
    labels[10:20, 8:14, 3:8] = 0
    document.do(VoxelEdit.between("Erase car", document.scene, document.scene.box, labels))
    assert boxes == [Box((10, 8, 3), (20, 14, 8))]
    differs = np.argwhere(before != document.scene.read())
    assert Box.around(differs) == boxes[0]


def test_other_bounds_replace_the_scene_and_undo_brings_mask_and_bounds_back():
    document = Document(street())
    document.set_mask("Mask", VoxelMask.of_box(Box((1, 2, 3), (4, 6, 8))))
    mask, old = document.mask, document.scene.read()
    replaced = record(document.scene_replaced)
    larger = document.scene.cut(Box((-16, 0, 0), (48, 32, 12)))
    document.do(GridEdit("Extend", document.scene.snapshot(), larger, document.mask))
    assert document.scene.grid.shape == (64, 32, 12)
    assert document.mask.is_empty
    document.undo()
    assert np.array_equal(document.scene.read(), old)
    assert document.mask.equals(mask)
    assert len(replaced) == 2


def test_dirty_follows_voxels_and_not_masks():
    document, rng = Document(street()), np.random.default_rng(0)
    document.set_mask("Mask", VoxelMask.of_box(Box((1, 2, 3), (4, 6, 8))))
    assert not document.dirty
    document.do(random_edit(document, rng))
    assert document.dirty
    document.mark_saved(Path("street.scw"))
    assert not document.dirty
    document.undo()
    assert document.dirty
    document.redo()
    assert not document.dirty


def test_a_save_of_an_older_state_leaves_the_document_dirty():
    document, rng = Document(street()), np.random.default_rng(0)
    document.do(random_edit(document, rng))
    state = document.history.state
    document.do(random_edit(document, rng))
    document.mark_saved(Path("street.scw"), state)
    assert document.dirty
    document.undo()
    assert not document.dirty


def test_the_history_forgets_the_oldest_past_its_budget_but_never_the_newest():
    document, rng = Document(street(), history=History(budget=1)), np.random.default_rng(0)
    first, second = random_edit(document, rng), random_edit(document, rng)
    document.do(first)
    between = document.scene.read()
    document.do(second)
    assert document.history.undo_name == "Noise"
    document.undo()
    assert np.array_equal(document.scene.read(), between)
    document.undo()
    assert np.array_equal(document.scene.read(), between)
    assert document.dirty


def test_a_new_edit_drops_what_was_undone():
    document, rng = Document(street()), np.random.default_rng(0)
    document.do(random_edit(document, rng))
    document.undo()
    document.do(random_edit(document, rng))
    after = document.scene.read()
    document.redo()
    assert np.array_equal(document.scene.read(), after)


def test_a_stroke_is_shown_but_not_recorded_until_it_is_set():
    document = Document(street())
    boxes = record(document.mask_changed)
    stroke = VoxelMask.of_box(Box((1, 1, 1), (3, 4, 5)))
    document.show_stroke(stroke, stroke.box)
    assert document.shown_mask is stroke
    assert document.mask.is_empty
    document.end_stroke()
    assert document.shown_mask.is_empty
    assert boxes == [stroke.box, stroke.box]
    assert document.history.undo_name is None


def test_masks_are_clipped_to_the_scene_and_equal_ones_are_no_step():
    document = Document(street())
    document.set_mask("Mask", VoxelMask.of_box(Box((-5, -5, -5), (4, 3, 2))))
    assert document.mask.box == Box((0, 0, 0), (4, 3, 2))
    edit_count = document.history.undo_name
    document.set_mask("Again", VoxelMask.of_box(Box((0, 0, 0), (4, 3, 2))))
    assert document.history.undo_name == edit_count == "Mask"


def test_replacing_the_scene_starts_over():
    document, rng = Document(street()), np.random.default_rng(0)
    document.do(random_edit(document, rng))
    document.classes.set_locked(CAR, True)
    document.replace(VoxelScene.from_labels(np.full((16, 16, 4), ROAD, np.uint8)), Path("a.npz"))
    document.undo()
    assert document.scene.grid.shape == (16, 16, 4)
    assert not document.dirty
    assert document.title == "a.npz"
    assert document.classes.locked == {CAR}


def test_solo_shows_one_class_and_again_all():
    classes = Document(street()).classes
    classes.solo(CAR)
    assert classes.visible == {CAR}
    classes.solo(CAR)
    assert classes.visible == {*range(1, 20), UNKNOWN}


def test_an_edit_that_fails_is_not_recorded():
    document = Document(street())
    box = Box((0, 0, 0), (2, 2, 2))

    class Broken:
        name = "Broken"
        nbytes = 0

        def apply(self, target):
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        document.do(Broken())
    assert document.history.undo_name is None
    document.do(MaskEdit("Mask", document.mask, VoxelMask.of_box(box)))
    assert document.mask.box == box

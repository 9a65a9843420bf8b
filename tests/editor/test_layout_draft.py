from __future__ import annotations

import numpy as np
import pytest
from fakes import FakeCard, HandRunner, finish, street

from editor.model.document import Document
from editor.model.layout_draft import BUILDING, Ink, LayoutDraft
from editor.model.layout_shapes import connected, rectangle, straight, stroke
from editor.model.options import Options
from editor.model.plan import Extension
from editor.model.studio import Studio
from engine.errors import RequestError
from engine.formats.registry import read_scene, write_scene
from engine.geometry.maps import LayoutMap, layout_of
from engine.grid import Box, Grid
from engine.mask import VoxelMask
from engine.scene import VoxelScene
from engine.tasks.request import GenerateRequest, InpaintRequest


@pytest.fixture
def studio() -> Studio:
    return Studio(HandRunner(), [FakeCard()], Document(street()), Options(seed=4, seed_locked=True))


@pytest.fixture
def draft(studio: Studio) -> LayoutDraft:
    return LayoutDraft(studio.document)


def paint(draft: LayoutDraft, name: str, cells: np.ndarray, ink: Ink) -> None:
    draft.show(ink.on(draft.shown, cells))
    draft.keep(name)


# shapes


def test_a_stroke_is_as_wide_as_its_brush_and_stays_on_the_map():
    assert np.argwhere(stroke((6, 4), (1, 1), (4, 1), 1)).tolist() == [[1, 1], [2, 1], [3, 1], [4, 1]]
    assert stroke((6, 4), (5, 3), (5, 3), 3).sum() == 4
    assert np.argwhere(stroke((6, 4), (2, 2), (2, 2), 2)).tolist() == [[2, 2], [2, 3], [3, 2], [3, 3]]
    assert not stroke((6, 4), (-5, 1), (-4, 1), 1).any()
    diagonal = stroke((6, 4), (0, 0), (3, 3), 1)
    assert diagonal.sum() == 4


def test_a_rectangle_holds_both_corners():
    assert np.argwhere(rectangle((6, 4), (4, 3), (3, 1))).tolist() == [[x, y] for x in (3, 4) for y in (1, 2, 3)]
    assert rectangle((6, 4), (-3, -3), (9, 9)).all()


def test_a_fill_goes_as_far_as_one_class_of_one_height():
    classes = np.zeros((5, 3), np.uint8)
    classes[2] = BUILDING
    heights = np.where(classes == BUILDING, 7, 0).astype(np.uint8)
    heights[2, 2] = 9
    layout = LayoutMap(classes, heights)
    assert np.argwhere(connected(layout, (0, 1))).tolist() == [[x, y] for x in (0, 1) for y in range(3)]
    assert np.argwhere(connected(layout, (2, 0))).tolist() == [[2, 0], [2, 1]]
    assert not connected(layout, (5, 0)).any()


def test_straight_lines_keep_to_eight_directions():
    assert [straight((2, 2), end) for end in ((9, 4), (1, -6), (6, 5), (-1, 4))] == [
        (9, 2),
        (2, -6),
        (6, 6),
        (-1, 5),
    ]


# the map of a document


def test_painting_is_one_undo_step_and_leaves_the_voxels_alone(studio, draft):
    document, before = studio.document, studio.document.scene.read()
    assert draft.cells == (6, 4)
    cells = rectangle(draft.cells, (1, 0), (2, 3))
    draft.show(Ink(BUILDING, 9).on(draft.shown, cells))
    assert not draft.map.classes.any()
    assert draft.is_drawing
    draft.keep("Paint map")
    assert document.history.undo_name == "Paint map"
    assert np.array_equal(draft.map.classes == BUILDING, cells)
    assert np.array_equal(draft.map.heights == 9, cells)
    paint(draft, "Paint map", stroke(draft.cells, (0, 2), (5, 2), 1), Ink(1, 9))
    assert draft.map.heights[1, 2] == 0, "only buildings have a height"
    document.undo()
    assert np.array_equal(draft.map.classes == BUILDING, cells)
    document.undo()
    assert not draft.map.classes.any()
    assert "layout" not in document.scene.metadata
    document.redo()
    assert np.array_equal(draft.map.classes == BUILDING, cells)
    assert np.array_equal(document.scene.read(), before)


def test_a_stroke_that_changes_nothing_or_is_cancelled_is_no_step(studio, draft):
    draft.show(Ink(0).on(draft.shown, rectangle(draft.cells, (0, 0), (3, 3))))
    draft.keep("Paint map")
    draft.show(Ink(3).on(draft.shown, rectangle(draft.cells, (0, 0), (3, 3))))
    draft.cancel()
    assert studio.document.history.undo_name is None
    assert not draft.shown.classes.any()


def test_the_map_is_saved_with_the_scene(studio, draft, tmp_path):
    paint(draft, "Paint map", rectangle(draft.cells, (1, 0), (2, 3)), Ink(BUILDING, 9))
    assert studio.document.dirty
    for name in ("a.scw", "a.npz"):
        write_scene(studio.document.scene, tmp_path / name)
        again = LayoutDraft(Document(read_scene(tmp_path / name)))
        assert np.array_equal(again.map.classes, draft.map.classes)
        assert np.array_equal(again.map.heights, draft.map.heights)


def test_a_map_that_cannot_be_read_counts_as_free():
    for entry in ("nonsense", {"cells": [2, 2]}, {"cells": [6, 4], "data": "AAAA", "at": [0, 0]}):
        document = Document(VoxelScene.from_labels(street().read(), metadata={"layout": entry}))
        assert not LayoutDraft(document).map.classes.any()


def test_the_map_stays_where_it_is_when_the_scene_grows_and_when_that_is_undone(studio, draft):
    paint(draft, "Paint map", stroke(draft.cells, (0, 1), (0, 2), 1), Ink(3))
    studio.plan.extend(Extension(west=16, north=32))
    studio.run()
    paint(draft, "Paint map", stroke(draft.cells, (5, 3), (5, 3), 1), Ink(5))  # while the engine works
    finish(studio.jobs, studio.jobs._runner)
    studio.accept()
    assert draft.cells == (8, 8)
    assert {(*map(int, c), int(draft.map.classes[*c])) for c in np.argwhere(draft.map.classes)} == {
        (2, 1, 3),
        (2, 2, 3),
        (7, 3, 5),
    }
    studio.document.undo()
    assert [list(map(int, c)) for c in np.argwhere(draft.map.classes)] == [[0, 1], [0, 2], [5, 3]]


def test_the_map_can_be_read_off_the_voxels_of_any_size(studio, draft):
    found = draft.read_scene()
    assert np.array_equal(found.classes, layout_of(studio.document.scene.read(), studio.document.scene.space).classes)
    odd = VoxelScene(Grid((21, 9, 12)))
    labels = odd.read()
    labels[:, :, :2] = 9
    odd.write(odd.box, labels)
    assert (LayoutDraft(Document(odd)).read_scene().classes[:2, 0] == 1).all()


def test_a_map_of_another_size_is_refused_with_the_size_it_needs(draft):
    with pytest.raises(RequestError, match=r"10 × 3 cells.*80 × 24"):
        draft.keep("Load map", LayoutMap.free((10, 3)))


# making a scene of it


def test_the_scene_fits_the_map_at_the_painted_cells_and_the_map_stays(studio, draft):
    paint(draft, "Paint map", rectangle(draft.cells, (0, 0), (5, 1)), Ink(1))
    paint(draft, "Paint map", rectangle(draft.cells, (2, 2), (4, 3)), Ink(BUILDING, 8))
    request = studio.plan.requests_of_map(draft.map, everywhere=True, seeds=[7])[0]
    assert isinstance(request, GenerateRequest)
    studio.ask(request)
    finish(studio.jobs, studio.jobs._runner)
    studio.accept()
    fits = draft.read_scene()
    painted = draft.map.classes > 0
    assert painted.sum() == 12 + 6
    assert np.array_equal(fits.classes[painted], draft.map.classes[painted])
    assert np.array_equal(fits.heights[painted], draft.map.heights[painted])
    studio.document.undo()
    assert np.array_equal(draft.map.classes > 0, painted)


def test_under_the_mask_the_map_leaves_all_else_as_it_is(studio, draft):
    before, box = studio.document.scene.read(), Box((0, 0, 0), (24, 16, 12))
    studio.document.set_mask("Box", VoxelMask.of_box(box))
    paint(draft, "Paint map", rectangle(draft.cells, (0, 0), (5, 3)), Ink(3))
    request = studio.plan.requests_of_map(draft.map, everywhere=False, seeds=[7])[0]
    assert isinstance(request, InpaintRequest)
    studio.ask(request)
    finish(studio.jobs, studio.jobs._runner)
    studio.accept()
    after = studio.document.scene.read()
    assert (after[box.slices][:, :, :3] == 10).all()
    outside = ~VoxelMask.of_box(box).within(studio.document.scene.box)
    assert np.array_equal(after[outside], before[outside])

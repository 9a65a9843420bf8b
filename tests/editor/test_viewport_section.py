"""The section box, views without perspective, and standing in matter, in a real window."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from canvases import BUILDING, CAR, ROAD, SHAPE, TREE, make_labels, picture, places, shown_labels

from editor.viewport.canvas import ViewportCanvas
from engine.grid import Box
from engine.labels import label_space
from engine.mask import VoxelMask
from engine.scene import VoxelScene

pytestmark = pytest.mark.window


def test_what_the_section_box_cuts_away_is_neither_drawn_nor_picked(canvas: ViewportCanvas) -> None:
    section = Box((6, 3, 2), (55, 28, 12))
    canvas.show_section(section)
    canvas.overlays.section.show_inner(None)
    canvas.set_shading(flat=True)
    where = places(canvas)
    hits = [canvas.pick((x + 0.5, y + 0.5)) for x, y in where]
    found = [hit for hit in hits if hit]
    assert len(found) > 200
    inside = VoxelMask.of_box(section).within(canvas.display.box)
    assert all(inside[hit.voxel] for hit in found)
    through = [hit for hit in found if make_labels()[hit.voxel] == BUILDING and hit.voxel[0] == 6 and hit.normal[0] < 0]
    assert through, "the cut faces of a building are solid"
    seen = picture(canvas)[where[:, 1], where[:, 0]]
    cut = Box((0, 0, 0), SHAPE)
    canvas.show_scene(VoxelScene.from_labels(np.where(inside, make_labels(), 0), canvas.display.scene.grid))
    assert canvas.display.shown == section, "the box stays until someone takes it away"
    canvas.show_section(None)
    assert canvas.display.shown == cut
    alone = picture(canvas)[where[:, 1], where[:, 0]]
    is_cut = np.array([hit is not None and is_open(hit) for hit in hits])
    assert (np.abs(seen - alone).max(axis=1) <= 1)[~is_cut].mean() > 0.98
    assert (np.abs(seen - alone).max(axis=1) > 8)[is_cut].mean() > 0.9, "cut faces are marked"


def is_open(hit) -> bool:
    """Whether there is matter before the face that was hit."""
    front = np.add(hit.voxel, hit.normal)
    return bool(((front >= 0) & (front < SHAPE)).all() and make_labels()[tuple(front)])


def test_a_proposal_beyond_the_bounds_is_seen_beside_a_section_that_reaches_them(canvas: ViewportCanvas) -> None:
    canvas.show_ghost(Box((-32, 0, 0), (0, 40, 20)), np.full((32, 40, 20), TREE, dtype=np.uint8))
    canvas.show_section(Box((0, 5, 0), (60, 40, 20)))
    assert canvas.display.shown == Box((-32, 5, 0), (60, 40, 20))
    canvas.show_section(Box((4, 5, 0), (60, 40, 20)))
    assert canvas.display.shown == Box((4, 5, 0), (60, 40, 20))


def test_the_floor_is_touched_only_where_it_is_shown(canvas: ViewportCanvas) -> None:
    canvas.display.set_visible_classes([])
    canvas.look_from("top")
    canvas.frame()
    assert canvas.sight.touch((240, 150)).voxel[2] == -1
    canvas.show_section(Box((0, 0, 4), SHAPE))
    assert canvas.sight.touch((240, 150)) is None
    canvas.show_section(Box((0, 0, 0), (10, 40, 20)))
    assert canvas.sight.touch((240, 150)) is None


def test_from_inside_of_a_house_one_looks_out(canvas: ViewportCanvas) -> None:
    canvas.set_shading(flat=True)
    canvas.view = replace(canvas.view, target=(1.6, 3.6, 2.0), distance=0.31, azimuth=200.0, elevation=4.0)
    assert canvas.navigation.is_inside
    where = places(canvas)
    labels = shown_labels(canvas, where)
    assert {BUILDING} < set(labels.tolist()) | {BUILDING}
    assert {ROAD, CAR, TREE} & set(labels.tolist()), "what stands outside is seen"
    seen = picture(canvas)[where[:, 1], where[:, 0]]
    expected = label_space().colours().astype(int)[labels]
    assert (np.abs(seen - expected).max(axis=1) <= 1)[labels >= 0].mean() > 0.97
    canvas.home()
    assert not canvas.navigation.is_inside
    assert not canvas.navigation.is_lost


def test_without_perspective_what_is_picked_near_and_behind_the_target_is_what_is_seen(canvas: ViewportCanvas) -> None:
    canvas.set_shading(flat=True)
    canvas.toggle_orthographic()
    canvas.view = replace(canvas.view, target=(13.0, 10.0, 0.4), distance=6.0, azimuth=-60.0, elevation=12.0)
    where = places(canvas)
    labels = shown_labels(canvas, where)
    assert len({ROAD, CAR, TREE} & set(labels.tolist())) >= 2
    seen = picture(canvas)[where[:, 1], where[:, 0]]
    expected = label_space().colours().astype(int)[labels]
    assert (np.abs(seen - expected).max(axis=1) <= 1)[labels >= 0].mean() > 0.97
    hit = next(hit for x, y in where if (hit := canvas.pick((x + 0.5, y + 0.5))))
    place = canvas.sight.project(np.array([hit.point]))[0]
    assert canvas.pick(tuple(place[:2])) is not None

"""What is shown is what tools touch: hidden classes and what the section box cuts away stay as they are."""

from __future__ import annotations

import numpy as np
import pytest
from fakes import CAR
from hands import Hand

from editor.model.masking import Masking
from editor.model.section import Section
from editor.tools.box import BoxTool
from editor.tools.brush import BrushTool
from editor.tools.lasso import LassoTool
from editor.tools.options import Brush
from editor.tools.voxels import VoxelBrushTool
from editor.tools.wand import WandTool
from engine.grid import Box
from engine.mask import VoxelMask


@pytest.fixture
def hand() -> Hand:
    return Hand()


def test_hidden_classes_are_neither_masked_nor_changed_by_any_tool(hand) -> None:
    document, labels = hand.document, hand.labels
    document.classes.set_visible(CAR, False)
    is_car = labels == CAR
    brush = Brush(4)
    for tool, points in ((BrushTool(), ((8, 10), (22, 10))), (BoxTool(), ((6, 6), (24, 18)))):
        hand.take(tool, brush=brush).drag(*points)
        assert hand.masked.sum() > 300
        assert not (hand.masked & is_car).any()
        document.set_mask("None", VoxelMask.nothing())
    hand.take(VoxelBrushTool("remove"), pen=brush).drag((8, 10), (22, 10))
    assert (hand.labels[is_car] == CAR).all()
    assert (hand.labels != labels).sum() > 100


def test_tools_stay_inside_of_the_section_box(hand) -> None:
    document, labels = hand.document, hand.labels
    section = Box((9, 4, 1), (30, 20, 9))
    inside = VoxelMask.of_box(section).within(document.scene.box)
    document.section.set(section)
    document.section.turn(True)
    everything = ((4, 2), (36, 2), (36, 26), (4, 26))
    for tool, options in (
        (BrushTool(), {"brush": Brush(6)}),
        (BoxTool(), {"brush": Brush(6, mode="through")}),
        (LassoTool(), {"brush": Brush(6, mode="through")}),
        (WandTool(), {}),
    ):
        hand.take(tool, **options).drag(*(everything if isinstance(tool, LassoTool) else ((12, 12), (28, 14))))
        assert hand.masked.sum() > 50, tool
        assert not (hand.masked & ~inside).any(), tool
        document.set_mask("None", VoxelMask.nothing())
    for deed in ("add", "remove", "paint"):
        hand.take(VoxelBrushTool(deed), pen=Brush(6)).drag((6, 12), (34, 14))
        changed = hand.labels != labels
        assert changed.any(), deed
        assert not (changed & ~inside).any(), deed
        document.undo()
        np.testing.assert_array_equal(hand.labels, labels)


def test_what_is_visible_is_masked_within_the_section_box(hand) -> None:
    document, section = hand.document, Box((9, 4, 1), (30, 20, 9))
    document.section.set(section)
    document.section.turn(True)
    document.classes.set_visible(CAR, False)
    Masking(document).from_visible()
    expected = np.zeros_like(hand.masked)
    expected[section.slices] = (hand.labels[section.slices] > 0) & (hand.labels[section.slices] != CAR)
    np.testing.assert_array_equal(hand.masked, expected)


def test_the_section_box_stays_in_the_scene_and_never_becomes_empty() -> None:
    bounds = Box((0, 0, 0), (48, 32, 12))
    section = Section(bounds)
    told: list[Box | None] = []
    section.changed.connect(lambda: told.append(section.box))
    section.set(Box((40, -5, 3), (90, 9, 30)))
    assert (section.box, section.extent) == (None, Box((40, 0, 3), (48, 9, 12)))
    section.turn(True)
    section.set_range(0, 60, 70)
    assert section.box == Box((47, 0, 3), (48, 9, 12))
    section.set(Box((60, 60, 0), (70, 70, 5)))
    assert section.box == Box((47, 0, 3), (48, 9, 12)), "a box beside the scene is ignored"
    section.shift(2, 100)
    assert section.box == Box((47, 0, 3), (48, 9, 12))
    section.shift(2, -2)
    assert section.box == Box((47, 0, 1), (48, 9, 10))
    section.shift(1, -100)
    assert section.box == Box((47, 0, 1), (48, 1, 10))
    section.use_bounds(Box((0, 0, 0), (8, 8, 8)))
    assert section.box is None
    assert section.extent == section.bounds == Box((0, 0, 0), (8, 8, 8))
    assert len(told) == 6

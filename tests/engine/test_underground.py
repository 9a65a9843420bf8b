"""Ground that is a mere skin becomes solid for the model, and a skin again."""

from __future__ import annotations

import numpy as np

from engine.geometry.underground import empty_hollow, fill_hollow, find_hollow, find_skin, thin_ground
from engine.labels import UNKNOWN, label_space

SPACE = label_space()
ROAD, TERRAIN, BUILDING = (SPACE.find(name) for name in ("road", "terrain", "building"))


def skin() -> np.ndarray:
    """A road at height 2, terrain at 3 beside it, a wall that begins at 4, a column of nothing and an unknown one."""
    labels = np.zeros((8, 6, 8), np.uint8)
    labels[:, :3, 2], labels[:, 3:, 3] = ROAD, TERRAIN
    labels[2, 4, 3], labels[2, 4, 4:6] = 0, BUILDING
    labels[0, 0], labels[1, 0] = 0, UNKNOWN
    return labels


def test_a_skin_is_filled_with_its_own_ground_and_walls_with_the_nearest() -> None:
    labels = skin()
    hollow = find_hollow(labels, SPACE)
    assert hollow is not None
    filled = fill_hollow(labels, hollow, SPACE)
    assert (filled[4, 1, :3] == ROAD).all()
    assert (filled[4, 4, :4] == TERRAIN).all()
    assert filled[2, 4].tolist() == [TERRAIN] * 4 + [BUILDING] * 2 + [0, 0]
    assert not filled[0, 0].any()
    assert (filled[1, 0] == UNKNOWN).all()
    assert np.array_equal(filled[~hollow], labels[~hollow])
    assert np.array_equal(empty_hollow(filled, hollow, SPACE), labels)


def test_ground_that_sinks_stays_where_it_sank_to() -> None:
    labels = skin()
    hollow = find_hollow(labels, SPACE)
    assert hollow is not None
    sunk = fill_hollow(labels, hollow, SPACE)
    sunk[4, 1, 2] = 0
    assert empty_hollow(sunk, hollow, SPACE)[4, 1].tolist() == [0, ROAD, 0, 0, 0, 0, 0, 0]


def test_solid_ground_is_left_alone_though_it_has_holes() -> None:
    labels = np.zeros((8, 6, 8), np.uint8)
    labels[:, :, :3] = TERRAIN
    labels[:3, :, 0] = 0
    assert find_hollow(labels, SPACE) is None
    assert find_hollow(np.zeros((8, 6, 8), np.uint8), SPACE) is None


def test_where_there_is_no_ground_nothing_is_made_up() -> None:
    labels = np.zeros((8, 6, 8), np.uint8)
    labels[:, :, 4] = BUILDING
    hollow = find_hollow(labels, SPACE)
    assert hollow is not None
    assert np.array_equal(fill_hollow(labels, hollow, SPACE), labels)


def test_made_ground_becomes_as_thick_as_that_around_and_nothing_goes_below() -> None:
    labels = np.zeros((8, 6, 12), np.uint8)
    labels[:, :, 3:5] = TERRAIN
    labels[5:] = UNKNOWN
    skin = find_skin(labels, SPACE)
    assert skin is not None
    assert skin.depth == 2
    assert (skin.floor == 3).all()
    made = labels == UNKNOWN
    labels[5:] = 0
    labels[5, :, :7], labels[6, :, :10], labels[7, :, :2] = ROAD, BUILDING, ROAD
    thin = thin_ground(labels, made, skin, SPACE)
    assert (thin[5] == np.array([0] * 5 + [ROAD] * 2 + [0] * 5)).all()
    assert (thin[6] == np.array([0] * 3 + [BUILDING] * 7 + [0] * 2)).all()
    assert (thin[7] == np.array([ROAD] * 2 + [0] * 10)).all()
    assert np.array_equal(thin[:5], labels[:5])


def test_solid_ground_has_no_skin() -> None:
    labels = np.zeros((8, 6, 8), np.uint8)
    labels[:, :, :3] = TERRAIN
    assert find_skin(labels, SPACE) is None
    labels[:, :, :3], labels[:, :, 4] = 0, BUILDING
    assert find_skin(labels, SPACE) is None

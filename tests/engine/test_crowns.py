"""Crowns that an edit cuts grow on into what is new, as far as they are round."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.labels import label_space
from engine.tasks.crowns import continue_crowns

SPACE = label_space()
LEAF, BUILDING, ROAD = (SPACE.find(name) for name in ("vegetation", "building", "road"))
SHAPE = (40, 32, 24)
BORDER = 20
MADE, NOTHING = np.zeros(SHAPE, np.bool_), np.zeros(SHAPE, np.bool_)
MADE[BORDER:] = True


def tree(x: float, radius: float = 6.0) -> NDArray[np.uint8]:
    """Known up to the border, with nothing but road made behind it."""
    i, j, k = np.indices(SHAPE)
    labels = np.where((i - x) ** 2 + (j - 16) ** 2 + (k - 14) ** 2 < radius**2, np.uint8(LEAF), np.uint8(0))
    labels[:, :, :2] = ROAD
    labels[BORDER:, :, 2:] = 0
    return labels.astype(np.uint8)


def test_half_a_crown_becomes_a_whole_one() -> None:
    labels = tree(BORDER - 1)
    out = continue_crowns(labels, MADE, NOTHING, SPACE, ())
    assert np.array_equal(out[:BORDER], labels[:BORDER])
    assert np.array_equal(out[BORDER] == LEAF, labels[BORDER - 1] == LEAF)
    new = (out[BORDER:] == LEAF).sum(axis=(1, 2))
    assert (np.diff(new) <= 0).all()
    known = (labels == LEAF).sum()
    assert 0.5 * known < new.sum() < 1.1 * known
    assert new[6:].sum() == 0
    assert ((out == labels) | (out == LEAF)).all()


def test_a_tree_that_does_not_reach_the_border_is_whole() -> None:
    labels = tree(BORDER - 9)
    assert np.array_equal(continue_crowns(labels, MADE, NOTHING, SPACE, ()), labels)


def test_only_new_air_is_grown_into() -> None:
    labels = tree(BORDER - 1)
    labels[BORDER:, :16, 2:] = BUILDING
    made = MADE.copy()
    made[:, 20:] = False
    out = continue_crowns(labels, made, NOTHING, SPACE, ())
    changed = out != labels
    assert changed.any()
    assert not changed[:, :16].any()
    assert not changed[:, 20:].any()
    waiting = np.zeros(SHAPE, np.bool_)
    waiting[:BORDER] = True
    assert np.array_equal(continue_crowns(labels, MADE, waiting, SPACE, ()), labels)
    assert np.array_equal(continue_crowns(labels, MADE, NOTHING, SPACE, (LEAF,)), labels)

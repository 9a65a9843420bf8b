"""Lines between kinds of ground meet known ones at the border of what is new, and are as they were further in."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.labels import label_space
from engine.tasks.kerbs import meet_kerbs

SPACE = label_space()
ROAD, WALK, TERRAIN, CAR = (SPACE.find(name) for name in ("road", "sidewalk", "terrain", "car"))
SHAPE = (64, 48, 16)
BORDER = 30
MADE, NOTHING = np.zeros(SHAPE, np.bool_), np.zeros(SHAPE, np.bool_)
MADE[BORDER:] = True


def street(off: NDArray[np.int64] | int, road: tuple[int, int] = (18, 30)) -> NDArray[np.uint8]:
    """A road between lawns, beside which the road goes on `off` voxels further to the side, where it is new."""
    i, j = np.indices(SHAPE[:2])
    across = np.where(i >= BORDER, j - off, j)
    plan = np.where((across >= road[0]) & (across < road[1]), np.uint8(ROAD), np.uint8(TERRAIN))
    labels = np.zeros(SHAPE, np.uint8)
    labels[:, :, :3] = plan[:, :, None]
    return labels


def plan_of(labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return labels[:, :, 2]


@pytest.mark.parametrize("off", [-5, -2, 3, 6])
def test_a_road_meets_where_it_goes_on_and_is_where_it_was_further_in(off: int) -> None:
    labels = street(off)
    out = meet_kerbs(labels, MADE, NOTHING, SPACE, ())
    assert np.array_equal(out[:BORDER], labels[:BORDER])
    before, after = ((plan_of(a)[BORDER] != plan_of(a)[BORDER - 1]).sum() for a in (labels, out))
    assert before == 2 * abs(off)
    assert after <= 2
    assert np.array_equal(out[BORDER + 16 :], labels[BORDER + 16 :])
    widths = (plan_of(out) == ROAD).sum(axis=1)
    assert (abs(widths - 12) <= 2).all()
    jumps = (plan_of(out)[1:] != plan_of(out)[:-1]).sum(axis=1)
    assert jumps.max() <= 4, "what was off is made up for over many voxels"


def test_lines_that_meet_stay() -> None:
    labels = street(0)
    assert np.array_equal(meet_kerbs(labels, MADE, NOTHING, SPACE, ()), labels)


def test_lines_meet_at_borders_of_any_direction() -> None:
    i, j = np.indices(SHAPE[:2])
    made = NOTHING.copy()
    made[i + j > 56] = True
    across, off = i - j, 4
    plan = np.where(abs(np.where(made[:, :, 0], across - 1.4 * off, across)) < 9, np.uint8(ROAD), np.uint8(WALK))
    labels = np.where(np.arange(SHAPE[2]) < 3, plan[:, :, None], np.uint8(0))
    out = meet_kerbs(labels, made, NOTHING, SPACE, ())
    beside = (i + j >= 57) & (i + j <= 59)
    wanted = np.where(abs(across) < 9, np.uint8(ROAD), np.uint8(WALK))
    before, after = ((plan_of(a) != wanted)[beside].sum() for a in (labels, out))
    assert after < 0.35 * before


def test_only_classes_of_new_ground_change() -> None:
    labels = street(5)
    labels[34:38, 20:36, 3:7] = CAR
    made = MADE.copy()
    made[:, 30:, :] = False
    out = meet_kerbs(labels, made, NOTHING, SPACE, ())
    changed = out != labels
    assert changed.any()
    assert not (changed & ~made).any()
    assert not changed[:, :, 3:].any()
    for labels_, made_, held in ((labels, ~NOTHING, NOTHING), (labels, MADE, ~MADE), (labels, NOTHING, NOTHING)):
        assert np.array_equal(meet_kerbs(labels_, made_, held, SPACE, ()), labels_)


def test_what_is_barred_is_not_made() -> None:
    labels = street(5)
    out = meet_kerbs(labels, MADE, NOTHING, SPACE, (ROAD,))
    assert (out != labels).any()
    assert not ((out == ROAD) & (labels != ROAD)).any()

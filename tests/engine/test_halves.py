"""No half of a car is made at the border of an edit; those that go on there, and whole ones, stay."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.labels import label_space
from engine.tasks.halves import drop_halves

SPACE = label_space()
ROAD, CAR = SPACE.find("road"), SPACE.find("car")
SHAPE = (48, 40, 16)
BORDER = 20
MADE, NOTHING = np.zeros(SHAPE, np.bool_), np.zeros(SHAPE, np.bool_)
MADE[BORDER:] = True


def parked(*cars: tuple[int, int, int, int]) -> NDArray[np.uint8]:
    labels = np.zeros(SHAPE, np.uint8)
    labels[:, :, :2] = ROAD
    for x0, x1, y0, y1 in cars:
        labels[x0:x1, y0:y1, 2:9] = CAR
    return labels


def test_a_half_goes_and_leaves_the_road() -> None:
    labels = parked((BORDER, BORDER + 11, 4, 13), (BORDER + 2, BORDER + 24, 22, 31))
    assert np.array_equal(drop_halves(labels, MADE, NOTHING, SPACE, ()), parked((BORDER + 2, BORDER + 24, 22, 31)))


def test_what_goes_on_in_what_is_known_stays() -> None:
    labels = parked((BORDER - 8, BORDER + 14, 4, 13))
    assert np.array_equal(drop_halves(labels, MADE, NOTHING, SPACE, ()), labels)


def test_corners_that_touch_what_will_still_be_made_and_what_may_not_be_emptied_stay() -> None:
    touching = parked((BORDER, BORDER + 1, 8, 11), (BORDER + 1, BORDER + 12, 5, 14))
    assert np.array_equal(drop_halves(touching, MADE, NOTHING, SPACE, ()), touching)
    half = parked((BORDER, BORDER + 11, 4, 13))
    assert np.array_equal(drop_halves(half, MADE, ~MADE, SPACE, ()), half)
    assert np.array_equal(drop_halves(half, MADE, NOTHING, SPACE, (SPACE.empty,)), half)
    assert np.array_equal(drop_halves(half, ~NOTHING, NOTHING, SPACE, ()), half)

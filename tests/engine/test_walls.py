"""Walls of new houses are straight; what is known, and what is not made of rectangles, stays."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from engine.labels import label_space
from engine.tasks.walls import square_walls

SPACE = label_space()
BUILDING, TERRAIN, ROAD, CAR, PLANT = (
    SPACE.find(name) for name in ("building", "terrain", "road", "car", "vegetation")
)
SHAPE = (96, 96, 16)
ALL, NOTHING = np.ones(SHAPE, np.bool_), np.zeros(SHAPE, np.bool_)
Columns = NDArray[np.bool_]


def build(house: Columns, height: int = 12) -> NDArray[np.uint8]:
    labels = np.zeros(SHAPE, np.uint8)
    labels[:, :, :2] = TERRAIN
    labels[:, :, :height][house] = BUILDING
    return labels


def turned(angle: float) -> Columns:
    """An L whose walls lie at an angle (degrees)."""
    i, j = np.indices(SHAPE[:2]) - 48.0
    a = np.radians(angle)
    u, v = i * np.cos(a) + j * np.sin(a), j * np.cos(a) - i * np.sin(a)
    return ((np.abs(u) < 26) & (v > -20) & (v < 2)) | ((u > 6) & (u < 26) & (v >= 2) & (v < 24))


def wavy(house: Columns) -> Columns:
    """The same with round corners and walls that waver by four voxels at most."""
    rng = np.random.default_rng(0)
    shift = ndimage.gaussian_filter(rng.standard_normal((2, *SHAPE[:2])), (0, 5, 5))
    shift *= 4.0 / np.abs(shift).max()
    bent = ndimage.map_coordinates(house.astype(float), np.indices(SHAPE[:2]) + shift, order=1)
    return np.asarray(ndimage.gaussian_filter(bent, 3.0) > 0.5)


def straightness(house: Columns) -> float:
    """How far walls agree on two directions at right angles, 0 to 1; a house of rectangles has .84 to .88."""
    gx, gy = np.gradient(ndimage.gaussian_filter(house.astype(float), 1.5))
    length = np.hypot(gx, gy) ** 2
    return float(np.abs(((gx + 1j * gy) ** 4 / np.maximum(length, 1e-12)).sum()) / length.sum())


def found(labels: NDArray[np.uint8]) -> Columns:
    return np.asarray((labels == BUILDING).any(axis=2))


@pytest.mark.parametrize("angle", [0.0, 17.0, 40.0])
def test_wavy_walls_become_straight_along_the_houses_own_directions(angle: float) -> None:
    true = turned(angle)
    labels = build(wavy(true))
    out = square_walls(labels, ALL, NOTHING, SPACE, ())
    before, after = (straightness(found(a)) for a in (labels, out))
    assert before < 0.7
    assert after > before + 0.08
    assert (found(out) != true).sum() < (found(labels) != true).sum()
    assert (out[found(out)][:, 11] == BUILDING).all()
    assert (out[~found(out)][:, :2] == TERRAIN).all()
    assert (out[~found(out)][:, 2:] == 0).all()


def test_straight_walls_stay() -> None:
    for angle in (0.0, 30.0):
        labels = build(turned(angle))
        out = square_walls(labels, ALL, NOTHING, SPACE, ())
        assert (found(out) != found(labels)).sum() <= 0.02 * found(labels).sum()


def test_what_is_known_stays_and_leads_on() -> None:
    true = turned(0.0)
    labels, made = build(np.where(np.arange(96)[:, None] < 48, true, wavy(true))), ALL.copy()
    made[:48] = False
    out = square_walls(labels, made, NOTHING, SPACE, ())
    assert np.array_equal(out[:48], labels[:48])
    assert straightness(found(out)) > straightness(found(labels)) + 0.05
    assert (found(out) != true).sum() < (found(labels) != true).sum()


def test_round_houses_small_ones_and_streets_stay() -> None:
    i, j = np.indices(SHAPE[:2]) - 48.0
    tower = build(i**2 + j**2 < 30**2)
    assert np.array_equal(square_walls(tower, ALL, NOTHING, SPACE, ()), tower)
    shed = build((np.abs(i) < 3) & (np.abs(j) < 4) | (np.abs(i) + np.abs(j) < 5))
    assert np.array_equal(square_walls(shed, ALL, NOTHING, SPACE, ()), shed)
    labels = build(wavy(turned(0.0)))
    street = ~found(labels)
    labels[:, :, :2][street] = ROAD
    labels[50:60, 30:40, 2:5] = np.where(labels[50:60, 30:40, 2:5] == 0, CAR, labels[50:60, 30:40, 2:5])
    out = square_walls(labels, ALL, NOTHING, SPACE, ())
    assert not (found(out) & street).any()
    assert np.array_equal(square_walls(labels, ALL, NOTHING, SPACE, (BUILDING,)), labels)


def test_new_houses_keep_clear_of_known_ground_but_not_of_their_own_known_part() -> None:
    i, j = np.indices(SHAPE[:2])
    made = ALL.copy()
    made[:40] = False
    beyond = (i >= 40) & (i < 80) & (j >= 20) & (j < 70)
    out = square_walls(build(beyond), made, NOTHING, SPACE, ())
    assert not found(out)[:44].any()
    assert found(out)[46:80, 20:70].all()
    assert (out[40:44, 20:70, :2] == TERRAIN).all()
    assert not out[40:44, 20:70, 2:].any()
    across = beyond | ((i >= 20) & (i < 40) & (j >= 20) & (j < 70))
    assert np.array_equal(square_walls(build(across), made, NOTHING, SPACE, ()), build(across))


def test_known_houses_go_on_a_metre_where_anything_of_them_does() -> None:
    i, j = np.indices(SHAPE[:2])
    made = ALL.copy()
    made[:40] = False
    known, goes_on = (i >= 10) & (i < 40) & (j >= 20) & (j < 70), (i >= 40) & (i < 80) & (j >= 45) & (j < 70)
    out = square_walls(build(known | goes_on), made, NOTHING, SPACE, ())
    assert np.array_equal(out[:40], build(known | goes_on)[:40])
    assert found(out)[40:44, 20:70].all()
    assert not found(out)[48:, :40].any()
    ends = build(known | ((i >= 60) & (j < 15)))
    out = square_walls(ends, made, NOTHING, SPACE, ())
    assert not found(out)[40:60].any(), "a wall may be where the border of an edit is"
    street = build(known | goes_on)
    street[40:, :45, :2] = ROAD
    assert not found(square_walls(street, made, NOTHING, SPACE, ()))[40:, :43].any()


def test_known_houses_go_on_without_what_is_barred() -> None:
    i, j = np.indices(SHAPE[:2])
    made = ALL.copy()
    made[:40] = False
    labels = build((i >= 10) & (i < 40) & (j >= 20) & (j < 70) | (i >= 40) & (i < 80) & (j >= 45) & (j < 70))
    labels[34:40, 20:45, 12:14] = PLANT
    free, barred = (square_walls(labels, made, NOTHING, SPACE, ids)[40:] for ids in ((), (PLANT,)))
    assert (free == PLANT).any()
    assert not (barred == PLANT).any()
    assert found(barred)[:4, 20:45].all()


def test_a_ragged_known_wall_cuts_no_slits_into_new_houses() -> None:
    i, j = np.indices(SHAPE[:2])
    made = ALL.copy()
    made[:40] = False
    house = (i >= 10) & (i < 80) & (j >= 20) & (j < 70)
    ragged = build(house & ~((i == 39) & (j % 9 < 2)))
    assert found(square_walls(ragged, made, NOTHING, SPACE, ()))[40:78, 22:68].all()
    gate = build(house & ~((i < 40) & (j >= 30) & (j < 50)))
    out = found(square_walls(gate, made, NOTHING, SPACE, ()))
    assert not out[40:44, 32:48].any()
    assert out[60:78, 22:68].all()


def test_a_known_shelter_goes_on_as_one() -> None:
    i, j = np.indices(SHAPE[:2])
    made = ALL.copy()
    made[:40] = False
    roof = (i >= 10) & (i < 80) & (j >= 20) & (j < 70)
    labels = build(roof)
    open_below = roof & (i % 20 > 3)
    labels[open_below, 2:9] = 0
    assert np.array_equal(square_walls(labels, made, NOTHING, SPACE, ())[:76], labels[:76])
    alone = labels.copy()
    alone[:45] = build(np.zeros_like(roof))[:45]
    walls = square_walls(alone, made, NOTHING, SPACE, ())
    assert (walls[46:80, [21, 68], 4] == BUILDING).all()


def test_nothing_that_is_barred_is_copied() -> None:
    labels = build(wavy(turned(0.0)))
    free, barred = (square_walls(labels, ALL, NOTHING, SPACE, ids) for ids in ((), (TERRAIN,)))
    assert (free[free != labels] == TERRAIN).any()
    assert not (barred[barred != labels] == TERRAIN).any()

"""Lumpy roofs become those that they are nearest to."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from engine.labels import label_space
from engine.tasks.walls import square_walls

SPACE = label_space()
BUILDING, TERRAIN, LEAF = (SPACE.find(name) for name in ("building", "terrain", "vegetation"))
SHAPE = (72, 64, 32)
ALL, NOTHING = np.ones(SHAPE, np.bool_), np.zeros(SHAPE, np.bool_)
X, Y = np.indices(SHAPE[:2]).astype(float)
HOUSE = (X >= 10) & (X < 60) & (Y >= 12) & (Y < 44)
ALONG, ACROSS = np.minimum(X - 9.5, 59.5 - X), np.minimum(Y - 11.5, 43.5 - Y)
ROOFS = {
    "flat": np.full(SHAPE[:2], 16.0),
    "gable": 10 + 0.7 * ACROSS,
    "hip": 9 + 0.8 * np.minimum(ALONG, ACROSS),
    "shed": 8 + 0.3 * (Y - 11.5),
}


def build(heights: NDArray[np.float64]) -> NDArray[np.uint8]:
    labels = np.zeros(SHAPE, np.uint8)
    labels[:, :, :2] = TERRAIN
    labels[(np.arange(SHAPE[2]) <= np.rint(heights)[:, :, None]) & HOUSE[:, :, None]] = BUILDING
    return labels


def tops(labels: NDArray[np.uint8]) -> NDArray[np.int64]:
    return np.where(labels == BUILDING, np.arange(SHAPE[2]), -1).max(axis=2)


def lumps(size: float) -> NDArray[np.float64]:
    noise = ndimage.gaussian_filter(np.random.default_rng(1).standard_normal(SHAPE[:2]), 3.0)
    return size * noise / noise.std()


@pytest.mark.parametrize("kind", ROOFS)
def test_lumps_go_and_the_kind_of_roof_stays(kind: str) -> None:
    labels = build(ROOFS[kind] + lumps(1.5))
    out = square_walls(labels, ALL, NOTHING, SPACE, ())
    off = np.abs(tops(out) - np.rint(ROOFS[kind]))[HOUSE]
    assert off.mean() < 0.7
    assert off.max() <= 2
    assert np.abs(tops(labels) - np.rint(ROOFS[kind]))[HOUSE].max() >= 3
    assert (out[HOUSE][:, :6] == BUILDING).all()
    assert np.array_equal(out[~HOUSE], labels[~HOUSE])


@pytest.mark.parametrize("kind", ROOFS)
def test_even_roofs_stay(kind: str) -> None:
    labels = build(ROOFS[kind])
    out = square_walls(labels, ALL, NOTHING, SPACE, ())
    assert np.array_equal(tops(out), tops(labels))


def test_a_roof_goes_on_as_its_known_part_and_only_the_new_part_moves() -> None:
    lumpy = np.where(X < 40, ROOFS["gable"], ROOFS["gable"] + lumps(2.0))
    labels, made = build(lumpy), ALL.copy()
    made[:40] = False
    out = square_walls(labels, made, NOTHING, SPACE, ())
    assert np.array_equal(out[:40], labels[:40])
    off = [np.abs(tops(a) - np.rint(ROOFS["gable"]))[40:][HOUSE[40:]].mean() for a in (labels, out)]
    assert off[1] < 0.5 * off[0]


def test_what_is_no_roof_stays_and_so_does_what_hangs_over_it() -> None:
    rugged = build(ROOFS["flat"] + lumps(7.0))
    assert np.array_equal(tops(square_walls(rugged, ALL, NOTHING, SPACE, ())), tops(rugged))
    labels = build(ROOFS["flat"] + lumps(1.5))
    labels[20:30, 20:30, 26:30] = LEAF
    out = square_walls(labels, ALL, NOTHING, SPACE, ())
    assert (out[20:30, 20:30, 26:30] == LEAF).all()

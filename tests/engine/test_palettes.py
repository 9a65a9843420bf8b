"""The palette for eyes that do not tell red from green, checked by what such eyes see."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.labels import label_space, label_space_names

PALETTE = "colour-blind"
FREQUENT = {
    "semantickitti": "road parking sidewalk terrain vegetation building fence trunk pole car person",
    "carlasc": "road ground sidewalk vegetation building barrier pole vehicle pedestrian",
    "occ3d": "driveable-surface sidewalk terrain vegetation manmade barrier car pedestrian",
}
# Machado, Oliveira, Fernandes 2009, severity 1.0, on linear RGB
SIGHT = {
    "normal": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
}
RGB_TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)


def distances(colours: NDArray[np.uint8], sight: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give how far apart `(n, 3) uint8` colours look, `(n, n)`: the CIE 1976 difference, infinite on the diagonal."""
    share = colours / 255.0
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    xyz = np.clip(linear @ sight.T, 0, 1) @ RGB_TO_XYZ.T / RGB_TO_XYZ.sum(axis=1)
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    lab = np.stack([116 * f[:, 1] - 16, 500 * (f[:, 0] - f[:, 1]), 200 * (f[:, 1] - f[:, 2])], axis=1)
    found = np.linalg.norm(lab[:, None] - lab[None], axis=-1)
    np.fill_diagonal(found, np.inf)
    return found


def test_distances_are_the_standard_s():
    white_black = distances(np.array([[255, 255, 255], [0, 0, 0]], np.uint8), np.eye(3))
    assert white_black[0, 1] == pytest.approx(100, abs=0.1)
    red_green = np.array([[200, 60, 40], [110, 110, 30]], np.uint8)
    assert distances(red_green, SIGHT["deuteranopia"])[0, 1] < distances(red_green, np.eye(3))[0, 1] / 3


@pytest.mark.parametrize("sight", SIGHT)
@pytest.mark.parametrize("name", FREQUENT)
def test_frequent_classes_stay_apart_and_no_two_are_alike(name, sight):
    space = label_space(name)
    assert PALETTE in space.palettes
    assert space.palettes[0] != PALETTE
    solid = list(space.solid_ids)
    found = distances(space.colours(PALETTE)[solid], SIGHT[sight])
    frequent = [solid.index(space.find(n)) for n in FREQUENT[name].split()]
    assert found[np.ix_(frequent, frequent)].min() > 19
    assert found.min() > 11


def test_the_everyday_palette_would_not_pass():
    space = label_space("semantickitti")
    found = distances(space.colours()[list(space.solid_ids)], SIGHT["protanopia"])
    assert found.min() < 5


def test_every_label_space_has_such_a_palette():
    assert set(FREQUENT) == set(label_space_names())

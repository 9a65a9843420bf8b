"""Small voxel models that are put into a world: how they are put together and turned to a heading."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

HEADINGS = 96
Floats = NDArray[np.float64]
Shape = Callable[[Floats, Floats, Floats], NDArray[np.bool_]]


@dataclass(frozen=True)
class Stamp:
    """A small model of some voxels.

    ``voxels`` (n, 3) int32 offsets, ``labels`` (n,) uint8, ``base`` (k, 2) the columns it stands on, ``foot`` (m, 2)
    the columns that have to be free (the base and a margin).
    """

    voxels: NDArray[np.int32]
    labels: NDArray[np.uint8]
    base: NDArray[np.int32]
    foot: NDArray[np.int32]


def make_stamp(voxels: NDArray[np.int32], labels: NDArray[np.uint8], margin: int, low: int = 3) -> Stamp:
    """Wrap voxels as a stamp; its base are the columns with voxels below ``low``, its foot that plus ``margin``."""
    reach = int(np.abs(voxels[:, :2]).max()) + margin + 1
    plan = np.zeros((2 * reach + 1, 2 * reach + 1), bool)
    standing = voxels[voxels[:, 2] < low]
    plan[standing[:, 0] + reach, standing[:, 1] + reach] = True
    base = (np.argwhere(plan) - reach).astype(np.int32)
    foot = plan.copy()
    for dx in range(-margin, margin + 1):
        for dy in range(-margin, margin + 1):
            foot |= np.roll(plan, (dx, dy), (0, 1))
    return Stamp(voxels, labels, base, (np.argwhere(foot) - reach).astype(np.int32))


def heading_index(ux: float, uy: float) -> int:
    """Round a direction to one of HEADINGS steps, to pick a turned stamp."""
    return int(np.floor(np.arctan2(uy, ux) / (2 * np.pi) * HEADINGS + 0.5)) % HEADINGS


def render(shapes: list[tuple[int, Shape]], heading: int, reach: int, tall: int, margin: int) -> Stamp:
    """Turn shapes of local coordinates (u ahead, v left, z up) into a stamp that faces ``heading``; later ones win."""
    angle = 2 * np.pi * heading / HEADINGS
    ux, uy = round(float(np.cos(angle)), 9), round(float(np.sin(angle)), 9)
    dx, dy, z = np.meshgrid(np.arange(-reach, reach + 1), np.arange(-reach, reach + 1), np.arange(tall), indexing="ij")
    u, v, up = dx * ux + dy * uy, dy * ux - dx * uy, z.astype(np.float64)
    labels = np.zeros(u.shape, np.uint8)
    for label, shape in shapes:
        labels[shape(u, v, up)] = label
    x, y, z_index = np.nonzero(labels)
    voxels = np.stack([x - reach, y - reach, z_index], 1).astype(np.int32)
    return make_stamp(voxels, labels[x, y, z_index], margin)


def block(u0: float, u1: float, v0: float, v1: float, z0: float, z1: float) -> Shape:
    """A box from (u0, v0, z0) to (u1, v1, z1); bounds across are open, below closed."""
    return lambda u, v, z: (u > u0) & (u < u1) & (v > v0) & (v < v1) & (z >= z0) & (z < z1)


def box(u0: float, u1: float, half: float, z0: float, z1: float) -> Shape:
    """A box centred across, ``half`` to each side."""
    return block(u0, u1, -half, half, z0, z1)


def wheels(ahead: float, half: float, radius: float = 2.1, thick: float = 2.4, tall: float = 1) -> Shape:
    """Four wheels at ``ahead`` voxels before and behind the middle."""

    def shape(u: Floats, v: Floats, z: Floats) -> NDArray[np.bool_]:
        return np.asarray(
            (np.abs(np.abs(u) - ahead) < radius) & (np.abs(np.abs(v) - half + thick / 2) < thick / 2) & (z < tall)
        )

    return shape


def rings(ahead: float, radius: float, half: float) -> Shape:
    """Two upright wheels in line, as of a bicycle."""

    def shape(u: Floats, v: Floats, z: Floats) -> NDArray[np.bool_]:
        return np.asarray(((np.abs(u) - ahead) ** 2 + (z - radius + 0.4) ** 2 < radius**2 + 0.3) & (np.abs(v) < half))

    return shape


def join(*shapes: Shape) -> Shape:
    """The union of shapes."""

    def shape(u: Floats, v: Floats, z: Floats) -> NDArray[np.bool_]:
        return np.asarray(np.logical_or.reduce([part(u, v, z) for part in shapes]))

    return shape

"""Does a border show, and did anything change where nothing may: seams of tiles and edits, and locality."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.grid import Box
from engine.mask import VoxelMask

Labels = NDArray[np.uint8]


@dataclass(frozen=True)
class SeamCount:
    """Pairs of voxels on both sides of a plane: how many there are and how many differ, at borders and at other planes.

    Counts add up over scenes.
    """

    border_pairs: int = 0
    border_differ: int = 0
    inner_pairs: int = 0
    inner_differ: int = 0

    def __add__(self, other: SeamCount) -> SeamCount:
        return SeamCount(
            self.border_pairs + other.border_pairs,
            self.border_differ + other.border_differ,
            self.inner_pairs + other.inner_pairs,
            self.inner_differ + other.inner_differ,
        )

    @property
    def ratio(self) -> float | None:
        """Disagreement at borders over that at other planes; 1 is invisible, `None` where there is none to compare."""
        if not self.border_pairs or not self.inner_differ:
            return None
        return (self.border_differ / self.border_pairs) / (self.inner_differ / self.inner_pairs)


def count_tile_seams(labels: Labels, tile: int, rng: np.random.Generator) -> SeamCount:
    """Compare the planes between tiles of `tile` voxels along x and y with as many random planes inside tiles."""
    total = SeamCount()
    for axis in (0, 1):
        size = labels.shape[axis]
        borders = np.arange(tile, size, tile)
        inner = np.setdiff1d(np.arange(1, size), borders)
        chosen = rng.choice(inner, min(len(borders), len(inner)), replace=False)
        total += SeamCount(*_across(labels, axis, borders), *_across(labels, axis, chosen))
    return total


def count_box_seams(labels: Labels, box: Box, rng: np.random.Generator, planes: int = 4) -> SeamCount:
    """Compare the four upright sides of an edited box with random parallel planes of its extent outside of it."""
    total = SeamCount()
    for axis in (0, 1):
        size, low, high = labels.shape[axis], box.lower[axis], box.upper[axis]
        sides = [p for p in (low, high) if 0 < p < size]
        others = np.setdiff1d(np.arange(1, size), np.arange(low, high + 1))
        chosen = rng.choice(others, min(planes, len(others)), replace=False)
        face = (*box.slices[:axis], slice(None), *box.slices[axis + 1 :])
        total += SeamCount(*_across(labels[face], axis, sides), *_across(labels[face], axis, chosen))
    return total


def count_leaks(before: Labels, after: Labels, mask: VoxelMask) -> int:
    """Count the voxels that changed outside a mask, of two scenes of one frame `(X, Y, Z) uint8`; must be 0."""
    whole = Box((0, 0, 0), (before.shape[0], before.shape[1], before.shape[2]))
    return int(((before != after) & ~mask.within(whole)).sum())


def _across(labels: Labels, axis: int, planes: Sequence[int] | NDArray[np.int64]) -> tuple[int, int]:
    """Count pairs, and pairs that differ, between the layers before and after each plane."""
    where = np.asarray(planes, dtype=np.int64)
    differ = labels.take(where, axis=axis) != labels.take(where - 1, axis=axis)
    return differ.size, int(differ.sum())

"""Cuts random training crops out of worlds, in all eight symmetries of the ground plan."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from engine.errors import ScenewrightError

_Value = TypeVar("_Value", bound=np.generic)


class LabelVolume(Protocol):
    """Anything with labels to cut from: (X, Y, Z) uint8."""

    @property
    def labels(self) -> NDArray[np.uint8]:
        """The volume's train ids."""
        ...


class CropSampler:
    """An endless stream of crops, uniform over all places of all worlds, mirrored and turned at random.

    Traffic keeps right in the worlds and keeps left in mirrored crops; streets have no preferred direction either way.

    Raises
    ------
    ScenewrightError
        If there is no world or one is smaller than a crop.
    """

    def __init__(self, worlds: Sequence[LabelVolume], size: tuple[int, int], rng: np.random.Generator) -> None:
        if not worlds:
            raise ScenewrightError("no worlds to cut crops from; write some first")
        for world in worlds:
            if min(world.labels.shape[:2]) < max(size):
                raise ScenewrightError(
                    f"a world of {world.labels.shape[0]} x {world.labels.shape[1]} is smaller than the crop of "
                    f"{size[0]} x {size[1]}; choose a smaller crop or larger worlds"
                )
        self.worlds, self.size, self.rng = list(worlds), size, rng
        room = np.array([(w.labels.shape[0] - size[0] + 1) * (w.labels.shape[1] - size[1] + 1) for w in worlds], float)
        self._odds = room / room.sum()

    def sample(self, rng: np.random.Generator | None = None) -> NDArray[np.uint8]:
        """Cut one crop, by a generator of the caller's or the sampler's own; (sx, sy, Z) uint8, contiguous."""
        rng = rng or self.rng
        volume = self.worlds[int(rng.choice(len(self.worlds), p=self._odds))].labels
        turn = int(rng.integers(8))
        wide, deep = self.size if turn < 4 else self.size[::-1]
        x0 = int(rng.integers(volume.shape[0] - wide + 1))
        y0 = int(rng.integers(volume.shape[1] - deep + 1))
        return apply_symmetry(volume[x0 : x0 + wide, y0 : y0 + deep], turn)

    def batch(self, count: int, rng: np.random.Generator | None = None) -> NDArray[np.uint8]:
        """Cut several crops; (count, sx, sy, Z) uint8."""
        return np.stack([self.sample(rng) for _ in range(count)])

    def __iter__(self) -> Iterator[NDArray[np.uint8]]:
        while True:
            yield self.sample()


def apply_symmetry(crop: NDArray[_Value], turn: int) -> NDArray[_Value]:
    """Apply one of the eight symmetries of the square: bit 0 flips x, bit 1 flips y, bit 2 then swaps x and y.

    Returns a contiguous copy; its first two axes are swapped for ``turn`` >= 4.
    """
    flipped = crop[:: -1 if turn & 1 else 1, :: -1 if turn & 2 else 1]
    return np.array(flipped.swapaxes(0, 1) if turn & 4 else flipped, order="C")

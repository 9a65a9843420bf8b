"""A procedural world: its voxels and who they belong to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.errors import ScenewrightError


@dataclass(frozen=True)
class World:
    """A large street scene to cut training crops from.

    ``labels`` (X, Y, Z) uint8 train ids of the label space "semantickitti", z up, voxels of 0.2 m; ``instance_voxels``
    (M,) int64 ascending flat C-order indices of all voxels of things, ``instance_ids`` (M,) uint32 the thing each
    belongs to (vehicles, riders, people, buildings, trees, bushes, poles with their signs).
    """

    labels: NDArray[np.uint8]
    instance_voxels: NDArray[np.int64]
    instance_ids: NDArray[np.uint32]
    seed: int
    style: str

    def crop(self, x0: int, y0: int, size: tuple[int, int]) -> NDArray[np.uint8]:
        """Cut a scene out of the world; (sx, sy, Z) uint8, a contiguous copy.

        Raises
        ------
        ScenewrightError
            If the crop reaches over the world's edge.
        """
        self._check(x0, y0, size)
        return np.ascontiguousarray(self.labels[x0 : x0 + size[0], y0 : y0 + size[1]])

    def crop_instances(self, x0: int, y0: int, size: tuple[int, int]) -> NDArray[np.uint32]:
        """Cut the instance ids of a scene out of the world; (sx, sy, Z) uint32, 0 where no thing is.

        Raises
        ------
        ScenewrightError
            If the crop reaches over the world's edge.
        """
        self._check(x0, y0, size)
        _, width, tall = self.labels.shape
        out = np.zeros((*size, tall), np.uint32)
        for x in range(size[0]):
            row = ((x0 + x) * width + y0) * tall
            low, high = np.searchsorted(self.instance_voxels, [row, row + size[1] * tall])
            out[x].reshape(-1)[self.instance_voxels[low:high] - row] = self.instance_ids[low:high]
        return out

    def _check(self, x0: int, y0: int, size: tuple[int, int]) -> None:
        if x0 < 0 or y0 < 0 or x0 + size[0] > self.labels.shape[0] or y0 + size[1] > self.labels.shape[1]:
            raise ScenewrightError(
                f"crop at ({x0}, {y0}) of {size[0]} x {size[1]} voxels leaves the world of {self.labels.shape[0]} x "
                f"{self.labels.shape[1]}; choose a start of at most ({self.labels.shape[0] - size[0]}, "
                f"{self.labels.shape[1] - size[1]})"
            )

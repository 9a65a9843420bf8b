"""Turned local frames on the ground plan, so that things can be drawn along any street."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Frame:
    """A place with a heading: ``u`` runs along (ux, uy), ``v`` to its left; voxels."""

    x: float
    y: float
    ux: float
    uy: float

    def point(self, u: float, v: float) -> tuple[float, float]:
        """Map local coordinates to the plan, to place an object."""
        return self.x + u * self.ux - v * self.uy, self.y + u * self.uy + v * self.ux

    def shift(self, u: float, v: float) -> Frame:
        """Move the origin within the frame, keeping the heading."""
        x, y = self.point(u, v)
        return Frame(x, y, self.ux, self.uy)

    def turned(self, quarters: int = 1) -> Frame:
        """Turn the heading left by quarter turns, to swap along and across."""
        ux, uy = self.ux, self.uy
        for _ in range(quarters % 4):
            ux, uy = -uy, ux
        return Frame(self.x, self.y, ux, uy)


class Patch(NamedTuple):
    """A window of the plan with the local coordinates of its voxel centres (float32, window's shape)."""

    window: tuple[slice, slice]
    u: NDArray[np.float32]
    v: NDArray[np.float32]


def cut_patch(frame: Frame, box: tuple[float, float, float, float], shape: tuple[int, int]) -> Patch | None:
    """Give the part of the plan a local box (u0, u1, v0, v1) touches; None where it lies outside."""
    u0, u1, v0, v1 = box
    corners = np.array([frame.point(u, v) for u in (u0, u1) for v in (v0, v1)])
    low = np.maximum(np.floor(corners.min(0)), 0).astype(int)
    high = np.minimum(np.ceil(corners.max(0)) + 1, shape).astype(int)
    if (high <= low).any():
        return None
    dx = np.arange(low[0], high[0], dtype=np.float32)[:, None] - np.float32(frame.x)
    dy = np.arange(low[1], high[1], dtype=np.float32)[None, :] - np.float32(frame.y)
    ux, uy = np.float32(frame.ux), np.float32(frame.uy)
    return Patch((slice(low[0], high[0]), slice(low[1], high[1])), dx * ux + dy * uy, dy * ux - dx * uy)


def inside(patch: Patch, box: tuple[float, float, float, float]) -> NDArray[np.bool_]:
    """Tell which voxels of a patch lie in a local box (half-open)."""
    u0, u1, v0, v1 = box
    return np.asarray((patch.u >= u0) & (patch.u < u1) & (patch.v >= v0) & (patch.v < v1))

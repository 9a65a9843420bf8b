"""Boxes of voxels and the grids they lie in.

Axis order is x, y, z with z up; boxes are half-open, in voxels; lengths are metres.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engine.errors import GridError

Vector3 = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Box:
    """A half-open box of voxels: `lower` is inside, `upper` is the first corner outside."""

    lower: Vector3
    upper: Vector3

    @classmethod
    def of_shape(cls, shape: Vector3) -> Box:
        """Make the box that starts at the origin."""
        return cls((0, 0, 0), (shape[0], shape[1], shape[2]))

    @classmethod
    def around(cls, points: NDArray[np.integer]) -> Box:
        """Make the smallest box that holds all `points (N, 3)`; empty where there are none."""
        if len(points) == 0:
            return cls((0, 0, 0), (0, 0, 0))
        return cls(_vector(points.min(axis=0)), _vector(points.max(axis=0) + 1))

    @property
    def shape(self) -> Vector3:
        """Sizes along x, y, z; never negative."""
        a, b = self.lower, self.upper
        return max(b[0] - a[0], 0), max(b[1] - a[1], 0), max(b[2] - a[2], 0)

    @property
    def volume(self) -> int:
        sx, sy, sz = self.shape
        return sx * sy * sz

    @property
    def is_empty(self) -> bool:
        return self.volume == 0

    @property
    def slices(self) -> tuple[slice, slice, slice]:
        """Index that cuts this box out of an array whose first voxel is (0, 0, 0)."""
        a, b = self.lower, self.upper
        return slice(a[0], b[0]), slice(a[1], b[1]), slice(a[2], b[2])

    def shift(self, offset: ArrayLike) -> Box:
        """Move by whole voxels."""
        d = np.asarray(offset, dtype=np.int64)
        return Box(_vector(np.asarray(self.lower) + d), _vector(np.asarray(self.upper) + d))

    def relative_to(self, other: Box) -> Box:
        """Express in voxels of an array cut out by `other`."""
        (ax, ay, az), (bx, by, bz), (x, y, z) = self.lower, self.upper, other.lower
        return Box((int(ax - x), int(ay - y), int(az - z)), (int(bx - x), int(by - y), int(bz - z)))

    def intersect(self, other: Box) -> Box:
        """Keep what both hold; empty (at the lower corner) where they are apart."""
        (ax, ay, az), (bx, by, bz), (cx, cy, cz), (dx, dy, dz) = self.lower, other.lower, self.upper, other.upper
        x, y, z = int(max(ax, bx)), int(max(ay, by)), int(max(az, bz))  # without arrays: brushes ask very often
        return Box((x, y, z), (int(max(min(cx, dx), x)), int(max(min(cy, dy), y)), int(max(min(cz, dz), z))))

    def union(self, other: Box) -> Box:
        """Make the smallest box that holds both; an empty box counts for nothing."""
        if self.is_empty:
            return other
        if other.is_empty:
            return self
        return Box(_vector(np.minimum(self.lower, other.lower)), _vector(np.maximum(self.upper, other.upper)))

    def pad(self, margin: ArrayLike) -> Box:
        """Grow (or shrink) by `margin` voxels on every side; a scalar or one number per axis."""
        m = np.broadcast_to(np.asarray(margin, dtype=np.int64), 3)
        return Box(_vector(np.asarray(self.lower) - m), _vector(np.asarray(self.upper) + m))

    def clip(self, bounds: Box) -> Box:
        """Cut off what lies outside `bounds`."""
        return self.intersect(bounds)

    def contains(self, other: Box) -> bool:
        return other.is_empty or self.intersect(other) == other

    def snap(self, cell: ArrayLike) -> Box:
        """Grow outward to whole cells, as the latent of a model needs; `cell` a scalar or one number per axis."""
        c = np.broadcast_to(np.asarray(cell, dtype=np.int64), 3)
        return Box(_vector(np.asarray(self.lower) // c * c), _vector(-(-np.asarray(self.upper) // c) * c))

    def tiles(self, size: Vector3) -> Iterator[Box]:
        """Cut into tiles of at most `size`, x slowest; the last ones along an axis may be smaller."""
        starts = (range(a, b, s) for a, b, s in zip(self.lower, self.upper, size, strict=True))
        for corner in product(*starts):
            yield Box(_vector(np.asarray(corner)), _vector(np.asarray(corner) + np.asarray(size))).clip(self)

    def __str__(self) -> str:
        return "({},{},{})-({},{},{})".format(*self.lower, *self.upper)


@dataclass(frozen=True, slots=True)
class Grid:
    """The frame of a scene: how many voxels, how large, and where.

    Parameters
    ----------
    shape
        Voxels along x, y, z.
    voxel_size
        Edge lengths in metres.
    origin
        Metres; the outer corner of voxel (0, 0, 0).
    georeference
        Coordinate reference system in which `origin` counts (an EPSG code or a PROJ string), where there is one.
    """

    shape: Vector3
    voxel_size: tuple[float, float, float] = (0.2, 0.2, 0.2)
    origin: tuple[float, float, float] = (0.0, 0.0, 0.0)
    georeference: str | None = None

    def __post_init__(self) -> None:
        if min(self.shape) < 1 or min(self.voxel_size) <= 0:
            raise GridError(f"a grid of {self.shape} voxels of {self.voxel_size} m holds nothing; all must be above 0")

    @property
    def box(self) -> Box:
        """All voxels."""
        return Box.of_shape(self.shape)

    @property
    def extent(self) -> tuple[float, float, float]:
        """Edge lengths of the whole grid in metres."""
        return tuple(n * s for n, s in zip(self.shape, self.voxel_size, strict=True))  # type: ignore[return-value]

    def to_metres(self, voxels: ArrayLike) -> NDArray[np.float64]:
        """Map voxel coordinates `(..., 3)` (corners at whole numbers) to metres `(..., 3)`."""
        return np.asarray(voxels, dtype=np.float64) * self.voxel_size + self.origin

    def to_voxels(self, metres: ArrayLike) -> NDArray[np.float64]:
        """Map metres `(..., 3)` to fractional voxel coordinates `(..., 3)`; `floor` gives the index."""
        return (np.asarray(metres, dtype=np.float64) - self.origin) / self.voxel_size

    def cut(self, box: Box) -> Grid:
        """Make the frame of a part (or of a larger box); the origin moves with its lower corner."""
        origin = self.to_metres(box.lower)
        return Grid(box.shape, self.voxel_size, tuple(float(v) for v in origin), self.georeference)  # type: ignore[arg-type]

    def require(self, box: Box, what: str = "box") -> None:
        """Raise `GridError` unless `box` is not empty and lies inside."""
        if box.is_empty:
            raise GridError(f"{what} {box} holds no voxel; make every upper corner larger than the lower one")
        if not self.box.contains(box):
            raise GridError(
                f"{what} {box} leaves the scene ({self.shape[0]},{self.shape[1]},{self.shape[2]}); "
                "crop it or enlarge the scene"
            )


def _vector(values: NDArray[np.integer]) -> Vector3:
    return int(values[0]), int(values[1]), int(values[2])

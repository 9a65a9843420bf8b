"""Voxel masks: which voxels may change."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engine.errors import GridError
from engine.grid import Box, Vector3
from engine.scene import VoxelScene

Bools = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class VoxelMask:
    """A set of voxels: a box and a bool array of its shape. Everything outside the box is not masked."""

    box: Box
    array: Bools

    def __post_init__(self) -> None:
        if self.array.shape != self.box.shape or self.array.dtype != np.bool_:
            raise GridError(
                f"a mask of {self.array.shape} {self.array.dtype} does not fill box {self.box}; "
                f"give bool {self.box.shape}"
            )

    @classmethod
    def nothing(cls) -> VoxelMask:
        """Make the mask that holds no voxel."""
        return cls(Box((0, 0, 0), (0, 0, 0)), np.zeros((0, 0, 0), dtype=np.bool_))

    @classmethod
    def of_box(cls, box: Box) -> VoxelMask:
        """Mask every voxel of a box."""
        return cls(box, np.ones(box.shape, dtype=np.bool_))

    @classmethod
    def of_array(cls, array: Bools, lower: Vector3 = (0, 0, 0)) -> VoxelMask:
        """Mask the true voxels of `array (X, Y, Z)` whose first voxel is `lower`; the box is cut to them."""
        if not array.any():
            return cls.nothing()
        tight = Box(*_bounds(array))
        return cls(tight.shift(lower), np.ascontiguousarray(array[tight.slices]))

    @classmethod
    def of_ball(cls, centre: tuple[float, float, float], radius: float, bounds: Box) -> VoxelMask:
        """Mask voxels whose centres lie within `radius` voxels of `centre` (voxel coordinates), inside `bounds`."""
        c = np.asarray(centre, dtype=np.float64)
        lower, upper = np.floor(c - radius - 0.5).astype(int), np.ceil(c + radius + 0.5).astype(int)
        box = Box(tuple(lower.tolist()), tuple(upper.tolist())).clip(bounds)
        axes = (np.arange(a, b) + 0.5 - m for a, b, m in zip(box.lower, box.upper, c, strict=True))
        dx, dy, dz = np.meshgrid(*axes, indexing="ij", sparse=True)
        return cls.of_array(dx * dx + dy * dy + dz * dz <= radius * radius, box.lower)

    @classmethod
    def of_classes(cls, scene: VoxelScene, ids: Iterable[int], box: Box | None = None) -> VoxelMask:
        """Mask all voxels of some classes, by default in the whole scene."""
        where = box or scene.box
        return cls.of_array(np.isin(scene.read(where), list(ids)), where.lower)

    @classmethod
    def flood(cls, scene: VoxelScene, start: Vector3, neighbours: int = 6, limit: int = 0) -> VoxelMask:
        """Mask the connected voxels of the class at `start`, as a magic wand does.

        Parameters
        ----------
        neighbours
            6: voxels that share a face are connected; 26: an edge or a corner is enough.
        limit
            Voxels from `start` that the wand may go; 0 is as far as the scene.
        """
        from scipy import ndimage  # late: it costs a fifth of a second, and opening a scene needs none of it

        one = Box(start, (start[0] + 1, start[1] + 1, start[2] + 1))
        scene.grid.require(one, "wand")
        near = cls.of_ball(tuple(v + 0.5 for v in start), limit, scene.box) if limit else cls.of_box(scene.box)  # type: ignore[arg-type]
        same = (scene.read(near.box) == scene.read(one).item()) & near.array
        parts, _ = ndimage.label(same, ndimage.generate_binary_structure(3, 3 if neighbours == 26 else 1))
        return cls.of_array(parts == parts[one.relative_to(near.box).lower], near.box.lower)

    def __deepcopy__(self, memo: dict[int, object]) -> VoxelMask:
        return self  # never changed in place, so snapshots of a scene can share it

    @property
    def count(self) -> int:
        """Number of masked voxels."""
        return int(np.count_nonzero(self.array))

    @property
    def is_empty(self) -> bool:
        return not self.array.any()

    def within(self, box: Box) -> Bools:
        """Give the mask as a bool array `(sx, sy, sz)` of any box."""
        out = np.zeros(box.shape, dtype=np.bool_)
        shared = self.box.intersect(box)
        if not shared.is_empty:
            out[shared.relative_to(box).slices] = self.array[shared.relative_to(self.box).slices]
        return out

    def clip(self, bounds: Box) -> VoxelMask:
        """Drop what lies outside `bounds`."""
        inside = self.box.intersect(bounds)
        return VoxelMask.of_array(self.within(inside), inside.lower)

    def shift(self, offset: ArrayLike) -> VoxelMask:
        """Move by whole voxels."""
        return VoxelMask(self.box.shift(offset), self.array)

    def blocks(self, cell: int) -> VoxelMask:
        """Grow to whole cells of `cell` x `cell` columns, as far up and down as the mask goes anywhere."""
        box = self.box.snap((cell, cell, 1))
        x, y, z = box.shape
        touched = self.within(box).any(axis=2).reshape(x // cell, cell, y // cell, cell).any(axis=(1, 3))
        columns = touched.repeat(cell, axis=0).repeat(cell, axis=1)
        return VoxelMask(box, np.broadcast_to(columns[:, :, None], (x, y, z)).copy())

    def union(self, other: VoxelMask) -> VoxelMask:
        """Mask what either holds."""
        box = self.box.union(other.box)
        return VoxelMask(box, self.within(box) | other.within(box))

    def subtract(self, other: VoxelMask) -> VoxelMask:
        """Mask what this holds and `other` does not."""
        return VoxelMask.of_array(self.array & ~other.within(self.box), self.box.lower)

    def invert(self, bounds: Box) -> VoxelMask:
        """Mask what this does not hold, inside `bounds`."""
        return VoxelMask.of_array(~self.within(bounds), bounds.lower)

    def grow(self, voxels: int, bounds: Box) -> VoxelMask:
        """Add every voxel within `voxels` steps (6 neighbours), inside `bounds`."""
        from scipy import ndimage

        if voxels < 1 or self.is_empty:
            return self.clip(bounds)
        box = self.box.pad(voxels).clip(bounds)
        return VoxelMask.of_array(ndimage.binary_dilation(self.within(box), iterations=voxels), box.lower)

    def shrink(self, voxels: int, bounds: Box | None = None) -> VoxelMask:
        """Drop every voxel within `voxels` steps (6 neighbours) of an unmasked one.

        Where `bounds` are given, nothing is dropped for lying at their faces: there the mask ends with the scene.
        """
        from scipy import ndimage

        if voxels < 1 or self.is_empty:
            return self
        around = self.box.pad(1) if bounds is None else self.box.pad(1).clip(bounds)
        eroded = ndimage.binary_erosion(self.within(around), iterations=voxels, border_value=1)
        return VoxelMask.of_array(eroded, around.lower)

    def feather(self, voxels: int, bounds: Box) -> VoxelMask:
        """Fray the border, so that what is made anew meets what stays along no straight line; inside `bounds`.

        A mask knows no half: within `voxels` of the border a voxel is masked by chance, the less the further out it
        lies, in patches about as large as the band is wide. Further inside all stays masked, further outside nothing
        is. The same mask always frays in the same way.
        """
        from scipy import ndimage

        box = self.box.pad(voxels + 1).clip(bounds)  # the bounds are no border: there the mask ends with the scene
        inside = self.within(box)
        if voxels < 1 or not inside.any() or inside.all():
            return self.clip(bounds)
        depth = np.where(inside, *(ndimage.distance_transform_cdt(a, "taxicab") - 0.5 for a in (inside, ~inside)))
        np.negative(depth, where=~inside, out=depth)  # steps to the border: above 0 inside, below outside
        frayed = depth + voxels * _patches(box.shape, voxels / 2) > 0
        return VoxelMask.of_array(frayed, box.lower)

    def equals(self, other: VoxelMask) -> bool:
        """Compare as sets of voxels."""
        box = self.box.union(other.box)
        return bool(np.array_equal(self.within(box), other.within(box)))


def _patches(shape: Vector3, size: float) -> NDArray[np.float32]:
    """Make patches of chance, evenly spread between -1 and 1; neighbours within about `size` voxels are alike."""
    from scipy import ndimage, special

    noise = np.random.default_rng(0).standard_normal(shape, dtype=np.float32)
    smooth = ndimage.gaussian_filter(noise, size, mode="wrap", truncate=3.0)
    spread: NDArray[np.float32] = special.erf(smooth / (smooth.std() * np.float32(np.sqrt(2))))
    return np.clip(spread, -0.999, 0.999)


def _bounds(array: Bools) -> tuple[Vector3, Vector3]:
    spans = []
    for axis in range(3):
        hit = np.flatnonzero(array.any(axis=tuple(a for a in range(3) if a != axis)))
        spans.append((int(hit[0]), int(hit[-1]) + 1))
    (x0, x1), (y0, y1), (z0, z1) = spans
    return (x0, y0, z0), (x1, y1, z1)

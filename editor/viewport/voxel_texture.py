"""Voxels on the graphics card: bytes that are either something solid or the room a ray has to leap."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from vispy import gloo

from engine.geometry.rays import clearance
from engine.grid import Box, Vector3

ROOM = 16
"""Bytes below this are empty voxels: the number of steps in which nothing is met."""

Bytes = NDArray[np.uint8]

_PART = (512, 512, 1 << 16)  # voxels encoded at a time, to bound the memory that large scenes take


class VoxelTexture:
    """A 3D texture that is kept up to date box by box.

    Values are uint8 with 0 for empty. A texture longer than the driver allows goes on in its z direction ("folded").

    Attributes
    ----------
    values
        `(X, Y, Z) uint8`, what is shown; change it through `replace` and `update` only.
    """

    def __init__(self) -> None:
        self.values: Bytes = np.zeros((1, 1, 1), dtype=np.uint8)
        self.texture: gloo.Texture3D | None = None
        self.fold: tuple[int, int] = (1, 1)
        self._stale = self.box

    @property
    def box(self) -> Box:
        return Box.of_shape(self.shape)

    @property
    def shape(self) -> Vector3:
        x, y, z = self.values.shape
        return x, y, z

    @property
    def is_stale(self) -> bool:
        return not self._stale.is_empty

    def replace(self, values: Bytes) -> None:
        """Show other voxels, of any size."""
        if values.shape != self.values.shape:
            self.texture = None
        self.values = values
        self._stale = self.box

    def update(self, box: Box, values: Bytes) -> None:
        """Change the voxels of one box; the upload waits for the next `flush`."""
        self.values[box.slices] = values
        self._stale = self._stale.union(box)

    def flush(self, longest: int) -> None:
        """Send what has changed to the card; `longest` is the driver's limit on an edge. Needs a current context."""
        if self.texture is None:
            self.texture = gloo.Texture3D(self._choose_folds(longest), format="luminance", interpolation="nearest")
            self._stale = self.box
        if not self._stale.is_empty:
            changed = self._stale.pad(ROOM - 1).clip(self.box)
            for piece in self.box.tiles((*self.fold, self.shape[2])):
                for part in piece.intersect(changed).tiles(_PART):
                    self._send(part)
        self._stale = Box((0, 0, 0), (0, 0, 0))

    def _choose_folds(self, longest: int) -> Vector3:
        """Cut x and y into as few pieces as fit; gives the texture's shape (depth, height, width)."""
        (x, y, z), pieces = self.shape, [1, 1]
        for axis, length in enumerate((x, y)):
            pieces[axis] = -(-length // longest)
        self.fold = -(-x // pieces[0]), -(-y // pieces[1])
        return self.fold[0], self.fold[1], z * math.prod(pieces)

    def _send(self, part: Box) -> None:
        """Upload one box; it must not cross a fold."""
        a, b = part.lower[0] // self.fold[0], part.lower[1] // self.fold[1]
        across = -(-self.shape[1] // self.fold[1])
        corner = (
            part.lower[0] - a * self.fold[0],
            part.lower[1] - b * self.fold[1],
            part.lower[2] + self.shape[2] * (b + across * a),
        )
        assert self.texture is not None
        self.texture.set_data(encode(self.values, part), offset=corner, copy=False)


def encode(values: Bytes, box: Box) -> Bytes:
    """Give the texture's bytes of a box of `values (X, Y, Z)`: room where it is 0, else the value moved up by 16.

    255 stays 255; values from 238 on share a byte, as no label space known has that many classes.
    """
    around = box.pad(ROOM).clip(Box.of_shape(values.shape))
    inside = box.relative_to(around).slices
    room = clearance(values[around.slices], ROOM)[inside]
    here = values[box.slices]
    solid = np.minimum(here, 254 - ROOM) + np.uint8(ROOM)
    solid[here == 255] = 255
    return np.ascontiguousarray(np.where(here == 0, room - np.uint8(1), solid))

"""Copy-on-write chunks of named voxel channels.

A snapshot shares every chunk with its source, so it costs a dictionary copy; whoever writes first gets a chunk of
its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import DTypeLike, NDArray

from engine.errors import GridError
from engine.grid import Box, Vector3

CHUNK = 64
"""Edge of a chunk along x and y in voxels; along z a chunk holds the whole column."""

_Key = tuple[str, int, int]


class ChunkStore:
    """Voxel channels of one shape, kept in chunks of 64 x 64 columns.

    Parameters
    ----------
    shape
        Voxels along x, y, z.
    channels
        Channel name -> dtype; chunks that nobody wrote read as `fill` (0 where not given).
    """

    def __init__(
        self, shape: Vector3, channels: Mapping[str, DTypeLike], fill: Mapping[str, int] | None = None
    ) -> None:
        self.shape = shape
        self._dtypes = {name: np.dtype(t) for name, t in channels.items()}
        self._fill = dict(fill or {})
        self._chunks: dict[_Key, NDArray[np.generic]] = {}
        self._own: set[_Key] = set()

    @property
    def channels(self) -> tuple[str, ...]:
        return tuple(self._dtypes)

    def dtype(self, channel: str) -> np.dtype[np.generic]:
        """Give the dtype of a channel; raises `GridError` where there is no such channel."""
        if channel not in self._dtypes:
            raise GridError(f"no channel '{channel}'; the scene has: {', '.join(self._dtypes)}")
        return self._dtypes[channel]

    def add_channel(self, channel: str, dtype: DTypeLike) -> None:
        """Add an all-zero channel; one that is there already stays."""
        self._dtypes.setdefault(channel, np.dtype(dtype))

    def snapshot(self) -> ChunkStore:
        """Share all chunks with a new store; from now on both copy before they write."""
        twin = ChunkStore(self.shape, self._dtypes, self._fill)
        twin._chunks = dict(self._chunks)
        self._own.clear()
        return twin

    def read(self, box: Box, channel: str = "labels") -> NDArray[np.generic]:
        """Copy a box `(sx, sy, sz)` of a channel out."""
        out = np.full(box.shape, self._fill.get(channel, 0), dtype=self.dtype(channel))
        for key, part in self._parts(box, channel):
            chunk = self._chunks.get(key)
            if chunk is not None:
                out[part.relative_to(box).slices] = chunk[part.relative_to(self._chunk_box(key)).slices]
        return out

    def write(
        self, box: Box, values: NDArray[np.generic], mask: NDArray[np.bool_] | None = None, channel: str = "labels"
    ) -> None:
        """Write `values (sx, sy, sz)` into a box, where `mask` (same shape) is true."""
        for key, part in self._parts(box, channel):
            inside = part.relative_to(box).slices
            if mask is not None and not mask[inside].any():
                continue
            target = self._writable(key)[part.relative_to(self._chunk_box(key)).slices]
            np.copyto(target, values[inside], casting="same_kind", where=True if mask is None else mask[inside])

    def nbytes(self) -> int:
        """Count the bytes of all chunks, shared ones included."""
        return sum(c.nbytes for c in self._chunks.values())

    def chunk_sizes(self) -> dict[int, int]:
        """Map every chunk, by its identity, to its bytes: so that what several stores share is counted once."""
        return {id(chunk): chunk.nbytes for chunk in self._chunks.values()}

    def _parts(self, box: Box, channel: str) -> Iterator[tuple[_Key, Box]]:
        self.dtype(channel)
        if not Box.of_shape(self.shape).contains(box):
            raise GridError(f"box {box} leaves the store {self.shape}; clip it first")
        for cx in range(box.lower[0] // CHUNK, -(-box.upper[0] // CHUNK)):
            for cy in range(box.lower[1] // CHUNK, -(-box.upper[1] // CHUNK)):
                key = (channel, cx, cy)
                part = self._chunk_box(key).intersect(box)
                if not part.is_empty:
                    yield key, part

    def _chunk_box(self, key: _Key) -> Box:
        x, y = key[1] * CHUNK, key[2] * CHUNK
        return Box((x, y, 0), (x + CHUNK, y + CHUNK, self.shape[2])).intersect(Box.of_shape(self.shape))

    def _writable(self, key: _Key) -> NDArray[np.generic]:
        if key not in self._own:
            old = self._chunks.get(key)
            shape, dtype = self._chunk_box(key).shape, self._dtypes[key[0]]
            self._chunks[key] = np.full(shape, self._fill.get(key[0], 0), dtype) if old is None else old.copy()
            self._own.add(key)
        return self._chunks[key]

"""The visible faces of solid voxels, merged into rectangles, for meshes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.scene import Labels

Ints = NDArray[np.int64]

_PLANES = {0: (1, 2, 1), 1: (0, 2, -1), 2: (0, 1, 1)}
"""Axis -> the in-plane axes v and u, and the sign of e_v x e_u along the axis."""


@dataclass(frozen=True, eq=False)
class Quads:
    """Rectangles on the voxel lattice.

    Attributes
    ----------
    corners
        `(N, 4, 3) int32`, voxel corners, counter-clockwise as seen from outside.
    ids
        `(N,) uint8`, train id of the voxels behind; ascending.
    """

    corners: NDArray[np.int32]
    ids: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.ids)

    def of_class(self, class_id: int) -> Quads:
        """Take the rectangles of one class."""
        first, last = np.searchsorted(self.ids, [class_id, class_id + 1])
        return Quads(self.corners[first:last], self.ids[first:last])

    def areas(self) -> NDArray[np.int64]:
        """Count the voxel faces that each rectangle covers, `(N,) int64`."""
        size = np.abs(self.corners[:, 2].astype(np.int64) - self.corners[:, 0])
        return np.asarray(np.where(size > 0, size, 1).prod(axis=1), dtype=np.int64)

    def indexed(self) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """Share corners: vertices `(M, 3)`, each once, and the places `(N, 4)` of the corners among them."""
        points = self.corners.reshape(-1, 3).astype(np.int64)
        span = points.max(axis=0) + 1 if len(points) else np.ones(3, np.int64)
        keys = (points[:, 0] * span[1] + points[:, 1]) * span[2] + points[:, 2]
        unique, places = np.unique(keys, return_inverse=True)
        vertices = np.stack([unique // (span[1] * span[2]), unique // span[2] % span[1], unique % span[2]], axis=1)
        return vertices.astype(np.int32), places.reshape(-1, 4).astype(np.int64)

    def triangles(self) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """Split each rectangle in two: vertices `(M, 3)`, each once, and faces `(2 N, 3)` into them."""
        vertices, places = self.indexed()
        return vertices, places[:, [0, 1, 2, 0, 2, 3]].reshape(-1, 3)


def merge_faces(labels: Labels, ids: Iterable[int]) -> Quads:
    """Find the faces between solid voxels and open space, merged per class into few rectangles.

    Parameters
    ----------
    labels
        `(X, Y, Z) uint8`.
    ids
        Train ids that are solid; voxels of all others, and everything outside, are open space.

    All rectangles together enclose exactly the solid voxels, each face turned outward; faces between two solid voxels
    are left out. Faces are merged first to runs along one axis, then equal runs of neighbouring rows to rectangles.
    """
    table = np.zeros(256, dtype=np.bool_)
    table[list(ids)] = True
    solid = np.pad(table[labels], 1)
    parts = [_merge_side(labels, solid, axis, side) for axis in range(3) for side in (1, -1)]
    corners = np.concatenate([p.corners for p in parts])
    classes = np.concatenate([p.ids for p in parts])
    order = np.argsort(classes, kind="stable")
    return Quads(corners[order], classes[order])


def _merge_side(labels: Labels, solid: NDArray[np.bool_], axis: int, side: int) -> Quads:
    v_axis, u_axis, turn = _PLANES[axis]
    inner = [slice(1, -1)] * 3
    beyond = inner.copy()
    beyond[axis] = slice(2, None) if side > 0 else slice(0, -2)
    exposed = solid[tuple(inner)] > solid[tuple(beyond)]
    order = (0, 1, 2) if u_axis == 2 else (0, 2, 1)
    turned = np.ascontiguousarray(exposed.transpose(order))
    found = np.unravel_index(np.flatnonzero(turned), turned.shape)  # faster than nonzero in three dimensions
    places = [found[order.index(i)] for i in range(3)]
    rectangles = _rectangles(places[axis], places[v_axis], places[u_axis], labels[tuple(places)])
    layer, v0, v1, u0, u1, ids = rectangles
    corners = np.empty((len(ids), 4, 3), dtype=np.int32)
    corners[:, :, axis] = (layer + (side > 0))[:, None]
    corners[:, :, v_axis] = np.stack([v0, v1, v1, v0], axis=1)
    corners[:, :, u_axis] = np.stack([u0, u0, u1, u1], axis=1)
    return Quads(corners if turn * side > 0 else corners[:, ::-1], ids.astype(np.uint8))


def _rectangles(layer: Ints, v: Ints, u: Ints, ids: NDArray[np.uint8]) -> tuple[Ints, ...]:
    """Cover unit faces of equal id, given with u running fastest; gives layer, v0, v1, u0, u1 and id."""
    opens = np.ones(len(u), dtype=np.bool_)
    opens[1:] = (u[1:] != u[:-1] + 1) | (ids[1:] != ids[:-1]) | (v[1:] != v[:-1]) | (layer[1:] != layer[:-1])
    first, last = _spans(opens)
    layer, v, u0, u1, run_ids = layer[first], v[first], u[first], u[last] + 1, ids[first].astype(np.int64)
    length = int(u1.max(initial=0)) + 1
    keys = ((layer * 256 + run_ids) * length + u0) * length + u1
    order = np.lexsort((v, keys))
    keys, v = keys[order], v[order]
    opens = np.ones(len(keys), dtype=np.bool_)
    opens[1:] = (keys[1:] != keys[:-1]) | (v[1:] != v[:-1] + 1)
    first, last = _spans(opens)
    lead = order[first]
    return layer[lead], v[first], v[last] + 1, u0[lead], u1[lead], run_ids[lead]


def _spans(opens: NDArray[np.bool_]) -> tuple[Ints, Ints]:
    """Give the first and last place of each span that a true value opens."""
    first = np.flatnonzero(opens)
    return first, np.append(first, len(opens))[1:] - 1

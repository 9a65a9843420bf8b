"""A semantic voxel scene: a grid, a label space and the voxels."""

from __future__ import annotations

import copy
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from engine.errors import GridError
from engine.grid import Box, Grid
from engine.labels import LabelSpace, label_space
from engine.store import ChunkStore

Labels = NDArray[np.uint8]


class VoxelScene:
    """What is edited, generated, saved and shown.

    Parameters
    ----------
    grid
        Shape, voxel size and origin.
    space
        Classes of the voxels; by default SemanticKITTI's.
    store
        Channels `labels` (uint8 train ids) and, where known, `instances` (uint32, 0 = none).
    metadata
        JSON-like extras that travel with the scene: `provenance`, `cameras`, ...
    """

    def __init__(
        self,
        grid: Grid,
        space: LabelSpace | None = None,
        store: ChunkStore | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        self.grid = grid
        self.space = space or label_space()
        self.store = store or ChunkStore(grid.shape, {"labels": np.uint8}, {"labels": self.space.empty})
        self.metadata: dict[str, Any] = metadata or {}
        if self.store.shape != grid.shape:
            raise GridError(f"voxels {self.store.shape} do not fill the grid {grid.shape}; make both equal")

    @classmethod
    def from_labels(
        cls,
        labels: Labels,
        grid: Grid | None = None,
        space: LabelSpace | None = None,
        instances: NDArray[np.uint32] | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> VoxelScene:
        """Make a scene of an array of train ids `(X, Y, Z)`; default grid 0.2 m, default space SemanticKITTI."""
        if labels.ndim != 3 or labels.dtype != np.uint8:
            raise GridError(f"labels are {labels.dtype} of shape {labels.shape}; give uint8 (X, Y, Z)")
        shape = cast(tuple[int, int, int], labels.shape)
        scene = cls(grid or Grid(shape), space, metadata=metadata)
        scene.write(scene.box, labels)
        if instances is not None:
            scene.store.add_channel("instances", np.uint32)
            scene.store.write(scene.box, instances, channel="instances")
        return scene

    @property
    def box(self) -> Box:
        """All voxels."""
        return self.grid.box

    @property
    def has_instances(self) -> bool:
        return "instances" in self.store.channels

    def read(self, box: Box | None = None) -> Labels:
        """Copy train ids `(sx, sy, sz) uint8` out of a box, by default of everything."""
        return cast(Labels, self.store.read(box or self.box))

    def read_instances(self, box: Box | None = None) -> NDArray[np.uint32]:
        """Copy instance ids `(sx, sy, sz) uint32` out of a box; all 0 where the scene knows none."""
        where = box or self.box
        if not self.has_instances:
            return np.zeros(where.shape, dtype=np.uint32)
        return cast(NDArray[np.uint32], self.store.read(where, "instances"))

    def read_padded(self, box: Box, fill: int) -> Labels:
        """Copy a box that may leave the scene; voxels outside read as `fill`."""
        out = np.full(box.shape, fill, dtype=np.uint8)
        inside = box.intersect(self.box)
        if not inside.is_empty:
            out[inside.relative_to(box).slices] = self.read(inside)
        return out

    def write(self, box: Box, labels: Labels, mask: NDArray[np.bool_] | None = None) -> None:
        """Write train ids `(sx, sy, sz)` into a box, where `mask` is true.

        Only edits, importers and tasks on scenes of their own call this; the open document changes through an edit.
        """
        if labels.shape != box.shape:
            raise GridError(f"labels {labels.shape} do not fill box {box}; give an array of shape {box.shape}")
        self.store.write(box, labels, mask)

    def snapshot(self) -> VoxelScene:
        """Share all voxels with a new scene at no cost; later writes to either are not seen by the other."""
        return VoxelScene(self.grid, self.space, self.store.snapshot(), copy.deepcopy(self.metadata))

    def cut(self, box: Box, fill: int | None = None) -> VoxelScene:
        """Make a scene of a part, or of a larger box filled up with `fill` (default: empty).

        Raises `GridError` where the box holds no voxel. Instances and saved masks are kept where they are inside.
        """
        if box.is_empty:
            raise GridError(f"box {box} holds no voxel; make every upper corner larger than the lower one")
        labels = self.read_padded(box, self.space.empty if fill is None else fill)
        part = VoxelScene.from_labels(labels, self.grid.cut(box), self.space, metadata=copy.deepcopy(self.metadata))
        inside = box.intersect(self.box)
        if self.has_instances and not inside.is_empty:
            part.store.add_channel("instances", np.uint32)
            part.store.write(inside.relative_to(box), self.read_instances(inside), channel="instances")
        if "masks" in self.metadata:
            moved = {name: m.clip(inside).shift(-np.asarray(box.lower)) for name, m in self.metadata["masks"].items()}
            part.metadata["masks"] = moved
        return part

    def count_classes(self, box: Box | None = None) -> NDArray[np.int64]:
        """Count the voxels of every id, `(256,) int64`."""
        counts = np.zeros(256, dtype=np.int64)
        for part in (box or self.box).tiles((256, 256, self.grid.shape[2])):
            counts += np.bincount(self.read(part).ravel(), minlength=256)
        return counts

"""What undo is made of: small records that can be applied and reverted.

There is exactly one way to change an open scene: make an edit and apply it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from engine.errors import GridError
from engine.grid import Box
from engine.mask import VoxelMask
from engine.scene import Labels, VoxelScene


class Editable(Protocol):
    """What edits change: whoever holds the current scene and mask."""

    scene: VoxelScene
    mask: VoxelMask


class Edit(Protocol):
    """One undoable change."""

    @property
    def name(self) -> str:
        """What the undo menu says."""
        ...

    def apply(self, target: Editable) -> Box:
        """Make the change; gives the box of voxels that may look different."""
        ...

    def revert(self, target: Editable) -> Box:
        """Take the change back; gives the box of voxels that may look different."""
        ...

    @property
    def nbytes(self) -> int:
        """Memory that the record keeps alive, for the history's budget."""
        ...


@dataclass(frozen=True, eq=False)
class VoxelEdit:
    """New labels for the masked voxels of a box.

    A voxel that changes its class is no longer part of the thing it belonged to: its instance id becomes 0.

    Attributes
    ----------
    mask
        `(sx, sy, sz) bool`.
    before, after
        `(n,) uint8`, the labels of the masked voxels in C order.
    instances
        `(n,) uint32`, the instance ids that the masked voxels had, or `None` where the scene has no such channel.
    """

    name: str
    box: Box
    mask: NDArray[np.bool_]
    before: NDArray[np.uint8]
    after: NDArray[np.uint8]
    instances: NDArray[np.uint32] | None = None

    @classmethod
    def between(
        cls, name: str, scene: VoxelScene, box: Box, labels: Labels, mask: NDArray[np.bool_] | None = None
    ) -> VoxelEdit:
        """Record what changes when `labels (sx, sy, sz)` are written into `box` of `scene` where `mask` is true."""
        scene.grid.require(box, "edit")
        if labels.shape != box.shape:
            raise GridError(f"labels {labels.shape} do not fill box {box}; give an array of shape {box.shape}")
        old = scene.read(box)
        changed = old != labels
        if mask is not None:
            changed &= mask
        tight = VoxelMask.of_array(changed, box.lower)
        part = tight.box.relative_to(box).slices
        return cls(
            name,
            tight.box,
            tight.array,
            old[part][tight.array],
            labels[part][tight.array],
            scene.read_instances(tight.box)[tight.array] if scene.has_instances else None,
        )

    @property
    def count(self) -> int:
        """Number of voxels that change."""
        return len(self.before)

    @property
    def nbytes(self) -> int:
        instances = 0 if self.instances is None else self.instances.nbytes
        return self.mask.nbytes + self.before.nbytes + self.after.nbytes + instances

    def apply(self, target: Editable) -> Box:
        self._write(target.scene, "labels", self.after)
        if self.instances is not None:
            self._write(target.scene, "instances", np.zeros_like(self.instances))
        return self.box

    def revert(self, target: Editable) -> Box:
        self._write(target.scene, "labels", self.before)
        if self.instances is not None:
            self._write(target.scene, "instances", self.instances)
        return self.box

    def _write(self, scene: VoxelScene, channel: str, values: NDArray[np.generic]) -> None:
        spread = np.zeros(self.box.shape, dtype=values.dtype)
        spread[self.mask] = values
        scene.store.write(self.box, spread, self.mask, channel)


@dataclass(frozen=True, eq=False)
class GridEdit:
    """New bounds: the whole scene is replaced by one of another size. Both share their chunks with nobody else.

    The mask is dropped with the old frame and comes back with it.
    """

    name: str
    before: VoxelScene
    after: VoxelScene
    mask_before: VoxelMask

    @classmethod
    def between(cls, name: str, target: Editable, after: VoxelScene) -> GridEdit:
        """Record the step from the target's scene to `after`; both are kept as snapshots."""
        return cls(name, target.scene.snapshot(), after.snapshot(), target.mask)

    @property
    def nbytes(self) -> int:
        return self.before.store.nbytes() + self.after.store.nbytes()

    def apply(self, target: Editable) -> Box:
        target.scene = self.after.snapshot()
        target.mask = VoxelMask.nothing()
        return target.scene.box

    def revert(self, target: Editable) -> Box:
        target.scene = self.before.snapshot()
        target.mask = self.mask_before
        return target.scene.box


@dataclass(frozen=True, eq=False)
class MaskEdit:
    """Another mask."""

    name: str
    before: VoxelMask
    after: VoxelMask

    @property
    def nbytes(self) -> int:
        return self.before.array.nbytes + self.after.array.nbytes

    def apply(self, target: Editable) -> Box:
        target.mask = self.after
        return self.before.box.union(self.after.box)

    def revert(self, target: Editable) -> Box:
        target.mask = self.before
        return self.before.box.union(self.after.box)


@dataclass(frozen=True, eq=False)
class SavedMasksEdit:
    """Another set of named masks, which travel with the scene."""

    name: str
    before: Mapping[str, VoxelMask]
    after: Mapping[str, VoxelMask]

    @property
    def nbytes(self) -> int:
        return sum(m.array.nbytes for m in (*self.before.values(), *self.after.values()))

    def apply(self, target: Editable) -> Box:
        return _keep_masks(target.scene, self.after)

    def revert(self, target: Editable) -> Box:
        return _keep_masks(target.scene, self.before)


@dataclass(frozen=True, eq=False)
class MetadataEdit:
    """Another entry in what travels with the scene, as JSON types; `None` is no entry."""

    name: str
    key: str
    before: Any
    after: Any

    @property
    def nbytes(self) -> int:
        return len(repr(self.before)) + len(repr(self.after))

    def apply(self, target: Editable) -> Box:
        return self._put(target.scene, self.after)

    def revert(self, target: Editable) -> Box:
        return self._put(target.scene, self.before)

    def _put(self, scene: VoxelScene, entry: Any) -> Box:
        scene.metadata.pop(self.key, None)
        if entry is not None:
            scene.metadata[self.key] = entry
        return Box((0, 0, 0), (0, 0, 0))


def _keep_masks(scene: VoxelScene, masks: Mapping[str, VoxelMask]) -> Box:
    scene.metadata.pop("masks", None)
    if masks:
        scene.metadata["masks"] = dict(masks)
    return Box((0, 0, 0), (0, 0, 0))

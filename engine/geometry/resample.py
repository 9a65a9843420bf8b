"""Bringing a scene to another voxel size, height or label space, so that a model or a format can take it."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from typing import TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from engine.errors import GridError
from engine.grid import Box, Grid, Vector3
from engine.labels import UNKNOWN, LabelSpace
from engine.scene import Labels, VoxelScene

THIN_PRIORITY = 7
"""Classes from this priority on (poles, people, vehicles, ...) survive with a single voxel."""
GROUND_LEVEL = 2
"""Where the lowest ground surface comes to lie when the height changes, in voxels."""

Counts = NDArray[np.int64]
_Scalar = TypeVar("_Scalar", bound=np.generic)


def fit_grid(
    scene: VoxelScene,
    space: LabelSpace,
    voxel_size: tuple[float, float, float],
    height: int,
    mapping: Mapping[str, str] | None = None,
    cell: int = 1,
) -> VoxelScene:
    """Bring a scene to the classes, voxel size and height of a model.

    Parameters
    ----------
    mapping
        Class names of the scene -> names of `space`, before the shipped table.
    height
        Voxels. Where it changes, the lowest ground surface comes to lie at voxel `GROUND_LEVEL`; what is then below
        or above is cut off, and what is missing is empty.
    cell
        X and y grow with empty voxels to multiples of this; 1 leaves them as they are.

    A scene that fits already comes back unchanged, voxel by voxel. Raises `LabelError` where a class has no partner.
    """
    fitted = resample(remap(scene, space, mapping), voxel_size)
    x, y, z = fitted.grid.shape
    lower = 0 if z == height else ground_level(fitted.read(), space) - GROUND_LEVEL
    wide = Box((0, 0, lower), (-(-x // cell) * cell, -(-y // cell) * cell, lower + height))
    return fitted if wide == fitted.box else fitted.cut(wide)


def remap(scene: VoxelScene, space: LabelSpace, mapping: Mapping[str, str] | None = None) -> VoxelScene:
    """Translate a scene's classes; raises `LabelError` that lists the classes without a partner."""
    if scene.space == space and not mapping:
        return scene.snapshot()
    labels = scene.space.remap_to(space, mapping)[scene.read()]
    instances = scene.read_instances() if scene.has_instances else None
    return VoxelScene.from_labels(labels, scene.grid, space, instances, copy.deepcopy(scene.metadata))


def ground_level(labels: Labels, space: LabelSpace) -> int:
    """Find the z of the lowest ground surface in `labels (X, Y, Z)`, leaving out 2 % of stray columns.

    The surface of a column is its topmost ground voxel; without any ground the answer is `GROUND_LEVEL`.
    """
    ground = np.isin(labels, space.ids_of("ground"))
    columns = ground.any(axis=2)
    if not columns.any():
        return GROUND_LEVEL
    tops = labels.shape[2] - 1 - ground[:, :, ::-1].argmax(axis=2)
    return int(np.quantile(tops[columns], 0.02, method="lower"))


def resample(scene: VoxelScene, voxel_size: tuple[float, float, float], height: int | None = None) -> VoxelScene:
    """Change the voxel size; the frame's corner stays, its far sides round up to whole voxels.

    Parameters
    ----------
    voxel_size
        New edge lengths in metres.
    height
        New number of voxels along z: cut off or filled up with empty at the top; by default what the extent gives.

    Finer voxels take the nearest old one. A coarser voxel is solid where at least half of its known old voxels are,
    and takes the class of highest priority among those with a quarter of them. What would vanish by that comes back:
    thin classes (`THIN_PRIORITY`) with any voxel, others with half a sheet through the cell, wherever no neighbour
    kept the class; and ground in every column that had some, unless something else stands in its cell. Saved masks,
    which count in voxels, are dropped.
    """
    if min(voxel_size) <= 0:
        raise GridError(f"voxel size {voxel_size} m is of no use; all three must be above 0")
    old = scene.grid
    ratios = tuple(new / was for new, was in zip(voxel_size, old.voxel_size, strict=True))
    if np.allclose(ratios, 1.0, atol=1e-6, rtol=0):
        return _with_height(scene.snapshot(), height)
    axes = [_Axis(n, r) for n, r in zip(old.shape, ratios, strict=True)]
    labels = _refine(scene.read(), axes)
    new_labels = _coarsen(labels, axes, scene.space)
    instances = None
    if scene.has_instances:
        instances = _coarsen_instances(_refine(scene.read_instances(), axes), labels, new_labels, axes)
    metadata = copy.deepcopy({k: v for k, v in scene.metadata.items() if k != "masks"})
    grid = Grid(cast(Vector3, new_labels.shape), voxel_size, old.origin, old.georeference)
    return _with_height(VoxelScene.from_labels(new_labels, grid, scene.space, instances, metadata), height)


class _Axis:
    """How old voxels of one axis go into new ones.

    `take` gives the old voxel of each new one where voxels get finer; `owner` the new voxel of each (refined) old one
    where they get coarser: the one that holds its centre.
    """

    def __init__(self, count: int, ratio: float) -> None:
        self.count = max(1, int(np.ceil(count / ratio - 1e-6)))
        self.take: NDArray[np.intp] | None = None
        self.owner = np.arange(self.count)
        if ratio < 1:
            self.take = np.minimum(np.floor((self.owner + 0.5) * ratio + 1e-9).astype(np.intp), count - 1)
        else:
            self.owner = np.minimum(np.floor((np.arange(count) + 0.5) / ratio + 1e-9).astype(np.intp), self.count - 1)
        self.lengths = np.bincount(self.owner, minlength=self.count)


class _Cells:
    """The new voxels, and which filled old voxels lie in each."""

    def __init__(self, labels: NDArray[np.generic], axes: list[_Axis], empty: int) -> None:
        x, y, z = np.nonzero(labels != empty)
        self.shape = (axes[0].count, axes[1].count, axes[2].count)
        self.volume = np.einsum("i,j,k->ijk", *(a.lengths for a in axes))
        self.sheet = int(np.prod(np.sort([a.lengths.max() for a in axes])[:2]))
        self._ids = labels[x, y, z]
        self._places = (axes[0].owner[x] * self.shape[1] + axes[1].owner[y]) * self.shape[2] + axes[2].owner[z]
        self.present = [int(i) for i in np.unique(self._ids) if i != UNKNOWN]

    def count(self, ids: Iterable[int]) -> Counts:
        """Count the old voxels of some classes in each new one."""
        places = self._places[np.isin(self._ids, list(ids))]
        return np.bincount(places, minlength=self.volume.size).reshape(self.shape)


def _refine(voxels: NDArray[_Scalar], axes: list[_Axis]) -> NDArray[_Scalar]:
    for i, axis in enumerate(axes):
        if axis.take is not None:
            voxels = voxels.take(axis.take, axis=i)
    return voxels


def _coarsen(labels: Labels, axes: list[_Axis], space: LabelSpace) -> Labels:
    if all(a.lengths.max() == 1 for a in axes):
        return labels
    cells = _Cells(labels, axes, space.empty)
    priorities = space.priorities()
    present = sorted(cells.present, key=lambda i: int(priorities[i]))
    solid, unknown = cells.count(present), cells.count([UNKNOWN])
    best = np.zeros_like(solid)
    commonest = np.full(cells.shape, space.empty, np.uint8)
    chosen = commonest.copy()
    for class_id in present:
        count = cells.count([class_id])
        commonest[count > best] = class_id
        best = np.maximum(best, count)
        chosen[(count > 0) & (4 * count >= solid)] = class_id
    chosen = np.where(chosen == space.empty, commonest, chosen)
    kept = (solid > 0) & (2 * solid >= cells.volume - unknown)
    hidden = 2 * unknown > cells.volume - solid
    out = np.where(kept, chosen, np.where(hidden, UNKNOWN, space.empty)).astype(np.uint8)
    _rescue(out, cells, present, priorities)
    _rescue_ground(out, cells, axes, space)
    return out


def _rescue(out: Labels, cells: _Cells, present: list[int], priorities: NDArray[np.int16]) -> None:
    from scipy import ndimage

    before = out.copy()
    around = np.ones((3, 3, 3), dtype=np.bool_)
    for class_id in present:
        need = 1 if priorities[class_id] >= THIN_PRIORITY else cells.sheet / 2
        lost = (cells.count([class_id]) >= need) & (priorities[out] < priorities[class_id])
        if lost.any():
            out[lost & ~ndimage.binary_dilation(before == class_id, structure=around)] = class_id


def _rescue_ground(out: Labels, cells: _Cells, axes: list[_Axis], space: LabelSpace) -> None:
    ground = [i for i in space.ids_of("ground") if i in cells.present]
    count = cells.count(ground)
    area = np.outer(axes[0].lengths, axes[1].lengths)
    bare = (count.sum(axis=2) > 0) & (2 * count.sum(axis=2) >= area) & ~np.isin(out, ground).any(axis=2)
    x, y = np.nonzero(bare)
    z = count.argmax(axis=2)[x, y]
    here = np.isin(out[x, y, z], (space.empty, UNKNOWN))
    x, y, z = x[here], y[here], z[here]
    if len(x):
        shares = np.stack([cells.count([class_id])[x, y, z] for class_id in ground])
        out[x, y, z] = np.asarray(ground, np.uint8)[shares.argmax(axis=0)]


def _coarsen_instances(
    instances: NDArray[np.uint32], labels: Labels, out: Labels, axes: list[_Axis]
) -> NDArray[np.uint32]:
    """Give each new voxel the highest id among the old voxels of its class."""
    own = (instances > 0) & (labels == out[np.ix_(*(a.owner for a in axes))])
    x, y, z = np.nonzero(own)
    ids = np.zeros(out.shape, np.uint32)
    np.maximum.at(ids, (axes[0].owner[x], axes[1].owner[y], axes[2].owner[z]), instances[x, y, z])
    return ids


def _with_height(scene: VoxelScene, height: int | None) -> VoxelScene:
    x, y, z = scene.grid.shape
    return scene if height is None or height == z else scene.cut(Box((0, 0, 0), (x, y, height)))

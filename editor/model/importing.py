"""Bringing voxels in that do not say, or do not share, what a model needs: axes, classes, size. No window here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from editor.model.card import Card
from engine.errors import FormatError
from engine.formats.archives import NPY_MAGIC, peek_members, read_arrays, read_npy
from engine.formats.files import read_exactly, read_head
from engine.geometry.resample import fit_grid
from engine.grid import Box, Grid
from engine.labels import UNKNOWN, LabelSpace
from engine.scene import VoxelScene

Fit = Literal["keep", "pad", "crop"]
AXES = ("xyz", "yxz", "zyx", "zxy", "xzy", "yzx")
_MOST_KINDS = 256
_LARGEST_ID = 65535


@dataclass(frozen=True)
class Raw:
    """Voxels as they come.

    Attributes
    ----------
    voxels
        `(a, b, c) int`; which axis is which is not known unless `is_scene`.
    counts
        Number -> voxels that hold it.
    names
        Number -> class name, where the source says.
    is_scene
        The axes are x, y, z and the voxel size is the source's own.
    """

    title: str
    voxels: NDArray[Any]
    counts: Mapping[int, int]
    names: Mapping[int, str] = field(default_factory=dict)
    voxel_size: tuple[float, float, float] = (0.2, 0.2, 0.2)
    is_scene: bool = False


@dataclass(frozen=True)
class Choices:
    """What the user decided.

    Attributes
    ----------
    axes
        What the axes of the source are, in its order.
    classes
        Number -> class of the target; numbers without one become unknown.
    fit
        Leave the size as it is, or bring it to the model's voxels and height, with x and y padded or cropped to
        whole cells.
    """

    axes: str
    classes: Mapping[int, int]
    voxel_size: tuple[float, float, float]
    fit: Fit


def read_raw(path: Path) -> Raw:
    """Read the voxels of a `.npy` or `.npz` file, whatever they mean.

    Of an archive, `labels` is taken, or else the first array with three axes. Raises `FormatError` where there is no
    such array, or its numbers cannot be classes.
    """
    head, size = read_head(path)
    is_bare = head.startswith(NPY_MAGIC)
    array = read_npy(read_exactly(path, size, "it"), path, "array") if is_bare else _pick(path)
    if array.ndim != 3 or array.dtype.kind not in "biu" or not array.size:
        raise FormatError(path, f"its array is {array.dtype} of shape {array.shape}", "save whole numbers (X, Y, Z)")
    if array.min() < 0 or array.max() > _LARGEST_ID:
        raise FormatError(path, f"its numbers run from {array.min()} to {array.max()}", f"use 0 to {_LARGEST_ID}")
    return Raw(path.name, array, _count(path, array))


def raw_of(scene: VoxelScene, title: str) -> Raw:
    """Take a scene as a source whose axes and names are known."""
    voxels = scene.read()
    names = {**dict(enumerate(scene.space.names)), UNKNOWN: "unknown"}
    return Raw(title, voxels, _count(title, voxels), names, scene.grid.voxel_size, is_scene=True)


def guess_axes(shape: tuple[int, ...]) -> str:
    """Take the shortest axis for the height; with it in front, y is taken to come before x, as files in C order do."""
    shortest = min(shape)
    last = max(k for k, n in enumerate(shape) if n == shortest)
    return ("zyx", "xzy", "xyz")[last]


def guess_classes(raw: Raw, target: LabelSpace, source: LabelSpace | None = None) -> dict[int, int]:
    """Find partners: by the shipped tables, by name, by train id, or by the data set's own numbers.

    Numbers that nothing is known about are left out.
    """
    if source is not None:
        shipped = source.remaps.get(target.name, {})
        pairs = {i: shipped.get(name, name) for i, name in raw.names.items() if i < len(source)}
        known = {i: target.find(name) for i, name in pairs.items() if name in target.names}
        return {**known, source.empty: target.empty, UNKNOWN: UNKNOWN}
    numbers = list(raw.counts)
    if all(n < len(target) or n == UNKNOWN for n in numbers):
        return {n: n for n in numbers}
    table = target.from_raw()
    return {n: int(table[n]) for n in numbers if table[n] >= 0}


def shape_of(raw: Raw, axes: str) -> tuple[int, int, int]:
    """Give the voxels along x, y and z for an order of axes."""
    x, y, z = (raw.voxels.shape[axes.index(a)] for a in "xyz")
    return x, y, z


def arrange(raw: Raw, choices: Choices, space: LabelSpace, card: Card | None) -> VoxelScene:
    """Make the scene that was chosen.

    Raises `GridError` where the voxel size is of no use, or nothing is left after cropping.
    """
    table = np.full(max(raw.counts) + 1, UNKNOWN, np.uint8)
    for number, label in choices.classes.items():
        if number < len(table):
            table[number] = label
    turned = raw.voxels.astype(np.int64, copy=False).transpose([choices.axes.index(a) for a in "xyz"])
    grid = Grid(shape_of(raw, choices.axes), choices.voxel_size)
    scene = VoxelScene.from_labels(np.ascontiguousarray(table[turned]), grid, space)
    if choices.fit == "keep" or card is None:
        return scene
    fitted = fit_grid(scene, space, card.voxel_size, card.height, cell=card.cell)
    return fitted if choices.fit == "pad" else _crop(fitted, scene, card)


def _crop(fitted: VoxelScene, scene: VoxelScene, card: Card) -> VoxelScene:
    """Cut x and y down to the whole cells that the scene fills, from its middle; less than one cell stays one."""
    sizes = [round(n * s / t) for n, s, t in zip(scene.grid.shape, scene.grid.voxel_size, card.voxel_size, strict=True)]
    x, y = (max(n // card.cell, 1) * card.cell for n in sizes[:2])
    left, front = (max((n - kept) // 2, 0) for n, kept in zip(sizes[:2], (x, y), strict=True))
    box = Box((left, front, 0), (left + x, front + y, card.height))
    return fitted.cut(box) if box != fitted.box else fitted


def _pick(path: Path) -> NDArray[Any]:
    names = [n.removesuffix(".npy") for n in peek_members(path)]
    for name in sorted(names, key=lambda n: n != "labels"):
        array = read_arrays(path, (name,)).get(name)
        if array is not None and array.ndim == 3:
            return array
    raise FormatError(path, f"holds no array with three axes but {', '.join(names[:8]) or 'nothing'}", "export voxels")


def _count(source: Path | str, voxels: NDArray[Any]) -> dict[int, int]:
    counts = np.bincount(voxels.ravel().astype(np.int64))
    numbers = np.flatnonzero(counts)
    if len(numbers) > _MOST_KINDS:
        raise FormatError(source, f"holds {len(numbers)} different numbers, so they are no classes", "export class ids")
    return {int(n): int(counts[n]) for n in numbers}

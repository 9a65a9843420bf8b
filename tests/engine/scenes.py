"""Scenes with a meaning in every byte, for tests of files."""

from __future__ import annotations

import numpy as np

from engine.grid import Grid
from engine.labels import UNKNOWN, label_space
from engine.scene import VoxelScene

SHAPE = (130, 70, 19)
KITTI_SHAPE = (256, 256, 32)


def make_scene(shape: tuple[int, int, int] = SHAPE, space: str = "semantickitti", seed: int = 0) -> VoxelScene:
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, len(label_space(space)), shape).astype(np.uint8)
    labels[rng.random(shape) < 0.5] = label_space(space).empty
    labels[:2, 3] = UNKNOWN
    instances = rng.integers(0, 2**32, shape, dtype=np.uint32)
    instances[:64] = 0
    grid = Grid(shape, (0.2, 0.25, 0.4), (10.5, -3.25, 1e6), "EPSG:28992")
    metadata = {"provenance": {"seed": 7, "task": "generate"}, "cameras": [{"eye": [1.5, 2.0, 3.0]}]}
    return VoxelScene.from_labels(labels, grid, label_space(space), instances, metadata)


def kitti_scene(seed: int = 1) -> VoxelScene:
    labels = np.random.default_rng(seed).integers(0, 20, KITTI_SHAPE).astype(np.uint8)
    return VoxelScene.from_labels(labels, Grid(KITTI_SHAPE, origin=(0.0, -25.6, -2.2)))


def same(a: VoxelScene, b: VoxelScene) -> bool:
    return (
        a.grid == b.grid
        and a.space == b.space
        and a.store.channels == b.store.channels
        and all(np.array_equal(a.store.read(a.box, c), b.store.read(b.box, c)) for c in a.store.channels)
        and {k: v for k, v in a.metadata.items() if k != "masks"}
        == {k: v for k, v in b.metadata.items() if k != "masks"}
    )

"""Make the masked voxels of a scene anew."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from engine.errors import RequestError
from engine.grid import Box
from engine.labels import UNKNOWN
from engine.mask import VoxelMask
from engine.models.contract import SceneModel
from engine.scene import VoxelScene
from engine.tasks.fill import Canvas, fill, require_fit
from engine.tasks.ground import fill_ground
from engine.tasks.layout import plan
from engine.tasks.request import InpaintRequest, Provenance, Result, Step
from engine.tasks.season import leaves_around
from engine.tasks.work import seen_of, work_of


def inpaint(model: SceneModel, request: InpaintRequest, provenance: Provenance) -> Iterator[Step]:
    """Run the task; the last step carries the new labels of the mask's box. Other voxels are not part of it.

    Where the ground is a mere skin, the model is shown solid ground, and what it makes of it becomes a skin, too.

    Raises `GridError` where the scene does not suit the model, `RequestError` where nothing is masked.
    """
    require_fit(model, request.scene)
    mask = request.mask.clip(request.scene.box)
    if mask.is_empty:
        raise RequestError("no voxel of the scene is masked; paint a mask or give a box inside the scene")
    scene = request.scene.snapshot()
    canvas = Canvas(scene, mask.box, mask.array.copy(), request.layout)
    canvas.leaves = leaves_around(model, scene, mask)
    work = work_of(request, model.card)
    seen = seen_of(request, model.card.cell)
    if seen is not None:
        _blind(scene, work.region, seen)
    filled = fill_ground(scene, work.region, mask)
    planned = yield from plan(model, canvas, work.region, request.sampling, len(work.windows))
    total = yield from fill(model, canvas, work.windows, request.sampling, planned)
    if filled is not None:
        filled.restore(scene)
    yield Step(total, total, "done", result=Result(mask.box, scene.read(mask.box), mask, provenance))


def _blind(scene: VoxelScene, region: Box, seen: Box) -> None:
    """Make unknown, in a scene of the task's own, what lies in the region but must not be seen."""
    inside = region.clip(scene.box)
    scene.write(inside, np.full(inside.shape, UNKNOWN, dtype=np.uint8), ~VoxelMask.of_box(seen).within(inside))

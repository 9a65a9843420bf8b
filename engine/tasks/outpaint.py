"""Grow a scene, tile by tile, each one conditioned on its finished neighbours."""

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
from engine.tasks.request import OutpaintRequest, Provenance, Result, Step
from engine.tasks.season import leaves_around
from engine.tasks.work import Columns, bounds_of, new_columns, place_of, work_of


def outpaint(model: SceneModel, request: OutpaintRequest, provenance: Provenance) -> Iterator[Step]:
    """Run the task; the last step carries the new scene, whose old part keeps every byte.

    Ground that is a mere skin goes on as one (`tasks.ground`).

    Raises `GridError` where the scene does not suit the model, `RequestError` for impossible sizes.
    """
    require_fit(model, request.scene)
    card, z = model.card, request.scene.grid.shape[2]
    ax, ay = place_of(request, card.cell)
    if not card.cell <= request.overlap < card.window:
        raise RequestError(f"overlap {request.overlap} is outside {card.cell} to {card.window - 1} voxels; 96 is usual")
    scene = request.scene.cut(Box((-ax, -ay, 0), (request.size[0] - ax, request.size[1] - ay, z)))
    scene.metadata.setdefault("provenance", []).append(provenance.to_json())
    wanted, left_out = new_columns(request, card.cell)
    region = scene.box if request.tiles is None else bounds_of(wanted, z)
    hidden = np.repeat(wanted[region.slices[:2]][:, :, None], z, axis=2)
    canvas = Canvas(scene, region, hidden.copy(), request.layout)
    work = work_of(request, card)
    canvas.leaves = leaves_around(model, scene, VoxelMask(region, hidden))
    _fill_columns(scene, left_out, UNKNOWN)  # nobody made them, so nobody may take them for known to be empty
    filled = fill_ground(scene, work.region, VoxelMask(region, hidden))
    planned = yield from plan(model, canvas, work.region, request.sampling, len(work.windows))
    total = yield from fill(model, canvas, work.windows, request.sampling, planned)
    if filled is not None:
        filled.restore(scene)
    _fill_columns(scene, left_out, scene.space.empty)
    result = Result(region, scene.read(region), VoxelMask(region, hidden), provenance, scene, (ax, ay))
    yield Step(total, total, "done", result=result)


def _fill_columns(scene: VoxelScene, columns: Columns, label: int) -> None:
    if columns.any():
        shape = scene.grid.shape
        scene.write(scene.box, np.broadcast_to(np.uint8(label), shape), np.broadcast_to(columns[:, :, None], shape))

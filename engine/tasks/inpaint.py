"""Make the masked voxels of a scene anew."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from engine.errors import RequestError
from engine.models.contract import SceneModel
from engine.tasks.fill import Canvas, fill, require_fit
from engine.tasks.generate import OVERLAP
from engine.tasks.layout import plan
from engine.tasks.request import InpaintRequest, Provenance, Result, Step
from engine.tasks.windows import context_of, plan_windows


def inpaint(model: SceneModel, request: InpaintRequest, provenance: Provenance) -> Iterator[Step]:
    """Run the task; the last step carries the new labels of the mask's box. Other voxels are not part of it.

    Raises `GridError` where the scene does not suit the model, `RequestError` where nothing is masked.
    """
    require_fit(model, request.scene)
    mask = request.mask.clip(request.scene.box)
    if mask.is_empty:
        raise RequestError("no voxel of the scene is masked; paint a mask or give a box inside the scene")
    scene = request.scene.snapshot()
    card = model.card
    canvas = Canvas(scene, mask.box, mask.array.copy(), request.layout)
    region = context_of(mask.box, scene.grid.shape[2], card.cell)
    todo = np.asarray(mask.within(region).any(axis=2))
    windows = plan_windows(todo, region, card.window, min(OVERLAP, card.window // 2), card.cell)
    planned = yield from plan(model, canvas, region, request.sampling, len(windows))
    total = yield from fill(model, canvas, windows, request.sampling, planned)
    yield Step(total, total, "done", result=Result(mask.box, scene.read(mask.box), mask, provenance))

"""Make a scene from nothing, or from a layout."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from engine.errors import RequestError
from engine.geometry.maps import CELL
from engine.grid import Grid
from engine.labels import label_space
from engine.mask import VoxelMask
from engine.models.contract import SceneModel
from engine.scene import VoxelScene
from engine.tasks.fill import Canvas, fill
from engine.tasks.layout import plan
from engine.tasks.request import GenerateRequest, Provenance, Result, Step
from engine.tasks.work import work_of


def generate(model: SceneModel, request: GenerateRequest, provenance: Provenance) -> Iterator[Step]:
    """Run the task; the last step carries the result. Raises `RequestError` for a size or layout that cannot be."""
    card = model.card
    x, y = request.size
    if min(x, y) < card.cell:
        raise RequestError(
            f"a scene of {x} x {y} voxels is too small for model '{card.name}'; take {card.cell} or more"
        )
    cells = (-(-x // CELL), -(-y // CELL))
    if request.layout is not None and request.layout.classes.shape != cells:
        w, h = request.layout.classes.shape
        raise RequestError(
            f"the layout has {w} x {h} cells, a scene of {x} x {y} voxels has {cells[0]} x {cells[1]}; "
            f"pass --size {w * CELL} {h * CELL} or scale the picture"
        )
    grid = Grid((x, y, card.height), card.voxel_size)
    scene = VoxelScene(grid, label_space(card.label_space), metadata={"provenance": [provenance.to_json()]})
    canvas = Canvas(scene, scene.box, np.ones(grid.shape, dtype=np.bool_), request.layout)
    whole = model.compose(request.sampling.character, cells, request.sampling.seed)
    canvas.leaves = whole.leaves
    if request.layout is None or not request.layout.classes.any():
        canvas.composition = whole.composition
    work = work_of(request, card)
    planned = yield from plan(model, canvas, work.region, request.sampling, len(work.windows))
    total = yield from fill(model, canvas, work.windows, request.sampling, planned)
    result = Result(scene.box, scene.read(), VoxelMask.of_box(scene.box), provenance, scene)
    yield Step(total, total, "done", result=result)

"""Suggest a bird's-eye map, or the free cells of one, before any voxel is made."""

from __future__ import annotations

from collections.abc import Iterator

from engine.errors import ModelError, RequestError
from engine.geometry.maps import CELL, extrude
from engine.grid import Box
from engine.labels import label_space
from engine.mask import VoxelMask
from engine.models.contract import SceneModel
from engine.tasks.layout import completed, draw_map, plan_area
from engine.tasks.request import LayoutRequest, Provenance, Result, Step


def suggest(model: SceneModel, request: LayoutRequest, provenance: Provenance) -> Iterator[Step]:
    """Run the task; the last step carries the whole map.

    Raises `RequestError` where no cell is free, `ModelError` where the model cannot draw maps.
    """
    card, (wide, deep) = model.card, request.layout.classes.shape
    if request.layout.classes.all():
        raise RequestError("every cell of the map is decided; free those that may be drawn anew")
    box = Box.of_shape((wide * CELL, deep * CELL, card.height))
    area = plan_area(box)
    given = request.layout.window(0, 0, (area.shape[0] // CELL, area.shape[1] // CELL))
    wished = request.sampling.character
    if not given.classes.any():
        wished = model.compose(wished, (wide, deep), request.sampling.seed)
    denoise = model.bind_layout(given, wished)
    if denoise is None:
        raise ModelError(f"model '{card.name}' cannot draw maps; paint the map, or choose a model with a layout prior")
    last = None
    for last in draw_map(model, denoise, given, area, request.sampling):
        yield Step(last.index, last.total, "layout", last.sigma)
    drawn = completed(model, given, last).window(0, 0, (wide, deep))
    rough = extrude(drawn, card.height, label_space(card.label_space))
    result = Result(box, rough, VoxelMask.of_box(box), provenance, layout=drawn)
    yield Step(request.sampling.steps, request.sampling.steps, "done", result=result)

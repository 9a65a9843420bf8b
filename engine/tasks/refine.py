"""Make a scene of what a completion network predicted, or of what a laser scanner hit."""

from __future__ import annotations

from collections.abc import Iterator

from engine.errors import RequestError
from engine.models.contract import SceneModel
from engine.tasks.fill import Canvas, fill, require_fit
from engine.tasks.request import Provenance, RefineRequest, Result, Step
from engine.tasks.work import refined, work_of


def refine(model: SceneModel, request: RefineRequest, provenance: Provenance) -> Iterator[Step]:
    """Run the task; the last step carries the new labels of the mask's box, by default of everything.

    The model is told the prediction and starts from it (Lee et al. 2024, section 3.4), as far as `strength` says; what
    it cannot be told, it only starts from. There is no plan: the prediction says where streets are.

    Raises `GridError` where the scene does not suit the model, `RequestError` where nothing is masked or predicted.
    """
    require_fit(model, request.scene)
    scene, mask = request.scene.snapshot(), refined(request)
    if not bool(scene.count_classes()[list(scene.space.solid_ids)].any()):
        raise RequestError("the prediction has no solid voxel to go by; open the right file, or generate a scene")
    if mask.is_empty:
        raise RequestError("no voxel of the scene is masked; paint a mask, or leave it out to refine everything")
    canvas = Canvas(scene, mask.box, mask.array.copy(), request.layout, source=request.scene)
    total = yield from fill(model, canvas, work_of(request, model.card).windows, request.sampling)
    yield Step(total, total, "done", result=Result(mask.box, scene.read(mask.box), mask, provenance))

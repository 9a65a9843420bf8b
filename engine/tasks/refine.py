"""Make a scene of what a completion network predicted, or of what a laser scanner hit."""

from __future__ import annotations

from collections.abc import Iterator

from engine.errors import RequestError
from engine.geometry.underground import empty_hollow, fill_hollow, find_hollow
from engine.models.contract import SceneModel
from engine.tasks.fill import Canvas, fill, require_fit
from engine.tasks.request import Provenance, RefineRequest, Result, Step
from engine.tasks.work import refined, work_of


def refine(model: SceneModel, request: RefineRequest, provenance: Provenance) -> Iterator[Step]:
    """Run the task; the last step carries the new labels of the mask's box, by default of everything.

    The model is told the prediction and starts from it (Lee et al. 2024, section 3.4), as far as `strength` says; what
    it cannot be told, it only starts from. There is no plan: the prediction says where streets are. Where its ground is
    a mere skin, as scanners see it, the model is shown solid ground, and what it makes of that becomes a skin again.

    Raises `GridError` where the scene does not suit the model, `RequestError` where nothing is masked or predicted.
    """
    require_fit(model, request.scene)
    scene, mask = request.scene.snapshot(), refined(request)
    if not bool(scene.count_classes()[list(scene.space.solid_ids)].any()):
        raise RequestError("the prediction has no solid voxel to go by; open the right file, or generate a scene")
    if mask.is_empty:
        raise RequestError("no voxel of the scene is masked; paint a mask, or leave it out to refine everything")
    hollow = find_hollow(scene.read(), scene.space)
    if hollow is not None:
        scene.write(scene.box, fill_hollow(scene.read(), hollow, scene.space))
    canvas = Canvas(scene, mask.box, mask.array.copy(), request.layout, source=scene.snapshot())
    total = yield from fill(model, canvas, work_of(request, model.card).windows, request.sampling)
    labels = scene.read(mask.box)
    if hollow is not None:
        labels = empty_hollow(labels, hollow[mask.box.slices], scene.space)
    yield Step(total, total, "done", result=Result(mask.box, labels, mask, provenance))

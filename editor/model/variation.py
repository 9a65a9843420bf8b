"""Candidates that come from other candidates: more like one, or the estimate of a step on the way to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from importlib.metadata import version

import numpy as np

from editor.model.candidate import Candidate
from editor.model.card import Card
from editor.model.film import PLAN_STAGE
from editor.model.proposal import Proposal, region_of
from engine.errors import RequestError
from engine.grid import Box, Grid
from engine.labels import label_space
from engine.mask import VoxelMask
from engine.scene import Labels, VoxelScene
from engine.tasks.request import (
    GenerateRequest,
    InpaintRequest,
    OutpaintRequest,
    Provenance,
    RefineRequest,
    Request,
    Result,
)

_NOTHING = np.zeros((0, 0, 0), dtype=np.uint8)


def variations(proposal: Proposal, strength: float, seeds: Sequence[int]) -> list[Candidate]:
    """Ask for more like the shown candidate: the same voxels, sampled from its result on instead of from noise.

    `strength` is how much of the noise they start with, above 0 to 1. Raises `RequestError` without a result.
    """
    parent, question = proposal.candidate, proposal.request
    result = parent.result
    if result is None:
        raise RequestError("this variant is not finished; wait for it, then ask for more like it")
    if result.scene is not None:
        scene = result.scene.snapshot()
    else:
        assert isinstance(question, InpaintRequest | RefineRequest)
        scene = question.scene.snapshot()
        scene.write(result.box, result.labels, result.mask.within(result.box))
    mask = VoxelMask.of_array(proposal.new_voxels(result.box), result.box.lower)
    layout, context = getattr(question, "layout", None), getattr(question, "context", None)
    if isinstance(question, OutpaintRequest):
        layout = None  # it is in the frame of the old scene
    base = replace(result, labels=_NOTHING) if result.scene is not None else None
    note = f"like seed {parent.request.sampling.seed}"
    samplings = [replace(parent.request.sampling, seed=seed, strength=strength) for seed in seeds]
    return [Candidate(InpaintRequest(scene, mask, sampling, layout, context), base, note) for sampling in samplings]


def estimate(candidate: Candidate, moment: int | None, card: Card | None) -> Result:
    """Make a result of what a step showed, as if the run had ended there.

    Raises `RequestError` where nothing was shown yet, or only the plan of a map.
    """
    picture = candidate.picture(moment)
    step = candidate.film.frames[moment if moment is not None else -1] if candidate.film.frames else None
    if picture is None or step is None:
        raise RequestError("no step was shown yet; wait for the first picture, or turn previews on")
    if step.stage == PLAN_STAGE:
        raise RequestError("the plan of a map is shown, and no voxels; go to a later step")
    request = candidate.request
    provenance = Provenance.of(request, request.sampling.model, card.sha256 if card else "", version("scenewright"))
    provenance = replace(provenance, sampling={**provenance.sampling, "stopped_at": step.index})
    return _result(request, picture, provenance, card)


def _result(request: Request, picture: tuple[Box, Labels], provenance: Provenance, card: Card | None) -> Result:
    (box, labels), region = picture, region_of(request)
    if isinstance(request, InpaintRequest | RefineRequest) and region is not None:
        whole = request.scene.read(region.box)
        part = box.intersect(region.box)
        whole[part.relative_to(region.box).slices] = labels[part.relative_to(box).slices]
        return Result(region.box, whole, region, provenance)
    if not isinstance(request, GenerateRequest | OutpaintRequest):
        raise RequestError(f"a step of '{request.name}' is no scene; wait for the end")
    scene = _blank(request, card)
    scene.write(box, labels)
    new = VoxelMask.of_box(scene.box)
    if isinstance(request, OutpaintRequest):
        old = request.scene.box.shift((*(request.at or (0, 0)), 0))
        scene.write(old, request.scene.read())
        new = new.subtract(VoxelMask.of_box(old))
    scene.metadata.setdefault("provenance", []).append(provenance.to_json())
    return Result(scene.box, scene.read(), new, provenance, scene, getattr(request, "at", None) or (0, 0))


def _blank(request: GenerateRequest | OutpaintRequest, card: Card | None) -> VoxelScene:
    """Make the scene that a request's voxels belong into, still without them."""
    if isinstance(request, OutpaintRequest):
        (x, y), (wide, deep) = request.at or (0, 0), request.size
        return request.scene.cut(Box((-x, -y, 0), (wide - x, deep - y, request.scene.grid.shape[2])))
    if card is None:
        raise RequestError(f"model '{request.sampling.model}' is gone, and with it the size of a voxel")
    return VoxelScene(Grid((*request.size, card.height), card.voxel_size), label_space(card.label_space))

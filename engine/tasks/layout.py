"""Plan before building: complete the bird's-eye map of a canvas, so that streets go somewhere over any distance."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from engine.diffusion.denoiser import Denoise
from engine.diffusion.samplers import SAMPLERS, DenoiseStep
from engine.diffusion.schedule import flow_sigmas
from engine.errors import SamplingError
from engine.geometry.maps import CELL, LAYOUT_CLASSES, LayoutMap, extrude, visible_layout_of
from engine.grid import Box
from engine.labels import UNKNOWN
from engine.mask import VoxelMask
from engine.models.contract import SceneModel
from engine.tasks.fill import Canvas, count_steps, noise_source
from engine.tasks.request import Sampling, Step
from engine.tasks.streets import lead_on

_PATCH = 8
"""Cells: the sides of a map that is denoised are multiples of this."""

_LEFT = 2
"""Cells beside known voxels that are left to the denoiser: the seam ratio of 24 edits fell from 2.6 to 2.2, with 1 to
2.25, with no map at all to 2.1."""

_LAYOUT_STREAM = 1
"""Told to the random generator, so that maps and voxels never share noise."""

_BUILDING = LAYOUT_CLASSES.index("building")


def plan_area(region: Box) -> Box:
    """Grow a region to what a map can cover: from whole cells on, sides multiples of 8 cells."""
    (x0, y0, z0), (x1, y1, z1) = region.snap((CELL, CELL, 1)).lower, region.upper
    side = CELL * _PATCH
    return Box((x0, y0, z0), (x0 - (x0 - x1) // side * side, y0 - (y0 - y1) // side * side, z1))


def plan(
    model: SceneModel, canvas: Canvas, region: Box, sampling: Sampling, windows: int
) -> Generator[Step, None, int]:
    """Complete the map of a region before its windows are made, where the model can; tells how many steps that took.

    Cells that people give or voxels decide stay; the others are denoised, and `canvas.layout` is set. Those beside
    known voxels are left free: the denoiser, which sees the voxels themselves, lets things go on better than a map can
    tell it; an edit with no other cells needs no map at all. Yields one step per denoising step; where previews are
    asked for, each shows the plan as a rough model, which costs next to nothing. Use as
    `before = yield from plan(...)`.
    """
    area = plan_area(region)
    seen = seen_layout(canvas, area)
    given = overlaid(seen, canvas.layout_in(area))
    denoise = model.bind_layout(given, canvas.wished(sampling))
    if denoise is None:
        return 0
    canvas.layout, canvas.layout_at = given, (area.lower[0] // CELL, area.lower[1] // CELL)
    left = cells_left(seen, given)
    if not _is_open(canvas, area, (given.classes == 0) & ~left):
        return 0
    steps = _steps_for(given, sampling)
    total = steps + windows * count_steps(sampling)
    last = None
    for last in draw_map(model, denoise, given, area, replace(sampling, steps=steps)):
        box, labels = None, None
        if sampling.preview != "off":
            rough = extrude(merged(given, model.read_layout(last.x0)), area.shape[2], canvas.scene.space)
            box, labels = canvas.preview(area, rough)
        yield Step(last.index, total, "layout", last.sigma, box, labels)
    drawn = completed(model, given, last)
    canvas.layout = LayoutMap(np.where(left, 0, drawn.classes), np.where(left, 0, drawn.heights))
    return steps


def _steps_for(given: LayoutMap, sampling: Sampling) -> int:
    """Tell in how many steps a map is drawn: half of them where most of it is given, and little is left to choose.

    Of 112 edits (48, 40 and 24 of 48, 96 and 128 voxels) as many voxels or more were right with half the steps, and
    seams no more visible.
    """
    return -(-sampling.steps // 2) if _is_mostly_given(given) else sampling.steps


def _is_mostly_given(layout: LayoutMap) -> bool:
    return bool(np.count_nonzero(layout.classes) > layout.classes.size / 2)


def draw_map(
    model: SceneModel, denoise: Denoise, given: LayoutMap, area: Box, sampling: Sampling
) -> Iterator[DenoiseStep]:
    """Denoise the picture of the map of an area, whose sides are multiples of 8 cells; `given` is what is decided."""
    sigmas = flow_sigmas(sampling.steps)
    white = noise_source(area, sampling.seed, _LAYOUT_STREAM)
    start = model.colour_layout(white, not given.classes.any() and sampling.character.is_open)
    cells = (1, len(LAYOUT_CLASSES), *given.classes.shape)
    x = sigmas[0].item() * start(torch.empty(cells, device=model.device))
    yield from SAMPLERS[sampling.sampler](denoise, x, sigmas, model.colour_layout(white))


def completed(model: SceneModel, given: LayoutMap, last: DenoiseStep | None) -> LayoutMap:
    """Read the map from the last step, with all that was given; where that is little, no street is left to end blindly.

    Raises `SamplingError` where the last step is of no use.
    """
    if last is None or not bool(torch.isfinite(last.x0).all()):
        raise SamplingError("the layout gave no usable numbers; try another seed or more steps")
    drawn = merged(given, model.read_layout(last.x0))
    return drawn if _is_mostly_given(given) else lead_on(drawn, given.classes == 0)


def seen_layout(canvas: Canvas, area: Box) -> LayoutMap:
    """Give the map of what voxels decide in an area: the cells whose ground can be seen."""
    labels = np.where(canvas.hidden_in(area), UNKNOWN, canvas.scene.read_padded(area, UNKNOWN))
    return visible_layout_of(labels, canvas.scene.space)


def overlaid(seen: LayoutMap, given: LayoutMap | None) -> LayoutMap:
    """Put what people give over what voxels decide."""
    if given is None:
        return seen
    decided = given.classes != 0
    return LayoutMap(np.where(decided, given.classes, seen.classes), np.where(decided, given.heights, seen.heights))


def cells_left(seen: LayoutMap, given: LayoutMap) -> NDArray[np.bool_]:
    """Tell which cells, `(X / 8, Y / 8)`, no map decides: those not given that lie beside cells that are seen."""
    is_seen = torch.from_numpy(seen.classes != 0).float()
    near = F.max_pool2d(is_seen[None], 2 * _LEFT + 1, stride=1, padding=_LEFT)[0]
    return np.asarray((near.numpy() > 0) & (given.classes == 0))


def _is_open(canvas: Canvas, area: Box, is_free: NDArray[np.bool_]) -> bool:
    """Tell whether any free cell has voxels to make."""
    to_make = VoxelMask(canvas.region, canvas.hidden).within(area).any(axis=2)
    wide, deep = is_free.shape
    return bool((to_make.reshape(wide, CELL, deep, CELL).any(axis=(1, 3)) & is_free).any())


def merged(given: LayoutMap, drawn: LayoutMap) -> LayoutMap:
    """Put what was drawn into the free cells of a map; buildings get a height where none was given."""
    classes = np.where(given.classes == 0, drawn.classes, given.classes)
    heights = np.where((given.heights == 0) & (classes == _BUILDING), np.maximum(drawn.heights, 1), given.heights)
    return LayoutMap(classes, heights.astype(np.uint8))

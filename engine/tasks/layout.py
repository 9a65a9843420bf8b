"""Plan before building: complete the bird's-eye map of a canvas, so that streets go somewhere over any distance."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch

from engine.diffusion.samplers import SAMPLERS
from engine.diffusion.schedule import flow_sigmas
from engine.errors import SamplingError
from engine.geometry.maps import CELL, LAYOUT_CLASSES, LayoutMap, extrude, layout_of
from engine.grid import Box
from engine.labels import UNKNOWN
from engine.models.contract import SceneModel
from engine.scene import Labels
from engine.tasks.fill import Canvas
from engine.tasks.request import Sampling, Step

_PATCH = 8
"""Cells: the sides of a map that is denoised are multiples of this."""

_BUILDING = LAYOUT_CLASSES.index("building")


def plans_layout(model: SceneModel, canvas: Canvas) -> bool:
    """Tell whether `complete_layout` has anything to do."""
    has_prior = model.bind_layout(LayoutMap.free((_PATCH, _PATCH))) is not None
    return has_prior and (canvas.layout is None or bool((canvas.layout.classes == 0).any()))


def complete_layout(model: SceneModel, canvas: Canvas, sampling: Sampling, total: int) -> Iterator[Step]:
    """Denoise the free cells of the canvas's map, given those that people or voxels decide; sets `canvas.layout`.

    Yields one step per denoising step, counted from 1 of `total`; where previews are asked for, each shows the plan as
    a rough model, which costs next to nothing.
    """
    given = known_layout(canvas)
    denoise = model.bind_layout(given)
    if denoise is None:
        return
    sigmas = flow_sigmas(sampling.steps)
    words = np.random.SeedSequence([sampling.seed, 0x1A70]).generate_state(1, np.uint64)
    generator = torch.Generator().manual_seed(int(words[0] >> np.uint64(1)))
    noise = torch.randn((1, len(LAYOUT_CLASSES), *given.classes.shape), generator=generator).to(model.device)
    last = None
    for last in SAMPLERS[sampling.sampler](denoise, sigmas[0].item() * noise, sigmas):
        box, labels = None, None
        if sampling.preview != "off":
            box, labels = _show(canvas, _merge(given, model.read_layout(last.x0)))
        yield Step(last.index, total, "layout", last.sigma, box, labels)
    if last is None or not bool(torch.isfinite(last.x0).all()):
        raise SamplingError("the layout gave no usable numbers; try another seed or more steps")
    canvas.layout = _merge(given, model.read_layout(last.x0)).window(0, 0, _cells(canvas))


def known_layout(canvas: Canvas) -> LayoutMap:
    """Give the map of what is decided: cells that were given, and cells whose voxels are all known.

    Its sides are padded with free cells to multiples of 8 cells.
    """
    wide, deep = (-(-n // _PATCH) * _PATCH for n in _cells(canvas))
    box = Box((0, 0, 0), (wide * CELL, deep * CELL, canvas.scene.grid.shape[2]))
    hidden = canvas.hidden_in(box).any(axis=2).reshape(wide, CELL, deep, CELL).any(axis=(1, 3))
    seen = layout_of(canvas.scene.read_padded(box, UNKNOWN), canvas.scene.space)
    given = (canvas.layout or LayoutMap.free((wide, deep))).window(0, 0, (wide, deep))
    decided = given.classes != 0
    classes = np.where(decided, given.classes, np.where(hidden, 0, seen.classes))
    heights = np.where(decided, given.heights, np.where(hidden, 0, seen.heights))
    return LayoutMap(classes.astype(np.uint8), heights.astype(np.uint8))


def _merge(given: LayoutMap, drawn: LayoutMap) -> LayoutMap:
    classes = np.where(given.classes == 0, drawn.classes, given.classes)
    heights = np.where((given.heights == 0) & (classes == _BUILDING), np.maximum(drawn.heights, 1), given.heights)
    return LayoutMap(classes, heights.astype(np.uint8))


def _show(canvas: Canvas, layout: LayoutMap) -> tuple[Box, Labels]:
    rough = extrude(layout, canvas.scene.grid.shape[2], canvas.scene.space)
    return canvas.preview(Box.of_shape((rough.shape[0], rough.shape[1], rough.shape[2])), rough)


def _cells(canvas: Canvas) -> tuple[int, int]:
    x, y, _ = canvas.scene.grid.shape
    return -(-x // CELL), -(-y // CELL)

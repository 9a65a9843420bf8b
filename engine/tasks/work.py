"""What a request will take: how far it looks, and the windows that it makes. Known before anything starts; no torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from engine.errors import RequestError
from engine.grid import Box
from engine.mask import VoxelMask
from engine.tasks.request import GenerateRequest, InpaintRequest, OutpaintRequest, RefineRequest
from engine.tasks.windows import CONTEXT, context_of, crop_of, plan_windows

OVERLAP = 96
"""Known band, in voxels, that each window of a scene larger than one window sees."""

Columns = NDArray[np.bool_]


class Sizes(Protocol):
    """What matters of a model here (`engine.models.cards.ModelCard` has it), voxels."""

    @property
    def height(self) -> int: ...

    @property
    def cell(self) -> int: ...

    @property
    def window(self) -> int: ...


@dataclass(frozen=True)
class Work:
    """Where a request is worked on.

    Attributes
    ----------
    region
        What is looked at, in the frame of the new scene; it may leave that.
    windows
        What the model makes at once, in order.
    """

    region: Box
    windows: tuple[Box, ...]

    @property
    def columns(self) -> int:
        """Columns of voxels that the model works on at every step, over all windows: what time grows with."""
        return sum(w.shape[0] * w.shape[1] for w in self.windows)


def work_of(request: GenerateRequest | InpaintRequest | OutpaintRequest | RefineRequest, card: Sizes) -> Work:
    """Plan the windows of a request; raises `RequestError` where it cannot be done."""
    if isinstance(request, InpaintRequest):
        return _inpainting(request, card)
    if isinstance(request, OutpaintRequest):
        return _outpainting(request, card)
    if isinstance(request, RefineRequest):
        return _refining(request, card)
    box = Box.of_shape((*request.size, card.height))
    return _work(np.ones(request.size, dtype=np.bool_), box, card, _usual_overlap(card))


def seen_of(request: InpaintRequest, cell: int) -> Box | None:
    """Give what an inpainting may look at, in whole cells and never less than its mask; `None`: all there is."""
    if request.context is None:
        return None
    box, height = request.context.union(request.mask.box), request.scene.grid.shape[2]
    return Box((*box.lower[:2], 0), (*box.upper[:2], height)).snap((cell, cell, 1))


def refined(request: RefineRequest) -> VoxelMask:
    """Tell which voxels are refined: those of the mask that lie in the scene, by default all."""
    scene = request.scene
    return VoxelMask.of_box(scene.box) if request.mask is None else request.mask.clip(scene.box)


def place_of(request: OutpaintRequest, cell: int) -> tuple[int, int]:
    """Give where the old corner lies in the new frame; raises `RequestError` where the old scene does not fit."""
    (x, y, _), (new_x, new_y) = request.scene.grid.shape, request.size
    if new_x < x or new_y < y or (new_x, new_y) == (x, y):
        raise RequestError(f"{new_x} x {new_y} voxels do not enlarge a scene of {x} x {y}; give a larger size")
    if request.at is None:
        return (new_x - x) // 2 // cell * cell, (new_y - y) // 2 // cell * cell
    ax, ay = request.at
    if not (0 <= ax <= new_x - x and 0 <= ay <= new_y - y):
        raise RequestError(
            f"a scene of {x} x {y} voxels at ({ax}, {ay}) leaves the new one of {new_x} x {new_y}; "
            f"place it within (0, 0) to ({new_x - x}, {new_y - y})"
        )
    return ax, ay


def new_columns(request: OutpaintRequest, cell: int) -> tuple[Columns, Columns]:
    """Tell which columns `(X, Y)` of the new scene are to be made, and which of the others nobody has made yet.

    Raises `RequestError` where the tiles lie outside the new scene or hold nothing new.
    """
    (x, y, _), (ax, ay) = request.scene.grid.shape, place_of(request, cell)
    new = np.ones(request.size, dtype=np.bool_)
    new[ax : ax + x, ay : ay + y] = False
    if request.tiles is None:
        return new, np.zeros_like(new)
    bounds, wanted = Box.of_shape((*request.size, request.scene.grid.shape[2])), np.zeros_like(new)
    for tile in request.tiles:
        if not bounds.contains(tile):
            raise RequestError(f"tile {tile} leaves the new scene {bounds}; enlarge the size or move the tile")
        wanted[tile.slices[:2]] = True
    wanted &= new
    if not wanted.any():
        raise RequestError("the tiles lie inside the old scene; choose at least one beside it")
    return wanted, new & ~wanted


def bounds_of(columns: Columns, height: int) -> Box:
    """Give the box round all columns that are marked, at full height; there must be one."""
    (x0, x1), (y0, y1) = (np.flatnonzero(columns.any(axis=axis))[[0, -1]].tolist() for axis in (1, 0))
    return Box((x0, y0, 0), (x1 + 1, y1 + 1, height))


def _inpainting(request: InpaintRequest, card: Sizes) -> Work:
    mask, height = request.mask.clip(request.scene.box), request.scene.grid.shape[2]
    seen = seen_of(request, card.cell)
    if seen is None:
        region = context_of(mask.box, height, card.cell)
    else:
        region = crop_of(_around(mask.box, card.window).clip(seen), height, card.cell)
    return _work(np.asarray(mask.within(region).any(axis=2)), region, card, _usual_overlap(card))


def _outpainting(request: OutpaintRequest, card: Sizes) -> Work:
    wanted, _ = new_columns(request, card.cell)
    region = bounds = Box.of_shape((*request.size, card.height))
    if request.tiles is not None:
        region = bounds_of(wanted, card.height).pad((request.overlap, request.overlap, 0)).clip(bounds)
    return _work(wanted[region.slices[:2]], region, card, request.overlap)


def _refining(request: RefineRequest, card: Sizes) -> Work:
    mask, scene = refined(request), request.scene
    seen = mask.box.pad((CONTEXT, CONTEXT, 0)).clip(scene.box)  # what lies beyond was not predicted
    region = crop_of(seen, scene.grid.shape[2], card.cell)
    return _work(np.asarray(mask.within(region).any(axis=2)), region, card, _usual_overlap(card))


def _around(box: Box, window: int) -> Box:
    """Grow a box along x and y to what one window can show, itself in the middle."""
    margins = [max((window - n) // 2, 0) for n in box.shape[:2]]
    return box.pad((*margins, 0))


def _work(todo: Columns, region: Box, card: Sizes, overlap: int) -> Work:
    return Work(region, tuple(plan_windows(todo, region, card.window, overlap, card.cell)))


def _usual_overlap(card: Sizes) -> int:
    return min(OVERLAP, card.window // 2)

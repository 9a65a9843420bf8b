"""Grow a scene, tile by tile, each one conditioned on its finished neighbours."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from engine.errors import RequestError
from engine.grid import Box
from engine.mask import VoxelMask
from engine.models.contract import SceneModel
from engine.tasks.fill import Canvas, fill, require_fit
from engine.tasks.layout import plan
from engine.tasks.request import OutpaintRequest, Provenance, Result, Step
from engine.tasks.windows import plan_windows


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


def outpaint(model: SceneModel, request: OutpaintRequest, provenance: Provenance) -> Iterator[Step]:
    """Run the task; the last step carries the new scene, whose old part keeps every byte.

    Raises `GridError` where the scene does not suit the model, `RequestError` for impossible sizes.
    """
    require_fit(model, request.scene)
    card, (x, y, z) = model.card, request.scene.grid.shape
    ax, ay = place_of(request, card.cell)
    if not card.cell <= request.overlap < card.window:
        raise RequestError(f"overlap {request.overlap} is outside {card.cell} to {card.window - 1} voxels; 96 is usual")
    scene = request.scene.cut(Box((-ax, -ay, 0), (request.size[0] - ax, request.size[1] - ay, z)))
    scene.metadata.setdefault("provenance", []).append(provenance.to_json())
    hidden = np.ones(scene.grid.shape, dtype=np.bool_)
    hidden[ax : ax + x, ay : ay + y] = False
    canvas = Canvas(scene, scene.box, hidden.copy(), request.layout)
    todo = np.asarray(hidden.any(axis=2))
    windows = plan_windows(todo, scene.box, card.window, request.overlap, card.cell)
    planned = yield from plan(model, canvas, scene.box, request.sampling, len(windows))
    total = yield from fill(model, canvas, windows, request.sampling, planned)
    result = Result(scene.box, scene.read(), VoxelMask(scene.box, hidden), provenance, scene, (ax, ay))
    yield Step(total, total, "done", result=result)

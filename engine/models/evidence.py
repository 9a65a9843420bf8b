"""What posterior guidance compares a latent with: voxels that are known, places that a lidar saw, a bird's-eye map.

Each makes a residual `A(x0) - y` for `guidance.posterior` out of any model's decoder. A few voxels are decoded per
evaluation, drawn anew each time from a seed, which bounds time and memory.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from engine.diffusion.guidance import Residual
from engine.errors import RequestError
from engine.geometry.maps import CELL, LAYOUT_CLASSES, LayoutMap
from engine.labels import UNKNOWN, label_space
from engine.models.contract import SceneModel

POINTS = 4096
"""Voxels that are decoded per evaluation."""

_LEAST = 1e-6
"""Below this, chances and what is left to gain count as this much."""

_COLUMNS = 4
"""Columns of a cell that stand for it."""

_BUILDING, _PLANTS = (LAYOUT_CLASSES.index(name) for name in ("building", "vegetation"))


def of_window(
    model: SceneModel,
    labels: NDArray[np.uint8],
    hidden: NDArray[np.bool_],
    source: NDArray[np.uint8] | None,
    layout: LayoutMap | None,
    seed: int,
) -> Residual | None:
    """Compare with all that is given in a window, known voxels, a source and a map; `None` where nothing is.

    What a source has solid and free counts as seen, whatever its classes; its unknown voxels do not.
    """
    parts: list[Residual] = []
    if bool((~hidden & (labels != UNKNOWN)).any()):
        parts.append(known_voxels(model, labels, hidden, seed))
    if source is not None and bool((hidden & (source != UNKNOWN)).any()):
        seen = hidden & (source != UNKNOWN)
        parts.append(seen_places(model, seen & (source != 0), seen & (source == 0), seed))
    map_too = None if layout is None else of_map(model, layout, seed)
    if map_too is not None:
        parts.append(map_too)
    return (lambda z: torch.cat([part(z) for part in parts], dim=1)) if parts else None


def of_map(model: SceneModel, layout: LayoutMap, seed: int) -> Residual | None:
    """Compare with a map; `None` where it leaves every cell free."""
    return follow_map(model, layout, seed) if bool(layout.classes.any()) else None


def known_voxels(
    model: SceneModel, labels: NDArray[np.uint8], hidden: NDArray[np.bool_], seed: int, points: int = POINTS
) -> Residual:
    """Ask how likely the labels `(X, Y, Z)` of voxels are that are not hidden: half solid, half free.

    Raises `RequestError` where nothing is known.
    """
    known = ~hidden & (labels != UNKNOWN)
    draw = _Places([known & (labels != 0), known & (labels == 0)], points, seed)
    truth = torch.from_numpy(labels)

    def residual(z: Tensor) -> Tensor:
        voxels = draw()
        logits = model.logits_at(z, voxels.to(z.device))
        wanted = truth[tuple(voxels.t())].long().to(z.device)
        return _surprise(-F.cross_entropy(logits, wanted, reduction="none"))

    return residual


def seen_places(
    model: SceneModel, solid: NDArray[np.bool_], free: NDArray[np.bool_], seed: int, points: int = POINTS
) -> Residual:
    """Ask how likely what a lidar saw is: `solid` where rays end, `free` where they passed.

    Masks `(X, Y, Z)`; a place in neither was not seen and is the model's choice. Raises `RequestError` where nothing
    was seen.
    """
    draw = _Places([solid, free & ~solid], points, seed)
    truth = torch.from_numpy(solid)

    def residual(z: Tensor) -> Tensor:
        voxels = draw()
        logits = model.logits_at(z, voxels.to(z.device))
        said = torch.where(truth[tuple(voxels.t())].to(z.device), logits[:, 1:].logsumexp(dim=1), logits[:, 0])
        return _surprise(said - logits.logsumexp(dim=1))

    return residual


def follow_map(model: SceneModel, layout: LayoutMap, seed: int, points: int = POINTS) -> Residual:
    """Compare the chance that a column holds a class with what the map says of its cell; free cells do not count.

    A cell's own class should be in its columns, buildings and plants only where the map has them (plants may stand on
    building cells). Heights are not looked at. Raises `RequestError` for a map of free cells.
    """
    cells = np.argwhere(layout.classes != 0)
    if not len(cells):
        raise RequestError("the map leaves every cell free, so there is nothing to follow; paint some, or leave it out")
    rng, height = np.random.default_rng(seed), model.card.height
    ids = [label_space(model.card.label_space).find(name) for name in LAYOUT_CLASSES[1:]]
    count = min(max(points // (_COLUMNS * height), 1), len(cells))

    def residual(z: Tensor) -> Tensor:
        chosen = cells[rng.choice(len(cells), count, replace=False)]
        corners = np.repeat(chosen * CELL, _COLUMNS, axis=0)
        columns = np.repeat(corners + rng.integers(CELL, size=corners.shape), height, axis=0)
        heights = np.tile(np.arange(height), len(corners))[:, None]
        voxels = torch.from_numpy(np.concatenate([columns, heights], axis=1)).to(z.device)
        absent = 1.0 - model.logits_at(z, voxels).softmax(dim=1)[:, ids]
        present = 1.0 - absent.view(count, _COLUMNS, height, len(ids)).prod(dim=2).mean(dim=1)
        wanted, matters = _wishes(torch.from_numpy(layout.classes[tuple(chosen.T)].astype(np.int64)))
        right = torch.where(wanted.to(z.device), present, 1.0 - present).clamp(min=_LEAST)
        return _surprise((right.log() * matters.to(right)).flatten())

    return residual


def _surprise(log_likelihoods: Tensor) -> Tensor:
    """Make residuals `(1, N)` of log-likelihoods `(N,)`, half of whose squares add up to what is to be made small.

    Differences of probabilities would do as well for an unsure decoder; one that is sure of the wrong class has no
    gradient there.
    """
    return (-2.0 * log_likelihoods).clamp(min=_LEAST).sqrt()[None]


def _wishes(classes: Tensor) -> tuple[Tensor, Tensor]:
    """Tell which classes (but free) cells should hold, and of which the map says anything; `(N, 7) bool` each."""
    wanted = F.one_hot(classes - 1, len(LAYOUT_CLASSES) - 1).bool()
    matters = wanted.clone()
    matters[:, _BUILDING - 1] = True
    matters[:, _PLANTS - 1] |= classes != _BUILDING
    return wanted, matters


class _Places:
    """Draws voxels from masks `(X, Y, Z)`, as many from each as there are; `() -> (N, 3) int64`."""

    def __init__(self, masks: list[NDArray[np.bool_]], points: int, seed: int) -> None:
        found = [np.flatnonzero(mask) for mask in masks]
        self.groups = [group for group in found if len(group)]
        if not self.groups:
            raise RequestError("no voxel is known that the scene could be drawn towards; leave posterior guidance out")
        self.shape, self.share = masks[0].shape, points // len(self.groups)
        self.rng = np.random.default_rng(seed)

    def __call__(self) -> Tensor:
        flat = np.concatenate([self.rng.choice(g, min(self.share, len(g)), replace=False) for g in self.groups])
        return torch.from_numpy(np.stack(np.unravel_index(flat, self.shape), axis=1))

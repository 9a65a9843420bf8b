"""The lie of the land: streets that rise and fall, banks and terraces beside them, and the walls that hold these."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.data.city.canvas import BUILDING, FENCE, PARKING, ROAD, SIDEWALK, TERRAIN
from engine.data.city.noise import smooth_noise
from engine.data.city.plan import Block, Plan, Window

Floats = NDArray[np.float32]
_CELL = 430
_TREAD = 3
"""Height in voxels of one terrace."""
_KINDS = ("houses", "terrace", "slabs", "park", "field", "plaza")
_FORMS = ("bank", "wall", "terraces")


class Rise(NamedTuple):
    """How a block lies above the streets round it: ``form``, and ``lift`` (its window's shape) in voxels."""

    block: Block
    form: str
    lift: Floats


def draw_slope(size: tuple[int, int], span: int, rng: np.random.Generator) -> Floats:
    """Draw the smooth height of all streets above the lowest, in voxels; float32 of ``size``.

    No two columns side by side differ by more than a thirtieth of a voxel, so a floor of it never jumps by two.
    """
    return np.asarray(smooth_noise(rng, size, _CELL) * np.float32(span), np.float32)


def lift_blocks(plan: Plan, blocks: list[Block], span: int, rng: np.random.Generator) -> list[Rise]:
    """Set some blocks higher or lower than their streets, before anything is built; ``span`` is how hilly it is."""
    rises = []
    for block in blocks:
        odds = 0.15 + 0.09 * span
        if block.kind not in _KINDS or rng.random() > odds:
            continue
        form = str(rng.choice(_FORMS, p=[0.4, 0.36, 0.24]))
        lift = _draw_lift(plan, block, form, span, rng)
        level = plan.canvas.level[block.window]
        level[block.mask] = np.maximum(level + np.floor(lift + np.float32(0.5)), 1)[block.mask].astype(np.uint8)
        rises.append(Rise(block, form, lift))
    return rises


def _draw_lift(plan: Plan, block: Block, form: str, span: int, rng: np.random.Generator) -> Floats:
    """Height of a block's ground above that of the streets, as wide as its window."""
    depth = plan.canvas.depth[block.window]
    high = int(rng.choice([-2, 2, 2, 3, 3, 4] if span > 2 else [-2, 2, 2, 3]))
    if form == "bank":
        return np.asarray(high * np.clip((depth - 2) / (2.5 * abs(high)), 0, 1), np.float32)
    if form == "wall":
        return np.asarray(np.where(depth >= 1.6, high, 0), np.float32)
    level = plan.canvas.level[block.window].astype(np.float32)
    tread = np.floor(level / _TREAD) * _TREAD + _TREAD - 1
    return np.asarray((tread - level) * (depth >= 3), np.float32)


def settle_blocks(plan: Plan, rises: list[Rise], rng: np.random.Generator) -> None:
    """After building, let drives and paths climb to the lifted ground, and hold its steps by walls."""
    for rise in rises:
        _slope_paving(plan, rise)
    for rise in rises:
        if rise.form != "bank":
            _hold_steps(plan, rise.block, rng)


def _slope_paving(plan: Plan, rise: Rise) -> None:
    """Paved ground near the street rises evenly, where nothing stands."""
    canvas, window, mask = plan.canvas, rise.block.window, rise.block.mask
    paved = mask & np.isin(canvas.ground[window], (PARKING, SIDEWALK, ROAD)) & ~canvas.taken[window]
    part = np.clip(canvas.depth[window] / (4 * np.maximum(np.abs(rise.lift), 1)), 0, 1)
    down = np.floor(rise.lift + np.float32(0.5)) - np.floor(rise.lift * part + np.float32(0.5))
    level = canvas.level[window]
    level[paved] = np.maximum(level - down, 1)[paved].astype(np.uint8)


def _hold_steps(plan: Plan, block: Block, rng: np.random.Generator) -> None:
    """Where the ground falls by two voxels or more, its edge becomes a wall from the lower ground up."""
    canvas = plan.canvas
    window, inner = _grow(block.window, canvas.shape)
    level = canvas.level[window]
    foot = _lowest_beside(level)
    mask = np.zeros(level.shape, bool)
    mask[inner] = block.mask
    edge = mask & (level >= foot + 2) & (canvas.ground[window] == TERRAIN) & ~canvas.taken[window]
    if not edge.any():
        return
    label = FENCE if rng.random() < 0.7 else BUILDING
    tops = level.astype(np.int64) + int(rng.choice([0, 1, 1, 4]))
    ident = canvas.new_ident() if label == BUILDING else 0
    level[edge] = np.maximum(foot[edge], 1)
    canvas.raise_columns(window, edge, tops, label, ident)


def _grow(window: Window, shape: tuple[int, int]) -> tuple[Window, Window]:
    """A window wider by one voxel on each side that has one, and where the old one lies in it."""
    low = [max(part.start - 1, 0) for part in window]
    high = [min(part.stop + 1, size) for part, size in zip(window, shape, strict=True)]
    inner = [slice(part.start - start, part.stop - start) for part, start in zip(window, low, strict=True)]
    return (slice(low[0], high[0]), slice(low[1], high[1])), (inner[0], inner[1])


def _lowest_beside(level: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The lowest level of each column and its four neighbours."""
    out = level.copy()
    np.minimum(out[1:], level[:-1], out=out[1:])
    np.minimum(out[:-1], level[1:], out=out[:-1])
    np.minimum(out[:, 1:], level[:, :-1], out=out[:, 1:])
    np.minimum(out[:, :-1], level[:, 1:], out=out[:, :-1])
    return out

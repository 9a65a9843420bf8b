"""Water on the plan: rivers and ponds with their banks and quays, and the railings beside them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation, distance_transform_edt

from engine.data.city.canvas import FENCE, OTHER_GROUND, ROAD, SIDEWALK, TERRAIN, Canvas
from engine.data.city.noise import smooth_noise
from engine.data.city.plan import Block, Plan

BANK = 26.0
"""Width of the strip beside a river that no block covers, in voxels."""
_QUAY = 13.0
_POND_AREA = 24000


def flood(ground: NDArray[np.uint8], shore: NDArray[np.float32], walled: bool) -> NDArray[np.bool_]:
    """Draw water and banks wherever no street is; ``shore`` as of ``measure_river``. Returns the water, (X, Y)."""
    free = ground == 0
    water: NDArray[np.bool_] = free & (shore < 0)
    ground[water] = OTHER_GROUND
    ground[free & (shore >= 0) & (shore < BANK)] = TERRAIN
    if walled:
        ground[free & (shore >= 0) & (shore < _QUAY)] = SIDEWALK
    return water


def slope_banks(level: NDArray[np.uint8], ground: NDArray[np.uint8], shore: NDArray[np.float32], low: int) -> None:
    """Let grass beside the water fall to its level ``low``."""
    bank = (ground == TERRAIN) & (shore >= 0) & (shore < BANK)
    ramp = np.floor(shore / 3 + low + 1).astype(np.int64)
    level[bank] = np.minimum(level, ramp)[bank].astype(np.uint8)


def rail_water(canvas: Canvas, water: NDArray[np.bool_], shore: NDArray[np.float32], quays: bool) -> None:
    """Stand railings where bridges, and with ``quays`` also walks along a river, end at the water."""
    edge = binary_dilation(water, np.ones((3, 3), bool)) & ~water & (canvas.block == 0) & ~canvas.taken
    walk = (canvas.ground == SIDEWALK) & ((shore < 0) | quays)
    edge &= (canvas.ground == ROAD) | (canvas.ground == OTHER_GROUND) | walk
    window = (slice(0, canvas.shape[0]), slice(0, canvas.shape[1]))
    canvas.raise_columns(window, edge, canvas.level.astype(np.int64) + 5, FENCE)


def dig_ponds(plan: Plan, blocks: list[Block], rng: np.random.Generator) -> None:
    """Let water stand in the lawns of some large parks, with shores that fall gently to it."""
    canvas = plan.canvas
    for block in blocks:
        if block.kind not in ("park", "field") or block.area < _POND_AREA or rng.random() > 0.45:
            continue
        window = block.window
        lawn = block.mask & (canvas.ground[window] == TERRAIN) & ~canvas.taken[window] & (canvas.depth[window] > 26)
        noise = smooth_noise(rng, (block.mask.shape[0], block.mask.shape[1]), 100)
        noise += np.float32(0.8) * np.clip((canvas.depth[window] - 26) / 50, 0, 1)
        pond = lawn & (noise > float(np.quantile(noise[block.mask], 0.82)))
        if pond.sum() > 900:
            _fill_pond(canvas, block, pond)


def _fill_pond(canvas: Canvas, block: Block, pond: NDArray[np.bool_]) -> None:
    window = block.window
    level = canvas.level[window]
    low = max(int(level[pond].min()) - 2, 1)
    gap = distance_transform_edt(~pond)
    shore = block.mask & ~pond & ~canvas.taken[window] & (canvas.depth[window] > 8)
    level[shore] = np.minimum(level, np.floor(low + 1 + gap / 3).clip(0, 99))[shore].astype(np.uint8)
    level[pond] = low
    canvas.ground[window][pond] = OTHER_GROUND
    canvas.taken[window] |= pond

"""Open blocks: parks, squares, rough fields, and the gardens between detached houses."""

from __future__ import annotations

import numpy as np

from engine.data.city.borders import draw_border, stand_border
from engine.data.city.canvas import OTHER_GROUND, SIDEWALK, TERRAIN, VEGETATION
from engine.data.city.frame import Frame
from engine.data.city.noise import smooth_noise
from engine.data.city.perimeter import fence_round, hedge_line
from engine.data.city.plan import Block, Plan, extent, local, scatter, try_inner
from engine.data.city.public import lay_playground
from engine.data.city.trade import stand_market


def lay_yard(plan: Plan, block: Block) -> None:
    """Plant the inside of a block of houses; the houses come lot by lot."""
    scatter(plan, block, plan.trees, float(plan.rng.integers(3, 12)) / 10000, 22)
    scatter(plan, block, plan.bushes, 0.0009, 12)


def part_gardens(plan: Plan, block: Block) -> None:
    """Stand fences or hedges where gardens of different streets meet, round the houses that are there."""
    canvas, window, rng = plan.canvas, block.window, plan.rng
    owner = plan.field.street[window].astype(np.int64) * 2 + (plan.field.lateral[window] > 0)
    seam = np.zeros(block.mask.shape, bool)
    seam[1:] |= owner[1:] != owner[:-1]
    seam[:, 1:] |= owner[:, 1:] != owner[:, :-1]
    if rng.random() < 0.5:
        seam[:-1] |= seam[1:]
    seam &= block.mask & (canvas.depth[window] > 38) & ~canvas.taken[window] & (canvas.ground[window] == TERRAIN)
    stand_border(canvas, window, seam, plan.field.along[window], draw_border(rng, 0.55))


def lay_park(plan: Plan, block: Block) -> None:
    """Lay out lawns with winding paths, groves, a playground and a low hedge or fence."""
    rng, canvas, window = plan.rng, plan.canvas, block.window
    field = smooth_noise(rng, (block.mask.shape[0], block.mask.shape[1]), int(rng.integers(90, 150)))
    depth = canvas.depth[window]
    path = (np.abs(field - 0.5) < 0.03) | (depth < 4)
    canvas.ground[window][block.mask & path] = SIDEWALK
    hill = np.maximum(smooth_noise(rng, (block.mask.shape[0], block.mask.shape[1]), 110) - 0.4, 0) * 5
    rise = np.minimum(np.floor(hill), np.floor(np.maximum(depth - 6, 0) / 9)).astype(np.uint8)
    canvas.level[window][block.mask] += rise[block.mask]
    grove = smooth_noise(rng, (block.mask.shape[0], block.mask.shape[1]), 70) > 0.42
    before = len(plan.trees)
    scatter(plan, block, plan.trees, 0.0026, 8)
    plan.trees[before:] = [
        t for t in plan.trees[before:] if grove[int(t[0]) - window[0].start, int(t[1]) - window[1].start]
    ]
    scatter(plan, block, plan.bushes, 0.0014, 8)
    if rng.random() < 0.3:
        try_inner(plan, block, 24, ((28, 50), (24, 40), (12, 16)))
    for _ in range(int(rng.integers(0, 3))):
        lay_playground(plan, block)
    _put_benches(plan, block, block.area // 5000)
    if rng.random() < 0.5:
        hedge_line(plan, block, 5.0, float(rng.integers(120, 200)))


def _put_benches(plan: Plan, block: Block, count: int) -> None:
    """Benches and bins on paths and pavements of a block, facing anywhere."""
    window, rng = block.window, plan.rng
    paved = (plan.canvas.ground[window] == SIDEWALK) & (plan.canvas.depth[window] > 3)
    places = np.argwhere(block.mask & paved & ~plan.canvas.taken[window])
    for x, y in places[rng.integers(0, len(places), count)] if len(places) else ():
        spot = Frame(float(x + window[0].start), float(y + window[1].start), block.frame.ux, block.frame.uy)
        plan.props.append(("bench" if rng.random() < 0.7 else "bin", spot.turned(int(rng.integers(4)))))


def lay_plaza(plan: Plan, block: Block) -> None:
    """Lay out a paved square with rows of trees, planters and now and then a building."""
    rng, canvas, window = plan.rng, plan.canvas, block.window
    depth = canvas.depth[window]
    canvas.ground[window][block.mask] = OTHER_GROUND if rng.random() < 0.6 else SIDEWALK
    canvas.ground[window][block.mask & (depth < 10)] = SIDEWALK
    if rng.random() < 0.75:
        try_inner(plan, block, 34, ((60, 120), (44, 80), (16, 32)), deep=True)
    if rng.random() < 0.5:
        stand_market(plan, block, int(rng.integers(1, 6)))
    _put_benches(plan, block, block.area // 4000)
    u0, u1, v0, v1 = extent(block)
    u, v = local(block)
    step = float(rng.integers(34, 50))
    inlay = block.mask & (((u - u0) % (2 * step) < 5) | ((v - v0) % (2 * step) < 5)) & (depth > 14)
    canvas.ground[window][inlay] = SIDEWALK
    bed = block.mask & (depth > 40) & ((u - u0) % 96 < 30) & ((v - v0) % 120 < 14) & ~canvas.taken[window]
    canvas.ground[window][bed] = TERRAIN
    scatter(plan, block, plan.bushes, 0.004, 40)
    rows = [v0 + 26, v1 - 26] if rng.random() < 0.5 else list(np.arange(v0 + 26, v1 - 20, step))
    for row in rows:
        plan.trees += [block.frame.point(float(place), float(row)) for place in np.arange(u0 + 26, u1 - 20, step)]


def lay_field(plan: Plan, block: Block) -> None:
    """Lay out rough ground: meadow, thicket, bare spots and a few trees."""
    canvas, window, rng = plan.canvas, block.window, plan.rng
    thick = smooth_noise(rng, (block.mask.shape[0], block.mask.shape[1]), 44)
    rough = smooth_noise(rng, (block.mask.shape[0], block.mask.shape[1]), 7)
    wild = block.mask & (thick + 0.15 * rough > 0.78) & (canvas.depth[window] > 6) & ~canvas.taken[window]
    rise = np.floor((thick - 0.6) * 20 + rough * 4).astype(np.int64) + 1
    canvas.raise_columns(window, wild & (rise > 0), canvas.level[window] + rise, VEGETATION)
    bare = block.mask & (thick < 0.16) & (canvas.depth[window] > 6)
    canvas.ground[window][bare] = OTHER_GROUND
    scatter(plan, block, plan.trees, 0.0007, 10)
    scatter(plan, block, plan.bushes, 0.001, 6)
    if rng.random() < 0.4:
        fence_round(plan, block, 3.0, 6)

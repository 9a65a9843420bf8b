"""Buildings on the ground plan: footprints of joined wings, and their roofs."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_erosion

from engine.data.city.canvas import BUILDING, Canvas
from engine.data.city.frame import Frame, Patch, cut_patch, inside

Box = tuple[float, float, float, float]


class Roof(NamedTuple):
    """How a building ends: ``kind`` flat, gable, hip or shed, rising ``slope`` voxels a voxel from ``eave``."""

    kind: str
    eave: int
    slope: float


def draw_wings(kind: str, width: float, depth: float, rng: np.random.Generator) -> list[Box]:
    """Lay out the wings of a footprint in a box ``width`` (u, centred) by ``depth`` (v from 0), as local boxes."""
    w, d = width / 2, depth
    arm = float(rng.integers(40, 58)) / 100
    if kind == "L":
        side = -w if rng.random() < 0.5 else w
        wing = (min(side, side * (1 - 2 * arm)), max(side, side * (1 - 2 * arm)), 0.0, d)
        return [(-w, w, 0.0, d * arm), wing]
    if kind == "T":
        return [(-w, w, 0.0, d * arm), (-w * arm, w * arm, 0.0, d)]
    if kind == "U":
        thin = 2 * w * 0.32
        return [(-w, w, 0.0, d * arm), (-w, -w + thin, 0.0, d), (w - thin, w, 0.0, d)]
    return [(-w, w, 0.0, d)]


def footprint(frame: Frame, wings: list[Box], shape: tuple[int, int]) -> tuple[Patch, NDArray[np.bool_]] | None:
    """Rasterise the union of wings; None where it lies outside the plan."""
    spread = np.array(wings)
    patch = cut_patch(frame, (spread[:, 0].min(), spread[:, 1].max(), spread[:, 2].min(), spread[:, 3].max()), shape)
    if patch is None:
        return None
    mask = np.zeros(patch.u.shape, bool)
    for box in wings:
        mask |= inside(patch, box)
    return patch, mask


def roof_heights(patch: Patch, wings: list[Box], roof: Roof) -> NDArray[np.float32]:
    """Height above the base of every voxel of a patch: the highest wing's roof there; float32, 0 outside."""
    out = np.zeros(patch.u.shape, np.float32)
    for box in wings:
        u0, u1, v0, v1 = box
        du = np.minimum(patch.u - u0, u1 - patch.u)
        dv = np.minimum(patch.v - v0, v1 - patch.v)
        rise = np.zeros_like(out)
        if roof.kind == "gable":
            rise = dv if u1 - u0 >= v1 - v0 else du
        elif roof.kind == "hip":
            rise = np.minimum(du, dv)
        elif roof.kind == "shed":
            rise = (patch.v - v0) * np.float32(0.4)
        out = np.maximum(out, np.where(inside(patch, box), roof.eave + np.maximum(rise, 0) * roof.slope, 0))
    return out


def is_buildable(
    canvas: Canvas, patch: Patch, mask: NDArray[np.bool_], setback: float, block: int | None = None
) -> bool:
    """Tell whether a footprint lies in its block, back from the street, with nothing there yet."""
    if not mask.any():
        return False
    window = patch.window
    fine = (canvas.block[window] > 0) & (canvas.depth[window] >= setback) & ~canvas.taken[window]
    if block is not None:
        fine &= canvas.block[window] == block
    return bool(fine[mask].all())


def build(
    canvas: Canvas,
    frame: Frame,
    wings: list[Box],
    roof: Roof,
    setback: float,
    block: int | None = None,
    parapet: bool = True,
) -> bool:
    """Raise a building where it fits, with overhanging eaves or a parapet; returns whether it did."""
    found = footprint(frame, wings, canvas.shape)
    if found is None or not is_buildable(canvas, *found, setback, block):
        return False
    patch, mask = found
    base = int(canvas.level[patch.window][mask].max())
    tops = base + np.floor(roof_heights(patch, wings, roof) + np.float32(0.01)).astype(np.int32)
    if roof.kind == "flat" and parapet:
        tops += mask & ~binary_erosion(mask)
    ident = canvas.new_ident()
    canvas.raise_columns(patch.window, mask, tops, BUILDING, ident)
    if roof.kind in ("gable", "hip"):
        _hang_eaves(canvas, frame, wings, base + roof.eave, ident)
    return True


def _hang_eaves(canvas: Canvas, frame: Frame, wings: list[Box], level: int, ident: int) -> None:
    """Let a roof reach over the walls by a voxel or two."""
    wide = [(u0 - 1.6, u1 + 1.6, v0 - 1.6, v1 + 1.6) for u0, u1, v0, v1 in wings]
    found = footprint(frame, wide, canvas.shape)
    if found is not None:
        patch, mask = found
        canvas.add_detail(patch.window, mask & ~canvas.taken[patch.window], level - 1, level + 1, BUILDING, ident)


def cut_bands(canvas: Canvas, frame: Frame, box: Box, bands: tuple[tuple[int, int], ...]) -> None:
    """Set bands of windows back by a voxel along the long walls of a box-shaped building, heights above its base."""
    u0, u1, v0, v1 = box
    patch = cut_patch(frame, box, canvas.shape)
    if patch is None:
        return
    mask = inside(patch, (u0 + 4, u1 - 4, v0, v1)) & ((patch.v < v0 + 1.1) | (patch.v >= v1 - 1.1))
    mask &= canvas.solid[patch.window] == BUILDING
    if not mask.any():
        return
    base, top = int(canvas.level[patch.window][mask].max()), int(canvas.top[patch.window][mask].min())
    for low, high in bands:
        if base + high < top:
            canvas.add_detail(patch.window, mask, base + low, base + high, 0)


def add_chimney(canvas: Canvas, frame: Frame, u: float, v: float, rise: int, half: float = 1.6) -> None:
    """Set a chimney or a roof box on a building that stands there."""
    patch = cut_patch(frame, (u - half, u + half, v - half, v + half), canvas.shape)
    if patch is None:
        return
    mask = inside(patch, (u - half, u + half, v - half, v + half)) & (canvas.solid[patch.window] == BUILDING)
    if mask.any():
        top = np.minimum(int(canvas.top[patch.window][mask].max()) + rise, canvas.height)
        canvas.top[patch.window][mask] = top

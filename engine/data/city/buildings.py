"""Buildings on the ground plan: footprints of joined wings, and their roofs."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_erosion

from engine.data.city.canvas import BUILDING, Canvas
from engine.data.city.frame import Frame, Patch, cut_patch, inside

Box = tuple[float, float, float, float]
ROOFS = ("flat", "gable", "front", "hip", "half-hip", "gambrel", "mansard", "shed")
_EAVES = ("gable", "front", "hip", "half-hip", "gambrel")


class Roof(NamedTuple):
    """How a building ends: ``kind`` is one of ROOFS, rising ``slope`` voxels a voxel from ``eave``."""

    kind: str
    eave: int
    slope: float


class House(NamedTuple):
    """A building that stands: its frame and wings, the heights of its ground floor and of the walls, its instance."""

    frame: Frame
    wings: list[Box]
    base: int
    eave: int
    ident: int


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
        du = np.maximum(np.minimum(patch.u - u0, u1 - patch.u), 0)
        dv = np.maximum(np.minimum(patch.v - v0, v1 - patch.v), 0)
        across, end = (dv, du) if u1 - u0 >= v1 - v0 else (du, dv)
        rise = (patch.v - v0) * np.float32(0.4) if roof.kind == "shed" else _rise(roof.kind, across, end)
        out = np.maximum(out, np.where(inside(patch, box), roof.eave + np.maximum(rise, 0) * roof.slope, 0))
    return out


def _rise(kind: str, across: NDArray[np.float32], end: NDArray[np.float32]) -> NDArray[np.float32]:
    """How far a roof of slope 1 rises, by the distances to the long walls and to the ends of a wing."""
    half = np.float32(across.max()) * np.float32(0.5)
    if kind == "gable":
        return across
    if kind == "front":
        return end if end.max() < 1.6 * across.max() else across
    if kind == "hip":
        return np.asarray(np.minimum(across, end))
    if kind == "half-hip":
        return np.asarray(np.minimum(across, end + half))
    if kind in ("gambrel", "mansard"):
        near = across if kind == "gambrel" else np.minimum(across, end)
        return np.asarray(np.minimum(near * np.float32(2.5), near * np.float32(0.6) + half))
    return np.zeros_like(across)


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
) -> House | None:
    """Raise a building where it fits, with overhanging eaves or a parapet; None where it does not fit."""
    found = footprint(frame, wings, canvas.shape)
    if found is None or not is_buildable(canvas, *found, setback, block):
        return None
    patch, mask = found
    base = int(canvas.level[patch.window][mask].max())
    tops = base + np.floor(roof_heights(patch, wings, roof) + np.float32(0.01)).astype(np.int32)
    if roof.kind == "flat" and parapet:
        tops += mask & ~binary_erosion(mask)
    ident = canvas.new_ident()
    canvas.raise_columns(patch.window, mask, tops, BUILDING, ident)
    if roof.kind in _EAVES:
        _hang_eaves(canvas, frame, wings, base + roof.eave, ident)
    return House(frame, wings, base, roof.eave, ident)


def _hang_eaves(canvas: Canvas, frame: Frame, wings: list[Box], level: int, ident: int) -> None:
    """Let a roof reach over the walls by a voxel or two."""
    wide = [(u0 - 1.6, u1 + 1.6, v0 - 1.6, v1 + 1.6) for u0, u1, v0, v1 in wings]
    found = footprint(frame, wide, canvas.shape)
    if found is not None:
        patch, mask = found
        canvas.add_detail(patch.window, mask & ~canvas.taken[patch.window], level - 1, level + 1, BUILDING, ident)


def lift_roof(canvas: Canvas, house: House, box: Box, height: int) -> None:
    """Lift a local box of a house's roof to a height above its ground floor at least, for dormers and lift shafts."""
    patch = cut_patch(house.frame, box, canvas.shape)
    if patch is None:
        return
    mask = inside(patch, box) & (canvas.owner[patch.window] == house.ident)
    top = min(house.base + height, canvas.height)
    canvas.top[patch.window][mask] = np.maximum(canvas.top[patch.window][mask], top)


def add_chimney(canvas: Canvas, frame: Frame, u: float, v: float, rise: int, half: float = 1.6) -> None:
    """Set a chimney or a roof box on a building that stands there."""
    patch = cut_patch(frame, (u - half, u + half, v - half, v + half), canvas.shape)
    if patch is None:
        return
    mask = inside(patch, (u - half, u + half, v - half, v + half)) & (canvas.solid[patch.window] == BUILDING)
    if mask.any():
        top = np.minimum(int(canvas.top[patch.window][mask].max()) + rise, canvas.height)
        canvas.top[patch.window][mask] = top

"""Raises mapped footprints into buildings with roofs and windows, and stands fences, walls and hedges."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation, binary_erosion, distance_transform_edt

from engine.data.city.canvas import BUILDING, FENCE, ROAD, VEGETATION
from engine.data.city.frame import Frame
from engine.data.city.plan import Plan
from engine.data.places.features import VOXEL, Area, Line, Place
from engine.data.places.raster import Drawn, Window, draw_band, fill, frame_of

_PITCHED = {"gabled", "half-hipped", "gambrel", "saltbox"}
_SMALL = 190.0 / VOXEL**2
_STOREY = 15
_SILL, _LINTEL = 5, 11
_HEADROOM = 20
_BARRIERS = {
    "fence": (FENCE, 6, 11),
    "wall": (FENCE, 8, 13),
    "rail_guard": (FENCE, 3, 5),
    "kerb_wall": (FENCE, 1, 4),
    "hedge": (VEGETATION, 5, 10),
}


@dataclass(frozen=True)
class _House:
    """A building that stands: its mask in a window, the height of its foot and its walls, its main direction."""

    window: Window
    mask: NDArray[np.bool_]
    base: int
    eave: int
    frame: Frame


def raise_buildings(plan: Plan, place: Place) -> None:
    """Raise all footprints, cut windows into their outer walls, open passages for the streets that run through."""
    houses = []
    for area in place.areas:
        if area.kind == "building":
            house = _raise(plan, area)
            if house is not None:
                houses.append(house)
    for house in houses:
        _cut_windows(plan, house)
    for line in place.lines:
        if line.passage:
            _open_passage(plan, line)


def stand_barriers(plan: Plan, place: Place) -> None:
    """Stand fences, walls and hedges where nothing else is, never on a carriageway."""
    canvas = plan.canvas
    for line in place.lines:
        if line.kind not in _BARRIERS:
            continue
        label, low, high = _BARRIERS[line.kind]
        rise = int(plan.rng.integers(low, high))
        for window, mask in draw_band(line.points, max(line.width / VOXEL / 2, 0.8), canvas.shape):
            mask = mask & ~canvas.taken[window] & (canvas.ground[window] != ROAD)
            canvas.raise_columns(window, mask, canvas.level[window].astype(np.int64) + rise, label)


def _raise(plan: Plan, area: Area) -> _House | None:
    """Raise one footprint where nothing stands yet; what hangs in the air becomes a slab."""
    canvas = plan.canvas
    found = fill(area.rings, canvas.shape)
    if found is None:
        return None
    window, mask = _grow(*found, canvas.shape)
    mask &= ~canvas.taken[window]
    if mask.sum() < 12:
        return None
    base = int(canvas.level[window][mask].max())
    tall = area.tall if area.tall is not None else _guess_height(plan, int(mask.sum()))
    ident = canvas.new_ident()
    if area.low > 1.5:
        low, high = base + round(area.low / VOXEL), base + round(tall / VOXEL)
        canvas.add_detail(window, mask, low, max(high, low + 2), BUILDING, ident)
        return None
    frame, (_, width) = frame_of(area.rings)
    eave, rise = _shape_roof(plan, area, window, mask, tall, frame, width)
    canvas.raise_columns(window, mask, base + eave + rise, BUILDING, ident)
    if int(rise.max()) > 1 and not area.facets:
        lip = binary_dilation(mask) & ~mask & ~canvas.taken[window]
        canvas.add_detail(window, lip, base + eave - 1, base + eave + 1, BUILDING, ident)
    return _House(window, mask, base, eave, frame)


def _grow(window: Window, mask: NDArray[np.bool_], shape: tuple[int, int]) -> Drawn:
    """Widen a window by two voxels, as far as the plan goes, so that a building's surroundings are in it."""
    low = [max(part.start - 2, 0) for part in window]
    high = [min(part.stop + 2, size) for part, size in zip(window, shape, strict=True)]
    wide = np.zeros((high[0] - low[0], high[1] - low[1]), bool)
    x, y = window[0].start - low[0], window[1].start - low[1]
    wide[x : x + mask.shape[0], y : y + mask.shape[1]] = mask
    return (slice(low[0], high[0]), slice(low[1], high[1])), wide


def _guess_height(plan: Plan, area: int) -> float:
    """Draw a height in metres for a building whose map says none, by its footprint in voxels."""
    size = area * VOXEL**2
    low, high = (25, 34) if size < 45 else (32, 62) if size < 200 else (60, 150)
    return float(plan.rng.integers(low, high)) / 10


def _shape_roof(
    plan: Plan, area: Area, window: Window, mask: NDArray[np.bool_], tall: float, frame: Frame, width: float
) -> tuple[int, NDArray[np.int64]]:
    """Height of the walls in voxels and what the roof adds to it at every voxel of the window."""
    flat = np.zeros(mask.shape, np.int64)
    if area.facets:
        tops = _measure_roof(area, window, mask)
        eave = max(int(tops[mask].min()), 1)
        return eave, np.maximum(tops - eave, 0)
    top = max(round(tall / VOXEL), 8)
    shape = area.roof
    if shape is None and mask.sum() < _SMALL and 3.4 < tall < 10 and plan.rng.random() < 0.75:
        shape = "gabled" if plan.rng.random() < 0.6 else "hipped"
    if shape is None or shape == "flat":
        rim = mask & ~binary_erosion(mask)
        return top, rim.astype(np.int64)
    inner = _inset(window, mask, frame, width, shape in _PITCHED)
    slope = float(plan.rng.choice([0.4, 0.5, 0.6]))
    eave = max(top - int(inner.max() * slope * 0.7), 11)
    return eave, np.where(mask, np.floor(inner * slope).astype(np.int64), flat)


def _inset(window: Window, mask: NDArray[np.bool_], frame: Frame, width: float, ridged: bool) -> NDArray[np.float64]:
    """Distance from the eaves a roof rises from: the long walls only (ridged) or all walls."""
    edge = distance_transform_edt(np.pad(mask, 1))[1:-1, 1:-1]
    if not ridged:
        return np.asarray(edge)
    _, v = _local(window, frame)
    return np.maximum(width / 2 - np.abs(v), 0.0)


def _local(window: Window, frame: Frame) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    dx = np.arange(window[0].start, window[0].stop)[:, None] - frame.x
    dy = np.arange(window[1].start, window[1].stop)[None, :] - frame.y
    return dx * frame.ux + dy * frame.uy, dy * frame.ux - dx * frame.uy


def _measure_roof(area: Area, window: Window, mask: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Heights in voxels above the ground of the mapped roof; where no facet covers, the lowest one goes on."""
    out = np.full(mask.shape, -1.0)
    shape = (window[0].stop, window[1].stop)
    for facet in area.facets:
        found = fill(facet.rings, shape)
        if found is None:
            continue
        (rows, columns), inside = found
        first = max(rows.start, window[0].start), max(columns.start, window[1].start)
        inside = inside[first[0] - rows.start :, first[1] - columns.start :]
        part = tuple(slice(f - w.start, f - w.start + n) for f, w, n in zip(first, window, inside.shape, strict=True))
        x = np.arange(first[0], first[0] + inside.shape[0])[:, None]
        y = np.arange(first[1], first[1] + inside.shape[1])[None, :]
        a, b, c = facet.plane
        out[part] = np.maximum(out[part], np.where(inside, (a * x + b * y + c) / VOXEL, -1.0))
    known = out[mask & (out >= 0)]
    return np.round(np.where(out >= 0, out, known.min() if len(known) else 15.0)).astype(np.int64)


def _cut_windows(plan: Plan, house: _House) -> None:
    """Set windows back by a voxel, storey by storey, in walls that face the open."""
    canvas, window = plan.canvas, house.window
    if house.eave < _LINTEL + 3 or house.mask.sum() < 300:
        return
    inner = binary_erosion(canvas.solid[window] == BUILDING, border_value=1)
    u, v = _local(window, house.frame)
    period = float(plan.rng.integers(11, 17))
    open_part = ((u % period) < 0.55 * period) ^ ((v % period) < 0.55 * period)
    rim = house.mask & ~inner & open_part
    for low in range(house.base, min(house.base + house.eave - _LINTEL - 1, canvas.height), _STOREY):
        canvas.add_detail(window, rim, low + _SILL, low + _LINTEL, 0)


def _open_passage(plan: Plan, line: Line) -> None:
    """Cut a street's way through the ground floor of whatever stands on it, and pave it."""
    canvas = plan.canvas
    for window, mask in draw_band(line.points, max(line.width / VOXEL / 2, 7.0), canvas.shape):
        mask = mask & (canvas.solid[window] == BUILDING)
        if mask.any():
            level = int(canvas.level[window][mask].min())
            canvas.add_detail(window, mask, 0, level + _HEADROOM, 0)
            canvas.add_detail(window, mask, 0, level, ROAD)

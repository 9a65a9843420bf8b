"""Houses wall to wall along the streets of a block: a band cut into units, raised with roofs, its walls dressed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation, binary_erosion

from engine.data.city.canvas import BUILDING, SIDEWALK
from engine.data.city.facades import (
    REACH,
    STOREY,
    Wall,
    cut_rows,
    hang_awnings,
    hang_balconies,
    stand_scaffold,
    storeys,
)
from engine.data.city.plan import Block, Plan

_PASSAGE = 15


@dataclass
class Ring:
    """The built band of a block: from depth ``setback``, ``thick`` deep, cut into houses ``unit`` wide.

    ``band`` bool where it stands and ``units`` int64 the house a voxel belongs or is nearest to (-1 none), both of the
    window's shape; ``whole`` bool (k,) the houses of full size, ``stands`` those not left open; ``base``, ``eaves`` and
    ``idents`` int64 (k,) are known once it is raised.
    """

    setback: float
    thick: float
    unit: float
    band: NDArray[np.bool_]
    units: NDArray[np.int64]
    whole: NDArray[np.bool_]
    stands: NDArray[np.bool_]
    base: NDArray[np.int64]
    eaves: NDArray[np.int64]
    idents: NDArray[np.int64]

    @property
    def count(self) -> int:
        """How many houses the band is cut into."""
        return len(self.whole)


def draw_ring(plan: Plan, block: Block, setback: float, thick: float, unit: float, gap_odds: float) -> Ring:
    """Cut the band between two depths into units along the streets; some whole units are left open."""
    window, rng = block.window, plan.rng
    depth = plan.canvas.depth[window]
    side = plan.field.lateral[window] > 0
    place = np.floor(plan.field.along[window] / np.float32(unit)).astype(np.int64)
    key = (plan.field.street[window].astype(np.int64) * 2 + side) * 512 + place
    band = block.mask & (depth >= setback) & (depth < setback + thick) & ~plan.canvas.taken[window]
    names, index = np.unique(key[band], return_inverse=True)
    units = np.minimum(np.searchsorted(names, key), max(len(names) - 1, 0))
    if len(names):
        units[names[units] != key] = -1
    whole = np.bincount(index, minlength=len(names)) > 0.85 * unit * thick
    stands = ~((rng.random(len(names)) < gap_odds) & whole)
    band[band] = stands[index]
    nothing = np.zeros(len(names), np.int64)
    return Ring(setback, thick, unit, band, units, whole, stands, nothing, nothing, nothing)


def raise_ring(plan: Plan, block: Block, ring: Ring, eaves: NDArray[np.int64], slope: float, parts: float) -> None:
    """Raise the band: roofs rise from both sides to a ridge in the middle, eaves reach over the walls.

    ``parts`` is the share of houses with dormers, and with chimneys at their party walls.
    """
    if not ring.band.any():
        return
    canvas, window, pick = plan.canvas, block.window, np.maximum(ring.units, 0)
    ring.base = np.zeros(ring.count, np.int64)
    np.maximum.at(ring.base, ring.units[ring.band], canvas.level[window][ring.band])
    ring.eaves, ring.idents = eaves.astype(np.int64), canvas.idents + 1 + np.arange(ring.count)
    canvas.idents += ring.count
    walls = (ring.base + ring.eaves)[pick]
    tops = walls + _roof(plan, block, ring, slope, plan.rng.random(ring.count) < parts)
    canvas.raise_columns(window, ring.band, tops, BUILDING, ring.idents.astype(np.uint32)[pick])
    if slope:
        lip = binary_dilation(ring.band) & ~ring.band & ~canvas.taken[window] & (ring.units >= 0) & ring.stands[pick]
        for top in np.unique(walls[lip]).tolist():
            part = lip & (walls == top)
            canvas.add_detail(window, part, top - 1, top + 1, BUILDING, int(ring.idents[pick[part][0]]))


def _roof(plan: Plan, block: Block, ring: Ring, slope: float, picked: NDArray[np.bool_]) -> NDArray[np.int64]:
    """How far the roof rises over the eaves; flat roofs have a parapet, picked houses dormers and chimneys."""
    depth = plan.canvas.depth[block.window]
    inner = np.maximum(np.minimum(depth - ring.setback, ring.setback + ring.thick - depth), 0)
    rise = np.floor(inner * np.float32(slope)).astype(np.int64)
    if not slope:
        return (ring.band & ~binary_erosion(ring.band)).astype(np.int64)
    along = plan.field.along[block.window]
    rest = along - np.floor(along / np.float32(ring.unit)) * np.float32(ring.unit)
    mine = picked[np.maximum(ring.units, 0)]
    dormer = mine & (np.abs(rest - np.float32(ring.unit / 2)) < 5) & (inner > 3)
    chimney = mine & (rest < 4) & (np.abs(inner - np.float32(ring.thick * 0.36)) < 5)
    return np.asarray(np.where(chimney, rise + 5, np.where(dormer & (inner < 16), np.maximum(rise, 8), rise)))


def ring_walls(plan: Plan, block: Block, ring: Ring) -> tuple[Wall, Wall] | None:
    """The faces of a raised ring to the street and to the yard; None where nothing stands."""
    if not ring.band.any():
        return None
    depth = plan.canvas.depth[block.window]
    shell = ring.band & ~binary_erosion(ring.band)
    front = _face(plan, block, ring, ring.setback - depth, shell)
    return front, _face(plan, block, ring, depth - np.float32(ring.setback + ring.thick), shell)


def _face(plan: Plan, block: Block, ring: Ring, out: NDArray[np.float32], shell: NDArray[np.bool_]) -> Wall:
    canvas, window = plan.canvas, block.window
    near = (np.abs(out) < REACH) & (ring.units >= 0) & (ring.band | ~canvas.taken[window])
    near &= ring.stands[np.maximum(ring.units, 0)]
    x, y = np.nonzero(near)
    out, unit, skin = out[x, y], ring.units[x, y], shell[x, y]
    return Wall(
        x + window[0].start,
        y + window[1].start,
        plan.field.along[window][x, y],
        out,
        skin & (out <= 0.3) & (out > -1.2),
        ~ring.band[x, y] & (out > 0),
        ring.base[unit],
        ring.eaves[unit],
        ring.idents[unit],
        ring.unit,
    )


def dress_homes(plan: Plan, block: Block, ring: Ring) -> None:
    """Give terraced houses windows, a door each, and now and then a balcony to the garden."""
    rng, walls = plan.rng, ring_walls(plan, block, ring)
    if walls is None:
        return
    front, rear = walls
    period, width, at = float(rng.integers(10, 16)), float(rng.integers(5, 8)), float(rng.integers(2, 8)) / 10
    door = front.part(at, 5.0)
    cut_rows(plan.canvas, front, front.axes(period, width) & ~front.part(at, 10.0), storeys(40))
    cut_rows(plan.canvas, front, door, ((1, 10),), float(rng.choice([1.2, 3.0])))
    cut_rows(plan.canvas, rear, rear.axes(period + 2, width + 1), storeys(40, (2, 11)))
    if rng.random() < 0.5:
        hang_balconies(plan.canvas, front, front.part(at, 9.0) & (front.out <= 3), (STOREY - 3,), 3.0)
    if rng.random() < 0.35:
        hang_balconies(plan.canvas, rear, rear.part(0.5, ring.unit * 0.5), (STOREY - 1,), 6.0)


def dress_street(plan: Plan, block: Block, ring: Ring) -> None:
    """Give a perimeter block shops or homes on the ground floor, windows, doors, balconies on both sides, bays."""
    rng, canvas, walls = plan.rng, plan.canvas, ring_walls(plan, block, ring)
    if walls is None:
        return
    front, rear = walls
    period, width = float(rng.integers(11, 18)), float(rng.integers(6, 9))
    shops, at = bool(rng.random() < 0.55), float(rng.choice([0.15, 0.5, 0.85]))
    door = front.part(at, 6.0)
    cut_rows(canvas, front, front.axes(period, width), storeys(48)[1:])
    ground = front.axes(period * 1.7, period * 1.7 - 4) if shops else front.axes(period, width)
    cut_rows(canvas, front, ground & ~front.part(at, 9.0), ((2, 11),) if shops else ((6, 12),))
    cut_rows(canvas, front, door, ((0, 11),), 2.5)
    if shops:
        some = rng.random(ring.count) < 0.5
        shop = some[front.ident - int(ring.idents[0])] & ~front.part(at, 10.0)
        hang_awnings(canvas, front, shop & front.axes(period * 1.7, period * 1.7 - 2), float(rng.integers(4, 7)))
    if rng.random() < 0.12:
        house = front.ident == int(rng.choice(ring.idents))
        stand_scaffold(canvas, front, house, min(int(ring.eaves.min()) + 4, 30))
    _add_balconies(plan, ring, front, rear, period)
    cut_rows(canvas, rear, rear.axes(period, width), storeys(48))


def _add_balconies(plan: Plan, ring: Ring, front: Wall, rear: Wall, period: float) -> None:
    """Balconies to the street for some houses, loggias for others, and mostly balconies to the yard."""
    rng, floors = plan.rng, (STOREY - 1, 2 * STOREY - 1)
    lot = rng.random(ring.count)
    mine = lot[front.ident - int(ring.idents[0])]
    hung = (mine < 0.3) & front.axes(2 * period, 13.0)
    hang_balconies(plan.canvas, front, hung, floors, float(rng.integers(3, 6)))
    cut_rows(plan.canvas, front, (mine > 0.85) & front.axes(2 * period, 14.0), ((18, 26), (32, 40)), 5.5)
    if rng.random() < 0.6:
        behind = (lot[rear.ident - int(ring.idents[0])] < 0.6) & rear.axes(2.4 * period, 16.0)
        hang_balconies(plan.canvas, rear, behind, floors, float(rng.integers(5, 8)))


def cut_passage(plan: Plan, block: Block, ring: Ring, surface: int = SIDEWALK) -> bool:
    """Cut a gateway to the yard through one house of full size; returns whether there is one."""
    fit = np.flatnonzero(ring.whole & ring.stands & (ring.eaves > _PASSAGE + 2))
    if not len(fit):
        return False
    unit, window, canvas = int(fit[int(plan.rng.integers(len(fit)))]), block.window, plan.canvas
    along = plan.field.along[window]
    rest = along - np.floor(along / np.float32(ring.unit)) * np.float32(ring.unit)
    mask = ring.band & (ring.units == unit) & (np.abs(rest - np.float32(ring.unit / 2)) < 8)
    if not mask.any():
        return False
    base = int(ring.base[unit])
    canvas.ground[window][mask] = surface
    canvas.add_detail(window, mask, int(canvas.level[window][mask].min()), base + _PASSAGE, 0)
    return True

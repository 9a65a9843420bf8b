"""Draws the ground of a place: mapped areas, paths, tracks and water, and how high everything lies."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

from engine.data.city.canvas import BUILDING, OTHER_GROUND, PARKING, ROAD, SIDEWALK, TERRAIN
from engine.data.city.frame import Frame, cut_patch, inside
from engine.data.city.noise import smooth_noise
from engine.data.city.plan import Block, Plan, stall_rows
from engine.data.places.features import VOXEL, Area, Line, Place, signed_area
from engine.data.places.raster import Window, draw_band, fill, frame_of

_SURFACES = {
    "yard": TERRAIN,
    "works": OTHER_GROUND,
    "lawn": TERRAIN,
    "park": TERRAIN,
    "wood": TERRAIN,
    "scrub": TERRAIN,
    "garden": TERRAIN,
    "bare": OTHER_GROUND,
    "turf": TERRAIN,
    "pitch": OTHER_GROUND,
    "paved": OTHER_GROUND,
    "plaza": SIDEWALK,
    "water": OTHER_GROUND,
    "bridge": OTHER_GROUND,
    "walk": SIDEWALK,
    "street": ROAD,
    "parking": PARKING,
}
"""Kinds of ground in the order in which they are drawn, later ones over earlier ones."""
_ORDER = {kind: number for number, kind in enumerate(_SURFACES)}
KINDS = tuple(_SURFACES)
_APRON = 5.0


class Ground:
    """The ground being drawn: ``kinds`` (X, Y) uint8 is the index in KINDS of what was drawn last at each voxel.

    ``lots`` and ``squares`` are the parking lots and the places where people gather.
    """

    def __init__(self, plan: Plan, place: Place, free: NDArray[np.bool_]) -> None:
        self.plan = plan
        self.place = place
        self.free = free
        self.kinds = np.zeros(plan.canvas.shape, np.uint8)
        self.lots: list[Block] = []
        self.squares: list[Block] = []

    def draw(self) -> None:
        """Draw all areas, small ones over large ones of their kind, then tracks, watercourses and paths."""
        areas = [area for area in self.place.areas if area.kind in _ORDER]
        for area in sorted(areas, key=lambda a: (_ORDER[a.kind], -abs(signed_area(a.rings[0])))):
            self._draw_area(area)
        for line in self.place.lines:
            self._draw_line(line)

    def of_kind(self, kind: str) -> NDArray[np.bool_]:
        """Where a kind of ground was drawn last."""
        return np.asarray(self.kinds == _ORDER[kind])

    def _draw_area(self, area: Area) -> None:
        found = fill(area.rings, self.plan.canvas.shape)
        if found is None:
            return
        window, mask = found
        mask = mask & self.free[window]
        self._paint(window, mask, area.kind)
        if area.kind in ("parking", "park", "plaza") and mask.any():
            frame, _ = frame_of(area.rings)
            block = Block(0, area.kind, window, mask, frame, 0, 1.0, 0.0)
            (self.lots if area.kind == "parking" else self.squares).append(block)

    def _draw_line(self, line: Line) -> None:
        kind = {"rail": "works", "water": "water", "path": "walk"}.get(line.kind)
        if kind is None:
            return
        half = max(line.width / VOXEL / 2, 2.5)
        for window, mask in draw_band(line.points, half, self.plan.canvas.shape):
            wet = (self.kinds[window] == _ORDER["water"]) & (kind != "walk")
            self._paint(window, mask & self.free[window] & ~wet, kind)

    def _paint(self, window: Window, mask: NDArray[np.bool_], kind: str) -> None:
        self.plan.canvas.ground[window][mask] = _SURFACES[kind]
        self.kinds[window][mask] = _ORDER[kind]

    def roughen(self) -> None:
        """Let grass through the paving of works, as it is never all paved; tracks stay free."""
        canvas, rng = self.plan.canvas, self.plan.rng
        noise = smooth_noise(rng, canvas.shape, 60) * 0.8 + smooth_noise(rng, canvas.shape, 9) * 0.2
        rough = self.of_kind("works") & (noise > 0.58)
        for line in self.place.lines:
            if line.kind == "rail":
                for window, mask in draw_band(line.points, line.width / VOXEL / 2, canvas.shape):
                    rough[window] &= ~mask
        canvas.ground[rough] = TERRAIN

    def lay_levels(self, sunken: NDArray[np.bool_]) -> None:
        """Set the ground's height: a gentle slope, kerbs one voxel high where not ``sunken``, water below all."""
        canvas, rng = self.plan.canvas, self.plan.rng
        slope = np.floor(smooth_noise(rng, canvas.shape, 700) * 2.5).astype(np.uint8)
        canvas.level[:] = slope + np.uint8(2) + (~sunken).astype(np.uint8)
        water = self.of_kind("water")
        canvas.level[water] = 1

    def pave_aprons(self) -> None:
        """Lay a strip of paving round large buildings, over grass only."""
        canvas = self.plan.canvas
        standing = canvas.solid == BUILDING
        if standing.any():
            gap = distance_transform_edt(~standing)
            strip = (gap > 0) & (gap <= _APRON) & (canvas.ground == TERRAIN) & self.free & ~canvas.taken
            canvas.ground[strip] = SIDEWALK

    def wish_stalls(self) -> None:
        """Wish for parked cars: rows in lots, along the kerb in bays of one car's width or length."""
        for lot in self.lots:
            _wish(self.plan, lot)


def _wish(plan: Plan, lot: Block) -> None:
    frame = lot.frame
    x, y = np.nonzero(lot.mask)
    dx, dy = x + lot.window[0].start - frame.x, y + lot.window[1].start - frame.y
    u, v = dx * frame.ux + dy * frame.uy, dy * frame.ux - dx * frame.uy
    wide = float(np.ptp(v))
    if wide >= 46:
        stall_rows(plan, lot, 0.8)
        return
    step, turn = (28.0, False) if wide < 22 else (14.0, True)
    for place in np.arange(float(u.min()) + step / 2, float(u.max()) - step / 3, step):
        spot_x, spot_y = frame.point(float(place), float(v.min() + v.max()) / 2)
        ux, uy = (-frame.uy, frame.ux) if turn else (frame.ux, frame.uy)
        if not turn:
            _widen(plan, Frame(spot_x, spot_y, ux, uy))
        plan.stalls.append((spot_x, spot_y, ux, uy))


def _widen(plan: Plan, spot: Frame) -> None:
    """Make room for a car in a bay that is mapped a hand too narrow, on paving only."""
    box = (-14.0, 14.0, -6.2, 6.2)
    patch = cut_patch(spot, box, plan.canvas.shape)
    if patch is not None:
        surface = plan.canvas.ground[patch.window]
        strip = inside(patch, box) & ((surface == ROAD) | (surface == SIDEWALK)) & ~plan.canvas.taken[patch.window]
        plan.canvas.level[patch.window][strip & (surface == SIDEWALK)] -= 1
        surface[strip] = PARKING

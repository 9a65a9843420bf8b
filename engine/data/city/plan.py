"""What the layouts of blocks share: the plan they draw on and helpers to draw along a block's main street."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.data.city.annexes import dress_inner
from engine.data.city.buildings import Box, Roof, build, draw_wings, is_buildable
from engine.data.city.canvas import PARKING, ROAD, SIDEWALK, TERRAIN, Canvas
from engine.data.city.frame import Frame, cut_patch, inside
from engine.data.city.streets import StreetField, StreetLine

Window = tuple[slice, slice]
Range = tuple[int, int]


@dataclass
class Block:
    """One block: its id, kind, window of the plan, mask in it, the frame of its main street and where that is."""

    ident: int
    kind: str
    window: Window
    mask: NDArray[np.bool_]
    frame: Frame
    street: int
    side: float
    along: float

    @property
    def area(self) -> int:
        """How many voxels of the plan the block covers."""
        return int(self.mask.sum())


@dataclass
class Plan:
    """What the layouts read and write: the canvas, the streets, and spots where objects are wished for.

    ``stalls`` hold (x, y, ux, uy) of parking places; ``trees`` and ``bushes`` (x, y); ``props`` a kind of thing and the
    frame it stands in.
    """

    canvas: Canvas
    field: StreetField
    lines: list[StreetLine]
    rng: np.random.Generator
    stalls: list[tuple[float, float, float, float]] = dataclasses.field(default_factory=list)
    trees: list[tuple[float, float]] = dataclasses.field(default_factory=list)
    bushes: list[tuple[float, float]] = dataclasses.field(default_factory=list)
    props: list[tuple[str, Frame]] = dataclasses.field(default_factory=list)


def local(block: Block) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Local coordinates (u, v) of a block's window, to lay out patterns along its main street."""
    f = block.frame
    dx = np.arange(block.window[0].start, block.window[0].stop, dtype=np.float32)[:, None] - np.float32(f.x)
    dy = np.arange(block.window[1].start, block.window[1].stop, dtype=np.float32)[None, :] - np.float32(f.y)
    return dx * np.float32(f.ux) + dy * np.float32(f.uy), dy * np.float32(f.ux) - dx * np.float32(f.uy)


def extent(block: Block) -> tuple[float, float, float, float]:
    """The block's bounds (u0, u1, v0, v1) in its own frame."""
    u, v = local(block)
    return (
        float(u[block.mask].min()),
        float(u[block.mask].max()),
        float(v[block.mask].min()),
        float(v[block.mask].max()),
    )


def scatter(
    plan: Plan, block: Block, spots: list[tuple[float, float]], density: float, depth: float, until: float = np.inf
) -> None:
    """Wish for objects at random places of a block, ``density`` a voxel, ``depth`` to ``until`` from its edge."""
    away = plan.canvas.depth[block.window]
    places = np.argwhere(block.mask & (away > depth) & (away <= until))
    count = int(density * (block.area if until == np.inf else len(places)))
    if len(places) and count:
        chosen = places[plan.rng.integers(0, len(places), count)]
        spots += [(float(x + block.window[0].start), float(y + block.window[1].start)) for x, y in chosen]


def try_inner(
    plan: Plan, block: Block, setback: float, size: tuple[Range, Range, Range], deep: bool = False, tries: int = 6
) -> bool:
    """Put one free-standing building behind ``setback``, square to the block; returns whether a try fitted.

    ``size`` holds ranges of width, depth and eave; ``deep`` looks for the block's middle first and shrinks at each try.
    """
    canvas, rng = plan.canvas, plan.rng
    depth = np.where(block.mask, canvas.depth[block.window], -1)
    places = np.argwhere(depth > (max(setback, 0.7 * float(depth.max())) if deep else setback))
    for number in range(tries if len(places) else 0):
        x, y = places[int(rng.integers(len(places)))]
        shrink = 1 - 0.09 * number if deep else 1.0
        w, d = float(rng.integers(*size[0])) * shrink, float(rng.integers(*size[1])) * shrink
        spot = Frame(float(x + block.window[0].start), float(y + block.window[1].start), block.frame.ux, block.frame.uy)
        spot = spot.turned(int(rng.integers(4))).shift(0.0, -d / 2)
        wings = draw_wings(str(rng.choice(["I", "I", "L"])), w, d, rng)
        kind = str(
            rng.choice(["flat", "gable", "hip", "shed"], p=[0.55, 0.25, 0.1, 0.1] if w > 90 else [0.3, 0.3, 0.2, 0.2])
        )
        roof = Roof(kind, int(rng.integers(*size[2])), 0.2 if w > 90 else 0.5)
        house = build(canvas, spot, wings, roof, setback, block.ident)
        if house is not None:
            dress_inner(canvas, house, rng)
            return True
    return False


def facing_street(block: Block) -> Frame:
    """Turn a block's frame so that its main street lies towards -v, to line things up with a front."""
    return block.frame if block.side > 0 else block.frame.turned(2)


def find_room(plan: Plan, block: Block, wide: float, deep: float, setback: float, tries: int = 12) -> Frame | None:
    """Find free ground for a box ``wide`` (u, centred) by ``deep`` (v from 0) that faces the main street, or None."""
    canvas = plan.canvas
    places = np.argwhere(block.mask & (canvas.depth[block.window] > setback + min(wide, deep) * 0.4))
    for _ in range(tries if len(places) else 0):
        x, y = places[int(plan.rng.integers(len(places)))]
        front = facing_street(block)
        spot = Frame(float(x + block.window[0].start), float(y + block.window[1].start), front.ux, front.uy)
        spot = spot.shift(0.0, -deep / 2)
        box = (-wide / 2, wide / 2, 0.0, deep)
        patch = cut_patch(spot, box, canvas.shape)
        if patch is not None and is_buildable(canvas, patch, inside(patch, box), setback, block.ident):
            return spot
    return None


def paint_box(plan: Plan, block: Block, frame: Frame, box: Box, surface: int) -> None:
    """Give the free ground of a local box in a block another surface."""
    patch = cut_patch(frame, box, plan.canvas.shape)
    if patch is not None:
        mask = inside(patch, box) & (plan.canvas.block[patch.window] == block.ident) & ~plan.canvas.taken[patch.window]
        plan.canvas.ground[patch.window][mask] = surface


def clear_wishes(plan: Plan, frame: Frame, box: Box) -> None:
    """Drop the trees and bushes wished for so far in a local box, to keep a pitch or a playground clear."""
    for spots in (plan.trees, plan.bushes):
        x, y = np.array(spots).reshape(-1, 2).T
        u = (x - frame.x) * frame.ux + (y - frame.y) * frame.uy
        v = (y - frame.y) * frame.ux - (x - frame.x) * frame.uy
        hit = (u >= box[0]) & (u < box[1]) & (v >= box[2]) & (v < box[3])
        if hit.any():
            spots[:] = [spot for spot, gone in zip(spots, hit.tolist(), strict=True) if not gone]


def strip_lot(plan: Plan, block: Block, box: tuple[float, float, float, float]) -> None:
    """Pave a row of stalls, square to the block, wherever nothing stands."""
    u, v = local(block)
    canvas = plan.canvas
    strip = block.mask & (u >= box[0]) & (u < box[1]) & (v >= box[2]) & (v < box[3]) & ~canvas.taken[block.window]
    strip &= canvas.depth[block.window] > 2
    canvas.ground[block.window][strip] = PARKING
    for place in np.arange(box[0] + 8, box[1] - 6, 14.0):
        x, y = block.frame.point(float(place), box[2] + 13)
        plan.stalls.append((x, y, -block.frame.uy, block.frame.ux))


def stall_rows(plan: Plan, block: Block, share: float) -> None:
    """Wish for rows of parked cars square to the block, two rows and an aisle; only parking ground takes them."""
    u0, u1, v0, v1 = extent(block)
    f = block.frame
    for number, row in enumerate(np.arange(v0 + 22, v1 - 8, 31.0)):
        if number % 3 == 2:
            continue
        for place in np.arange(u0 + 10, u1 - 6, 14.0):
            if plan.rng.random() < share:
                x, y = f.point(float(place), float(row))
                plan.stalls.append((x, y, -f.uy, f.ux))


def open_entry(plan: Plan, block: Block, half: float = 15.0) -> None:
    """Cut an entry through the sidewalk where the block meets its main street, so that cars can get in."""
    line = plan.lines[block.street]
    spot = line.frame(block.along)
    spot = Frame(spot.x, spot.y, spot.ux * block.side, spot.uy * block.side)
    box = (-half, half, line.street.half - 1.0, line.street.half + 70.0)
    patch = cut_patch(spot, box, plan.canvas.shape)
    if patch is None:
        return
    canvas, window = plan.canvas, patch.window
    reach = inside(patch, box) & ~canvas.taken[window] & (canvas.ground[window] != ROAD)
    street = reach & (canvas.block[window] == 0) & (plan.field.street[window] == block.street)
    canvas.level[window][street & np.isin(canvas.ground[window], (SIDEWALK, TERRAIN))] -= 1
    canvas.ground[window][street] = ROAD
    yard = reach & (canvas.block[window] == block.ident) & (canvas.depth[window] < 16)
    canvas.ground[window][yard & (canvas.ground[window] == TERRAIN)] = PARKING

"""Dresses the walls of buildings: windows, doors, shop fronts, awnings, balconies, loggias and passages.

Everything that hangs on a house is of the house's own class and instance.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation, binary_erosion

from engine.data.city.buildings import House
from engine.data.city.canvas import BUILDING, POLE, VEGETATION, Canvas, Detail
from engine.data.city.frame import cut_patch

STOREY = 14
REACH = 8
Span = tuple[int, int]
Mask = NDArray[np.bool_]
Floats = NDArray[np.float32]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Wall:
    """One face of a house or of a row of equally long houses: n columns of the plan on and before it.

    ``x``, ``y`` int64 where they are, ``place`` float32 how far along the wall and ``out`` how far before it (negative
    inside), ``skin`` whether it is an outermost column of the house, ``free`` whether nothing stands there, ``base``
    the height of the ground floor, ``eave`` the wall's height above it, ``ident`` the house; ``length`` of one house.
    """

    x: Ints
    y: Ints
    place: Floats
    out: Floats
    skin: Mask
    free: Mask
    base: Ints
    eave: Ints
    ident: Ints
    length: float

    def axes(self, period: float, width: float, margin: float = 3.0) -> Mask:
        """Tell where openings lie: ``width`` wide and about ``period`` apart, evenly spread over each house."""
        rest, room = self._rest(), max(self.length - 2 * margin, 1.0)
        step = np.float32(room / max(int(room / period), 1))
        offset = (rest - np.float32(margin)) / step
        offset = (offset - np.floor(offset) - np.float32(0.5)) * step
        return np.asarray((np.abs(offset) < width / 2) & (rest > margin) & (rest < self.length - margin))

    def part(self, at: float, width: float) -> Mask:
        """Tell where one opening lies: ``width`` wide, its middle at a part ``at`` in [0, 1] of each house."""
        return np.asarray(np.abs(self._rest() - np.float32(at * self.length)) < width / 2)

    def _rest(self) -> Floats:
        return np.asarray(self.place - np.floor(self.place / np.float32(self.length)) * np.float32(self.length))


def walls_of(canvas: Canvas, house: House) -> list[Wall]:
    """List the faces of a house that stands: the front first, then the others wing by wing, none twice."""
    spread = np.array(house.wings)
    low, high = spread.min(0), spread.max(0)
    bounds = (low[0] - REACH, high[1] + REACH, low[2] - REACH, high[3] + REACH)
    patch = cut_patch(house.frame, bounds, canvas.shape)
    if patch is None:
        return []
    own = canvas.owner[patch.window] == house.ident
    shell = own & ~binary_erosion(own)
    near = own | binary_dilation(own, iterations=REACH) & ~canvas.taken[patch.window]
    x, y = np.nonzero(near)
    u, v, own, shell = patch.u[x, y], patch.v[x, y], own[x, y], shell[x, y]
    x, y = x + patch.window[0].start, y + patch.window[1].start
    used, walls = np.zeros(len(x), bool), []
    for place, out, length in _faces(house, u, v):
        pick = (place >= 0) & (place < length) & (out < REACH) & (out > -REACH) & ~used
        skin = shell & (out <= 0) & (out > -1.2)
        used |= pick & skin
        if (pick & skin).any():
            base, eave, ident = np.repeat(np.array([house[2:]], np.int64).T, int(pick.sum()), 1)
            free = (~own & (out > 0))[pick]
            walls.append(Wall(x[pick], y[pick], place[pick], out[pick], skin[pick], free, base, eave, ident, length))
    return walls


def _faces(house: House, u: Floats, v: Floats) -> Iterable[tuple[Floats, Floats, float]]:
    """Places along, distances before, and the length of each side of each wing; the main wing's front comes first."""
    for number, (u0, u1, v0, v1) in enumerate([house.wings[0], *house.wings[:0:-1], house.wings[0]]):
        wide, deep = u1 - u0, v1 - v0
        if number == 0 or len(house.wings) > number > 0:
            yield u - np.float32(u0), np.float32(v0) - v, wide
        if number > 0 or len(house.wings) == 1:
            yield u - np.float32(u0), v - np.float32(v1), wide
            yield v - np.float32(v0), np.float32(u0) - u, deep
            yield v - np.float32(v0), u - np.float32(u1), deep


def cut_rows(canvas: Canvas, wall: Wall, mask: Mask, rows: Sequence[Span], depth: float = 1.2) -> None:
    """Cut openings where ``mask`` says, at heights above the base and below the eaves, a voxel or ``depth`` deep."""
    inner = wall.skin if depth < 2 else ~wall.free & (wall.out <= 0) & (wall.out > -depth)
    for low, high in rows:
        cut = inner & mask & (wall.eave > high)
        for base in np.unique(wall.base[cut]).tolist():
            _add(canvas, wall, cut & (wall.base == base), (base + low, base + high), 0, 0)


def hang(canvas: Canvas, wall: Wall, mask: Mask, low: int, high: int) -> None:
    """Add a part before the wall; what has no hold on the wall is left out."""
    held = _held(wall, mask & wall.free & (wall.eave >= high))
    pairs = np.unique(np.stack([wall.ident[held], wall.base[held]], 1), axis=0)
    for ident, base in pairs.tolist():
        part = held & (wall.ident == ident) & (wall.base == base)
        _add(canvas, wall, part, (base + low, base + high), BUILDING, ident)


def hang_balconies(canvas: Canvas, wall: Wall, mask: Mask, floors: Sequence[int], depth: float) -> None:
    """Hang balconies on the wall: slabs with a parapet round them, at heights ``floors`` above the base."""
    slab = _held(wall, mask & wall.free & (wall.out <= depth))
    rim = slab & _is_rim(wall, slab)
    for floor in floors:
        tall = slab & (wall.eave >= floor + 6)
        hang(canvas, wall, tall, floor, floor + 1)
        hang_on(canvas, wall, tall & rim, floor + 1, floor + 5)


def hang_on(canvas: Canvas, wall: Wall, mask: Mask, low: int, high: int) -> None:
    """Add a part before the wall that stands on another one, such as a parapet on its slab."""
    for ident, base in np.unique(np.stack([wall.ident[mask], wall.base[mask]], 1), axis=0).tolist():
        part = mask & (wall.ident == ident) & (wall.base == base)
        _add(canvas, wall, part, (base + low, base + high), BUILDING, ident)


def grow_ivy(canvas: Canvas, wall: Wall, mask: Mask, high: int) -> None:
    """Let ivy climb a wall, a voxel thick."""
    held = _held(wall, mask & wall.free & (wall.out <= 1.2))
    for base in np.unique(wall.base[held]).tolist():
        _add(canvas, wall, held & (wall.base == base), (base, base + high), VEGETATION, 0)


def stand(canvas: Canvas, wall: Wall, mask: Mask, height: int) -> None:
    """Stand columns of the house before its wall, up to ``height`` above the base: steps, posts, pillars."""
    mask = mask & wall.free
    x, y = wall.x[mask], wall.y[mask]
    canvas.solid[x, y], canvas.owner[x, y], canvas.taken[x, y] = BUILDING, wall.ident[mask], True
    canvas.top[x, y] = np.minimum(wall.base[mask] + height, canvas.height)


def stand_scaffold(canvas: Canvas, wall: Wall, mask: Mask, high: int) -> None:
    """Stand a scaffold before a wall: posts two metres apart, decks two metres above each other; all of it pole."""
    mask = _held(wall, mask & wall.free & (wall.out <= 6))
    posts = mask & (wall.out > 4.5) & (np.abs(wall.place - np.floor(wall.place / 10) * 10 - 5) < 0.75)
    ident = canvas.new_ident()
    for base in np.unique(wall.base[mask]).tolist():
        here = wall.base == base
        _add(canvas, wall, posts & here, (max(base - 4, 0), base + high), POLE, ident)
        for deck in range(10, high - 4, 10):
            _add(canvas, wall, mask & here & (wall.out > 1), (base + deck - 1, base + deck), POLE, ident)
            _add(canvas, wall, mask & here & (wall.out > 4.5), (base + deck + 4, base + deck + 5), POLE, ident)
    canvas.taken[wall.x[posts], wall.y[posts]] = True


def hang_awnings(canvas: Canvas, wall: Wall, mask: Mask, depth: float, height: int = 12) -> None:
    """Hang awnings over shop fronts: flat, with an apron of two voxels at the outer edge."""
    cloth = mask & (wall.out <= depth)
    hang(canvas, wall, cloth, height, height + 1)
    hang_on(canvas, wall, _held(wall, cloth & wall.free) & (wall.out > depth - 1.2), height - 1, height)


def storeys(tall: int, ground: Span = (5, 11), upper: Span = (5, 11)) -> list[Span]:
    """List the rows of windows of walls up to ``tall``: one on the ground floor, then one a storey."""
    rows = [ground] + [(floor + upper[0], floor + upper[1]) for floor in range(STOREY, 48, STOREY)]
    return [row for row in rows if row[1] < tall]


def _held(wall: Wall, mask: Mask) -> Mask:
    """The columns of a mask from which the wall's skin is reached within the mask."""
    if not mask.any():
        return mask
    plan, solid = _raster(wall, mask), _raster(wall, wall.skin)
    reached = binary_dilation(solid, iterations=2 * REACH, mask=plan | solid)
    return np.asarray(mask & reached[wall.x - wall.x.min() + 1, wall.y - wall.y.min() + 1])


def _is_rim(wall: Wall, mask: Mask) -> Mask:
    if not mask.any():
        return mask
    plan = _raster(wall, mask | (wall.out <= 0))
    return np.asarray(~binary_erosion(plan)[wall.x - wall.x.min() + 1, wall.y - wall.y.min() + 1])


def _raster(wall: Wall, mask: Mask) -> Mask:
    """Draw columns into a small plan round the wall with a margin of one voxel."""
    x, y = wall.x - wall.x.min() + 1, wall.y - wall.y.min() + 1
    plan = np.zeros((int(x.max()) + 2, int(y.max()) + 2), bool)
    plan[x[mask], y[mask]] = True
    return plan


def _add(canvas: Canvas, wall: Wall, mask: Mask, span: Span, label: int, ident: int) -> None:
    low, high = span
    if mask.any() and low < canvas.height:
        canvas.details.append(Detail(wall.x[mask], wall.y[mask], low, min(high, canvas.height), label, ident))

"""What all brushes share: where they touch on their way, and the gesture from press to release."""

from __future__ import annotations

import math
from typing import NamedTuple, Protocol

from editor.model.pointer import Pointer
from editor.tools.gesture import Gesture, Position, Sight
from engine.geometry.rays import Hit


class Touch(NamedTuple):
    """Where a brush meets the scene, and the unit vector along which it is seen (voxels)."""

    hit: Hit
    way: tuple[float, float, float]


class Paint(Protocol):
    """What a brush leaves behind."""

    @property
    def gap(self) -> float:
        """Largest distance between two touches of a stroke, voxels."""
        ...

    def touch(self, touches: list[Touch]) -> None:
        """Add what the brush covers at these places, and show it."""
        ...

    def restart(self) -> None:
        """Forget all touches."""
        ...

    def keep(self) -> None:
        """Make the stroke one undo step."""
        ...

    def drop(self) -> None:
        """Leave nothing behind; also called after `keep`."""
        ...


def stroke(sight: Sight, press: Pointer, paint: Paint) -> Gesture:
    """Touch along the pointer's way, without gaps; while Shift is held, along a straight line from the press."""
    first = _touches(sight, press.position)
    try:
        paint.touch(first)
        last, pointer = press, press
        while pointer.kind != "release":
            pointer = yield
            if "shift" in pointer.modifiers:
                paint.restart()
                paint.touch(first + touches_between(sight, press.position, pointer.position, paint.gap))
            else:
                paint.touch(touches_between(sight, last.position, pointer.position, paint.gap))
            last = pointer
        paint.keep()
    finally:
        paint.drop()


def touches_between(sight: Sight, start: Position, end: Position, gap: float) -> list[Touch]:
    """Find touches along a straight move of the pointer, so close that a fast stroke leaves no gap.

    Parameters
    ----------
    start, end
        Logical pixels; the touch at `start` is not in the answer, the one at `end` is.
    gap
        Largest wanted distance between neighbours, voxels; further apart only across a step in depth.
    """
    return _between(sight, start, sight.touch(start), end, gap)


def _between(sight: Sight, start: Position, start_hit: Hit | None, end: Position, gap: float) -> list[Touch]:
    end_hit = sight.touch(end)
    if math.dist(start, end) <= 1.0 or _near(start_hit, end_hit, gap, math.dist(start, end)):
        return [] if end_hit is None else [_touch(sight, end, end_hit)]
    middle = ((start[0] + end[0]) / 2, (start[1] + end[1]) / 2)
    first = _between(sight, start, start_hit, middle, gap)
    return first + _between(sight, middle, sight.touch(middle), end, gap)


def _near(a: Hit | None, b: Hit | None, gap: float, pixels: float) -> bool:
    if a is None and b is None:
        return pixels <= 8.0
    return a is not None and b is not None and math.dist(a.point, b.point) <= gap


def _touches(sight: Sight, position: Position) -> list[Touch]:
    hit = sight.touch(position)
    return [] if hit is None else [_touch(sight, position, hit)]


def _touch(sight: Sight, position: Position, hit: Hit) -> Touch:
    x, y, z = sight.ray(position)[1].tolist()
    return Touch(hit, (x, y, z))

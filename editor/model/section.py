"""The section box: the part of a scene that one looks at and works in."""

from __future__ import annotations

from psygnal import Signal

from engine.grid import Box


class Section:
    """A box in the scene; while it is on, what lies outside is neither shown nor touched by any tool.

    It is remembered while it is off. Boxes are in voxels of the scene and never empty.
    """

    changed = Signal()

    def __init__(self, bounds: Box) -> None:
        self._bounds = self._extent = bounds
        self._is_on = False

    @property
    def is_on(self) -> bool:
        return self._is_on

    @property
    def box(self) -> Box | None:
        """The box while it is on."""
        return self._extent if self._is_on else None

    @property
    def extent(self) -> Box:
        """The box, on or off."""
        return self._extent

    @property
    def bounds(self) -> Box:
        """The whole scene."""
        return self._bounds

    def use_bounds(self, bounds: Box) -> None:
        """Start over in another scene."""
        self._bounds = self._extent = bounds
        self._is_on = False
        self.changed.emit()

    def turn(self, on: bool) -> None:
        """Switch it on or off."""
        if on != self._is_on:
            self._is_on = on
            self.changed.emit()

    def set(self, box: Box) -> None:
        """Choose the box; one without a voxel of the scene is ignored."""
        box = box.clip(self._bounds)
        if not box.is_empty and box != self._extent:
            self._extent = box
            self.changed.emit()

    def reset(self) -> None:
        """Take the whole scene."""
        self.set(self._bounds)

    def set_range(self, axis: int, low: int, high: int) -> None:
        """Choose the voxels `low` to `high - 1` along an axis; at least one stays."""
        first, last = self._bounds.lower[axis], self._bounds.upper[axis]
        low = min(max(low, first), last - 1)
        high = min(max(high, low + 1), last)
        lower, upper = list(self._extent.lower), list(self._extent.upper)
        lower[axis], upper[axis] = low, high
        self.set(Box((lower[0], lower[1], lower[2]), (upper[0], upper[1], upper[2])))

    def shift(self, axis: int, steps: int) -> None:
        """Move a slice along an axis and keep its thickness; from a range that begins at 0, the upper end alone moves.

        So the first turns of a wheel peel the scene from its top, and a slice once made is carried through it.
        """
        low, high = self._extent.lower[axis], self._extent.upper[axis]
        first, last = self._bounds.lower[axis], self._bounds.upper[axis]
        if low == first:
            self.set_range(axis, low, max(high + steps, low + 1))
        else:
            steps = min(max(steps, first - low), last - high)
            self.set_range(axis, low + steps, high + steps)

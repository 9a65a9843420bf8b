"""How finely to draw while things move, so that the hand never waits for the picture."""

from __future__ import annotations

_SCALES = (1.0, 0.8, 0.65, 0.5, 0.4, 0.33)


class Pace:
    """Chooses a render scale from what pictures have cost.

    Attributes
    ----------
    budget
        Seconds that the rays of a picture may take while something moves; to bring it to the window takes as long
        again.
    idle_budget
        Seconds that the finer picture of a view at rest may take.
    """

    def __init__(self, budget: float = 0.02, idle_budget: float = 0.06) -> None:
        self.budget, self.idle_budget = budget, idle_budget
        self._place: int | None = None
        self._full: float | None = None

    def note(self, scale: float, seconds: float) -> None:
        """Take in what a picture cost: one step coarser when it was too slow, one finer when it was quick enough."""
        if scale >= 1:
            self._full = seconds / scale**2
        if self._place is None:
            cost = seconds / scale**2
            self._place = next((i for i, s in enumerate(_SCALES) if cost * s * s <= self.budget), len(_SCALES) - 1)
        elif scale == _SCALES[self._place]:
            step = 1 if seconds > self.budget else -1 if seconds < 0.55 * self.budget else 0
            self._place = min(max(self._place + step, 0), len(_SCALES) - 1)

    @property
    def moving_scale(self) -> float:
        """Rays per pixel and axis while something moves."""
        return 0.5 if self._place is None else _SCALES[self._place]

    @property
    def resting_scale(self) -> float:
        """1, or 2 on hardware that smooths edges at no cost one would notice."""
        return 2.0 if self._full is not None and self._full * 4 <= self.idle_budget else 1.0

    def share(self, scale: float) -> float:
        """The part of a picture that may be drawn at once without being felt."""
        if self._full is None:
            return 0.1
        return min(1.0, self.budget / max(self._full * scale**2, 1e-6))

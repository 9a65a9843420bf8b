"""How finely to draw while things move, so that the hand never waits for the picture."""

from __future__ import annotations

_SCALES = (1.0, 0.75, 0.6, 0.5, 0.4, 0.33)


class Pace:
    """Chooses a render scale from what pictures have cost.

    Attributes
    ----------
    budget
        Seconds that a picture may take while something moves.
    idle_budget
        Seconds that the finer picture of a view at rest may take.
    """

    def __init__(self, budget: float = 0.026, idle_budget: float = 0.06) -> None:
        self.budget, self.idle_budget = budget, idle_budget
        self._cost: float | None = None

    def note(self, scale: float, seconds: float) -> None:
        """Take in what a picture cost; cost grows with the number of pixels."""
        cost = seconds / scale**2
        self._cost = cost if self._cost is None else 0.6 * self._cost + 0.4 * cost

    @property
    def moving_scale(self) -> float:
        """The finest scale that fits the budget."""
        if self._cost is None:
            return 0.5
        return next((s for s in _SCALES if self._cost * s * s <= self.budget), _SCALES[-1])

    @property
    def resting_scale(self) -> float:
        """1, or 2 on hardware that smooths edges at no cost one would notice."""
        return 2.0 if self._cost is not None and self._cost * 4 <= self.idle_budget else 1.0

"""Which class a voxel becomes, when some may not be made."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from engine.labels import UNKNOWN, LabelSpace

TRUST = 4.0
"""Log-odds (nats) that a prediction's label is given over every other class, where it is refined."""


def favour(scores: Tensor, dim: int, seen: Tensor) -> Tensor:
    """Add to scores of classes, in place, what a prediction of the same voxels says; unknown ones (255) say nothing.

    By Bayes' rule the odds of a class are the model's times how much likelier the prediction's label is if it is right.
    On predictions of validation scenes a label that the decoder outvotes by less than 4 nats was right more often than
    what took its place, so that the change would do harm.

    Parameters
    ----------
    scores
        Any shape, with the classes along `dim`.
    seen
        Train ids `uint8`, of that shape without `dim`.
    """
    known = seen != UNKNOWN
    index = torch.where(known, seen, 0).long().unsqueeze(dim)
    return scores.scatter_add_(dim, index, (TRUST * known).to(scores).unsqueeze(dim))


class ClassPicker:
    """Chooses the most likely class that is not barred.

    A barred thing (vehicle, person, object) leaves its place empty; any other barred class gives way to the most likely
    one that is allowed.
    """

    def __init__(self, space: LabelSpace) -> None:
        self._things = {*space.ids_of("vehicle"), *space.ids_of("person"), *space.ids_of("object")}
        self._empty = space.empty

    def pick(self, scores: Tensor, dim: int, barred: Sequence[int]) -> Tensor:
        """Choose along a dimension of scores; train ids `uint8` of their shape without it."""
        best = scores.max(dim=dim).indices.to(torch.uint8)
        for thing in self._things.intersection(barred):
            best[best == thing] = self._empty
        others = [b for b in barred if b not in self._things]
        if others:
            allowed = scores.index_fill(dim, torch.tensor([*barred], device=scores.device), float("-inf"))
            wrong = torch.isin(best, torch.tensor(others, dtype=torch.uint8, device=best.device))
            best = torch.where(wrong, allowed.max(dim=dim).indices.to(torch.uint8), best)
        return best

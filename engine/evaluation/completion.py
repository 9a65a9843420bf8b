"""How right a completed scene is: IoU of solid against empty and mIoU over classes, as the SSC benchmarks count."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.errors import GridError
from engine.labels import UNKNOWN, LabelSpace


@dataclass(frozen=True, eq=False)
class Confusion:
    """Counts of (true class, guessed class) over scenes, `(K, K) int64`; they add up.

    Follows the SemanticKITTI benchmark: voxels that are unknown or invalid in the truth do not count, mIoU is over the
    solid classes, and a class that is neither there nor guessed is left out of the mean.
    """

    counts: NDArray[np.int64]
    empty: int

    @classmethod
    def of(
        cls,
        truth: NDArray[np.uint8],
        guess: NDArray[np.uint8],
        space: LabelSpace,
        invalid: NDArray[np.bool_] | None = None,
    ) -> Confusion:
        """Count one scene, arrays `(X, Y, Z)`; a guess of unknown counts as empty.

        Raises `GridError` where the shapes differ.
        """
        if truth.shape != guess.shape or (invalid is not None and invalid.shape != truth.shape):
            raise GridError(f"truth {truth.shape} and guess {guess.shape} differ in shape; bring both to one grid")
        counted = truth != UNKNOWN if invalid is None else (truth != UNKNOWN) & ~invalid
        k = len(space)
        guessed = np.where(guess == UNKNOWN, space.empty, guess)[counted].astype(np.int64)
        pairs = np.bincount(truth[counted].astype(np.int64) * k + guessed, minlength=k * k)
        return cls(pairs.reshape(k, k), space.empty)

    def __add__(self, other: Confusion) -> Confusion:
        return Confusion(self.counts + other.counts, self.empty)

    @property
    def iou(self) -> float:
        """IoU of solid voxels, whatever their class."""
        wrong_free = self.counts[:, self.empty].sum() - self.counts[self.empty, self.empty]
        union = self.counts.sum() - self.counts[self.empty, self.empty]
        wrong_solid = self.counts[self.empty].sum() - self.counts[self.empty, self.empty]
        return float((union - wrong_free - wrong_solid) / union) if union else 1.0

    @property
    def per_class(self) -> NDArray[np.float64]:
        """IoU of every class, `(K,) float64`; not a number where a class is neither there nor guessed."""
        hits = np.diagonal(self.counts).astype(np.float64)
        union = self.counts.sum(axis=0) + self.counts.sum(axis=1) - hits
        return np.asarray(np.divide(hits, union, out=np.full(len(hits), np.nan), where=union > 0))

    @property
    def miou(self) -> float:
        """Mean IoU over the solid classes."""
        solid = np.delete(self.per_class, self.empty)
        return float(np.nanmean(solid)) if np.isfinite(solid).any() else 1.0


@dataclass(frozen=True)
class Completion:
    """What a refinement was worth: scores before and after, 0 to 1."""

    iou_before: float
    miou_before: float
    iou_after: float
    miou_after: float


def compare_completion(before: Confusion, after: Confusion) -> Completion:
    """Put the scores of predictions beside those of their refinements, each summed over the same scenes."""
    return Completion(before.iou, before.miou, after.iou, after.miou)

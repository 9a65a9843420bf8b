"""How many voxels of every class there are, in the scene or a part of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from editor.model.document import Document
from engine.labels import UNKNOWN, LabelSpace

Scope = Literal["scene", "section", "mask"]
"""What is counted: everything, what the section box holds, or what is masked."""


@dataclass(frozen=True)
class Statistics:
    """Voxels of every label.

    Attributes
    ----------
    counts
        `(256,) int64`, by label.
    """

    counts: NDArray[np.int64]
    space: LabelSpace

    @property
    def total(self) -> int:
        """All voxels that were counted, air too."""
        return int(self.counts.sum())

    @property
    def solid(self) -> int:
        """Voxels of a class that is something."""
        return int(self.counts[list(self.space.solid_ids)].sum())

    @property
    def unknown(self) -> int:
        return int(self.counts[UNKNOWN])

    def share(self, label: int) -> float:
        """Give the part of the solid voxels that are of a class, 0 to 1."""
        return float(self.counts[label] / self.solid) if self.solid else 0.0


def count(document: Document, scope: Scope) -> Statistics:
    """Count the voxels of a document."""
    scene = document.scene
    if scope == "mask":
        masked = scene.read(document.mask.box)[document.mask.array] if not document.mask.is_empty else ()
        counts = np.bincount(np.asarray(masked, dtype=np.uint8), minlength=256)
    else:
        counts = scene.count_classes(document.section.box if scope == "section" else None)
    return Statistics(counts.astype(np.int64), scene.space)

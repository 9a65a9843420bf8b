"""What the Generate dock shows, as one record."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from engine.tasks.request import REFINE_STEPS, REFINE_STRENGTH, Preview, Sampling

Context = Literal["auto", "mask", "whole", "box"]
"""What is looked at round a mask: some way round it, its own box, the whole scene, a box that the user has set."""
SEED_LIMIT = 2**31


@dataclass(frozen=True)
class Options:
    """All that can be chosen for a run.

    Attributes
    ----------
    keep_layout
        Whether new voxels follow the bird's-eye map of the scene as it is.
    context
        What regenerating looks at round the mask.
    overlap
        Width of the known band that a new tile sees, voxels; 0 is three eighths of the model's window.
    style, density, leaves
        What new parts shall be like, where the model can be asked for it; `None` leaves it to the model.
    refines
        Whether to start from the scene, as from a prediction with gaps, instead of making voxels anew.
    refine_steps, refine_strength
        Take the place of `steps` and `strength` then.
    """

    model: str = "city"
    seed: int = 0
    seed_locked: bool = False
    variants: int = 1
    steps: int = 12
    sampler: str = "dpmpp-2m"
    guidance: float = 1.0
    strength: float = 1.0
    preview: Preview = "auto"
    keep_layout: bool = False
    context: Context = "auto"
    overlap: int = 0
    forbid: frozenset[str] = field(default_factory=frozenset)
    device: str = "auto"
    style: str | None = None
    density: float | None = None
    leaves: float | None = None
    refines: bool = False
    refine_steps: int = REFINE_STEPS
    refine_strength: float = REFINE_STRENGTH

    def sampling(self, variant: int) -> Sampling:
        """Make the engine's record for one variant; seeds count up. Raises `RequestError` for impossible values."""
        return Sampling(
            model=self.model,
            seed=self.seed + variant,
            steps=self.steps,
            sampler=self.sampler,
            guidance=self.guidance,
            strength=self.strength,
            forbid=tuple(sorted(self.forbid)),
            device=self.device,
            preview=self.preview,
        )

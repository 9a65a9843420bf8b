"""What one can ask of the engine, as frozen records that hold all the work needs, and what it answers.

A request crosses threads without a lock: scenes in it are snapshots, nothing in it changes. No torch here, so that
documents and windows can build requests before the engine is loaded.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from engine.errors import RequestError
from engine.geometry.maps import LayoutMap
from engine.grid import Box
from engine.labels import LabelSpace
from engine.mask import VoxelMask
from engine.models.cards import ModelCard
from engine.models.character import Character
from engine.scene import Labels, VoxelScene

Preview = Literal["off", "auto", "every"]
SAMPLERS = ("dpmpp-2m", "dpmpp-2m-sde", "unipc", "heun", "ddim", "ddpm")

REFINE_STEPS, REFINE_STRENGTH = 4, 0.5
"""Refining starts from the prediction under some noise. Published work gains nothing from many steps; that half of the
noise is best has not been measured."""


@dataclass(frozen=True)
class Sampling:
    """How to sample; every task takes one.

    Attributes
    ----------
    model
        Name or folder of a model.
    seed
        One seed gives one result (same model, device type and thread count).
    steps
        Denoising steps.
    sampler
        One of `SAMPLERS`.
    guidance
        How strongly a layout is followed: scale of classifier-free guidance, 1 is off; a model that was not taught to
        follow maps is pulled towards it (DPS), 1 is usual, 0 is off.
    strength
        1 makes the region anew; less starts from what is there (SDEdit, Meng et al. 2022).
    allow, forbid
        Class names that may, or may not, appear in what is newly made; an empty `allow` allows all.
    device
        `auto`, `cpu`, `cuda` or `mps`.
    preview
        Whether steps carry labels to show: never, as often as they stay cheap, or always.
    keep_known
        Also replace the known region of the clean estimate at every step, not only condition on it: seams show less,
        and it costs nothing.
    resample
        How many times every fifth of the steps is gone through, so that new and known parts agree better (RePaint,
        Lugmayr et al. 2022); 1 is off.
    style, density, leaves
        What new parts are like: a kind of district that the model's card names, the share of the ground that is built
        over, and how full trees are, 0 to 1 each; `None` leaves it to the model.
    posterior
        How strongly the gradient of what is wrong with known voxels, the map and the solid and free places of a
        prediction pulls at every step (DPS, Chung et al. 2023); 0 is off, 1 the paper's.
    """

    model: str = "city"
    seed: int = 0
    steps: int = 12
    sampler: str = "dpmpp-2m"
    guidance: float = 1.0
    strength: float = 1.0
    allow: tuple[str, ...] = ()
    forbid: tuple[str, ...] = ()
    device: str = "auto"
    preview: Preview = "off"
    keep_known: bool = True
    resample: int = 1
    posterior: float = 0.0
    style: str | None = None
    density: float | None = None
    leaves: float | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.steps <= 1000:
            raise RequestError(f"{self.steps} steps cannot be sampled; take 1 to 1000 (12 is a good start)")
        if self.sampler not in SAMPLERS:
            raise RequestError(f"no sampler '{self.sampler}'; there are: {', '.join(SAMPLERS)}")
        if not 1 <= self.resample <= 100:
            raise RequestError(f"resampling {self.resample} times is outside 1 to 100; 1 is off, 5 is strong")
        if not 0.0 < self.strength <= 1.0:
            raise RequestError(f"strength {self.strength} is outside (0, 1]; 1 makes the region anew")
        if not 0.0 <= self.guidance <= 50.0:
            raise RequestError(f"guidance {self.guidance} is outside [0, 50]; 1 is off, 2 is strong")
        if not 0.0 <= self.posterior <= 50.0:
            raise RequestError(f"posterior guidance {self.posterior} is outside [0, 50]; 0 is off, 1 is usual")
        Character(self.style, self.density, self.leaves)  # refuses what is out of range
        if not 0 <= self.seed < 2**63:
            raise RequestError(f"seed {self.seed} is outside 0 to 2^63 - 1; take another")

    @property
    def character(self) -> Character:
        """What new parts are to be like."""
        return Character(self.style, self.density, self.leaves)

    def require_known_by(self, card: ModelCard) -> None:
        """Raise `RequestError` where a character is wished for that a model cannot give."""
        if self.character.is_open:
            return
        if not card.styles:
            raise RequestError(f"model '{card.name}' was not taught styles, density or leaves; leave them out")
        if self.style is not None and self.style not in card.styles:
            raise RequestError(f"model '{card.name}' knows no style '{self.style}'; it knows: {', '.join(card.styles)}")

    def barred_ids(self, space: LabelSpace) -> tuple[int, ...]:
        """List the train ids that must not be newly made; raises `LabelError` for an unknown name.

        Empty space is barred only where `forbid` names it: who allows roads alone still wants air above them.
        """
        allowed = {space.find(n) for n in self.allow} or set(space.solid_ids)
        barred = {space.find(n) for n in self.forbid} | (set(space.solid_ids) - allowed)
        if len(barred) == len(space):
            raise RequestError("every class is barred; allow at least one")
        return tuple(sorted(barred))


@dataclass(frozen=True)
class GenerateRequest:
    """Make a scene from nothing, or from a layout.

    Attributes
    ----------
    size
        Voxels along x and y; the height is the model's.
    layout
        Bird's-eye map to follow; free cells are the model's choice.
    """

    size: tuple[int, int]
    sampling: Sampling
    layout: LayoutMap | None = None
    name: str = field(default="generate", init=False)


@dataclass(frozen=True)
class InpaintRequest:
    """Make the masked voxels of a scene anew; all others keep every byte.

    Attributes
    ----------
    scene
        A snapshot.
    layout
        Bird's-eye map of the whole scene to follow under the mask.
    context
        Box outside of which the model sees nothing, at its full height; it looks as far in it as one window reaches.
        `None` looks some way round the mask.
    """

    scene: VoxelScene
    mask: VoxelMask
    sampling: Sampling
    layout: LayoutMap | None = None
    context: Box | None = None
    name: str = field(default="inpaint", init=False)


@dataclass(frozen=True)
class OutpaintRequest:
    """Grow a scene to `size`; the old voxels keep every byte and lie at `at` in the new frame.

    Attributes
    ----------
    size
        New voxels along x and y.
    at
        Where the old corner lies in the new frame, voxels; `None` centres it, snapped to the latent cell.
    overlap
        Width of the known band that each tile sees, voxels.
    tiles
        Boxes in the new frame: of what is new, only what lies in them is made, the rest stays empty. `None` makes all.
    """

    scene: VoxelScene
    size: tuple[int, int]
    sampling: Sampling
    at: tuple[int, int] | None = None
    overlap: int = 96
    layout: LayoutMap | None = None
    tiles: tuple[Box, ...] | None = None
    name: str = field(default="outpaint", init=False)


@dataclass(frozen=True)
class LayoutRequest:
    """Complete a bird's-eye map; cells that are not free stay as they are.

    Attributes
    ----------
    layout
        The map, free where the model may choose.
    """

    layout: LayoutMap
    sampling: Sampling
    name: str = field(default="layout", init=False)


@dataclass(frozen=True)
class RefineRequest:
    """Make a scene of what a completion network predicted; unknown voxels (255) are filled in.

    `REFINE_STEPS` and `REFINE_STRENGTH` are usual.

    Attributes
    ----------
    scene
        A snapshot of the prediction.
    mask
        Voxels to make anew, all others keep every byte; `None` is all of them.
    layout
        Bird's-eye map of the whole scene to follow, too.
    """

    scene: VoxelScene
    sampling: Sampling
    mask: VoxelMask | None = None
    layout: LayoutMap | None = None
    name: str = field(default="refine", init=False)


Request = GenerateRequest | InpaintRequest | OutpaintRequest | RefineRequest | LayoutRequest


@dataclass(frozen=True)
class Provenance:
    """Where new voxels came from; written into every output that can hold it."""

    task: str
    model: str
    model_sha256: str
    sampling: Mapping[str, Any]
    version: str

    @classmethod
    def of(cls, request: Request, model: str, model_sha256: str, version: str) -> Provenance:
        """Record a request."""
        parameters = asdict(request.sampling)
        del parameters["preview"], parameters["model"]
        return cls(request.name, model, model_sha256, parameters, version)

    def to_json(self) -> dict[str, Any]:
        """Give plain JSON types."""
        return asdict(self)


@dataclass(frozen=True, eq=False)
class Result:
    """What a task made.

    Attributes
    ----------
    scene
        The whole new scene (`generate`, `outpaint`), or `None` where only a part of the request's scene changed.
    box, labels, mask
        The new labels `(sx, sy, sz) uint8` of a box and which of them are new, in the frame of the new scene.
    at
        Where the old scene's corner lies in the new one.
    layout
        The map, where one was asked for; `labels` are its rough model then.
    """

    box: Box
    labels: Labels
    mask: VoxelMask
    provenance: Provenance
    scene: VoxelScene | None = None
    at: tuple[int, int] = (0, 0)
    first_step_seconds: float = 0.0
    seconds: float = 0.0
    layout: LayoutMap | None = None


@dataclass(frozen=True, eq=False)
class Step:
    """One moment of a run.

    Attributes
    ----------
    index, total
        Steps done and to be done, over all tiles.
    stage
        What is going on, in words.
    box, labels
        Clean estimate `(sx, sy, sz) uint8` to show in that box (frame of the new scene), on steps that carry one.
    result
        Only on the last one.
    """

    index: int
    total: int
    stage: str
    sigma: float = 0.0
    box: Box | None = None
    labels: Labels | None = None
    result: Result | None = None

"""What the Generate button would do right now: options, mode, and the request that they make."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from psygnal import Signal

from editor.model.card import Card, mismatch
from editor.model.document import Document
from editor.model.options import Options
from editor.model.predictions import has_solid, looks_predicted
from engine.errors import ScenewrightError
from engine.geometry.maps import LayoutMap, layout_of
from engine.grid import Box
from engine.mask import VoxelMask
from engine.models.character import ANY, Character
from engine.scene import VoxelScene
from engine.tasks.request import (
    GenerateRequest,
    InpaintRequest,
    OutpaintRequest,
    RefineRequest,
    Request,
    Sampling,
)
from engine.tasks.work import seen_of, work_of

Mode = Literal["generate", "regenerate", "extend", "refine"]


@dataclass(frozen=True)
class Extension:
    """How far each side of the bounds is pulled outward, in voxels."""

    west: int = 0
    east: int = 0
    south: int = 0
    north: int = 0

    @property
    def is_nothing(self) -> bool:
        return self == Extension()

    def size(self, scene: VoxelScene) -> tuple[int, int]:
        """Give the new voxels along x and y."""
        x, y, _ = scene.grid.shape
        return x + self.west + self.east, y + self.south + self.north

    def box(self, scene: VoxelScene) -> Box:
        """Give the new bounds in the frame of the old scene."""
        x, y, z = scene.grid.shape
        return Box((-self.west, -self.south, 0), (x + self.east, y + self.north, z))

    @classmethod
    def of_box(cls, box: Box, scene: VoxelScene) -> Extension:
        """Read an extension off new bounds in the frame of the old scene; sides pulled inward count as 0."""
        x, y, _ = scene.grid.shape
        west, south = max(-box.lower[0], 0), max(-box.lower[1], 0)
        return cls(west, max(box.upper[0] - x, 0), south, max(box.upper[1] - y, 0))


@dataclass(frozen=True)
class Offer:
    """What the button says.

    Attributes
    ----------
    reason
        Why it cannot be pressed, where it cannot.
    fixable, lacking
        Whether converting the scene would help; whether a model must be installed first.
    """

    mode: Mode
    text: str
    reason: str = ""
    fixable: bool = False
    lacking: bool = False


@dataclass(frozen=True)
class Reach:
    """What regenerating would really touch.

    Attributes
    ----------
    cells
        Voxels of the mask, grown to whole cells of the model along x and y: what its latent makes anew.
    context
        What the model looks at; it may leave the scene.
    """

    cells: VoxelMask
    context: Box


class Plan:
    """Options, the pulled-out bounds and the box to look at, with the one question everybody asks: what would be done?

    Attributes
    ----------
    box
        What is looked at where the context is a box of the user's; `None` before there was one.
    by_tiles
        Whether the bounds are pulled by whole tiles, or else by the model's cells.
    """

    changed = Signal()

    def __init__(self, document: Document, cards: Sequence[Card], options: Options | None = None) -> None:
        self._document = document
        self.cards = tuple(cards)
        self.options = options or Options()
        self.extension = Extension()
        self.box: Box | None = None
        self.by_tiles = True
        self._troubles: dict[str, str] = {}
        self._has_solid: bool | None = None
        document.mask_changed.connect(lambda _box: self.changed.emit())
        document.changed.connect(lambda _box: self._on_voxels())
        document.scene_replaced.connect(self._on_scene)
        document.opened.connect(lambda: self.refine(looks_predicted(document.scene)))

    def set(self, **values: Any) -> None:
        """Change options by name; the same values again tell nobody."""
        fresh = replace(self.options, **values)
        if fresh != self.options:
            self.options = fresh
            self.changed.emit()

    def set_cards(self, cards: Sequence[Card]) -> None:
        """Offer other models, as one was installed."""
        self.cards = tuple(cards)
        self.changed.emit()

    def set_trouble(self, model: str, reason: str) -> None:
        """Note why a model cannot be used, as its weights are damaged; an empty string where it can again."""
        self._troubles[model] = reason
        self.changed.emit()

    def extend(self, extension: Extension) -> None:
        """Pull the bounds outward; nothing is made before `requests` are run."""
        self.extension = extension
        self.changed.emit()

    def refine(self, on: bool) -> None:
        """Start from the scene as it is from now on, as from a prediction, or no longer; pulled-out bounds go back."""
        if on:
            self.extension = Extension()
        self.options = replace(self.options, refines=on)
        self.changed.emit()

    def look_at(self, box: Box | None) -> None:
        """Look at a box of the user's round every mask from now on; `None` goes back to automatic."""
        self.box = box
        self.options = replace(self.options, context="auto" if box is None else "box")
        self.changed.emit()

    @property
    def overlap(self) -> int:
        """Width of the known band that a new tile sees, in voxels and whole cells of the model."""
        if self.card is None:
            return 0
        cell, window = self.card.cell, self.card.window
        wanted = self.options.overlap or window * 3 // 8
        return min(max(wanted // cell, 1) * cell, window - cell)

    @property
    def tile(self) -> int:
        """Edge of a new tile: what one window of the model adds beside the band that it knows, voxels."""
        return self.card.window - self.overlap if self.card is not None else 0

    @property
    def step(self) -> int:
        """Voxels by which the bounds are pulled."""
        if self.card is None:
            return 16
        return self.tile if self.by_tiles else self.card.cell

    def pull_by_tiles(self, on: bool) -> None:
        """Pull the bounds by whole tiles, or by cells; what was pulled so far stays."""
        self.by_tiles = on
        self.changed.emit()

    @property
    def context(self) -> Box | None:
        """What regenerating looks at; `None` leaves it to the engine."""
        scene, mask = self._document.scene, self._document.shown_mask
        boxes = {"mask": mask.box, "whole": scene.box, "box": self.box}
        return boxes.get(self.options.context)

    @property
    def card(self) -> Card | None:
        """The chosen model; `None` where it is not there."""
        return self.find(self.options.model)

    def find(self, model: str) -> Card | None:
        """Find a model by its name; `None` where it is not there."""
        return next((c for c in self.cards if c.name == model), None)

    @property
    def styles(self) -> Sequence[str]:
        """Kinds of districts that the chosen model knows; where there are none, it knows no density nor leaves."""
        return self.card.styles if self.card is not None else ()

    @property
    def character(self) -> Character:
        """What new parts shall be like, as far as the chosen model can be asked for it."""
        options, styles = self.options, self.styles
        if not styles:
            return ANY
        return Character(options.style if options.style in styles else None, options.density, options.leaves)

    @property
    def effort(self) -> tuple[int, float]:
        """Steps and strength of what is offered; refining has its own."""
        options = self.options
        if self.mode == "refine":
            return options.refine_steps, options.refine_strength
        return options.steps, options.strength

    def set_effort(self, steps: int | None = None, strength: float | None = None) -> None:
        """Change steps or strength of what is offered."""
        prefix = "refine_" if self.mode == "refine" else ""
        given = {"steps": steps, "strength": strength}
        self.set(**{f"{prefix}{name}": value for name, value in given.items() if value is not None})

    @property
    def mode(self) -> Mode:
        if not self.extension.is_nothing:
            return "extend"
        if self.options.refines:
            return "refine"
        return "regenerate" if not self._document.shown_mask.is_empty else "generate"

    def offer(self, mode: Mode | None = None) -> Offer:
        """Say what the button would do, in this mode or in another one."""
        name, mode = self.options.model, mode or self.mode
        if self.card is None:
            reason = f"Model '{name}' is not installed; the scene can still be edited."
            return Offer(mode, f"Model “{name}” is not installed", reason, lacking=True)
        if trouble := self._troubles.get(name):
            return Offer(mode, f"Model “{name}” cannot be used", trouble, lacking=True)
        wrong = self._wrong_value(mode) or mismatch(self._document.scene, self.card)
        reason = wrong or ("" if mode != "refine" else self._lacks_solid())
        return Offer(mode, self._text(mode), reason, fixable=bool(wrong))

    def reach(self) -> Reach | None:
        """Say what working on the mask would touch; `None` where something else is offered, or nothing."""
        mask, card, scene = self._document.shown_mask, self.card, self._document.scene
        if mask.is_empty or self.mode == "extend" or card is None or mismatch(scene, card):
            return None
        if self.mode == "refine":
            return Reach(mask.blocks(card.cell), work_of(RefineRequest(scene, Sampling(), mask), card).region)
        request = InpaintRequest(scene, mask, Sampling(), context=self.context)
        region, seen = work_of(request, card).region, seen_of(request, card.cell)
        return Reach(mask.blocks(card.cell), region if seen is None else region.clip(seen))

    def requests(self) -> list[Request]:
        """Make one request for each variant; raises `RequestError` for impossible values."""
        scene = self._document.scene.snapshot()
        layout = self._layout(scene)
        return [self._request(scene, layout, self.sampling(k)) for k in range(self.options.variants)]

    def sampling(self, variant: int = 0, mode: Mode | None = None) -> Sampling:
        """Make the engine's record for one variant of what is offered; raises `RequestError` for impossible values."""
        options = self.options
        wish = self.character
        record = replace(options.sampling(variant), style=wish.style, density=wish.density, leaves=wish.leaves)
        if (mode or self.mode) == "refine":
            return replace(record, steps=options.refine_steps, strength=options.refine_strength)
        return record

    def sampling_for(self, seed: int) -> Sampling:
        """Make the engine's record for voxels that start from noise; raises `RequestError` for impossible values."""
        return replace(self.sampling(mode="generate"), seed=seed, strength=1.0)

    def requests_of_map(self, layout: LayoutMap, everywhere: bool, seeds: Sequence[int]) -> list[Request]:
        """Make one request for each seed that follows a map, over the whole scene or under the mask."""
        scene, samplings = self._document.scene.snapshot(), map(self.sampling_for, seeds)
        if everywhere:
            return [GenerateRequest(scene.grid.shape[:2], sampling, layout) for sampling in samplings]
        return [InpaintRequest(scene, self._document.mask, s, layout, self.context) for s in samplings]

    def _request(self, scene: VoxelScene, layout: LayoutMap | None, sampling: Sampling) -> Request:
        if self.mode == "extend":
            at = (self.extension.west, self.extension.south)
            return OutpaintRequest(scene, self.extension.size(scene), sampling, at, self.overlap)
        if self.mode == "refine":
            mask = self._document.mask
            return RefineRequest(scene, sampling, None if mask.is_empty else mask)
        if self.mode == "regenerate":
            return InpaintRequest(scene, self._document.mask, sampling, layout, self.context)
        return GenerateRequest(scene.grid.shape[:2], sampling, layout)

    def _on_voxels(self) -> None:
        """What can be refined may be another matter now."""
        self._has_solid = None
        if self.options.refines:
            self.changed.emit()

    def _on_scene(self) -> None:
        """A box that was set for other bounds is of no use any more."""
        self._has_solid = None
        if self.box is not None and not self._document.scene.box.contains(self.box):
            self.box = None
            self.options = replace(self.options, context="auto")
        self.extend(Extension())

    def _layout(self, scene: VoxelScene) -> LayoutMap | None:
        """Compute the map that the new voxels shall follow, where they shall follow one."""
        wanted = self.options.keep_layout and self.mode in ("generate", "regenerate")
        return layout_of(scene.read(), scene.space) if wanted else None

    def _text(self, mode: Mode) -> str:
        variants = f" ({self.options.variants} variants)" if self.options.variants > 1 else ""
        if mode == "extend":
            x, y = self.extension.size(self._document.scene)
            return f"Extend to {x} × {y}{variants}"
        if mode == "regenerate":
            return f"Regenerate {self._document.shown_mask.count:,} voxels{variants}"
        if mode == "refine":
            return f"Refine {'scene' if self._document.shown_mask.is_empty else 'mask'}{variants}"
        return f"Generate scene{variants}"

    def _wrong_value(self, mode: Mode) -> str:
        try:
            self.sampling(0, mode)
        except ScenewrightError as error:
            return str(error)
        return ""

    def _lacks_solid(self) -> str:
        """Say why a scene cannot be refined, where it holds nothing to start from."""
        if self._has_solid is None:
            self._has_solid = has_solid(self._document.scene)
        return "" if self._has_solid else "The scene has no solid voxel to start from: open a prediction, or generate."

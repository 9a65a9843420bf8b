"""The first steps as a guided walk: each is over when it has really been done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from editor.model.studio import Studio
from engine.errors import RequestError
from engine.grid import Box
from engine.mask import VoxelMask
from engine.scene import VoxelScene
from engine.tasks.request import InpaintRequest

Stage = Literal["brush", "generate", "watch", "accept", "done"]
STAGES: tuple[Stage, ...] = ("brush", "generate", "watch", "accept", "done")
CAR = "car"
ENOUGH = 0.97
"""Share of the car that has to be masked, and that has to be gone in the end."""
_SIZES = (200, 2500)
"""Voxels that a car can have."""
_IN_THE_WAY = ("building", "fence", "vegetation", "trunk", "pole", "person", "truck")
_SIGHT = 24
"""Voxels towards where the camera stands that should be free."""

Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Page:
    """What the tour says right now; `share` is how much of the stage is done, where that can be measured."""

    stage: Stage
    title: str
    text: str
    share: float | None = None

    @property
    def number(self) -> int:
        """Count from 1."""
        return STAGES.index(self.stage) + 1


_WORDS: dict[Stage, tuple[str, str]] = {
    "brush": (
        "Paint over the car",
        "The mask brush is in your hand (B): drag over the car in the middle until all of it is coloured. "
        "The right button turns the view, the wheel zooms, Ctrl takes away from the mask.",
    ),
    "generate": ("Make it anew", "Only what is coloured will change. Press Regenerate at the right, or Ctrl+Enter."),
    "watch": ("Watch it form", "The street is made anew, step by step. All else stays as it is, to the byte."),
    "accept": (
        "Take it, or try again",
        "Hold ` to compare with before. Enter accepts; Ctrl+Enter makes another variant, the arrow keys step "
        "through them.",
    ),
    "done": (
        "The car is gone",
        "That is the whole idea. Ctrl+Z brings it back, with all variants. Try the same on a house, or press O and "
        "pull a side of the scene outward.",
    ),
}


class Tour:
    """Guides through erasing one car. Where it stands follows from the document alone, so undo leads back too.

    While it lasts, cars are barred from what is newly made.

    Parameters
    ----------
    target
        Voxels of the car.
    """

    changed = Signal()
    ended = Signal()

    def __init__(self, studio: Studio, target: VoxelMask) -> None:
        self._studio, self.target = studio, target
        self._grid = studio.document.scene.grid
        self._barred = studio.plan.options.forbid
        studio.plan.set(forbid=self._barred | {CAR})
        studio.document.mask_changed.connect(self._look)
        studio.document.changed.connect(self._look)
        studio.proposal_changed.connect(self._look)
        studio.plan.changed.connect(self._look)
        studio.document.scene_replaced.connect(self.end)
        self.page = self._page()

    def end(self) -> None:
        """Stop guiding; the classes that were barred before are barred again."""
        studio = self._studio
        for signal, slot in (
            (studio.document.mask_changed, self._look),
            (studio.document.changed, self._look),
            (studio.proposal_changed, self._look),
            (studio.plan.changed, self._look),
            (studio.document.scene_replaced, self.end),
        ):
            signal.disconnect(slot)
        studio.plan.set(forbid=self._barred)
        self.ended.emit()

    def _look(self, *_: object) -> None:
        if self._studio.document.scene.grid != self._grid:  # another scene; the end is about to be told
            return
        page = self._page()
        if page != self.page:
            self.page = page
            self.changed.emit()

    def _page(self) -> Page:
        proposal, gone = self._studio.proposal, self._gone()
        if gone.mean() >= ENOUGH:
            return Page("done", *_WORDS["done"])
        if proposal is not None and isinstance(proposal.request, InpaintRequest) and proposal.candidates:
            ready = proposal.candidate.state == "ready"
            return Page("accept", *_WORDS["accept"]) if ready else Page("watch", *_WORDS["watch"])
        share = float((gone | self._masked()).mean())
        if share < ENOUGH:
            return Page("brush", *_WORDS["brush"], share=share / ENOUGH)
        reason = self._studio.plan.offer().reason
        title, text = _WORDS["generate"]
        return Page("generate", title, f"This step has to wait: {reason}" if reason else text)

    def _gone(self) -> Bools:
        """Mark those voxels of the car that are none any more, `(n,)`."""
        scene = self._studio.document.scene
        gone: Bools = scene.read(self.target.box)[self.target.array] != scene.space.find(CAR)
        return gone

    def _masked(self) -> Bools:
        masked: Bools = self._studio.document.shown_mask.within(self.target.box)[self.target.array]
        return masked


def find_car(scene: VoxelScene) -> VoxelMask:
    """Choose the car for the tour: of a car's size, in plain view on open road, and not far from the middle.

    Raises `RequestError` where there is none.
    """
    from scipy import ndimage  # late: nobody else needs it at a start

    labels = scene.read()
    parts, _ = ndimage.label(labels == scene.space.find(CAR), np.ones((3, 3, 3)))
    sizes = np.bincount(parts.ravel())
    cars = [VoxelMask.of_array(parts == i) for i in range(1, len(sizes)) if _SIZES[0] <= sizes[i] <= _SIZES[1]]
    if not cars:
        raise RequestError("there is no car in this scene to erase; open another sample scene")
    road = (labels == scene.space.find("road")).any(axis=2)
    tall: Bools = np.isin(labels, [scene.space.find(n) for n in _IN_THE_WAY]).max(axis=2)
    return max(cars, key=lambda car: _plainness(car.box, road, tall))


def _plainness(car: Box, road: Bools, tall: Bools) -> float:
    """Score how well a car can be seen and how surely road closes over it; about -2 to 1."""
    ground = Box.of_shape((*road.shape, 1))
    flat = Box((*car.lower[:2], 0), (*car.upper[:2], 1))
    around, before = flat.pad((6, 6, 0)).clip(ground), flat.pad((8, 8, 0))
    before = Box((before.lower[0] - _SIGHT, before.lower[1] - _SIGHT, 0), before.upper).clip(ground)
    middle = np.add(car.lower, car.upper)[:2] / 2
    away = float(np.abs(middle / road.shape - 0.5).max())
    return float(road[around.slices[:2]].mean()) - 2 * float(tall[before.slices[:2]].mean()) - away

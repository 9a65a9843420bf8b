"""What the engine proposes and the user has not decided on: variants of one job, shown as a ghost."""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from editor.model.candidate import Candidate
from editor.model.film import Frame
from editor.model.jobs import Failure
from engine.grid import Box, Vector3
from engine.mask import VoxelMask
from engine.scene import Labels, VoxelScene
from engine.tasks.request import InpaintRequest, OutpaintRequest, RefineRequest, Request, Step

View = Literal["result", "before", "diff"]
ADDED, REMOVED, CHANGED = 1, 2, 3
"""What becomes of a voxel: air turns solid, solid turns air, one class turns into another."""


@dataclass(frozen=True, eq=False)
class Ghost:
    """What to draw over the scene: labels of a box in the scene's frame (it may reach beyond), where `mask` is true.

    Attributes
    ----------
    kinds
        `(sx, sy, sz) uint8`: 0 or what becomes of a voxel, to be marked; removed voxels show what goes. `None` where
        the labels are shown as they are.
    """

    box: Box
    labels: Labels
    mask: NDArray[np.bool_]
    kinds: NDArray[np.uint8] | None = None


class Proposal:
    """Candidates for one region of one scene; the user steps through them, compares, accepts one or discards them.

    Equal are those with one id: a proposal that comes back from the disk is the same one.

    Attributes
    ----------
    request
        What was asked for. Variants differ from it in the seed; variations of one also in the scene they start from.
    aside
        Variants that were discarded, but not forgotten.
    view, comparing
        What is shown of the current one; whether the scene before is shown instead, for a moment.
    moment
        Frame of the current one's film that is shown; `None` for its newest state.
    made
        When it was asked for, seconds since 1970.
    """

    changed = Signal()
    formed = Signal()
    """A run went on by a step that decides nothing."""

    def __init__(self, requests: Sequence[Request]) -> None:
        self.id = secrets.token_hex(8)
        self.request = requests[0]
        self.candidates = [Candidate(r) for r in requests]
        self.aside: list[Candidate] = []
        self.current = 0
        self.view: View = "result"
        self.comparing = False
        self.moment: int | None = None
        self.made = time.time()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Proposal) and other.id == self.id

    def __hash__(self) -> int:
        return hash(self.id)

    def __getstate__(self) -> dict[str, Any]:
        """Leave out who listens: what goes to the disk with a step of the history is the candidates."""
        kept = {name: getattr(self, name) for name in ("id", "request", "candidates", "aside", "current", "made")}
        return {**kept, "view": "result", "comparing": False, "moment": None}

    @property
    def candidate(self) -> Candidate:
        """The one that is shown."""
        return self.candidates[self.current]

    @property
    def everyone(self) -> list[Candidate]:
        """All variants, discarded ones too."""
        return [*self.candidates, *self.aside]

    @property
    def nbytes(self) -> int:
        return sum(c.nbytes for c in self.everyone)

    def add(self, candidates: Sequence[Candidate]) -> None:
        """Take more variants of the same and show the first of them."""
        self._leave()
        self.current = len(self.candidates)
        self.candidates += candidates
        self.changed.emit()

    def take(self, candidate: Candidate, step: Step) -> None:
        """Take a step of a run."""
        before = candidate.state
        candidate.take(step)
        if candidate != self.candidate:
            candidate.rest()
        (self.formed if candidate.state == before else self.changed).emit()

    def fail(self, candidate: Candidate, failure: Failure) -> None:
        """Mark a variant as failed; its seed stays known."""
        candidate.fail(failure)
        self.changed.emit()

    def drop(self, candidate: Candidate) -> None:
        """Forget a variant: it was cancelled, or nobody wants it any more."""
        if candidate in self.aside:
            self.aside.remove(candidate)
        elif candidate in self.candidates:
            self._take_out(candidate)
        self.changed.emit()

    def put_aside(self, candidate: Candidate) -> None:
        """Discard a variant; it can be brought back."""
        self._take_out(candidate)
        candidate.rest()
        self.aside.append(candidate)
        self.changed.emit()

    def bring(self, candidate: Candidate) -> None:
        """Show a variant; one that was discarded, or forgotten a moment ago, is on offer again."""
        if candidate in self.aside:
            self.aside.remove(candidate)
        if candidate not in self.candidates:
            self.candidates.append(candidate)
        self.select(self.candidates.index(candidate))

    def select(self, index: int) -> None:
        """Show another variant; counts round at both ends."""
        self._leave()
        self.current = index % len(self.candidates)
        self.changed.emit()

    def compare(self, on: bool) -> None:
        """Hide the ghost to see what was there before."""
        if on != self.comparing:
            self.comparing = on
            self.changed.emit()

    def look(self, view: View) -> None:
        """Show the result, the scene before, or what differs between the two."""
        self.view, self.comparing = view, False
        self.changed.emit()

    def go_to(self, moment: int | None) -> None:
        """Show a frame of the current variant's film; `None` goes to its newest state."""
        frames = len(self.candidate.film.frames)
        self.moment = moment if moment is not None and moment < frames else None
        self.comparing = False
        self.changed.emit()

    def ghost(self, scene: VoxelScene | None = None) -> Ghost | None:
        """Give what to draw over the scene; `None` while it is shown as it was, or before the first estimate.

        The differences are those from `scene`, by default from the one that the request was made for.
        """
        hidden = self.comparing or self.view == "before" or not self.candidates
        picture = None if hidden else self.candidate.picture(self.moment)
        if picture is None:
            return None
        scene = scene or self._scene_before()
        box, labels = picture
        offset = (0, 0, 0) if scene is not None and self.is_in_place(scene) else self.offset
        ghost = Ghost(box.shift(-np.asarray(offset)), labels, self.new_voxels(box))
        return _differences(ghost, scene) if self.view == "diff" else ghost

    @property
    def offset(self) -> Vector3:
        """Where the corner of the request's scene lies in the frame of the candidates, voxels."""
        at = self.request.at if isinstance(self.request, OutpaintRequest) else None
        return (*at, 0) if at else (0, 0, 0)

    @property
    def frame(self) -> Frame | None:
        """The step that is on show, where it is one: not the result, and not the time before the first picture."""
        frames = self.candidate.film.frames if self.candidates else []
        is_step = bool(frames) and (self.moment is not None or self.candidate.is_open)
        return frames[-1 if self.moment is None else self.moment] if is_step else None

    def bounds(self) -> Box:
        """Give the box of what is made, in the frame of the candidates."""
        region = region_of(self.request)
        if region is not None:
            return region.box
        picture = self.candidate.result
        size = getattr(self.request, "size", (1, 1))
        return picture.box if picture is not None else Box((0, 0, 0), (*size, 1))

    def is_in_place(self, scene: VoxelScene) -> bool:
        """Tell whether a scene already has the bounds that these candidates extend it to: one of them was taken."""
        if not isinstance(self.request, OutpaintRequest):
            return False
        old, (x, y, _) = self.request.scene.grid, self.offset
        wide, deep = self.request.size
        return scene.grid == old.cut(Box((-x, -y, 0), (wide - x, deep - y, old.shape[2])))

    def fits(self, scene: VoxelScene) -> bool:
        """Tell whether the scene still has the bounds that the candidates were made for."""
        if not isinstance(self.request, InpaintRequest | RefineRequest | OutpaintRequest):
            return True
        same_bounds = scene.grid == self.request.scene.grid or self.is_in_place(scene)
        return same_bounds and scene.space == self.request.scene.space

    def edited(self, scene: VoxelScene) -> VoxelMask:
        """Mark the voxels of the region that were edited since the request, or since another of these was accepted."""
        region, box = np.zeros((0, 0, 0), dtype=np.bool_), scene.box
        request, mask, known = self.request, region_of(self.request), []
        if isinstance(request, InpaintRequest | RefineRequest) and mask is not None and self.fits(scene):
            box, region, known = mask.box, mask.array, [request.scene.read(mask.box)]
        elif self.is_in_place(scene):
            region = self.new_voxels(box)
        else:
            return VoxelMask.nothing()
        now = scene.read(box)
        taken = [c.result.labels for c in self.everyone if c.accepted and c.result and c.result.box == box]
        differs = region.copy()
        for labels in taken or known:
            differs &= now != labels
        return VoxelMask.of_array(differs, box.lower)

    def new_voxels(self, box: Box) -> NDArray[np.bool_]:
        """Mark what is new in a box in the frame of the candidates."""
        request, region = self.request, region_of(self.request)
        if region is not None:
            return region.within(box)
        if not isinstance(request, OutpaintRequest):
            return np.ones(box.shape, dtype=np.bool_)
        new = np.zeros(box.shape, dtype=np.bool_)
        for tile in request.tiles or (box,):
            new[tile.intersect(box).relative_to(box).slices] = True
        old = request.scene.box.shift(self.offset).intersect(box)
        new[old.relative_to(box).slices] = False
        return new

    def _leave(self) -> None:
        """Turn away from the current variant."""
        if self.candidates:
            self.candidate.rest()
        self.comparing, self.moment = False, None

    def _take_out(self, candidate: Candidate) -> None:
        place = self.candidates.index(candidate)
        if place == self.current:
            self._leave()
        self.candidates.remove(candidate)
        self.current = max(min(self.current - (place < self.current), len(self.candidates) - 1), 0)

    def _scene_before(self) -> VoxelScene | None:
        return getattr(self.request, "scene", None)


def region_of(request: Request) -> VoxelMask | None:
    """Give the voxels of an existing scene that a request makes anew; `None` where it makes a scene or more of one."""
    if isinstance(request, InpaintRequest):
        return request.mask
    if isinstance(request, RefineRequest):
        return request.mask if request.mask is not None else VoxelMask.of_box(request.scene.box)
    return None


def _differences(ghost: Ghost, scene: VoxelScene | None) -> Ghost:
    """Mark what becomes of every voxel, and show those that go as they were."""
    empty = scene.space.empty if scene is not None else 0
    before = np.full(ghost.labels.shape, empty, np.uint8) if scene is None else scene.read_padded(ghost.box, empty)
    was, will = before != empty, ghost.labels != empty
    kinds = np.where(was & will, CHANGED, np.where(will, ADDED, REMOVED)).astype(np.uint8)
    kinds[(before == ghost.labels) | ~ghost.mask] = 0
    return Ghost(ghost.box, np.where(kinds == REMOVED, before, ghost.labels), ghost.mask, kinds)

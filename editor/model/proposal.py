"""What the engine proposes and the user has not decided on: variants of one job, shown as a ghost."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from editor.model.document import Document
from editor.model.jobs import Failure
from engine.edit import Edit, Editable, GridEdit, VoxelEdit
from engine.errors import GridError, RequestError
from engine.grid import Box
from engine.mask import VoxelMask
from engine.scene import Labels, VoxelScene
from engine.tasks.request import GenerateRequest, InpaintRequest, OutpaintRequest, Provenance, Request, Result, Step

CandidateState = Literal["waiting", "forming", "ready", "failed"]
Overlap = Literal["keep", "overwrite"]
"""What becomes of voxels that were edited since the request: they stay, or the candidate goes over them."""


@dataclass(frozen=True, eq=False)
class Ghost:
    """What to draw over the scene: labels of a box in the scene's frame (it may reach beyond), where `mask` is true."""

    box: Box
    labels: Labels
    mask: NDArray[np.bool_]


@dataclass(eq=False)
class Candidate:
    """One variant."""

    request: Request
    state: CandidateState = "waiting"
    step: Step | None = None
    result: Result | None = None
    failure: Failure | None = None
    pieces: dict[Box, Labels] = field(default_factory=dict)

    def take(self, step: Step) -> None:
        """Keep the newest estimate of every box, and the result once it is there."""
        self.step, self.state = step, "forming"
        if step.box is not None and step.labels is not None:
            self.pieces[step.box] = step.labels
        if step.result is not None:
            self.result, self.state = step.result, "ready"
            self.pieces = {step.result.box: step.result.labels}

    def picture(self) -> tuple[Box, Labels] | None:
        """Give what is known of the new labels, in the new frame; `None` before the first estimate."""
        if not self.pieces:
            return None
        if len(self.pieces) == 1:
            return next(iter(self.pieces.items()))
        whole = Box((0, 0, 0), (0, 0, 0))
        for box in self.pieces:
            whole = whole.union(box)
        labels = np.zeros(whole.shape, dtype=np.uint8)
        for box, part in self.pieces.items():
            labels[box.relative_to(whole).slices] = part
        return whole, labels

    @property
    def nbytes(self) -> int:
        return sum(p.nbytes for p in self.pieces.values())


class Proposal:
    """Candidates for one region of one scene; the user steps through them, compares, accepts one or discards all.

    Equal are those with one id: a proposal that comes back from the disk is the same one.
    """

    changed = Signal()

    def __init__(self, requests: Sequence[Request]) -> None:
        self.id = secrets.token_hex(8)
        self.candidates = [Candidate(r) for r in requests]
        self.current = 0
        self.comparing = False

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Proposal) and other.id == self.id

    def __hash__(self) -> int:
        return hash(self.id)

    def __getstate__(self) -> dict[str, Any]:
        """Leave out who listens: what goes to the disk with a step of the history is the candidates."""
        return {"id": self.id, "candidates": self.candidates, "current": self.current, "comparing": False}

    @property
    def candidate(self) -> Candidate:
        """The one that is shown."""
        return self.candidates[self.current]

    @property
    def request(self) -> Request:
        """What was asked for; all variants differ in the seed only."""
        return self.candidates[0].request

    @property
    def offset(self) -> tuple[int, int, int]:
        """Where the document's corner lies in the frame of the candidates, voxels."""
        at = self.request.at if isinstance(self.request, OutpaintRequest) else None
        return (*at, 0) if at else (0, 0, 0)

    @property
    def nbytes(self) -> int:
        return sum(c.nbytes for c in self.candidates)

    def add(self, requests: Sequence[Request]) -> None:
        """Ask for more variants of the same."""
        self.current = len(self.candidates)
        self.candidates += [Candidate(r) for r in requests]
        self.changed.emit()

    def take(self, candidate: Candidate, step: Step) -> None:
        """Take a step of a run."""
        candidate.take(step)
        self.changed.emit()

    def fail(self, candidate: Candidate, failure: Failure) -> None:
        """Mark a variant as failed; its seed stays known."""
        candidate.state, candidate.failure = "failed", failure
        candidate.pieces.clear()
        self.changed.emit()

    def drop(self, candidate: Candidate) -> None:
        """Forget a variant that was cancelled."""
        place = self.candidates.index(candidate)
        self.candidates.remove(candidate)
        self.current = max(min(self.current - (place < self.current), len(self.candidates) - 1), 0)
        self.changed.emit()

    def select(self, index: int) -> None:
        """Show another variant; counts round at both ends."""
        self.current = index % len(self.candidates)
        self.comparing = False
        self.changed.emit()

    def compare(self, on: bool) -> None:
        """Hide the ghost to see what was there before."""
        if on != self.comparing:
            self.comparing = on
            self.changed.emit()

    def ghost(self) -> Ghost | None:
        """Give what to draw over the scene; `None` while comparing or before the first estimate."""
        picture = None if self.comparing or not self.candidates else self.candidate.picture()
        if picture is None:
            return None
        box, labels = picture
        shown = box.shift(-np.asarray(self.offset))
        return Ghost(shown, labels, self._new_voxels(box))

    def fits(self, scene: VoxelScene) -> bool:
        """Tell whether the scene still has the bounds that the candidates were made for."""
        if isinstance(self.request, GenerateRequest):
            return True
        return scene.grid == self.request.scene.grid and scene.space == self.request.scene.space

    def edited(self, scene: VoxelScene) -> NDArray[np.bool_] | None:
        """Mark the voxels of a regenerated region that were edited since the request; `None` where none was.

        The array fills the box of the request's mask.
        """
        request = self.request
        if not isinstance(request, InpaintRequest) or not self.fits(scene):
            return None
        box = request.mask.box
        differs = (scene.read(box) != request.scene.read(box)) & request.mask.array
        return differs if differs.any() else None

    def accept(self, document: Document, overlap: Overlap = "keep") -> AcceptEdit:
        """Make the one edit that puts the shown candidate into the document; the caller does it.

        Raises `RequestError` while there is no result, `GridError` where the bounds changed since.
        """
        result = self.candidate.result if self.candidates else None
        if result is None:
            raise RequestError("this variant is not finished; wait for it or choose another one")
        if not self.fits(document.scene):
            raise GridError("the bounds of the scene changed since this was made; undo that or generate again")
        return AcceptEdit.of(self, result, document, self._edit(result, document, overlap))

    def _new_voxels(self, box: Box) -> NDArray[np.bool_]:
        request = self.request
        if isinstance(request, InpaintRequest):
            return request.mask.within(box)
        new = np.ones(box.shape, dtype=np.bool_)
        if isinstance(request, OutpaintRequest):
            old = request.scene.box.shift(self.offset).intersect(box)
            new[old.relative_to(box).slices] = False
        return new

    def _edit(self, result: Result, document: Document, overlap: Overlap) -> VoxelEdit | GridEdit:
        scene = document.scene
        if result.scene is None:
            mask = result.mask.within(result.box)
            edited = self.edited(scene) if overlap == "keep" else None
            if edited is not None and isinstance(self.request, InpaintRequest):
                mask &= ~VoxelMask(self.request.mask.box, edited).within(result.box)
            return VoxelEdit.between("Regenerate", scene, result.box, result.labels, mask)
        after = result.scene.snapshot()
        if isinstance(self.request, GenerateRequest):
            _sign(after, result.provenance)
            return GridEdit("Generate scene", scene.snapshot(), after, document.mask)
        after.write(scene.box.shift(self.offset), scene.read())
        after.metadata = {**scene.snapshot().metadata, **after.metadata}
        if document.saved_masks:
            after.metadata["masks"] = {name: m.shift(self.offset) for name, m in document.saved_masks.items()}
        _sign(after, result.provenance)
        return GridEdit("Extend", scene.snapshot(), after, document.mask)


@dataclass(frozen=True, eq=False)
class AcceptEdit:
    """One accepted candidate: its voxels, the cleared mask, and where they came from, as one undo step.

    It keeps the proposal, so that undo brings the other variants back.
    """

    name: str
    inner: VoxelEdit | GridEdit
    mask_before: VoxelMask
    provenance: Provenance | None
    proposal: Proposal

    @classmethod
    def of(cls, proposal: Proposal, result: Result, document: Document, inner: VoxelEdit | GridEdit) -> AcceptEdit:
        """Wrap the edit of a result. A whole new scene brings its own provenance along."""
        provenance = result.provenance if isinstance(inner, VoxelEdit) else None
        return cls(inner.name, inner, document.mask, provenance, proposal)

    @property
    def nbytes(self) -> int:
        return self.inner.nbytes + self.mask_before.array.nbytes + self.proposal.nbytes

    def apply(self, target: Editable) -> Box:
        box = self.inner.apply(target)
        target.mask = VoxelMask.nothing()
        if self.provenance is not None:
            target.scene.metadata.setdefault("provenance", []).append(self.provenance.to_json())
        return box

    def revert(self, target: Editable) -> Box:
        if self.provenance is not None:
            target.scene.metadata["provenance"].pop()
        box = self.inner.revert(target)
        target.mask = self.mask_before
        return box


def _sign(scene: VoxelScene, provenance: Provenance) -> None:
    """Write where new voxels came from into the scene's list, once."""
    trail, entry = scene.metadata.setdefault("provenance", []), provenance.to_json()
    if not trail or trail[-1] != entry:
        trail.append(entry)


def proposal_of(edit: Edit) -> Proposal | None:
    """Give the proposal that an edit accepted, where it did."""
    return edit.proposal if isinstance(edit, AcceptEdit) else None

"""How a candidate gets into the document: one edit, and what it takes to bring the other variants back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from editor.model.candidate import Candidate
from editor.model.document import Document
from editor.model.layout_draft import carry_map
from editor.model.proposal import Proposal
from engine.edit import Edit, Editable, GridEdit, VoxelEdit
from engine.errors import GridError, RequestError
from engine.grid import Box
from engine.mask import VoxelMask
from engine.scene import VoxelScene
from engine.tasks.request import GenerateRequest, Provenance, RefineRequest, Result

Overlap = Literal["keep", "overwrite"]
"""What becomes of voxels that were edited since the request: they stay, or the candidate goes over them."""


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
    chosen: Candidate

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


def accept_edit(proposal: Proposal, document: Document, overlap: Overlap = "keep") -> AcceptEdit:
    """Make the one edit that puts the shown candidate into the document; the caller does it.

    Raises `RequestError` while there is no result, `GridError` where the bounds changed since.
    """
    result = proposal.candidate.result if proposal.candidates else None
    if result is None:
        raise RequestError("this variant is not finished; wait for it or choose another one")
    if proposal.moment is not None:
        raise RequestError("an earlier step is shown, not the result; keep that step or go to the end of the steps")
    if not proposal.fits(document.scene):
        raise GridError("the bounds of the scene changed since this was made; undo that or generate again")
    inner = _edit(proposal, result, document, overlap)
    # a whole new scene brings its own provenance along
    provenance = result.provenance if isinstance(inner, VoxelEdit) else None
    return AcceptEdit(inner.name, inner, document.mask, provenance, proposal, proposal.candidate)


def accepted_by(edit: Edit) -> tuple[Proposal, Candidate] | None:
    """Give the proposal that an edit accepted, and which of its variants, where it did."""
    return (edit.proposal, edit.chosen) if isinstance(edit, AcceptEdit) else None


def _edit(proposal: Proposal, result: Result, document: Document, overlap: Overlap) -> VoxelEdit | GridEdit:
    scene = document.scene
    if result.scene is None or proposal.is_in_place(scene):
        remade = "Refine" if isinstance(proposal.request, RefineRequest) else "Regenerate"
        name = remade if result.scene is None else "Extend"
        mask = result.mask.within(result.box) & proposal.new_voxels(result.box)
        if overlap == "keep":
            mask &= ~proposal.edited(scene).within(result.box)
        return VoxelEdit.between(name, scene, result.box, result.labels, mask)
    after = result.scene.snapshot()
    carry_map(scene, after)
    if isinstance(proposal.request, GenerateRequest):
        _sign(after, result.provenance)
        return GridEdit("Generate scene", scene.snapshot(), after, document.mask)
    after.write(scene.box.shift(proposal.offset), scene.read())
    after.metadata = {**scene.snapshot().metadata, **after.metadata}
    if document.saved_masks:
        after.metadata["masks"] = {name: m.shift(proposal.offset) for name, m in document.saved_masks.items()}
    _sign(after, result.provenance)
    return GridEdit("Extend", scene.snapshot(), after, document.mask)


def _sign(scene: VoxelScene, provenance: Provenance) -> None:
    """Write where new voxels came from into the scene's list, once."""
    trail, entry = scene.metadata.setdefault("provenance", []), provenance.to_json()
    if not trail or trail[-1] != entry:
        trail.append(entry)

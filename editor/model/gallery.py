"""The history of what was generated: every variant of the session with all that made it, bounded in bytes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

from psygnal import Signal

from editor.model.candidate import Candidate
from editor.model.history import MEGABYTE
from editor.model.options import Options
from editor.model.proposal import Proposal, region_of
from engine.tasks.request import RefineRequest, Request, Sampling

_OWN = {"seed", "device", "preview"}
"""Options that are no parameters: they are taken on their own, or say where and how a run goes on."""
_TOLD = {"model", "steps", "sampler", "guidance", "strength", "forbid"}
"""Options that are always told."""


@dataclass(frozen=True)
class Item:
    """A variant and the proposal it belongs to."""

    proposal: Proposal
    candidate: Candidate


class Gallery:
    """Keeps variants after they were discarded or after another one was accepted, until there are too many.

    Parameters
    ----------
    budget
        Bytes that all of them may keep in memory.
    is_spared
        Tells which must stay, whatever they take.

    Attributes
    ----------
    items
        Oldest first; variants of one proposal stand together.
    """

    changed = Signal()

    def __init__(self, budget: int = 256 * MEGABYTE, is_spared: Callable[[Item], bool] = lambda _item: False) -> None:
        self.budget = budget
        self._is_spared = is_spared
        self.items: list[Item] = []

    @property
    def nbytes(self) -> int:
        """Bytes of all variants, and of the scenes and masks that they were asked for; shared ones count once."""
        requests = {id(r): r for i in self.items for r in (i.proposal.request, i.candidate.request)}
        scenes = {id(s): s for r in requests.values() if (s := getattr(r, "scene", None)) is not None}
        masks = [m for r in requests.values() if (m := getattr(r, "mask", None)) is not None]
        masks += [i.candidate.base.mask for i in self.items if i.candidate.base is not None]
        parts: dict[int, int] = {id(mask.array): mask.array.nbytes for mask in masks}
        for scene in scenes.values():
            parts |= scene.store.chunk_sizes()
        return sum(item.candidate.nbytes for item in self.items) + sum(parts.values())

    def use_budget(self, megabytes: int) -> None:
        """Keep so much from the next run on."""
        self.budget = megabytes * MEGABYTE
        self.changed.emit()

    def find(self, proposal: Proposal) -> Proposal | None:
        """Find the proposal that equals one which may have come back from the disk."""
        return next((i.proposal for i in self.items if i.proposal == proposal), None)

    def put(self, proposal: Proposal) -> None:
        """Take in all variants of a proposal that are not there yet, beside the others of it."""
        for candidate in proposal.everyone:
            item = Item(proposal, candidate)
            if item not in self.items:
                own = [place for place, other in enumerate(self.items) if other.proposal == proposal]
                self.items.insert(own[-1] + 1 if own else len(self.items), item)
        self.changed.emit()

    def drop(self, candidate: Candidate) -> None:
        """Forget a variant."""
        self.items = [i for i in self.items if i.candidate != candidate]
        self.changed.emit()

    def clear(self) -> None:
        """Forget all, as another scene is opened."""
        self.items.clear()
        self.changed.emit()

    def prune(self, close: Callable[[Item], None]) -> None:
        """Forget films first, then whole variants, the oldest first, until all fit; `close` is told about each.

        Stars and pins keep a variant, and so does still being worked on.
        """
        count = len(self.items)
        while self.nbytes > self.budget and (self._drop_film() or self._drop_oldest(close)):
            pass
        if len(self.items) != count:
            self.changed.emit()

    def _drop_film(self) -> bool:
        found = next((i for i in self.items if i.candidate.film.frames and not self._must_stay(i)), None)
        if found is not None:
            found.candidate.film.clear()
        return found is not None

    def _drop_oldest(self, close: Callable[[Item], None]) -> bool:
        found = next((i for i in self.items if not self._must_stay(i)), None)
        if found is not None:
            self.items.remove(found)
            close(found)
        return found is not None

    def _must_stay(self, item: Item) -> bool:
        candidate = item.candidate
        return candidate.starred or candidate.pinned or candidate.is_open or self._is_spared(item)


def parameters(request: Request) -> dict[str, Any]:
    """Give the options of the Generate dock that make the same again, but for the seed."""
    sampling, refines = request.sampling, isinstance(request, RefineRequest)
    shared = {f.name for f in fields(Options)} & {f.name for f in fields(Sampling)}
    values = {name: getattr(sampling, name) for name in shared - _OWN} | {"forbid": frozenset(sampling.forbid)}
    if refines:  # it has its own
        values |= {f"refine_{name}": values.pop(name) for name in ("steps", "strength")}
    return {**values, "refines": refines}


def facts(item: Item) -> list[tuple[str, str]]:
    """List all that made a variant, as names and values for people."""
    candidate = item.candidate
    request, sampling = candidate.request, candidate.request.sampling
    rows = [("Seed", str(sampling.seed)), ("Model", sampling.model)]
    rows += [("Steps", str(sampling.steps)), ("Sampler", sampling.sampler)]
    rows += [("Guidance", f"{sampling.guidance:g}"), ("Strength", f"{sampling.strength:g}"), _extent(item)]
    rows += [("Layout", "followed")] * (getattr(request, "layout", None) is not None)
    rows += [("Not made", ", ".join(sampling.forbid))] * bool(sampling.forbid)
    rows += [(name.replace("_", " ").capitalize(), str(value)) for name, value in _unusual(sampling)]
    rows += [("Origin", candidate.note)] * bool(candidate.note)
    rows += [("Took", f"{candidate.seconds:.1f} s")] * (candidate.seconds > 0)
    return rows


def _extent(item: Item) -> tuple[str, str]:
    request, region = item.proposal.request, region_of(item.proposal.request)
    if region is not None and isinstance(request, RefineRequest):
        return "Refined", f"{region.count:,} voxels"
    if region is not None:
        return "Mask", f"{region.count:,} voxels"
    return "Size", " × ".join(map(str, getattr(request, "size", ()))) + " voxels"


def _unusual(sampling: Sampling) -> list[tuple[str, object]]:
    """List those of the other options that are not as they are by default."""
    rare = [f for f in fields(Sampling) if f.name not in _OWN | _TOLD]
    return [(f.name, getattr(sampling, f.name)) for f in rare if getattr(sampling, f.name) != f.default]

"""Undo and redo: two stacks of edits with a budget in bytes; what goes beyond it waits on the disk."""

from __future__ import annotations

from pathlib import Path

from psygnal import Signal

from editor.model.spill import Spill, SpillError
from engine.edit import Edit, MaskEdit

MEGABYTE = 1 << 20


class _Entry:
    """One step, in memory or in a file; at the same time the identity of the voxels right after it."""

    def __init__(self, edit: Edit) -> None:
        self.name, self.changes_voxels = edit.name, not isinstance(edit, MaskEdit)
        self.file: Path | None = None
        self.edit: Edit | None = None
        self.hold(edit)

    def hold(self, edit: Edit) -> None:
        """Keep the step in memory."""
        self.edit, self.nbytes, self.file = edit, edit.nbytes, None

    def leave(self, file: Path) -> None:
        """Keep only its place on the disk."""
        self.edit, self.nbytes, self.file = None, 0, file


class History:
    """What was done, so that it can be taken back.

    Steps furthest from now go to the disk first, and from there they are forgotten last: in both stacks what lies in
    files comes before what lies in memory.

    Parameters
    ----------
    budget
        Bytes that all steps together may keep in memory. The newest always stays.
    spill
        Takes the steps beyond the budget; without one the oldest are forgotten.
    """

    shortened = Signal(str)
    """Steps were forgotten, or there is no room for them; one line that says why."""

    def __init__(self, budget: int = 1024 * MEGABYTE, spill: Spill | None = None) -> None:
        self.budget = budget
        self._spill = spill
        self._done: list[_Entry] = []
        self._undone: list[_Entry] = []
        self._base: object = object()
        self._is_short = False

    @property
    def undo_name(self) -> str | None:
        """Name of the edit that undo would take back."""
        return self._done[-1].name if self._done else None

    @property
    def redo_name(self) -> str | None:
        """Name of the edit that redo would make again."""
        return self._undone[-1].name if self._undone else None

    @property
    def nbytes(self) -> int:
        """Bytes in memory."""
        return sum(e.nbytes for e in self._done) + sum(e.nbytes for e in self._undone)

    @property
    def state(self) -> object:
        """Identity of the current voxels: equal (`is`) exactly while no voxel edit lies between. Masks do not count."""
        return next((e for e in reversed(self._done) if e.changes_voxels), self._base)

    def push(self, edit: Edit) -> None:
        """Record an edit that was just applied; what was undone before is gone."""
        self._forget(self._undone, len(self._undone))
        self._done.append(_Entry(edit))
        while self.nbytes > self.budget and (furthest := self._furthest()) is not None:
            try:
                self._send(furthest)
            except SpillError as error:
                self._forget(self._done, 1)
                self._tell_once(f"The oldest steps can no longer be undone ({error}); free disk space to keep more.")

    def step_back(self) -> Edit | None:
        """Move the newest edit to the redo side and give it, for the caller to revert."""
        return self._step(self._done, self._undone)

    def step_forward(self) -> Edit | None:
        """Move the last undone edit back and give it, for the caller to apply."""
        return self._step(self._undone, self._done)

    def clear(self) -> None:
        """Forget everything, as another scene is opened."""
        self._forget(self._done, len(self._done))
        self._forget(self._undone, len(self._undone))
        self._base, self._is_short = object(), False

    def close(self) -> None:
        """Forget everything and leave nothing on the disk."""
        self.clear()
        if self._spill is not None:
            self._spill.close()

    def _step(self, source: list[_Entry], target: list[_Entry]) -> Edit | None:
        if not source:
            return None
        try:
            edit = self._fetch(source[-1])
        except SpillError as error:
            count = self._forget(source, len(source))  # each of them builds on the one that is lost
            self.shortened.emit(f"{count} steps are lost, as one cannot be read back: {error}. The scene is unharmed.")
            return None
        target.append(source.pop())
        self._make_room()
        return edit

    def _fetch(self, entry: _Entry) -> Edit:
        if entry.edit is not None:
            return entry.edit
        assert entry.file is not None
        assert self._spill is not None
        edit = self._spill.take(entry.file)
        entry.hold(edit)
        return edit

    def _make_room(self) -> None:
        """Spill what has come back and is far away again; where the disk is full, memory has to do."""
        while self._spill is not None and self.nbytes > self.budget and (furthest := self._furthest()) is not None:
            try:
                self._send(furthest)
            except SpillError as error:
                self._tell_once(f"Old steps stay in memory, beyond their budget ({error}); free disk space.")
                return

    def _send(self, entry: _Entry) -> None:
        """Move a step to the disk."""
        if self._spill is None or entry.edit is None:
            raise SpillError(f"all steps together need more than {self.budget / MEGABYTE:,.0f} MB")
        entry.leave(self._spill.put(entry.edit))

    def _tell_once(self, message: str) -> None:
        """Say that the history is short; one message is enough until another scene is opened."""
        if not self._is_short:
            self._is_short = True
            self.shortened.emit(message)

    def _furthest(self) -> _Entry | None:
        """Find the step in memory that is furthest from now; the next ones to undo and redo stay."""
        far = [
            (len(stack) - place, entry)
            for stack in (self._done, self._undone)
            for place, entry in enumerate(stack[:-1])
            if entry.edit is not None
        ]
        return max(far, key=lambda f: f[0])[1] if far else None

    def _forget(self, stack: list[_Entry], count: int) -> int:
        """Drop the furthest steps of a stack for good."""
        for entry in stack[:count]:
            if entry.file is not None and self._spill is not None:
                self._spill.drop(entry.file)
            if stack is self._done and entry.changes_voxels:
                self._base = entry
        del stack[:count]
        return count

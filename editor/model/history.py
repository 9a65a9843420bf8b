"""Undo and redo: two stacks of edits with a budget in bytes."""

from __future__ import annotations

from engine.edit import Edit, MaskEdit

MEGABYTE = 1 << 20


class History:
    """What was done, so that it can be taken back.

    Parameters
    ----------
    budget
        Bytes that all records together may keep alive; the oldest go first. The newest always stays.
    """

    def __init__(self, budget: int = 1024 * MEGABYTE) -> None:
        self.budget = budget
        self._done: list[Edit] = []
        self._undone: list[Edit] = []
        self._base: object = object()

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
        return sum(e.nbytes for e in self._done) + sum(e.nbytes for e in self._undone)

    @property
    def state(self) -> object:
        """Identity of the current voxels: equal (`is`) exactly while no voxel edit lies between. Masks do not count."""
        return next((e for e in reversed(self._done) if not isinstance(e, MaskEdit)), self._base)

    def push(self, edit: Edit) -> None:
        """Record an edit that was just applied; what was undone before is gone."""
        self._undone.clear()
        self._done.append(edit)
        while len(self._done) > 1 and self.nbytes > self.budget:
            oldest = self._done.pop(0)
            if not isinstance(oldest, MaskEdit):
                self._base = oldest

    def step_back(self) -> Edit | None:
        """Move the newest edit to the redo side and give it, for the caller to revert."""
        if not self._done:
            return None
        self._undone.append(self._done.pop())
        return self._undone[-1]

    def step_forward(self) -> Edit | None:
        """Move the last undone edit back and give it, for the caller to apply."""
        if not self._undone:
            return None
        self._done.append(self._undone.pop())
        return self._done[-1]

    def clear(self) -> None:
        """Forget everything, as another scene is opened."""
        self._done.clear()
        self._undone.clear()
        self._base = object()

"""How the classes of a scene are shown and protected."""

from __future__ import annotations

from psygnal import Signal

from engine.labels import LabelSpace


class ClassView:
    """Which classes are visible, which are locked, which is chosen, in which colours.

    Locked classes are never masked. Hidden ones are neither drawn nor hit by the pointer.
    """

    changed = Signal()
    chosen_changed = Signal(int)

    def __init__(self, space: LabelSpace, palette: str | None = None) -> None:
        self._space = space
        self._palette = palette if palette in space.palettes else space.palettes[0]
        self._visible = frozenset(space.solid_ids)
        self._locked: frozenset[int] = frozenset()
        self._chosen = space.solid_ids[0]

    @property
    def space(self) -> LabelSpace:
        return self._space

    @property
    def palette(self) -> str:
        return self._palette

    @property
    def visible(self) -> frozenset[int]:
        return self._visible

    @property
    def locked(self) -> frozenset[int]:
        return self._locked

    @property
    def chosen(self) -> int:
        """Class that was picked or clicked last; mask tools work from it."""
        return self._chosen

    def use_space(self, space: LabelSpace) -> None:
        """Start over for a scene of other classes; the same classes keep their state."""
        if space == self._space:
            return
        self._palette = self._palette if self._palette in space.palettes else space.palettes[0]
        self._space, self._locked = space, frozenset()
        self._visible, self._chosen = frozenset(space.solid_ids), space.solid_ids[0]
        self.changed.emit()

    def use_palette(self, palette: str) -> None:
        """Take another colour preset; one that the label space lacks is ignored."""
        if palette in self._space.palettes and palette != self._palette:
            self._palette = palette
            self.changed.emit()

    def set_visible(self, label: int, on: bool) -> None:
        self._show(self._visible | {label} if on else self._visible - {label})

    def solo(self, label: int) -> None:
        """Show only this class; a second time shows all again."""
        alone = frozenset({label})
        self._show(frozenset(self._space.solid_ids) if self._visible == alone else alone)

    def show_all(self) -> None:
        self._show(frozenset(self._space.solid_ids))

    def set_locked(self, label: int, on: bool) -> None:
        self._locked = self._locked | {label} if on else self._locked - {label}
        self.changed.emit()

    def choose(self, label: int) -> None:
        """Make a class the one that mask tools work from; the empty class cannot be chosen."""
        if label in self._space.solid_ids and label != self._chosen:
            self._chosen = label
            self.chosen_changed.emit(label)

    def _show(self, visible: frozenset[int]) -> None:
        if visible != self._visible:
            self._visible = visible
            self.changed.emit()

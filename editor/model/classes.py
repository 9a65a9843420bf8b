"""How the classes of a scene are shown and protected."""

from __future__ import annotations

from psygnal import Signal

from engine.labels import UNKNOWN, LabelSpace


class ClassView:
    """Which classes are visible, locked or passed through, which one is chosen, in which colours.

    Locked classes are never masked and no voxel tool changes them. Hidden ones are neither drawn nor hit by the
    pointer. The pointer of a painting tool goes through passed ones to what lies behind.
    """

    changed = Signal()
    chosen_changed = Signal(int)

    def __init__(self, space: LabelSpace, palette: str | None = None) -> None:
        self._space = space
        self._palette = palette if palette in space.palettes else space.palettes[0]
        self._visible = _all_of(space)
        self._locked: frozenset[int] = frozenset()
        self._passed: frozenset[int] = frozenset()
        self._chosen = space.solid_ids[0]
        self._erases = False

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
    def all(self) -> frozenset[int]:
        """Labels of all that can be seen: solid classes, and what is unknown."""
        return _all_of(self._space)

    @property
    def hidden(self) -> frozenset[int]:
        return self.all - self._visible

    @property
    def locked(self) -> frozenset[int]:
        return self._locked

    @property
    def passed(self) -> frozenset[int]:
        return self._passed

    @property
    def chosen(self) -> int:
        """Class that was picked or clicked last."""
        return self._chosen

    @property
    def ink(self) -> int:
        """What voxel tools write: the chosen class, or empty once they are swapped."""
        return self._space.empty if self._erases else self._chosen

    def name_of(self, label: int) -> str:
        """Name a label, those without a class too."""
        if label < len(self._space):
            return self._space.names[label]
        return "unknown" if label == UNKNOWN else str(label)

    def use_space(self, space: LabelSpace) -> None:
        """Start over for a scene of other classes; the same classes keep their state."""
        if space == self._space:
            return
        self._palette = self._palette if self._palette in space.palettes else space.palettes[0]
        self._space, self._locked, self._passed = space, frozenset(), frozenset()
        self._visible, self._chosen, self._erases = self.all, space.solid_ids[0], False
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
        self._show(self.all if self._visible == alone else alone)

    def show_all(self) -> None:
        self._show(self.all)

    def set_locked(self, label: int, on: bool) -> None:
        self._locked = self._locked | {label} if on else self._locked - {label}
        self.changed.emit()

    def lock_others(self, label: int) -> None:
        """Lock every class but this one; a second time unlocks all."""
        others = self.all - {label}
        self._locked = frozenset() if self._locked == others else others
        self.changed.emit()

    def set_passed(self, label: int, on: bool) -> None:
        self._passed = self._passed | {label} if on else self._passed - {label}
        self.changed.emit()

    def choose(self, label: int) -> None:
        """Make a class the one that tools work with; the empty class can only be swapped in."""
        if label in self._space.solid_ids and (label != self._chosen or self._erases):
            self._chosen, self._erases = label, False
            self.chosen_changed.emit(label)

    def choose_nth(self, place: int) -> None:
        """Choose by place in the list of solid classes, from 0; a place past its end chooses nothing."""
        if place < len(self._space.solid_ids):
            self.choose(self._space.solid_ids[place])

    def swap_ink(self) -> None:
        """Let voxel tools write empty instead of the chosen class, or the other way round."""
        self._erases = not self._erases
        self.chosen_changed.emit(self._chosen)

    def _show(self, visible: frozenset[int]) -> None:
        if visible != self._visible:
            self._visible = visible
            self.changed.emit()


def _all_of(space: LabelSpace) -> frozenset[int]:
    return frozenset({*space.solid_ids, UNKNOWN})

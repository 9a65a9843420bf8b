"""The table of actions as Qt actions, menus and tool bars."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMenu, QMenuBar, QToolBar, QWidget

from editor.ui.action_table import ACTIONS, MENUS, ActionSpec
from editor.ui.theme import Theme


class Actions(QObject):
    """The table as Qt actions.

    Parameters
    ----------
    window, view
        Widgets on which the keys work.
    run
        Called with the spec of what was triggered.
    """

    def __init__(self, window: QWidget, view: QWidget, run: Callable[[ActionSpec], None], theme: Theme) -> None:
        super().__init__(window)
        self._actions: dict[str, QAction] = {}
        self._groups: dict[str, QActionGroup] = {}
        for spec in ACTIONS:
            action = self._make(spec, run)
            action.setParent(self)
            (window if spec.scope == "window" else view).addAction(action)
        self.use_keys(lambda name: _SPECS[name].shortcuts)
        self.dress(theme)

    def __getitem__(self, name: str) -> QAction:
        return self._actions[name]

    def find(self, name: str) -> QAction | None:
        """Give the action of a name, where there is one."""
        return self._actions.get(name)

    def use_keys(self, keys_of: Callable[[str], tuple[str, ...]]) -> None:
        """Take other keys, in menus and tips too."""
        for spec in ACTIONS:
            keys = keys_of(spec.id)
            self._actions[spec.id].setShortcuts([QKeySequence(k) for k in keys])
            self._actions[spec.id].setToolTip(_tip(spec, keys))

    def dress(self, theme: Theme) -> None:
        """Take icons in the theme's colours."""
        for spec in ACTIONS:
            if spec.icon:
                self._actions[spec.id].setIcon(theme.icon(spec.icon))

    def _make(self, spec: ActionSpec, run: Callable[[ActionSpec], None]) -> QAction:
        action = QAction(spec.title)
        action.setObjectName(spec.id)
        if spec.scope == "view":
            action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        action.setStatusTip(spec.tip)
        if spec.group:
            action.setCheckable(True)
            self._group(spec.group).addAction(action)
        action.triggered.connect(lambda _checked=False: run(spec))
        self._actions[spec.id] = action
        return action

    def _group(self, name: str) -> QActionGroup:
        if name not in self._groups:
            self._groups[name] = QActionGroup(self)
        return self._groups[name]


def fill_menus(bar: QMenuBar, actions: Actions, extras: dict[str, QMenu]) -> None:
    """Build all menus from the table."""
    for title, names in MENUS:
        _fill(bar.addMenu(title), names, actions, extras)


def fill_bar(bar: QToolBar, names: str, actions: Actions) -> None:
    """Put actions on a tool bar; `|` is a separator."""
    _fill(bar, names, actions, {})


def _fill(target: QMenu | QToolBar, names: str, actions: Actions, extras: dict[str, QMenu]) -> None:
    for name in names.split():
        if name == "|":
            target.addSeparator()
        elif name.startswith("@") and isinstance(target, QMenu):
            target.addMenu(extras[name[1:]])
        else:
            target.addAction(actions[name])


def icon_of(name: str) -> str:
    """Give the name of an action's icon."""
    return _SPECS[name].icon


def full_title(name: str, title: str) -> str:
    """Name an action in a list of all, where the `Load…` of one dock would say too little."""
    family, _, deed = name.partition(".")
    return f"{_DOCKS[family]}: {title}" if family in _DOCKS and deed != "show" else title


def menu_path(name: str) -> str:
    """Name the menu that an action is in; an empty string where it is in none."""
    return next((title.replace("&", "") for title, names in MENUS if name in names.split()), "")


_DOCKS = {"world": "World Map", "layout": "Layout"}
"""Docks whose own buttons have short titles; by the first part of the actions' ids."""
_SPECS = {spec.id: spec for spec in ACTIONS}


def _tip(spec: ActionSpec, keys: tuple[str, ...]) -> str:
    """Name the action and its first key, and say what it does."""
    shown = QKeySequence(keys[0]).toString(QKeySequence.SequenceFormat.NativeText) if keys else ""
    title = spec.title.rstrip("…")
    head = f"{title} ({shown})" if shown else title
    return f"<b>{head}</b><br>{spec.tip}" if spec.tip else f"<b>{head}</b>"

"""Everything one can do, in one table: menus, tool bars, shortcuts, tool tips and script names come from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMenu, QMenuBar, QToolBar, QWidget

from editor.ui.theme import Theme

Scope = Literal["window", "view"]


@dataclass(frozen=True)
class ActionSpec:
    """One action.

    Attributes
    ----------
    id
        Script name and object name.
    handler
        Name of a method of `Commands`.
    scope
        `view` keys work only with the viewport focused, so that lists and fields keep them.
    group
        Actions of one group are checkable and exclude each other.
    """

    id: str
    title: str
    handler: str
    shortcuts: tuple[str, ...] = ()
    tip: str = ""
    icon: str = ""
    scope: Scope = "window"
    group: str = ""


ACTIONS: tuple[ActionSpec, ...] = (
    ActionSpec("file.new", "New Scene…", "new_scene", ("Ctrl+N",), "Start with an empty scene", "new"),
    ActionSpec("file.open", "Open…", "open_scene", ("Ctrl+O",), "Open a scene of any known format", "open"),
    ActionSpec("file.save", "Save", "save", ("Ctrl+S",), "Save the scene", "save"),
    ActionSpec("file.save_as", "Save As…", "save_as", ("Ctrl+Shift+S",), "Save the scene under another name"),
    ActionSpec("file.export", "Export…", "export", ("Ctrl+E",), "Export a mesh or a data-set grid", "export"),
    ActionSpec("file.quit", "Quit", "quit", ("Ctrl+Q",), "Close the editor"),
    ActionSpec("edit.undo", "Undo", "undo", ("Ctrl+Z",), "Take the last step back", "undo"),
    ActionSpec("edit.redo", "Redo", "redo", ("Ctrl+Shift+Z", "Ctrl+Y"), "Make the step again", "redo"),
    ActionSpec(
        "edit.convert", "Convert to the Model's Grid", "convert", (), "Bring classes, voxel size and height in line"
    ),
    ActionSpec("tool.brush", "Mask Brush", "use_tool", ("B",), "Paint what should be made anew", "brush", group="tool"),
    ActionSpec("tool.eraser", "Mask Eraser", "use_tool", ("E",), "Take away from the mask", "eraser", group="tool"),
    ActionSpec("tool.box", "Box Mask", "use_tool", ("U",), "Mask everything in a box", "box", group="tool"),
    ActionSpec(
        "tool.pick", "Pick Class", "use_tool", ("I",), "Choose the class under the pointer", "pick", group="tool"
    ),
    ActionSpec("tool.extend", "Extend", "use_tool", ("O",), "Pull a side of the scene outward", "extend", group="tool"),
    ActionSpec("brush.smaller", "Smaller Brush", "brush_smaller", ("[",)),
    ActionSpec("brush.larger", "Larger Brush", "brush_larger", ("]",)),
    ActionSpec("mask.invert", "Invert Mask", "mask_invert", ("Ctrl+I",), "Mask what is not masked", "invert"),
    ActionSpec("mask.clear", "Clear Mask", "mask_clear", ("Ctrl+D",), "Mask nothing", "clear"),
    ActionSpec("mask.grow", "Grow Mask", "mask_grow", ("Ctrl+Shift+=", "Ctrl++"), "Add one layer all round", "grow"),
    ActionSpec(
        "mask.shrink", "Shrink Mask", "mask_shrink", ("Ctrl+Shift+-", "Ctrl+_"), "Take one layer away", "shrink"
    ),
    ActionSpec(
        "mask.from_class", "Mask Chosen Class", "mask_from_class", (), "Add all voxels of a class", "from-class"
    ),
    ActionSpec("class.hide", "Hide Chosen Class", "class_hide", ("V",), "Hide or show the chosen class", "eye"),
    ActionSpec("class.solo", "Solo Chosen Class", "class_solo", ("Shift+V",), "Show only the chosen class, or all"),
    ActionSpec("class.show_all", "Show All Classes", "class_show_all", (), "Show every class"),
    ActionSpec("generate.run", "Generate", "generate", ("Ctrl+Return", "Ctrl+Enter"), "Start", "generate"),
    ActionSpec("generate.cancel", "Cancel All Jobs", "cancel_jobs", ("Ctrl+Alt+Return", "Ctrl+Alt+Enter"), "", "stop"),
    ActionSpec("generate.roll", "New Seed", "roll_seed", (), "Draw another seed", "dice"),
    ActionSpec(
        "candidate.accept", "Accept", "accept", ("Return", "Enter"), "Put it in; one undo step", "accept", "view"
    ),
    ActionSpec("candidate.previous", "Previous Variant", "previous", ("Left",), "", "previous", "view"),
    ActionSpec("candidate.next", "Next Variant", "next", ("Right",), "", "next", "view"),
    ActionSpec("candidate.discard", "Discard", "discard", ("Del",), "Drop all its variants", "discard", "view"),
    ActionSpec("view.escape", "Let Go", "escape", ("Esc",), "Cancel the stroke, then reset the tool"),
    ActionSpec("view.home", "Frame All", "frame_all", ("Home",), "Show the whole scene", "frame"),
    ActionSpec("view.frame_mask", "Frame Mask", "frame_mask", (".",), "Show what is masked", "", "view"),
    ActionSpec("view.front", "Front View", "view_front", ("Num+1",)),
    ActionSpec("view.side", "Side View", "view_side", ("Num+3",)),
    ActionSpec("view.top", "Top View", "view_top", ("Num+7",)),
    ActionSpec("view.default", "Default View", "view_default", ("Num+0",)),
    ActionSpec("view.orthographic", "Orthographic", "toggle_orthographic", ("Num+5",)),
    ActionSpec("view.theme", "Light Theme", "toggle_theme", (), "Switch between dark and light", "sun"),
    ActionSpec("view.reset_layout", "Reset Layout", "reset_layout", (), "Put all docks back"),
)

MENUS: tuple[tuple[str, str], ...] = (
    ("&File", "file.new file.open @recent | file.save file.save_as file.export | file.quit"),
    ("&Edit", "edit.undo edit.redo | edit.convert"),
    (
        "&Mask",
        "tool.brush tool.eraser tool.box | brush.smaller brush.larger | "
        "mask.from_class mask.invert mask.grow mask.shrink mask.clear",
    ),
    (
        "&Generate",
        "generate.run generate.cancel generate.roll tool.extend | "
        "candidate.accept candidate.previous candidate.next candidate.discard",
    ),
    (
        "&View",
        "view.home view.frame_mask | view.front view.side view.top view.default view.orthographic | "
        "tool.pick class.hide class.solo class.show_all | @palettes view.theme @docks view.reset_layout",
    ),
)
"""Menu titles and action ids; `|` is a separator, `@name` a menu that somebody else fills."""
TOOL_STRIP = "tool.brush tool.eraser tool.box tool.pick | tool.extend | view.home"
TOP_BAR = "file.new file.open file.save file.export | edit.undo edit.redo |"


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
        self.dress(theme)

    def __getitem__(self, name: str) -> QAction:
        return self._actions[name]

    def dress(self, theme: Theme) -> None:
        """Take icons in the theme's colours."""
        for spec in ACTIONS:
            if spec.icon:
                self._actions[spec.id].setIcon(theme.icon(spec.icon))

    def _make(self, spec: ActionSpec, run: Callable[[ActionSpec], None]) -> QAction:
        action = QAction(spec.title)
        action.setObjectName(spec.id)
        action.setShortcuts([QKeySequence(s) for s in spec.shortcuts])
        if spec.scope == "view":
            action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        action.setToolTip(_tip(spec))
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


def _tip(spec: ActionSpec) -> str:
    keys = QKeySequence(spec.shortcuts[0]).toString(QKeySequence.SequenceFormat.NativeText) if spec.shortcuts else ""
    head = f"{spec.title.rstrip('…')} ({keys})" if keys else spec.title.rstrip("…")
    return f"<b>{head}</b><br>{spec.tip}" if spec.tip else f"<b>{head}</b>"

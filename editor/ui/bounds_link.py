"""The arrows of two tools: those that pull the bounds of the scene, and those of the box that is looked at."""

from __future__ import annotations

from editor.model.plan import Extension
from editor.model.pointer import HandleDrag
from editor.model.studio import Studio
from editor.viewport.canvas import ViewportCanvas
from engine.grid import Box

BOUNDS_TOOLS = ("tool.extend", "tool.context")


class BoundsLink:
    """Shows the arrows that belong to the tool in hand and hands what is dragged to the plan."""

    def __init__(self, canvas: ViewportCanvas, studio: Studio) -> None:
        self._canvas, self._plan, self._document = canvas, studio.plan, studio.document
        self._tool = ""
        self._shown: tuple[Box, int] | int | None = None
        self._is_dragging = False
        canvas.handle_dragged.connect(self._on_drag)
        studio.plan.changed.connect(self._refresh)
        studio.document.scene_replaced.connect(self._refresh)

    def use_tool(self, name: str) -> None:
        """Show the arrows of a tool; none for all others."""
        self._tool, self._is_dragging, self._shown = name, False, None
        self._canvas.set_handles(None)
        self._refresh()

    def _refresh(self) -> None:
        """Put the arrows where they belong now, unless one of them is in the hand."""
        if self._is_dragging or self._tool not in BOUNDS_TOOLS:
            return
        wanted = self._plan.step if self._tool == "tool.extend" else (self._box(), self._cell)
        if wanted == self._shown:
            return
        self._shown = wanted
        if isinstance(wanted, tuple):
            self._canvas.show_box(*wanted, upright=True)
        else:
            self._canvas.set_handles(wanted)

    def _on_drag(self, drag: HandleDrag) -> None:
        if self._tool not in BOUNDS_TOOLS:
            return
        self._is_dragging = drag.kind != "release"
        if self._tool == "tool.context":
            if not self._is_dragging:
                self._shown = None
                self._plan.look_at(drag.box)
            return
        extension = Extension.of_box(drag.box, self._document.scene)
        if extension != self._plan.extension:
            self._plan.extend(extension)

    @property
    def _cell(self) -> int:
        return self._plan.card.cell if self._plan.card is not None else 16

    def _box(self) -> Box:
        """Give the box that is looked at, inside the scene; all of it where nothing is masked."""
        reach, scene = self._plan.reach(), self._document.scene
        box = self._plan.context or (reach.context if reach is not None else scene.box)
        inside = box.snap((self._cell, self._cell, 1)).clip(scene.box)
        if inside.is_empty:
            inside = scene.box
        return Box((*inside.lower[:2], 0), (*inside.upper[:2], scene.grid.shape[2]))

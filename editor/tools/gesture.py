"""What a tool is: a generator that lives from press to release.

A gesture gets the press when it is made, then every move through `yield`, and last the release. Closing it in between
cancels: it must leave nothing behind.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import replace
from typing import Any, Literal, Protocol, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike, NDArray
from psygnal import Signal

from editor.model.clipboard import Clipboard
from editor.model.document import Document
from editor.model.drawing import Drawing
from editor.model.pointer import Pointer
from editor.tools.held_box import HeldBox
from editor.tools.options import Brush, Family, ToolOptions
from engine.geometry.rays import Hit

Gesture = Generator[None, Pointer, None]
Position = tuple[float, float]
Positions = tuple[Position, ...]
Mark = Literal["none", "voxel", "brush", "outside"]
"""What is drawn under the mouse: nothing, the voxel that is hit, the brush there, or the brush in front of its face."""


class Sight(Protocol):
    """The view as tools need it; positions are logical pixels, all else is in voxels of the scene."""

    def touch(self, position: Position) -> Hit | None:
        """Find the first visible voxel under a position, or the floor below the scene."""
        ...

    def ray(self, position: Position) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Give the line of sight through a position: origin and unit direction."""
        ...

    def rays(self, positions: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Give the lines of sight through positions `(N, 2)`: origins and directions of any length, `(N, 3)` each."""
        ...

    def project(self, points: ArrayLike) -> NDArray[np.float64]:
        """Give where points `(N, 3)` are seen, `(N, 3)`: position in logical pixels, and depth (above 0: in front)."""
        ...

    def sees(self) -> frozenset[int]:
        """List the labels that stop a line of sight."""
        ...


class ToolContext:
    """What all tools share.

    Attributes
    ----------
    family
        Which brush `brush` is: that of the tool in hand.
    held_box
        The box that was drawn last, while its faces can be moved.
    """

    options_changed = Signal()
    picked = Signal(int)
    """The class that a tool picked."""
    outlined = Signal(tuple)
    """Positions of an outline in the making; none once it is done."""

    def __init__(
        self,
        document: Document,
        sight: Sight,
        options: ToolOptions | None = None,
        clipboard: Clipboard | None = None,
    ) -> None:
        self.document, self.sight = document, sight
        self.clipboard = clipboard or Clipboard()
        self.held_box = HeldBox(document)
        self.family: Family = "mask"
        self._options = options or ToolOptions()

    @property
    def options(self) -> ToolOptions:
        return self._options

    def set(self, **values: Any) -> None:
        """Change options by name; the same values again tell nobody."""
        fresh = replace(self._options, **values)
        if fresh != self._options:
            self._options = fresh
            self.options_changed.emit()

    @property
    def brush(self) -> Brush:
        """Brush of the tool in hand."""
        return self._options.brush_of(self.family)

    @brush.setter
    def brush(self, brush: Brush) -> None:
        self.set(**{"brush" if self.family == "mask" else "pen": brush})

    def resize(self, change: int) -> None:
        """Make the brush of the tool in hand larger or smaller by some steps."""
        self.brush = self.brush.resized(change, least=1 if self.family == "mask" else 0)

    def draw(self) -> Drawing:
        """Begin to change voxels, within the mask where that is wanted."""
        document = self.document
        masked = self._options.within_mask and not document.mask.is_empty
        return document.draw(document.mask if masked else None)


class Tool(Protocol):
    """One way to use the left button."""

    @property
    def family(self) -> Family:
        """Which brush it paints with."""
        ...

    @property
    def mark(self) -> Mark:
        """What is drawn under the mouse."""
        ...

    def begin(self, context: ToolContext, press: Pointer) -> Gesture:
        """Start a gesture at a press."""
        ...


@runtime_checkable
class HoveringTool(Protocol):
    """A tool that shows what a press would do."""

    def hover(self, context: ToolContext, hit: Hit | None) -> None:
        """Show what a press there would do; nothing for `None`."""
        ...


class GestureRunner:
    """Feeds pointer events to the tool in hand; at most one gesture is alive."""

    def __init__(self, context: ToolContext, tool: Tool) -> None:
        self.context = context
        self._gesture: Gesture | None = None
        self._hovered: Hit | None = None
        self.use(tool)
        context.options_changed.connect(self._hover_again)
        context.clipboard.changed.connect(self._hover_again)

    @property
    def is_active(self) -> bool:
        return self._gesture is not None

    def use(self, tool: Tool) -> None:
        """Take a tool in hand; what the one before was doing is cancelled."""
        self.cancel()
        self.context.document.end_drawing()
        self.context.held_box.drop()
        self.tool = tool
        self.context.family = tool.family

    def take(self, pointer: Pointer) -> None:
        """Handle a press, move or release."""
        if pointer.kind == "press":
            self.cancel()
            self._gesture = self.tool.begin(self.context, pointer)
            self._advance(lambda gesture: next(gesture))
        elif self._gesture is not None:
            self._advance(lambda gesture: gesture.send(pointer))
            if pointer.kind == "release":
                self.cancel()

    def hover(self, hit: Hit | None) -> None:
        """Handle a move without a button; `None` where nothing lies under the mouse."""
        self._hovered = hit
        self._hover_again()

    def cancel(self) -> bool:
        """End a running gesture without a trace; tells whether there was one."""
        gesture, self._gesture = self._gesture, None
        if gesture is not None:
            gesture.close()
        return gesture is not None

    def _hover_again(self) -> None:
        if self._gesture is None and isinstance(self.tool, HoveringTool):
            self.tool.hover(self.context, self._hovered)

    def _advance(self, push: Callable[[Gesture], None]) -> None:
        if self._gesture is None:
            return
        try:
            push(self._gesture)
        except StopIteration:
            self._gesture = None
        except BaseException:
            self._gesture = None
            raise

"""What a tool is: a generator that lives from press to release.

A gesture gets the press when it is made, then every move through `yield`, and last the release. Closing it in between
cancels: it must leave nothing behind.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Literal, Protocol

from psygnal import Signal

from editor.model.document import Document
from editor.model.pointer import Pointer
from engine.geometry.rays import Hit

DepthMode = Literal["surface", "volume", "column"]
DEPTH_MODES: tuple[DepthMode, ...] = ("surface", "volume", "column")
Gesture = Generator[None, Pointer, None]
Pick = Callable[[tuple[float, float]], Hit | None]
MAX_RADIUS = 64


@dataclass(frozen=True)
class Brush:
    """Size and depth of the mask tools, in voxels.

    Attributes
    ----------
    mode
        `surface` masks solid voxels down to `depth` layers, `volume` a ball, `column` everything down to the ground.
    """

    radius: int = 6
    depth: int = 3
    mode: DepthMode = "volume"

    def resized(self, change: int) -> Brush:
        """Make it larger or smaller by about a sixth, at least one voxel."""
        step = max(self.radius // 6, 1) * (1 if change > 0 else -1)
        return Brush(min(max(self.radius + step, 1), MAX_RADIUS), self.depth, self.mode)


class ToolContext:
    """What all tools share.

    Parameters
    ----------
    pick
        Finds the first visible voxel under a position in logical pixels.
    """

    brush_changed = Signal()
    picked = Signal(int)
    """The class that a tool picked."""

    def __init__(self, document: Document, pick: Pick, brush: Brush | None = None) -> None:
        self.document = document
        self.pick = pick
        self._brush = brush or Brush()

    @property
    def brush(self) -> Brush:
        return self._brush

    @brush.setter
    def brush(self, brush: Brush) -> None:
        if brush != self._brush:
            self._brush = brush
            self.brush_changed.emit()


class Tool(Protocol):
    """One way to use the left button."""

    def begin(self, context: ToolContext, press: Pointer) -> Gesture:
        """Start a gesture at a press."""
        ...


class GestureRunner:
    """Feeds pointer events to the tool in hand; at most one gesture is alive.

    Parameters
    ----------
    tool
        What a press starts; may be changed between gestures.
    """

    def __init__(self, context: ToolContext, tool: Tool) -> None:
        self.context = context
        self.tool = tool
        self._gesture: Gesture | None = None

    @property
    def is_active(self) -> bool:
        return self._gesture is not None

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

    def cancel(self) -> bool:
        """End a running gesture without a trace; tells whether there was one."""
        gesture, self._gesture = self._gesture, None
        if gesture is not None:
            gesture.close()
        return gesture is not None

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

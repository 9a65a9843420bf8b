"""A hand with a tool over a street seen from above."""

from __future__ import annotations

import numpy as np
from fakes import TopView, street

from editor.model.document import Document
from editor.tools.gesture import GestureRunner, Tool, ToolContext
from editor.tools.options import ToolOptions


class Hand:
    """Draws with one tool at a time on a document; columns are pixels."""

    def __init__(self, document: Document | None = None) -> None:
        self.document = document or Document(street())
        self.view = TopView(lambda: self.document.scene, lambda: self.document.classes.passed)
        self.context = ToolContext(self.document, self.view)
        self._runner: GestureRunner | None = None

    @property
    def labels(self) -> np.ndarray:
        return self.document.scene.read()

    @property
    def masked(self) -> np.ndarray:
        return self.document.mask.within(self.document.scene.box)

    def take(self, tool: Tool, **options: object) -> Hand:
        """Take a tool in hand; options by name, `brush` and `pen` among them."""
        self.context.set(**{**vars(ToolOptions()), **options})
        if self._runner is None:
            self._runner = GestureRunner(self.context, tool)
        else:
            self._runner.use(tool)
        return self

    @property
    def runner(self) -> GestureRunner:
        assert self._runner is not None
        return self._runner

    def press(self, x: float, y: float, *modifiers: str) -> None:
        self.runner.take(self.view.pointer("press", x, y, *modifiers))

    def move(self, x: float, y: float, *modifiers: str) -> None:
        self.runner.take(self.view.pointer("move", x, y, *modifiers))

    def release(self, x: float, y: float, *modifiers: str) -> None:
        self.runner.take(self.view.pointer("release", x, y, *modifiers))

    def drag(self, *points: tuple[float, float], keys: tuple[str, ...] = ()) -> None:
        """Press at the first point, move through the others, release at the last."""
        self.press(*points[0], *keys)
        for point in points[1:]:
            self.move(*point, *keys)
        self.release(*points[-1], *keys)

    def click(self, x: float, y: float, *modifiers: str) -> None:
        self.drag((x, y), keys=modifiers)

"""The box that was drawn last: its faces can be moved until something else happens to the mask."""

from __future__ import annotations

from psygnal import Signal

from editor.model.document import Document
from editor.model.pointer import HandleDrag
from editor.tools.layers import layers
from editor.tools.options import Brush
from engine.grid import Box
from engine.mask import VoxelMask
from engine.scene import VoxelScene


class HeldBox:
    """Remembers what the mask was before the box, so that another box can take its place.

    Attributes
    ----------
    box
        The box, or `None` where there is none to move.
    """

    changed = Signal()

    def __init__(self, document: Document) -> None:
        self._document = document
        self.box: Box | None = None
        self._base = self._result = VoxelMask.nothing()
        self._takes_away, self._brush = False, Brush()
        document.mask_changed.connect(lambda _box: self._on_mask_changed())
        document.scene_replaced.connect(self.drop)

    def draw(self, base: VoxelMask, box: Box, takes_away: bool, brush: Brush) -> VoxelMask:
        """Give the mask with the box added to `base`, or taken away from it."""
        part = content(self._document.scene, box, brush)
        if takes_away:
            return base.subtract(self._document.seen_in(part))
        return base.union(self._document.reachable_in(part))

    def hold(self, base: VoxelMask, box: Box, takes_away: bool, brush: Brush) -> None:
        """Offer a box for moving that was just put into the mask."""
        self._base, self._takes_away, self._brush = base, takes_away, brush
        self._result, self.box = self._document.mask, box
        self.changed.emit()

    def drop(self) -> None:
        """Leave the box as it is, for good."""
        if self.box is not None:
            self.box = None
            self._document.end_stroke()
            self.changed.emit()

    def drag(self, drag: HandleDrag) -> None:
        """Move a face; what comes out is one undo step of its own."""
        if self.box is None:
            return
        mask = self.draw(self._base, drag.box, self._takes_away, self._brush)
        if drag.kind != "release":
            before = self._document.shown_mask.box
            self._document.show_stroke(mask, before.union(mask.box))
            return
        base, takes_away, brush = self._base, self._takes_away, self._brush
        self.box = None  # so that the change of the mask does not count as someone else's
        self._document.set_mask("Resize box", mask)
        self.hold(base, drag.box, takes_away, brush)

    def _on_mask_changed(self) -> None:
        if self.box is not None and self._document.mask is not self._result:
            self.drop()


def content(scene: VoxelScene, box: Box, brush: Brush) -> VoxelMask:
    """Give what a box masks: all of it, or the solid layers under its surfaces."""
    whole = VoxelMask.of_box(box)
    return layers(scene, whole, brush.depth) if brush.mode == "surface" else whole

"""Keeps the viewport showing the document, and hands what the mouse does to the tool in hand."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from psygnal import Signal
from PySide6.QtCore import QTimer

from editor.model.pointer import HandleDrag, Pointer
from editor.model.studio import Studio
from editor.tools.gesture import GestureRunner
from editor.ui.bounds_link import BOUNDS_TOOLS, BoundsLink
from editor.viewport.canvas import ViewportCanvas
from editor.viewport.overlays import Shape
from engine.geometry.camera import box_corners
from engine.grid import Box
from engine.mask import VoxelMask
from engine.tasks.request import InpaintRequest, RefineRequest

_NOTHING = Box((0, 0, 0), (0, 0, 0))
_LOOKING = ("mask.wand", "voxel.fill", "voxel.pick", *BOUNDS_TOOLS)
"""Tools that ask for the class under the pointer, and so do not pass through any."""
_SHAPES: dict[tuple[str, bool], Shape] = {
    ("ball", False): "ball",
    ("cube", False): "cube",
    ("ball", True): "disc column",
    ("cube", True): "square column",
}
"""Tip of a brush and whether it reaches down to the ground -> its mark."""


class ViewportLink:
    """One listener for each thing that can change.

    Parameters
    ----------
    guard
        Runs a piece of work and shows what goes wrong in it.

    Attributes
    ----------
    mask_is_shown
        Whether masked voxels are marked.
    bounds
        What the arrows of the tools for the bounds and for the generation box do.
    """

    mask_toggled = Signal(bool)

    def __init__(
        self,
        canvas: ViewportCanvas,
        studio: Studio,
        gestures: GestureRunner,
        guard: Callable[[Callable[[], object]], None],
    ) -> None:
        self._canvas, self._studio, self._gestures, self._guard = canvas, studio, gestures, guard
        self._tool_name = ""
        self.mask_is_shown = True
        self.bounds = BoundsLink(canvas, studio)
        self._is_formed = self._is_running = False
        self._ghost_timer = QTimer(canvas.native, singleShot=True, interval=0)
        self._ghost_timer.timeout.connect(self._show_ghost)
        document = studio.document
        document.scene_replaced.connect(self._on_scene_replaced)
        document.changed.connect(self._on_changed)
        document.drawn.connect(self._on_drawn)
        document.mask_changed.connect(self._show_mask)
        document.classes.changed.connect(self._on_classes_changed)
        studio.proposal_changed.connect(self._on_proposal_changed)
        studio.proposal_formed.connect(self._on_formed)
        studio.jobs.changed.connect(lambda _job: self._spare())
        studio.plan.changed.connect(self._on_plan_changed)
        gestures.context.options_changed.connect(self._show_brush)
        gestures.context.outlined.connect(canvas.show_outline)
        gestures.context.held_box.changed.connect(self._show_held_box)
        canvas.pointer.connect(self._on_pointer)
        canvas.pointed.connect(gestures.hover)
        canvas.resized.connect(gestures.context.resize)
        canvas.handle_dragged.connect(self._on_handle_dragged)
        self._on_scene_replaced()
        self._on_classes_changed()

    def use_tool(self, name: str) -> None:
        """Show the marks of the tool in hand (`mask.brush`, ...)."""
        self._tool_name = name
        self.bounds.use_tool(name)
        self._show_brush()
        self._pass_classes()
        self._on_plan_changed()

    def show_mask(self, on: bool) -> None:
        """Mark masked voxels, or leave them unmarked until the mask is changed by a tool."""
        self.mask_is_shown = on
        self._show_mask()
        self._show_reach()
        self.mask_toggled.emit(on)

    def show_progress(self) -> None:
        """Show the newest estimate of the voxels that are being made."""
        if self._is_formed and not self._ghost_timer.isActive():
            self._show_ghost()

    def region(self) -> tuple[float, float, float, float] | None:
        """Give where the region of the proposal lies in the viewport: left, top, right, bottom in logical pixels.

        `None` where there is no region, or some of it lies behind the camera.
        """
        proposal, scene = self._studio.proposal, self._studio.document.scene
        if proposal is None or not proposal.candidates:
            return None
        offset = (0, 0, 0) if proposal.is_in_place(scene) else proposal.offset
        box = proposal.bounds().shift(-np.asarray(offset))
        corners = box_corners(
            np.multiply(box.lower, scene.grid.voxel_size), np.multiply(box.upper, scene.grid.voxel_size)
        )
        width, height = self._canvas.window_size
        x, y, depth = self._canvas.view.project(corners, width / height).T
        if depth.min() <= 0:
            return None
        left, right = ((v + 1) / 2 * width for v in (x.min(), x.max()))
        top, bottom = ((1 - v) / 2 * height for v in (y.max(), y.min()))
        return float(left), float(top), float(right), float(bottom)

    def _on_scene_replaced(self) -> None:
        document = self._studio.document
        self._canvas.show_scene(document.scene)
        self._show_mask()
        self._show_ghost()

    def _on_changed(self, box: Box) -> None:
        self._canvas.update_labels(box, self._studio.document.scene.read(box))

    def _on_drawn(self, box: Box) -> None:
        """Show unfinished voxels; meanwhile the pointer meets what was there before."""
        document = self._studio.document
        self._canvas.display.hold_picks(document.drawing is not None)
        if not box.is_empty:
            self._canvas.update_labels(box, document.shown_scene.read(box))

    def _show_mask(self, _box: Box | None = None) -> None:
        """Mark what is masked, but for the region of the proposal on show: its own outline says enough."""
        document, proposal = self._studio.document, self._studio.proposal
        request = proposal.request if proposal is not None and proposal.candidates else None
        is_covered = isinstance(request, InpaintRequest | RefineRequest) and request.mask is document.shown_mask
        hidden = is_covered and proposal is not None and proposal.ghost() is not None
        hidden = hidden or not self.mask_is_shown
        self._canvas.show_mask(VoxelMask.nothing() if hidden else document.shown_mask)

    def _on_classes_changed(self) -> None:
        classes = self._studio.document.classes
        self._canvas.set_palette(classes.palette)
        self._canvas.set_visible_classes(classes.visible if classes.hidden else None)
        self._pass_classes()

    def _pass_classes(self) -> None:
        looks = self._tool_name in _LOOKING
        passed = frozenset() if looks else self._studio.document.classes.passed
        self._canvas.display.set_passed_classes(passed)

    def _on_proposal_changed(self) -> None:
        self._ghost_timer.start()

    def _spare(self) -> None:
        is_running = self._studio.jobs.running is not None
        if is_running != self._is_running:
            self._is_running = is_running
            self._canvas.spare(is_running)

    def _on_formed(self) -> None:
        self._is_formed = True

    def _show_ghost(self) -> None:
        self._is_formed = False
        proposal = self._studio.proposal
        scene = self._studio.document.scene
        ghost = proposal.ghost(scene) if proposal is not None and proposal.fits(scene) else None
        if ghost is None:
            self._canvas.clear_ghost()
        else:
            self._canvas.show_ghost(ghost.box, ghost.labels, ghost.mask, ghost.kinds)
        self._show_mask()
        self._on_plan_changed()

    def _on_plan_changed(self) -> None:
        """Outline the bounds that were pulled outward, while there is no proposal to outline."""
        scene, extension = self._studio.document.scene, self._studio.plan.extension
        pulled = None if extension.is_nothing else extension.box(scene)
        nothing_to_do = pulled is None and self._canvas.overlays.handles.pulled is None
        if self._studio.proposal is None and not nothing_to_do:
            self._canvas.show_pulled(pulled)
        self._show_reach()

    def _show_reach(self) -> None:
        """Outline what regenerating would touch, as long as the mask itself is marked.

        A stroke that is being drawn keeps the outlines from before it: they cost as much as a third of its picture.
        """
        document = self._studio.document
        if document.shown_mask is not document.mask:
            return
        shown = self.mask_is_shown and self._studio.proposal is None
        reach = self._studio.plan.reach() if shown else None
        cells, context = (reach.cells, reach.context) if reach else (VoxelMask.nothing(), _NOTHING)
        self._canvas.show_reach(cells, context)

    def _on_pointer(self, pointer: Pointer) -> None:
        if self._tool_name in BOUNDS_TOOLS:
            return
        if pointer.kind == "press" and self._gestures.tool.family == "mask" and not self.mask_is_shown:
            self.show_mask(True)
        self._guard(lambda: self._gestures.take(pointer))

    def _show_held_box(self) -> None:
        self._canvas.show_box(self._gestures.context.held_box.box)

    def _on_handle_dragged(self, drag: HandleDrag) -> None:
        if self._tool_name == "mask.box":
            self._gestures.context.held_box.drag(drag)

    def _show_brush(self) -> None:
        mark, brush = self._gestures.tool.mark, self._gestures.context.brush
        if mark in ("none", "voxel"):
            self._canvas.set_brush("voxel" if mark == "voxel" else None)
        else:
            shape = _SHAPES[brush.tip, brush.mode == "column"]
            self._canvas.set_brush(shape, brush.radius, before_face=mark == "outside")

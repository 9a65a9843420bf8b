"""The 3D view: shows a scene, moves the camera, and tells tools what the mouse does in it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QCursor, QImage
from PySide6.QtWidgets import QWidget

from editor.viewport.display import Display
from editor.viewport.gestures import Gestures
from editor.viewport.mouse import Mouse
from editor.viewport.navigation import Navigation
from editor.viewport.orbit import OrbitCamera
from editor.viewport.overlays import Shape
from editor.viewport.painter import Painter
from editor.viewport.photo import Photographer
from editor.viewport.scene_visual import Lens
from editor.viewport.screen import Screen
from editor.viewport.sight import CanvasSight
from editor.viewport.theme import Theme
from engine.geometry.camera import Camera
from engine.geometry.rays import Hit
from engine.grid import Box
from engine.mask import VoxelMask
from engine.scene import VoxelScene

Position = tuple[float, float]
Labels = NDArray[np.uint8]


class ViewportCanvas:
    """The 3D view. Embed `native`; boxes and hits are in voxels of the scene, positions in logical pixels.

    Signals
    -------
    pointer(Pointer)
        Every moment of a drag with the left button that is not about the camera or a handle.
    hovered(Hit | None)
        What lies under the mouse, or None.
    camera_changed()
        The view has moved.
    pointed(Hit | None)
        The same, or the floor where nothing else is: what a press would touch.
    handle_dragged(HandleDrag)
        Every moment of dragging a face of the bounds.
    section_dragged(HandleDrag)
        Every moment of dragging a face of the section box.
    sliced(int)
        By how many layers the slice that is shown is moved on.
    resized(int)
        By how many steps the brush is dragged larger or smaller.

    Attributes
    ----------
    painter, overlays, display, sight
        What draws; the marks over the voxels; what the voxels are composed of; what tools see of it.
    navigation, mouse, photographer
        Where it is seen from; what the mouse does; takes pictures of other sizes.
    """

    def __init__(self, size: tuple[int, int] = (1280, 800)) -> None:
        self.painter = Painter()
        self.overlays = self.painter.overlays
        self.display = Display(self.painter.visual)
        self.navigation = Navigation(self.display, lambda: self.window_size)
        self.screen = self._screen = Screen(size, self.painter, lambda: (self.navigation.camera, self.display.box))
        self.sight = CanvasSight(self.display, lambda: self.navigation.camera, lambda: self.window_size)
        self.mouse = Mouse(
            self.native, self.navigation, self.sight, self.overlays, self._make_lens, self._screen.redraw
        )
        self.pointer, self.hovered, self.pointed = self.mouse.pointer, self.mouse.hovered, self.mouse.pointed
        self.resized, self.handle_dragged = self.mouse.resized, self.mouse.handle_dragged
        self.section_dragged, self.sliced = self.mouse.section_dragged, self.mouse.sliced
        self.camera_changed = self.navigation.moved
        self.navigation.moved.connect(self._redo)
        self.photographer = Photographer(self.painter, self._screen, lambda: self.display.box)
        self._gestures = Gestures(self.native, self.mouse)

    @property
    def native(self) -> QWidget:
        """The widget to put into a window."""
        return self._screen.native

    @property
    def window_size(self) -> tuple[int, int]:
        """Logical pixels."""
        return self._screen.size

    # what is shown

    def show_scene(self, scene: VoxelScene) -> None:
        """Show a scene; the view keeps its place in the world if the new scene lies there too, else all is framed."""
        before = self.display.scene
        self.display.show_scene(scene)
        self.overlays.set_bounds(scene.box, scene.grid.voxel_size)
        self.overlays.set_ghost(None)
        self.navigation.follow(before, scene)
        self._screen.touch()

    def update_labels(self, box: Box, labels: Labels) -> None:
        """Show new labels `(sx, sy, sz) uint8` in a box of the scene."""
        self.display.update_labels(box, labels)
        self._screen.touch()

    def show_mask(self, mask: VoxelMask) -> None:
        """Mark the voxels that may change."""
        if self.display.show_mask(mask):
            self._screen.touch()

    def show_ghost(
        self, box: Box, labels: Labels, mask: NDArray[np.bool_] | None = None, kinds: NDArray[np.uint8] | None = None
    ) -> None:
        """Lay a proposal over the scene: `labels (sx, sy, sz)` where `mask` is true; it may reach beyond the scene.

        `kinds` marks what becomes of every voxel, as `Display.show_ghost` says.
        """
        is_new = self.display.show_ghost(box, labels, mask, kinds)
        if self.overlays.set_ghost(box) or is_new:
            self._screen.touch()

    def clear_ghost(self) -> None:
        """Show the scene without a proposal."""
        was_there = self.display.clear_ghost()
        if self.overlays.set_ghost(None) or was_there:
            self._screen.touch()

    def set_palette(self, name: str | None) -> None:
        """Choose a colour preset of the scene's label space; None for its first."""
        self.display.set_palette(name)
        self._screen.redraw()

    def set_visible_classes(self, ids: Iterable[int] | None) -> None:
        """Show only these classes (255: unknown voxels), or all with None; hidden voxels are not picked either."""
        self.display.set_visible_classes(ids)
        self._screen.redraw()

    def set_theme(self, dark: bool) -> None:
        theme = Theme.dark() if dark else Theme.light()
        self.painter.visual.set_theme(theme)
        self.overlays.set_theme(theme)
        self._screen.redraw()

    def set_shading(self, shadows: bool = True, flat: bool = False) -> None:
        """Choose whether the sun casts shadows, or whether pure class colours are shown."""
        self.painter.visual.set_shading(shadows, flat)
        self._screen.redraw()

    def set_mask_opacity(self, opacity: float) -> None:
        """Choose how strongly masked voxels are marked, 0 to 1."""
        self.painter.visual.set_mask_opacity(opacity)
        self._screen.redraw()

    # marks

    @property
    def cursor(self) -> QCursor:
        """The mouse's shape over the scene."""
        return self.mouse.cursor

    @cursor.setter
    def cursor(self, cursor: QCursor) -> None:
        self.mouse.cursor = cursor

    def set_brush(self, shape: Shape | None, radius: float = 0.0, before_face: bool = False) -> None:
        """Choose the mark under the mouse, with a radius in voxels, at what is hit or before its face; or None."""
        self.overlays.set_brush(shape, radius, before_face)
        self._screen.redraw()

    def show_outline(self, positions: Sequence[Position]) -> None:
        """Draw an outline in the picture, in logical pixels; none takes it away."""
        self.overlays.outline = list(positions)
        self._screen.redraw()

    def set_handles(self, step: int | None) -> None:
        """Offer arrows that grow the bounds by whole steps of voxels; None takes them away."""
        handles = self.overlays.handles
        handles.step, handles.inner = step, None
        handles.let_go()
        self._screen.redraw()

    def show_reach(self, cells: VoxelMask, context: Box) -> None:
        """Outline what would be made anew in whole cells, and the box that is looked at; both may be empty."""
        if self.overlays.set_reach(cells, context):
            self._screen.redraw()

    def show_box(self, box: Box | None, step: int = 1, upright: bool = False) -> None:
        """Put arrows on the faces of a box inside the scene, by which it is resized; None takes them away.

        Faces move by whole steps of voxels; only the upright ones where that is wanted.
        """
        self.overlays.handles.let_go()
        self.overlays.handles.show_inner(box, step, upright)
        self._screen.redraw()

    def show_pulled(self, box: Box | None) -> None:
        """Outline bounds that were pulled outward and put the arrows on them; None for the scene's own."""
        self.overlays.handles.pulled = box
        self.overlays.set_ghost(box)
        self._screen.redraw()

    def show_section(self, box: Box | None) -> None:
        """Cut away what lies outside of a box, with arrows on its faces; None shows everything again."""
        self.display.set_section(box)
        self.overlays.section.show_inner(box)
        self._screen.touch()

    # where it is seen from

    @property
    def view(self) -> OrbitCamera:
        """The camera, in metres from the scene's lower corner."""
        return self.navigation.camera

    @view.setter
    def view(self, camera: OrbitCamera) -> None:
        self.navigation.look(camera)

    @property
    def camera(self) -> Camera:
        """The view as a camera that can be saved and rendered: metres in the scene's frame."""
        return self.navigation.export()

    def home(self) -> None:
        """Go to the default view of everything."""
        self.navigation.look(self.navigation.home())

    def look_from(self, name: str) -> None:
        """Look from a side: `default`, `front`, `back`, `left`, `right` or `top`."""
        self.navigation.look(self.navigation.from_side(name))

    def toggle_orthographic(self) -> None:
        self.navigation.look(self.navigation.with_other_projection())

    def frame(self, box: Box | None = None) -> None:
        """Bring a box into view, by default everything."""
        self.navigation.look(self.navigation.framed(box))

    # what the mouse meets, and pictures

    def ray(self, position: Position) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Give the line of sight through a pixel: origin and unit direction in voxels of the scene."""
        return self.sight.ray(position)

    def pick(self, position: Position) -> Hit | None:
        """Find the visible voxel under a pixel."""
        return self.sight.pick(position)

    def grab(self, scale: float = 2.0, marks: bool = True) -> QImage:
        """Take a picture of the view with `scale` rays per pixel and axis, with or without lines, brush and handles."""
        return self._screen.grab(scale, marks)

    def spare(self, on: bool) -> None:
        """Leave the processor to the engine while it works."""
        self._screen.spare(on)

    def come_to_rest(self) -> None:
        """Draw finely from now on, as after a moment without movement."""
        self._screen.come_to_rest()

    def close(self) -> None:
        """Let go of the window's resources."""
        self.navigation.stop()
        self._screen.close()

    def _make_lens(self) -> Lens:
        return self.painter.make_lens(self.navigation.camera, self.display.box, self.window_size)

    def _redo(self) -> None:
        self.painter.visual.is_stale = True
        self._screen.touch()

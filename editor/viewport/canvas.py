"""The 3D view: shows a scene, moves the camera, and tells tools what the mouse does in it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
import vispy
from numpy.typing import NDArray
from psygnal import Signal
from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QCursor, QImage
from PySide6.QtWidgets import QWidget
from vispy import app

from editor.model.pointer import HandleDrag, Kind, Pointer
from editor.viewport.display import Display
from editor.viewport.gestures import Gestures
from editor.viewport.orbit import OrbitCamera
from editor.viewport.overlays import Shape
from editor.viewport.painter import Painter, Wish
from editor.viewport.scene_visual import Lens
from editor.viewport.sight import CanvasSight
from editor.viewport.theme import Theme
from engine.geometry.camera import Camera
from engine.geometry.rays import Hit
from engine.grid import Box
from engine.mask import VoxelMask
from engine.scene import VoxelScene

vispy.use(app="pyside6", gl="gl2")

Position = tuple[float, float]
Labels = NDArray[np.uint8]

_REST = 170  # milliseconds without movement after which the full picture is drawn
_IDLE = 400  # milliseconds after which a picture at rest is made finer
_DEGREES = 0.28  # per pixel of an orbiting drag


class _Surface(app.Canvas):
    """A bare window onto OpenGL; what to draw is up to the owner."""

    def __init__(self, owner: ViewportCanvas, size: tuple[int, int]) -> None:
        super().__init__(size=size, show=False, keys=None, config={"depth_size": 24, "samples": 0})
        self._owner = owner
        self.events.draw.ignore_callback_errors = False

    def on_draw(self, event: object) -> None:
        self._owner.draw()


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
    resized(int)
        By how many steps the brush is dragged larger or smaller.

    Attributes
    ----------
    painter, overlays, display, sight
        What draws; the marks over the voxels; what the voxels are composed of; what tools see of it.
    cursor
        The mouse's shape over the scene.
    """

    pointer = Signal(Pointer)
    hovered = Signal(object)
    pointed = Signal(object)
    resized = Signal(int)
    camera_changed = Signal()
    handle_dragged = Signal(HandleDrag)

    def __init__(self, size: tuple[int, int] = (1280, 800)) -> None:
        self._surface = _Surface(self, size)
        self.painter = Painter()
        self._visual = self.painter.visual
        self.overlays = self.painter.overlays
        self.display = Display(self._visual)
        self._camera = OrbitCamera()
        self.sight = CanvasSight(self.display, lambda: self._camera, lambda: self.window_size)
        self.cursor = QCursor(Qt.CursorShape.CrossCursor)
        self._theme = Theme.dark()
        self._elsewhere = False  # the drag under way began on the axes, so no tool may have it
        self._rest = QTimer(self.native)
        self._rest.setSingleShot(True)
        self._rest.setInterval(_REST)
        self._rest.timeout.connect(self.come_to_rest)
        self._idle = QTimer(self.native)
        self._idle.setSingleShot(True)
        self._idle.timeout.connect(self._refine)
        self._gestures = Gestures(self.native, self)

    @property
    def native(self) -> QWidget:
        """The widget to put into a window."""
        widget: QWidget = self._surface.native
        return widget

    # what is shown

    def show_scene(self, scene: VoxelScene) -> None:
        """Show a scene; the view keeps its place in the world if the new scene lies there too, else all is framed."""
        before = self.display.scene
        self.display.show_scene(scene)
        self.overlays.set_bounds(scene.box, scene.grid.voxel_size)
        self.overlays.set_ghost(None)
        if before is not None and _lie_together(before, scene):
            shift = np.subtract(scene.grid.origin, before.grid.origin)
            self._look(replace(self._camera, target=tuple(float(v) for v in self._camera.target - shift)))
        else:
            self.home()

    def update_labels(self, box: Box, labels: Labels) -> None:
        """Show new labels `(sx, sy, sz) uint8` in a box of the scene."""
        self.display.update_labels(box, labels)
        self._touch()

    def show_mask(self, mask: VoxelMask) -> None:
        """Mark the voxels that may change."""
        self.display.show_mask(mask)
        self._touch()

    def show_ghost(self, box: Box, labels: Labels, mask: NDArray[np.bool_] | None = None) -> None:
        """Lay a proposal over the scene: `labels (sx, sy, sz)` where `mask` is true; it may reach beyond the scene."""
        self.display.show_ghost(box, labels, mask)
        self.overlays.set_ghost(box)
        self._touch()

    def clear_ghost(self) -> None:
        """Show the scene without a proposal."""
        self.display.clear_ghost()
        self.overlays.set_ghost(None)
        self._touch()

    def set_palette(self, name: str | None) -> None:
        """Choose a colour preset of the scene's label space; None for its first."""
        self.display.set_palette(name)
        self._surface.update()

    def set_visible_classes(self, ids: Iterable[int] | None) -> None:
        """Show only these classes (255: unknown voxels), or all with None; hidden voxels are not picked either."""
        self.display.set_visible_classes(ids)
        self._surface.update()

    def set_theme(self, dark: bool) -> None:
        self._theme = Theme.dark() if dark else Theme.light()
        self._visual.set_theme(self._theme)
        self.overlays.set_theme(self._theme)
        self._surface.update()

    def set_shading(self, shadows: bool = True, flat: bool = False) -> None:
        """Choose whether the sun casts shadows, or whether pure class colours are shown."""
        self._visual.shadows, self._visual.flat = shadows, flat
        self._visual.is_stale = True
        self._surface.update()

    def set_brush(self, shape: Shape | None, radius: float = 0.0, before_face: bool = False) -> None:
        """Choose the mark under the mouse, with a radius in voxels, at what is hit or before its face; or None."""
        self.overlays.set_brush(shape, radius, before_face)
        self._surface.update()

    def show_outline(self, positions: Sequence[Position]) -> None:
        """Draw an outline in the picture, in logical pixels; none takes it away."""
        self.overlays.outline = list(positions)
        self._surface.update()

    def set_mask_opacity(self, opacity: float) -> None:
        """Choose how strongly masked voxels are marked, 0 to 1."""
        self._visual.mask_opacity, self._visual.is_stale = opacity, True
        self._surface.update()

    def set_handles(self, step: int | None) -> None:
        """Offer arrows that grow the bounds by whole steps of voxels; None takes them away."""
        handles = self.overlays.handles
        handles.step, handles.inner = step, None
        handles.let_go()
        self._surface.update()

    def show_reach(self, cells: VoxelMask, context: Box) -> None:
        """Outline what would be made anew in whole cells, and the box that is looked at; both may be empty."""
        self.overlays.set_reach(cells, context)
        self._surface.update()

    def show_box(self, box: Box | None) -> None:
        """Put arrows on all faces of a box inside the scene, by which they are moved; None takes them away."""
        handles = self.overlays.handles
        handles.inner, handles.step = box, 1 if box else None
        handles.let_go()
        self._surface.update()

    def show_pulled(self, box: Box | None) -> None:
        """Outline bounds that were pulled outward and put the arrows on them; None for the scene's own."""
        self.overlays.handles.pulled = box
        self.overlays.set_ghost(box)
        self._surface.update()

    # where it is seen from

    @property
    def view(self) -> OrbitCamera:
        """The camera, in metres from the scene's lower corner."""
        return self._camera

    @view.setter
    def view(self, camera: OrbitCamera) -> None:
        self._look(camera)

    @property
    def camera(self) -> Camera:
        """The view as a camera that can be saved and rendered: metres in the scene's frame."""
        origin = np.asarray(self.display.scene.grid.origin) if self.display.scene else np.zeros(3)
        c = self._camera
        eye, target, up = c.eye + origin, np.asarray(c.target) + origin, c.basis[1]
        triples = (tuple(float(n) for n in v) for v in (eye, target, up))
        return Camera(*triples, fov=c.fov, size=self.window_size)  # type: ignore[arg-type]

    def home(self) -> None:
        """Go to the default view of everything."""
        self._look(replace(self._camera.look_from("default"), orthographic=False))
        self.frame()

    def look_from(self, name: str) -> None:
        """Look from a side: `default`, `front`, `back`, `left`, `right` or `top`."""
        self._look(self._camera.look_from(name))

    def toggle_orthographic(self) -> None:
        self._look(replace(self._camera, orthographic=not self._camera.orthographic))

    def frame(self, box: Box | None = None) -> None:
        """Bring a box into view, by default everything."""
        box = self.display.box if box is None or box.is_empty else box
        size = self._visual.voxel_size
        aspect = self.window_size[0] / self.window_size[1]
        self._look(self._camera.frame(np.multiply(box.lower, size), np.multiply(box.upper, size), aspect))

    # what the mouse meets

    @property
    def window_size(self) -> tuple[int, int]:
        """Logical pixels."""
        return max(1, self.native.width()), max(1, self.native.height())

    def ray(self, position: Position) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Give the line of sight through a pixel: origin and unit direction in voxels of the scene."""
        return self.sight.ray(position)

    def pick(self, position: Position) -> Hit | None:
        """Find the visible voxel under a pixel."""
        return self.sight.pick(position)

    def grab(self, scale: float = 2.0, marks: bool = True) -> QImage:
        """Take a picture of the view with `scale` rays per pixel and axis, with or without lines, brush and handles."""
        self.painter.wish = Wish(scale, marks)
        try:
            picture: QImage = self._surface.native.grabFramebuffer()
        finally:
            self.painter.wish = None
        return picture

    def close(self) -> None:
        """Let go of the window's resources."""
        self._rest.stop()
        self._idle.stop()
        self._surface.close()

    # called by gestures

    def orbit(self, dx: float, dy: float, looking: bool) -> None:
        turn = self._camera.look if looking else self._camera.orbit
        self._look(turn(-dx * _DEGREES, dy * _DEGREES))

    def pan(self, dx: float, dy: float) -> None:
        half = self.window_size[1] / 2
        self._look(self._camera.pan(dx / half, -dy / half))

    def zoom(self, steps: float, position: Position) -> None:
        hit = self.pick(position)
        if hit is not None:
            point = np.multiply(hit.point, self._visual.voxel_size)
        else:
            origin, way = self.sight.ray_in_metres(position)
            depth = 0.0 if self._camera.orthographic else self._camera.distance
            point = origin + way * depth
        self._look(self._camera.zoom(0.86**steps, point))

    def fly(self, right: float, up: float, forward: float, seconds: float) -> None:
        speed = min(max(0.8 * self._camera.distance, 4.0), 60.0) * seconds
        self._look(self._camera.fly(right * speed, up * speed, forward * speed))

    def use(self, kind: Kind, position: Position, buttons: frozenset[str], modifiers: frozenset[str]) -> None:
        handles = self.overlays.handles
        if kind == "press":
            if (view := self.overlays.view_at(self._lens(), position, self.window_size)) is not None:
                self._elsewhere = True
                self.look_from(view)
            elif (face := self._handle_at(position)) is not None:
                handles.grab(face, *self.sight.ray_in_metres(position))
        if self._elsewhere:
            self._elsewhere = kind != "release"
            return
        if handles.grip is not None:
            self._drag_handle(kind, position)
            return
        origin, way = self.ray(position)
        hit = self.sight.touch(position)
        self.overlays.point_at(hit)
        start, direction = (tuple(float(n) for n in v) for v in (origin, way))
        self.pointer.emit(Pointer(kind, start, direction, position, buttons, modifiers, hit))  # type: ignore[arg-type]
        self._surface.update()

    def hover(self, position: Position | None) -> None:
        handles = self.overlays.handles
        face = None if position is None else self._handle_at(position)
        over = None if face else position
        hit, touched = (self.pick(over), self.sight.touch(over)) if over else (None, None)
        redraw = self.overlays.point_at(touched) or face != handles.hovered
        handles.hovered = face
        self.native.setCursor(QCursor(Qt.CursorShape.PointingHandCursor) if face else self.cursor)
        self.hovered.emit(hit)
        self.pointed.emit(touched)
        if redraw:
            self._surface.update()

    def resize(self, steps: int) -> None:
        self.resized.emit(steps)

    # drawing

    def draw(self) -> None:
        """Draw into the window; called by vispy when the time has come."""
        self.painter.paint(self._surface, self._camera, self.display.box, self.window_size)
        if self.painter.wants_refining and not self._idle.isActive():
            self._idle.start(_IDLE)

    def come_to_rest(self) -> None:
        """Draw finely from now on, as after a moment without movement."""
        self._rest.stop()
        self.painter.is_moving = False
        self._surface.update()

    def _refine(self) -> None:
        """Smooth the edges of a picture at rest, part by part, so that the next movement never waits."""
        if self.painter.wants_refining:
            self.painter.refine(self._surface, self._camera, self.display.box)
            self._idle.start(1)

    def _lens(self) -> Lens:
        return self.painter.make_lens(self._camera, self.display.box, self.window_size)

    def _look(self, camera: OrbitCamera) -> None:
        if camera != self._camera:
            self._camera = camera
            self._visual.is_stale = True
            self._touch()
            self.camera_changed.emit()

    def _touch(self) -> None:
        """Draw coarsely now and finely once nothing has moved for a moment."""
        self.painter.is_moving = True
        self._rest.start()
        self._surface.update()

    def _handle_at(self, position: Position) -> tuple[int, int] | None:
        return self.overlays.handles.find(self._lens(), position, self.window_size)

    def _drag_handle(self, kind: Kind, position: Position) -> None:
        handles = self.overlays.handles
        assert handles.grip is not None
        axis, side = handles.grip.axis, handles.grip.side
        box = handles.drag(*self.sight.ray_in_metres(position))
        if kind == "release":
            handles.let_go()
        self.handle_dragged.emit(HandleDrag(kind, axis, side, box))
        self._surface.update()


def _lie_together(a: VoxelScene, b: VoxelScene) -> bool:
    """Tell whether two scenes share voxels' size and some room in the world."""
    if a.grid.voxel_size != b.grid.voxel_size:
        return False
    a_lower, a_upper = a.grid.to_metres(a.box.lower), a.grid.to_metres(a.box.upper)
    b_lower, b_upper = b.grid.to_metres(b.box.lower), b.grid.to_metres(b.box.upper)
    return bool((np.maximum(a_lower, b_lower) < np.minimum(a_upper, b_upper)).all())

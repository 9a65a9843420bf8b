"""The maps of a window: the world's, on which the scene grows, and the layout, of which it is made."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtWidgets import QDockWidget

from editor.model.errands import Errand
from editor.model.jobs import Failure
from editor.model.world_map import WorldMap
from editor.ui.layout_work import LayoutWork
from editor.ui.theme import Theme
from editor.ui.world_dock import WorldDock
from engine.errors import ScenewrightError
from engine.grid import Box

if TYPE_CHECKING:
    from editor.ui.window import MainWindow

_SEAM = 16
"""Voxels on either side of a border that are made anew with it."""
_HEIGHT = 230
_SETTLED = 150
"""Milliseconds after which a dock that shows itself is laid out."""


class Maps(QObject):
    """Makes the docks of both maps and does what their actions say.

    Attributes
    ----------
    world, layout
        Which tiles are wanted; the map that is painted.
    """

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window, self._studio = window, window.studio
        self.world = WorldMap(self._studio)
        camera = window.canvas.navigation
        self.world_dock = WorldDock(self._studio, self.world, window.actions_table, lambda: camera.camera)
        self._frame = window.docks.add_below("World Map", self.world_dock)
        self.layout = LayoutWork(window)
        self._layout_frame = window.docks.add_left("Layout", self.layout.dock)
        self._in_front: set[QDockWidget] = set()
        for frame in (self._frame, self._layout_frame):
            frame.visibilityChanged.connect(partial(self._note_sight, frame))
        self._probe: Errand | None = None
        self._timed: set[tuple[str, str]] = set()
        self.world.changed.connect(self._on_world)
        self.world_dock.view.looked.connect(self._look_at)
        window.canvas.camera_changed.connect(lambda: self.world_dock.view.update())
        window.worker.device_changed.connect(self.world_dock.show_device)
        self._on_world()

    def dress(self, theme: Theme) -> None:
        """Take the colours of a theme."""
        self.world_dock.dress(theme)
        self.layout.dock.dress(theme)

    # the world's map

    def show_world(self) -> None:
        """Show the map of tiles, or hide it where it is in front."""
        self._toggle(self._frame, Qt.Orientation.Vertical, _HEIGHT)

    def make_tiles(self) -> None:
        """Make the wanted tiles; they tell themselves how long they take."""
        if self._probe is not None:
            self._probe.cancel()
        self._window.gestures.cancel()
        was_in_front = self._frame in self._in_front
        self.world.start()
        if was_in_front:
            # whatever else shows itself for the first candidate does so once the window is laid out anew
            QTimer.singleShot(_SETTLED, self, self._frame.raise_)
        self._window.canvas.native.setFocus()

    def clear_tiles(self) -> None:
        self.world.clear()

    def repair_seam(self) -> None:
        """Mask the border of what was added last, ready to be made anew."""
        self.world.repair_seam(_SEAM)
        self._window.say("The border is masked; Ctrl+Enter makes it anew")

    def fit_world(self) -> None:
        self.world_dock.view.fit()

    # the layout

    def show_layout(self) -> None:
        """Show the Layout workspace beside the scene, or hide it."""
        self._toggle(self._layout_frame, Qt.Orientation.Horizontal, max(self._window.width() * 2 // 5, 470))

    def layout_from_scene(self) -> None:
        self.layout.from_scene()

    def suggest_layout(self) -> None:
        self.layout.suggest(everything=False)

    def suggest_whole_layout(self) -> None:
        self.layout.suggest(everything=True)

    def clear_layout(self) -> None:
        self.layout.clear()

    def load_layout(self) -> None:
        self.layout.load()

    def save_layout(self) -> None:
        self.layout.save()

    def generate_layout(self) -> None:
        """Make a scene of the map."""
        self._window.gestures.cancel()
        self.layout.generate()
        self._window.canvas.native.setFocus()

    def _look_at(self, x: float, y: float) -> None:
        """Turn the 3D view to what lies at a place of the map."""
        scene, navigation = self._studio.document.scene, self._window.canvas.navigation
        i, j = int(x // 1), int(y // 1)
        column = scene.read_padded(Box((i, j, 0), (i + 1, j + 1, scene.grid.shape[2])), scene.space.empty)[0, 0]
        solid = np.flatnonzero(column != scene.space.empty)
        place = (x, y, float(solid[-1] + 1) if solid.size else 0.0)
        target = tuple(float(p * s) for p, s in zip(place, scene.grid.voxel_size, strict=True))
        navigation.go(replace(navigation.camera, target=target))

    def _on_world(self) -> None:
        """Offer what can be done, and find out how long it will take."""
        table, wanted = self._window.actions_table, bool(self.world.wanted)
        table["world.make"].setEnabled(wanted and not self.world.is_going)
        table["world.clear"].setEnabled(wanted)
        table["world.seam"].setEnabled(self.world.has_seam)
        self._time_once()

    def _time_once(self) -> None:
        """Time a few steps as soon as somebody wants to know and nothing else is known or under way."""
        options = self._studio.plan.options
        if not self.world.wanted or self.world.reason or (options.model, options.sampler) in self._timed:
            return
        try:
            request = self._studio.pace.probe(options.sampling(0))
        except ScenewrightError:
            return  # the Generate button says what is wrong with the options
        if request is not None:
            self._timed.add((options.model, options.sampler))
            self._probe = Errand(self._studio, request, "Timing one tile", lambda _result: None, self._on_failure)

    def _on_failure(self, failure: Failure) -> None:
        self.world.clear()
        self._window.show_failure(failure)

    def _note_sight(self, frame: QDockWidget, on: bool) -> None:
        """Note whether a dock is seen: one behind another tab counts as visible to Qt."""
        (self._in_front.add if on else self._in_front.discard)(frame)

    def _toggle(self, frame: QDockWidget, along: Qt.Orientation, size: int) -> None:
        was_in_front = frame in self._in_front
        frame.setVisible(not was_in_front)
        if not was_in_front:
            frame.raise_()
            self._window.resizeDocks([frame], [size], along)

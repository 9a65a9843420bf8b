"""Everything about looking: the cube and the panels over the viewport, the line under it, and what view actions do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject

from editor.model.pointer import HandleDrag
from editor.ui.pictures import Pictures
from editor.ui.readout import Readout
from editor.ui.section_panel import SectionPanel
from editor.ui.theme import Theme
from editor.ui.view_cube import ViewCube
from editor.ui.view_keeping import ViewKeeping

if TYPE_CHECKING:
    from editor.ui.window import MainWindow

SIDES = ("front", "back", "right", "left", "top", "bottom")
"""Views that actions name by their place in here."""
_MARGIN = 10
_CHECKED = ("view.section", "view.orthographic", "view.gliding")


class Views(QObject):
    """The parts of one window that are about looking.

    Attributes
    ----------
    readout, cube, panel, kept
        The line under the viewport; the view cube; the ranges of the section box; saved views.
    pictures
        Takes pictures and films.
    """

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window, self._canvas = window, window.canvas
        document = window.studio.document
        self._section = document.section
        self.readout = Readout(document, self._canvas, window.theme)
        self.cube = ViewCube(self._canvas.navigation, window.theme, window.stage)
        self.panel = SectionPanel(self._section, window.theme, window.stage)
        self.kept = ViewKeeping(window)
        self.pictures = Pictures(window)
        self._axis = 2
        self._canvas.navigation.glides = window.settings.gliding
        self._section.changed.connect(self._show_section)
        self._canvas.section_dragged.connect(self._on_section_dragged)
        self._canvas.sliced.connect(self._slice)
        self._canvas.camera_changed.connect(self._show_state)
        for name in _CHECKED:
            window.actions_table[name].setCheckable(True)
        window.stage.installEventFilter(self)
        self._show_state()
        self._place()

    def dress(self, theme: Theme) -> None:
        """Take the colours of a theme."""
        for part in (self.readout, self.cube, self.panel):
            part.dress(theme)

    def close(self) -> None:
        """Let go of the viewport, as the window closes."""
        self.pictures.cancel()
        self.readout.close_down()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Keep cube and panel in their corner."""
        if event.type() in (QEvent.Type.Resize, QEvent.Type.Show):
            self._place()
        return False

    # what actions do

    def look_from(self, side: int) -> None:
        """Look from one of `SIDES`."""
        self._canvas.navigation.go(self._canvas.navigation.from_side(SIDES[side]))

    def home(self) -> None:
        """Go to the default view of everything."""
        self._canvas.navigation.go(self._canvas.navigation.home())

    def frame_all(self) -> None:
        """Bring all that is shown into view."""
        self._canvas.navigation.go(self._canvas.navigation.framed())

    def frame_mask(self) -> None:
        """Bring the mask into view; everything where nothing is masked."""
        mask = self._window.studio.document.mask
        box = None if mask.is_empty else mask.box.pad(12)
        self._canvas.navigation.go(self._canvas.navigation.framed(box))

    def toggle_orthographic(self) -> None:
        """Look without perspective, or with it again."""
        navigation = self._canvas.navigation
        navigation.arrive()
        navigation.look(navigation.with_other_projection())

    def toggle_gliding(self) -> None:
        """Move smoothly from view to view, or jump."""
        self._window.settings.gliding = self._canvas.navigation.glides = not self._canvas.navigation.glides
        self._show_state()

    def toggle_section(self) -> None:
        """Cut the scene open, or show everything again."""
        self._section.turn(not self._section.is_on)

    # listening

    def _show_section(self) -> None:
        self._canvas.show_section(self._section.box)
        self._show_state()
        self._place()

    def _on_section_dragged(self, drag: HandleDrag) -> None:
        self._axis = drag.axis
        self._section.set(drag.box)

    def _slice(self, steps: int) -> None:
        """Move the slice that was moved last, by the wheel; the first turn cuts the scene open."""
        self._section.turn(True)
        self._section.shift(self._axis, steps)

    def _show_state(self) -> None:
        navigation = self._canvas.navigation
        states = (self._section.is_on, navigation.camera.orthographic, navigation.glides)
        for name, on in zip(_CHECKED, states, strict=True):
            self._window.actions_table[name].setChecked(on)

    def _place(self) -> None:
        stage = self._window.stage
        self.cube.move(stage.width() - self.cube.width() - _MARGIN, _MARGIN)
        self.panel.adjustSize()
        self.panel.move(stage.width() - self.panel.width() - _MARGIN, self.cube.geometry().bottom() + _MARGIN)
        for part in (self.cube, self.panel):
            part.raise_()

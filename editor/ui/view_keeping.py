"""What actions do with saved views: save, go, step, update, delete; and the camera on the clipboard."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from PySide6.QtCore import QBuffer, QIODevice, Qt
from PySide6.QtGui import QGuiApplication, QImage

from editor.model.saved_views import SavedView, SavedViews
from editor.ui.views_dock import PICTURE, ViewsDock
from engine.errors import RequestError
from engine.geometry.camera import Camera

if TYPE_CHECKING:
    from editor.ui.window import MainWindow


class ViewKeeping:
    """Saved views of one window.

    Attributes
    ----------
    views, dock
        The views of the document; what shows them.
    """

    def __init__(self, window: MainWindow) -> None:
        self._window, self._canvas = window, window.canvas
        document = window.studio.document
        self.views = SavedViews(document)
        self.dock = ViewsDock(document, self.views, window.actions_table, window.guard, self.go)

    def save(self) -> None:
        """Keep the present view with the scene."""
        view = self.views.save(SavedView("", *self._present(), self._picture()))
        self.dock.select(len(self.views.all) - 1)
        self._window.say(f"Saved as “{view.name}”; it travels in the .scw file")

    def go(self, place: int) -> None:
        """Go to the view at a place; raises `RequestError` where there is none."""
        views = self.views.all
        if place >= len(views):
            raise RequestError(f"there is no saved view {place + 1}, only {len(views)}; Ctrl+Alt+S saves one")
        self.dock.select(place)
        navigation = self._canvas.navigation
        navigation.go(navigation.seen_through(views[place].camera, views[place].orthographic))

    def step(self, steps: int) -> None:
        """Go to the next view, or the one before, round and round."""
        count = len(self.views.all)
        if not count:
            raise RequestError("there are no saved views yet; Ctrl+Alt+S saves one")
        place = self.dock.chosen
        self.go((place + steps) % count if place >= 0 else 0 if steps > 0 else count - 1)

    def update(self) -> None:
        """Let the selected view show what is seen now."""
        self.views.update(self._chosen(), *self._present(), self._picture())

    def forget(self) -> None:
        """Remove the selected view."""
        self.views.forget(self._chosen())

    def copy(self) -> None:
        """Put the camera on the clipboard, as text that `scenewright render --camera` reads."""
        camera, orthographic = self._present()
        text = {**json.loads(camera.to_json()), "orthographic": orthographic}
        QGuiApplication.clipboard().setText(json.dumps(text, indent=1))
        self._window.say("Camera copied as text; it can be pasted here or given to `scenewright render --camera`")

    def paste(self) -> None:
        """Look through the camera on the clipboard; raises `RequestError` where there is none."""
        try:
            view = SavedView.from_dict(json.loads(QGuiApplication.clipboard().text()))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise RequestError("the clipboard holds no camera; copy one with Ctrl+Alt+C first") from error
        navigation = self._canvas.navigation
        navigation.go(navigation.seen_through(view.camera, view.orthographic))

    def _chosen(self) -> int:
        if self.dock.chosen < 0:
            raise RequestError("no saved view is selected; click one in the Views dock first")
        return self.dock.chosen

    def _present(self) -> tuple[Camera, bool]:
        self._canvas.navigation.arrive()
        return self._canvas.camera, self._canvas.view.orthographic

    def _picture(self) -> bytes:
        """Take a small picture of what is seen, cut to the size of the dock's."""
        size = PICTURE * 2
        full = self._canvas.grab(1.0, marks=False)
        filled = full.scaled(
            size, Qt.AspectRatioMode.KeepAspectRatioByExpanding, Qt.TransformationMode.SmoothTransformation
        )
        x, y = (filled.width() - size.width()) // 2, (filled.height() - size.height()) // 2
        return _jpeg(filled.copy(x, y, size.width(), size.height()))


def _jpeg(picture: QImage) -> bytes:
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    picture.convertToFormat(QImage.Format.Format_RGB888).save(buffer, "JPEG", 82)  # type: ignore[call-overload]
    return bytes(buffer.data().data())

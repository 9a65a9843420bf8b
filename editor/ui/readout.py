"""The line under the viewport: what lies under the pointer, from where one looks, and how long things are."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QSize, Qt, QTimer
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QSizePolicy, QWidget

from editor.model.document import Document
from editor.ui.theme import Theme
from editor.ui.widgets import label, row
from editor.viewport.canvas import ViewportCanvas
from editor.viewport.scale import bar_length, pixel_size, write_length
from engine.geometry.rays import Hit
from engine.grid import Box

_INSIDE = "Inside of something solid, which is cut open · Home shows all"
_LOST = "The scene is out of view · Home shows all"
_MOMENT = 60  # milliseconds between two looks at a camera that moves


class Readout(QFrame):
    """`x y z · class · camera`, hints when one has lost one's way, and a scale bar."""

    def __init__(self, document: Document, canvas: ViewportCanvas, theme: Theme) -> None:
        super().__init__(objectName="readout.line")
        self._document, self._canvas = document, canvas
        self._hit: Hit | None = None
        self.voxel = label("", "")
        self.voxel.setObjectName("readout")
        self.hint = label("", "warning")
        self.camera = label("")
        self.camera.setObjectName("readout.camera")
        self.bar = ScaleBar(canvas, theme)
        for part in (self.voxel, self.camera):  # neither may keep the window from becoming narrow
            part.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        line = row(self.voxel, self.hint, self.camera, self.bar, spacing=14)
        for place, share in enumerate((4, 0, 5, 0)):
            line.setStretch(place, share)
        line.setContentsMargins(10, 0, 10, 0)
        self.camera.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.setLayout(line)
        self.setFixedHeight(24)
        self._later = QTimer(self, singleShot=True, interval=_MOMENT)
        self._later.timeout.connect(self._show_camera)
        canvas.camera_changed.connect(self._on_camera)
        canvas.hovered.connect(self.show_hover)
        document.changed.connect(self._on_changed)
        document.mask_changed.connect(self._on_changed)
        document.scene_replaced.connect(self._on_camera)
        self._show_camera()

    def dress(self, theme: Theme) -> None:
        """Take the colours of a theme."""
        self.bar.dress(theme)

    def close_down(self) -> None:
        """Look at the camera no more."""
        self._canvas.camera_changed.disconnect(self._on_camera)
        self._later.stop()

    def show_hover(self, hit: Hit | None) -> None:
        """Name the voxel under the pointer, and tell whether it is masked or locked."""
        self._hit = hit
        self.voxel.setText("" if hit is None else self._words(hit))

    def _words(self, hit: Hit) -> str:
        document, (x, y, z) = self._document, hit.voxel
        inside = Box(hit.voxel, (x + 1, y + 1, z + 1))
        if not document.scene.box.contains(inside):
            return f"{x} {y} {z}"
        found = int(document.scene.read(inside).item())
        words = [f"{x} {y} {z}", document.classes.name_of(found)]
        words += ["masked"] * bool(document.shown_mask.within(inside).item())
        words += ["locked"] * (found in document.classes.locked)
        return "  ·  ".join(words)

    def _on_changed(self, _box: Box) -> None:
        self.show_hover(self._hit)

    def _on_camera(self) -> None:
        if not self._later.isActive():
            self._later.start()

    def _show_camera(self) -> None:
        camera = self._canvas.view
        kind = "orthographic" if camera.orthographic else f"{camera.distance:.1f} m away"
        x, y, z = self._canvas.camera.eye
        place = "" if camera.orthographic else f"{x:.1f} {y:.1f} {z:.1f} m  ·  "
        self.camera.setText(f"{place}{camera.azimuth % 360:.0f}° / {camera.elevation:.0f}°  ·  {kind}")
        navigation = self._canvas.navigation
        self.hint.setText(_INSIDE if navigation.is_inside else _LOST if navigation.is_lost else "")
        self.hint.setVisible(bool(self.hint.text()))
        self.camera.setVisible(not self.hint.text())  # there is hardly room for both
        self.bar.update()


class ScaleBar(QWidget):
    """A line that is as long as it says, at the distance of the camera's target."""

    def __init__(self, canvas: ViewportCanvas, theme: Theme) -> None:
        super().__init__(objectName="readout.scale")
        self._canvas, self._theme = canvas, theme
        self.setFixedSize(QSize(190, 24))
        self.setToolTip("Length at the distance of the point that the view turns round")

    @property
    def length(self) -> tuple[float, float]:
        """Metres it stands for, and its pixels."""
        camera, height = self._canvas.view, self._canvas.window_size[1]
        metres = bar_length(camera, height)
        return metres, metres / pixel_size(camera, height)

    def dress(self, theme: Theme) -> None:
        """Take the colours of a theme."""
        self._theme = theme
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        metres, pixels = self.length
        painter = QPainter(self)
        painter.setPen(QPen(QColor(self._theme.muted), 1.5))
        right, middle = self.width() - 1.0, self.height() / 2 + 3
        painter.drawPolyline(
            [
                QPointF(right - pixels, middle - 4),
                QPointF(right - pixels, middle),
                QPointF(right, middle),
                QPointF(right, middle - 4),
            ]
        )
        words = self.rect().adjusted(0, 0, -round(pixels) - 8, 0)
        painter.setPen(QColor(self._theme.muted))
        painter.drawText(words, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, write_length(metres))

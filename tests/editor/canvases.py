"""A small scene in a real viewport, and a mouse to work in it."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QImage, QMouseEvent
from PySide6.QtWidgets import QApplication

from editor.viewport.canvas import ViewportCanvas
from engine.grid import Grid
from engine.scene import VoxelScene

SHAPE = (72, 40, 20)
VOXEL = (0.2, 0.3, 0.25)
ROAD, BUILDING, CAR, TREE, POLE = 9, 13, 1, 15, 18
Left, Middle, Right = (getattr(Qt.MouseButton, f"{name}Button") for name in ("Left", "Middle", "Right"))
Plain = Qt.KeyboardModifier.NoModifier


def make_labels() -> np.ndarray:
    labels = np.zeros(SHAPE, dtype=np.uint8)
    labels[:, :, :3] = ROAD
    labels[2:14, 4:20, 3:18] = BUILDING
    labels[50:62, 25:31, 3:8] = CAR
    labels[30, 8, 3:14] = POLE
    labels[33:45, 20:30, 9:16] = TREE
    labels[38:40, 24:26, 3:9] = 16
    return labels


def make_scene() -> VoxelScene:
    return VoxelScene.from_labels(make_labels(), Grid(SHAPE, VOXEL, (12.0, -3.0, 1.0)))


def open_canvas(qtbot, size: tuple[int, int] = (480, 300)) -> ViewportCanvas:
    made = ViewportCanvas(size)
    with qtbot.waitExposed(made.native):
        made.native.show()
    return made


def pixels(image: QImage) -> np.ndarray:
    image = image.convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : 3 * image.width()].reshape(image.height(), image.width(), 3).astype(int)


def picture(canvas: ViewportCanvas) -> np.ndarray:
    return pixels(canvas.grab(1.0, marks=False))


def places(canvas: ViewportCanvas, count: int = 1500) -> np.ndarray:
    width, height = canvas.window_size
    return np.random.default_rng(3).integers((0, 0), (width, height), (count, 2))


def shown_labels(canvas: ViewportCanvas, where: np.ndarray) -> np.ndarray:
    """Label picked at the middle of every pixel, -1 where there is none."""
    hits = [canvas.pick((x + 0.5, y + 0.5)) for x, y in where]
    return np.array([-1 if hit is None else canvas.display.label_at(hit.voxel) for hit in hits])


def send(canvas: ViewportCanvas, kind: QEvent.Type, at, button=Qt.MouseButton.NoButton, held=None, keys=Plain) -> None:
    place = QPointF(*at)
    held = button if held is None else held
    far = QPointF(canvas.native.mapToGlobal(place.toPoint()))
    QApplication.sendEvent(canvas.native, QMouseEvent(kind, place, far, button, held, keys))


def drag(canvas: ViewportCanvas, start, stop, button=Left, keys=Plain, steps: int = 4) -> None:
    send(canvas, QEvent.Type.MouseButtonPress, start, button, keys=keys)
    for share in np.linspace(0, 1, steps + 1)[1:]:
        at = np.add(start, np.subtract(stop, start) * share)
        send(canvas, QEvent.Type.MouseMove, at.tolist(), held=button, keys=keys)
    send(canvas, QEvent.Type.MouseButtonRelease, stop, button, Qt.MouseButton.NoButton, keys)

"""Small pictures of variants: the region as it would be, cut out of its surroundings."""

from __future__ import annotations

import time

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QImage, QPixmap

from editor.model.gallery import Item
from engine.geometry.camera import Camera, box_corners, fit_eye, look_basis
from engine.geometry.pictures import render_maps
from engine.grid import Box
from engine.scene import VoxelScene

SIZE = (124, 82)
"""Logical pixels."""
_LOOK = np.array([0.62, 0.66, -0.62])
_FOV = 30.0
_MARGIN = 5  # voxels of the surroundings that are shown, along x and y
_LONGEST = 160  # voxels along an edge; larger regions are thinned out
_PAUSE = 1.5  # seconds between two pictures of a variant that is forming
_KEPT = 400


class Thumbnails(QObject):
    """Draws pictures when there is time, one after the other, and keeps them."""

    drawn = Signal()

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._pictures: dict[str, tuple[tuple[str, int], QPixmap]] = {}
        self._wanted: dict[str, Item] = {}
        self._last: dict[str, float] = {}
        self._timer = QTimer(self, singleShot=True, interval=30)
        self._timer.timeout.connect(self._draw_next)

    def get(self, item: Item) -> QPixmap | None:
        """Give the newest picture of a variant; a better one is drawn soon where there can be one."""
        candidate = item.candidate
        known = self._pictures.get(candidate.id)
        if candidate.state in ("forming", "ready") and (known is None or known[0] != _stage(item)):
            early = time.monotonic() - self._last.get(candidate.id, -_PAUSE) < _PAUSE
            if candidate.state == "ready" or not early:
                self._wanted[candidate.id] = item
                if not self._timer.isActive():  # or asking often would put it off for ever
                    self._timer.start()
        return known[1] if known else None

    def stop(self) -> None:
        """Draw no more."""
        self._wanted.clear()
        self._timer.stop()

    def _draw_next(self) -> None:
        if not self._wanted:
            return
        key = next(iter(self._wanted))
        item = self._wanted.pop(key)
        stage = _stage(item)
        picture = draw(item)
        if picture is not None:
            self._pictures[key] = stage, QPixmap.fromImage(picture)
            self._last[key] = time.monotonic()
            for old in list(self._pictures)[: max(len(self._pictures) - _KEPT, 0)]:
                del self._pictures[old]
            self.drawn.emit()
        if self._wanted:
            self._timer.start()


def draw(item: Item) -> QImage | None:
    """Draw a variant as far as it is known, transparent round it; `None` before the first estimate."""
    scene = _cut_out(item)
    if scene is None:
        return None
    solid = scene.read() != scene.space.empty
    if not solid.any():
        return None
    top = int(np.flatnonzero(solid.any(axis=(0, 1)))[-1]) + 1
    size = SIZE[0] * 2, SIZE[1] * 2
    basis = look_basis(_LOOK, (0, 0, 1))
    corners = box_corners((0, 0, 0), np.multiply((*scene.grid.shape[:2], top), scene.grid.voxel_size))
    eye = fit_eye(corners, basis, _FOV, size[0] / size[1])
    eye_point, target = (tuple(float(v) for v in p) for p in (eye, eye + basis[2]))
    maps = render_maps(scene, Camera(eye_point, target, fov=_FOV, size=size), ("colour", "depth"))  # type: ignore[arg-type]
    return _with_alpha(maps["colour"], np.isfinite(maps["depth"]))


def _cut_out(item: Item) -> VoxelScene | None:
    """Give the new voxels with a little of what is round them, as a scene of its own."""
    picture = item.candidate.picture()
    if picture is None:
        return None
    box, labels = picture
    if item.candidate not in item.proposal.candidates or item.candidate != item.proposal.candidate:
        item.candidate.rest()
    around = getattr(item.proposal.request, "scene", None)
    if around is not None and around.box.contains(box) and item.proposal.offset == (0, 0, 0):
        x, y = box.lower[0] - _MARGIN, box.lower[1] - _MARGIN
        wide = Box((x, y, 0), (box.upper[0] + _MARGIN, box.upper[1] + _MARGIN, around.grid.shape[2])).clip(around.box)
        whole = around.read(wide)
        np.copyto(whole[box.relative_to(wide).slices], labels, where=item.proposal.new_voxels(box))
        space, labels = around.space, whole
    else:
        result = item.candidate.result
        found = result.scene if result is not None and result.scene is not None else around
        if found is None:
            return VoxelScene.from_labels(_thinned(labels))
        space = found.space
    return VoxelScene.from_labels(_thinned(labels), space=space)


def _thinned(labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    step = -(-max(labels.shape[:2]) // _LONGEST)
    return np.ascontiguousarray(labels[::step, ::step, ::step])


def _with_alpha(colour: NDArray[np.uint8], hit: NDArray[np.bool_]) -> QImage:
    pixels = np.dstack([colour, np.where(hit, 255, 0).astype(np.uint8)])
    height, width = hit.shape
    image = QImage(np.ascontiguousarray(pixels).data, width, height, 4 * width, QImage.Format.Format_RGBA8888).copy()
    image.setDevicePixelRatio(2)
    return image


def _stage(item: Item) -> tuple[str, int]:
    step = item.candidate.step
    return item.candidate.state, step.index if step is not None and item.candidate.state == "forming" else 0

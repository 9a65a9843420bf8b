"""Small real stand-ins for what the editor's model works with."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from editor.model.pointer import Pointer
from engine.errors import ScenewrightError
from engine.geometry.maps import LayoutMap, extrude
from engine.geometry.rays import Hit, first_hit, floor_hit
from engine.grid import Box
from engine.labels import UNKNOWN, label_space
from engine.mask import VoxelMask
from engine.scene import VoxelScene
from engine.tasks.request import (
    GenerateRequest,
    InpaintRequest,
    LayoutRequest,
    OutpaintRequest,
    Provenance,
    RefineRequest,
    Request,
    Result,
    Step,
)
from engine.tasks.work import refined

ROAD, CAR, BUILDING, TERRAIN, POLE = 9, 1, 13, 17, 18


@dataclass(frozen=True)
class FakeCard:
    name: str = "city"
    title: str = "City"
    label_space: str = "semantickitti"
    height: int = 12
    voxel_size: tuple[float, float, float] = (0.2, 0.2, 0.2)
    cell: int = 16
    window: int = 64
    sha256: str = "0" * 64
    styles: tuple[str, ...] = ()


@dataclass
class FakeSession:
    """Runs requests by a script: every step paints the new voxels with the class `seed % 19 + 1`.

    Refining paints the unknown voxels only.

    Parameters
    ----------
    steps, pause
        How many, and seconds between two.
    fail_at
        Step at which `error` is raised.
    """

    steps: int = 3
    pause: float = 0.0
    fail_at: int | None = None
    error: Exception = field(default_factory=lambda: ScenewrightError("the script says so; try again"))
    height: int = 12
    device: str = "cpu"
    closed: list[int] = field(default_factory=list)
    loaded: list[str] = field(default_factory=list)

    def load(self, model: str) -> None:
        self.loaded.append(model)

    def memory(self) -> tuple[int, int] | None:
        return 3 << 30, 8 << 30

    def run(self, request: Request) -> Iterator[Step]:
        index = 0
        try:
            for index in range(1, self.steps + 1):
                if index == self.fail_at:
                    raise self.error
                time.sleep(self.pause)
                box, labels = paint(request, self.height)
                result = answer(request, self.height) if index == self.steps else None
                yield Step(index, self.steps, "sampling", box=box, labels=labels, result=result)
        finally:
            if index < self.steps:
                self.closed.append(index)


def class_of(request: Request) -> int:
    return request.sampling.seed % 19 + 1


def paint(request: Request, height: int = 12) -> tuple[Box, np.ndarray]:
    """Make the labels of a request's region in the frame of the new scene."""
    if isinstance(request, InpaintRequest):
        box = request.mask.box
        labels = request.scene.read(box)
        new = np.full(request.scene.grid.shape, class_of(request), np.uint8)
        if request.layout is not None:
            new = extrude(request.layout, new.shape[2], request.scene.space)[: new.shape[0], : new.shape[1]]
        labels[request.mask.array] = new[box.slices][request.mask.array]
        return box, labels
    if isinstance(request, RefineRequest):
        region = refined(request)
        labels = request.scene.read(region.box)
        labels[region.array & (labels == UNKNOWN)] = class_of(request)
        return region.box, labels
    if isinstance(request, LayoutRequest):
        rough = extrude(drawn(request), height, label_space())
        return Box.of_shape(rough.shape), rough
    labels = np.zeros((*request.size, height), dtype=np.uint8)
    if isinstance(request, GenerateRequest) and request.layout is not None:
        labels[:] = extrude(request.layout, height, label_space())[: request.size[0], : request.size[1]]
        return Box.of_shape(labels.shape), labels
    for tile in getattr(request, "tiles", None) or (Box.of_shape(labels.shape),):
        labels[tile.slices][:, :, :2] = class_of(request)
    if isinstance(request, OutpaintRequest):
        labels[request.scene.box.shift((*request.at, 0)).slices] = request.scene.read()
    return Box.of_shape(labels.shape), labels


def answer(request: Request, height: int = 12) -> Result:
    box, labels = paint(request, height)
    provenance = Provenance.of(request, "city", "0" * 64, "0.1.0")
    if isinstance(request, InpaintRequest):
        return Result(box, labels, request.mask, provenance)
    if isinstance(request, RefineRequest):
        return Result(box, labels, refined(request), provenance)
    if isinstance(request, LayoutRequest):
        return Result(box, labels, VoxelMask.of_box(box), provenance, layout=drawn(request))
    if not isinstance(request, OutpaintRequest):
        return Result(box, labels, VoxelMask.of_box(box), provenance, VoxelScene.from_labels(labels))
    frame = request.scene.grid.cut(box.shift((-request.at[0], -request.at[1], 0)))
    return Result(box, labels, VoxelMask.of_box(box), provenance, VoxelScene.from_labels(labels, frame), request.at)


def drawn(request: LayoutRequest) -> LayoutMap:
    """Complete a map: every free cell becomes the class `seed % 5 + 1`."""
    classes = np.where(request.layout.classes == 0, request.sampling.seed % 5 + 1, request.layout.classes)
    return LayoutMap(classes.astype(np.uint8), request.layout.heights)


class HandRunner:
    """A runner that does nothing until a test says so."""

    def __init__(self) -> None:
        self.started: list[tuple[int, Request]] = []
        self.cancelled: list[int] = []

    def start(self, job: int, request: Request) -> None:
        self.started.append((job, request))

    def cancel(self, job: int) -> None:
        self.cancelled.append(job)


def finish(queue, runner: HandRunner, height: int = 12) -> None:
    """Let the running job make its steps and end."""
    job, request = runner.started[-1]
    for step in FakeSession(height=height).run(request):
        queue.note_step(job, step)
    queue.note_end(job, None)


def street(shape: tuple[int, int, int] = (48, 32, 12)) -> VoxelScene:
    """A road at z 0..2 with a car of 10 x 6 x 5 on it, a house, a pole; everything asymmetric."""
    labels = np.zeros(shape, dtype=np.uint8)
    labels[:, :, :3] = ROAD
    labels[:, 24:, :3] = TERRAIN
    labels[10:20, 8:14, 3:8] = CAR
    labels[30:44, 25:32, 3:11] = BUILDING
    labels[5, 20, 3:10] = POLE
    return VoxelScene.from_labels(labels)


class TopView:
    """Looks straight down, one voxel a pixel: pixel (i, j) is column (i, j)."""

    def __init__(self, scene: Callable[[], VoxelScene], passed: Callable[[], frozenset[int]] = frozenset) -> None:
        self._scene, self._passed = scene, passed

    def touch(self, position: tuple[float, float]) -> Hit | None:
        scene, ray = self._scene(), self.ray(position)
        return first_hit(scene.read(), *ray, self._passed()) or floor_hit(scene.grid.shape, *ray)

    def ray(self, position: tuple[float, float]) -> tuple[np.ndarray, np.ndarray]:
        return np.array([position[0] + 0.5, position[1] + 0.5, 100.0]), np.array([0.0, 0.0, -1.0])

    def rays(self, positions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Unlike `ray`, takes positions as they are: the middle of pixel (i, j) is (i + 0.5, j + 0.5)."""
        origins = np.concatenate([positions, np.full((len(positions), 1), 100.0)], axis=1)
        return origins, np.tile([0.0, 0.0, -1.0], (len(positions), 1))

    def project(self, points: np.ndarray) -> np.ndarray:
        return np.asarray(points, dtype=float) * (1, 1, -1) + (0, 0, 100.0)

    def sees(self) -> frozenset[int]:
        return frozenset(range(1, 256)) - self._passed()

    def pointer(self, kind: str, x: float, y: float, *modifiers: str) -> Pointer:
        origin, way = (tuple(v.tolist()) for v in self.ray((x, y)))
        return Pointer(kind, origin, way, (x, y), frozenset({"left"}), frozenset(modifiers), self.touch((x, y)))

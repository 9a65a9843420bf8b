"""How fast the engine is here: the cases of `scenewright bench` that need no window."""

from __future__ import annotations

import platform
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import psutil
import torch
from torch import Tensor

from engine.data.city.generator import make_world
from engine.data.city.world import World
from engine.data.crops import CropSampler
from engine.formats.registry import write_scene
from engine.grid import Box
from engine.labels import label_space
from engine.mask import VoxelMask
from engine.models.contract import SceneModel
from engine.models.semcity.autoencoder import TriplaneAutoencoder, TriplaneAutoencoderConfig
from engine.models.semcity.unet import TriplaneUNet, TriplaneUNetConfig
from engine.models.zoo import SemcityParts, load, pick_device, save_semcity
from engine.scene import VoxelScene
from engine.session import Session
from engine.tasks.request import GenerateRequest, InpaintRequest, Request, Sampling

SIZE = (256, 256)
REGION, LARGE_REGION = 48, 96
STEPS, FEW_STEPS = 12, 4
RUNS = 5
_WORLD = (2048, 2048)
_CROPS = 400


@dataclass(frozen=True)
class Measurement:
    """One figure.

    Attributes
    ----------
    value
        Median of `runs` runs, in `unit`.
    limit
        What the project promises on 2 CPU cores without a GPU: at most this, or at least where `at_least`.
    skipped
        Why there is no value.
    """

    name: str
    title: str
    value: float | None
    unit: str
    limit: float | None = None
    at_least: bool = False
    runs: int = 1
    skipped: str = ""

    @property
    def is_met(self) -> bool | None:
        """Whether the promise holds; `None` where there is no value or no promise."""
        if self.value is None or self.limit is None:
            return None
        return self.value >= self.limit if self.at_least else self.value <= self.limit


def measure_engine(model: str, device: str) -> Iterator[Measurement]:
    """Run every case once it is asked for, the world first because others work on it.

    Raises `ModelError` or `DeviceError` where the model or the device is not there.
    """
    start = time.perf_counter()
    world = make_world(0, _WORLD)
    yield Measurement("world", "world of 2048 x 2048 x 32", time.perf_counter() - start, "s", 20)
    yield _measure_crops(world)
    scene = VoxelScene.from_labels(world.crop(800, 800, SIZE), space=label_space())
    yield _measure_export(scene)
    yield from _measure_tasks(scene, model, device)
    yield from _measure_semcity(scene, device)


def describe_hardware() -> dict[str, str | int | float]:
    """Tell on what the figures were measured."""
    return {
        "cpu": _cpu_name(),
        "cores": psutil.cpu_count() or 1,
        "memory_gb": round(psutil.virtual_memory().total / 1e9, 1),
        "load": round(psutil.getloadavg()[0], 1),
        "system": platform.platform(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
        "gpu": torch.cuda.get_device_name(0) if torch.cuda.is_available() else "none",
    }


def _measure_tasks(scene: VoxelScene, model: str, device: str) -> Iterator[Measurement]:
    session = Session(device)
    start = time.perf_counter()
    session.load(model)
    yield Measurement("load", "load the weights", time.perf_counter() - start, "s", 1)
    middle = [(n - REGION) // 2 for n in scene.grid.shape[:2]]
    box = Box((middle[0], middle[1], 0), (middle[0] + REGION, middle[1] + REGION, scene.grid.shape[2]))
    mask = VoxelMask.of_box(box)
    for steps, suffix, whole, part in ((STEPS, "", 1.5, 0.5), (FEW_STEPS, "-fast", 0.6, 0.1)):
        sampling = Sampling(model=model, seed=1, steps=steps, device=device)
        cases: tuple[tuple[str, str, Request, float], ...] = (
            ("generate", "256 x 256 x 32", GenerateRequest(SIZE, sampling), whole),
            ("regenerate", "48 x 48 voxels", InpaintRequest(scene.snapshot(), mask, sampling), part),
        )
        for name, what, request, limit in cases:
            seconds = _median(lambda request=request: _drain(session, request))  # type: ignore[misc]
            yield Measurement(f"{name}{suffix}", f"{name} {what}, {steps} steps", seconds, "s", limit, runs=RUNS)
    streamed = GenerateRequest(SIZE, Sampling(model=model, seed=1, device=device, preview="auto"))
    seconds = _median(lambda: _until_preview(session, streamed))
    yield Measurement("preview", "first preview of a new scene", seconds, "s", 0.4, runs=RUNS)


def _measure_semcity(scene: VoxelScene, device: str) -> Iterator[Measurement]:
    """Measure `semcity` at the original's full size; what its weights are does not matter for that."""
    target = pick_device(device)
    parts = SemcityParts(TriplaneAutoencoder(TriplaneAutoencoderConfig()), TriplaneUNet(TriplaneUNetConfig()))
    with tempfile.TemporaryDirectory() as folder:
        loaded = load(save_semcity(Path(folder), parts, {}), target.type)
        yield from _measure_parts(loaded, torch.from_numpy(scene.read()))
        del loaded
        yield from _measure_full_tasks(scene, folder, device)


def _measure_parts(loaded: SceneModel, labels: Tensor) -> Iterator[Measurement]:
    z = loaded.encode(labels)
    denoise = loaded.bind(labels, torch.ones_like(labels, dtype=torch.bool), None)
    cases: dict[str, tuple[str, Callable[[], Tensor]]] = {  # the sums wait for the device
        "semcity-encode": ("semcity in full size: encode", lambda: loaded.encode(labels.flip(0)).sum()),  # not z's
        "semcity-step": ("semcity in full size: one UNet step", lambda: denoise(z, 1.0).sum()),
        "semcity-decode": ("semcity in full size: decode", lambda: loaded.decode(z).sum()),
    }
    for name, (title, act) in cases.items():
        yield Measurement(name, title, _seconds(lambda act=act: act().item()), "s")  # type: ignore[misc]


def _measure_full_tasks(scene: VoxelScene, model: str, device: str) -> Iterator[Measurement]:
    """Measure what the original's own script takes minutes for."""
    session = Session(device)
    session.load(model)
    x, y = ((n - LARGE_REGION) // 2 for n in scene.grid.shape[:2])
    box = Box((x, y, 0), (x + LARGE_REGION, y + LARGE_REGION, scene.grid.shape[2]))
    edit = InpaintRequest(scene.snapshot(), VoxelMask.of_box(box), Sampling(model=model, device=device))
    title = f"semcity in full size: regenerate {LARGE_REGION} x {LARGE_REGION} voxels, 12 steps"
    yield Measurement("semcity-inpaint", title, _seconds(lambda: _drain(session, edit)), "s", 12)
    sampling = Sampling(model=model, sampler="ddpm", steps=100, device=device)
    seconds = _seconds(lambda: _drain(session, GenerateRequest(SIZE, sampling)))
    yield Measurement("semcity-generate", "semcity in full size: generate, 100 steps", seconds, "s", 45)


def _measure_crops(world: World) -> Measurement:
    sampler = CropSampler([world], SIZE, np.random.default_rng(0))
    start = time.perf_counter()
    for _ in islice(sampler, _CROPS):
        pass
    rate = _CROPS / (time.perf_counter() - start)
    return Measurement("crops", "training crops of 256 x 256 x 32", rate, "/s", 200, at_least=True, runs=_CROPS)


def _measure_export(scene: VoxelScene) -> Measurement:
    with tempfile.TemporaryDirectory() as folder:
        seconds = _median(lambda: write_scene(scene, Path(folder) / "scene.glb"))
    return Measurement("export", "GLB of a 256 x 256 x 32 scene", seconds, "s", 2, runs=RUNS)


def _drain(session: Session, request: Request) -> None:
    for _ in session.run(request):
        pass


def _until_preview(session: Session, request: Request) -> None:
    next(step for step in session.run(request) if step.labels is not None)


def _median(act: Callable[[], None]) -> float:
    act()  # the first run warms caches up, as in an editor that is open
    return statistics.median(_seconds(act) for _ in range(RUNS))


def _seconds(act: Callable[[], object]) -> float:
    start = time.perf_counter()
    act()
    return time.perf_counter() - start


def _cpu_name() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [
            line.split(":", 1)[1].strip() for line in info.read_text().splitlines() if line.startswith("model name")
        ]
        if names:
            return names[0]
    return platform.processor() or platform.machine()

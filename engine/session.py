"""The door between the rooms: a device, loaded models, and one function that runs requests."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib.metadata import version

import psutil
import torch

from engine.errors import MemoryShortageError
from engine.models.cards import find_model
from engine.models.contract import SceneModel
from engine.models.zoo import load, pick_device
from engine.tasks.generate import generate
from engine.tasks.inpaint import inpaint
from engine.tasks.outpaint import outpaint
from engine.tasks.refine import refine
from engine.tasks.request import (
    GenerateRequest,
    InpaintRequest,
    LayoutRequest,
    OutpaintRequest,
    Provenance,
    RefineRequest,
    Request,
    Step,
)
from engine.tasks.suggest import suggest


class Session:
    """Runs requests on one device; models are loaded once.

    Parameters
    ----------
    device
        `auto`, `cpu`, `cuda` or `mps`.
    threads
        CPU threads of torch; `None` leaves torch's choice. The bytes of a result depend on it.
    """

    def __init__(self, device: str = "auto", threads: int | None = None) -> None:
        self._device = pick_device(device)
        self._models: dict[str, SceneModel] = {}
        self._version = version("scenewright")
        if threads is not None:
            torch.set_num_threads(threads)

    @property
    def device(self) -> str:
        """Type of the device in use: `cpu`, `cuda` or `mps`."""
        return self._device.type

    def memory(self) -> tuple[int, int]:
        """Give used and total bytes of the device's memory (of the machine's where it computes on the CPU)."""
        if self._device.type == "cuda":
            free, total = torch.cuda.mem_get_info(self._device)
            return total - free, total
        machine = psutil.virtual_memory()
        return machine.total - machine.available, machine.total

    def load(self, model: str) -> SceneModel:
        """Load a model by name or folder, or give the loaded one; raises `ModelError`."""
        if model not in self._models:
            self._models[model] = load(find_model(model), self._device.type)
        return self._models[model]

    def run(self, request: Request) -> Iterator[Step]:
        """Run a request; yields steps, the last with the result. `close()` cancels and leaves nothing behind.

        Raises `ScenewrightError` for anything that a user can mend, out of memory included.
        """
        model = self.load(request.sampling.model)
        request.sampling.require_known_by(model.card)
        provenance = Provenance.of(request, model.card.name, model.card.sha256, self._version)
        start, first = time.perf_counter(), 0.0
        try:
            for step in _start(model, request, provenance):
                seconds = time.perf_counter() - start
                first = first or seconds
                if step.result is None:
                    yield step
                else:
                    yield replace(step, result=replace(step.result, seconds=seconds, first_step_seconds=first))
        except (RuntimeError, MemoryError) as error:
            used, total = self.memory()
            shortage = shortage_of(error, self.device, total - used)
            if shortage is None:
                raise
            raise shortage from error


_UNITS = {"bytes": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40}


def shortage_of(error: Exception, device: str, free: int) -> MemoryShortageError | None:
    """Read out of what torch or NumPy raised how much memory was wanted; `None` where it is about something else.

    Parameters
    ----------
    free
        Bytes of the device that are free now.
    """
    words = str(error)
    is_short = isinstance(error, torch.OutOfMemoryError | MemoryError) or "can't allocate memory" in words
    if not is_short:
        return None
    asked = re.search(r"(?:tried to|Unable to) allocate ([\d.]+) (bytes|[KMGT]iB)", words, re.IGNORECASE)
    needed = round(float(asked[1]) * _UNITS[asked[2]]) if asked else 0
    return MemoryShortageError(device, needed, free)


def _start(model: SceneModel, request: Request, provenance: Provenance) -> Iterator[Step]:
    tasks: dict[type, Callable[..., Iterator[Step]]] = {
        GenerateRequest: generate,
        InpaintRequest: inpaint,
        OutpaintRequest: outpaint,
        RefineRequest: refine,
        LayoutRequest: suggest,
    }
    return tasks[type(request)](model, request, provenance)

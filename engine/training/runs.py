"""What all recipes share: options, worlds to learn from, the loop that they drive, what is noted of them."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.data.city.archive import open_world, read_seed, write_worlds
from engine.data.city.world import World
from engine.data.scans.pairs import write_training_pairs
from engine.errors import ModelError, RequestError
from engine.evaluation.sources import HELD_OUT_SEED
from engine.models.contract import SceneModel
from engine.models.precision import precision_of
from engine.models.zoo import pick_device
from engine.training import sheets
from engine.training.loop import Loop, TrainStep


@dataclass(frozen=True)
class TrainOptions:
    """What every recipe is told.

    Attributes
    ----------
    out
        Folder for checkpoint, loss curve, and at the end the model (weights and card).
    data
        Folder of worlds; `None` makes `worlds` of them under `out`.
    start
        Model folder whose parts to keep and go on from; the autoencoder of `city` starts from nothing without it, its
        other networks from the installed model, and those of `semcity` need it for their autoencoder.
    worlds
        How many worlds to make where no folder of them is named.
    """

    out: Path
    data: Path | None = None
    minutes: float = 20.0
    resume: bool = False
    device: str = "auto"
    seed: int = 0
    worlds: int = 24
    start: Path | None = None


def data_folder(options: TrainOptions) -> Path:
    """Name the folder of worlds."""
    return options.data or options.out / "worlds"


def world_folders(options: TrainOptions) -> list[Path]:
    """List the worlds to train on; makes them where no folder of them is named.

    Raises `RequestError` where there are none, or one is held out.
    """
    folder = data_folder(options)
    if options.data is None:
        for _ in write_worlds(folder, options.worlds, seed=options.seed):
            pass
    found = sorted(folder.glob("*.zarr"))
    if not found:
        raise RequestError(f"{folder} holds no worlds; make some with `scenewright worlds --out {folder} --count 24`")
    for path in found:
        if (seed := read_seed(path)) >= HELD_OUT_SEED:
            raise RequestError(f"{path} has the held-out seed {seed}; train on seeds below {HELD_OUT_SEED}")
    return found


def pair_files(options: TrainOptions, count: int) -> list[Path]:
    """Make the predictions of some scenes of the worlds, if they are not there yet."""
    return write_training_pairs(data_folder(options) / "pairs", world_folders(options), count) if count else []


def drive(loop: Loop, options: TrainOptions) -> Iterator[TrainStep]:
    if options.resume:
        loop.resume()
    elif (options.out / "checkpoint.pt").exists():
        raise ModelError(f"{options.out} holds a training already; add --resume to go on, or name another folder")
    try:
        yield from loop.run()
    finally:
        sheets.draw_curve(options.out)


def open_worlds(options: TrainOptions) -> Iterator[World]:
    """Open the worlds to train on one by one, so that whoever needs only their labels can let go of the rest."""
    for path in world_folders(options):
        yield open_world(path)


def record_of(recipe: str, options: TrainOptions, loop: Loop, numbers: dict[str, Any], worlds: int) -> dict[str, Any]:
    device = pick_device(options.device)
    hardware = (
        torch.cuda.get_device_name(device)
        if device.type == "cuda"
        else f"{psutil.cpu_count(logical=True)} CPU cores ({platform.machine()}), {torch.get_num_threads()} threads"
    )
    return {
        "recipe": recipe,
        "numbers": numbers,
        "seed": options.seed,
        "worlds": worlds,
        "steps": loop.step,
        "minutes": round(loop.elapsed / 60, 1),
        "hardware": hardware,
        "precision": precision_of(device.type),
        "torch": torch.__version__,
    }


def continued(record: dict[str, Any], source: SceneModel, part: str) -> dict[str, Any]:
    """Keep what is known of the training that a part was started from."""
    before = source.card.training.get(part)
    return record | {"before": before} if before else record


@dataclass(frozen=True, eq=False)
class Volume:
    """The labels of a world, without its instances."""

    labels: NDArray[np.uint8]


def widen_entry(state: Mapping[str, Tensor], name: str, channels: int) -> dict[str, Tensor]:
    """Let a network take more conditions than it was trained with: weight `name` gets inputs that do nothing yet."""
    weight = state[name]
    more = weight.new_zeros((weight.shape[0], channels - weight.shape[1], *weight.shape[2:]))
    return {**state, name: torch.cat([weight, more], dim=1)}

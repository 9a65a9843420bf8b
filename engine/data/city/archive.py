"""Keeps worlds on disk, one Zarr folder each, so that training starts without making them again."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import zarr

from engine.data.city.generator import make_world
from engine.data.city.world import World
from engine.errors import ScenewrightError

_TILE = 256


def write_worlds(
    out: Path, count: int, seed: int = 0, size: tuple[int, int] = (2048, 2048), processes: int | None = None
) -> Iterator[Path]:
    """Make ``count`` worlds with the seeds ``seed``, ``seed + 1``, ... and yield each folder when it is there.

    Worlds that are there already are yielded first and not made again; a world appears under its name only when it is
    whole. ``processes`` defaults to the number of cores.
    """
    out.mkdir(parents=True, exist_ok=True)
    folders = {number: out / f"world-{number:06d}-{size[0]}x{size[1]}.zarr" for number in range(seed, seed + count)}
    missing = []
    for number, folder in folders.items():
        if folder.is_dir():
            yield folder
        else:
            missing.append(number)
    workers = min(processes or os.cpu_count() or 1, max(len(missing), 1))
    if workers == 1:
        for number in missing:
            yield write_world(folders[number], number, size)
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        jobs = [pool.submit(write_world, folders[number], number, size) for number in missing]
        for job in as_completed(jobs):
            yield job.result()


def write_world(folder: Path, seed: int, size: tuple[int, int]) -> Path:
    """Make one world and write it, under a temporary name until it is whole; returns ``folder``."""
    world = make_world(seed, size)
    draft = folder.with_name(f".{folder.name}.{os.getpid()}.part")
    shutil.rmtree(draft, ignore_errors=True)
    save_world(draft, world)
    return finish_draft(draft, folder)


def finish_draft(draft: Path, folder: Path) -> Path:
    """Give a whole world its name; where another process was faster, its world stays. Returns ``folder``."""
    try:
        draft.rename(folder)
    except OSError:
        shutil.rmtree(draft, ignore_errors=True)
        if not folder.is_dir():
            raise
    return folder


def save_world(folder: Path, world: World) -> None:
    """Write a world's arrays and where it came from; instance voxels are kept as gaps, which compress well."""
    group = zarr.open_group(folder, mode="w")
    group.attrs.update({"seed": world.seed, "style": world.style, "format": 1})
    tall = world.labels.shape[2]
    labels = group.create_array("labels", shape=world.labels.shape, dtype="uint8", chunks=(_TILE, _TILE, tall))
    labels[:] = world.labels
    gaps = np.diff(world.instance_voxels, prepend=0).astype(np.uint32)
    for name, array in (("instance_gaps", gaps), ("instance_ids", world.instance_ids)):
        target = group.create_array(name, shape=array.shape, dtype="uint32", chunks=(max(1, min(1 << 20, array.size)),))
        target[:] = array


def open_world(folder: Path) -> World:
    """Read one world back.

    Raises
    ------
    ScenewrightError
        If the folder does not hold a world.
    """
    with _told_of(folder):
        group = zarr.open_group(folder, mode="r")
        arrays = {name: np.asarray(group[name][:]) for name in ("labels", "instance_gaps", "instance_ids")}  # type: ignore[index]
        seed, style = int(str(group.attrs["seed"])), str(group.attrs["style"])
    voxels = np.cumsum(arrays["instance_gaps"].astype(np.int64))
    return World(arrays["labels"].astype(np.uint8, copy=False), voxels, arrays["instance_ids"], seed, style)


def read_seed(folder: Path) -> int:
    """Tell the seed of a world, without reading its voxels.

    Raises
    ------
    ScenewrightError
        If the folder does not hold a world.
    """
    with _told_of(folder):
        return int(str(zarr.open_group(folder, mode="r").attrs["seed"]))


def open_labels(folder: Path) -> zarr.Array[Any]:
    """Open a world's labels without reading them, so that a part can be sliced out: `(X, Y, Z) uint8`.

    Raises
    ------
    ScenewrightError
        If the folder does not hold a world.
    """
    with _told_of(folder):
        return zarr.open_array(folder / "labels", mode="r")


@contextmanager
def _told_of(folder: Path) -> Iterator[None]:
    """Tell in one line which world could not be read."""
    try:
        yield
    except (KeyError, FileNotFoundError) as error:
        raise ScenewrightError(f"{folder} does not hold a world ({error}); delete it and write it again") from error


def open_worlds(folder: Path) -> list[World]:
    """Read all worlds of a folder into memory, in the order of their names.

    Raises
    ------
    ScenewrightError
        If there is none.
    """
    found = sorted(folder.glob("world-*.zarr"))
    if not found:
        raise ScenewrightError(f"no worlds in {folder}; make some with write_worlds")
    return [open_world(path) for path in found]

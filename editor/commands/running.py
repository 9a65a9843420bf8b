"""Running a request in the terminal: progress on standard error, then a file and one report."""

from __future__ import annotations

import hashlib
import json
import os
import sys
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, TypeVar

import click
from tqdm import tqdm

from engine.errors import FormatError, SamplingError

if TYPE_CHECKING:
    from engine.scene import VoxelScene
    from engine.session import Session
    from engine.tasks.request import Request, Result, Sampling

T = TypeVar("T")


@dataclass
class Report:
    """What a task prints at its end: one JSON object, or a line for people."""

    command: str
    sampling: Sampling
    device: str
    load_seconds: float
    results: list[Result] = field(default_factory=list)
    outputs: list[Path] = field(default_factory=list)

    def add(self, result: Result, output: Path) -> None:
        """Take up one finished scene."""
        self.results.append(result)
        self.outputs.append(output)

    def to_json(self, many: bool, figures: dict[str, Any]) -> dict[str, Any]:
        """Give the object that `--json` prints; with `many`, `output` and `sha256` are lists, `seconds` the sum."""
        outputs, hashes = [str(p) for p in self.outputs], [hash_file(p) for p in self.outputs]
        return {
            "command": self.command,
            "model": self.sampling.model,
            "seed": self.sampling.seed,
            "steps": self.sampling.steps,
            "sampler": self.sampling.sampler,
            "device": self.device,
            "load_seconds": round(self.load_seconds, 4),
            "seconds": round(sum(r.seconds for r in self.results), 4),
            "first_step_seconds": round(self.results[0].first_step_seconds, 4),
            "peak_memory_mb": round(peak_memory() / 1e6, 1),
            "output": outputs if many else outputs[0],
            "sha256": hashes if many else hashes[0],
            **figures,
        }

    def show(self, as_json: bool, many: bool, figures: dict[str, Any]) -> None:
        """Print the report on standard output."""
        if as_json:
            click.echo(json.dumps(self.to_json(many, figures)))
            return
        for number, (result, output) in enumerate(zip(self.results, self.outputs, strict=True)):
            facts = "  ".join(f"{name} {_words(value)}" for name, value in figures.items())
            click.echo(
                f"{output}  seed {self.sampling.seed + number}  {facts}  {result.seconds:.2f} s on {self.device}"
            )


@contextmanager
def loaded_session(sampling: Sampling) -> Iterator[tuple[Session, float]]:
    """Import torch, load the model and give the session with the seconds that took.

    Names of models and classes are looked up first: whoever mistypes one need not wait for torch.
    """
    from engine.labels import label_space
    from engine.models.cards import find_model

    sampling.barred_ids(label_space(find_model(sampling.model).label_space))
    start = time.perf_counter()
    from engine.session import Session

    session = Session(sampling.device)
    session.load(sampling.model)
    yield session, time.perf_counter() - start


@contextmanager
def closed_after(steps: Iterator[T]) -> Iterator[Iterator[T]]:
    """Close a generator at once when its loop is left, also by an interrupt, so that it tidies up."""
    try:
        yield steps
    finally:
        if isinstance(steps, Generator):
            steps.close()


def run_request(session: Session, request: Request) -> Result:
    """Drain a run with a progress bar on standard error; an interrupt closes the run between two steps."""
    result = None
    title = f"{request.name}, seed {request.sampling.seed}"
    with closed_after(session.run(request)) as steps:
        first = next(steps)  # a refused request ends here, before there is a bar
        with tqdm(desc=title, total=first.total, file=sys.stderr, leave=False) as bar:
            for step in chain([first], steps):
                bar.set_postfix_str(step.stage, refresh=False)
                bar.update(step.index - bar.n)
                result = step.result or result
    if result is None:
        raise SamplingError(f"{request.name} ended without a result; run it again with another seed")
    return result


def require_writable(path: Path) -> None:
    """Raise `FormatError` before the long work starts where its result could not be written to `path`."""
    from engine.formats.registry import writer_endings

    if path.suffix.lower() not in writer_endings():
        raise FormatError(path, f"no writer for '{path.suffix}'", f"take one of {', '.join(writer_endings())}")
    if path.is_dir():
        raise FormatError(path, "is a folder", "give the name of a file")
    require_folder(path.parent, path)


def require_folder(folder: Path, path: Path) -> None:
    """Raise `FormatError` unless files can be made in `folder`."""
    if not folder.is_dir():
        raise FormatError(path, f"there is no folder {folder}", "make it first or write elsewhere")
    if not os.access(folder, os.W_OK):
        raise FormatError(path, f"folder {folder} is not writable", "write elsewhere or change its rights")


def apply_result(scene: VoxelScene, result: Result) -> int:
    """Write what a task made anew into `scene`, note where it came from, and count the voxels that differ now."""
    from engine.edit import VoxelEdit
    from engine.mask import VoxelMask

    edit = VoxelEdit.between(result.provenance.task, scene, result.box, result.labels, result.mask.within(result.box))
    edit.apply(SimpleNamespace(scene=scene, mask=VoxelMask.nothing()))
    scene.metadata.setdefault("provenance", []).append(result.provenance.to_json())
    return edit.count


def whole_scene(result: Result) -> VoxelScene:
    """Give the scene of a task that makes whole ones; raises `SamplingError` where it gave none."""
    if result.scene is None:
        raise SamplingError(f"{result.provenance.task} gave no scene; run it again with another seed")
    return result.scene


def hash_file(path: Path) -> str:
    """Give the SHA-256 of a file in hex, so that two runs can be compared."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def peak_memory() -> int:
    """Give the largest resident size this process had, in bytes.

    Linux keeps it per program in /proc; `getrusage` would there also count the parent that started us.
    """
    status = Path("/proc/self/status")
    if status.exists():
        line = next(row for row in status.read_text().splitlines() if row.startswith("VmHWM"))
        return int(line.split()[1]) * 1024
    import psutil

    memory = psutil.Process().memory_info()
    return int(getattr(memory, "peak_wset", 0)) or _resident_peak()


def _resident_peak() -> int:
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # macOS counts in bytes


def _words(value: Any) -> str:
    return " x ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)

"""Which formats there are: one ordered table of readers, one table of writers.

A reader is chosen by content and size first; where no reader knows the content, the ending decides, so that a damaged
file is refused by the reader that can say what is wrong with it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.errors import FormatError
from engine.formats import carlasc, mesh, npz, occ3d, scw, semantickitti, vox
from engine.formats.files import read_head, unreadable
from engine.scene import VoxelScene


@dataclass(frozen=True)
class Reader:
    """One input format.

    Attributes
    ----------
    name
        What `--from` takes.
    title
        What a file dialog shows.
    endings
        Lower case, with the dot.
    accepts
        `(head, size, path) -> bool`: whether the first bytes and the size say that the file is of this format.
    read
        `(path, options) -> VoxelScene`; raises `FormatError`.
    options
        Names of the options that `read` takes.
    """

    name: str
    title: str
    endings: tuple[str, ...]
    accepts: Callable[[bytes, int, Path], bool]
    read: Callable[[Path, Mapping[str, Any]], VoxelScene]
    options: tuple[str, ...] = ()


@dataclass(frozen=True)
class Writer:
    """One output format; `write` puts the whole file in place at once or raises `FormatError`."""

    title: str
    write: Callable[[VoxelScene, Path], None]


_READERS: list[Reader] = [
    Reader("scw", "Scenewright scene", (".scw",), scw.accepts, scw.read),
    Reader("occ3d", "Occ3D-nuScenes", (), occ3d.accepts, occ3d.read, ("visible",)),
    Reader("npz", "NumPy scene or array", (".npz", ".npy"), npz.accepts, npz.read, npz.OPTIONS),
    Reader("vox", "MagicaVoxel", (".vox",), vox.accepts, vox.read, vox.OPTIONS),
    Reader("carlasc", "CarlaSC grid", (), carlasc.accepts, carlasc.read),
    Reader(
        "semantickitti",
        "SemanticKITTI grid",
        (".label",),
        semantickitti.accepts_labels,
        semantickitti.read_labels,
        ("invalid",),
    ),
    Reader(
        "semantickitti-bits",
        "SemanticKITTI bit grid",
        semantickitti.BIT_ENDINGS,
        semantickitti.accepts_bits,
        semantickitti.read_bits,
    ),
]

_WRITERS: dict[str, Writer] = {
    ".scw": Writer("Scenewright scene", scw.write),
    ".npz": Writer("NumPy scene", npz.write),
    ".npy": Writer("NumPy array of class ids", npz.write_array),
    ".label": Writer("SemanticKITTI or CarlaSC grid", semantickitti.write_labels),
    ".bin": Writer("SemanticKITTI bit grid", semantickitti.write_bits),
    ".vox": Writer("MagicaVoxel", vox.write),
    ".glb": Writer("Mesh, glTF binary", mesh.write_glb),
    ".obj": Writer("Mesh, Wavefront", mesh.write_obj),
    ".ply": Writer("Mesh, PLY", mesh.write_ply),
    ".stl": Writer("Mesh, STL", mesh.write_stl),
}


def read_scene(path: Path, reader: str | None = None, **options: Any) -> VoxelScene:
    """Read a scene from a file of any known format.

    Parameters
    ----------
    reader
        One of `reader_names()`; by default the file's content decides.
    options
        What the reader asks for beyond the file; see `Reader.options`.

    Raises `FormatError` with one line that names the file, what is wrong and what to do.
    """
    path = Path(path)
    head, size = read_head(path)
    chosen = _named(path, reader) if reader else _choose(path, head, size)
    strange = sorted(set(options) - set(chosen.options))
    if strange:
        known = ", ".join(chosen.options) or "none"
        raise FormatError(path, f"the reader '{chosen.name}' has no option {', '.join(strange)}", f"it takes: {known}")
    try:
        return chosen.read(path, options)
    except OSError as error:
        raise unreadable(path, error) from error


def write_scene(scene: VoxelScene, path: Path) -> None:
    """Write a scene in the format that the ending of `path` names.

    A file that is there already is replaced in one step once the new one is complete. Raises `FormatError` where the
    ending is unknown, the format cannot hold the scene, or the place cannot be written.
    """
    path = Path(path)
    writer = _WRITERS.get(path.suffix.lower())
    if writer is None:
        endings = " ".join(writer_endings())
        raise FormatError(path, f"the ending '{path.suffix}' names no format that can be written", f"use {endings}")
    writer.write(scene, path)


def reader_names() -> list[str]:
    """List the readers in the order in which they are asked."""
    return [r.name for r in _READERS]


def readers() -> tuple[Reader, ...]:
    """List the readers with their titles and endings, for a file dialog."""
    return tuple(_READERS)


def writer_endings() -> list[str]:
    """List the endings that `write_scene` takes."""
    return list(_WRITERS)


def writer_titles() -> dict[str, str]:
    """Give ending -> title of every writer, for a file dialog."""
    return {ending: writer.title for ending, writer in _WRITERS.items()}


def register_reader(reader: Reader) -> None:
    """Add a reader after those that are there, or put it in the place of one with the same name."""
    for i, old in enumerate(_READERS):
        if old.name == reader.name:
            _READERS[i] = reader
            return
    _READERS.append(reader)


def _named(path: Path, name: str) -> Reader:
    for reader in _READERS:
        if reader.name == name:
            return reader
    raise FormatError(path, f"no reader '{name}'", f"there are: {', '.join(reader_names())}")


def _choose(path: Path, head: bytes, size: int) -> Reader:
    for reader in _READERS:
        if reader.accepts(head, size, path):
            return reader
    for reader in _READERS:
        if path.suffix.lower() in reader.endings:
            return reader
    if path.suffix.lower() in _WRITERS:
        raise FormatError(path, f"'{path.suffix}' can be written but not read", "open the scene it was made from")
    known = ", ".join(reader_names())
    raise FormatError(path, f"is of no known format ({size} bytes, ending '{path.suffix}')", f"readers are: {known}")

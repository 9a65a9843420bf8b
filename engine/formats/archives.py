"""Zip archives of arrays, read without trusting what their headers promise."""

from __future__ import annotations

import io
import zipfile
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.errors import FormatError
from engine.formats.files import unreadable

ZIP_MAGIC = b"PK"
NPY_MAGIC = b"\x93NUMPY"
_DEFLATE_RATIO = 1032
"""Deflate can shrink data at most by this factor; whoever promises more lies."""
_LARGEST_HEADER = 10_000
_DAMAGED = "export or download it again"


def peek_members(path: Path) -> tuple[str, ...]:
    """List the names in a zip archive, none where the file is no zip or a damaged one."""
    try:
        with zipfile.ZipFile(path) as archive:
            return tuple(archive.namelist())
    except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError):
        return ()


def open_archive(path: Path) -> zipfile.ZipFile:
    """Open a zip archive; raises `FormatError` where it is damaged, cut off or no archive."""
    try:
        return zipfile.ZipFile(path)
    except OSError as error:
        raise unreadable(path, error) from error
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise FormatError(path, f"is no whole archive ({error})", _DAMAGED) from error


def read_member(archive: zipfile.ZipFile, name: str, path: Path, size: int | None = None) -> bytes:
    """Unpack one member, which must unpack to `size` bytes where given.

    Raises `FormatError` where it is missing, damaged or promises more bytes than its packed ones can hold.
    """
    try:
        info = archive.getinfo(name)
    except KeyError:
        raise FormatError(path, f"has no '{name}' in it", _DAMAGED) from None
    if info.file_size > _DEFLATE_RATIO * info.compress_size + 64:
        reason = f"'{name}' promises {info.file_size} bytes from {info.compress_size} packed ones"
        raise FormatError(path, reason, _DAMAGED, info.header_offset)
    if size is not None and info.file_size != size:
        raise FormatError(path, f"'{name}' has {info.file_size} bytes, not {size}", _DAMAGED, info.header_offset)
    try:
        return archive.read(name)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError, ValueError) as error:
        raise FormatError(path, f"'{name}' is damaged ({error})", _DAMAGED, info.header_offset) from error


def read_npy(data: bytes, path: Path, name: str) -> NDArray[np.generic]:
    """Decode one `.npy` array; raises `FormatError` where header and bytes disagree or it holds Python objects."""
    stream = io.BytesIO(data)
    try:
        version = np.lib.format.read_magic(stream)
        read_header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, fortran, dtype = read_header(stream, max_header_size=_LARGEST_HEADER)
    except (ValueError, EOFError, SyntaxError, TypeError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise FormatError(path, f"'{name}' is no array ({reason})", _DAMAGED) from error
    if dtype.hasobject:
        raise FormatError(path, f"'{name}' holds Python objects, which could run code", "save plain numbers")
    promised, there = dtype.itemsize, len(data) - stream.tell()
    for edge in shape:
        promised *= edge
    if promised != there:
        raise FormatError(
            path, f"'{name}' promises {shape} {dtype} = {promised} bytes, {there} are there", _DAMAGED, stream.tell()
        )
    flat = np.frombuffer(data, dtype, offset=stream.tell()) if promised else np.zeros(0, dtype)
    return np.array(flat.reshape(shape, order="F" if fortran else "C"), order="C")


def read_arrays(path: Path, names: tuple[str, ...]) -> dict[str, NDArray[np.generic]]:
    """Read those of the named arrays that an `.npz` file has."""
    with open_archive(path) as archive:
        there = set(archive.namelist())
        return {n: read_npy(read_member(archive, f"{n}.npy", path), path, n) for n in names if f"{n}.npy" in there}

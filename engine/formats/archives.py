"""Zip archives of arrays, read without trusting what their headers promise."""

from __future__ import annotations

import ast
import math
import zipfile
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.errors import FormatError
from engine.formats.files import unreadable
from engine.labels import UNKNOWN, LabelSpace
from engine.scene import Labels

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
    """Decode one `.npy` array; raises `FormatError` where header and bytes disagree or it holds Python objects.

    The header is parsed here because NumPy's own parser answers damage with errors and warnings of many kinds.
    """
    try:
        shape, fortran, dtype, start = _parse_npy_header(data)
    except (ValueError, SyntaxError, TypeError, KeyError, IndexError, MemoryError, RecursionError) as error:
        reason = str(error).splitlines()[0][:80] if str(error) else type(error).__name__
        raise FormatError(path, f"'{name}' is no array ({reason})", _DAMAGED) from error
    if dtype.hasobject:
        raise FormatError(path, f"'{name}' holds Python objects, which could run code", "save plain numbers")
    promised, there = math.prod(shape) * dtype.itemsize, len(data) - start
    if promised != there:
        reason = f"'{name}' promises {shape} {dtype} = {promised} bytes, {there} are there"
        raise FormatError(path, reason[:200], _DAMAGED, start)
    flat = np.frombuffer(data, dtype, offset=start) if promised else np.zeros(0, dtype)
    return np.array(flat.reshape(shape, order="F" if fortran else "C"), order="C")


def _parse_npy_header(data: bytes) -> tuple[tuple[int, ...], bool, np.dtype[np.generic], int]:
    """Give shape, Fortran order, dtype and the first byte of the numbers."""
    if not data.startswith(NPY_MAGIC) or len(data) < 12:
        raise ValueError("it does not begin like one")
    width = 2 if data[6] == 1 else 4
    start = 8 + width + int.from_bytes(data[8 : 8 + width], "little")
    if start > min(len(data), _LARGEST_HEADER):
        raise ValueError(f"its header promises {start} bytes, {len(data)} are there")
    header = ast.literal_eval(data[8 + width : start].decode("latin1").strip())
    shape, descr = header["shape"], header["descr"]
    if not isinstance(shape, tuple) or not all(isinstance(n, int) and n >= 0 for n in shape):
        raise ValueError(f"its shape is {shape!r}")
    if not isinstance(descr, str):
        raise ValueError(f"its type is {descr!r}")
    return shape, bool(header["fortran_order"]), np.dtype(descr), start


def read_arrays(path: Path, names: tuple[str, ...]) -> dict[str, NDArray[np.generic]]:
    """Read those of the named arrays that an `.npz` file has."""
    with open_archive(path) as archive:
        there = set(archive.namelist())
        return {n: read_npy(read_member(archive, f"{n}.npy", path), path, n) for n in names if f"{n}.npy" in there}


def check_ids(path: Path, labels: Labels, space: LabelSpace, lower: tuple[int, int, int] = (0, 0, 0)) -> None:
    """Raise `FormatError` where voxels hold ids that the label space has no class for; `lower` is the first voxel."""
    strange = (labels >= len(space)) & (labels != UNKNOWN)
    if strange.any():
        first = np.argwhere(strange)[0]
        place = tuple(int(i) for i in first + lower)
        reason = (
            f"id {int(labels[tuple(first)])} at voxel {place} is no class of '{space.name}' (0 to {len(space) - 1}), "
            f"{int(strange.sum())} voxels hold such ids"
        )
        raise FormatError(path, reason, "name the right label space")

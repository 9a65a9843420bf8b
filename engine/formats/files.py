"""Opening input safely and replacing output whole: what every format does with files."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from engine.errors import FormatError

HEAD = 4096
"""Bytes from the start of a file that readers are chosen by."""


def read_head(path: Path) -> tuple[bytes, int]:
    """Look at the first `HEAD` bytes and the size of a file, to choose its reader.

    Raises `FormatError` where there is no readable, non-empty file.
    """
    if path.is_dir():
        raise FormatError(path, "is a directory, not a scene file", "name a file in it")
    try:
        size = path.stat().st_size
        with path.open("rb") as stream:
            head = stream.read(HEAD)
    except OSError as error:
        raise unreadable(path, error) from error
    if not head:
        raise FormatError(path, "is empty (0 bytes)", "export or download it again")
    return head, size


def read_exactly(path: Path, size: int, what: str) -> bytes:
    """Read a file that must hold `size` bytes; raises `FormatError` with both sizes where it does not."""
    try:
        actual = path.stat().st_size
        if actual != size:
            raise FormatError(path, f"has {actual} bytes, {what} has {size}", "take the whole file of that data set")
        return path.read_bytes()
    except OSError as error:
        raise unreadable(path, error) from error


def unreadable(path: Path, error: OSError) -> FormatError:
    """Say why a file cannot be opened."""
    if isinstance(error, FileNotFoundError):
        return FormatError(path, "does not exist", "check the name")
    if isinstance(error, PermissionError):
        return FormatError(path, "may not be read (permission denied)", "allow reading or copy it")
    return FormatError(path, f"cannot be read ({error.strerror or error})", "check the disk and the name")


@contextmanager
def replace_file(path: Path) -> Iterator[BinaryIO]:
    """Write a file so that a kill at any moment leaves the old one or the new one, never a part.

    The bytes go to a hidden file in the same folder, reach the disk, and take the old one's place in one step; an
    exception inside the block removes the hidden file. Raises `FormatError` where the place cannot be written.
    """
    target = path.resolve()
    if target.is_dir():
        raise FormatError(path, "is a directory", "name a file to write")
    hidden = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    try:
        with hidden.open("xb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        if target.exists():
            hidden.chmod(target.stat().st_mode & 0o777)
        hidden.replace(target)
        _sync_folder(target.parent)
    except OSError as error:
        raise _unwritable(path, error) from error
    finally:
        with suppress(OSError):
            hidden.unlink()


def _unwritable(path: Path, error: OSError) -> FormatError:
    if isinstance(error, FileNotFoundError):
        return FormatError(path, f"lies in no folder, {path.parent} is not there", "make the folder first")
    if isinstance(error, PermissionError):
        return FormatError(path, "may not be written (permission denied)", "choose another place")
    return FormatError(path, f"cannot be written ({error.strerror or error})", "free the disk or choose another place")


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":  # Windows offers no handle on a folder
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

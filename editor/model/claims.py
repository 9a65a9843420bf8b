"""Folders that belong to one running program: another one can tell, even after a crash."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

_LOCK = "lock"


class Claim:
    """A folder that no other program takes as long as this one holds it.

    The system lets go of the lock when the process ends, however it ends; so a folder that can be taken belonged to a
    program that is not there any more.
    """

    def __init__(self, folder: Path, lock: IO[bytes]) -> None:
        self.folder = folder
        self._lock = lock

    def release(self) -> None:
        """Leave the folder to whoever comes."""
        self._lock.close()

    def remove(self) -> None:
        """Delete the folder with all that is in it."""
        self.release()  # some systems delete no open file
        shutil.rmtree(self.folder, ignore_errors=True)


def make_claim(parent: Path) -> Claim:
    """Make a new folder of one's own in `parent`; raises `OSError` where nothing can be written."""
    parent.mkdir(parents=True, exist_ok=True)
    while True:
        folder = Path(tempfile.mkdtemp(prefix=f"{os.getpid()}-", dir=parent))
        claim = take_claim(folder)
        if claim is not None:  # else another program took it for an abandoned one, in the blink before the lock
            return claim


def take_claim(folder: Path) -> Claim | None:
    """Take over a folder; `None` where somebody holds it or it is gone."""
    try:
        lock = (folder / _LOCK).open("ab")
    except OSError:
        return None
    if _hold(lock) and _is_still_there(lock, folder / _LOCK):
        return Claim(folder, lock)
    lock.close()
    return None


def take_abandoned(parent: Path) -> Iterator[Claim]:
    """Take all folders in `parent` whose programs have ended, in no order."""
    folders = [f for f in parent.iterdir() if f.is_dir()] if parent.is_dir() else []
    for folder in folders:
        claim = take_claim(folder)
        if claim is not None:
            yield claim


def _is_still_there(lock: IO[bytes], path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(lock.fileno()), path.stat())
    except FileNotFoundError:
        return False


if sys.platform == "win32":
    import msvcrt

    def _hold(lock: IO[bytes]) -> bool:
        try:
            msvcrt.locking(lock.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
else:
    import fcntl

    def _hold(lock: IO[bytes]) -> bool:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True

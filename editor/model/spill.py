"""Where steps of the history go that memory has no room for: one compressed file each, as long as the program runs."""

from __future__ import annotations

import errno
import pickle
import zlib
from itertools import count
from pathlib import Path
from typing import cast

from editor.model.claims import Claim, make_claim, take_abandoned
from engine.edit import Edit

GIGABYTE = 1 << 30


class SpillError(Exception):
    """A step cannot be written, or has not come back."""


class Spill:
    """A folder of steps, deleted with the program; what a crash left there goes at the next start.

    Parameters
    ----------
    parent
        Folder in the user's cache; programs that run side by side have folders of their own in it.
    limit
        Bytes that all files together may have.
    """

    def __init__(self, parent: Path, limit: int = 8 * GIGABYTE) -> None:
        self._parent, self.limit = parent, limit
        self._claim: Claim | None = None
        self._numbers = count()
        self._sizes: dict[Path, int] = {}

    @property
    def nbytes(self) -> int:
        """Bytes on the disk."""
        return sum(self._sizes.values())

    def put(self, edit: Edit) -> Path:
        """Write a step; raises `SpillError` with the reason where there is no room."""
        data = zlib.compress(pickle.dumps(edit, protocol=5), level=1)
        try:
            if self.nbytes + len(data) > self.limit:
                raise OSError(errno.ENOSPC, f"old steps fill {self.limit / GIGABYTE:.0f} GB")
            path = self._open() / f"{next(self._numbers)}.step"
            _write_whole(path, data)
        except OSError as error:
            raise SpillError(error.strerror or str(error)) from error
        self._sizes[path] = len(data)
        return path

    def take(self, path: Path) -> Edit:
        """Read a step back and delete its file; raises `SpillError` where it is damaged or gone."""
        try:
            # only this program writes there: the folder is its own, and not open to other users
            edit = cast(Edit, pickle.loads(zlib.decompress(path.read_bytes())))
        except (OSError, zlib.error, pickle.UnpicklingError, EOFError) as error:
            raise SpillError(f"{path} cannot be read ({error})") from error
        self.drop(path)
        return edit

    def drop(self, path: Path) -> None:
        """Delete a step."""
        self._sizes.pop(path, None)
        path.unlink(missing_ok=True)

    def close(self) -> None:
        """Delete the folder."""
        self._sizes.clear()
        if self._claim is not None:
            self._claim.remove()
            self._claim = None

    def _open(self) -> Path:
        if self._claim is None:
            for left in take_abandoned(self._parent):
                left.remove()
            self._claim = make_claim(self._parent)
        return self._claim.folder


def _write_whole(path: Path, data: bytes) -> None:
    try:
        path.write_bytes(data)
    except OSError:
        path.unlink(missing_ok=True)  # half a step is none, and the disk needs the room
        raise

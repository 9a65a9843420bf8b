"""Copies of unsaved work on the disk, and how they come back after a crash.

Every running editor has one folder, locked as long as it lives, and at most one copy in it: a scene, a small picture
and `copy.json`, which names both. That file is replaced last, so that a kill at any moment leaves the old copy or the
new one. A folder whose lock is free holds what a crash left.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np

from editor.model.claims import Claim, make_claim, take_abandoned
from editor.model.document import Document
from engine.errors import FormatError, ScenewrightError
from engine.formats.files import replace_file
from engine.geometry.maps import picture_of
from engine.mask import VoxelMask
from engine.scene import VoxelScene

_FACTS = "copy.json"
_PICTURE = 512
"""Pixels that a picture has at most along an edge."""
_MASK = "the mask in hand"
"""Name under which the present mask travels among the saved ones."""

Write = Callable[[VoxelScene, Path], None]
Read = Callable[[Path], VoxelScene]


@dataclass(frozen=True)
class Draft:
    """What an autosave writes: a snapshot, so any thread can."""

    scene: VoxelScene
    title: str
    path: Path | None
    state: object
    mask: VoxelMask


class Autosave:
    """Keeps the newest state of one document on the disk as long as it is unsaved.

    `prepare` and `note` belong to the interface's thread; `write` takes its time in any other, one at a time.

    Parameters
    ----------
    parent
        Folder of all autosaves.
    write
        Writes a scene whole or not at all.
    """

    def __init__(self, document: Document, parent: Path, write: Write) -> None:
        self._document, self._parent, self._write = document, parent, write
        self._claim: Claim | None = None
        self._numbers = count(1)
        self._kept: Draft | None = None

    @property
    def is_due(self) -> bool:
        """Whether there is unsaved work that the newest copy does not hold."""
        document, kept = self._document, self._kept
        return document.dirty and not (
            kept is not None and kept.state is document.history.state and kept.mask is document.mask
        )

    def prepare(self) -> Draft:
        """Take a snapshot, at no cost."""
        document = self._document
        return Draft(document.scene.snapshot(), document.title, document.path, document.history.state, document.mask)

    def write(self, draft: Draft) -> None:
        """Put a copy on the disk in place of the last one, which stays where that raises `FormatError`."""
        try:
            self._claim = self._claim or make_claim(self._parent)
            self._put(draft, self._claim.folder)
        except OSError as error:
            reason = f"cannot be written ({error.strerror or error})"
            raise FormatError(self._parent, reason, "free the disk, or save the scene elsewhere") from error

    def _put(self, draft: Draft, folder: Path) -> None:
        number = next(self._numbers)
        scene, picture = folder / f"{number}.scw", folder / f"{number}.ppm"
        try:
            if not draft.mask.is_empty:
                draft.scene.metadata.setdefault("masks", {})[_MASK] = draft.mask
            self._write(draft.scene, scene)
            _write_picture(draft.scene, picture)
            _write_facts(folder / _FACTS, draft, scene, picture)
        except (ScenewrightError, OSError):
            _remove_all([scene, picture])
            raise
        _remove_all(f for f in folder.glob("*.*") if f not in (scene, picture, folder / _FACTS))

    def note(self, draft: Draft) -> None:
        """Take in that a copy was written; one of what is saved by now is deleted."""
        self._kept = draft
        self.tidy()

    def tidy(self) -> None:
        """Delete the copy as soon as there is nothing unsaved."""
        if self._kept is not None and not self._document.dirty:
            self.close()

    def close(self) -> None:
        """Delete the copy: all is saved, or dropped on purpose."""
        self._kept = None
        if self._claim is not None:
            self._claim.remove()
            self._claim = None


@dataclass(frozen=True)
class Leftover:
    """Unsaved work of an editor that ended without a word.

    Attributes
    ----------
    title, path
        Of the document; the path of its own file, where it had one.
    saved
        When the copy was made, seconds since 1970.
    shape
        Voxels along x, y, z.
    scene, picture
        Files.
    """

    claim: Claim
    title: str
    path: Path | None
    saved: float
    shape: tuple[int, int, int]
    scene: Path
    picture: Path

    def read(self, read: Read) -> tuple[VoxelScene, VoxelMask]:
        """Read the scene and the mask that was in hand; a damaged copy raises `FormatError` and stays."""
        try:
            scene = read(self.scene)
        except ScenewrightError:
            self.keep()
            raise
        masks = scene.metadata.get("masks", {})
        mask = masks.pop(_MASK, VoxelMask.nothing())
        if not masks:
            scene.metadata.pop("masks", None)
        return scene, mask

    def keep(self) -> None:
        """Leave it for another time."""
        self.claim.release()

    def discard(self) -> None:
        """Delete it for good."""
        self.claim.remove()


def find_leftovers(parent: Path) -> list[Leftover]:
    """Find what crashes left, the newest first; folders of running editors are not touched, empty ones cleared away.

    Each is held until it is kept or discarded, so that two editors never offer the same.
    """
    found = []
    for claim in take_abandoned(parent):
        leftover = _read_facts(claim)
        if leftover is None:
            claim.remove()
        else:
            found.append(leftover)
    return sorted(found, key=lambda f: f.saved, reverse=True)


def _read_facts(claim: Claim) -> Leftover | None:
    """Read what `copy.json` says; `None` where there is no whole copy."""
    try:
        facts: dict[str, Any] = json.loads((claim.folder / _FACTS).read_text(encoding="utf-8"))
        scene, picture = (claim.folder / Path(facts[name]).name for name in ("scene", "picture"))
        path = Path(facts["path"]) if facts["path"] else None
        x, y, z = (int(n) for n in facts["shape"])
        leftover = Leftover(claim, str(facts["title"]), path, float(facts["saved"]), (x, y, z), scene, picture)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return leftover if scene.is_file() else None


def _write_facts(file: Path, draft: Draft, scene: Path, picture: Path) -> None:
    facts = {
        "title": draft.title,
        "path": str(draft.path) if draft.path else "",
        "saved": time.time(),
        "shape": draft.scene.grid.shape,
        "scene": scene.name,
        "picture": picture.name,
    }
    with replace_file(file) as stream:
        stream.write(json.dumps(facts).encode())


def _write_picture(scene: VoxelScene, path: Path) -> None:
    """Write a PPM: any toolkit reads it, and no library has to be imported while the interface waits its turn."""
    picture = picture_of(scene)
    step = -(-max(picture.shape[:2]) // _PICTURE)
    small = np.ascontiguousarray(picture[::step, ::step])
    path.write_bytes(f"P6 {small.shape[1]} {small.shape[0]} 255\n".encode() + small.tobytes())


def _remove_all(files: Iterable[Path]) -> None:
    for file in files:
        file.unlink(missing_ok=True)

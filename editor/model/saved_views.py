"""Named views that are kept with the scene."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import asdict, dataclass, replace
from typing import Any

from editor.model.document import Document
from engine.edit import MetadataEdit
from engine.errors import RequestError
from engine.geometry.camera import Camera

KEY = "cameras"
"""Where in the scene's metadata they are."""


@dataclass(frozen=True)
class SavedView:
    """From where one looked.

    Attributes
    ----------
    camera
        Metres in the scene's frame.
    orthographic
        Whether there was no perspective.
    picture
        What was seen, small, as a JPEG; empty where there is none.
    """

    name: str
    camera: Camera
    orthographic: bool = False
    picture: bytes = b""

    def to_dict(self) -> dict[str, Any]:
        """Make what is kept in the scene's metadata; the file format `render --camera` reads, and a little more."""
        picture = base64.b64encode(self.picture).decode()
        kept = json.loads(json.dumps(asdict(self.camera)))  # tuples become lists, as they will in a file
        return {"name": self.name, **kept, "orthographic": self.orthographic, "picture": picture}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> SavedView:
        """Read what is kept; raises `KeyError`, `TypeError` or `ValueError` on anything else."""
        camera = Camera.from_dict(data)
        try:
            picture = base64.b64decode(data.get("picture", ""), validate=True)
        except binascii.Error:
            picture = b""
        return cls(str(data.get("name", "View")), camera, bool(data.get("orthographic", False)), picture)


class SavedViews:
    """Changes the saved views of a document; every change is one undo step.

    Entries of a file that are no views stay in the file untouched, and are not listed.
    """

    def __init__(self, document: Document) -> None:
        self._document = document

    @property
    def all(self) -> list[SavedView]:
        """The views in their order."""
        return [view for view in map(_read, self._kept) if view is not None]

    def save(self, view: SavedView) -> SavedView:
        """Add a view; one without a name gets the next free `View 1`, `View 2`."""
        named = replace(view, name=view.name.strip() or self._free_name())
        self._check(named.name, -1)
        self._keep(f"Save {named.name}", [*self._kept, named.to_dict()])
        return named

    def update(self, place: int, camera: Camera, orthographic: bool, picture: bytes) -> None:
        """Let the view at a place show something else; its name stays."""
        name = self._at(place).name
        self._put(f"Update {name}", place, SavedView(name, camera, orthographic, picture))

    def rename(self, place: int, name: str) -> None:
        """Give a view another name; raises `RequestError` where that is taken."""
        view, name = self._at(place), name.strip()
        if name and name != view.name:
            self._check(name, place)
            self._put(f"Rename {view.name}", place, replace(view, name=name))

    def forget(self, place: int) -> None:
        """Remove a view."""
        view, kept = self._at(place), self._kept
        del kept[self._raw(place)]
        self._keep(f"Delete {view.name}", kept)

    @property
    def _kept(self) -> list[Any]:
        found = self._document.scene.metadata.get(KEY, [])
        return list(found) if isinstance(found, list) else []

    def _at(self, place: int) -> SavedView:
        views = self.all
        if not 0 <= place < len(views):
            raise RequestError(f"there is no saved view {place + 1}, only {len(views)}; save one first")
        return views[place]

    def _raw(self, place: int) -> int:
        """Find where the view of a place is among all entries."""
        return [i for i, entry in enumerate(self._kept) if _read(entry) is not None][place]

    def _put(self, name: str, place: int, view: SavedView) -> None:
        kept = self._kept
        kept[self._raw(place)] = view.to_dict()
        self._keep(name, kept)

    def _keep(self, name: str, kept: list[Any]) -> None:
        before = self._document.scene.metadata.get(KEY)
        self._document.do(MetadataEdit(name, KEY, before, kept or None))

    def _check(self, name: str, place: int) -> None:
        if any(v.name == name for i, v in enumerate(self.all) if i != place):
            raise RequestError(f"there is a view '{name}' already; choose another name")

    def _free_name(self) -> str:
        taken = {v.name for v in self.all}
        return next(name for n in range(1, len(taken) + 2) if (name := f"View {n}") not in taken)


def _read(entry: Any) -> SavedView | None:
    try:
        return SavedView.from_dict(entry)
    except (KeyError, TypeError, ValueError, AttributeError, RequestError):
        return None

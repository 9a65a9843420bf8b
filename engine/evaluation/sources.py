"""Where held-out worlds come from: the generator's seeds, or maps of real places that nobody here drew."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from engine.data.city.generator import STYLES, make_world, world_style
from engine.data.places.build import build_world
from engine.data.places.features import VOXEL, Place, Survey, cut_place
from engine.data.places.reader import ENDINGS, read_survey
from engine.errors import RequestError

HELD_OUT_SEED = 1_000_000
"""Worlds from this seed on are never trained on."""
_LEAST_BUILDINGS = 4
_PROBE = 320


class Source(Protocol):
    """Makes worlds `(X, Y, Z) uint8` by number, the same ones every time."""

    @property
    def key(self) -> str:
        """Names the source's content: a change of anything that changes its worlds changes the key."""

    @property
    def seed(self) -> int:
        """Seed of the world with number 0."""

    @property
    def height(self) -> int:
        """Layers of its worlds."""

    @property
    def count(self) -> int | None:
        """How many worlds there are; None where there is no end of them."""

    def make(self, number: int) -> NDArray[np.uint8]:
        """Make one world."""


@dataclass(frozen=True)
class Procedural:
    """The generator's worlds from a seed on, `edge` voxels along each side."""

    seed: int = HELD_OUT_SEED
    edge: int = 1024
    height: int = 32

    @property
    def key(self) -> str:
        return f"{fingerprint(self.height)}-{self.seed}-{self.edge}-{self.height}"

    @property
    def count(self) -> None:
        return None

    def make(self, number: int) -> NDArray[np.uint8]:
        return make_world(self.seed + number, (self.edge, self.edge), self.height).labels

    def style_of(self, number: int) -> str:
        """Tell the style of one world without making it."""
        return world_style(self.seed + number)


@dataclass(frozen=True)
class Mapped:
    """Squares of maps of real places, dressed by the generator: streets and houses are where people built them.

    Attributes
    ----------
    files
        OpenStreetMap extracts and CityJSON models.
    edge
        Voxels along each side of a square.
    """

    files: tuple[Path, ...]
    seed: int = HELD_OUT_SEED
    edge: int = 1024
    height: int = 32

    @classmethod
    def of_folder(cls, folder: Path) -> Mapped:
        """Take the maps of a folder. Raises `RequestError` where there are none."""
        files = tuple(sorted(p for p in folder.glob("*") if p.is_file() and p.suffix.lower() in ENDINGS))
        if not files:
            raise RequestError(f"{folder} holds no maps of places; put .osm, .osm.gz or CityJSON files there")
        return cls(files)

    @cached_property
    def key(self) -> str:
        digest = hashlib.sha256("".join(_hash(path) for path in self.files).encode()).hexdigest()
        return f"{fingerprint(self.height)}-{digest[:12]}-{self.edge}-{self.height}"

    @cached_property
    def squares(self) -> list[tuple[Path, tuple[float, float]]]:
        """Files and middles (metres) of the squares on which there is a street and some buildings, shuffled."""
        found = [(path, middle) for path in self.files for middle in _settled(_survey(path), self.edge)]
        return [found[i] for i in np.random.default_rng(0).permutation(len(found))]

    @property
    def count(self) -> int:
        return len(self.squares)

    def make(self, number: int) -> NDArray[np.uint8]:
        path, middle = self.squares[number]
        place = cut_place(_survey(path), middle, (self.edge, self.edge))
        return build_world(place, self.seed + number, self.height).labels


@lru_cache(maxsize=8)
def fingerprint(height: int) -> str:
    """Twelve digits that change when the generator makes other worlds than it did."""
    digest = hashlib.sha256()
    for style in STYLES:
        digest.update(make_world(HELD_OUT_SEED, (_PROBE, _PROBE), max(height, 16), style).labels.tobytes())
    return digest.hexdigest()[:12]


@lru_cache(maxsize=8)
def _survey(path: Path) -> Survey:
    return read_survey(path)


def _settled(survey: Survey, edge: int) -> Iterator[tuple[float, float]]:
    """Find the middles of all whole squares of a survey that are lived in; its middle where it holds no whole one."""
    x0, y0, x1, y1 = survey.bounds
    side = edge * VOXEL
    across, along = max(1, int((x1 - x0) // side)), max(1, int((y1 - y0) // side))
    left, low = (x0 + x1 - across * side) / 2, (y0 + y1 - along * side) / 2
    for i in range(across):
        for j in range(along):
            middle = left + (i + 0.5) * side, low + (j + 0.5) * side
            if _is_settled(cut_place(survey, middle, (edge, edge))):
                yield middle


def _is_settled(place: Place) -> bool:
    streets = any(line.kind == "street" for line in place.lines) or any(area.kind == "street" for area in place.areas)
    return streets and sum(area.kind == "building" for area in place.areas) >= _LEAST_BUILDINGS


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()

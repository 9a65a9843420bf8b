"""OpenStreetMap XML, plain or gzipped: nodes, ways and relations as they stand in the file.

https://wiki.openstreetmap.org/wiki/OSM_XML
"""

from __future__ import annotations

import gzip
import math
import zlib
from array import array
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple
from xml.parsers import expat

from engine.errors import FormatError

GZIP = b"\x1f\x8b"
_PIECE = 1 << 20
_MOST_BYTES = 1 << 30
_AGAIN = "export or download it again"
_SMALLER = "cut a smaller area out of it first"
_MOST_TAGS = 4096


class Way(NamedTuple):
    """A chain of node ids."""

    refs: tuple[int, ...]
    tags: dict[str, str]


class Relation(NamedTuple):
    """A set of ways with roles, as an area with holes; ``members`` hold (way id, role)."""

    members: tuple[tuple[int, str], ...]
    tags: dict[str, str]


@dataclass
class Extract:
    """What a file holds: node ids with positions in degrees, tags of the nodes that have some, ways, relations.

    ``bounds`` is (min lat, min lon, max lat, max lon) where the file states it.
    """

    ids: array[int] = field(default_factory=lambda: array("q"))
    lats: array[float] = field(default_factory=lambda: array("d"))
    lons: array[float] = field(default_factory=lambda: array("d"))
    tagged: dict[int, dict[str, str]] = field(default_factory=dict)
    ways: dict[int, Way] = field(default_factory=dict)
    relations: list[Relation] = field(default_factory=list)
    bounds: tuple[float, float, float, float] | None = None
    notice: str = ""


def unpack_head(head: bytes) -> bytes:
    """Give the first bytes of a file as they are without gzip; empty where they are damaged."""
    if not head.startswith(GZIP):
        return head
    try:
        return zlib.decompressobj(wbits=31).decompress(head, 4096)
    except zlib.error:
        return b""


def read_extract(path: Path) -> Extract:
    """Read a file as a stream, so that memory grows with what is kept only.

    Raises `FormatError` where it is no OSM XML, damaged, declares entities (which can grow without bound), or holds
    more than a gigabyte of text.
    """
    reader = _Reader()
    size = 0
    try:
        with path.open("rb") as raw:
            packed = raw.read(2) == GZIP
        with gzip.open(path) if packed else path.open("rb") as stream:
            while piece := stream.read(_PIECE):
                size += len(piece)
                if size > _MOST_BYTES:
                    raise FormatError(path, f"holds more than {_MOST_BYTES >> 20} MB of text", _SMALLER)
                reader.parser.Parse(piece, False)
        reader.parser.Parse(b"", True)
    except expat.ExpatError as error:
        raise FormatError(path, f"is damaged XML ({error})", _AGAIN, reader.parser.ErrorByteIndex) from error
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise FormatError(path, f"is a damaged gzip file ({error})", _AGAIN, size) from error
    except (_StrangeError, ValueError, OverflowError, KeyError) as error:
        reason = f"has a <{reader.last}> without {error}" if isinstance(error, KeyError) else str(error)[:160]
        raise FormatError(path, reason, _AGAIN, reader.parser.CurrentByteIndex) from error
    return reader.extract


class _StrangeError(Exception):
    """The XML is whole but not what OSM XML looks like."""


class _Reader:
    """Collects elements while a file streams through the parser."""

    def __init__(self) -> None:
        self.extract = Extract()
        self.last = ""
        self._depth = 0
        self._ident = 0
        self._tags: dict[str, str] = {}
        self._refs: list[int] = []
        self._members: list[tuple[int, str]] = []
        self.parser = expat.ParserCreate()
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.StartDoctypeDeclHandler = self._refuse

    def _refuse(self, name: str, system: str | None, public: str | None, internal: bool) -> None:
        raise _StrangeError(f"declares a document type '{name[:40]}', which OSM XML never does")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self.last = name
        if self._depth == 0 and name != "osm":
            raise _StrangeError(f"is XML of another kind: its root is <{name[:40]}>, not <osm>")
        self._depth += 1
        if name == "node":
            self._open_node(attributes)
        elif name == "nd":
            self._refs.append(int(attributes["ref"]))
        elif name == "tag":
            if len(self._tags) < _MOST_TAGS:
                self._tags[attributes["k"]] = attributes["v"]
        elif name in ("way", "relation"):
            self._open(attributes)
        elif name == "member" and attributes["type"] == "way":
            self._members.append((int(attributes["ref"]), attributes.get("role", "")))
        elif name == "bounds":
            self.extract.bounds = (
                _degrees(attributes["minlat"], 90),
                _degrees(attributes["minlon"], 180),
                _degrees(attributes["maxlat"], 90),
                _degrees(attributes["maxlon"], 180),
            )
        elif name == "osm":
            self.extract.notice = attributes.get("license", "") or attributes.get("copyright", "")

    def _open(self, attributes: dict[str, str]) -> None:
        self._ident = int(attributes["id"])
        self._tags, self._refs, self._members = {}, [], []

    def _open_node(self, attributes: dict[str, str]) -> None:
        self._open(attributes)
        if "lat" in attributes or "lon" in attributes:  # a deleted node has no position
            self.extract.lats.append(_degrees(attributes["lat"], 90))
            self.extract.lons.append(_degrees(attributes["lon"], 180))
            self.extract.ids.append(self._ident)

    def _end(self, name: str) -> None:
        self._depth -= 1
        if name == "node" and self._tags:
            self.extract.tagged[self._ident] = self._tags
        elif name == "way" and len(self._refs) > 1:
            self.extract.ways[self._ident] = Way(tuple(self._refs), self._tags)
        elif name == "relation" and self._tags.get("type") == "multipolygon":
            self.extract.relations.append(Relation(tuple(self._members), self._tags))


def _degrees(text: str, most: float) -> float:
    value = float(text)
    if not math.isfinite(value) or abs(value) > most:
        raise _StrangeError(f"has a coordinate of {text[:30]} degrees, beyond {most:g}")
    return value

"""What a map of the world tells of its tiles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from editor.model.tiling import Cell
from engine.grid import Box

TileState = Literal["made", "open", "wanted", "queued", "running", "ready", "failed", "accepted"]


@dataclass(frozen=True)
class Tile:
    """A tile of the map: where it lies (frame of the scene, it may leave it), how it fares, its place in the order."""

    cell: Cell
    box: Box
    state: TileState
    order: int = 0
    progress: float = 0.0


@dataclass(frozen=True)
class Estimate:
    """What the wanted tiles will take.

    Attributes
    ----------
    seconds
        From runs that were timed here; `None` before there was one.
    before, after
        Bytes of the scene's voxels now and then.
    """

    seconds: float | None
    before: int
    after: int
    size: tuple[int, int]

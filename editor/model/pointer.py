"""What the mouse does in the scene, in plain numbers that tools understand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from engine.geometry.rays import Hit
from engine.grid import Box

Kind = Literal["press", "move", "release"]
Triple = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Pointer:
    """One moment of a left-button drag.

    Attributes
    ----------
    kind
        `press`, `move` or `release`.
    ray_origin, ray_direction
        The line of sight through the mouse, in voxels of the scene; the direction has unit length there.
    position
        Logical pixels from the viewport's upper left corner.
    buttons
        Held: `left`, `middle`, `right`.
    modifiers
        Held: `shift`, `ctrl`, `alt`.
    hit
        The first visible voxel under the mouse (its index counts from the scene's lower corner), or None.
    """

    kind: Kind
    ray_origin: Triple
    ray_direction: Triple
    position: tuple[float, float]
    buttons: frozenset[str] = frozenset()
    modifiers: frozenset[str] = frozenset()
    hit: Hit | None = None


@dataclass(frozen=True, slots=True)
class HandleDrag:
    """One moment of dragging a face of the scene's bounds.

    Attributes
    ----------
    kind
        `press`, `move` or `release`.
    axis, side
        Which face: axis 0 or 1; side 0 is the lower, 1 the upper face.
    box
        The bounds as they would be, snapped to whole steps; equal to the scene's box while nothing is added.
    """

    kind: Kind
    axis: int
    side: int
    box: Box

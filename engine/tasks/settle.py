"""Let nothing hang in the air: what a model made and nothing holds goes, but for crowns, which get a trunk to stand on.

Autoencoders lose thin things, trunks among them, so that a crown may be all that is left of a tree.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engine.geometry.support import find_loose
from engine.labels import UNKNOWN, LabelSpace
from engine.scene import Labels

_CROWN = 64
"""Voxels of vegetation that make a crown; smaller loose ones are crumbs."""

_THIN = 5
"""Columns of a crown nearest to its middle that a trunk may stand in."""


def settle(
    labels: Labels, made: NDArray[np.bool_], held: NDArray[np.bool_], space: LabelSpace, barred: Sequence[int]
) -> Labels:
    """Take away made voxels that nothing holds, or hold them; a new array `(X, Y, Z) uint8`.

    Parameters
    ----------
    labels
        `(X, Y, Z) uint8`, new voxels and those beside them.
    made
        Which are new; only these change, and whatever hangs together with another is held.
    held
        Voxels that hold what touches them though they may hold nothing now, as they are still to be made.
    barred
        Classes that may not be made.
    """
    known_solid = ~made & (labels != space.empty) & (labels != UNKNOWN)
    parts, loose = find_loose(labels, space, held | known_solid)
    if not loose:
        return labels
    out = np.where(np.isin(parts, loose), np.uint8(space.empty), labels).astype(np.uint8)
    if not {"vegetation", "trunk"} <= set(space.names):
        return out
    plant, trunk = space.find("vegetation"), space.find("trunk")
    if trunk in barred:
        return out
    sizes = np.bincount(parts[labels == plant], minlength=parts.max() + 1)
    for part in (p for p in loose if sizes[p] >= _CROWN):
        crown = parts == part
        stem = _stem_of(crown, labels, made, space)
        if stem is not None:
            out[crown] = labels[crown]
            out[stem] = trunk
    return out


def _stem_of(
    crown: NDArray[np.bool_], labels: Labels, made: NDArray[np.bool_], space: LabelSpace
) -> tuple[int, int, slice] | None:
    """Find the voxels of a trunk close to the middle of a crown, free and new all the way down to the ground."""
    columns = np.argwhere(crown.any(axis=2))
    order = np.square(columns - columns.mean(axis=0)).sum(axis=1).argsort()
    for x, y in columns[order[:_THIN]].tolist():
        top = int(crown[x, y].argmax())
        below = labels[x, y, :top]
        solid = np.flatnonzero(below != space.empty)
        foot = int(solid[-1]) + 1 if len(solid) else 0
        on_ground = foot == 0 or int(below[foot - 1]) in space.ids_of("ground")
        if on_ground and foot < top and bool(made[x, y, foot:top].all()):
            return x, y, slice(foot, top)
    return None

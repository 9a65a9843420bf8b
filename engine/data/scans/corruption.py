"""The ways in which completion networks go wrong, each as one step on labels: pieces of the predictor profiles.

All arrays are `(X, Y, Z)` or plans `(X, Y)`; lengths are in voxels. `doubt (X, Y) float32`, 0 to 1, says how little the
network knows of a column; every mistake becomes more frequent, or larger, with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from engine.data.scans.examples import Example
from engine.data.scans.fields import Floats, draw_field, draw_shares
from engine.data.scans.visibility import Bools, Point

Labels = NDArray[np.uint8]

_SHIFTS = ((2, 1), (2, -1), (0, 1), (0, -1), (1, 1), (1, -1))
_SUPPORT = 9
"""Voxels: a scan tells of a column by what it hit in a window of this size round it."""
_ENOUGH = 4.0
"""Hits in that window that tell most."""
_FIELD_OF_VIEW = 0.72
"""Radians on either side of +x that a camera sees."""


@dataclass(frozen=True, eq=False)
class Outlook:
    """A plan as its sensor sees it, arrays over columns.

    Attributes
    ----------
    reach
        `(X, Y) float32` voxels from the sensor.
    along
        `(2, X, Y) float32` unit vectors away from it.
    known
        `(X, Y) float32`, 0 to 1: how much the sensor's data tells of a column.
    """

    reach: Floats
    along: Floats
    known: Floats


def look_out(example: Example, sensor: str) -> Outlook:
    """Work out what a `lidar` or a `camera` at the example's sensor knows of every column."""
    reach, along = polar(example.complete.shape, example.sensor)
    if sensor == "lidar":
        hits = ndimage.uniform_filter((example.sparse != 0).sum(axis=2).astype(np.float32), _SUPPORT) * _SUPPORT**2
        return Outlook(reach, along, np.asarray(1 - np.exp(-hits / _ENOUGH), np.float32))
    seen = ndimage.uniform_filter(example.seen.mean(axis=2, dtype=np.float32), _SUPPORT)
    ahead = np.abs(np.arctan2(along[1], along[0])) < _FIELD_OF_VIEW
    return Outlook(reach, along, np.asarray(ndimage.uniform_filter(seen * ahead, 5), np.float32))


def polar(shape: tuple[int, ...], sensor: Point) -> tuple[Floats, Floats]:
    """Give every column's distance `(X, Y)` from the sensor and the unit vector `(2, X, Y)` away from it."""
    dx = np.arange(shape[0], dtype=np.float32)[:, None] + np.float32(0.5 - sensor[0])
    dy = np.arange(shape[1], dtype=np.float32)[None] + np.float32(0.5 - sensor[1])
    reach = np.maximum(np.hypot(dx, dy), np.float32(1e-3))
    return reach, np.stack(np.broadcast_arrays(dx / reach, dy / reach))


def confuse(
    labels: Labels,
    odds: Floats,
    takes: Labels,
    patchwise: Bools,
    doubt: Floats,
    patch: float,
    rng: np.random.Generator,
) -> Labels:
    """Take classes for others, or for nothing, in patches.

    Parameters
    ----------
    odds
        `(256,)`: share of a class that is confused where doubt is 1.
    takes
        `(256, N)`: what it is taken for; entries are equally likely.
    patchwise
        `(256,)`: classes confused in small patches in space, as things are; the others by whole columns.
    patch
        Voxels.
    """
    shape = labels.shape
    at = np.flatnonzero(labels)
    kind, column = labels.reshape(-1)[at], at // shape[2]
    small = patchwise[kind]
    picks = []
    for _ in range(2):  # whether, and for what
        wide = draw_shares(rng, shape[:2], 2.5 * patch).reshape(-1)[column]
        near = draw_shares(rng, shape, patch).reshape(-1)[at]
        picks.append(np.where(small, near, wide))
    wrong = picks[0] < odds[kind] * doubt.reshape(-1)[column]
    choice = np.minimum((picks[1][wrong] * takes.shape[1]).astype(np.intp), takes.shape[1] - 1)
    out = labels.copy()
    out.reshape(-1)[at[wrong]] = takes[kind[wrong], choice]
    return out


def simplify_ground(
    labels: Labels, kinds: Sequence[int], share: Floats, patch: float, rng: np.random.Generator
) -> Labels:
    """Lose stripes and narrow strips of ground: in patches, ground becomes what most of it is within `patch` voxels.

    `kinds` are the classes of ground, `share (X, Y)` the share of such patches.
    """
    window = 2 * round(patch / 2) + 1
    ground = [(labels == kind) for kind in kinds]
    most = [ndimage.uniform_filter(g.any(axis=2).astype(np.float32), window) for g in ground]
    winner = np.asarray(kinds, np.uint8)[np.argmax(most, axis=0)]
    plain = draw_shares(rng, labels.shape[:2], 4 * patch) < share
    change = np.logical_or.reduce(ground) & plain[..., None]
    return np.where(change, winner[..., None], labels)


def displace(
    labels: Labels, outlook: Outlook, depth: Floats, height: Floats, patch: float, rng: np.random.Generator
) -> Labels:
    """Move and stretch matter along the line of sight, a little sideways, and up or down.

    `depth` and `height (X, Y)` are standard deviations of the error in voxels.
    """
    shape = labels.shape
    far = depth * draw_field(rng, shape[:2], patch)
    aside = 0.3 * depth * draw_field(rng, shape[:2], patch)
    x = np.arange(shape[0])[:, None] + outlook.along[0] * far - outlook.along[1] * aside
    y = np.arange(shape[1])[None] + outlook.along[1] * far + outlook.along[0] * aside
    moved = _columns(labels, x, y)
    lift = np.rint(height * draw_field(rng, shape[:2], 2 * patch)).astype(np.intp)  # ground errs over wide areas
    z = np.clip(np.arange(shape[2]) - lift[..., None], 0, shape[2] - 1)
    z[..., 0] = 0  # ground does not sink out of the scene
    return np.take_along_axis(moved, z, 2)


def smear(
    labels: Labels, outlook: Outlook, tail: Floats, where: Bools, ground: Bools, patch: float, rng: np.random.Generator
) -> Labels:
    """Draw things out into the shadow behind them, away from the sensor.

    `tail (X, Y)` is the greatest length in voxels, `where (X, Y, Z)` the voxels that may be filled, `ground (256,)` the
    classes that cast no tail.
    """
    out, length = labels.copy(), tail * draw_shares(rng, labels.shape[:2], patch)
    for step in range(2, int(length.max()) + 1, 2):
        x = np.arange(labels.shape[0])[:, None] - outlook.along[0] * step
        y = np.arange(labels.shape[1])[None] - outlook.along[1] * step
        before = _columns(labels, x, y)
        fill = (out == 0) & where & (step <= length)[..., None] & ~ground[before]
        out[fill] = before[fill]
    return out


def round_off(
    labels: Labels,
    blur: Floats,
    holes: Floats,
    bleed: Floats,
    fragile: Floats,
    patch: float,
    rng: np.random.Generator,
) -> Labels:
    """Lose thin things, tear holes and let matter bleed into its surroundings, as a blurred idea of matter would.

    Parameters
    ----------
    blur
        `(X, Y)`, 0 to 1: how much of the idea comes from the neighbourhood.
    holes, bleed
        `(X, Y)`: share of the patches in which matter is missed, and in which it swells.
    fragile
        `(256,)`: by how much more often a class is missed.
    """
    solid = labels != 0
    near = ndimage.uniform_filter(solid.astype(np.float32), (5, 5, 3), mode="nearest")
    idea = solid + blur[..., None] * (near - solid)
    chance = draw_shares(rng, labels.shape, patch)
    matter = idea > np.where(chance > 1 - bleed[..., None], np.float32(0.15), np.float32(0.5))
    out = _spread(labels, matter & ~solid)
    out[~matter | (chance < holes[..., None] * fragile[out])] = 0
    return out


def _columns(labels: Labels, x: NDArray[np.floating], y: NDArray[np.floating]) -> Labels:
    """Take the columns nearest to given places `(X, Y)`; beyond the edge those of the edge."""
    i = np.clip(np.rint(x), 0, labels.shape[0] - 1).astype(np.intp)
    j = np.clip(np.rint(y), 0, labels.shape[1] - 1).astype(np.intp)
    return np.asarray(labels.reshape(-1, labels.shape[2])[i * labels.shape[1] + j])


def _spread(labels: Labels, wanted: Bools) -> Labels:
    """Give wanted empty voxels the label of matter beside them, up to three voxels away."""
    out = labels.copy()
    for _ in range(3):
        source = out.copy()
        for axis, step in _SHIFTS:
            to, of = np.moveaxis(out, axis, 0), np.moveaxis(source, axis, 0)
            need = np.moveaxis(wanted, axis, 0)
            a, b = (slice(1, None), slice(None, -1)) if step > 0 else (slice(None, -1), slice(1, None))
            np.copyto(to[a], of[b], where=need[a] & (to[a] == 0))
    return out

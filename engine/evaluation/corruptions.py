"""Scenes made worse in known ways, and which metric must notice which: the check that the judge is not blind.

A metric that stays where it was although the scenes got worse is broken, and a report says so loudly.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from engine.labels import LabelSpace

Labels = NDArray[np.uint8]
Corrupt = Callable[[Labels, LabelSpace, np.random.Generator], Labels]
TILE = 64
COPIES = "one_training_scene"


def add_noise(labels: Labels, space: LabelSpace, rng: np.random.Generator, share: float) -> Labels:
    """Give a share of the solid voxels another label, drawn evenly from all others, empty among them."""
    out = labels.copy()
    solid = np.flatnonzero(labels != space.empty)
    hit = solid[rng.random(len(solid)) < share]
    flat = out.reshape(-1)
    flat[hit] = (flat[hit] + rng.integers(1, len(space), len(hit))) % len(space)
    return out


def shuffle_tiles(labels: Labels, rng: np.random.Generator, tile: int = TILE) -> Labels:
    """Put the whole tiles of a scene in another order; what is left over at its far sides stays."""
    out = labels.copy()
    nx, ny = labels.shape[0] // tile, labels.shape[1] // tile
    for target, source in enumerate(rng.permutation(nx * ny)):
        (tx, ty), (sx, sy) = divmod(target, ny), divmod(int(source), ny)
        part = labels[sx * tile : (sx + 1) * tile, sy * tile : (sy + 1) * tile]
        out[tx * tile : (tx + 1) * tile, ty * tile : (ty + 1) * tile] = part
    return out


def remove_class(labels: Labels, space: LabelSpace, name: str) -> Labels:
    """Leave one class empty."""
    return np.where(labels == space.find(name), np.uint8(space.empty), labels)


def wobble(labels: Labels, rng: np.random.Generator, most: float = 4.0, cell: int = 8) -> Labels:
    """Shift columns along x and y by up to `most` voxels, smoothly over `cell` voxels: straight lines become wavy."""
    plan = labels.shape[:2]
    coarse = rng.uniform(-most, most, (2, *(-(-n // cell) + 1 for n in plan)))
    places = np.indices(plan)
    shifts = [ndimage.map_coordinates(part, places / cell, order=1) for part in coarse]
    x, y = (np.clip(np.rint(p + s), 0, n - 1).astype(np.intp) for p, s, n in zip(places, shifts, plan, strict=True))
    return np.asarray(labels[x, y])


def smooth(labels: Labels, width: int = 3) -> Labels:
    """Give every voxel the label that is most frequent in the cube of `width` voxels round it, the lower one of two."""
    best, most = np.zeros_like(labels), np.zeros(labels.shape, np.float32)
    for label in np.unique(labels):
        share = ndimage.uniform_filter((labels == label).astype(np.float32), width)
        more = share > most + 0.5 / width**3
        best[more], most[more] = label, share[more]
    return best


LADDER: dict[str, Corrupt] = {
    "noise_1": lambda labels, space, rng: add_noise(labels, space, rng, 0.01),
    "noise_5": lambda labels, space, rng: add_noise(labels, space, rng, 0.05),
    "noise_10": lambda labels, space, rng: add_noise(labels, space, rng, 0.10),
    "wobbled": lambda labels, space, rng: wobble(labels, rng),
    "smoothed": lambda labels, space, rng: smooth(labels),
    "shuffled_tiles": lambda labels, space, rng: shuffle_tiles(labels, rng),
    "class_removed": lambda labels, space, rng: remove_class(labels, space, "building"),
    "cars_removed": lambda labels, space, rng: remove_class(labels, space, "car"),
}
"""Corruptions of single scenes; `COPIES`, where every scene is the same training scene, is the last rung."""

REACTIONS: dict[str, tuple[str, ...]] = {
    "noise_1": ("f3d", "tpkl"),
    "noise_5": ("f3d", "kid", "tpkl", "class_js"),
    "noise_10": ("f3d", "kid", "tpkl", "class_js"),
    "wobbled": ("f3d", "kid", "tpkl"),
    "smoothed": ("f3d", "kid", "tpkl", "class_js"),
    "shuffled_tiles": (
        "f3d",
        "kid",
        "seam_ratio",
        "structure.floating",
        "structure.road_largest",
        "structure.junction_degrees",
    ),
    "class_removed": ("f3d", "class_js", "tpkl", "structure.building_heights", "structure.building_footprints"),
    "cars_removed": ("tpkl", "structure.cars_on_road"),
    COPIES: ("f3d", "kid", "recall", "coverage", "class_js", "memorisation_z", "structure.road_widths"),
}
"""Corruption -> metrics that must call it worse than intact held-out scenes."""

_HIGHER_IS_BETTER = ("precision", "recall", "density", "coverage")
_MARGINS = {
    "precision": 0.02,
    "recall": 0.02,
    "density": 0.05,
    "coverage": 0.02,
    "memorisation_z": 3.0,
    "seam_ratio": 0.1,
}
_RELATIVE = 0.02


def is_worse(metric: str, floor: float, value: float) -> bool:
    """Tell whether a value lies clearly beyond the floor, on the bad side.

    Floor and value come from the same scenes, intact and corrupted, so they share most of their chance: a few per cent
    are clear.
    """
    margin = _MARGINS.get(metric, _RELATIVE * abs(floor))
    return value < floor - margin if metric in _HIGHER_IS_BETTER else value > floor + margin


def find_broken(floor: Mapping[str, Any], ladder: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """List what breaks the reaction matrix, in words; empty where the judge is in order.

    Metrics are nested as in the report, `structure.floating` is `["structure"]["floating"]`.
    """
    broken = []
    for corruption, metrics in REACTIONS.items():
        for metric in metrics:
            before, after = look_up(floor, metric), look_up(ladder[corruption], metric)
            if before is None or after is None or not is_worse(metric, before, after):
                broken.append(f"{metric} does not react to {corruption} ({_show(before)} -> {_show(after)})")
    steps = [look_up(ladder[name], "f3d") for name in ("noise_1", "noise_5", "noise_10")]
    if steps != sorted(steps, key=lambda v: -1.0 if v is None else v):
        broken.append(f"f3d does not grow with the noise ({', '.join(map(_show, steps))})")
    return broken


def place_on_ladder(f3d: float, ladder: Mapping[str, Mapping[str, Any]]) -> str:
    """Say between which corruptions a Frechet distance lies."""
    rungs = sorted((float(values["f3d"]), name) for name, values in ladder.items())
    better = [name for value, name in rungs if f3d < value]
    worse = [name for value, name in rungs if f3d >= value]
    parts = [f"better than {better[0]}"] if better else []
    return ", ".join(parts + ([f"worse than {worse[-1]}"] if worse else []))


def look_up(metrics: Mapping[str, Any], name: str) -> float | None:
    """Find a metric by its dotted name."""
    value: Any = metrics
    for part in name.split("."):
        value = value[part]
    return None if value is None else float(value)


def _show(value: float | None) -> str:
    return "nothing" if value is None else f"{value:.4g}"

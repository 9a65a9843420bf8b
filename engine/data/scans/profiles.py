"""Four predictors that imitate networks for semantic scene completion, to train and test refinement without them.

Each is calibrated to the published scores of its model on complete scenes of SemanticKITTI (IoU and mIoU, in per cent):
MonoScene 37.12 / 11.50 and OccDepth 41.60 / 12.84, which see through cameras and so err in depth, SSA-SC 58.25 / 24.54
and SCPNet 50.24 / 37.55, which see through a laser scanner. `engine.evaluation.profiles` measures them on worlds.

The parameters that a predictor has for one scene are drawn at random. Those for training and those for testing come
from different random streams and from intervals that do not meet: where training has less of one mistake, testing has
more of it. Both are calibrated to the same scores on their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from engine.data.scans.corruption import Outlook, confuse, displace, look_out, round_off, simplify_ground, smear
from engine.data.scans.examples import Example
from engine.data.scans.fields import Floats
from engine.data.scans.mistakes import known_mistakes
from engine.errors import RequestError
from engine.labels import label_space

Split = Literal["train", "test"]
SPLITS: tuple[Split, Split] = ("train", "test")

_STREAMS = {"train": 7001, "test": 7002}
_VOXEL = 0.2
_FAR = 256.0
"""Voxels: 51.2 m, the depth of a scene."""


@dataclass(frozen=True)
class Parameters:
    """How wrong a predictor is; shares and lengths hold where it knows nothing of a place.

    Attributes
    ----------
    sensor
        `lidar` or `camera`.
    confusion
        How often classes are mistaken: a class of difficulty d in a share `1 - (1 - d) ** confusion`.
    holes, bleed
        Share of patches where matter is missed, and where it swells.
    blur
        0 to 1: how much the idea of matter is smoothed, which loses thin things and rounds corners.
    depth
        Metres of error along the line of sight, standard deviation.
    height
        Metres of error upwards and downwards, standard deviation.
    tail
        Greatest length in metres of what is made up behind things.
    certain
        Doubt close to the sensor, where it knows all.
    decay
        Doubt added at 51.2 m.
    blind
        Doubt added where the sensor tells nothing.
    patch
        Metres over which mistakes hang together.
    """

    sensor: str
    confusion: float
    holes: float
    bleed: float
    blur: float
    depth: float
    height: float
    tail: float
    certain: float
    decay: float
    blind: float
    patch: float


@dataclass(frozen=True)
class Profile:
    """A published network to imitate.

    Attributes
    ----------
    name
        Of the network.
    iou, miou
        Its published scores, per cent.
    centre
        Its character.
    fit
        Split -> factors on all geometric mistakes and on confusion, as calibrated.
    """

    name: str
    iou: float
    miou: float
    centre: Parameters
    fit: Mapping[Split, tuple[float, float]]


PROFILES: dict[str, Profile] = {
    p.name: p
    for p in (
        Profile(
            "monoscene",
            37.12,
            11.50,
            Parameters("camera", 4.6, 0.145, 0.094, 0.26, 1.35, 0.187, 2.3, 0.35, 0.40, 0.5, 1.8),
            {"train": (1.134, 0.775), "test": (1.058, 0.863)},
        ),
        Profile(
            "occdepth",
            41.60,
            12.84,
            Parameters("camera", 5.6, 0.13, 0.09, 0.21, 1.1, 0.18, 1.8, 0.32, 0.35, 0.5, 1.6),
            {"train": (1.102, 0.72), "test": (1.095, 0.935)},
        ),
        Profile(
            "ssa-sc",
            58.25,
            24.54,
            Parameters("lidar", 4.5, 0.15, 0.07, 0.35, 0.9, 0.16, 0.8, 0.42, 0.30, 0.45, 1.4),
            {"train": (1.199, 1.11), "test": (1.108, 1.39)},
        ),
        Profile(
            "scpnet",
            50.24,
            37.55,
            Parameters("lidar", 0.75, 0.105, 0.21, 0.063, 0.68, 0.335, 2.3, 0.25, 0.26, 0.55, 1.2),
            {"train": (1.114, 0.95), "test": (0.963, 0.92)},
        ),
    )
}
"""The predictors by name."""

_GEOMETRY = ("holes", "bleed", "blur", "depth", "height", "tail")
_LESS, _MORE = (0.70, 0.90), (1.10, 1.30)
_LESS_IN_TRAINING = ("confusion", "holes", "height", "tail", "patch", "decay")


def find_profile(name: str) -> Profile:
    """Look up a predictor; raises `RequestError` with the names there are."""
    if name not in PROFILES:
        raise RequestError(f"no predictor '{name}'; there are: {', '.join(PROFILES)}")
    return PROFILES[name]


def parameter_ranges(profile: Profile, split: Split) -> dict[str, tuple[float, float]]:
    """Give the interval that each parameter of a predictor is drawn from; those of the two splits do not meet."""
    geometry, confusion = profile.fit[split]
    ranges = {}
    for key in (f.name for f in fields(Parameters) if f.name != "sensor"):
        low, high = _LESS if (key in _LESS_IN_TRAINING) == (split == "train") else _MORE
        scale = geometry if key in _GEOMETRY else confusion if key == "confusion" else 1.0
        middle = getattr(profile.centre, key) * scale
        ranges[key] = (middle * low, middle * high)
    return ranges


def draw_profile(name: str, split: Split, rng: np.random.Generator) -> Parameters:
    """Draw the parameters of a predictor for one scene; the same `rng` gives different ones for the two splits.

    Raises `RequestError` where there is no such predictor.
    """
    return draw_parameters(find_profile(name), split, rng)


def draw_parameters(profile: Profile, split: Split, rng: np.random.Generator) -> Parameters:
    """Draw the parameters of any predictor, as `draw_profile` does for those there are."""
    own = np.random.default_rng([_STREAMS[split], int(rng.integers(2**62))])
    drawn = {key: float(own.uniform(*span)) for key, span in parameter_ranges(profile, split).items()}
    return Parameters(profile.centre.sensor, **drawn)


def predict(example: Example, parameters: Parameters, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Imitate what a network would make of an example's input: `(X, Y, Z) uint8`, every voxel a class or empty."""
    p, table = parameters, known_mistakes()
    outlook = look_out(example, p.sensor)
    doubt = estimate_doubt(outlook, p)
    patch = p.patch / _VOXEL
    truth = np.where(example.complete < len(label_space()), example.complete, np.uint8(0))
    odds = (1 - (1 - table.difficulty) ** p.confusion).astype(np.float32)
    out = confuse(truth, odds, table.takes, table.things, doubt, patch, rng)
    far, up = p.depth / _VOXEL * doubt, p.height / _VOXEL * doubt
    if p.sensor == "lidar":  # it measures where it hits
        far, up = far * (1 - outlook.known), up * (1 - outlook.known / 2)
    else:  # parallax fades with range
        far = far * np.sqrt(outlook.reach / _FAR)
    out = simplify_ground(out, label_space().ids_of("ground"), p.blur * doubt, patch, rng)
    out = displace(out, outlook, far, up, 2.5 * patch, rng)
    shadow = ~example.seen if p.sensor == "lidar" else np.ones_like(example.seen)
    out = smear(out, outlook, p.tail / _VOXEL * doubt, shadow, table.ground, patch, rng)
    return round_off(out, p.blur * doubt, p.holes * doubt, p.bleed * doubt, table.fragile, patch, rng)


def estimate_doubt(outlook: Outlook, parameters: Parameters) -> Floats:
    """Say how little a predictor knows of every column, `(X, Y) float32`, 0 to 1."""
    far = parameters.decay * np.minimum(outlook.reach / _FAR, 1)
    doubt = parameters.certain + far + parameters.blind * (1 - outlook.known)
    return np.asarray(np.clip(doubt, 0, 1), np.float32)

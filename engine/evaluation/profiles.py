"""How right the simulated completion networks are, measured as their originals were, beside the published scores."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from engine.data.city.generator import make_world
from engine.data.scans.drive import cut_scene
from engine.data.scans.examples import Example, make_example
from engine.data.scans.profiles import PROFILES, SPLITS, Profile, Split, draw_parameters, predict
from engine.evaluation.completion import Confusion
from engine.labels import label_space

CALIBRATION_SEED = 2_000_000
"""Worlds from this seed on are for calibrating predictors: neither trained on nor held out."""
TOLERANCE = 2.0
"""Per cent that a predictor may be off its published scores."""
_WORLD, _WINDOW = 640, 256
_EXACT = 0.6
_IOU_SLOPE, _MIOU_SLOPE, _MIXED_SLOPE = 28.0, 0.55, 0.45
"""How scores answer to the logarithms of the factors: per cent of IoU, share of mIoU, and of both together."""


@dataclass(frozen=True)
class ProfileScore:
    """Scores of a predictor over many scenes, in per cent, beside the published ones."""

    name: str
    split: Split
    scenes: int
    iou: float
    miou: float
    iou_published: float
    miou_published: float
    per_class: Mapping[str, float]

    @property
    def holds(self) -> bool:
        """Whether both scores are as near to the published ones as promised."""
        return abs(self.iou - self.iou_published) <= TOLERANCE and abs(self.miou - self.miou_published) <= TOLERANCE


def measure_profiles(count: int = 32, seed: int = CALIBRATION_SEED) -> list[ProfileScore]:
    """Score all predictors, with parameters for training and for testing, on scenes of `count` worlds.

    As the SemanticKITTI benchmark counts: one confusion matrix over all scenes, voxels that are invalid in the truth
    left out. Takes about 5 seconds a scene on one core. Scores of fewer than some 16 scenes scatter, as rare classes
    then hang on single objects.
    """
    totals: dict[tuple[str, Split], Confusion] = {}
    for number, example in enumerate(draw_examples(count, seed)):
        for profile in PROFILES.values():
            for split in SPLITS:
                score = score_profile(example, profile, split, np.random.default_rng([seed, number]))
                key = profile.name, split
                totals[key] = totals[key] + score if key in totals else score
    return [summarise(PROFILES[name], split, count, total) for (name, split), total in totals.items()]


def calibrate_profile(
    profile: Profile, split: Split, examples: Sequence[Example], rounds: int = 6, seed: int = CALIBRATION_SEED
) -> Profile:
    """Fit a predictor to its published scores on examples, to be done again when worlds have become others.

    Returns the profile with the factors on geometric mistakes and on confusion that make the means of its range score
    as published; the new `fit` belongs into `engine.data.scans.profiles`.
    """
    for _ in range(rounds):
        parts = [score_profile(e, profile, split, np.random.default_rng([seed, i])) for i, e in enumerate(examples)]
        score = summarise(profile, split, len(examples), sum(parts[1:], parts[0]))
        iou, miou = score.iou - profile.iou, score.miou - profile.miou
        if abs(iou) < _EXACT and abs(miou) < _EXACT:
            break
        geometry, confusion = profile.fit[split]
        by_geometry = iou / _IOU_SLOPE
        by_confusion = miou / (_MIOU_SLOPE * profile.miou) - by_geometry * _MIXED_SLOPE
        steps = np.exp(np.clip([by_geometry, by_confusion], -0.5, 0.5))
        fit = geometry * float(steps[0]), confusion * float(steps[1])
        profile = replace(profile, fit={**profile.fit, split: fit})
    return profile


def draw_examples(count: int, seed: int = CALIBRATION_SEED) -> Iterator[Example]:
    """Make the examples to measure on, one of each world with the seeds `seed`, `seed + 1`, ..."""
    for number in range(seed, seed + count):
        rng = np.random.default_rng([number, 5])
        yield make_example(cut_scene(make_world(number, (_WORLD, _WORLD)).labels, (_WINDOW, _WINDOW), rng), rng)


def score_profile(example: Example, profile: Profile, split: Split, rng: np.random.Generator) -> Confusion:
    """Let a predictor with parameters drawn for a split complete one example, and count what is right."""
    guess = predict(example, draw_parameters(profile, split, rng), rng)
    return Confusion.of(example.complete, guess, label_space(), example.invalid)


def summarise(profile: Profile, split: Split, scenes: int, total: Confusion) -> ProfileScore:
    """Put a predictor's counts beside its published scores."""
    space, iou, miou = label_space(), 100 * total.iou, 100 * total.miou
    per_class = {space.names[i]: 100 * float(total.per_class[i]) for i in space.solid_ids}
    return ProfileScore(profile.name, split, scenes, iou, miou, profile.iou, profile.miou, per_class)


def tabulate_profiles(scores: list[ProfileScore]) -> str:
    """Lay the scores out as a table of plain text."""
    lines = [f"{'predictor':<12}{'split':<7}{'IoU':>7}{'aim':>7}{'mIoU':>8}{'aim':>7}"]
    for s in scores:
        row = f"{s.name:<12}{s.split:<7}{s.iou:7.2f}{s.iou_published:7.2f}{s.miou:8.2f}{s.miou_published:7.2f}"
        lines.append(row if s.holds else row + "  off by more than 2")
    return "\n".join(lines)

"""How right the simulated completion networks are, measured as their originals were, beside the published scores."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from engine.data.city.generator import make_world
from engine.data.scans.drive import cut_scene
from engine.data.scans.examples import Example, make_example
from engine.data.scans.profiles import PROFILES, SPLITS, Split, draw_profile, predict
from engine.evaluation.completion import Confusion
from engine.labels import label_space

CALIBRATION_SEED = 2_000_000
"""Worlds from this seed on are for calibrating predictors: neither trained on nor held out."""
TOLERANCE = 2.0
"""Per cent that a predictor may be off its published scores."""
_WORLD, _WINDOW = 640, 256


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
        for name in PROFILES:
            for split in SPLITS:
                score = score_profile(example, name, split, np.random.default_rng([seed, number]))
                totals[name, split] = totals[name, split] + score if number else score
    return [summarise(name, split, count, total) for (name, split), total in totals.items()]


def draw_examples(count: int, seed: int = CALIBRATION_SEED) -> Iterator[Example]:
    """Make the examples to measure on, one of each world with the seeds `seed`, `seed + 1`, ..."""
    for number in range(seed, seed + count):
        rng = np.random.default_rng([number, 5])
        yield make_example(cut_scene(make_world(number, (_WORLD, _WORLD)).labels, (_WINDOW, _WINDOW), rng), rng)


def score_profile(example: Example, name: str, split: Split, rng: np.random.Generator) -> Confusion:
    """Let a predictor with parameters drawn for a split complete one example, and count what is right."""
    guess = predict(example, draw_profile(name, split, rng), rng)
    return Confusion.of(example.complete, guess, label_space(), example.invalid)


def summarise(name: str, split: Split, scenes: int, total: Confusion) -> ProfileScore:
    """Put a predictor's counts beside its published scores."""
    space, profile = label_space(), PROFILES[name]
    per_class = {space.names[i]: 100 * float(total.per_class[i]) for i in space.solid_ids}
    return ProfileScore(name, split, scenes, 100 * total.iou, 100 * total.miou, profile.iou, profile.miou, per_class)


def print_profiles(scores: list[ProfileScore]) -> str:
    """Lay the scores out as a table of plain text."""
    lines = [f"{'predictor':<12}{'split':<7}{'IoU':>7}{'aim':>7}{'mIoU':>8}{'aim':>7}"]
    for s in scores:
        row = f"{s.name:<12}{s.split:<7}{s.iou:7.2f}{s.iou_published:7.2f}{s.miou:8.2f}{s.miou_published:7.2f}"
        lines.append(row if s.holds else row + "  off by more than 2")
    return "\n".join(lines)

"""Whether a model does as it is told: does it follow a map, and what do style, density and leaves change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import SamplingError
from engine.evaluation.features import Judge
from engine.evaluation.scenes import SceneSet
from engine.geometry.maps import LAYOUT_CLASSES, LayoutMap, layout_of
from engine.labels import LabelSpace, label_space
from engine.models.character import Character, measure_density, measure_leaves
from engine.scene import Labels
from engine.session import Session
from engine.tasks.request import GenerateRequest, Sampling

DENSITIES, LEAVES = (0.05, 0.15, 0.3), (0.0, 0.5, 1.0)
"""What is asked for; between them lie most districts."""
MAPPED = tuple(name for name in LAYOUT_CLASSES if name not in ("free", "vegetation"))
"""Map classes that are scored: grounds and buildings."""


@dataclass(frozen=True, eq=False)
class Adherence:
    """How far scenes are what their maps asked for.

    Attributes
    ----------
    cells
        `(K, K) int64` over `LAYOUT_CLASSES`: cells by what was asked for (row) and what was made; free ones not.
    """

    cells: NDArray[np.int64] = field(default_factory=lambda: np.zeros((len(LAYOUT_CLASSES),) * 2, np.int64))

    def __add__(self, other: Adherence) -> Adherence:
        return Adherence(self.cells + other.cells)

    @classmethod
    def of(cls, asked: LayoutMap, made: LayoutMap) -> Adherence:
        """Count the cells of one scene."""
        kinds, said = len(LAYOUT_CLASSES), asked.classes > 0
        pairs = kinds * asked.classes[said].astype(np.int64) + made.classes[said]
        return cls(np.bincount(pairs, minlength=kinds * kinds).reshape(kinds, kinds))

    @property
    def ious(self) -> dict[str, float]:
        """Intersection over union of every scored class that was asked for."""
        hits, union = self.cells.diagonal(), self.cells.sum(0) + self.cells.sum(1) - self.cells.diagonal()
        places = [LAYOUT_CLASSES.index(name) for name in MAPPED]
        return {LAYOUT_CLASSES[i]: float(hits[i] / union[i]) for i in places if self.cells[i].any()}

    @property
    def miou(self) -> float:
        return float(np.mean(list(self.ious.values())))


@dataclass(frozen=True, eq=False)
class Recogniser:
    """Tells a scene's style by which style's scenes it is nearest to, in the judge's features.

    Attributes
    ----------
    centres
        `(S, D) float64`, the mean of every style.
    """

    styles: tuple[str, ...]
    centres: NDArray[np.float64]

    @classmethod
    def of(cls, features: NDArray[np.float64], styles: Sequence[str]) -> Recogniser:
        """Learn from scenes `(N, D)` whose styles are known."""
        found, told = tuple(sorted(set(styles))), np.asarray(styles)
        return cls(found, np.stack([features[told == style].mean(axis=0) for style in found]))

    def tell(self, features: NDArray[np.float64]) -> str:
        """Name the style of one scene `(D,)`."""
        return self.styles[int(np.square(self.centres - features).sum(axis=1).argmin())]

    def score(self, features: NDArray[np.float64], styles: Sequence[str]) -> float:
        """Give the share of scenes `(N, D)` whose style is told right, each style that occurs counting the same."""
        right: dict[str, list[bool]] = {}
        for row, style in zip(features, styles, strict=True):
            right.setdefault(style, []).append(self.tell(row) == style)
        return float(np.mean([np.mean(hits) for hits in right.values()]))


@dataclass(frozen=True, eq=False)
class Made:
    """One scene that was made to order."""

    wish: Character
    labels: Labels


def score_adherence(session: Session, sampling: Sampling, scenes: SceneSet, count: int) -> Iterator[Adherence]:
    """Make a scene from the map of each of the first `count` scenes; yields the sum so far after each."""
    total, space = Adherence(), label_space(session.load(sampling.model).card.label_space)
    for i in range(min(count, scenes.count)):
        labels = scenes.read(i)
        asked = layout_of(labels, space)
        made = _make(session, replace(sampling, seed=i), labels.shape[:2], asked)
        total += Adherence.of(asked, layout_of(made, space))
        yield total


def wishes(styles: Sequence[str]) -> list[Character]:
    """List what is asked for: each slider at some places, and each style."""
    sliders = [Character(density=d) for d in DENSITIES] + [Character(leaves=v) for v in LEAVES]
    return [*sliders, *(Character(style=style) for style in styles)]


def make_to_order(
    session: Session, sampling: Sampling, size: tuple[int, int], asked: Sequence[Character], count: int
) -> Iterator[Made]:
    """Make `count` scenes of every character; the same seeds for each, so that only the wish differs."""
    for wish in asked:
        for seed in range(count):
            how = replace(sampling, seed=seed, style=wish.style, density=wish.density, leaves=wish.leaves)
            yield Made(wish, _make(session, how, size, None))


def summarise_control(
    made: Sequence[Made], judge: Judge, recogniser: Recogniser, space: LabelSpace
) -> Mapping[str, Any]:
    """Measure what was made to order: slider -> asked -> mean found; of styles the share that is recognised."""
    found: dict[str, dict[str, list[float]]] = {"density": {}, "leaves": {}}
    styled: dict[str, list[bool]] = {}
    for one in made:
        wish = one.wish
        if wish.density is not None:
            rows = found["density"].setdefault(f"{wish.density:g}", [])
            rows.append(measure_density(layout_of(one.labels, space)))
        if wish.leaves is not None:
            leaves = measure_leaves(one.labels, space)
            found["leaves"].setdefault(f"{wish.leaves:g}", []).extend([] if leaves is None else [leaves])
        if wish.style is not None:
            right = recogniser.tell(judge.describe(one.labels)) == wish.style
            styled.setdefault(wish.style, []).append(right)
    means = {name: {k: float(np.mean(v)) for k, v in part.items() if v} for name, part in found.items()}
    return {**means, "style": {style: float(np.mean(hits)) for style, hits in styled.items()}}


def _make(session: Session, sampling: Sampling, size: Sequence[int], layout: LayoutMap | None) -> Labels:
    for step in session.run(GenerateRequest((size[0], size[1]), sampling, layout)):
        if step.result is not None:
            return step.result.labels
    raise SamplingError("the run ended without a scene; run the evaluation again")

"""A model's edits under the judge's eye: does the border of what it made anew show, and does it stay inside."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from types import SimpleNamespace

import numpy as np

from engine.edit import VoxelEdit
from engine.evaluation.scenes import SceneSet
from engine.evaluation.seams import SeamCount, count_box_seams, count_leaks
from engine.grid import Box
from engine.mask import VoxelMask
from engine.scene import VoxelScene
from engine.session import Session
from engine.tasks.request import InpaintRequest, Sampling

EDGE = 96
"""Voxels along the edge of the boxes that are made anew."""


@dataclass(frozen=True)
class EditScore:
    """Over all edits: seams at the sides of the boxes, and voxels changed outside of them, which must be 0."""

    seams: SeamCount = field(default_factory=SeamCount)
    leaks: int = 0

    def __add__(self, other: EditScore) -> EditScore:
        return EditScore(self.seams + other.seams, self.leaks + other.leaks)


def score_edits(session: Session, sampling: Sampling, scenes: SceneSet, count: int) -> Iterator[EditScore]:
    """Regenerate a box at a random place of each of the first `count` scenes; yields the sum so far after each."""
    total = EditScore()
    for i in range(min(count, scenes.count)):
        total += _score_edit(session, sampling, VoxelScene.from_labels(scenes.read(i)), i)
        yield total


def _score_edit(session: Session, sampling: Sampling, scene: VoxelScene, seed: int) -> EditScore:
    rng = np.random.default_rng([seed, 31])
    width, depth, tall = scene.grid.shape
    x, y = (int(rng.integers(1, n - EDGE)) for n in (width, depth))
    box = Box((x, y, 0), (x + EDGE, y + EDGE, tall))
    mask, before = VoxelMask.of_box(box), scene.read()
    request = InpaintRequest(scene.snapshot(), mask, replace(sampling, seed=seed))
    for step in session.run(request):
        if step.result is not None:
            made = step.result
            edit = VoxelEdit.between("inpaint", scene, made.box, made.labels, made.mask.within(made.box))
            edit.apply(SimpleNamespace(scene=scene, mask=VoxelMask.nothing()))
    after = scene.read()
    return EditScore(count_box_seams(after, box, rng), count_leaks(before, after, mask))

from __future__ import annotations

import numpy as np
from fakes import FakeCard, HandRunner, finish, street

from editor.model.choosing import Choosing
from editor.model.document import Document
from editor.model.gallery import Item
from editor.model.options import Options
from editor.model.proposal import Proposal
from editor.model.studio import Studio
from engine.edit import VoxelEdit
from engine.grid import Box
from engine.mask import VoxelMask
from engine.tasks.request import Step

REGION = Box((8, 6, 3), (22, 16, 9))


class Desk:
    """A studio with a car masked, an engine that is turned by hand, and what one does with candidates."""

    def __init__(self, variants: int = 3) -> None:
        self.runner = HandRunner()
        options = Options(seed=4, seed_locked=True, variants=variants)
        self.studio = Studio(self.runner, [FakeCard()], Document(street()), options, dice=lambda: 40)
        self.choosing = Choosing(self.studio)
        self.mask()

    @property
    def labels(self) -> np.ndarray:
        return self.studio.document.scene.read()

    @property
    def proposal(self) -> Proposal:
        assert self.studio.proposal is not None
        return self.studio.proposal

    @property
    def seeds(self) -> list[int]:
        return [c.request.sampling.seed for c in self.proposal.candidates]

    def mask(self, box: Box = REGION) -> None:
        self.studio.document.set_mask("Box", VoxelMask.of_box(box))

    def run(self) -> None:
        self.studio.run()
        self.finish()

    def finish(self) -> None:
        while self.studio.jobs.open_jobs:
            finish(self.studio.jobs, self.runner)

    def step(self, index: int, label: int) -> None:
        """Let the running job show a step."""
        job = self.studio.jobs.running
        box = REGION
        self.studio.jobs.note_step(
            job.id, Step(index, 9, "denoising", box=box, labels=np.full(box.shape, label, np.uint8))
        )

    def erase(self, box: Box) -> None:
        zeros = np.zeros(box.shape, np.uint8)
        self.studio.document.do(VoxelEdit.between("Erase", self.studio.document.scene, box, zeros))

    def item(self, seed: int) -> Item:
        return next(i for i in self.studio.gallery.items if i.candidate.request.sampling.seed == seed)

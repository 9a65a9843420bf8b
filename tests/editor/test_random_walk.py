"""Two thousand random deeds on a small scene, with undo and redo in between; then everything is taken back."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from fakes import CAR, ROAD
from hands import Hand

from editor.model.document import Document
from editor.model.masking import Masking
from editor.model.voxels import Voxels
from editor.tools.box import BoxTool
from editor.tools.brush import BrushTool
from editor.tools.extrude import ExtrudeTool
from editor.tools.lasso import LassoTool
from editor.tools.options import DEPTH_MODES, SPREADS, TIPS, Brush
from editor.tools.pick import PickTool
from editor.tools.stamp import StampTool
from editor.tools.voxels import VoxelBrushTool
from editor.tools.wand import FillTool, WandTool
from engine.errors import ScenewrightError
from engine.scene import VoxelScene

SHAPE = (22, 14, 8)
DEEDS = 2000
TOOLS = (
    BrushTool(),
    BrushTool(erases=True),
    BoxTool(),
    LassoTool(),
    WandTool(),
    VoxelBrushTool("add"),
    VoxelBrushTool("remove"),
    VoxelBrushTool("paint"),
    FillTool(),
    ExtrudeTool(),
    StampTool(),
    PickTool(),
)


def make_scene() -> VoxelScene:
    labels = np.zeros(SHAPE, np.uint8)
    labels[:, :, :2] = ROAD
    labels[4:11, 3:7, 2:5] = CAR
    ids = np.where(labels == CAR, 9, 0).astype(np.uint32)
    return VoxelScene.from_labels(labels, instances=ids)


class Walker:
    """Does one random thing after another; the same seed does the same."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.hand = Hand(Document(make_scene()))
        self.document: Document = self.hand.document
        self.masking = Masking(self.document)
        self.voxels = Voxels(self.document, self.hand.context.clipboard)
        self.refused = 0

    def step(self) -> None:
        deeds = [self.use_tool] * 6 + [self.change_mask, self.change_voxels, self.look, self.go_back]
        try:
            self.choose(deeds)()
        except ScenewrightError:
            self.refused += 1

    def use_tool(self) -> None:
        rng = self.rng
        brush, pen = (Brush(int(rng.integers(k, 4)), 1, self.choose(DEPTH_MODES), self.choose(TIPS)) for k in (1, 0))
        self.hand.take(
            self.choose(TOOLS),
            brush=brush,
            pen=pen,
            spread=self.choose(SPREADS),
            limit=int(rng.integers(0, 6)),
            within_mask=bool(rng.random() < 0.3),
            lift=int(rng.integers(-2, 3)),
            with_air=bool(rng.random() < 0.3),
        )
        points = [tuple(p) for p in rng.uniform((-1, -1), (23, 15), (rng.integers(1, 5), 2)).tolist()]
        keys = tuple(k for k in ("ctrl", "shift", "alt") if rng.random() < 0.15)
        self.hand.press(*points[0], *keys)
        for point in points[1:]:
            self.hand.move(*point, *keys)
        if rng.random() < 0.1:
            self.hand.runner.cancel()
        else:
            self.hand.release(*points[-1], *keys)
        self.hand.runner.hover(self.hand.view.touch(points[0]))

    def change_mask(self) -> None:
        m = self.masking
        deeds = [m.invert, m.clear, m.grow, m.shrink, m.feather, m.from_class, m.from_visible, m.save]
        if self.document.saved_masks:
            name = self.choose(tuple(self.document.saved_masks))
            deeds += [lambda: m.restore(name, self.choose(("replace", "add", "subtract"))), lambda: m.forget(name)]
        self.choose(deeds)()

    def change_voxels(self) -> None:
        v, rng = self.voxels, self.rng
        deeds = [v.fill, v.erase, v.copy, v.cut, lambda: v.replace(int(rng.integers(0, 20)), int(rng.integers(0, 20)))]
        self.choose(deeds)()

    def look(self) -> None:
        classes, label = self.document.classes, int(self.rng.integers(1, 20))
        deeds = [
            lambda: classes.choose(label),
            lambda: classes.set_locked(label, self.rng.random() < 0.08),
            lambda: classes.set_passed(label, self.rng.random() < 0.1),
            classes.swap_ink,
            lambda: self.hand.context.clipboard.turn(1),
            lambda: self.hand.context.clipboard.mirror(0),
        ]
        self.choose(deeds)()

    def go_back(self) -> None:
        self.choose([self.document.undo, self.document.undo, self.document.redo])()

    def choose(self, choices):
        return choices[self.rng.integers(len(choices))]

    def state(self) -> tuple[bytes, bytes, bytes, list[str]]:
        scene = self.document.scene
        masked = self.document.mask.within(scene.box).tobytes()
        return scene.read().tobytes(), scene.read_instances().tobytes(), masked, sorted(self.document.saved_masks)


def test_everything_can_be_taken_back_and_done_again() -> None:
    walker = Walker(seed=12)
    first, history = walker.state(), walker.document.history
    for _ in range(DEEDS):
        walker.step()
    walker.hand.take(PickTool())
    assert walker.document.drawing is None
    assert walker.document.shown_mask is walker.document.mask
    last = walker.state()
    assert first != last
    count = count_steps(lambda: history.undo_name, walker.document.undo)
    assert count > DEEDS / 6
    assert walker.refused < DEEDS / 8
    assert walker.state() == first
    assert "masks" not in walker.document.scene.metadata
    for _ in range(count):
        walker.document.redo()
    assert walker.state() == last


def count_steps(name: Callable[[], str | None], step: Callable[[], None]) -> int:
    count = 0
    while name():
        step()
        count += 1
    return count


def test_the_same_seed_does_the_same() -> None:
    a, b = Walker(seed=3), Walker(seed=3)
    for _ in range(60):
        a.step()
        b.step()
    assert a.state() == b.state()

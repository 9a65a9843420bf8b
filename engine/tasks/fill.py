"""The one way in which tasks make voxels: hidden ones, window by window, given everything else.

Generating hides the whole scene, inpainting hides a mask, outpainting hides what lies beyond the old bounds.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.diffusion.denoiser import Denoise
from engine.diffusion.guidance import by_residual, classifier_free, keep_known, posterior, projected
from engine.diffusion.samplers import SAMPLERS, DenoiseStep, Draw, Sampler, repaint_times, resampled
from engine.errors import GridError, SamplingError
from engine.geometry.maps import CELL, LayoutMap
from engine.grid import Box
from engine.labels import UNKNOWN, label_space
from engine.mask import VoxelMask
from engine.models.character import Character, Composition
from engine.models.composition import district_at
from engine.models.contract import SceneModel
from engine.models.evidence import of_map, of_window
from engine.scene import Labels, VoxelScene
from engine.tasks.crowns import continue_crowns
from engine.tasks.halves import drop_halves
from engine.tasks.kerbs import meet_kerbs
from engine.tasks.level import REACH, level
from engine.tasks.pave import pave
from engine.tasks.request import Preview, Sampling, Step
from engine.tasks.season import thin_crowns
from engine.tasks.settle import settle
from engine.tasks.walls import square_walls

PROJECT_BELOW = 4.0
"""Noise level from which barred classes are taken out of the estimate; above it hardly anything has a shape."""

_PULL_MOST = 1.0
"""How far evidence may pull an estimate in a step; latents deviate by about 1."""

_SEASON_STREAM = 3
"""Told to the random generator, so that leaves and noise share nothing."""

_AUTO_SHARE = 0.35
"""Share of the running time that automatic previews may take, after the first one."""


def require_fit(model: SceneModel, scene: VoxelScene) -> None:
    """Raise `GridError`, with the command that helps, unless a scene is of the kind that a model works on."""
    card, grid = model.card, scene.grid
    wrong = []
    if scene.space != label_space(card.label_space):
        wrong.append(f"classes '{scene.space.name}' instead of '{card.label_space}'")
    if grid.shape[2] != card.height:
        wrong.append(f"height {grid.shape[2]} instead of {card.height} voxels")
    if not np.allclose(grid.voxel_size, card.voxel_size, rtol=1e-3):
        wrong.append(f"voxels of {_sizes(grid.voxel_size)} m instead of {_sizes(card.voxel_size)} m")
    if wrong:
        raise GridError(
            f"the scene has {' and '.join(wrong)}, which model '{card.name}' cannot work on; "
            f"run `scenewright convert IN OUT --like {card.name}` first"
        )


@dataclass
class Canvas:
    """A scene in the making.

    Attributes
    ----------
    scene
        Private to the task; new voxels are written into it.
    hidden
        `(sx, sy, sz) bool` over `region`: voxels that are still to be made.
    layout, layout_at
        Map to follow, and which cell of the scene its first cell is.
    source
        Prediction to refine, as large as the scene.
    composition
        What the scene is to consist of, as `SceneModel.compose` has drawn it.
    leaves
        How full its trees are where nobody wishes for a season: as drawn with it, or as they are around the region.
    """

    scene: VoxelScene
    region: Box
    hidden: NDArray[np.bool_]
    layout: LayoutMap | None = None
    layout_at: tuple[int, int] = (0, 0)
    source: VoxelScene | None = None
    composition: Composition | None = None
    leaves: float | None = None

    def season(self, sampling: Sampling) -> float | None:
        """Tell how full new trees are to be; `None` leaves it to the model."""
        return self.leaves if sampling.leaves is None else sampling.leaves

    def wished(self, sampling: Sampling) -> Character:
        """Tell what the scene is to be like."""
        return replace(sampling.character, leaves=self.season(sampling), composition=self.composition)

    def wished_in(self, window: Box, sampling: Sampling) -> Character:
        """Tell what a window is to be like; where something is known in it, that tells more than a composition."""
        wished = replace(sampling.character, leaves=self.season(sampling))
        if self.composition is None or not self.hidden_in(window).all():
            return wished
        sides = zip(window.lower, window.upper, self.scene.box.shape[:2], strict=False)
        x, y = ((low + high) / 2 / side for low, high, side in sides)
        return replace(wished, composition=district_at(self.composition, (x, y)))

    def hidden_in(self, window: Box) -> NDArray[np.bool_]:
        """Tell what is hidden in a window; what lies outside the scene is, too."""
        out = np.ones(window.shape, dtype=np.bool_)
        inside = window.clip(self.scene.box)
        out[inside.relative_to(window).slices] = VoxelMask(self.region, self.hidden).within(inside)
        return out

    def layout_in(self, window: Box) -> LayoutMap | None:
        """Cut the map to a window, whose corners lie on whole cells."""
        if self.layout is None:
            return None
        (x, y, _), (sx, sy, _) = window.lower, window.shape
        first_x, first_y = self.layout_at
        return self.layout.window(x // CELL - first_x, y // CELL - first_y, (sx // CELL, sy // CELL))

    def left_in(self, window: Box) -> Box:
        """Give the smallest box that holds all voxels of a window that are still to be made."""
        inside = window.clip(self.region)
        return VoxelMask.of_array(self.hidden[inside.relative_to(self.region).slices], inside.lower).box

    def put(self, box: Box, labels: Labels) -> None:
        """Write the hidden voxels of a box within `region`; from now on they are known."""
        own = box.relative_to(self.region).slices
        self.scene.write(box, labels, self.hidden[own])
        self.hidden[own] = False

    def finished(self, box: Box, labels: Labels, sampling: Sampling, barred: Sequence[int]) -> Labels:
        """Put new labels of a box right: walls, kerbs, heights, halves of cars, crowns, season, crumbs, loose things.

        What is beside the box tells heights, and may hold them, as may what will be there.
        """
        tall = self.scene.box.shape[2]
        wide, around = (box.pad((reach, reach, tall)).clip(self.scene.box) for reach in (REACH, 1))
        own = box.relative_to(wide).slices
        unmade = VoxelMask(self.region, self.hidden).within(wide)
        made, together = np.zeros_like(unmade), self.scene.read(wide)
        made[own] = unmade[own]
        together[made] = labels[unmade[own]]
        held, space = unmade & ~made, self.scene.space
        for put_right in (square_walls, meet_kerbs, level, drop_halves, continue_crowns):
            together = put_right(together, made, held, space, barred)
        near, own = around.relative_to(wide).slices, box.relative_to(around).slices
        together, made, held = together[near], made[near], held[near]
        leaves = self.season(sampling)
        if leaves is not None and space.empty not in barred:
            rng = np.random.default_rng([sampling.seed, *box.lower, _SEASON_STREAM])
            together = thin_crowns(together, made, leaves, space, rng)
        for put_right in (pave, settle):
            together = put_right(together, made, held, space, barred)
        return together[own]

    def preview(self, window: Box, labels: Labels) -> tuple[Box, Labels]:
        """Show how a window would look: new voxels over what is there."""
        inside = window.clip(self.region)
        part, own = inside.relative_to(window).slices, inside.relative_to(self.region).slices
        return inside, np.where(self.hidden[own], labels[part], self.scene.read(inside))


def fill(
    model: SceneModel, canvas: Canvas, windows: Sequence[Box], sampling: Sampling, before: int = 0
) -> Generator[Step, None, int]:
    """Make all windows in turn; yields every denoising step, counted on from `before`, and returns their total.

    Closing the generator stops before the next step. One that is to be shown is told twice, without and with its
    picture, since decoding the picture takes longer than a step.
    """
    per_window = count_steps(sampling)
    total = before + len(windows) * per_window
    barred = sampling.barred_ids(canvas.scene.space)
    clock = PreviewClock(sampling.preview)
    for number, window in enumerate(windows):
        stage = f"tile {number + 1} of {len(windows)}" if len(windows) > 1 else "denoising"
        left = canvas.left_in(window)
        if left.is_empty:  # other windows have made all of it
            continue
        reading = Reading.of(model, canvas, window, left, barred, sampling.strength)
        last = None
        for last in sample_window(model, canvas, window, sampling, barred):
            done = before + number * per_window + last.index
            box, labels = None, None
            if clock.is_due() and last.index < last.total:
                yield Step(done, total, stage, last.sigma)  # who wants to stop now need not wait for the picture
                with clock:
                    box, labels = canvas.preview(left, reading.read(last.x0))
            yield Step(done, total, stage, last.sigma, box, labels)
        if last is None or not bool(torch.isfinite(last.x0).all()):
            raise SamplingError("the run gave no usable numbers; try another seed, more steps or less guidance")
        labels = reading.read(last.x0)
        canvas.put(left, labels if canvas.source else canvas.finished(left, labels, sampling, barred))
    return total


@dataclass(frozen=True, eq=False)
class Reading:
    """Reads labels from latents of one window, for the box of what is left to be made there.

    A source that is refined is evidence, which the model weighs. Where it was not taught how far sources are right,
    their labels are favoured; and as autoencoders lose thin things, a voxel then keeps the source's label also where
    the model says of it what it reads from the source itself: it is the reading that is at fault, not the source.

    Attributes
    ----------
    box
        Within the window.
    source
        Labels of the source in the window.
    plain
        What the model reads from the source's latent in the box, where it was not taught better.
    strength
        How far it may leave the source.
    """

    model: SceneModel
    barred: Sequence[int]
    box: Box
    source: Labels | None = None
    plain: Labels | None = None
    strength: float = 1.0

    @classmethod
    def of(
        cls, model: SceneModel, canvas: Canvas, window: Box, left: Box, barred: Sequence[int], strength: float = 1.0
    ) -> Reading:
        box = left.relative_to(window)
        if canvas.source is None:
            return cls(model, barred, box)
        source = canvas.source.read_padded(window, UNKNOWN)
        if model.weighs_sources:
            return cls(model, barred, box, source, strength=strength)
        plain = model.decode(model.encode(torch.from_numpy(source)), (), box)
        return cls(model, barred, box, source, plain.cpu().numpy())

    def read(self, x0: Tensor) -> Labels:
        given = None if self.source is None else torch.from_numpy(self.source)
        labels: Labels = self.model.decode(x0, self.barred, self.box, given, self.strength).cpu().numpy()
        if self.source is None or self.plain is None:
            return labels
        own = self.source[self.box.slices]
        kept = (labels == self.plain) & ~np.isin(own, [*self.barred, UNKNOWN])
        return np.where(kept, own, labels)


def sample_window(
    model: SceneModel, canvas: Canvas, window: Box, sampling: Sampling, barred: Sequence[int]
) -> Iterator[DenoiseStep]:
    """Denoise the latent of one window with all that is known in it."""
    view = _look(canvas, window)
    denoise = _steer(model, view, sampling, canvas.wished_in(window, sampling))
    hidden = view.hidden | (view.labels == UNKNOWN)
    if sampling.keep_known and not bool(hidden.all()):
        known = model.encode(torch.where(hidden, UNKNOWN, view.labels))
        denoise = keep_known(denoise, known, model.latent_mask(hidden))
    if barred:
        denoise = projected(denoise, lambda x0: model.project(x0, barred), PROJECT_BELOW)
    sigmas = model.sigmas(sampling.steps, sampling.strength)
    white = noise_source(window, sampling.seed)
    is_free = view.source is None and bool(view.hidden.all()) and sampling.character.is_open
    x = sigmas[0].item() * model.colour(white, is_free)(
        torch.empty(model.latent_shape(window.shape), device=model.device)
    )
    if sampling.strength < 1.0:
        x = x + model.encode(view.labels)
    yield from _sampler(sampling)(denoise, x, sigmas, model.colour(white))


@dataclass(frozen=True, eq=False)
class _View:
    """What a window shows: labels and what of them is hidden, `(sx, sy, sz)` each, and the like of map and source."""

    labels: Tensor
    hidden: Tensor
    layout: LayoutMap | None
    source: Tensor | None


def _look(canvas: Canvas, window: Box) -> _View:
    source = None if canvas.source is None else torch.from_numpy(canvas.source.read_padded(window, UNKNOWN))
    labels = torch.from_numpy(canvas.scene.read_padded(window, UNKNOWN))
    return _View(labels, torch.from_numpy(canvas.hidden_in(window)), canvas.layout_in(window), source)


def _steer(model: SceneModel, view: _View, sampling: Sampling, wished: Character) -> Denoise:
    """Bind the denoiser to a view, and guide it where it was not taught to look, or not strongly enough."""
    denoise = model.bind(view.labels, view.hidden, view.layout, view.source, wished)
    is_told = view.layout is not None or not sampling.character.is_open
    if is_told and model.follows_maps and sampling.guidance != 1.0:
        whole = Character(leaves=wished.leaves if sampling.leaves is None else None, composition=wished.composition)
        free = model.bind(view.labels, view.hidden, None, view.source, whole)
        denoise = classifier_free(denoise, free, sampling.guidance)
    arrays = view.labels.numpy(), view.hidden.numpy(), None if view.source is None else view.source.numpy()
    if sampling.posterior > 0:
        residual, pull = of_window(model, *arrays, view.layout, sampling.seed), sampling.posterior
    elif view.layout is not None and not model.follows_maps:
        residual, pull = of_map(model, view.layout, sampling.seed), sampling.guidance
    else:
        return denoise
    return denoise if residual is None or pull == 0 else posterior(denoise, residual, by_residual(pull), _PULL_MOST)


def noise_source(window: Box, seed: int, *stream: int) -> Draw:
    """Draw a window's noise from the seed and its place, so that any order of windows draws the same.

    Different `stream` never share noise.
    """
    place = (window.lower[0] % 2**32, window.lower[1] % 2**32)
    words = np.random.SeedSequence([seed, *place, *stream]).generate_state(1, np.uint64)
    generator = torch.Generator().manual_seed(int(words[0] >> np.uint64(1)))
    return lambda like: torch.randn(like.shape, generator=generator).to(like.device)


def count_steps(sampling: Sampling) -> int:
    """Count the steps that one window takes; more than asked for where parts of the walk are repeated."""
    if sampling.resample == 1:
        return sampling.steps
    times = repaint_times(sampling.steps, _jump(sampling), sampling.resample)
    return sum(after < before for before, after in pairwise(times))


def _sampler(sampling: Sampling) -> Sampler:
    sampler = SAMPLERS[sampling.sampler]
    return sampler if sampling.resample == 1 else resampled(sampler, _jump(sampling), sampling.resample)


def _jump(sampling: Sampling) -> int:
    return max(sampling.steps // 5, 1)


class PreviewClock:
    """Decides which steps carry a preview, by what the previews before have cost."""

    def __init__(self, mode: Preview) -> None:
        self.mode = mode
        self._start = time.perf_counter()
        self._spent = 0.0
        self._entered = 0.0
        self._count = 0

    def is_due(self) -> bool:
        """Tell whether the current step should be shown."""
        if self.mode != "auto":
            return self.mode == "every"
        return self._count == 0 or self._spent < _AUTO_SHARE * (time.perf_counter() - self._start)

    def __enter__(self) -> None:
        self._entered = time.perf_counter()

    def __exit__(self, *_: object) -> None:
        self._spent += time.perf_counter() - self._entered
        self._count += 1


def _sizes(values: Sequence[float]) -> str:
    return " x ".join(f"{v:g}" for v in values)

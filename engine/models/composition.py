"""What whole scenes consist of, as a few numbers: drawn first, so that scenes differ as real ones do. No torch here.

A denoiser decides what a scene is like as a whole from a faint tilt of its noise, and comes out near the mean. So a
scene's composition is drawn before its map, and told to both denoisers: the global part of a hierarchical latent (Kim
et al. 2023, NeuralField-LDM), but of numbers that can be read. Their distribution has few dimensions, and
is estimated from the scenes that the model was trained on with a kernel whose spread is that of the whole (Silverman
1986, section 6.4).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from engine.geometry.maps import CELL
from engine.labels import LabelSpace
from engine.models.character import Character, Composition

WINDOW = 32
"""Cells of 8 voxels along the edge of the scenes that compositions are measured of."""

_KERNEL = 0.2
"""Spread of the kernel, as a share of the spread of all scenes."""

_NEAR = 0.15
"""Share of scenes that count as being as dense as wished."""

_SEASON = 0.3
"""Share of scenes that count as being in the season that is wished."""

_HEIGHTS = 3
"""Things whose heights are told: ground, buildings, plants."""


def count_features(space: LabelSpace) -> int:
    """Count the numbers of a composition."""
    return len(space.solid_ids) + 2 * _HEIGHTS


def measure_cells(labels: NDArray[np.uint8], space: LabelSpace) -> NDArray[np.float32]:
    """Sum up what every cell holds, `(X / 8, Y / 8, K) float32` from `(X, Y, Z)`; sums of cells are those of a scene.

    Voxels of each solid class; columns, tops and squared tops of ground, buildings and plants; and in the end whether
    the cell is built over.
    """
    classes, solid = len(space), list(space.solid_ids)
    tables = np.zeros((_HEIGHTS, 256), dtype=np.uint8)
    tables[0, list(space.ids_of("ground"))] = 1
    tables[1, space.find("building")] = tables[2, space.find("vegetation")] = 1
    wide, deep, height = labels.shape[0] // CELL, labels.shape[1] // CELL, labels.shape[2]
    levels, of_cell = np.arange(1, height + 1, dtype=np.uint8), 256 * np.arange(deep)[None, :, None, None]
    out = np.empty((wide, deep, len(solid) + 3 * _HEIGHTS + 1), dtype=np.float32)
    for row in range(wide):  # few rows at once stay in the cache
        strip = labels[row * CELL : (row + 1) * CELL, : deep * CELL]
        keys = of_cell + strip.reshape(CELL, deep, CELL, height)
        counts = np.bincount(keys.ravel(), minlength=256 * deep).reshape(deep, 256)[:, :classes]
        tops = np.stack([(table[strip] * levels).max(axis=2) for table in tables])
        columns = tops.reshape(_HEIGHTS, CELL, deep, CELL).transpose(2, 0, 1, 3).reshape(deep, _HEIGHTS, -1)
        columns = columns.astype(np.float32)
        sums = np.stack([(columns > 0).sum(axis=2), columns.sum(axis=2), (columns * columns).sum(axis=2)], axis=2)
        built = sums[:, 1, :1] >= CELL * CELL / 2
        out[row] = np.concatenate([counts[:, solid], sums.reshape(deep, -1), built], axis=1)
    return out


def compose(cells: NDArray[np.float32], space: LabelSpace, height: int) -> NDArray[np.float32]:
    """Tell the composition `(D,)` of a scene from the sums of its cells `(X, Y, K)`.

    Roots of the classes' shares of all voxels, then mean and deviation of the tops of ground, buildings and plants, in
    voxels; NaN where the scene has none of them.
    """
    total, solid = cells.reshape(-1, cells.shape[2]).sum(axis=0, dtype=np.float64), len(space.solid_ids)
    shares = np.sqrt(total[:solid] / (cells.shape[0] * cells.shape[1] * CELL * CELL * height))
    columns, tops, squares = total[solid : solid + 3 * _HEIGHTS].reshape(_HEIGHTS, 3).T
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = tops / columns
        deviation = np.sqrt(np.maximum(squares / columns - mean * mean, 0.0))
    return np.concatenate([shares, mean, deviation]).astype(np.float32)


@dataclass(frozen=True, eq=False)
class Compositions:
    """What scenes of the training data consist of.

    Attributes
    ----------
    mean, deviation
        `(D,) float32` over all of them.
    rows
        `(N, D) float32` in units of the deviation.
    densities
        `(N,) float32`, the share of cells that are built over.
    styles
        `(N,) int16`, each one's kind of district, by its place among the card's; -1 where it has none.
    leaves
        `(N,) float32`, how full the trees of its world are, 0 in winter to 1 in summer; NaN where that cannot be told.
    """

    mean: NDArray[np.float32]
    deviation: NDArray[np.float32]
    rows: NDArray[np.float32]
    densities: NDArray[np.float32]
    styles: NDArray[np.int16]
    leaves: NDArray[np.float32]

    @classmethod
    def of_worlds(
        cls,
        worlds: Sequence[tuple[NDArray[np.float32], int, float | None]],
        space: LabelSpace,
        height: int,
        count: int,
        seed: int,
    ) -> Compositions:
        """Measure `count` random scenes of worlds: the sums of each world's cells, its style, and its leaves."""
        rng = np.random.default_rng(seed)
        measured, densities, styles, leaves = [], [], [], []
        for number in range(count):
            cells, style, full = worlds[number % len(worlds)]
            x, y = (int(rng.integers(max(n - WINDOW, 0) + 1)) for n in cells.shape[:2])
            part = cells[x : x + WINDOW, y : y + WINDOW]
            measured.append(compose(part, space, height))
            densities.append(part[:, :, -1].mean())
            styles.append(style)
            leaves.append(np.nan if full is None else full)
        values = np.ma.masked_invalid(np.stack(measured))
        mean, deviation = values.mean(axis=0).filled(0.0), values.std(axis=0).filled(0.0)
        deviation = np.where(deviation > 0, deviation, 1.0).astype(np.float32)
        rows = ((values - mean) / deviation).filled(0.0).astype(np.float32)
        of_rows = np.array(densities, np.float32), np.array(styles, np.int16), np.array(leaves, np.float32)
        return cls(mean.astype(np.float32), deviation, rows, *of_rows)

    @cached_property
    def _spread(self) -> NDArray[np.float64]:
        """A root of the covariance of all scenes, `(D, D)`."""
        root = np.linalg.cholesky(np.cov(self.rows.T) + 1e-4 * np.eye(self.rows.shape[1]))
        return np.asarray(root, dtype=np.float64)

    def scale(self, values: NDArray[np.float32]) -> tuple[float, ...]:
        """Bring a composition to units of the deviation; what it has none of becomes the mean."""
        return tuple(np.nan_to_num((values - self.mean) / self.deviation, nan=0.0).tolist())

    def draw_scene(
        self, cells: tuple[int, int], wish: Character, styles: Sequence[str], rng: np.random.Generator
    ) -> Character:
        """Draw what the districts of a new scene of so many cells consist of: one per `WINDOW` cells along each side.

        A scene of the size that models learn from is of one composition, a city of many. Its season is one: that of the
        first district that tells it, where none is wished for.
        """
        wide, deep = (max(round(n / WINDOW), 1) for n in cells)
        rows = []
        for _ in range(wide):
            for _ in range(deep):
                number, drawn = self.draw(wish, styles, rng)
                rows.append(drawn)
                if wish.leaves is None and np.isfinite(self.leaves[number]):
                    wish = replace(wish, leaves=float(np.clip(self.leaves[number], 0.0, 1.0)))
        return replace(wish, composition=tuple(tuple(rows[x * deep : (x + 1) * deep]) for x in range(wide)))

    def draw(self, wish: Character, styles: Sequence[str], rng: np.random.Generator) -> tuple[int, tuple[float, ...]]:
        """Draw the composition of a new scene, in units of the deviation; of those that are as wished, if any is.

        Tells, too, which scene of the table it is like.
        """
        near = np.arange(len(self.rows))
        if wish.style is not None and wish.style in styles:
            near = np.flatnonzero(self.styles == list(styles).index(wish.style))
        if wish.leaves is not None:
            told = near[np.isfinite(self.leaves[near])]
            near = _nearest(told, self.leaves, wish.leaves, _SEASON) if len(told) else near
        if wish.density is not None and len(near):
            near = _nearest(near, self.densities, wish.density, _NEAR)
        if not len(near):
            near = np.arange(len(self.rows))
        number = int(rng.choice(near))
        row = self.rows[number]
        drawn = np.sqrt(1 - _KERNEL**2) * row + _KERNEL * self._spread @ rng.standard_normal(len(row))
        return number, tuple(np.clip(drawn, self.rows.min(axis=0), self.rows.max(axis=0)).tolist())


def _nearest(rows: NDArray[np.int64], values: NDArray[np.float32], wished: float, share: float) -> NDArray[np.int64]:
    """Keep that share of rows whose values are nearest to what is wished, one at least."""
    order = np.argsort(np.abs(values[rows] - wished), kind="stable")
    return rows[order[: max(round(share * len(rows)), 1)]]


def district_at(composition: Composition, at: tuple[float, float]) -> Composition:
    """Cut out the district at a place of the scene, each coordinate as a share of its side."""
    x, y = (min(int(share * n), n - 1) for share, n in zip(at, (len(composition), len(composition[0])), strict=True))
    return ((composition[x][y],),)

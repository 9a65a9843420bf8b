"""What scenes to train on are said to be like."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from engine.data.city.generator import STYLES as WORLD_STYLES
from engine.data.city.world import World
from engine.geometry.maps import LayoutMap, layout_of
from engine.labels import LabelSpace
from engine.models.character import ANY, Character, measure_density, measure_leaves
from engine.models.composition import WINDOW, Compositions, compose, measure_cells

STYLES = WORLD_STYLES
"""Styles that models learn, in the order of their channels; a model's card keeps it."""


def thin_character(whole: Character, layout: LayoutMap, free: float, rng: np.random.Generator) -> Character:
    """Tell the character of a crop, as people do: nothing in a share `free`, else each part two times in three.

    Parameters
    ----------
    whole
        Style and leaves of the world that the crop is from.
    layout
        The crop's map, whose density is told.
    """
    if rng.random() < free:
        return ANY
    tells_style, tells_density, tells_leaves = rng.random(3) < 2 / 3
    return Character(
        whole.style if tells_style else None,
        measure_density(layout) if tells_density else None,
        whole.leaves if tells_leaves else None,
    )


@dataclass(frozen=True, eq=False)
class MappedWorld:
    """A world as a map, with its style and leaves and what each of its cells holds (`composition.measure_cells`)."""

    layout: LayoutMap
    character: Character
    cells: NDArray[np.float32]
    height: int
    space: LabelSpace

    @classmethod
    def of(cls, world: World, space: LabelSpace) -> MappedWorld:
        """Look at a world from above."""
        character = Character(world.style, leaves=measure_leaves(world.labels, space))
        cells = measure_cells(world.labels, space)
        return cls(layout_of(world.labels, space), character, cells, world.labels.shape[2], space)


def measure_compositions(worlds: Sequence[MappedWorld], count: int = 2000) -> Compositions:
    """Measure what scenes of worlds consist of."""
    styles = [STYLES.index(w.character.style) if w.character.style in STYLES else -1 for w in worlds]
    measured = [(w.cells, style, w.character.leaves) for w, style in zip(worlds, styles, strict=True)]
    return Compositions.of_worlds(measured, worlds[0].space, worlds[0].height, count, seed=0)


def composed(
    character: Character,
    world: MappedWorld,
    at: tuple[int, int],
    cells: int,
    compositions: Compositions,
    rng: np.random.Generator,
) -> Character:
    """Tell what a scene around a crop consists of: one of `WINDOW` cells that holds the crop, at a random place.

    Parameters
    ----------
    at, cells
        First cell and edge of the crop.
    """
    room = max(WINDOW - cells, 0)
    x, y = (
        max(min(start - int(rng.integers(room + 1)), size - WINDOW), 0)
        for start, size in zip(at, world.cells.shape[:2], strict=True)
    )
    whole = compose(world.cells[x : x + WINDOW, y : y + WINDOW], world.space, world.height)
    return replace(character, composition=((compositions.scale(whole),),))

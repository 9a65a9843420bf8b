"""What scenes to train on are said to be like."""

from __future__ import annotations

import numpy as np

from engine.data.city.generator import STYLES as WORLD_STYLES
from engine.geometry.maps import LayoutMap
from engine.models.character import ANY, Character, measure_density

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

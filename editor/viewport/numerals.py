"""Numbers made of strokes, for lengths along the edges of a scene."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

# corners of the field a numeral is drawn in, from the upper left one down: 0 1 / 2 3 / 4 5
_CORNERS = np.array([(0, 2), (1, 2), (0, 1), (1, 1), (0, 0), (1, 0)], dtype=np.float64)
_STROKES = {
    "0": ((0, 1), (1, 5), (5, 4), (4, 0)),
    "1": ((1, 5),),
    "2": ((0, 1), (1, 3), (3, 2), (2, 4), (4, 5)),
    "3": ((0, 1), (1, 5), (2, 3), (4, 5)),
    "4": ((0, 2), (2, 3), (1, 5)),
    "5": ((1, 0), (0, 2), (2, 3), (3, 5), (5, 4)),
    "6": ((1, 0), (0, 4), (4, 5), (5, 3), (3, 2)),
    "7": ((0, 1), (1, 5)),
    "8": ((0, 1), (1, 5), (5, 4), (4, 0), (2, 3)),
    "9": ((3, 2), (2, 0), (0, 1), (1, 5), (5, 4)),
    "-": ((2, 3),),
    ".": ((4, 4),),
}
_ADVANCE = 1.65
"""From one numeral to the next, in widths of one."""


def numeral_strokes(text: str, centre: ArrayLike, size: float) -> Floats:
    """Give the strokes of a number in the plane, `(N, 2, 2)`; `size` is half the height of a numeral."""
    strokes = []
    for place, character in enumerate(text):
        for start, stop in _STROKES[character]:
            shift = np.array([place * _ADVANCE, 0.0])
            dot = np.array([0.15, 0.0]) if start == stop else 0.0
            strokes.append((_CORNERS[start] + shift, _CORNERS[stop] + shift + dot))
    middle = np.array([((len(text) - 1) * _ADVANCE + 1) / 2, 1.0])
    return (np.array(strokes).reshape(-1, 2, 2) - middle) * size + np.asarray(centre, dtype=np.float64)


def edge_numbers(lower: Floats, upper: Floats, eye: Floats, pitch: float) -> list[tuple[str, Floats]]:
    """Choose where numbers stand along the two floor edges of a box that are next to the eye.

    Parameters
    ----------
    lower, upper, eye
        `(3,)` metres.
    pitch
        Metres between two numbers.

    Returns
    -------
    Every number with its place `(3,)`: metres from the box's lower corner, beside the edge.
    """
    found = []
    middle = (lower + upper) / 2
    for axis in (0, 1):
        across = 1 - axis
        outside = upper[across] + 0.3 * pitch if eye[across] > middle[across] else lower[across] - 0.3 * pitch
        for metres in np.arange(0, upper[axis] - lower[axis] + 1e-6, pitch):
            place = np.array([0.0, 0.0, lower[2]])
            place[axis], place[across] = lower[axis] + metres, outside
            found.append((f"{metres:.6g}", place))
    return found

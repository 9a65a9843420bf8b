"""Round lengths in metres that fit the zoom: the steps of the floor's grid, and the length of a scale bar."""

from __future__ import annotations

import math

from editor.viewport.orbit import OrbitCamera

_CLOSEST = 14  # pixels between two fine lines of the grid, at least
_LONGEST = 120  # pixels of a scale bar, at most
_FINEST = 0.1
_COARSEST = 500.0


def pixel_size(camera: OrbitCamera, height: int) -> float:
    """Give the metres that a pixel covers at the camera's target, in a picture of `height` pixels."""
    return 2 * camera.half_height / max(height, 1)


def grid_pitch(camera: OrbitCamera, height: int) -> tuple[float, float]:
    """Choose metres between the fine and between the bold lines of the floor: 1, 2 or 5 times a power of ten."""
    wanted = min(max(_CLOSEST * pixel_size(camera, height), _FINEST), _COARSEST)
    fine = round_up(wanted)
    return fine, fine * (4 if _digit(fine) == 5 else 5)


def bar_length(camera: OrbitCamera, height: int) -> float:
    """Choose the metres that a scale bar stands for."""
    return round_down(_LONGEST * pixel_size(camera, height))


def round_up(length: float) -> float:
    """Give the smallest of 1, 2 and 5 times a power of ten that is no less."""
    power = 10.0 ** math.floor(math.log10(length) + 1e-9)
    return next(power * k for k in (1, 2, 5, 10) if power * k >= length * (1 - 1e-9))


def round_down(length: float) -> float:
    """Give the largest of 1, 2 and 5 times a power of ten that is no more."""
    power = 10.0 ** math.floor(math.log10(length) + 1e-9)
    return next(power * k for k in (5, 2, 1) if power * k <= length * (1 + 1e-9))


def write_length(metres: float) -> str:
    """Write a round length with its unit: `20 cm`, `5 m`, `1 km`."""
    if metres >= 1000:
        return f"{metres / 1000:g} km"
    return f"{metres:g} m" if metres >= 1 else f"{metres * 100:g} cm"


def _digit(length: float) -> int:
    return round(length / 10.0 ** math.floor(math.log10(length) + 1e-9))

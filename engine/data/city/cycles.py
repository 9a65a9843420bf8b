"""Models of bicycles and motorcycles, with and without riders."""

from __future__ import annotations

from functools import lru_cache

from engine.data.city.canvas import BICYCLE, BICYCLIST, MOTORCYCLE, MOTORCYCLIST
from engine.data.city.stamps import Shape, Stamp, box, join, render, rings


def _bicycle() -> Shape:
    return join(rings(2.9, 1.7, 0.75), box(-2.9, 2.9, 0.75, 2, 4), box(1.3, 2.5, 1.7, 4, 6))


def _motorcycle() -> Shape:
    return join(rings(3.8, 1.8, 1.2), box(-3.8, 3.8, 1.2, 2, 4), box(2.2, 3.4, 1.7, 4, 6), box(-4.2, 0.8, 1.6, 3, 5))


def _scooter() -> Shape:
    return join(rings(3.2, 1.2, 1.0), box(-3.6, -0.2, 1.4, 2, 4), box(-0.4, 2.0, 1.3, 1, 2), box(2.0, 3.4, 1.3, 1, 6))


def _rider(back: float, front: float) -> Shape:
    return join(box(back, front, 1.6, 4, 7), box(back + 0.3, front + 0.6, 0.9, 7, 9))


@lru_cache(maxsize=128)
def bicycle(heading: int) -> Stamp:
    """Give a parked bicycle, 1.8 m long."""
    return render([(BICYCLE, _bicycle())], heading, 7, 6, 0)


@lru_cache(maxsize=128)
def bicyclist(heading: int) -> Stamp:
    """Give a bicycle with its rider, all of the rider's class."""
    return render([(BICYCLIST, join(_bicycle(), _rider(-1.7, 0.8)))], heading, 7, 10, 1)


@lru_cache(maxsize=256)
def motorcycle(heading: int, scooter: bool = False) -> Stamp:
    """Give a parked motorcycle, 2.2 m long, or a scooter."""
    return render([(MOTORCYCLE, _scooter() if scooter else _motorcycle())], heading, 8, 6, 0)


@lru_cache(maxsize=256)
def motorcyclist(heading: int, scooter: bool = False) -> Stamp:
    """Give a motorcycle or scooter with its rider, all of the rider's class."""
    machine = _scooter() if scooter else _motorcycle()
    return render([(MOTORCYCLIST, join(machine, _rider(-2.2, 0.6)))], heading, 8, 10, 1)

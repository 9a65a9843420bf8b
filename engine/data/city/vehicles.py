"""Models of vehicles and their riders."""

from __future__ import annotations

from functools import lru_cache

from engine.data.city.canvas import BICYCLE, BICYCLIST, CAR, MOTORCYCLE, MOTORCYCLIST, OTHER_VEHICLE, TRUCK
from engine.data.city.stamps import Shape, Stamp, box, join, render, rings, wheels


@lru_cache(maxsize=1024)
def car(variant: int, heading: int) -> Stamp:
    """Give one of six passenger cars: sedan, hatchback, estate, suv, city car, van."""
    length, half, hood, boot, tall = (
        (11.4, 4.6, 6.3, 3.2, 7),
        (10.4, 4.6, 6.0, 0.6, 7),
        (11.6, 4.6, 6.4, 0.5, 7),
        (11.4, 4.7, 5.6, 0.6, 8),
        (8.9, 4.1, 4.2, 0.6, 7),
        (12.4, 4.9, 3.4, 0.1, 10),
    )[variant % 6]
    body = box(-length, length, half, 1, 4)
    cabin = box(-length + boot, length - hood, half, 4, tall - 1)
    roof = box(-length + boot + 0.9, length - hood - 1.4, half - 0.8, tall - 1, tall)
    return render([(CAR, join(body, cabin, roof, wheels(length - 4.2, half)))], heading, 14, tall, 1)


@lru_cache(maxsize=512)
def truck(variant: int, heading: int) -> Stamp:
    """Give one of three trucks: delivery, rigid box, long lorry."""
    length, half, cab, tall = ((15.4, 5.4, 7.0, 13), (20.4, 6.1, 8.0, 16), (29.4, 6.3, 10.0, 18))[variant % 3]
    load = box(-length, length - cab - 1.6, half, 3, tall)
    frame = box(-length + 1, length - 1, half - 1.2, 1, 3)
    front = join(box(length - cab, length, half - 0.3, 1, 7), box(length - cab, length - 1.1, half - 0.3, 7, 11))
    axles = [wheels(length - 5.2, half)] + ([wheels(length - 9.6, half)] if variant % 3 else [])
    return render([(TRUCK, join(load, frame, front, *axles))], heading, 32, tall, 1)


@lru_cache(maxsize=512)
def other_vehicle(variant: int, heading: int) -> Stamp:
    """Give a bus, a minibus, a caravan or a tractor."""
    length, half, tall = ((29.4, 6.4, 15), (18.4, 5.6, 13), (13.4, 5.4, 12), (9.4, 5.2, 11))[variant % 4]
    if variant % 4 == 3:
        body = join(box(-length, length, half - 1.6, 2, 6), box(-length + 1, -length + 9, half - 1, 6, tall))
        running = wheels(length - 4, half, 3.0, 2.2, 4)
    else:
        body = join(
            box(-length, length, half, 1, tall - 1), box(-length + 1.1, length - 1.1, half - 0.9, tall - 1, tall)
        )
        running = wheels(length - 5.4, half)
    return render([(OTHER_VEHICLE, join(body, running))], heading, 32, tall, 1)


def _bicycle() -> Shape:
    return join(rings(2.9, 1.7, 0.75), box(-2.9, 2.9, 0.75, 2, 4), box(1.3, 2.5, 1.7, 4, 6))


def _motorcycle() -> Shape:
    return join(rings(3.8, 1.8, 1.2), box(-3.8, 3.8, 1.2, 2, 4), box(2.2, 3.4, 1.7, 4, 6), box(-4.2, 0.8, 1.6, 3, 5))


def _rider(back: float, front: float) -> Shape:
    return join(box(back, front, 1.6, 4, 7), box(back + 0.3, front + 0.6, 0.9, 7, 9))


@lru_cache(maxsize=64)
def bicycle(heading: int) -> Stamp:
    """Give a parked bicycle, 1.8 m long."""
    return render([(BICYCLE, _bicycle())], heading, 7, 6, 0)


@lru_cache(maxsize=64)
def bicyclist(heading: int) -> Stamp:
    """Give a bicycle with its rider, all of the rider's class."""
    return render([(BICYCLIST, join(_bicycle(), _rider(-1.7, 0.8)))], heading, 7, 10, 1)


@lru_cache(maxsize=64)
def motorcycle(heading: int) -> Stamp:
    """Give a parked motorcycle, 2.2 m long."""
    return render([(MOTORCYCLE, _motorcycle())], heading, 8, 6, 0)


@lru_cache(maxsize=64)
def motorcyclist(heading: int) -> Stamp:
    """Give a motorcycle with its rider, all of the rider's class."""
    return render([(MOTORCYCLIST, join(_motorcycle(), _rider(-2.2, 0.6)))], heading, 8, 10, 1)

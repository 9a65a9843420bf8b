"""Models of cars, trucks, buses and machines."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.data.city.canvas import CAR, OTHER_VEHICLE, TRUCK
from engine.data.city.stamps import Floats, Shape, Stamp, block, box, join, render, wheels


class Body(NamedTuple):
    """A car in voxels: half its length and width, its height and that of its belt, and how its glass leans.

    ``hood`` and ``boot`` are how far windscreen and rear window stand from the ends, at the belt and at the roof.
    """

    length: float
    half: float
    tall: int
    belt: int
    hood: tuple[float, float]
    boot: tuple[float, float]


CARS = (
    Body(11.6, 4.6, 7, 4, (4.8, 9.0), (2.4, 6.0)),  # sedan
    Body(10.4, 4.6, 7, 4, (4.6, 8.4), (0.4, 2.2)),  # hatchback
    Body(11.8, 4.6, 7, 4, (4.8, 8.8), (0.4, 1.6)),  # estate
    Body(11.6, 4.8, 8, 5, (4.8, 7.4), (0.4, 1.6)),  # suv
    Body(8.9, 4.2, 7, 4, (3.2, 6.0), (0.3, 1.2)),  # city car
    Body(12.6, 4.9, 10, 5, (2.0, 5.2), (0.1, 0.5)),  # van
    Body(11.2, 4.6, 6, 3, (4.8, 9.6), (1.4, 7.0)),  # coupe
    Body(10.5, 4.6, 8, 5, (4.4, 7.0), (0.6, 2.2)),  # small suv
    Body(13.4, 4.9, 9, 5, (5.2, 8.0), (10.8, 11.2)),  # pickup
    Body(11.8, 4.7, 9, 5, (3.2, 7.6), (0.3, 1.4)),  # family van
)
CAR_ODDS = (0.2, 0.2, 0.12, 0.15, 0.08, 0.07, 0.03, 0.08, 0.03, 0.04)
TRUCK_ODDS = (0.42, 0.24, 0.14, 0.08, 0.12)
OTHER_ODDS = (0.5, 0.24, 0.16, 0.06, 0.04)


def taper(back: tuple[float, float], front: tuple[float, float], half: tuple[float, float], z0: int, z1: int) -> Shape:
    """A body whose ends and sides lean: each pair holds a bound in its lowest and its highest layer."""

    def shape(u: Floats, v: Floats, z: Floats) -> NDArray[np.bool_]:
        part = np.clip((z - z0) / max(z1 - 1 - z0, 1), 0, 1)
        low, high, wide = (pair[0] + (pair[1] - pair[0]) * part for pair in (back, front, half))
        return np.asarray((u > low) & (u < high) & (np.abs(v) < wide) & (z >= z0) & (z < z1))

    return shape


@lru_cache(maxsize=2048)
def car(variant: int, heading: int) -> Stamp:
    """Give one of the passenger cars in ``CARS``, with leaning windows and a nose."""
    b = CARS[variant % len(CARS)]
    n = b.length
    body = taper((-n + 0.4, -n), (n, n - 0.7), (b.half, b.half), 1, b.belt)
    cabin = taper(
        (-n + b.boot[0], -n + b.boot[1]), (n - b.hood[0], n - b.hood[1]), (b.half, b.half - 0.9), b.belt, b.tall
    )
    return render([(CAR, join(body, cabin, wheels(n - 4.2, b.half)))], heading, 15, b.tall, 1)


@lru_cache(maxsize=1024)
def truck(variant: int, heading: int) -> Stamp:
    """Give one of five trucks: delivery, rigid box, long lorry, articulated lorry, tipper."""
    length, half, cab, tall = (
        (15.4, 5.4, 7.0, 13),
        (20.4, 6.1, 8.0, 16),
        (29.4, 6.3, 10.0, 18),
        (41.0, 6.3, 11.0, 19),
        (19.4, 6.2, 9.0, 13),
    )[variant % 5]
    gap = 4.0 if variant % 5 == 3 else 1.4
    frame = box(-length + 1, length - 1, half - 1.2, 1, 3)
    front = join(
        box(length - cab, length, half - 0.2, 1, 7),
        taper((length - cab, length - cab), (length - 0.2, length - 1.6), (half - 0.2, half - 0.4), 7, 12),
    )
    load = box(-length, length - cab - gap, half, 3, tall)
    if variant % 5 == 4:
        load = taper((-length, -length - 0.8), (length - cab - gap, length - cab + 1), (half - 0.4, half), 3, 9)
    axles = [wheels(length - 5.2, half, 2.4, 2.4, 2)] + (
        [wheels(length - 10.4, half, 2.4, 2.4, 2)] if variant % 5 else []
    )
    return render([(TRUCK, join(load, frame, front, *axles))], heading, int(length) + 3, tall, 1)


@lru_cache(maxsize=1024)
def other_vehicle(variant: int, heading: int) -> Stamp:
    """Give a bus, a minibus, a caravan, a tractor or an excavator."""
    if variant % 5 == 3:
        return _tractor(heading)
    if variant % 5 == 4:
        return _excavator(heading)
    length, half, tall = ((29.4, 6.4, 15), (16.4, 5.4, 13), (13.4, 5.4, 12))[variant % 5]
    return render([(OTHER_VEHICLE, coach(length, half, tall, True, True))], heading, int(length) + 3, tall, 1)


def coach(length: float, half: float, tall: int, nose: bool, tail: bool) -> Shape:
    """The body of a bus or of a part of one; ``nose`` and ``tail`` ends lean, others meet the next part."""
    lean = 1.3
    upper = taper((-length, -length + lean * tail), (length, length - lean * nose), (half, half - 0.3), 5, tall - 1)
    roof = box(-length + 1.2 * tail, length - 1.5 * nose, half - 1.0, tall - 1, tall)
    return join(box(-length, length, half, 1, 5), upper, roof, wheels(length - 6.4, half, 2.4, 2.4, 1))


def _tractor(heading: int) -> Stamp:
    body = join(box(-8.4, 9.4, 3.4, 2, 6), taper((-7.4, -6.4), (1.6, 0.6), (4.2, 3.8), 6, 12))
    tyres = join(wheels(6.4, 5.2, 2.0, 2.2, 3), block(-9.4, -2.6, -5.4, -2.8, 0, 7), block(-9.4, -2.6, 2.8, 5.4, 0, 7))
    return render([(OTHER_VEHICLE, join(body, tyres))], heading, 12, 12, 1)


def _excavator(heading: int) -> Stamp:
    def arm(u: Floats, v: Floats, z: Floats) -> NDArray[np.bool_]:
        rise = np.where(u < 11, 6 + (u - 3) * 0.9, 13.2 - (u - 11) * 1.3)
        return np.asarray((u > 2.5) & (u < 18.5) & (np.abs(v) < 1.3) & (np.abs(z - rise) < 1.5))

    tracks = join(block(-8.4, 8.4, -6.2, -3.0, 0, 4), block(-8.4, 8.4, 3.0, 6.2, 0, 4), box(-4, 4, 4.0, 2, 4))
    house = join(box(-9.4, 3.4, 5.4, 4, 9), block(-1.6, 4.6, 0.6, 5.4, 4, 14))
    bucket = box(16.0, 21.0, 3.2, 0, 5)
    return render([(OTHER_VEHICLE, join(tracks, house, arm, bucket))], heading, 24, 16, 1)

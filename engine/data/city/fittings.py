"""Models of what stands in parks, yards, pitches and building sites, beyond what every street has.

Frames, posts and small boxes are poles; panels, nets, rails, benches, columns with bills and kiosks are fence, as bus
shelters are; machines other vehicles.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from engine.data.city.canvas import EMPTY, FENCE, OTHER_VEHICLE, POLE, SIGN
from engine.data.city.stamps import Floats, Shape, Stamp, block, box, join, render


def _posts(u: float, v: float, tall: float, half: float = 0.75) -> Shape:
    """Four posts at the corners (+-u, +-v)."""
    corners = [(a * u, b * v) for a in (-1, 1) for b in (-1, 1)]
    return join(*(block(x - half, x + half, y - half, y + half, 0, tall) for x, y in corners))


@lru_cache(maxsize=128)
def goal(heading: int) -> Stamp:
    """Give a football goal that opens to its heading, 5 x 2.2 m, with its net."""
    frame = join(
        *(block(-0.75, 0.75, s * 12 - 0.75, s * 12 + 0.75, 0, 11) for s in (-1, 1)), box(-0.75, 0.75, 12.7, 10, 11)
    )
    net = join(block(-5.7, -4.6, -12, 12, 0, 7), box(-5.7, -0.5, 12, 6, 7), box(-1.8, -0.5, 12, 6, 11))
    return render([(FENCE, net), (POLE, frame)], heading, 16, 11, 0)


@lru_cache(maxsize=128)
def hoop(heading: int) -> Stamp:
    """Give a basketball hoop that faces its heading."""
    shape = join(box(-0.8, 0.8, 0.8, 0, 16), box(-0.8, 5.0, 0.8, 15, 16), box(3.6, 5.0, 4.6, 15, 20))
    return render([(POLE, shape)], heading, 8, 20, 0)


@lru_cache(maxsize=128)
def flood(heading: int) -> Stamp:
    """Give a mast with floodlights that face its heading."""
    shape = join(box(-1.1, 1.1, 1.1, 0, 30), box(-0.6, 1.6, 5.2, 27, 30))
    return render([(POLE, shape)], heading, 8, 30, 0)


@lru_cache(maxsize=128)
def crane(heading: int) -> Stamp:
    """Give the foot of a tower crane: a lattice mast that leaves the scene at its top."""
    rungs = [box(-3.7, 3.7, 3.7, z, z + 1) for z in range(6, 40, 6)]
    hollow = join(*(lambda u, v, z, r=r: r(u, v, z) & (np.maximum(np.abs(u), np.abs(v)) > 2.2) for r in rungs))
    return render([(POLE, join(_posts(3, 3, 40, 0.8), hollow, box(-5, 5, 5, 0, 2)))], heading, 8, 40, 1)


def _arm(u: Floats, v: Floats, z: Floats) -> NDArray[np.bool_]:
    """A digger's arm: up to an elbow and down to the bucket."""
    height = np.where(u < 13, 5 + (u - 4) * 0.9, 13.1 - (u - 13) * 1.5)
    return np.asarray((np.abs(v) < 1.3) & (np.abs(z - height) < 1.6) & (u > 3) & (u < 20))


@lru_cache(maxsize=128)
def digger(heading: int) -> Stamp:
    """Give an excavator on tracks with a bent arm ahead."""
    tracks = join(block(-8, 8, 2.5, 6.2, 0, 3), block(-8, 8, -6.2, -2.5, 0, 3), box(-4, 4, 3, 2, 4))
    body = join(box(-8.4, 4.5, 5.6, 4, 8), block(-1.5, 4.5, 0.5, 5.6, 8, 13))
    bucket = box(17, 21, 2.7, 1, 5)
    return render([(OTHER_VEHICLE, join(tracks, body, _arm, bucket))], heading, 24, 15, 1)


@lru_cache(maxsize=128)
def swing(heading: int) -> Stamp:
    """Give a pair of swings under a bar."""
    legs = join(*(block(a - 0.75, a + 0.75, b - 0.75, b + 0.75, 0, 11) for a in (-8, 8) for b in (-2, 2)))
    bars = join(box(-8.5, 8.5, 0.75, 10, 11), box(-8.6, -7.4, 2.6, 9, 11), box(7.4, 8.6, 2.6, 9, 11))
    seats = join(
        *(join(block(a - 0.6, a + 0.6, -0.6, 0.6, 2, 11), block(a - 1.6, a + 1.6, -0.75, 0.75, 2, 3)) for a in (-3, 3))
    )
    return render([(POLE, join(legs, bars, seats))], heading, 12, 11, 0)


@lru_cache(maxsize=128)
def slide(heading: int) -> Stamp:
    """Give a slide: a platform on posts and a chute ahead of it."""

    def chute(u: Floats, v: Floats, z: Floats) -> NDArray[np.bool_]:
        return np.asarray((np.abs(v) < 1.6) & (u > 1) & (u < 11) & (np.abs(z - (8 - (u - 2) * 0.85)) < 1.2))

    deck = join(block(-4, 2.4, -2.6, 2.6, 7, 8), box(-4.2, -3, 2.6, 8, 12))
    return render([(FENCE, join(chute, deck)), (POLE, _posts(2.9, 2.1, 12))], heading, 14, 13, 0)


@lru_cache(maxsize=128)
def climb(heading: int) -> Stamp:
    """Give a climbing frame: a cage of bars."""
    bars = [box(-5.6, 5.6, 5.6, z, z + 1) for z in (4, 9)]
    rim = join(*(lambda u, v, z, b=b: b(u, v, z) & (np.maximum(np.abs(u), np.abs(v)) > 4.0) for b in bars))
    posts = join(_posts(5, 5, 10), block(-0.75, 0.75, -5.8, -4.2, 0, 10), block(-0.75, 0.75, 4.2, 5.8, 0, 10))
    return render([(POLE, join(rim, posts))], heading, 9, 10, 0)


@lru_cache(maxsize=128)
def bench(heading: int) -> Stamp:
    """Give a bench that faces its heading, 1.6 m wide."""
    seat, back = box(-1.6, 0.75, 4, 2, 3), box(-1.6, -0.5, 4, 2, 5)
    legs = join(block(-1.6, 0.75, 2.2, 3.4, 0, 3), block(-1.6, 0.75, -3.4, -2.2, 0, 3))
    return render([(FENCE, join(seat, back, legs))], heading, 6, 5, 0)


@lru_cache(maxsize=64)
def bin_(variant: int) -> Stamp:
    """Give a litter bin, a hydrant, a letter box, a parking meter, a cabinet or wheeled bins in a row."""
    shapes = (
        box(-1.2, 1.2, 1.2, 0, 5),
        join(box(-0.6, 0.6, 0.6, 0, 5), box(-0.6, 0.6, 1.6, 2, 4)),
        join(box(-0.6, 0.6, 0.6, 0, 7), box(-1.2, 1.2, 1.2, 3, 7)),
        join(box(-0.6, 0.6, 0.6, 0, 8), box(-0.6, 1.2, 0.6, 5, 8)),
        box(-1.2, 1.2, 3.2, 0, 7),
        join(*(block(-1.6, 1.6, v - 1.4, v + 1.4, 0, 5) for v in (-3.5, 0, 3.5))),
    )
    return render([(POLE, shapes[variant % 6])], 0, 6, 8, 0)


@lru_cache(maxsize=64)
def kiosk(heading: int) -> Stamp:
    """Give a kiosk that opens to its heading, with a roof that reaches over its counter."""
    room, roof = box(-6.0, 5.0, 6.0, 0, 12), box(-7.0, 7.6, 7.0, 12, 13)
    opening = block(3.9, 5.1, -4, 4, 5, 10)
    return render([(FENCE, join(room, roof)), (EMPTY, opening)], heading, 12, 13, 1)


@lru_cache(maxsize=64)
def column(variant: int) -> Stamp:
    """Give an advertising column, or a flat board on a foot."""
    if variant % 2:
        return render([(FENCE, join(box(-0.8, 0.8, 3.6, 3, 12), box(-0.8, 0.8, 1.2, 0, 3)))], variant % 48, 6, 12, 0)

    def drum(u: Floats, v: Floats, z: Floats) -> NDArray[np.bool_]:
        wide = np.where(z > 14, 3.9, 3.2)
        return np.asarray((u * u + v * v < wide * wide) & (z < 16))

    return render([(FENCE, drum)], 0, 6, 16, 0)


@lru_cache(maxsize=128)
def rail(heading: int) -> Stamp:
    """Give a piece of guard rail along its heading, 1.6 m long."""
    shape = join(box(-4.1, 4.1, 0.75, 2, 5), box(-0.75, 0.75, 0.75, 0, 5))
    return render([(FENCE, shape)], heading, 6, 5, 0)


@lru_cache(maxsize=64)
def pylon(heading: int) -> Stamp:
    """Give a tall sign of a shop or a petrol station on a post."""
    return render([(POLE, box(-1.1, 1.1, 1.1, 0, 24)), (SIGN, box(-1.1, 1.1, 6.2, 22, 31))], heading, 9, 31, 0)

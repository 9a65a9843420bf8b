"""Models of people and of the small things that stand on sidewalks."""

from __future__ import annotations

from functools import lru_cache

from engine.data.city.canvas import FENCE, PERSON, POLE, SIGN
from engine.data.city.stamps import Stamp, block, box, join, render

LAMP_KINDS, SIGN_KINDS, PERSON_KINDS = 3, 5, 4
BOARD = 4


@lru_cache(maxsize=512)
def person(variant: int, heading: int) -> Stamp:
    """Give a standing or walking person, 1.6 to 1.8 m."""
    top = 8 if variant == 3 else 9
    stride = (0.0, 1.0, 1.0, 0.0)[variant % PERSON_KINDS]
    legs = [
        join(
            block(-1.3 + stride * side, 0.5 + stride * side, side * 0.8 - 0.65, side * 0.8 + 0.65, 0, 2),
            block(-1.3, 0.5, side * 0.8 - 0.65, side * 0.8 + 0.65, 2, 4),
        )
        for side in (-1, 1)
    ]
    torso, head = box(-1.2, 0.75, 1.45, 4, top - 2), box(-1.2, 0.75, 0.75, top - 2, top)
    return render([(PERSON, join(*legs, torso, head))], heading, 4, 9, 0)


@lru_cache(maxsize=512)
def lamp(variant: int, heading: int) -> Stamp:
    """Give a street lamp: two sizes with an arm along the heading, or a globe."""
    tall, arm = ((26, 8.4), (22, 5.4), (17, 1.4))[variant % LAMP_KINDS]
    post = box(-0.8, 0.8, 0.8, 0, tall)
    if variant % LAMP_KINDS == 2:
        return render([(POLE, join(post, box(-1.5, 1.5, 1.5, tall - 2, tall + 1)))], heading, 10, tall + 1, 0)
    bar = join(box(-0.5, arm, 0.6, tall - 1, tall), box(arm - 3.2, arm, 1.3, tall - 2, tall - 1))
    return render([(POLE, join(post, bar))], heading, 10, tall, 0)


@lru_cache(maxsize=512)
def sign(variant: int, heading: int) -> Stamp:
    """Give a traffic sign that faces the heading: small, square, wide, double, or a board on two posts."""
    half, low, high = ((1.7, 10, 13), (1.7, 10, 14), (2.2, 11, 14), (1.7, 8, 14), (4.6, 12, 18))[variant % SIGN_KINDS]
    post = box(-0.7, 0.7, 0.7, 0, low)
    if variant % SIGN_KINDS == BOARD:
        post = join(block(-0.7, 0.7, 2.8, 4.0, 0, high), block(-0.7, 0.7, -4.0, -2.8, 0, high))
    return render([(POLE, post), (SIGN, box(-0.45, 1.05, half, low, high))], heading, 7, high, 0)


@lru_cache(maxsize=512)
def signal(variant: int, heading: int) -> Stamp:
    """Give a traffic light that faces the heading: at the kerb, or with an arm over the lane to its left."""
    if variant % 2 == 0:
        return render([(POLE, box(-0.7, 0.7, 0.7, 0, 13)), (SIGN, box(-0.2, 1.9, 1.2, 8, 13))], heading, 4, 13, 0)
    post = join(box(-0.7, 0.7, 0.7, 0, 20), block(-0.7, 0.7, -0.5, 13, 19, 20))
    heads = join(box(-0.2, 1.9, 1.2, 9, 13), block(-0.5, 1.7, 10.3, 12.7, 15, 20))
    return render([(POLE, post), (SIGN, heads)], heading, 15, 20, 0)


@lru_cache(maxsize=64)
def bollard(tall: int) -> Stamp:
    """Give a short post."""
    return render([(POLE, box(-0.5, 0.5, 0.5, 0, tall))], 0, 1, tall, 0)


@lru_cache(maxsize=64)
def shelter(heading: int) -> Stamp:
    """Give a bus shelter, open to its heading: three walls and a roof, with a stop sign beside it."""
    walls = join(
        block(-3.4, -2.3, -10, 10, 0, 12), block(-3.4, 2.4, -10, -8.8, 0, 12), block(-3.4, 2.4, 8.8, 10, 0, 12)
    )
    post = block(-0.6, 0.6, 13.3, 14.7, 0, 12)
    plate = block(-0.6, 0.6, 12.4, 15.6, 11, 15)
    return render(
        [(FENCE, join(walls, block(-3.4, 3.6, -10, 10, 12, 13))), (POLE, post), (SIGN, plate)], heading, 17, 15, 0
    )

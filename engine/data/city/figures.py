"""Models of people and of the small things that stand on sidewalks."""

from __future__ import annotations

from functools import lru_cache

from engine.data.city.canvas import FENCE, PERSON, POLE, SIGN
from engine.data.city.stamps import Stamp, block, box, join, render

LAMP_KINDS, SIGN_KINDS, PERSON_KINDS = 5, 5, 8
BOARD, DOUBLE_LAMP, LANTERN = 4, 3, 4
_TALL = (9, 9, 8, 8, 9, 9, 6, 7)


@lru_cache(maxsize=1024)
def person(variant: int, heading: int) -> Stamp:
    """Give a standing or walking person: adults of 1.6 to 1.8 m, one with a bag, and two children."""
    variant %= PERSON_KINDS
    top, stride = _TALL[variant], (0.0, 1.0, 1.0, 0.0, -1.0, 0.0, 0.75, 0.0)[variant]
    hip, wide = (4, 1.45) if top > 7 else (3, 1.2)
    feet = []
    for side in (-1, 1):
        step, v = stride * side, 0.8 * side
        feet += [
            block(-1.3 + min(step, 0), 0.6 + max(step, 0), v - 0.75, v + 0.75, 0, 2),
            block(-1.3, 0.6, v - 0.75, v + 0.75, 0, hip),
        ]
    parts = [*feet, box(-1.2, 0.75, wide, hip, top - 2), box(-1.2, 0.75, 0.75, top - 2, top)]
    if variant == 4:
        parts.append(block(-1.0, 0.8, 1.2, 2.2, 3, 6))
    if variant == 5:
        parts += [block(0.5, 1.6, -1.2, 1.2, 4, 6), block(-2.2, -0.9, -1.2, 1.2, 4, 7)]
    return render([(PERSON, join(*parts))], heading, 4, 9, 0)


@lru_cache(maxsize=512)
def lamp(variant: int, heading: int) -> Stamp:
    """Give a street lamp: two sizes with an arm along the heading, a globe, arms to both sides, or a low lantern."""
    variant %= LAMP_KINDS
    tall, arm = ((26, 8.4), (22, 5.4), (17, 1.4), (27, 8.4), (13, 1.0))[variant]
    post = box(-0.8, 0.8, 0.8, 0, tall)
    if variant in (2, LANTERN):
        return render([(POLE, join(post, box(-1.5, 1.5, 1.5, tall - 2, tall + 1)))], heading, 10, tall + 1, 0)
    back = arm if variant == DOUBLE_LAMP else 0.5
    bar = join(box(-back, arm, 0.75, tall - 1, tall), box(arm - 3.2, arm, 1.3, tall - 2, tall - 1))
    if variant == DOUBLE_LAMP:
        bar = join(bar, box(-arm, 3.2 - arm, 1.3, tall - 2, tall - 1))
    return render([(POLE, join(post, bar))], heading, 10, tall, 0)


@lru_cache(maxsize=512)
def sign(variant: int, heading: int) -> Stamp:
    """Give a traffic sign that faces the heading: small, square, wide, double, or a board on two posts."""
    half, low, high = ((1.7, 10, 13), (1.7, 10, 14), (2.2, 11, 14), (1.7, 8, 14), (4.6, 12, 18))[variant % SIGN_KINDS]
    post = box(-0.75, 0.75, 0.75, 0, low)
    if variant % SIGN_KINDS == BOARD:
        post = join(block(-0.75, 0.75, 2.8, 4.0, 0, high), block(-0.75, 0.75, -4.0, -2.8, 0, high))
    return render([(POLE, post), (SIGN, box(-0.45, 1.05, half, low, high))], heading, 7, high, 0)


@lru_cache(maxsize=512)
def signal(variant: int, heading: int) -> Stamp:
    """Give a traffic light that faces the heading: at the kerb, with an arm over one lane to its left, or over two."""
    if variant % 3 == 0:
        return render([(POLE, box(-0.75, 0.75, 0.75, 0, 13)), (SIGN, box(-0.2, 1.9, 1.2, 8, 13))], heading, 4, 13, 0)
    reach, tall = ((13.0, 20), (25.0, 24))[variant % 3 - 1]
    post = join(box(-0.75, 0.75, 0.75, 0, tall), block(-0.75, 0.75, -0.5, reach, tall - 1, tall))
    heads = join(box(-0.2, 1.9, 1.2, 9, 13), block(-0.5, 1.7, reach - 2.7, reach - 0.3, tall - 5, tall))
    if variant % 3 == 2:
        heads = join(heads, block(-0.5, 1.7, 11.0, 13.4, tall - 5, tall))
    return render([(POLE, post), (SIGN, heads)], heading, int(reach) + 3, tall, 0)


@lru_cache(maxsize=128)
def nameplate(heading: int) -> Stamp:
    """Give a post at a corner with the names of both streets."""
    plates = join(box(-4.2, 0.75, 0.75, 12, 14), block(-0.75, 0.75, -0.75, 4.2, 14, 16))
    return render([(POLE, box(-0.75, 0.75, 0.75, 0, 16)), (SIGN, plates)], heading, 7, 16, 0)


@lru_cache(maxsize=128)
def utility(heading: int) -> Stamp:
    """Give a utility pole: a tall mast with one or two bars across the heading and a transformer."""
    bars = join(box(-0.75, 0.75, 6.2, 28, 29), box(-0.75, 0.75, 4.2, 25, 26))
    return render(
        [(POLE, join(box(-0.9, 0.9, 0.9, 0, 31), bars, block(-1.6, 1.6, -3.4, -0.4, 20, 24)))], heading, 9, 31, 0
    )


@lru_cache(maxsize=128)
def gantry(half: int, heading: int) -> Stamp:
    """Give a frame over a whole carriageway ``half`` wide to each side, with boards that face its heading."""
    legs = join(*(block(-0.9, 0.9, s * half - 0.9, s * half + 0.9, 0, 28) for s in (-1, 1)))
    beam = join(box(-0.9, 0.9, half + 0.9, 27, 28), box(-0.9, 0.9, half + 0.9, 24, 25))
    boards = join(*(block(-0.2, 1.7, s * half / 2 - 6.2, s * half / 2 + 6.2, 23, 29) for s in (-1, 1)))
    return render([(POLE, join(legs, beam)), (SIGN, boards)], heading, half + 4, 29, 0)


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
    post = block(-0.75, 0.75, 13.25, 14.75, 0, 12)
    plate = block(-0.75, 0.75, 12.4, 15.6, 11, 15)
    return render(
        [(FENCE, join(walls, block(-3.4, 3.6, -10, 10, 12, 13))), (POLE, post), (SIGN, plate)], heading, 17, 15, 0
    )

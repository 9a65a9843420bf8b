"""Small voxel models of vehicles, people and street furniture, turned to any of some headings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from engine.data.city.canvas import (
    BICYCLE,
    BICYCLIST,
    CAR,
    MOTORCYCLE,
    MOTORCYCLIST,
    OTHER_VEHICLE,
    PERSON,
    POLE,
    SIGN,
    TRUCK,
)

HEADINGS = 48
Floats = NDArray[np.float64]
Shape = Callable[[Floats, Floats, Floats], NDArray[np.bool_]]


@dataclass(frozen=True)
class Stamp:
    """A small model: ``voxels`` (n, 3) int32 offsets, ``labels`` (n,) uint8, ``base`` (k, 2) columns, ``foot`` (m, 2)
    columns that have to be free (the base and a margin).
    """

    voxels: NDArray[np.int32]
    labels: NDArray[np.uint8]
    base: NDArray[np.int32]
    foot: NDArray[np.int32]


def make_stamp(voxels: NDArray[np.int32], labels: NDArray[np.uint8], margin: int, low: int = 3) -> Stamp:
    """Wrap voxels as a stamp; its base are the columns with voxels below ``low``, its foot that plus ``margin``."""
    base = np.unique(voxels[voxels[:, 2] < low, :2], axis=0)
    around = np.stack(np.meshgrid(*[np.arange(-margin, margin + 1)] * 2, indexing="ij"), -1).reshape(-1, 2)
    foot = np.unique((base[:, None] + around[None]).reshape(-1, 2), axis=0)
    return Stamp(voxels, labels, base, foot.astype(np.int32))


def heading_index(ux: float, uy: float) -> int:
    """Round a direction to one of HEADINGS steps, to pick a turned stamp."""
    return int(np.floor(np.arctan2(uy, ux) / (2 * np.pi) * HEADINGS + 0.5)) % HEADINGS


def _turned(heading: int, reach: int, tall: int) -> tuple[Floats, Floats, Floats]:
    """Local coordinates (u, v, z) of a voxel box around a model that faces ``heading``."""
    angle = 2 * np.pi * heading / HEADINGS
    ux, uy = round(float(np.cos(angle)), 9), round(float(np.sin(angle)), 9)
    dx, dy, z = np.meshgrid(np.arange(-reach, reach + 1), np.arange(-reach, reach + 1), np.arange(tall), indexing="ij")
    return dx * ux + dy * uy, dy * ux - dx * uy, z.astype(np.float64)


def _render(shapes: list[tuple[int, Shape]], heading: int, reach: int, tall: int, margin: int) -> Stamp:
    u, v, z = _turned(heading, reach, tall)
    labels = np.zeros(u.shape, np.uint8)
    for label, shape in shapes:
        labels[shape(u, v, z)] = label
    x, y, z_index = np.nonzero(labels)
    voxels = np.stack([x - reach, y - reach, z_index], 1).astype(np.int32)
    return make_stamp(voxels, labels[x, y, z_index], margin)


def _box(u0: float, u1: float, half: float, z0: int, z1: int) -> Shape:
    return lambda u, v, z: (u > u0) & (u < u1) & (np.abs(v) < half) & (z >= z0) & (z < z1)


def _wheels(front: float, half: float) -> Shape:
    return lambda u, v, z: (np.abs(np.abs(u) - front) < 2.1) & (np.abs(v) < half) & (np.abs(v) > half - 2.4) & (z < 1)


def _join(*shapes: Shape) -> Shape:
    def union(u: Floats, v: Floats, z: Floats) -> NDArray[np.bool_]:
        return np.logical_or.reduce([shape(u, v, z) for shape in shapes])

    return union


@lru_cache(maxsize=4096)
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
    body = _box(-length, length, half, 1, 4)
    cabin = _box(-length + boot, length - hood, half, 4, tall - 1)
    roof = _box(-length + boot + 0.9, length - hood - 1.4, half - 0.8, tall - 1, tall)
    return _render([(CAR, _join(body, cabin, roof, _wheels(length - 4.2, half)))], heading, 14, tall, 1)


@lru_cache(maxsize=4096)
def truck(variant: int, heading: int) -> Stamp:
    """Give one of three trucks: delivery, rigid box, long lorry."""
    length, half, cab, tall = ((15.4, 5.4, 7.0, 13), (20.4, 6.1, 8.0, 16), (29.4, 6.3, 10.0, 18))[variant % 3]
    load = _box(-length, length - cab - 1.6, half, 3, tall)
    frame = _box(-length + 1, length - 1, half - 1.2, 1, 3)
    front = _join(_box(length - cab, length, half - 0.3, 1, 7), _box(length - cab, length - 1.1, half - 0.3, 7, 11))
    wheels = _join(
        _wheels(length - 5.2, half), _wheels(length - 9.6, half) if variant % 3 else _wheels(length - 5.2, half)
    )
    return _render([(TRUCK, _join(load, frame, front, wheels))], heading, 32, tall, 1)


@lru_cache(maxsize=4096)
def other_vehicle(variant: int, heading: int) -> Stamp:
    """Give a bus, a minibus, a caravan or a tractor-like machine."""
    length, half, tall = ((29.4, 6.4, 15), (18.4, 5.6, 13), (13.4, 5.4, 12), (9.4, 5.2, 11))[variant % 4]
    body = _join(
        _box(-length, length, half, 1, tall - 1), _box(-length + 1.1, length - 1.1, half - 0.9, tall - 1, tall)
    )
    if variant % 4 == 3:
        body = _join(_box(-length, length, half - 1.6, 2, 6), _box(-length + 1, -length + 9, half - 1, 6, tall))
    wheels = _wheels(length - 5.4, half)
    tall_wheel: Shape = lambda u, v, z: (
        (np.abs(np.abs(u) - length + 4) < 3) & (np.abs(v) < half) & (np.abs(v) > half - 2.2) & (z < 4)
    )
    return _render([(OTHER_VEHICLE, _join(body, tall_wheel if variant % 4 == 3 else wheels))], heading, 32, tall, 1)


def _cycle(wheel: float, gap: float, thick: float) -> Shape:
    ring: Shape = lambda u, v, z: (
        (((np.abs(u) - gap) ** 2 + (z - wheel + 0.4) ** 2) < wheel**2 + 0.3) & (np.abs(v) < thick)
    )
    return _join(ring, _box(-gap, gap, thick, 2, 4), _box(gap - 1.6, gap - 0.4, 1.7, 4, 6))


def _rider(back: float, front: float, top: int) -> Shape:
    torso = _box(back, front, 1.6, 4, top - 1)
    head = _box(back + 0.3, front + 0.6, 0.9, top - 1, top + 1)
    return _join(torso, head)


@lru_cache(maxsize=512)
def bicycle(heading: int) -> Stamp:
    """Give a parked bicycle, 1.8 m long."""
    return _render([(BICYCLE, _cycle(1.7, 2.9, 0.75))], heading, 7, 6, 0)


@lru_cache(maxsize=512)
def bicyclist(heading: int) -> Stamp:
    """Give a bicycle with its rider, all of the rider's class."""
    return _render([(BICYCLIST, _join(_cycle(1.7, 2.9, 0.75), _rider(-1.7, 0.8, 8)))], heading, 7, 10, 1)


@lru_cache(maxsize=512)
def motorcycle(heading: int) -> Stamp:
    """Give a parked motorcycle, 2.2 m long."""
    return _render([(MOTORCYCLE, _join(_cycle(1.8, 3.8, 1.2), _box(-4.2, 0.8, 1.6, 3, 5)))], heading, 8, 6, 0)


@lru_cache(maxsize=512)
def motorcyclist(heading: int) -> Stamp:
    """Give a motorcycle with its rider, all of the rider's class."""
    shape = _join(_cycle(1.8, 3.8, 1.2), _box(-4.2, 0.8, 1.6, 3, 5), _rider(-2.2, 0.6, 8))
    return _render([(MOTORCYCLIST, shape)], heading, 8, 10, 1)


@lru_cache(maxsize=512)
def person(variant: int, heading: int) -> Stamp:
    """Give a standing or walking person, 1.6 to 1.8 m."""
    top = 9 - (variant == 3)
    stride = (0.0, 1.0, 1.0, 0.0)[variant % 4]

    def legs(u: Floats, v: Floats, z: Floats) -> NDArray[np.bool_]:
        swing = np.where(z < 2, stride, 0.0) * np.sign(v + 0.1)
        return (np.abs(u - swing + 0.4) < 0.9) & (np.abs(np.abs(v) - 0.8) < 0.65) & (z < 4)

    torso = _box(-1.2, 0.75, 1.45, 4, top - 2)
    head = _box(-1.2, 0.75, 0.75, top - 2, top)
    return _render([(PERSON, _join(legs, torso, head))], heading, 4, 9, 0)


@lru_cache(maxsize=512)
def lamp(variant: int, heading: int) -> Stamp:
    """Give a street lamp whose arm points along the heading."""
    tall, arm = ((26, 8.4), (22, 5.4), (17, 1.4))[variant % 3]
    foot: Shape = lambda u, v, z: (np.abs(u) < 0.8) & (np.abs(v) < 0.8) & (z < tall)  # noqa: E731
    bar = _join(_box(-0.5, arm, 0.6, tall - 1, tall), _box(arm - 3.2, arm, 1.3, tall - 2, tall - 1))
    globe = _box(-1.5, 1.5, 1.5, tall - 2, tall + 1)
    return _render([(POLE, _join(foot, globe if variant % 3 == 2 else bar))], heading, 10, tall + 1, 0)


@lru_cache(maxsize=512)
def sign(variant: int, heading: int) -> Stamp:
    """Give a traffic sign on its pole; the plate faces the heading: round, square, triangle, double, board."""
    half, low, high = ((1.7, 10, 13), (1.7, 10, 14), (2.2, 11, 14), (1.7, 8, 14), (4.6, 12, 18))[variant % 5]
    if variant % 5 == 4:
        post: Shape = lambda u, v, z: (np.abs(u) < 0.7) & (np.abs(np.abs(v) - 3.4) < 0.6) & (z < high)  # noqa: E731
    else:
        post = _box(-0.7, 0.7, 0.7, 0, low)
    plate: Shape = lambda u, v, z: (np.abs(u - 0.3) < 0.75) & (np.abs(v) < half) & (z >= low) & (z < high)  # noqa: E731
    return _render([(POLE, post), (SIGN, plate)], heading, 7, high, 0)


@lru_cache(maxsize=512)
def signal(variant: int, heading: int) -> Stamp:
    """Give a traffic light facing the heading: at the kerb, or with an arm over the lane to its left."""
    tall = 20 if variant % 2 else 13
    post = _box(-0.7, 0.7, 0.7, 0, tall)
    head = _box(-0.2, 1.9, 1.2, tall - 5, tall)
    if variant % 2 == 0:
        return _render([(POLE, post), (SIGN, head)], heading, 4, tall, 0)
    arm: Shape = lambda u, v, z: (np.abs(u) < 0.7) & (v > -0.5) & (v < 13) & (z == tall - 1)  # noqa: E731
    far: Shape = lambda u, v, z: (np.abs(u - 0.6) < 1.1) & (np.abs(v - 11.5) < 1.2) & (z >= tall - 5) & (z < tall)  # noqa: E731
    return _render([(POLE, _join(post, arm)), (SIGN, _join(_box(-0.2, 1.9, 1.2, 9, 13), far))], heading, 15, tall, 0)


@lru_cache(maxsize=64)
def bollard(tall: int) -> Stamp:
    """Give a short post."""
    voxels = np.stack([np.zeros(tall), np.zeros(tall), np.arange(tall)], 1).astype(np.int32)
    return make_stamp(voxels, np.full(tall, POLE, np.uint8), 0)

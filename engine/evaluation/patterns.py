"""Counts of labels in a scene: how often each class occurs at each height, and each small block of labels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.evaluation.distribution import jensen_shannon, kullback_leibler

WIDTHS = (2, 3)
BUCKETS = 1 << 18
"""Patterns are counted by hash. Where two share a bucket the divergence is too small, never too large."""

_FACTORS = (np.uint32(0x9E3779B1), np.uint32(0x85EBCA77), np.uint32(0xC2B2AE3D))
_SPREAD = np.arange(1, 257, dtype=np.uint32) * np.uint32(0x27D4EB2F)


def count_classes(labels: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Count every train id in every height slice of `(X, Y, Z) uint8`: `(Z, 256) int64`."""
    tall = labels.shape[2]
    places = labels.astype(np.int32) + 256 * np.arange(tall, dtype=np.int32)
    return np.bincount(places.ravel(), minlength=256 * tall).reshape(tall, 256)


def count_patterns(labels: NDArray[np.uint8], width: int) -> NDArray[np.int64]:
    """Count all blocks of `width`^3 labels of `(X, Y, Z) uint8`, sliding by one voxel: `(BUCKETS,) int64`.

    The rolling hash goes axis by axis, so the cost grows with the width and not with its cube.
    """
    codes = _SPREAD[labels]
    for axis, factor in enumerate(_FACTORS):
        codes = _roll(codes, axis, width, factor)
    buckets = (codes ^ (codes >> np.uint32(15))) & np.uint32(BUCKETS - 1)
    return np.bincount(buckets.ravel().astype(np.intp), minlength=BUCKETS)


def class_divergence(held_out: NDArray[np.int64], generated: NDArray[np.int64]) -> float:
    """Compare class histograms `(Z, 256)` of two sets, overall: Jensen-Shannon divergence in bits."""
    return jensen_shannon(held_out.sum(axis=0), generated.sum(axis=0))


def slice_divergences(held_out: NDArray[np.int64], generated: NDArray[np.int64]) -> list[float]:
    """Compare class histograms `(Z, 256)` of two sets slice by slice, from the floor up."""
    return [jensen_shannon(a, b) for a, b in zip(held_out, generated, strict=True)]


def pattern_divergence(held_out: NDArray[np.int64], generated: NDArray[np.int64]) -> float:
    """Compare pattern counts `(W, BUCKETS)` of two sets: mean over the widths of the KL divergence in bits (TPKL)."""
    return float(np.mean([kullback_leibler(a, b) for a, b in zip(held_out, generated, strict=True)]))


def _roll(codes: NDArray[np.uint32], axis: int, width: int, factor: np.uint32) -> NDArray[np.uint32]:
    count = codes.shape[axis] - width + 1
    parts = [codes[(slice(None),) * axis + (slice(i, i + count),)] for i in range(width)]
    out = parts[0].copy()
    for part in parts[1:]:
        out *= factor
        out += part
    out ^= out >> np.uint32(13)
    return out

"""Batches that are drawn while the network still learns from the ones before."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

import numpy as np
import torch

_Batch = TypeVar("_Batch")


class DrawnAhead(Generic[_Batch]):
    """An endless stream of batches; the same ones, in the same order, whatever the number of threads.

    Parameters
    ----------
    draw
        Draws one batch from a random generator of its own, with arrays only.
    seed
        Together with a batch's number the seed of its generator.
    threads
        How many draw at once, twice as many batches are kept; 0 draws each when it is asked for.
    """

    def __init__(self, draw: Callable[[np.random.Generator], _Batch], seed: int, threads: int = 0) -> None:
        self._draw, self._seed, self._ahead = draw, seed, 2 * threads
        self._pool = ThreadPoolExecutor(threads, "draw") if threads else None
        self._waiting: deque[Future[_Batch]] = deque()
        self._next = 0

    def take(self) -> _Batch:
        """Give the next batch; raises what drawing it raised."""
        if self._pool is None:
            self._next += 1
            return self._make(self._next - 1)
        while len(self._waiting) < self._ahead:
            self._waiting.append(self._pool.submit(self._make, self._next))
            self._next += 1
        return self._waiting.popleft().result()

    def _make(self, number: int) -> _Batch:
        return self._draw(np.random.default_rng([self._seed, number]))


def draw_threads(device: torch.device) -> int:
    """Count the threads that keep a device busy: none where the CPU itself is what computes."""
    return 0 if device.type == "cpu" else max(min((os.cpu_count() or 1) - 2, 12), 1)

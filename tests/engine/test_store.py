from __future__ import annotations

import threading

import numpy as np
import pytest

from engine.errors import GridError
from engine.grid import Box
from engine.store import CHUNK, ChunkStore

SHAPE = (150, 70, 9)


def make_store() -> ChunkStore:
    return ChunkStore(SHAPE, {"labels": np.uint8, "instances": np.uint32}, {"labels": 7})


def random_box(rng: np.random.Generator) -> Box:
    a, b = np.sort(rng.integers(0, np.array(SHAPE) + 1, (2, 3)), axis=0)
    return Box(tuple(a.tolist()), tuple(b.tolist()))


def test_store_equals_an_array_after_any_writes() -> None:
    rng = np.random.default_rng(3)
    store = make_store()
    array = {"labels": np.full(SHAPE, 7, np.uint8), "instances": np.zeros(SHAPE, np.uint32)}
    for _ in range(60):
        box, channel = random_box(rng), ("labels", "instances")[rng.integers(2)]
        values = rng.integers(0, 255, box.shape).astype(array[channel].dtype)
        mask = None if rng.random() < 0.3 else rng.random(box.shape) < 0.5
        store.write(box, values, mask, channel)
        np.copyto(array[channel][box.slices], values, where=True if mask is None else mask)
    for channel, expected in array.items():
        assert np.array_equal(store.read(Box.of_shape(SHAPE), channel), expected)
        box = Box((60, 10, 2), (140, 70, 7))
        assert np.array_equal(store.read(box, channel), expected[box.slices])


def test_unwritten_chunks_cost_nothing() -> None:
    store = make_store()
    store.write(Box((65, 0, 0), (66, 1, 1)), np.ones((1, 1, 1), np.uint8))
    assert store.nbytes() == CHUNK * CHUNK * 9
    store.write(Box((0, 0, 0), (9, 9, 9)), np.ones((9, 9, 9), np.uint8), np.zeros((9, 9, 9), bool))
    assert store.nbytes() == CHUNK * CHUNK * 9


def test_a_snapshot_shares_chunks_until_someone_writes() -> None:
    store = make_store()
    whole = Box.of_shape(SHAPE)
    first = np.random.default_rng(4).integers(0, 20, SHAPE).astype(np.uint8)
    store.write(whole, first)
    snapshot = store.snapshot()
    assert all(np.shares_memory(a, b) for a, b in zip(store._chunks.values(), snapshot._chunks.values(), strict=True))

    store.write(Box((63, 63, 0), (66, 66, 3)), np.full((3, 3, 3), 99, np.uint8))
    assert np.array_equal(snapshot.read(whole), first)
    copied = sum(not np.shares_memory(store._chunks[k], snapshot._chunks[k]) for k in store._chunks)
    assert copied == 4

    now = store.read(whole)
    snapshot.write(Box((0, 0, 0), (1, 1, 1)), np.full((1, 1, 1), 55, np.uint8))
    second = snapshot.snapshot()
    snapshot.write(Box((1, 0, 0), (2, 1, 1)), np.full((1, 1, 1), 56, np.uint8))
    assert np.array_equal(store.read(whole), now)
    assert second.read(Box((0, 0, 0), (2, 1, 1))).ravel().tolist() == [55, first[1, 0, 0]]


def test_a_snapshot_in_another_thread_is_not_changed_by_later_writes() -> None:
    store = make_store()
    whole = Box.of_shape(SHAPE)
    store.write(whole, np.full(SHAPE, 1, np.uint8))
    snapshot, done, seen = store.snapshot(), threading.Event(), []

    def look() -> None:
        while not done.is_set():
            seen.append(set(np.unique(snapshot.read(whole)).tolist()))
        seen.append(set(np.unique(snapshot.read(whole)).tolist()))

    thread = threading.Thread(target=look)
    thread.start()
    for value in range(2, 60):
        store.write(whole, np.full(SHAPE, value, np.uint8))
    done.set()
    thread.join()
    assert all(values == {1} for values in seen)
    assert set(np.unique(store.read(whole)).tolist()) == {59}


def test_what_is_read_is_a_copy() -> None:
    store = make_store()
    box = Box((0, 0, 0), (2, 2, 2))
    store.write(box, np.ones(box.shape, np.uint8))
    store.read(box)[:] = 9
    assert (store.read(box) == 1).all()


def test_a_new_channel_reads_as_zero() -> None:
    store = ChunkStore((5, 6, 7), {"labels": np.uint8})
    store.add_channel("instances", np.uint32)
    assert not store.read(Box.of_shape((5, 6, 7)), "instances").any()
    assert store.channels == ("labels", "instances")


def test_boxes_outside_and_strange_channels_are_refused() -> None:
    store = make_store()
    with pytest.raises(GridError, match="leaves the store"):
        store.read(Box((0, 0, 0), (151, 1, 1)))
    with pytest.raises(GridError, match="no channel 'depth'; the scene has: labels, instances"):
        store.read(Box((0, 0, 0), (1, 1, 1)), "depth")

"""Pairs moved to places unlike the worlds: truth and predictions change alike."""

from __future__ import annotations

import numpy as np

from engine.data.scans.pairs import Pair
from engine.labels import UNKNOWN, label_space
from engine.training.elsewhere import estrange, raise_columns

SPACE = label_space()
ROAD, SIDEWALK, TERRAIN, BUILDING, CAR = (
    SPACE.find(name) for name in ("road", "sidewalk", "terrain", "building", "car")
)


def place() -> Pair:
    labels = np.zeros((64, 48, 32), np.uint8)
    labels[:, :, :3], labels[:, :16, :2] = TERRAIN, SIDEWALK
    labels[20:40, :, :2], labels[20:40, :, 2] = ROAD, 0
    labels[44:60, 20:40, :14], labels[24:30, 8:30, 2:8] = BUILDING, CAR
    invalid = np.zeros(labels.shape, np.bool_)
    invalid[:, :, 20:] = True
    hits = np.where(labels == BUILDING, UNKNOWN, labels).astype(np.uint8)
    return Pair(labels, invalid, {"same": labels.copy(), "scan": hits})


def test_columns_rise_on_what_is_lowest_and_sink_into_it() -> None:
    volume = np.arange(1, 7, dtype=np.uint8).reshape(1, 1, 6).repeat(3, axis=1)
    found = raise_columns(volume, np.array([[0, 2, -3]]))
    assert found[0].tolist() == [[1, 2, 3, 4, 5, 6], [1, 1, 1, 2, 3, 4], [4, 5, 6, 6, 6, 6]]


def test_truth_and_predictions_move_alike() -> None:
    pair, ground = place(), np.array(SPACE.ids_of("ground"))
    alike = moved = 0
    for seed in range(40):
        found = estrange(pair, np.random.default_rng(seed))
        assert found.complete.shape == found.invalid.shape == pair.complete.shape
        assert found.complete.dtype == np.uint8
        assert found.invalid.dtype == np.bool_
        assert set(found.sources) == {"same", "scan"}
        assert (found.complete[:, :, 0] != 0).all()
        had = np.isin(pair.complete, ground).any(axis=2).mean()
        assert np.isin(found.complete, ground).any(axis=2).mean() > had - 0.1
        assert not (found.complete == UNKNOWN).any()
        assert (found.sources["scan"] == UNKNOWN).any()
        alike += np.array_equal(found.sources["same"], found.complete)
        moved += not np.array_equal(found.complete, pair.complete)
        off = found.sources["same"] != found.complete
        assert off.mean() < 0.12
    assert 16 <= alike < 40  # patches of some predictions are too high or too low
    assert moved >= 36


def test_one_seed_one_place() -> None:
    first, again = (estrange(place(), np.random.default_rng(5)) for _ in range(2))
    assert np.array_equal(first.complete, again.complete)
    assert all(np.array_equal(first.sources[name], again.sources[name]) for name in first.sources)


def test_streets_lose_their_pavements_in_truth_and_predictions_at_once() -> None:
    pair, lost = place(), 0
    for seed in range(40):
        found = estrange(pair, np.random.default_rng(seed))
        gone = [not (labels == SIDEWALK).any() for labels in (found.complete, found.sources["same"])]
        assert gone[0] == gone[1]
        lost += gone[0]
    assert 5 < lost < 30

"""Whole models trained by one command, and batches drawn ahead."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from engine.errors import RequestError
from engine.models.cards import read_card
from engine.training import chains, recipes
from engine.training.ahead import DrawnAhead
from engine.training.chains import CHAINS
from engine.training.loop import TrainStep
from engine.training.runs import TrainOptions
from tests.engine.tiny import build_tiny


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, TrainOptions]]:
    """Every recipe takes three steps and leaves a tiny model; what it was told is kept."""
    told: list[tuple[str, TrainOptions]] = []

    def run(name: str, options: TrainOptions) -> Iterator[TrainStep]:
        told.append((name, options))
        for step in (1, 2, 3):
            yield TrainStep(step, 1.0, 0.1, step / 3)
        build_tiny(options.out)

    monkeypatch.setattr(recipes, "train", run)
    return told


def test_a_chain_runs_its_recipes_each_from_what_the_one_before_left(
    tmp_path: Path, asked: list[tuple[str, TrainOptions]]
) -> None:
    options = TrainOptions(tmp_path / "run", tmp_path / "worlds", minutes=40.0)
    steps = list(chains.train("city", options))
    names = ["city-autoencoder", "city-decoder", "city-prior", "city-layout", "city-refine"]
    assert [s.step for s in steps] == list(range(1, 16))
    assert [name for name, _ in asked] == names
    assert [o.start for _, o in asked] == [None, *(options.out / name for name in names[:-1])]
    assert [o.minutes for _, o in asked] == pytest.approx([10.0, 4.0, 14.0, 6.0, 6.0])
    assert {o.data for _, o in asked} == {tmp_path / "worlds"}
    card = read_card(options.out)
    card.verify()
    assert card.files == read_card(options.out / "city-refine").files


def test_what_is_finished_is_not_run_again(tmp_path: Path, asked: list[tuple[str, TrainOptions]]) -> None:
    options = TrainOptions(tmp_path / "run", tmp_path / "worlds", resume=True)
    build_tiny(options.out / "city-autoencoder")
    build_tiny(options.out / "city-decoder")
    (options.out / "city-prior").mkdir()
    (options.out / "city-prior" / "checkpoint.pt").touch()
    assert len(list(chains.train("city", options))) == 9
    assert [(name, o.resume) for name, o in asked] == [
        ("city-prior", True),
        ("city-layout", False),
        ("city-refine", False),
    ]
    assert not list(chains.train("city", options)), "now all is finished"


def test_shares_of_the_time_add_up() -> None:
    for parts in CHAINS.values():
        assert sum(share for _, share in parts) == pytest.approx(1.0)
        assert {name for name, _ in parts} <= set(recipes.names())


def test_unknown_names_list_what_there_is(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="'cities'; there are: city, semcity, semcity-full, city-autoencoder"):
        next(chains.train("cities", TrainOptions(tmp_path)))


def test_batches_drawn_ahead_are_the_same_in_the_same_order() -> None:
    def draw(rng: np.random.Generator) -> float:
        names.add(threading.current_thread().name)
        return float(rng.random())

    names: set[str] = set()
    plain = DrawnAhead(draw, seed=5)
    one = [plain.take() for _ in range(40)]
    assert names == {threading.current_thread().name}
    ahead = DrawnAhead(draw, seed=5, threads=3)
    assert [ahead.take() for _ in range(40)] == one
    assert len(set(one)) == 40
    assert [DrawnAhead(draw, seed=6).take()] != one[:1]
    assert any(name.startswith("draw") for name in names)


def test_what_goes_wrong_while_drawing_is_told_to_who_takes() -> None:
    def draw(rng: np.random.Generator) -> float:
        raise ValueError("no worlds")

    with pytest.raises(ValueError, match="no worlds"):
        DrawnAhead(draw, seed=0, threads=2).take()

from __future__ import annotations

from pathlib import Path

import pytest

from engine.models.cards import ModelCard
from engine.session import Session
from engine.tasks.request import Sampling
from tests.engine.tiny import build_tiny


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> ModelCard:
    """A small untrained `city` model in a folder of its own; `str(tiny.folder)` names it."""
    folder: Path = tmp_path_factory.mktemp("models") / "tiny"
    return build_tiny(folder)


@pytest.fixture(scope="module")
def session() -> Session:
    """A session on the processor."""
    return Session("cpu")


@pytest.fixture(scope="module")
def sampling(tiny: ModelCard) -> Sampling:
    """Two steps of `tiny`."""
    return Sampling(model=str(tiny.folder), seed=3, steps=2, device="cpu")

from __future__ import annotations

from pathlib import Path

import pytest

from engine.models.cards import ModelCard
from tests.engine.tiny import build_tiny


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> ModelCard:
    """A small untrained `city` model in a folder of its own; `str(tiny.folder)` names it."""
    folder: Path = tmp_path_factory.mktemp("models") / "tiny"
    return build_tiny(folder)

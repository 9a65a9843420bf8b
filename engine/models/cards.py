"""Which models there are and where their weights lie. No torch: windows and help texts read this."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from engine.errors import ModelError
from engine.resources import shipped, user_data

CARD = "card.json"


@dataclass(frozen=True)
class ModelCard:
    """What one must know of a model before loading it; stored as `card.json` beside the weights.

    Attributes
    ----------
    name, title
        Short name for `--model`, and one line for people.
    kind
        Which code runs it (`city`, ...).
    label_space, height, voxel_size
        Scenes it works on: classes, voxels along z, metres.
    cell
        Sizes and places of regions snap to this many voxels along x and y.
    window
        Voxels along x and y that it handles at once; larger scenes are made window by window.
    files
        File name -> sha256 of the weights.
    config
        Sizes of the networks, by part.
    styles
        Kinds of districts that can be asked for; a model with any can also be asked for density and leaves.
    training
        Recipe, data, steps, minutes, hardware and scores.
    """

    name: str
    title: str
    kind: str
    label_space: str
    height: int
    voxel_size: tuple[float, float, float]
    cell: int
    window: int
    files: dict[str, str]
    config: dict[str, Any] = field(default_factory=dict)
    styles: list[str] = field(default_factory=list)
    training: dict[str, Any] = field(default_factory=dict)
    folder: Path = Path()

    @property
    def sha256(self) -> str:
        """One hash for all weights of the model."""
        return hashlib.sha256("".join(self.files[n] for n in sorted(self.files)).encode()).hexdigest()

    def verify(self) -> None:
        """Check that every weight file is there and unharmed; raises `ModelError` otherwise."""
        for name, expected in self.files.items():
            path = self.folder / name
            if not path.is_file():
                raise ModelError(f"model '{self.name}': {path} is missing; install the weights again")
            with path.open("rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
            if found != expected:
                raise ModelError(
                    f"model '{self.name}': {path} is damaged (sha256 {found[:12]}, card says {expected[:12]}); "
                    "install the weights again"
                )

    def write(self, folder: Path) -> None:
        """Write `card.json` into a folder."""
        data = asdict(self)
        del data["folder"]
        (folder / CARD).write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")


def read_card(folder: Path) -> ModelCard:
    """Read the card of a model folder; raises `ModelError` where there is none or it is damaged."""
    path = folder / CARD
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        data["voxel_size"] = tuple(data["voxel_size"])
        return ModelCard(**data, folder=folder)
    except OSError as error:
        raise ModelError(f"{folder} holds no model ({CARD}: {error.strerror}); name a folder with a card") from error
    except (ValueError, TypeError, KeyError) as error:
        raise ModelError(f"{path} is no model card ({error}); compare it with a shipped one") from error


def list_models() -> list[ModelCard]:
    """List the user's own and the shipped models, by name; an own one hides a shipped one."""
    found: dict[str, ModelCard] = {}
    for folder in _folders():
        card = read_card(folder)
        found.setdefault(card.name, card)
    return [found[n] for n in sorted(found)]


def find_model(name: str) -> ModelCard:
    """Find a model by name or folder; raises `ModelError` with the names there are."""
    folder = Path(name)
    if (folder / CARD).is_file():
        return read_card(folder)
    models = {card.name: card for card in list_models()}
    if name not in models:
        known = ", ".join(sorted(models)) or "none"
        raise ModelError(f"no model '{name}'; there are: {known}; or give a folder with a {CARD}")
    return models[name]


def _folders() -> Iterator[Path]:
    for root in (user_data("models"), shipped("weights")):
        yield from sorted(p.parent for p in root.glob(f"*/{CARD}"))

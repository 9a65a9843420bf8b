"""Shipped scenes, for a first look that needs no model."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from engine.resources import shipped


@dataclass(frozen=True)
class Sample:
    """One shipped scene.

    Attributes
    ----------
    name
        Of its files, and of the scene in scripts.
    title, words
        What it shows.
    scene, picture
        Files.
    """

    name: str
    title: str
    words: str
    scene: Path
    picture: Path


def list_samples() -> list[Sample]:
    """List the shipped scenes in the order in which they are shown."""
    folder = shipped("scenes")
    entries = json.loads((folder / "index.json").read_text(encoding="utf-8"))
    return [
        Sample(e["name"], e["title"], e["words"], folder / f"{e['name']}.scw", folder / f"{e['name']}.jpg")
        for e in entries
    ]

"""Weights from elsewhere: checked, and stored among the user's own models."""

from __future__ import annotations

import hashlib
import re
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from engine.errors import ModelError
from engine.models.cards import CARD, ModelCard, read_card
from engine.models.semcity.autoencoder import TriplaneAutoencoder
from engine.models.semcity.checkpoints import State, network_of, read_state
from engine.models.semcity.model import SemcityModel
from engine.models.semcity.unet import TriplaneUNet
from engine.models.zoo import SEMCITY_GRIDS, SemcityParts, load, save_semcity
from engine.resources import user_data

KINDS = ("semcity",)


def import_weights(files: Sequence[Path], kind: str, name: str) -> ModelCard:
    """Store checkpoints of another implementation as a model in the user's data folder; gives its card.

    A `semcity` model consists of autoencoder and UNet, and maybe a second UNet that refines predictions, which may come
    together or one after the other: what a model of that name has already is kept. A failed import leaves everything as
    it was.

    Raises `ModelError` where a file is not exactly what it should be, or the name is taken by a model of another kind.
    """
    if kind not in KINDS:
        raise ModelError(f"weights cannot be imported as '{kind}'; there is: {', '.join(KINDS)}")
    target = _target(name, kind)
    before = _load_present(target)
    states = {path: read_state(path) for path in files}
    parts = _assemble(states, before)
    record = {**(before.card.training if before else {}), **{path.name: _describe(path) for path in files}}
    return _replace(target, parts, record)


def _target(name: str, kind: str) -> Path:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", name):
        raise ModelError(f"a model cannot be called '{name}'; take letters, digits, '-' and '_'")
    target = user_data("models", name)
    if (target / CARD).is_file() and read_card(target).kind != kind:
        raise ModelError(f"{target} is a model of kind '{read_card(target).kind}'; choose another --name")
    return target


def _load_present(target: Path) -> SemcityModel | None:
    if not (target / CARD).is_file():
        return None
    model = load(read_card(target), "cpu")
    return model if isinstance(model, SemcityModel) else None


def _assemble(states: Mapping[Path, State], before: SemcityModel | None) -> SemcityParts:
    """Put together what the files hold and what was there before."""
    autoencoder = before.autoencoder if before else None
    denoiser = before.denoiser if before else None
    refiner = before.refiner if before else None
    for path, state in sorted(states.items(), key=lambda item: "embedding.weight" not in item[1]):
        network = network_of(state, _depth(autoencoder), path)
        if isinstance(network, TriplaneAutoencoder):
            _require_classes(network, path)
            autoencoder = network
        elif network.config.given:
            refiner = network
        else:
            denoiser = network
    if autoencoder is None:
        raise ModelError(
            f"{next(iter(states))} is a UNet, of no use without its autoencoder; give both files in one command"
        )
    for unet in (denoiser, refiner):
        _require_match(autoencoder, unet)
    return SemcityParts(autoencoder, denoiser, refiner)


def _depth(autoencoder: TriplaneAutoencoder | None) -> int:
    return SEMCITY_GRIDS[autoencoder.config.classes][1].shape[2] if autoencoder else 0


def _require_classes(autoencoder: TriplaneAutoencoder, path: Path) -> None:
    if autoencoder.config.classes not in SEMCITY_GRIDS:
        known = " or ".join(f"{count} ({space})" for count, (space, _) in SEMCITY_GRIDS.items())
        raise ModelError(f"{path} knows {autoencoder.config.classes} classes; import one with {known}")


def _require_match(autoencoder: TriplaneAutoencoder, unet: TriplaneUNet | None) -> None:
    if unet is None:
        return
    depth, channels = _depth(autoencoder), autoencoder.config.channels
    if (unet.config.depth, unet.config.channels) != (depth, channels):
        raise ModelError(
            f"the UNet works on planes of {unet.config.channels} channels and height {unet.config.depth}, the "
            f"autoencoder makes {channels} and {depth}; import the two of one training, under a --name of their own"
        )


def _replace(target: Path, parts: SemcityParts, record: dict[str, Any]) -> ModelCard:
    """Write a model beside the others and move it to its place when it is whole."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=user_data(), prefix="import-") as draft:
        new, old = Path(draft) / "new", Path(draft) / "old"
        new.mkdir()
        save_semcity(new, parts, record, target.name)
        if target.exists():
            target.rename(old)
        new.rename(target)
    return read_card(target)


def _describe(path: Path) -> dict[str, str]:
    with path.open("rb") as file:
        return {"imported_sha256": hashlib.file_digest(file, "sha256").hexdigest()}

"""What refining is worth: predictions of held-out scenes before and after, and a real prediction beside a real scan."""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.data.city.generator import make_world
from engine.data.scans.pairs import EDGE, Pair, make_pair, open_pair, save_pair
from engine.data.scans.profiles import PROFILES
from engine.errors import RequestError, SamplingError
from engine.evaluation.completion import Confusion, compare_completion
from engine.evaluation.sources import HELD_OUT_SEED, fingerprint
from engine.geometry.resample import fit_grid
from engine.labels import UNKNOWN, LabelSpace, label_space
from engine.models.picking import TRUST
from engine.models.precision import precision_of
from engine.scene import VoxelScene
from engine.session import Session
from engine.tasks.request import REFINE_STRENGTH, RefineRequest, Sampling

STEPS = (1, 4)
SEED = HELD_OUT_SEED + 500_000
"""Worlds from this seed on are scanned; no other held-out set reaches so far."""
_WORLD = 640

Counts = NDArray[np.int64]
Scores = Mapping[str, Mapping[int, Confusion]]
"""Source -> steps (0: the prediction itself) -> counts over all scenes."""


@dataclass(frozen=True)
class Predictions:
    """Held-out scenes with predictions, of parameters that nobody trained on, made on demand and kept.

    Attributes
    ----------
    folder
        Where; scores are kept there, too.
    count
        Scenes, one of each world. Scores of fewer than 16 scatter, as rare classes then hang on single objects.
    edge, world
        Voxels along the edges of a scene, and of a world.
    """

    folder: Path
    count: int = 16
    edge: int = EDGE
    world: int = _WORLD

    def read(self, number: int) -> Pair:
        """Give a scene and its predictions; makes them where they are not there."""
        path = self._path(number)
        if not path.is_file():
            path.parent.mkdir(parents=True, exist_ok=True)
            labels = make_world(SEED + number, (self.world, self.world)).labels
            save_pair(path, make_pair(labels, "test", np.random.default_rng([SEED, number]), self.edge))
        return open_pair(path)

    def scores_of(self, number: int, model: str, device: str) -> Path:
        """Tell where the counts of one scene are kept, for the weights with a hash and the present way to refine."""
        how = "-".join(map(str, STEPS)) + f"@{REFINE_STRENGTH:g}-{TRUST:g}-{precision_of(device)}"
        return self._path(number).with_suffix(f".{model[:12]}.{how}.scores.npy")

    def _path(self, number: int) -> Path:
        key = f"{fingerprint(32)}-{zlib.crc32(repr(PROFILES).encode()):08x}-{self.edge}-{self.world}"
        return self.folder / key / f"pair-{SEED + number:07d}.npz"


def score_refinements(session: Session, model: str, predictions: Predictions) -> Iterator[Scores]:
    """Let a model refine all predictions with `STEPS`; yields the scores so far after every scene.

    Counts as the SemanticKITTI benchmark does: invalid voxels do not. What was scored before with the same weights is
    not done again.
    """
    space, total = label_space(), np.zeros((), np.int64)
    for number in range(predictions.count):
        path = predictions.scores_of(number, session.load(model).card.sha256, session.device)
        if not path.is_file():
            _keep(path, _count(session, model, predictions.read(number), number, space))
        total = total + np.load(path)
        yield {
            name: {steps: Confusion(counts, space.empty) for steps, counts in zip((0, *STEPS), rows, strict=True)}
            for name, rows in zip(sorted(predictions.read(number).sources), total, strict=True)
        }


def summarise_scores(scores: Scores, count: int) -> dict[str, Any]:
    """Give plain JSON: source -> steps -> IoU and mIoU before and after, 0 to 1."""
    figures = {
        name: {str(n): asdict(compare_completion(rows[0], rows[n])) for n in STEPS} for name, rows in scores.items()
    }
    return {"n": count, **figures}


@dataclass(frozen=True, eq=False)
class RealScan:
    """A real prediction, and the labelled scan that it was made from, in one frame (metres)."""

    prediction: VoxelScene
    scan: VoxelScene


def score_real(session: Session, model: str, real: RealScan) -> dict[str, Any]:
    """Tell which share of a real scan's labelled voxels a prediction has right, before and after it is refined."""
    card = session.load(model).card
    scene = fit_grid(real.prediction, label_space(card.label_space), card.voxel_size, card.height)
    count, before = agreement(scene, real.scan)
    after = {str(n): agreement(_refine(session, model, scene, n, 0), real.scan)[1] for n in STEPS}
    return {"voxels": count, "before": before, **after}


def agreement(scene: VoxelScene, scan: VoxelScene) -> tuple[int, float]:
    """Compare classes at the middle of every labelled voxel of a scan; gives how many lie in the scene, and the share.

    Raises `RequestError` where none does.
    """
    labels = scan.read()
    hits = np.argwhere((labels != scan.space.empty) & (labels != UNKNOWN))
    places = np.floor(scene.grid.to_voxels(scan.grid.to_metres(hits + 0.5))).astype(np.int64)
    inside = ((places >= 0) & (places < scene.grid.shape)).all(axis=1)
    if not inside.any():
        raise RequestError(f"none of the scan's {len(hits)} labelled voxels lies in the scene; give two of one place")
    found, wanted = scene.read()[tuple(places[inside].T)], labels[tuple(hits[inside].T)]
    return int(inside.sum()), float((found == wanted).mean())


def _count(session: Session, model: str, pair: Pair, number: int, space: LabelSpace) -> Counts:
    """Count one scene, `(sources, 1 + len(STEPS), K, K)`, sources by name."""
    counts = []
    for name in sorted(pair.sources):
        scene = VoxelScene.from_labels(pair.sources[name])
        made = [scene, *(_refine(session, model, scene, steps, number) for steps in STEPS)]
        counts.append([Confusion.of(pair.complete, m.read(), space, pair.invalid).counts for m in made])
    return np.array(counts)


def _refine(session: Session, model: str, scene: VoxelScene, steps: int, seed: int) -> VoxelScene:
    sampling = Sampling(model, seed, steps, strength=REFINE_STRENGTH)
    for step in session.run(RefineRequest(scene, sampling)):
        if step.result is not None:
            return VoxelScene.from_labels(step.result.labels, scene.grid, scene.space)
    raise SamplingError("refining ended without a result; try another seed")


def _keep(path: Path, counts: Counts) -> None:
    draft = path.with_suffix(f".{os.getpid()}.part")
    with draft.open("wb") as file:
        np.save(file, counts, allow_pickle=False)
    os.replace(draft, path)

"""What the shipped models must be able to do, on every machine."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from engine.data.city.generator import make_world
from engine.formats.registry import read_scene
from engine.geometry.maps import LAYOUT_CLASSES, layout_of
from engine.grid import Box
from engine.labels import label_space
from engine.mask import VoxelMask
from engine.models.cards import read_card
from engine.resources import shipped
from engine.scene import VoxelScene
from engine.session import Session
from engine.tasks.request import GenerateRequest, InpaintRequest, OutpaintRequest, Request, Result, Sampling

Labels = NDArray[np.uint8]
SPACE = label_space()
EMPTY, CAR, ROAD, PARKING, BUILDING = (SPACE.find(n) for n in ("empty", "car", "road", "parking", "building"))
SAMPLING = Sampling(seed=7, device="cpu")


@pytest.fixture(scope="module")
def session() -> Session:
    return Session("cpu")


@pytest.fixture(scope="module")
def street(session: Session) -> VoxelScene:
    scene = finish(session, GenerateRequest((256, 256), SAMPLING)).scene
    assert scene is not None
    return scene


def finish(session: Session, request: Request) -> Result:
    *_, last = session.run(request)
    assert last.result is not None
    return last.result


def largest_part(columns: NDArray[np.bool_]) -> float:
    parts, _ = ndimage.label(columns)
    return float(np.bincount(parts.ravel())[1:].max() / columns.sum())


def ground_under(labels: Labels, thing: int) -> NDArray[np.uint8]:
    """The class below the lowest voxel of each column that holds `thing`."""
    x, y = np.nonzero((labels == thing).any(axis=2))
    lowest = (labels[x, y] == thing).argmax(axis=1)
    return labels[x, y, np.maximum(lowest - 1, 0)]


def world_scene() -> VoxelScene:
    return VoxelScene.from_labels(make_world(1_000_003, (512, 512)).crop(128, 128, (256, 256)))


def test_shipped_models_are_whole_and_together_light() -> None:
    cards = [read_card(path.parent) for path in shipped("weights").glob("*/card.json")]
    assert {card.name for card in cards} == {"city", "semcity"}
    for card in cards:
        card.verify()
    assert sum(path.stat().st_size for path in shipped("weights").rglob("*.safetensors")) < 40e6


def test_the_baseline_makes_a_street_too(session: Session) -> None:
    scene = finish(session, GenerateRequest((128, 96), replace(SAMPLING, model="semcity", steps=6))).scene
    assert scene is not None
    labels = scene.read()
    assert labels.shape == (128, 96, 32)
    assert len(np.unique(labels)) >= 8
    ground = np.isin(labels, SPACE.ids_of("ground")).any(axis=2) | (labels == BUILDING).any(axis=2)
    assert ground.mean() > 0.97


def test_loading_imports_nothing_of_torchs_compiler() -> None:
    """A second or more of the editor's first stroke, otherwise."""
    code = """
import sys
from engine.models.cards import find_model
from engine.models.zoo import load
load(find_model("city"), "cpu")
print([name for name in ("torch._dynamo", "torch._inductor", "sympy") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_generated_scenes_are_streets(session: Session, street: VoxelScene) -> None:
    """Of three scenes one may be all garden, as among held-out scenes."""
    others = [finish(session, GenerateRequest((256, 256), replace(SAMPLING, seed=seed))).scene for seed in (8, 9)]
    shares, parts = [], []
    for scene in (street, *others):
        assert scene is not None
        labels = scene.read()
        assert labels.shape == (256, 256, 32)
        assert len(np.unique(labels)) >= 12
        ground = np.isin(labels, SPACE.ids_of("ground")).any(axis=2) | (labels == BUILDING).any(axis=2)
        assert ground.mean() > 0.97, "there are holes in the ground"
        road = (labels == ROAD).any(axis=2)
        shares.append(road.mean())
        parts.append(largest_part(road))
    assert np.median(shares) > 0.04
    assert np.median(parts) > 0.6


def test_nothing_much_floats(street: VoxelScene) -> None:
    solid = street.read() != EMPTY
    parts, count = ndimage.label(solid, np.ones((3, 3, 3)))
    sizes = np.bincount(parts.ravel(), minlength=count + 1)[1:]
    assert (sizes.sum() - sizes.max()) / sizes.sum() < 0.04  # crowns lose their trunks at times


def test_seeds_give_different_streets(session: Session, street: VoxelScene) -> None:
    other = finish(session, GenerateRequest((256, 256), Sampling(seed=8, device="cpu"))).labels
    ours = street.read()
    union = (ours != EMPTY) | (other != EMPTY)
    assert (ours[union] == other[union]).mean() < 0.6


def test_a_car_can_be_erased_and_what_it_stood_on_closes(session: Session) -> None:
    scene = world_scene()
    labels = scene.read()
    parts, _ = ndimage.label(labels == CAR)
    boxes = [b for b in ndimage.find_objects(parts) if b[0].start > 40 and b[0].stop < 216 and b[1].stop < 216]
    assert boxes
    place = boxes[0]
    lower = (place[0].start - 2, place[1].start - 2, place[2].start - 2)
    upper = (place[0].stop + 2, place[1].stop + 2, place[2].stop + 2)
    mask = VoxelMask.of_box(Box(lower, upper))
    before_ground = set(np.unique(ground_under(labels[mask.box.slices], CAR)).tolist())
    result = finish(session, InpaintRequest(scene, mask, Sampling(seed=1, device="cpu", forbid=("car",))))
    after = labels.copy()
    after[mask.box.slices] = result.labels
    assert not (result.labels == CAR).any()
    under = after[place[0], place[1], lower[2] : place[2].start]
    assert np.isin(under, [*before_ground, *SPACE.ids_of("ground")]).any(axis=2).mean() > 0.9
    outside = np.ones(labels.shape, dtype=np.bool_)
    outside[mask.box.slices] = False
    assert np.array_equal(after[outside], labels[outside])


def test_the_street_goes_on_beyond_a_side(session: Session) -> None:
    scene = world_scene()
    result = finish(session, OutpaintRequest(scene, (352, 256), SAMPLING, at=(0, 0)))
    assert result.scene is not None
    labels = result.scene.read()
    assert np.array_equal(labels[:256], scene.read())
    across = np.isin(labels, SPACE.ids_of("ground"))
    tops = np.where(across, np.arange(1, 33), 0).max(axis=2).astype(int)
    steps = np.abs(np.diff(tops, axis=0))
    assert np.median(steps[255]) <= 1
    edge = (labels[255] == ROAD).any(axis=1)
    if edge.any():
        goes_on = (labels[256][edge] == ROAD).any(axis=1).mean()
        assert goes_on > 0.6


def test_a_layout_is_followed(session: Session) -> None:
    layout = layout_of(world_scene().read(), SPACE)
    made = finish(session, GenerateRequest((256, 256), SAMPLING, layout)).labels
    again = layout_of(made, SPACE)
    for name in ("road", "building"):
        wanted, got = (m.classes == LAYOUT_CLASSES.index(name) for m in (layout, again))
        assert (wanted & got).sum() / (wanted | got).sum() > 0.5, name


def test_a_box_of_a_real_frame_can_be_made_anew(session: Session, samples: Path) -> None:
    scene = read_scene(samples / "semantickitti" / "001000.label")
    before = scene.read()
    mask = VoxelMask.of_box(Box((90, 61, 0), (151, 117, 32)))
    result = finish(session, InpaintRequest(scene, mask, SAMPLING))
    assert result.labels.shape == (61, 56, 32)
    assert (result.labels != EMPTY).mean() > 0.02
    assert np.array_equal(scene.read(), before)


def test_edits_of_scanned_scenes_meet_their_ground_and_leave_it_a_skin(session: Session, street: VoxelScene) -> None:
    labels, ground = street.read(), np.array(SPACE.ids_of("ground"))
    bare = np.isin(labels, ground)
    top = labels.shape[2] - 1 - bare[:, :, ::-1].argmax(axis=2)
    below = np.arange(labels.shape[2]) < np.where(bare.any(axis=2), top - 1, 1)[:, :, None]
    skin = np.where(below, EMPTY, labels).astype(np.uint8)
    box = Box((104, 104, 0), (152, 152, labels.shape[2]))
    made = []
    for known in (labels, skin):
        request = InpaintRequest(VoxelScene.from_labels(known), VoxelMask.of_box(box), SAMPLING)
        made.append(finish(session, request).labels)
    tops = [np.where(np.isin(m, ground), np.arange(labels.shape[2]), -1).max(axis=2) for m in made]
    open_ground = (tops[0] >= 0) & (tops[1] >= 0)
    assert float(np.abs(tops[0] - tops[1])[open_ground].mean()) < 0.5
    deep = np.isin(made[1], ground).sum(axis=2)[open_ground]
    assert int(deep.max()) <= 2
    assert float((made[0][:, :, 0] != EMPTY).mean()) > 0.95
    wide = finish(session, OutpaintRequest(VoxelScene.from_labels(skin[64:, 64:]), (224, 192), SAMPLING, at=(0, 0)))
    assert wide.scene is not None
    grown = wide.scene.read()
    assert np.array_equal(grown[:192, :192], skin[64:, 64:])
    assert int(np.isin(grown[192:], ground).sum(axis=2).max()) <= 2

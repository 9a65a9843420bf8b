"""`semcity` serves the tasks as any model does."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from engine.errors import ModelError
from engine.grid import Box
from engine.labels import UNKNOWN
from engine.mask import VoxelMask
from engine.models.cards import ModelCard
from engine.models.semcity.autoencoder import TriplaneAutoencoder, TriplaneAutoencoderConfig
from engine.models.semcity.model import SemcityModel
from engine.models.semcity.triplane import decompose
from engine.models.semcity.unet import TriplaneUNet, TriplaneUNetConfig
from engine.models.zoo import SemcityParts, load, save_semcity
from engine.scene import VoxelScene
from engine.session import Session
from engine.tasks.request import GenerateRequest, InpaintRequest, OutpaintRequest, Request, Result, Sampling

HEIGHT = 8


def build(folder: Path, given: int = 0, with_denoiser: bool = True) -> ModelCard:
    """Write a small model with random weights, none zero, for windows of 144 voxels."""
    torch.manual_seed(11)
    autoencoder = TriplaneAutoencoder(TriplaneAutoencoderConfig(channels=4, features=8, hidden=16))
    denoiser = TriplaneUNet(TriplaneUNetConfig(4, HEIGHT, given, width=32, multiples=(1, 1), halvings=1))
    for network in (autoencoder, denoiser):
        for parameter in network.parameters():
            if not bool(parameter.any()):
                torch.nn.init.normal_(parameter, std=0.2)
    autoencoder.geo_decoder.second_layers[-1].weight.data *= 12.0  # as sure of its voxels as a trained one
    folder.mkdir(parents=True, exist_ok=True)
    unets = ([denoiser, None] if given == 0 else [None, denoiser]) if with_denoiser else [None, None]
    card = save_semcity(folder, SemcityParts(autoencoder, *unets), {}, "tiny-triplane")
    card = replace(card, height=HEIGHT, window=144)
    card.write(folder)
    return card


@pytest.fixture(scope="module")
def card(tmp_path_factory: pytest.TempPathFactory) -> ModelCard:
    return build(tmp_path_factory.mktemp("semcity"))


@pytest.fixture(scope="module")
def model(card: ModelCard) -> SemcityModel:
    found = load(card, "cpu")
    assert isinstance(found, SemcityModel)
    return found


@pytest.fixture
def sampling(card: ModelCard) -> Sampling:
    return Sampling(model=str(card.folder), seed=3, steps=3, device="cpu")


@pytest.fixture
def scene() -> VoxelScene:
    labels = np.random.default_rng(0).integers(0, 20, (72, 56, HEIGHT)).astype(np.uint8)
    labels[10:14, 5:9] = UNKNOWN
    return VoxelScene.from_labels(labels)


def finish(session: Session, request: Request) -> Result:
    *_, last = session.run(request)
    assert last.result is not None
    return last.result


@pytest.mark.parametrize("sampler", ["dpmpp-2m", "ddpm"])
def test_one_seed_one_scene(session: Session, sampling: Sampling, sampler: str) -> None:
    request = GenerateRequest((100, 60), replace(sampling, sampler=sampler))
    first, again = finish(session, request), finish(session, request)
    other = finish(session, replace(request, sampling=replace(request.sampling, seed=4)))
    assert first.labels.shape == (100, 60, HEIGHT)
    assert first.labels.max() < 20
    assert np.array_equal(first.labels, again.labels)
    assert not np.array_equal(first.labels, other.labels)


def test_any_mask_is_filled_and_nothing_else_changes(session: Session, sampling: Sampling, scene: VoxelScene) -> None:
    mask = VoxelMask.of_ball((30.2, 27.6, 4.0), 6.5, scene.box)
    result = finish(session, InpaintRequest(scene.snapshot(), mask, sampling))
    before = scene.read(result.box)
    assert np.array_equal(result.mask.array, mask.array)
    assert np.array_equal(result.labels[~mask.array], before[~mask.array])
    assert float((result.labels[mask.array] != before[mask.array]).mean()) > 0.5


def test_what_is_hidden_is_not_looked_at(session: Session, sampling: Sampling, scene: VoxelScene) -> None:
    mask = VoxelMask.of_box(Box((20, 16, 0), (37, 31, HEIGHT)))
    changed = scene.snapshot()
    changed.write(mask.box, np.full(mask.box.shape, 13, np.uint8))
    a, b = (finish(session, InpaintRequest(s, mask, sampling)).labels for s in (scene.snapshot(), changed))
    assert np.array_equal(a, b)
    changed.write(Box((44, 20, 0), (60, 28, HEIGHT)), np.full((16, 8, HEIGHT), 9, np.uint8))
    assert not np.array_equal(a, finish(session, InpaintRequest(changed, mask, sampling)).labels)


def test_a_grown_scene_keeps_the_old_one(session: Session, sampling: Sampling, scene: VoxelScene) -> None:
    result = finish(session, OutpaintRequest(scene.snapshot(), (152, 72), sampling, at=(24, 8), overlap=64))
    assert result.scene is not None
    assert result.scene.grid.shape == (152, 72, HEIGHT)
    assert np.array_equal(result.scene.read(Box((24, 8, 0), (96, 64, HEIGHT))), scene.read())


def test_resampling_takes_its_steps_and_is_repeatable(session: Session, sampling: Sampling, scene: VoxelScene) -> None:
    mask = VoxelMask.of_box(Box((20, 16, 0), (37, 31, HEIGHT)))
    several = replace(sampling, steps=5, resample=2)
    steps = list(session.run(InpaintRequest(scene.snapshot(), mask, several)))
    assert [s.index for s in steps] == [*range(1, 10), 9]  # 5 steps, each of the first 4 places gone back from once
    assert {s.total for s in steps} == {9}
    again = finish(session, InpaintRequest(scene.snapshot(), mask, several))
    assert steps[-1].result is not None
    assert np.array_equal(steps[-1].result.labels, again.labels)


def test_little_strength_stays_near_what_is_there(model: SemcityModel) -> None:
    weak, strong = (model.sigmas(10, strength) for strength in (0.2, 1.0))
    assert float(strong[0]) == pytest.approx(float(model.levels.sigmas[99]))
    assert float(weak[0]) == pytest.approx(float(model.levels.sigmas[20]))
    assert len(weak) == len(strong) == 11
    assert bool((strong[1:] < strong[:-1]).all())
    torch.testing.assert_close(model.sigmas(100, 1.0)[:-1], model.levels.sigmas.flip(0))


def test_barred_classes_are_not_made(session: Session, sampling: Sampling) -> None:
    request = GenerateRequest((64, 64), sampling)
    common = np.bincount(finish(session, request).labels.ravel(), minlength=20)[1:].argmax() + 1
    space = VoxelScene.from_labels(np.zeros((8, 8, 8), np.uint8)).space
    barred = replace(sampling, forbid=(space.names[common],))
    assert common not in finish(session, replace(request, sampling=barred)).labels


def test_known_cells_are_put_back_at_every_step(model: SemcityModel) -> None:
    labels = torch.from_numpy(np.random.default_rng(5).integers(0, 20, (64, 48, HEIGHT)).astype(np.uint8))
    hidden = torch.zeros(labels.shape, dtype=torch.bool)
    hidden[16:32, 8:20, 2:5] = True
    x0 = model.bind(labels, hidden, None)(torch.randn(model.latent_shape(labels.shape)), 3.0)
    known = model.encode(torch.where(hidden, UNKNOWN, labels))
    same = (x0 == known).all(dim=1)[0]
    assert bool(same[~model.latent_mask(hidden)[0, 0]].all())
    planes = decompose(~same[None, None], HEIGHT)
    assert int(planes.xy.sum()) == 8 * 6
    assert int(planes.xz.sum()) == 8 * 3
    assert int(planes.yz.sum()) == 6 * 3


def test_a_box_is_decoded_alone(model: SemcityModel) -> None:
    z = model.encode(torch.from_numpy(np.random.default_rng(6).integers(0, 20, (40, 24, HEIGHT)).astype(np.uint8)))
    box = Box((3, 5, 1), (30, 11, 7))
    assert torch.equal(model.decode(z, box=box), model.decode(z)[box.slices])


def test_what_the_model_cannot_do_is_said(tmp_path: Path, session: Session, sampling: Sampling) -> None:
    bare = build(tmp_path / "bare", with_denoiser=False)
    with pytest.raises(ModelError, match="has no denoiser; import the UNet's checkpoint"):
        finish(session, GenerateRequest((64, 64), replace(sampling, model=str(bare.folder))))
    refiner = build(tmp_path / "refiner", given=4)
    with pytest.raises(ModelError, match="refines predictions and makes no scenes"):
        finish(session, GenerateRequest((64, 64), replace(sampling, model=str(refiner.folder))))

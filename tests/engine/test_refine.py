"""Predictions become scenes, with models that were taught to refine and with those that were not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from engine.errors import GridError, ModelError, RequestError
from engine.formats.registry import read_scene
from engine.formats.semantickitti import mark_occluded
from engine.geometry.maps import LayoutMap
from engine.geometry.resample import fit_grid
from engine.grid import Box
from engine.labels import UNKNOWN, label_space
from engine.mask import VoxelMask
from engine.models.cards import ModelCard
from engine.models.city.conditions import given_channels, source_channels
from engine.models.city.model import CityModel
from engine.models.picking import TRUST, favour
from engine.models.semcity.model import SemcityModel
from engine.models.semcity.unet import TriplaneUNet, TriplaneUNetConfig
from engine.models.unet import UNet, UNetConfig
from engine.models.zoo import CityParts, SemcityParts, load, save_city, save_semcity
from engine.scene import VoxelScene
from engine.session import Session
from engine.tasks.fill import Canvas, Reading
from engine.tasks.request import REFINE_STRENGTH, GenerateRequest, RefineRequest, Request, Result, Sampling
from tests.engine.test_semcity_tasks import HEIGHT, build


@pytest.fixture(scope="module")
def triplanes(tmp_path_factory: pytest.TempPathFactory) -> ModelCard:
    """A `semcity` with both networks."""
    card = build(tmp_path_factory.mktemp("both"))
    model = load(card, "cpu")
    assert isinstance(model, SemcityModel)
    refiner = TriplaneUNet(TriplaneUNetConfig(4, HEIGHT, given=4, width=32, multiples=(1, 1), halvings=1))
    for parameter in refiner.parameters():
        if not bool(parameter.any()):
            torch.nn.init.normal_(parameter, std=0.2)
    save_semcity(card.folder, SemcityParts(model.autoencoder, model.denoiser, refiner), {}, "two")
    card = replace(load(_reread(card.folder), "cpu").card, height=HEIGHT, window=144)
    card.write(card.folder)
    return card


def _reread(folder: Path) -> ModelCard:
    from engine.models.cards import read_card

    return read_card(folder)


@pytest.fixture(params=["city", "semcity"])
def sampling(request: pytest.FixtureRequest, tiny: ModelCard, triplanes: ModelCard) -> Sampling:
    card = tiny if request.param == "city" else triplanes
    return Sampling(str(card.folder), seed=3, steps=2, strength=REFINE_STRENGTH, device="cpu")


@pytest.fixture
def prediction() -> VoxelScene:
    labels = np.random.default_rng(0).integers(0, 20, (72, 56, HEIGHT)).astype(np.uint8)
    labels[10:34, 5:19, 2:] = UNKNOWN
    return VoxelScene.from_labels(labels)


def finish(session: Session, request: Request) -> Result:
    *_, last = session.run(request)
    assert last.result is not None
    return last.result


def test_unknown_voxels_are_filled_and_the_request_is_left_alone(
    session: Session, sampling: Sampling, prediction: VoxelScene
) -> None:
    before = prediction.read()
    result = finish(session, RefineRequest(prediction, sampling))
    assert result.box == prediction.box
    assert result.mask.count == prediction.box.volume
    assert UNKNOWN not in result.labels
    assert result.provenance.task == "refine"
    assert np.array_equal(prediction.read(), before)
    assert np.array_equal(finish(session, RefineRequest(prediction, sampling)).labels, result.labels)


@pytest.mark.parametrize("strength", [REFINE_STRENGTH, 1.0])
def test_the_prediction_decides_even_where_sampling_starts_from_noise(
    session: Session, sampling: Sampling, prediction: VoxelScene, strength: float
) -> None:
    how = replace(sampling, strength=strength)
    other = prediction.snapshot()
    other.write(Box((40, 8, 0), (60, 40, 4)), np.full((20, 32, 4), 13, np.uint8))
    first, second = (finish(session, RefineRequest(scene, how)).labels for scene in (prediction, other))
    assert not np.array_equal(first, second)


def test_only_what_is_masked_is_refined(session: Session, sampling: Sampling, prediction: VoxelScene) -> None:
    mask = VoxelMask.of_ball((30.2, 27.6, 4.0), 6.5, prediction.box)
    result = finish(session, RefineRequest(prediction, sampling, mask))
    before = prediction.read(result.box)
    assert np.array_equal(result.mask.array, mask.array)
    assert np.array_equal(result.labels[~mask.array], before[~mask.array])
    assert bool((result.labels[mask.array] != before[mask.array]).any())
    assert UNKNOWN not in result.labels[mask.array]


def test_predictions_larger_than_a_window_are_refined_whole(session: Session, tiny: ModelCard) -> None:
    labels = np.random.default_rng(2).integers(0, 20, (150, 72, HEIGHT)).astype(np.uint8)
    labels[90:] = UNKNOWN
    sampling = Sampling(str(tiny.folder), steps=1, strength=0.5, device="cpu")
    result = finish(session, RefineRequest(VoxelScene.from_labels(labels), sampling))
    assert result.labels.shape == labels.shape
    assert UNKNOWN not in result.labels


def test_barred_classes_are_not_made(session: Session, sampling: Sampling, prediction: VoxelScene) -> None:
    request = RefineRequest(prediction, sampling)
    common = int(np.bincount(finish(session, request).labels.ravel(), minlength=20)[1:].argmax()) + 1
    barred = replace(sampling, forbid=(label_space().names[common],))
    assert common not in finish(session, replace(request, sampling=barred)).labels


def test_solid_and_free_places_pull(session: Session, sampling: Sampling, prediction: VoxelScene) -> None:
    pulled = replace(sampling, posterior=1.0)
    plain, first, second = (
        finish(session, RefineRequest(prediction, s)).labels for s in (sampling, pulled, replace(pulled))
    )
    assert np.array_equal(first, second)
    assert not np.array_equal(plain, first)


def test_a_map_is_followed_by_guidance_where_it_was_not_learned(session: Session, triplanes: ModelCard) -> None:
    sampling = Sampling(str(triplanes.folder), steps=3, device="cpu")
    road, grass = (LayoutMap(np.full((8, 6), c, np.uint8), np.zeros((8, 6), np.uint8)) for c in (1, 5))
    made = [finish(session, GenerateRequest((64, 48), sampling, m)).labels for m in (None, road, grass)]
    assert not any(np.array_equal(made[a], made[b]) for a, b in ((0, 1), (0, 2), (1, 2)))
    unguided = replace(sampling, guidance=0.0)
    assert np.array_equal(finish(session, GenerateRequest((64, 48), unguided, road)).labels, made[0])


def test_a_city_that_never_learned_to_refine_starts_from_the_prediction(
    session: Session, tiny: ModelCard, tmp_path: Path, prediction: VoxelScene
) -> None:
    taught = load(tiny, "cpu")
    assert isinstance(taught, CityModel)
    assert taught.looks_at_sources
    config = taught.autoencoder.config
    torch.manual_seed(1)
    old = UNet(UNetConfig(config.latent, given_channels(config, with_source=False), width=16))
    torch.nn.init.normal_(old.leave[2].weight, std=0.2)
    card = save_city(tmp_path, CityParts(taught.autoencoder, old), {}, name="old", window=64)
    model = load(card, "cpu")
    assert isinstance(model, CityModel)
    assert not model.looks_at_sources
    labels, hidden = torch.from_numpy(prediction.read()[:64, :48]), torch.ones(64, 48, HEIGHT, dtype=torch.bool)
    x = torch.randn(model.latent_shape(labels.shape), generator=torch.Generator().manual_seed(0))
    assert torch.equal(model.bind(labels, hidden, None, labels)(x, 1.0), model.bind(labels, hidden, None)(x, 1.0))
    assert not torch.equal(taught.bind(labels, hidden, None, labels)(x, 1.0), taught.bind(labels, hidden, None)(x, 1.0))
    sampling = Sampling(str(tmp_path), steps=1, strength=0.4, device="cpu")
    assert UNKNOWN not in finish(session, RefineRequest(prediction, sampling)).labels


def test_a_missing_source_is_not_an_empty_one() -> None:
    latents = torch.randn(2, 4, 5, 3)
    found = source_channels(latents, torch.tensor([True, False]))
    assert torch.equal(found[0, :4], latents[0])
    assert bool((found[0, 4] == 1).all())
    assert not bool(found[1].any())


def test_what_cannot_be_refined_is_said(
    session: Session, sampling: Sampling, prediction: VoxelScene, tmp_path: Path
) -> None:
    nothing = VoxelScene.from_labels(np.full((64, 48, HEIGHT), UNKNOWN, np.uint8))
    tall = VoxelScene.from_labels(np.ones((64, 48, HEIGHT + 1), np.uint8))
    for request, kind, message in (
        (RefineRequest(nothing, sampling), RequestError, "no solid voxel"),
        (RefineRequest(tall, sampling), GridError, f"height {HEIGHT + 1}.*convert"),
        (RefineRequest(prediction, sampling, VoxelMask.nothing()), RequestError, "no voxel of the scene is masked"),
    ):
        with pytest.raises(kind, match=message):
            finish(session, request)
    bare = build(tmp_path, with_denoiser=False)
    with pytest.raises(ModelError, match="has no denoiser"):
        finish(session, RefineRequest(prediction, replace(sampling, model=str(bare.folder))))


def test_a_real_prediction_and_a_real_scan_become_scenes(session: Session, samples: Path) -> None:
    found = read_scene(samples / "ssc" / "lmsc_001000.label")
    predicted = fit_grid(found, label_space(), (0.2, 0.2, 0.2), 32)
    scan = samples / "semantickitti" / "001000.label"
    sparse = mark_occluded(read_scene(scan), scan)
    assert int(sparse.count_classes()[UNKNOWN]) > 1_000_000
    for scene, steps in ((predicted, 1), (sparse, 4)):
        sampling = Sampling(seed=1, steps=steps, strength=REFINE_STRENGTH, device="cpu")
        result = finish(session, RefineRequest(scene, sampling))
        assert result.labels.shape == (256, 256, 32)
        assert UNKNOWN not in result.labels
        assert 0.02 < float((result.labels != 0).mean()) < 0.5


def test_what_the_model_does_not_object_to_stays_as_predicted(tiny: ModelCard, prediction: VoxelScene) -> None:
    model, source = load(tiny, "cpu"), prediction.read()
    window, box = Box((0, 0, 0), (80, 64, HEIGHT)), Box((8, 4, 1), (70, 50, 7))
    canvas = Canvas(prediction.snapshot(), box, np.ones(box.shape, np.bool_), source=prediction)
    given = torch.from_numpy(prediction.read_padded(window, UNKNOWN))
    same = model.encode(given)
    other = same + 0.5 * torch.randn(same.shape, generator=torch.Generator().manual_seed(0))
    predicted, known = source[box.slices], source[box.slices] != UNKNOWN
    plain = model.decode(same, box=box).numpy()
    assert float((plain != predicted)[known].mean()) > 0.5
    reading = Reading.of(model, canvas, window, box, ())
    assert np.array_equal(reading.read(same), np.where(known, predicted, plain))
    changed, made = model.decode(other, box=box, given=given).numpy(), reading.read(other)
    assert np.array_equal(made[changed != plain], changed[changed != plain])
    assert float((changed != plain).mean()) > 0.1
    assert np.array_equal(made[known & (changed == plain)], predicted[known & (changed == plain)])
    barred = int(np.bincount(predicted[known]).argmax())
    assert barred not in Reading.of(model, canvas, window, box, (barred,)).read(same)


def test_a_prediction_is_outvoted_only_by_much(tiny: ModelCard, triplanes: ModelCard) -> None:
    scores = torch.zeros(3, 20)
    scores[0, 5], scores[1, 5], scores[2, 5] = TRUST - 0.1, TRUST + 0.1, 0.1
    seen = torch.tensor([7, 7, UNKNOWN], dtype=torch.uint8)
    assert favour(scores.clone(), 1, seen).argmax(dim=1).tolist() == [7, 5, 5]
    for card in (tiny, triplanes):
        model, generator = load(card, "cpu"), torch.Generator().manual_seed(2)
        z = torch.randn(model.latent_shape((64, 48, HEIGHT)), generator=generator)
        box = Box((5, 6, 1), (50, 31, 7))
        seen = torch.randint(0, 20, (64, 48, HEIGHT), dtype=torch.uint8, generator=generator)
        seen[::3] = UNKNOWN
        plain, told = model.decode(z), model.decode(z, given=seen)
        assert torch.equal(told[::3], plain[::3])
        agreed = [float((labels == seen)[seen != UNKNOWN].float().mean()) for labels in (plain, told)]
        assert agreed[1] > 1.5 * agreed[0]
        assert agreed[1] < 0.9
        assert torch.equal(model.decode(z, box=box, given=seen), told[box.slices])
        barred = int(seen[1, 1, 1])
        assert not bool((model.decode(z, [barred], given=seen) == barred).any())


def test_a_skin_of_ground_is_refined_as_solid_ground(session: Session, sampling: Sampling) -> None:
    solid = np.zeros((64, 48, HEIGHT), np.uint8)
    solid[:, :, :3], solid[20:30, 10:20, 3:6] = 9, 13
    skin = solid.copy()
    skin[:, :, :2] = 0
    made = [finish(session, RefineRequest(VoxelScene.from_labels(labels), sampling)).labels for labels in (solid, skin)]
    below = np.zeros(solid.shape, np.bool_)
    below[:, :, :2] = True
    covered = np.pad(made[0][:, :, 1:] != 0, ((0, 0), (0, 0), (0, 1)))
    assert np.array_equal(made[1], np.where(below & covered, 0, made[0]))
    assert not np.array_equal(made[0], made[1])

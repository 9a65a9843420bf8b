"""The refiner of `city`: what it is taught, and that refining follows what it has learned."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from engine.data.city.archive import save_world
from engine.data.city.generator import make_world
from engine.data.city.world import World
from engine.data.scans.pairs import make_pair, save_pair
from engine.errors import ModelError, RequestError
from engine.evaluation.sources import HELD_OUT_SEED
from engine.grid import Box
from engine.labels import UNKNOWN
from engine.models.cards import ModelCard, read_card
from engine.models.city.model import CityModel
from engine.models.city.refiner import Refiner
from engine.models.zoo import load
from engine.scene import VoxelScene
from engine.session import Session
from engine.tasks.request import RefineRequest, Sampling
from engine.training import sheets
from engine.training.city_recipes import train_city_refine
from engine.training.city_refine import RefineLoss, RefineRecipe, score, start_from
from engine.training.drafts import Draft, coarsen, open_draft, write_drafts
from engine.training.runs import TrainOptions
from tests.engine.tiny import build_tiny, require_learning, tiny_refiner

CPU = torch.device("cpu")
HEIGHT = 8


@pytest.fixture(scope="module")
def card(tmp_path_factory: pytest.TempPathFactory) -> ModelCard:
    """A small untrained model with a refiner."""
    return build_tiny(tmp_path_factory.mktemp("models") / "refining", with_refiner=True)


@pytest.fixture(scope="module")
def model(card: ModelCard) -> CityModel:
    model = load(card, "cpu")
    assert isinstance(model, CityModel)
    return model


@pytest.fixture(scope="module")
def tall(tmp_path_factory: pytest.TempPathFactory) -> CityModel:
    """One as tall as worlds are."""
    model = load(build_tiny(tmp_path_factory.mktemp("models") / "tall", height=32), "cpu")
    assert isinstance(model, CityModel)
    return model


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A world, and beside it its predictions, made already."""
    folder = tmp_path_factory.mktemp("worlds")
    labels = make_world(3, (200, 200)).labels
    pair = make_pair(labels, "train", np.random.default_rng(0), edge=96)
    world = World(pair.complete, np.array([0, 1]), np.array([1, 1], np.uint32), 5, "test")
    save_world(folder / "world-000005-96x96.zarr", world)
    (folder / "pairs").mkdir()
    save_pair(folder / "pairs" / "world-000005-96x96-000.npz", pair)
    return folder


def scene_of(seed: int, shape: tuple[int, int, int] = (80, 64, HEIGHT)) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 20, shape).astype(np.uint8)


def test_both_volumes_and_the_latent_count(model: CityModel) -> None:
    refiner = model.refiner
    assert refiner is not None
    given, made = (torch.from_numpy(scene_of(seed))[None] for seed in (0, 1))
    z = torch.randn(1, 4, 20, 16, generator=torch.Generator().manual_seed(0))
    logits = refiner(given, made, z)
    assert logits.shape == (1, 20, HEIGHT, 80, 64)
    unknown = torch.full_like(given, UNKNOWN)
    for other in ((unknown, made, z), (given, unknown, z), (given, made, -z), (made, given, z)):
        assert float((refiner(*other) - logits).abs().max()) > 0.01


def test_a_label_that_is_told_is_trusted_by_its_class() -> None:
    refiner = Refiner(tiny_refiner())
    with torch.no_grad():
        refiner.trust.copy_(torch.arange(42.0))
    told = refiner.trusted(torch.tensor([3, UNKNOWN, 3], dtype=torch.uint8), torch.tensor([5, 5, 3], dtype=torch.uint8))
    assert told[0, 3] == 3
    assert told[0, 5] == 21 + 5
    assert told[1].nonzero().tolist() == [[5]]
    assert told[2, 3] == 3 + 21 + 3


def test_a_box_is_refined_as_in_its_scene(model: CityModel) -> None:
    assert model.weighs_sources
    given = torch.from_numpy(scene_of(2))
    given[::3] = UNKNOWN
    z = torch.randn(model.latent_shape(given.shape), generator=torch.Generator().manual_seed(1))
    whole, plain = model.decode(z, given=given), model.decode(z)
    assert whole.shape == given.shape
    assert UNKNOWN not in whole
    assert float((whole != plain).float().mean()) > 0.02
    box = Box((5, 6, 1), (50, 31, 7))
    assert torch.equal(model.decode(z, box=box, given=given), whole[box.slices])
    far = Box((64, 50, 0), (80, 64, HEIGHT))
    assert float((model.decode(z, box=far, given=given) == whole[far.slices]).float().mean()) > 0.95
    barred = int(torch.bincount(whole.flatten().int()).argmax())
    assert barred not in model.decode(z, [barred], given=given)


def test_refining_hands_the_prediction_to_the_refiner(session: Session, card: ModelCard, tmp_path: Path) -> None:
    """One that has learned to trust nothing but the prediction gives it back, another does not."""
    model = load(card, "cpu")
    assert isinstance(model, CityModel)
    assert model.refiner is not None
    prediction = scene_of(4)
    request = RefineRequest(
        VoxelScene.from_labels(prediction),
        Sampling(str(card.folder), seed=1, steps=1, device="cpu"),
    )
    *_, last = session.run(request)
    assert last.result is not None
    assert float((last.result.labels == prediction).mean()) < 0.9
    with torch.no_grad():
        model.refiner.trust[:20] = 1e4
    own = Session("cpu")
    own._models[str(card.folder)] = model
    *_, last = own.run(request)
    assert last.result is not None
    assert np.array_equal(last.result.labels, prediction)


def test_the_weaker_the_closer_to_the_prediction(model: CityModel) -> None:
    given = torch.from_numpy(scene_of(6, (64, 48, HEIGHT)))
    given[::4] = UNKNOWN
    z = torch.randn(model.latent_shape(given.shape), generator=torch.Generator().manual_seed(3))
    known = given != UNKNOWN
    shares = [
        float((model.decode(z, given=given, strength=strength) == given)[known].float().mean())
        for strength in (1.0, 0.5, 0.01)
    ]
    assert shares == sorted(shares)
    assert shares[2] > shares[0] + 0.05
    assert UNKNOWN not in model.decode(z, given=given, strength=0.01)


def test_a_coarse_prediction_has_cells_of_one_label() -> None:
    labels = np.zeros((48, 40, 16), np.uint8)
    labels[:, :, :4], labels[10:20, 10:20, 4:12], labels[30:, 30:, 6:] = 9, 13, UNKNOWN
    cut = 0
    for seed in range(12):
        coarse = coarsen(labels, np.random.default_rng(seed))
        assert coarse.shape == labels.shape
        assert set(np.unique(coarse)) <= {0, 9, 13, UNKNOWN}
        assert float((coarse == labels)[:, :, :12].mean()) > 0.75
        for axis in (0, 1):
            changes = np.nonzero((np.diff(coarse.astype(int), axis=axis) != 0).any(axis=(1 - axis, 2)))[0]
            assert len(set(changes % 2)) <= 1, "cells are two voxels long"
        cut += not coarse[:, :, -1].any()
    assert 0 < cut < 12
    assert len({coarsen(labels, np.random.default_rng(seed)).tobytes() for seed in range(12)}) > 6


def test_drafts_are_what_the_model_makes_of_predictions(tall: CityModel, worlds: Path) -> None:
    (pair,) = (worlds / "pairs").glob("*.npz")
    files = write_drafts(worlds / "drafts", tall, [pair], shares=(0.0, 0.0), seed=0)
    assert len(files) == 5
    written = {path: path.stat().st_mtime_ns for path in files}
    assert write_drafts(worlds / "drafts", tall, [pair], shares=(0.0, 0.0), seed=0) == files
    assert written == {path: path.stat().st_mtime_ns for path in files}
    with np.load(pair) as made_of:
        for path in files:
            draft = open_draft(path)
            source = made_of[path.stem.split("-000-")[1]]
            assert np.array_equal(draft.given, source)
            assert np.array_equal(draft.truth, made_of["complete"])
            assert 0 < np.unpackbits(draft.invalid).mean() < 1
            again = tall.decode(torch.from_numpy(draft.latent.astype(np.float32))[None]).numpy()
            assert float((again == draft.made).mean()) > 0.99
    names = [path.stem.split("-000-")[1] for path in files]
    (coarse, *_) = write_drafts(worlds / "coarse", tall, [pair], shares=(1.0, 0.0), seed=0)
    given = open_draft(coarse).given
    assert 0.5 < float((given == np.load(pair)[names[0]]).mean()) < 1


def test_crops_of_a_draft_are_turned_as_a_whole(model: CityModel) -> None:
    truth = scene_of(7, (64, 64, HEIGHT))
    cells = truth[::4, ::4, 0]
    latent = np.repeat(cells[None].astype(np.float16), 4, axis=0)
    draft = Draft(truth, truth, latent, truth, np.packbits(truth == 3, axis=2))
    recipe = replace(RefineRecipe(network=tiny_refiner()), crop=32, batch=12, unseen=0.0)
    loss = RefineLoss(Refiner(tiny_refiner()), [draft], recipe, 0, CPU)
    batch = loss.draw(np.random.default_rng(0))
    assert torch.equal(batch.given, batch.truth)
    assert torch.equal(batch.ignored, batch.truth == 3)
    fits = [
        any(torch.equal(truth[i::4, j::4, 0].float(), latent[0]) for i in (0, 3) for j in (0, 3))
        for truth, latent in zip(batch.truth, batch.latents, strict=True)
    ]
    assert all(fits)
    seen = {tuple(truth[:4, :4, 0].flatten().tolist()) for truth in batch.truth}
    assert len(seen) > 8


def test_a_refiner_learns_whom_to_trust() -> None:
    torch.manual_seed(0)
    truth, made = (scene_of(seed, (64, 64, HEIGHT)) for seed in (0, 1))
    draft = Draft(truth, made, np.zeros((4, 16, 16), np.float16), truth, np.zeros((64, 64, HEIGHT // 8), np.uint8))
    recipe = replace(RefineRecipe(network=tiny_refiner()), crop=32, batch=2, columns=1.0, lovasz_voxels=2000)
    network = Refiner(tiny_refiner())
    require_learning(network, RefineLoss(network, [draft], recipe, 0, CPU), rate=2e-2, steps=30)
    trust = network.trust.detach()
    assert float(trust[:20].mean()) > float(trust[21:41].mean()) + 0.1


def test_voxels_that_do_not_count_move_nothing() -> None:
    torch.manual_seed(0)
    logits, truth = torch.randn(50, 20), torch.randint(20, (50,), dtype=torch.uint8)
    ignored = torch.arange(50) >= 30
    other = logits.clone()
    other[30:] += 5.0
    torch.manual_seed(1)
    first = score(logits, truth, ignored, 40)
    torch.manual_seed(1)
    assert torch.equal(score(other, truth, ignored, 40), first)
    sure = 50.0 * torch.nn.functional.one_hot(truth.long(), 20).float()
    assert float(score(sure, truth, ignored, 40)) < 1e-3


def test_a_fresh_refiner_writes_as_the_decoder_does(model: CityModel) -> None:
    network = Refiner(tiny_refiner())
    start_from(network, model.autoencoder)
    assert torch.equal(network.head.weight, model.autoencoder.head.weight)
    wider = Refiner(replace(tiny_refiner(), detail=24))
    before = wider.head.weight.clone()
    start_from(wider, model.autoencoder)
    assert torch.equal(wider.head.weight, before)


def test_the_recipe_leaves_all_parts_and_goes_on_from_its_own(
    tall: CityModel, worlds: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sheets, "draw_samples", lambda *_: None)  # twelve scenes take their time
    recipe = RefineRecipe(network=tiny_refiner(32), crop=64, batch=1, pairs=1, lovasz_voxels=1000)
    first = TrainOptions(tmp_path / "one", worlds, minutes=0.01, device="cpu", start=tall.card.folder)
    assert list(train_city_refine(first, recipe))[-1].progress == 1.0
    found = load(read_card(first.out), "cpu")
    assert isinstance(found, CityModel)
    assert found.refiner is not None
    assert found.layout_prior is not None
    assert found.card.training["refiner"]["numbers"]["pairs"] == 1
    again = replace(first, out=tmp_path / "two", start=first.out)
    list(train_city_refine(again, recipe))
    assert read_card(again.out).training["refiner"]["before"]["steps"] > 0


def test_held_out_worlds_are_not_learned_from(tmp_path: Path, worlds: Path, tall: CityModel) -> None:
    labels = np.zeros((96, 96, 32), np.uint8)
    world = World(labels, np.array([0, 1]), np.array([1, 1], np.uint32), HELD_OUT_SEED, "test")
    save_world(tmp_path / "worlds" / "world.zarr", world)
    options = TrainOptions(tmp_path / "out", tmp_path / "worlds", device="cpu", start=tall.card.folder)
    with pytest.raises(RequestError, match=f"held-out seed {HELD_OUT_SEED}"):
        list(train_city_refine(options, RefineRecipe()))
    assert not (tmp_path / "worlds" / "pairs").exists()


def test_who_has_no_denoiser_has_no_drafts(tmp_path: Path, worlds: Path, tall: CityModel) -> None:
    from engine.models.zoo import CityParts, save_city

    bare = tmp_path / "bare"
    bare.mkdir()
    save_city(bare, CityParts(tall.autoencoder), {})
    with pytest.raises(ModelError, match="train `city-prior` first"):
        list(train_city_refine(TrainOptions(tmp_path / "out", worlds, start=bare), RefineRecipe()))

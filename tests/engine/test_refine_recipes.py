"""What the networks that refine are taught: pairs that fit, noised predictions as inputs, and old weights kept."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from engine.data.city.archive import save_world
from engine.data.city.generator import make_world
from engine.data.city.world import World
from engine.data.crops import apply_symmetry
from engine.data.scans import pairs
from engine.data.scans.pairs import SCAN, Pair, make_pair, open_pair, save_pair, write_training_pairs
from engine.data.scans.profiles import PROFILES
from engine.evaluation.completion import Confusion
from engine.geometry.maps import LayoutMap, layout_of
from engine.labels import UNKNOWN, label_space
from engine.models.cards import ModelCard, read_card
from engine.models.city.conditions import given_channels
from engine.models.city.model import CityModel
from engine.models.composition import Compositions
from engine.models.semcity.autoencoder import TriplaneAutoencoder, TriplaneAutoencoderConfig
from engine.models.semcity.model import SemcityModel
from engine.models.semcity.triplane import compose
from engine.models.semcity.unet import TriplaneUNet, TriplaneUNetConfig
from engine.models.unet import UNet, UNetConfig
from engine.models.zoo import SemcityParts, load, save_semcity
from engine.scene import VoxelScene
from engine.session import Session
from engine.tasks.request import RefineRequest, Sampling
from engine.training import recipes, semcity_refine, sheets
from engine.training.city_prior import EncodedWorld, PriorLoss, PriorRecipe, encode_pair, find_things, weigh_cells
from engine.training.runs import TrainOptions, widen_entry
from engine.training.semcity_prior import TriplanePriorRecipe
from engine.training.semcity_refine import EncodedPairs, TriplaneRefineLoss, TriplaneRefineRecipe
from tests.engine.tiny import require_learning

CPU = torch.device("cpu")
SPACE = label_space()
TINY = TriplaneAutoencoderConfig(channels=4, features=16, hidden=32, kernel=(3, 3, 3), plane_kernel=3)
TINY_REFINE = TriplaneRefineRecipe(
    TriplanePriorRecipe(width=32, multiples=(1, 1), small=(32, 2), large=(48, 1), scenes=(3, 2), large_from=0.0),
    pairs=1,
)


@pytest.fixture(scope="module")
def pair() -> Pair:
    labels = make_world(3, (200, 200)).labels
    return make_pair(labels, "train", np.random.default_rng(0), edge=96)


@pytest.fixture
def worlds(tmp_path: Path, pair: Pair) -> Path:
    """A world, and beside it its predictions, made already."""
    world = World(pair.complete, np.array([0, 1]), np.array([1, 1], np.uint32), 5, "test")
    save_world(tmp_path / "worlds" / "world-000005-96x96.zarr", world)
    (tmp_path / "worlds" / "pairs").mkdir()
    save_pair(tmp_path / "worlds" / "pairs" / "world-000005-96x96-000.npz", pair)
    return tmp_path / "worlds"


def test_a_pair_holds_what_every_predictor_makes_of_one_scan(pair: Pair, tmp_path: Path) -> None:
    assert pair.complete.shape == pair.invalid.shape == (96, 96, 32)
    assert set(pair.sources) == {*PROFILES, SCAN}
    ious = {n: Confusion.of(pair.complete, s, SPACE, pair.invalid).iou for n, s in pair.sources.items()}
    assert all(0.1 < ious[name] < 0.95 for name in PROFILES)
    hits = pair.sources[SCAN]
    solid = (hits != 0) & (hits != UNKNOWN)
    assert 0 < solid.sum() < 0.5 * (pair.complete != 0).sum()
    assert np.array_equal(hits[solid], pair.complete[solid])
    assert (hits == UNKNOWN).mean() > 0.1
    save_pair(tmp_path / "pair.npz", pair)
    again = open_pair(tmp_path / "pair.npz")
    assert np.array_equal(again.complete, pair.complete)
    assert np.array_equal(again.invalid, pair.invalid)
    assert all(np.array_equal(again.sources[name], pair.sources[name]) for name in pair.sources)


def test_pairs_are_made_once(worlds: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pairs, "EDGE", 96)
    folder, [world] = worlds / "pairs", [*worlds.glob("*.zarr")]
    [first] = write_training_pairs(folder, [world], 1)
    before = first.stat().st_mtime_ns
    assert write_training_pairs(folder, [world], 1) == [first]
    assert first.stat().st_mtime_ns == before


def test_new_inputs_change_nothing_until_they_are_trained(tiny: ModelCard) -> None:
    model = load(tiny, "cpu")
    assert isinstance(model, CityModel)
    config = model.autoencoder.config
    torch.manual_seed(0)
    narrow = UNet(UNetConfig(4, given_channels(config, with_source=False), width=16)).eval()
    wide = UNet(UNetConfig(4, given_channels(config), width=16)).eval()
    wide.load_state_dict(widen_entry(narrow.state_dict(), "enter.weight", wide.enter.weight.shape[1]))
    x, given = torch.randn(1, 4, 8, 12), torch.randn(1, wide.config.given, 8, 12)
    t = torch.tensor([0.4])
    torch.testing.assert_close(wide(x, t, given), narrow(x, t, given[:, : narrow.config.given]))


class Recorder(torch.nn.Module):
    """Notes what it is asked, and answers with a constant."""

    def __init__(self, answer: float) -> None:
        super().__init__()
        self.answer = torch.nn.Parameter(torch.tensor(answer))
        self.asked: list[tuple[torch.Tensor, torch.Tensor]] = []
        self.config = UNetConfig(4, 0)

    def forward(self, x_t: torch.Tensor, t: torch.Tensor, given: torch.Tensor) -> torch.Tensor:
        self.asked.append((x_t, t))
        return self.answer.expand_as(x_t)


def test_predictions_and_guesses_are_noised_never_the_truth(tiny: ModelCard, monkeypatch: pytest.MonkeyPatch) -> None:
    model = load(tiny, "cpu")
    assert isinstance(model, CityModel)
    truth, source, guess = -7.0, 5.0, 2.0
    scene = EncodedWorld(
        np.zeros((64, 64, 8), np.uint8), torch.full((4, 16, 16), truth).half(), LayoutMap.free((8, 8)),
        torch.full((1, 4, 16, 16), source).half(),
    )  # fmt: skip
    network = Recorder(guess)
    recipe = PriorRecipe(small=(64, 24), large_from=2.0, refine=1.0, border_weight=1.0, scales=())
    monkeypatch.setattr("engine.training.city_prior.draw_times", lambda n, device: torch.full((n,), 0.1))
    row = np.zeros((1, 3), np.float32)
    table = Compositions(row[0], row[0] + 1, row, row[:, 0], row[:, 0].astype(np.int16), row[:, 0])
    loss = PriorLoss(network, model.autoencoder, [], [scene], table, recipe, 0, CPU)  # type: ignore[arg-type]
    value = loss(0, 0.0)
    assert value.item() == pytest.approx((guess - truth) ** 2 / 0.5**2, rel=0.5)  # known cells weigh less
    (_, first), (x_t, _) = network.asked
    assert 4 <= len(first) <= 20
    assert float(first.min()) > 0.99
    means = x_t.mean(dim=(1, 2, 3)) / 0.9
    assert bool((((means - source).abs() < 0.1) | ((means - guess).abs() < 0.1)).all())
    assert int(((means - guess).abs() < 0.1).sum()) == len(first)
    source_flag = given_channels(model.autoencoder.config) - 1
    assert bool(loss.draw(64, 3).given[:, source_flag].all())
    loss.worlds, loss.recipe = [scene], replace(recipe, refine=0.0)
    assert not bool(loss.draw(64, 3).given[:, source_flag - 4 : source_flag + 1].any())


def test_hidden_cells_beside_known_ones_count_more_and_known_ones_less() -> None:
    is_known = torch.zeros(1, 1, 9, 7)
    is_known[0, 0, :3] = 1
    recipe, none = PriorRecipe(known_weight=0.25, border_weight=3.0, thing_weight=5.0), torch.zeros(1, 1, 9, 7)
    weights = weigh_cells(is_known, none, torch.tensor(0.5), recipe)[0, 0]
    assert weights[:, 0].tolist() == [0.25] * 3 + [3.0] * 2 + [1.0] * 4
    assert bool((weights == weights[:, :1]).all())
    weights = weigh_cells(is_known, none + 1, torch.tensor(0.5), recipe)[0, 0]
    assert weights[:, 0].tolist() == [0.25] * 3 + [9.0] * 2 + [3.0] * 4
    assert torch.equal(*(weigh_cells(is_known, things, torch.tensor(1.0), recipe) for things in (none, none + 1)))


def test_things_are_found_in_the_cells_of_the_latent() -> None:
    labels = np.full((64, 64, 8), SPACE.find("road"), np.uint8)
    labels[9, 21, 4], labels[40, 3, 7], labels[60, 60, 5] = SPACE.find("car"), SPACE.find("traffic-sign"), UNKNOWN
    assert np.argwhere(find_things(labels)).tolist() == [[2, 5], [10, 0]]
    assert find_things(labels).shape == (16, 16)


def test_pairs_are_encoded_alike(tiny: ModelCard, pair: Pair) -> None:
    model = load(tiny, "cpu")
    assert isinstance(model, CityModel)
    low = Pair(*(a[:64, :80, :8] for a in (pair.complete, pair.invalid)), {"a": pair.complete[:64, :80, :8]})
    here = PriorRecipe(coarse=0.0, elsewhere=0.0)
    turned = [encode_pair(model.autoencoder, low, SPACE, here, np.random.default_rng(seed), CPU) for seed in range(6)]
    assert {found.labels.shape for found in turned} == {(64, 80, 8), (80, 64, 8)}
    for found in turned:
        assert torch.equal(found.sources[0], found.latents)
        assert np.array_equal(found.layout.classes, layout_of(found.labels, SPACE).classes)
    coarse = encode_pair(model.autoencoder, low, SPACE, replace(here, coarse=1.0), np.random.default_rng(0), CPU)
    assert coarse.sources.shape[1:] == coarse.latents.shape
    assert not torch.equal(coarse.sources[0], coarse.latents)
    away = [
        encode_pair(model.autoencoder, low, SPACE, replace(here, elsewhere=1.0), np.random.default_rng(seed), CPU)
        for seed in range(6)
    ]
    moved = sum(not np.array_equal(there.labels, at_home.labels) for there, at_home in zip(away, turned, strict=True))
    assert moved >= 4


def test_city_learns_to_refine_beside_the_rest(tmp_path: Path, worlds: Path) -> None:
    recipe = PriorRecipe(small=(64, 2), large=(64, 1), refine=0.5, pairs=1)
    options = TrainOptions(tmp_path / "out", worlds, minutes=0.01, device="cpu", start=Path("city"))
    monkeypatch = pytest.MonkeyPatch()
    with monkeypatch.context() as patch:
        patch.setattr(sheets, "draw_samples", lambda *_: None)  # twelve scenes take their time
        list(recipes.train_city_prior(options, recipe))
    model = load(read_card(options.out), "cpu")
    assert isinstance(model, CityModel)
    assert model.looks_at_sources
    assert model.card.training["denoiser"]["numbers"]["refine"] == 0.5


def test_a_refiner_of_planes_learns(pair: Pair) -> None:
    torch.manual_seed(0)
    network = TriplaneUNet(TriplaneUNetConfig(4, 8, given=4, width=32, multiples=(1, 1), halvings=1))
    draw = torch.Generator().manual_seed(1)
    clean = 0.6 * torch.randn(3, 4, 24, 24, generator=draw).tanh()
    clean[:, :, 16:, 16:] = 0
    given = (clean[:, None] + 0.2 * torch.randn(3, 2, 4, 24, 24, generator=draw)).half()
    pairs_of = EncodedPairs(clean.half(), given)
    recipe = replace(TINY_REFINE.network, small=(32, 4), large_from=2.0)
    loss = TriplaneRefineLoss(network, pairs_of, pairs_of, recipe, 0, CPU)
    some, their = loss.draw(pairs_of, 5)
    assert some.shape == their.shape == (5, 4, some.shape[2], some.shape[3])
    assert float((some - their).abs()[:, :, :8, :8].mean()) < 0.3  # turned alike
    require_learning(network, loss)


def test_parts_of_pairs_are_encoded_by_themselves(pair: Pair, tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = TriplaneAutoencoder(TINY).eval().requires_grad_(requires_grad=False)
    save_pair(tmp_path / "a.npz", Pair(pair.complete, pair.invalid, dict.fromkeys(pair.sources, pair.complete)))
    found = semcity_refine.encode_pairs(network, [tmp_path / "a.npz"], 48, 2, 3, np.random.default_rng(2), CPU)
    assert found.clean.shape == (2, 4, 24 + 32, 24 + 32)
    assert torch.equal(found.given, found.clean[:, None].expand(-1, 3, -1, -1, -1))
    whole = semcity_refine.encode_pairs(network, [tmp_path / "a.npz"], 96, 1, 1, np.random.default_rng(3), CPU)
    turned = [torch.from_numpy(apply_symmetry(pair.complete, turn))[None] for turn in range(8)]
    assert any(torch.equal(whole.clean[0], compose(network.encode(t))[0].half()) for t in turned)


def test_the_recipe_starts_from_the_prior_and_leaves_both(tmp_path: Path, worlds: Path, pair: Pair) -> None:
    torch.manual_seed(0)
    start = tmp_path / "start"
    start.mkdir()
    denoiser = TriplaneUNet(TriplaneUNetConfig(4, 32, width=32, multiples=(1, 1), halvings=1))
    save_semcity(start, SemcityParts(TriplaneAutoencoder(TINY), denoiser), {})
    options = TrainOptions(tmp_path / "out", worlds, minutes=0.002, device="cpu", start=start)
    list(recipes.train_semcity_refine(options, TINY_REFINE))
    model = load(read_card(options.out), "cpu")
    assert isinstance(model, SemcityModel)
    assert model.denoiser is not None
    assert model.refiner is not None
    assert model.refiner.config.given == 4
    close = (model.refiner.time_embed[0].weight - denoiser.time_embed[0].weight.detach()).abs().max()
    assert float(close) < 0.05, "it did not start from the prior"
    sampling = Sampling(str(options.out), steps=1, device="cpu")
    *_, last = Session("cpu").run(RefineRequest(VoxelScene.from_labels(pair.sources["scpnet"]), sampling))
    assert last.result is not None
    assert UNKNOWN not in last.result.labels

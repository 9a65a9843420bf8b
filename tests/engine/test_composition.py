"""What scenes consist of: measured as it is, drawn as scenes differ, told to both denoisers of what is made from
nothing."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from engine.data.city.generator import make_world
from engine.errors import ModelError
from engine.geometry.maps import LAYOUT_CLASSES, LayoutMap
from engine.grid import Box, Grid
from engine.labels import label_space
from engine.mask import VoxelMask
from engine.models.cards import ModelCard, read_card
from engine.models.character import ANY, Character, measure_density
from engine.models.city.conditions import character_channels, spread
from engine.models.city.layout import layout_config
from engine.models.city.model import CityModel
from engine.models.composition import WINDOW, Compositions, compose, count_features, district_at, measure_cells
from engine.models.zoo import load
from engine.scene import VoxelScene
from engine.session import Session
from engine.tasks.fill import Canvas
from engine.tasks.request import GenerateRequest, InpaintRequest, LayoutRequest, Sampling
from engine.training.characters import STYLES as TAUGHT
from engine.training.characters import MappedWorld, composed, measure_compositions
from engine.training.city_layout import LayoutLoss, LayoutRecipe
from engine.training.city_prior import PriorLoss, PriorRecipe, encode_world
from tests.engine.tiny import build_tiny

SPACE = label_space()
ROAD, HOUSE, LEAF = (SPACE.find(name) for name in ("road", "building", "vegetation"))
STYLES = ("suburb", "centre")


def street() -> np.ndarray:
    """A road of 3 voxels, half of it under houses, whose tops are 10 and 20 voxels high."""
    labels = np.zeros((16, 32, 32), np.uint8)
    labels[:, :, :3] = ROAD
    labels[:, :8, 3:10] = HOUSE
    labels[:, 8:16, 3:20] = HOUSE
    return labels


def made_up(rows: int = 400) -> Compositions:
    """Compositions of two kinds of scenes, one twice as dense as the other."""
    rng = np.random.default_rng(4)
    count = count_features(SPACE)
    values = rng.normal(size=(rows, 4)) @ rng.normal(size=(4, count))
    values = (values - values.mean(axis=0)) / values.std(axis=0)
    kinds = np.arange(rows) % 2
    zeros, ones = np.zeros(count, np.float32), np.ones(count, np.float32)
    densities = (0.1 + 0.1 * kinds + 0.001 * rng.random(rows)).astype(np.float32)
    leaves = np.where(np.arange(rows) % 3 == 0, np.nan, np.arange(rows) % 3 - 1).astype(np.float32)
    return Compositions(zeros, ones, values.astype(np.float32), densities, kinds.astype(np.int16), leaves)


@pytest.fixture(scope="module")
def composing(tmp_path_factory: pytest.TempPathFactory) -> ModelCard:
    return build_tiny(tmp_path_factory.mktemp("composing"), styles=STYLES, compositions=made_up())


def test_a_composition_tells_shares_and_heights() -> None:
    found = compose(measure_cells(street(), SPACE), SPACE, 32)
    shares = dict(zip([SPACE.names[i] for i in SPACE.solid_ids], found, strict=False))
    assert shares["road"] == pytest.approx((3 / 32) ** 0.5)
    assert shares["building"] == pytest.approx(((7 + 17) / 4 / 32) ** 0.5)
    assert shares["car"] == 0
    ground, house, plant, *spreads = found[-6:]
    assert (ground, house) == (3, 15)
    assert np.isnan(plant)
    assert spreads[:2] == [0, 5]
    assert np.isnan(spreads[2])


def test_sums_of_cells_are_those_of_the_whole() -> None:
    labels = make_world(3, (256, 256)).labels
    cells = measure_cells(labels, SPACE)
    assert cells.shape == (32, 32, len(SPACE.solid_ids) + 10)
    assert np.array_equal(cells[4:9, 2:4], measure_cells(labels[32:72, 16:32], SPACE))
    counts = np.bincount(labels.ravel(), minlength=len(SPACE))
    assert cells[:, :, : len(SPACE.solid_ids)].sum(axis=(0, 1)).tolist() == counts[list(SPACE.solid_ids)].tolist()
    world = MappedWorld.of(make_world(3, (256, 256)), SPACE)
    assert cells[:, :, -1].mean() == measure_density(world.layout), "what counts as built over is what a map shows"


def test_compositions_differ_as_those_that_were_measured() -> None:
    table, rng = made_up(), np.random.default_rng(0)
    drawn = np.array([table.draw(ANY, STYLES, rng)[1] for _ in range(1500)])
    assert np.allclose(drawn.mean(axis=0), 0.0, atol=0.12)
    assert np.allclose(drawn.std(axis=0), 1.0, atol=0.12)
    assert np.allclose(np.corrcoef(drawn.T), np.corrcoef(table.rows.T), atol=0.12)
    assert len(np.unique(drawn, axis=0)) == len(drawn), "none is the same as another"
    assert (drawn.min(axis=0) >= table.rows.min(axis=0)).all()


def test_compositions_are_drawn_of_those_that_are_as_wished() -> None:
    table, rng = made_up(), np.random.default_rng(0)
    table.rows[:, 0] = np.where(table.styles == 1, 3.0, -3.0)

    def mean(wish: Character) -> float:
        return float(np.mean([table.draw(wish, STYLES, rng)[1][0] for _ in range(60)]))

    assert mean(Character("suburb")) < -2 < 2 < mean(Character("centre"))
    assert mean(Character(density=0.05)) < -2 < 2 < mean(Character(density=0.9))
    assert abs(mean(Character("moon"))) < 1.5, "a style that no scene had leaves all of them"


def test_a_scene_has_the_season_of_the_scene_that_it_is_like() -> None:
    table, rng = made_up(), np.random.default_rng(0)
    table.rows[:, 0] = np.where(table.leaves == 1, 3.0, -3.0)
    drawn = [table.draw_scene((32, 32), ANY, STYLES, rng) for _ in range(300)]
    seasons = [c.leaves for c in drawn]
    assert {None, 0.0, 1.0} == set(seasons)
    assert np.mean([s is None for s in seasons]) == pytest.approx(1 / 3, abs=0.1)
    firsts = [c.composition[0][0][0] for c in drawn if c.leaves == 1 and c.composition]
    assert min(firsts) > 0 > max(c.composition[0][0][0] for c in drawn if c.leaves == 0 and c.composition)
    wished = [table.draw_scene((32, 32), Character(leaves=0.9), STYLES, rng) for _ in range(50)]
    assert {c.leaves for c in wished} == {0.9}, "what is wished for stays"
    assert min(c.composition[0][0][0] for c in wished if c.composition) > 0, "and scenes are like those in that season"
    city = table.draw_scene((320, 320), ANY, STYLES, rng)
    assert city.leaves is not None, "one of a hundred districts tells it"


def test_worlds_give_a_table_of_their_scenes() -> None:
    worlds = [MappedWorld.of(make_world(seed, (320, 288)), SPACE) for seed in (1, 2)]
    table = measure_compositions(worlds, count=40)
    assert table.rows.shape == (40, count_features(SPACE))
    assert np.isfinite(table.rows).all()
    assert set(table.styles) == {TAUGHT.index(str(w.character.style)) for w in worlds}
    assert table.leaves[0] == pytest.approx(worlds[0].character.leaves)
    assert table.leaves[1] == pytest.approx(worlds[1].character.leaves)
    part = worlds[0].cells[:WINDOW, :WINDOW]
    scaled = table.scale(compose(part, SPACE, 32))
    assert len(scaled) == table.rows.shape[1]
    assert max(map(abs, scaled)) < 8


def test_crops_are_told_what_a_scene_around_them_consists_of() -> None:
    world = MappedWorld.of(make_world(5, (512, 384)), SPACE)
    table, rng = measure_compositions([world], count=50), np.random.default_rng(1)
    whole = composed(Character("village"), world, (20, 7), WINDOW, table, rng)
    expected = compose(world.cells[20 : 20 + WINDOW, 7 : 7 + WINDOW], SPACE, 32)
    assert whole == Character("village", composition=((table.scale(expected),),))
    inner = {composed(ANY, world, (24, 16), 16, table, rng) for _ in range(20)}
    assert len(inner) > 3, "small crops lie anywhere in their scene"
    corner = composed(ANY, world, (48, 32), 16, table, rng)
    assert corner == composed(ANY, world, (32, 16), WINDOW, table, rng), "and their scenes in the world"


def test_channels_tell_a_composition_and_whether_there_is_one() -> None:
    scenes = [ANY, Character("centre", composition=(((0.5, -2.0),),))]
    assert character_channels(scenes, STYLES, 2)[:, :, 0, 0].tolist() == [
        [0, 0, 0, 0, 0, 0, 0, 0, 0],
        [0, 1, 0, 0, 0, 0, 0.5, -2.0, 1],
    ]
    assert character_channels(scenes, STYLES).shape == (2, 6, 1, 1)


def test_both_denoisers_look_at_the_composition(composing: ModelCard) -> None:
    model = load(composing, "cpu")
    labels = torch.zeros((64, 64, 8), dtype=torch.uint8)
    hidden, x, noise = torch.ones_like(labels, dtype=torch.bool), torch.randn(1, 4, 16, 16), torch.randn(1, 8, 8, 8)
    first, same, other = (model.compose(Character("suburb"), (8, 8), seed) for seed in (1, 1, 2))
    assert first == same != other
    assert first.style == "suburb"
    details = [model.bind(labels, hidden, None, None, wish)(x, 1.0) for wish in (ANY, first, other)]
    plans = [model.bind_layout(LayoutMap.free((8, 8)), wish)(noise, 1.0) for wish in (ANY, first, other)]  # type: ignore[misc]
    for found in (details, plans):
        assert all(not torch.equal(a, b) for k, a in enumerate(found) for b in found[:k])


def test_cities_have_districts_of_their_own_composition(composing: ModelCard, tiny: ModelCard) -> None:
    model = load(composing, "cpu")
    city = model.compose(ANY, (96, 40), 3).composition
    assert city is not None
    assert (len(city), len(city[0])) == (3, 1)
    assert len({row[0] for row in city}) == 3
    assert district_at(city, (0.0, 0.9)) == (city[0],)
    assert district_at(city, (0.5, 0.5)) == (city[1],)
    assert district_at(city, (1.0, 1.0)) == (city[2],)
    count = len(city[0][0])
    plan = spread(character_channels([Character(composition=city)], STYLES, count), (96, 40))
    assert plan.shape == (1, 6 + count + 1, 96, 40)
    assert torch.equal(plan[0, 6:-1, 0, 3], torch.tensor(city[0][0]))
    assert torch.allclose(plan[0, 6:-1, 47:49, 20].mean(dim=1), torch.tensor(city[1][0]), atol=0.1)
    assert bool((plan[0, -1] == 1).all())
    assert load(tiny, "cpu").compose(ANY, (8, 8), 3) == ANY, "models that were not taught any leave it open"


def test_windows_of_a_city_are_of_their_district_until_something_is_known(composing: ModelCard) -> None:
    scene = VoxelScene(Grid((640, 256, 8), (0.2, 0.2, 0.2)), SPACE)
    city = load(composing, "cpu").compose(ANY, (80, 32), 3).composition
    assert city is not None
    canvas = Canvas(scene, scene.box, np.ones((640, 256, 8), np.bool_), composition=city)
    sampling, window = Sampling(style="centre"), Box((384, 0, 0), (640, 256, 8))
    assert len(city) == 2
    assert canvas.wished_in(window, sampling) == Character("centre", composition=(city[1],))
    assert canvas.wished(sampling) == Character("centre", composition=city)
    canvas.hidden[400] = False
    assert canvas.wished_in(window, sampling) == Character("centre")
    canvas.leaves = 0.25
    assert canvas.wished_in(window, sampling) == Character("centre", leaves=0.25)
    assert canvas.wished(replace(sampling, leaves=1.0)) == Character("centre", leaves=1.0, composition=city)


def test_what_is_made_from_nothing_is_of_one_composition(composing: ModelCard, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[str, Character]] = []
    bind, bind_layout = CityModel.bind, CityModel.bind_layout

    def told_bind(self, labels, hidden, layout, source=None, character=ANY):
        told.append(("scene", character))
        return bind(self, labels, hidden, layout, source, character)

    def told_layout(self, layout, character=ANY):
        told.append(("map", character))
        return bind_layout(self, layout, character)

    monkeypatch.setattr(CityModel, "bind", told_bind)
    monkeypatch.setattr(CityModel, "bind_layout", told_layout)
    session, sampling = Session("cpu"), Sampling(str(composing.folder), seed=5, steps=1, density=0.1)
    expected = load(composing, "cpu").compose(sampling.character, (8, 8), 5)
    assert expected.composition is not None

    def run(request: object) -> list[tuple[str, Character]]:
        told.clear()
        *_, last = session.run(request)  # type: ignore[arg-type]
        assert last.result is not None
        made.append(last.result)
        return list(told)

    made: list = []
    assert run(GenerateRequest((64, 64), sampling)) == [("map", expected), ("scene", expected)]
    assert run(LayoutRequest(LayoutMap.free((8, 8)), sampling)) == [("map", expected)]
    plain = sampling.character
    assert plain.composition is None
    assert plain.leaves is None
    assert expected.leaves in (0.0, 1.0), "a season is drawn, too"
    given = LayoutMap(np.full((8, 8), LAYOUT_CLASSES.index("road"), np.uint8), np.zeros((8, 8), np.uint8))
    assert run(GenerateRequest((64, 64), sampling, given))[-1] == (
        "scene",
        replace(plain, leaves=expected.leaves),
    ), "a given map tells what it is to be, all but its season"
    scene = made[0].scene
    mask = VoxelMask.of_box(replace(scene.box, upper=(32, 32, 8)))
    assert {wish for _, wish in run(InpaintRequest(scene, mask, sampling))} == {plain}, "here its surroundings tell"


def test_guidance_compares_with_the_same_composition(composing: ModelCard, monkeypatch: pytest.MonkeyPatch) -> None:
    told = []
    bind = CityModel.bind

    def told_bind(self, labels, hidden, layout, source=None, character=ANY):
        told.append(character)
        return bind(self, labels, hidden, layout, source, character)

    monkeypatch.setattr(CityModel, "bind", told_bind)
    sampling = Sampling(str(composing.folder), seed=5, steps=1, guidance=2.0, style="centre")
    list(Session("cpu").run(GenerateRequest((64, 64), sampling)))
    whole, free = told
    assert whole.style == "centre"
    assert whole.leaves is not None
    assert free == Character(leaves=whole.leaves, composition=whole.composition), "what was drawn is in both"
    told.clear()
    list(Session("cpu").run(GenerateRequest((64, 64), replace(sampling, leaves=1.0))))
    assert [wish.leaves for wish in told] == [1.0, None], "what is wished for is what guidance strengthens"


def test_models_keep_their_compositions(composing: ModelCard, tmp_path: Path) -> None:
    kept = load(composing, "cpu").compositions
    assert kept is not None
    assert np.allclose(kept.rows, made_up().rows, atol=4e-3)
    assert kept.styles.tolist() == made_up().styles.tolist()
    old = build_tiny(tmp_path / "old", styles=STYLES, compositions=made_up())
    tables = load_file(old.folder / "compositions.safetensors")
    del tables["leaves"]
    save_file(tables, old.folder / "compositions.safetensors")
    old.files["compositions.safetensors"] = hashlib.sha256(
        (old.folder / "compositions.safetensors").read_bytes()
    ).hexdigest()
    old.write(old.folder)
    assert load(read_card(old.folder), "cpu").compose(ANY, (8, 8), 1).leaves is None, "tables of old tell no season"
    card = build_tiny(tmp_path / "broken", styles=STYLES, compositions=made_up())
    path = tmp_path / "broken" / "compositions.safetensors"
    path.write_bytes(path.read_bytes()[:50])
    with pytest.raises(ModelError, match="is damaged"):
        load(read_card(card.folder), "cpu")


def test_layout_priors_are_told_compositions_of_maps_from_nothing_only() -> None:
    class Network(torch.nn.Module):
        config = layout_config(styles=len(TAUGHT), composition=count_features(SPACE))

        def forward(self, x_t: torch.Tensor, t: torch.Tensor, given: torch.Tensor) -> torch.Tensor:
            seen.append(given)
            return x_t

    seen: list[torch.Tensor] = []
    world = MappedWorld.of(make_world(5, (384, 384)), SPACE)
    table = measure_compositions([world], count=50)
    recipe = LayoutRecipe(cells=16, batch=40, composed=1.0)
    loss = LayoutLoss(Network(), [world], table, recipe, 0, torch.device("cpu"))  # type: ignore[arg-type]
    assert bool(torch.isfinite(loss(0, 0.0)))
    (given,) = seen
    assert given.shape == (40, Network.config.given, 16, 16)
    is_free = given[:, 8].flatten(1).all(dim=1)
    assert 5 < int(is_free.sum()) < 35
    assert torch.equal(given[:, -1, 0, 0] > 0, is_free)


def test_priors_are_told_compositions_of_scenes_from_nothing_only(composing: ModelCard) -> None:
    model = load(composing, "cpu")
    assert isinstance(model, CityModel)
    whole = make_world(5, (384, 384))
    low = replace(whole, labels=np.ascontiguousarray(whole.labels[:, :, :8]))
    world = encode_world(model.autoencoder, low, SPACE, torch.device("cpu"))
    assert world.mapped is not None
    table = measure_compositions([world.mapped], count=50)
    recipe = PriorRecipe(composed=1.0, refine=0.0)
    loss = PriorLoss(model.denoiser, model.autoencoder, [world], [], table, recipe, 0, torch.device("cpu"))  # type: ignore[arg-type]
    batch = loss.draw(64, 30)
    slabs = batch.given[:, 4:6]  # after the known latent
    is_free = slabs.flatten(1).all(dim=1)
    assert 5 < int(is_free.sum()) < 25
    assert torch.equal(batch.given[:, -1, 0, 0] > 0, is_free)
    told = batch.given[is_free, -1 - table.rows.shape[1] : -1, 0, 0]
    assert float(told.abs().max()) > 1

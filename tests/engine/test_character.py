"""What scenes are like as a whole: measured, told to models that were taught, refused by others."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from engine.data.city.generator import make_world
from engine.errors import RequestError
from engine.geometry.maps import LAYOUT_CLASSES, LayoutMap, layout_of
from engine.grid import Box
from engine.labels import label_space
from engine.mask import VoxelMask
from engine.models.cards import ModelCard, read_card
from engine.models.character import ANY, Character, measure_density, measure_leaves
from engine.models.city.conditions import character_channels
from engine.models.city.layout import layout_config
from engine.models.city.model import CityModel
from engine.models.composition import count_features
from engine.models.zoo import load
from engine.scene import VoxelScene
from engine.session import Session
from engine.tasks.request import GenerateRequest, InpaintRequest, OutpaintRequest, Sampling
from engine.tasks.season import leaves_around
from engine.training.characters import MappedWorld, measure_compositions, thin_character
from engine.training.city_layout import LayoutLoss, LayoutRecipe
from tests.engine.tiny import build_tiny

SPACE = label_space()
LEAF, STYLES = SPACE.find("vegetation"), ("suburb", "centre")
BUILDING, ROAD = LAYOUT_CLASSES.index("building"), LAYOUT_CLASSES.index("road")


@pytest.fixture(scope="module")
def taught(tmp_path_factory: pytest.TempPathFactory) -> ModelCard:
    return build_tiny(tmp_path_factory.mktemp("taught"), styles=STYLES)


def crowns(filled: int) -> np.ndarray:
    """Trees of 10 voxels' height, of which `filled` are leaves, over low bushes that are solid."""
    labels = np.zeros((40, 24, 32), np.uint8)
    labels[:, :, 3:6] = LEAF
    labels[:, :, 18], labels[:, :, 27] = LEAF, LEAF
    labels[:, :, 19 : 17 + filled] = LEAF
    return labels


def test_leaves_are_the_filled_share_of_crowns() -> None:
    assert measure_leaves(crowns(10), SPACE) == 1.0
    assert measure_leaves(crowns(8), SPACE) == pytest.approx((0.8 - 0.7) / 0.3)
    assert measure_leaves(crowns(3), SPACE) == 0.0
    assert measure_leaves(crowns(10)[:8, :24], SPACE) is None, "too few to tell"


def test_crops_of_a_world_agree_on_the_season() -> None:
    labels = make_world(6, (512, 512)).labels
    parts = [measure_leaves(labels[x : x + 256, y : y + 256], SPACE) for x in (0, 256) for y in (0, 256)]
    told = [p for p in parts if p is not None]
    assert len(told) >= 3
    assert max(told) - min(told) < 0.3


def test_density_is_the_share_of_cells_that_are_built_over() -> None:
    classes = np.full((5, 8), ROAD, np.uint8)
    classes[:2, :3] = BUILDING
    assert measure_density(LayoutMap(classes, np.zeros_like(classes))) == 6 / 40


def test_channels_tell_style_density_and_leaves_apart() -> None:
    scenes = [ANY, Character("centre"), Character(density=0.2), Character("suburb", 0.0, 0.5)]
    assert character_channels(scenes, STYLES)[:, :, 0, 0].tolist() == [
        [0, 0, 0, 0, 0, 0],
        [0, 1, 0, 0, 0, 0],
        [0, 0, 0.5, 1, 0, 0],
        [1, 0, 0, 1, 0.5, 1],
    ]


def test_the_denoisers_look_at_the_character(taught: ModelCard) -> None:
    model = load(taught, "cpu")
    assert isinstance(model, CityModel)
    labels = torch.zeros((32, 48, 8), dtype=torch.uint8)
    hidden, x = torch.ones_like(labels, dtype=torch.bool), torch.randn(1, 4, 8, 12)
    maps, noise = LayoutMap.free((8, 16)), torch.randn(1, 8, 8, 16)
    wishes = (ANY, Character("suburb"), Character("centre"), Character(density=0.3), Character(leaves=0.0))
    details = [model.bind(labels, hidden, None, None, wish)(x, 1.0) for wish in wishes]
    plans = [model.bind_layout(maps, wish)(noise, 1.0) for wish in wishes]  # type: ignore[misc]
    for found in (details, plans):
        assert all(not torch.equal(a, b) for k, a in enumerate(found) for b in found[:k])


def test_a_request_tells_the_character_of_the_whole_scene(taught: ModelCard) -> None:
    session = Session("cpu")

    def made(**wishes: object) -> np.ndarray:
        sampling = Sampling(str(taught.folder), seed=3, steps=2, **wishes)  # type: ignore[arg-type]
        *_, last = session.run(GenerateRequest((64, 64), sampling))
        assert last.result is not None
        assert last.result.provenance.sampling["style"] == wishes.get("style")
        return last.result.labels

    assert not np.array_equal(made(style="suburb"), made(style="centre"))
    assert not np.array_equal(made(leaves=0.0), made(leaves=1.0))
    assert np.array_equal(made(style="suburb"), made(style="suburb"))


def test_wishes_that_cannot_be_met_are_refused(taught: ModelCard, tiny: ModelCard) -> None:
    session = Session("cpu")
    with pytest.raises(RequestError, match="knows no style 'moon'; it knows: suburb, centre"):
        next(session.run(GenerateRequest((64, 64), Sampling(str(taught.folder), style="moon"))))
    with pytest.raises(RequestError, match="'tiny' was not taught styles"):
        next(session.run(GenerateRequest((64, 64), Sampling(str(tiny.folder), density=0.2))))
    with pytest.raises(RequestError, match=r"leaves 1\.5 is outside 0 to 1"):
        Sampling(leaves=1.5)


def test_cards_keep_the_styles(taught: ModelCard, tiny: ModelCard) -> None:
    assert tuple(read_card(taught.folder).styles) == STYLES
    assert read_card(tiny.folder).styles == []


def test_crops_tell_their_own_density_and_their_worlds_season() -> None:
    rng = np.random.default_rng(0)
    layout = layout_of(make_world(2, (256, 256)).labels, SPACE)
    whole = Character("centre", leaves=0.4)
    assert all(thin_character(whole, layout, 1.0, rng).is_open for _ in range(20))
    told = [thin_character(whole, layout, 0.0, rng) for _ in range(300)]
    assert {c.style for c in told} == {"centre", None}
    assert {c.density for c in told} == {measure_density(layout), None}
    assert {c.leaves for c in told} == {0.4, None}
    assert sum(c.style is None for c in told) == pytest.approx(100, abs=35)


def test_the_layout_prior_learns_with_characters() -> None:
    class Network(torch.nn.Module):
        config = layout_config(styles=6, composition=count_features(SPACE))

        def forward(self, x_t: torch.Tensor, t: torch.Tensor, given: torch.Tensor) -> torch.Tensor:
            seen.append(given)
            return x_t

    seen: list[torch.Tensor] = []
    layout = LayoutMap(np.full((40, 48), BUILDING, np.uint8), np.full((40, 48), 9, np.uint8))
    recipe = LayoutRecipe(cells=16, batch=6, character_free=0.0)
    cells = np.ones((40, 48, len(SPACE.solid_ids) + 10), np.float32)
    world = MappedWorld(layout, Character("village", leaves=0.5), cells, 32, SPACE)
    loss = LayoutLoss(Network(), [world], measure_compositions([world], 3), recipe, 0, torch.device("cpu"))  # type: ignore[arg-type]
    assert bool(torch.isfinite(loss(0, 0.0)))
    assert seen[0].shape == (6, 9 + 10 + count_features(SPACE) + 1, 16, 16)
    styles = seen[0][:, 9:15, 3, 5]
    assert set(styles.argmax(dim=1)[styles.any(dim=1)].tolist()) == {1}, "village is the second style"


def test_edits_have_the_season_of_the_trees_around(taught: ModelCard, tiny: ModelCard) -> None:
    labels = np.zeros((240, 24, 32), np.uint8)
    labels[:40], labels[200:] = crowns(8), crowns(10)
    scene, model = VoxelScene.from_labels(labels), load(taught, "cpu")

    def around(low: int, high: int) -> float | None:
        return leaves_around(model, scene, VoxelMask.of_box(Box((low, 0, 0), (high, 24, 32))))

    assert around(40, 60) == around(10, 60) == pytest.approx((0.8 - 0.7) / 0.3)
    assert around(180, 200) == 1.0
    assert around(0, 40) is None, "what is made anew tells nothing, nor what is far off"
    left = VoxelMask.of_box(Box((40, 0, 0), (60, 24, 32)))
    assert leaves_around(load(tiny, "cpu"), scene, left) is None, "a model that knows no seasons is told none"


def test_new_trees_are_as_bare_as_those_around(taught: ModelCard, monkeypatch: pytest.MonkeyPatch) -> None:
    labels = np.zeros((96, 96, 8), np.uint8)
    seasons = []
    monkeypatch.setattr("engine.tasks.inpaint.leaves_around", lambda model, scene, made: 0.2)
    monkeypatch.setattr("engine.tasks.outpaint.leaves_around", lambda model, scene, made: 0.4)
    monkeypatch.setattr(
        "engine.tasks.fill.thin_crowns",
        lambda labels, made, leaves, space, rng: (seasons.append(leaves), labels)[1],
    )
    scene, sampling = VoxelScene.from_labels(labels), Sampling(str(taught.folder), seed=3, steps=1)
    mask = VoxelMask.of_box(Box((16, 16, 0), (48, 48, 8)))
    list(Session("cpu").run(InpaintRequest(scene, mask, sampling)))
    list(Session("cpu").run(InpaintRequest(scene, mask, replace(sampling, leaves=1.0))))
    list(Session("cpu").run(OutpaintRequest(scene, (128, 96), sampling, overlap=32)))
    assert seasons[:2] == [0.2, 1.0]
    assert set(seasons[2:]) == {0.4}

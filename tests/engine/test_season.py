"""Crowns of new trees are as full as wished, in clumps; nothing else changes, and nothing is left hanging."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.data.city.generator import make_world
from engine.geometry.support import find_loose
from engine.labels import label_space
from engine.mask import VoxelMask
from engine.models.character import crowns_of, measure_leaves
from engine.scene import VoxelScene
from engine.session import Session
from engine.tasks.request import GenerateRequest, InpaintRequest, Sampling
from engine.tasks.season import thin_crowns

SPACE = label_space()
LEAF = SPACE.find("vegetation")


@pytest.fixture(scope="module")
def wood() -> np.ndarray:
    """Ground and full crowns on trunks of 14 voxels."""
    labels = np.zeros((64, 64, 32), np.uint8)
    labels[:, :, :3] = SPACE.find("terrain")
    x, y, z = np.meshgrid(*(np.arange(n) for n in labels.shape), indexing="ij")
    for cx in (16, 48):
        for cy in (16, 48):
            labels[cx, cy, 3:20] = SPACE.find("trunk")
            labels[(x - cx) ** 2 + (y - cy) ** 2 + 4 * (z - 22) ** 2 < 190] = LEAF
    return labels


@pytest.mark.parametrize("leaves", [0.0, 0.4, 0.8])
def test_crowns_are_as_full_as_wished(wood: np.ndarray, leaves: float) -> None:
    made = np.ones(wood.shape, np.bool_)
    thinned = thin_crowns(wood, made, leaves, SPACE, np.random.default_rng(0))
    assert measure_leaves(wood, SPACE) == 1.0
    assert measure_leaves(thinned, SPACE) == pytest.approx(leaves, abs=0.03)
    changed = thinned != wood
    assert (wood[changed] == LEAF).all()
    assert not thinned[changed].any()
    again = thin_crowns(wood, made, leaves, SPACE, np.random.default_rng(0))
    assert np.array_equal(thinned, again)
    holes = changed & np.roll(changed, 1, axis=0)
    assert holes.sum() > 1.3 * changed.mean() / crowns_of(wood, SPACE).mean() * changed.sum(), "leaves fall in clumps"


def test_old_crowns_and_thin_ones_keep_every_voxel(wood: np.ndarray) -> None:
    made = np.zeros(wood.shape, np.bool_)
    assert thin_crowns(wood, made, 0.0, SPACE, np.random.default_rng(0)) is wood
    made[:32] = True
    thinned = thin_crowns(wood, made, 0.0, SPACE, np.random.default_rng(0))
    assert np.array_equal(thinned[32:], wood[32:])
    assert thin_crowns(thinned, made, 0.5, SPACE, np.random.default_rng(1)) is thinned, "they are thinner already"


def test_wished_seasons_are_found_in_what_the_shipped_model_makes() -> None:
    session = Session("cpu")

    def made(leaves: float) -> np.ndarray:
        sampling = Sampling("city", seed=4, steps=4, leaves=leaves, style="park")
        *_, last = session.run(GenerateRequest((256, 256), sampling))
        assert last.result is not None
        return last.result.labels

    winter, summer = made(0.1), made(1.0)
    assert measure_leaves(winter, SPACE) == pytest.approx(0.1, abs=0.12)
    assert (measure_leaves(summer, SPACE) or 0) > 0.8
    assert not find_loose(winter, SPACE)[1]


def test_a_brush_in_the_air_thins_what_it_makes_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    scene_of = make_world(8, (128, 128))
    scene = VoxelScene.from_labels(scene_of.labels)
    box = replace(scene.box, lower=(40, 40, 12), upper=(88, 88, 28))
    seen = []

    def noted(labels, made, leaves, space, rng):
        seen.append((labels.shape, made.any(axis=(0, 1)), leaves))
        return thin_crowns(labels, made, leaves, space, rng)

    monkeypatch.setattr("engine.tasks.fill.thin_crowns", noted)
    sampling = Sampling("city", seed=1, steps=1, leaves=0.2)
    *_, last = Session("cpu").run(InpaintRequest(scene, VoxelMask.of_box(box), sampling))
    assert last.result is not None
    ((shape, rows, leaves),) = seen
    assert shape[2] == 32, "heights count from the floor"
    assert np.flatnonzero(rows).tolist() == list(range(12, 28))
    assert leaves == 0.2


def test_where_nothing_may_become_empty_crowns_stay_full(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise AssertionError("leaves were taken")

    monkeypatch.setattr("engine.tasks.fill.thin_crowns", refused)
    scene = VoxelScene.from_labels(make_world(8, (128, 128)).labels)
    mask = VoxelMask.of_box(replace(scene.box, lower=(40, 40, 0), upper=(72, 72, 32)))

    def make(*forbid: str) -> None:
        sampling = Sampling("city", seed=1, steps=1, leaves=0.0, forbid=forbid)
        list(Session("cpu").run(InpaintRequest(scene, mask, sampling)))

    make("empty")
    with pytest.raises(AssertionError, match="leaves were taken"):
        make()

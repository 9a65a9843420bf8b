"""How far a request looks, tiles of outpainting, and maps on their own."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.errors import RequestError
from engine.geometry.maps import LayoutMap
from engine.grid import Box, Grid
from engine.labels import UNKNOWN
from engine.mask import VoxelMask
from engine.scene import VoxelScene
from engine.session import Session
from engine.tasks.request import InpaintRequest, LayoutRequest, OutpaintRequest, Request, Result, Sampling
from engine.tasks.windows import context_of
from engine.tasks.work import seen_of, work_of

HEIGHT = 8


@dataclass(frozen=True)
class Card:
    """The sizes of a model."""

    height: int
    cell: int
    window: int


@pytest.fixture
def scene() -> VoxelScene:
    labels = np.random.default_rng(0).integers(0, 20, (96, 80, HEIGHT)).astype(np.uint8)
    return VoxelScene.from_labels(labels)


def finish(session: Session, request: Request) -> Result:
    *_, last = session.run(request)
    assert last.result is not None
    return last.result


def test_an_inpainting_sees_nothing_outside_of_its_context(
    session: Session, sampling: Sampling, scene: VoxelScene
) -> None:
    mask = VoxelMask.of_box(Box((32, 32, 0), (48, 48, HEIGHT)))
    near, far = scene.snapshot(), scene.snapshot()
    for other, box in ((near, Box((48, 32, 0), (64, 48, HEIGHT))), (far, Box((32, 48, 0), (48, 64, HEIGHT)))):
        other.write(box, np.full(box.shape, 13, np.uint8))

    def make(source: VoxelScene, context: Box | None) -> NDArray[np.uint8]:
        return finish(session, InpaintRequest(source, mask, sampling, context=context)).labels

    beside = Box((32, 32, 2), (61, 48, 3))
    assert np.array_equal(make(scene, beside), make(far, beside))
    assert not np.array_equal(make(scene, beside), make(near, beside))
    assert np.array_equal(make(scene, mask.box), make(near, mask.box))
    assert not np.array_equal(make(scene, None), make(far, None))


def test_a_context_reaches_as_far_as_one_window_shows_and_holds_the_mask(scene: VoxelScene) -> None:
    card = Card(HEIGHT, 16, 256)
    large = VoxelScene(Grid((1000, 640, HEIGHT)))
    mask = VoxelMask.of_box(Box((500, 300, 2), (520, 330, 5)))

    def region(context: Box | None) -> Box:
        return work_of(InpaintRequest(large, mask, Sampling(), context=context), card).region

    assert region(None) == context_of(mask.box, HEIGHT, 16)
    whole = work_of(InpaintRequest(large, mask, Sampling(), context=large.box), card)
    assert 256 <= min(whole.region.shape[:2]) <= max(whole.region.shape[:2]) <= 272
    assert whole.region.pad((0, 0, 9)).contains(mask.box)
    assert seen_of(InpaintRequest(large, mask, Sampling(), context=Box((0, 0, 0), (16, 8, 1))), 16) == Box(
        (0, 0, 0), (528, 336, HEIGHT)
    )


def test_tiles_make_their_columns_and_leave_the_rest_empty(
    session: Session, sampling: Sampling, scene: VoxelScene
) -> None:
    tile = Box((96, 16, 0), (144, 64, HEIGHT))
    request = OutpaintRequest(scene, (144, 112), sampling, (0, 16), 32, tiles=(tile,))
    result = finish(session, request)
    assert result.scene is not None
    assert result.box == tile
    assert result.mask.count == 48 * 48 * HEIGHT
    labels = result.scene.read()
    assert np.array_equal(labels[:96, 16:96], scene.read())
    assert np.array_equal(labels[tile.slices], result.labels)
    made = np.zeros((144, 112), dtype=np.bool_)
    made[:96, 16:96] = made[96:144, 16:64] = True
    assert not labels[~made].any()
    assert np.isin(result.labels, range(20)).all()
    assert result.labels.any()


def test_columns_that_nobody_made_are_not_taken_for_empty_ones(
    session: Session, sampling: Sampling, scene: VoxelScene
) -> None:
    tile = Box((96, 0, 0), (128, 48, HEIGHT))
    hole = scene.snapshot()
    part = Box((80, 48, 0), (96, 80, HEIGHT))
    empty = hole.snapshot()
    hole.write(part, np.full(part.shape, UNKNOWN, np.uint8))
    empty.write(part, np.zeros(part.shape, np.uint8))
    seen = [
        finish(session, OutpaintRequest(s, (128, 80), sampling, (0, 0), 32, tiles=(tile,))).labels
        for s in (hole, empty)
    ]
    assert not np.array_equal(*seen)


@pytest.mark.parametrize("tile", [Box((100, 0, 0), (160, 16, HEIGHT)), Box((0, 0, 0), (96, 80, HEIGHT))])
def test_tiles_outside_or_without_anything_new_are_refused(
    session: Session, sampling: Sampling, scene: VoxelScene, tile: Box
) -> None:
    with pytest.raises(RequestError, match="tile"):
        finish(session, OutpaintRequest(scene, (128, 80), sampling, (0, 0), 32, tiles=(tile,)))


def test_one_tile_is_the_work_of_one_window_however_large_the_scene(scene: VoxelScene) -> None:
    card = Card(HEIGHT, 16, 256)
    large = VoxelScene(Grid((1024, 256, HEIGHT)))
    tile = Box((1024, 0, 0), (1184, 256, HEIGHT))
    work = work_of(OutpaintRequest(large, (1184, 256), Sampling(), (0, 0), 96, tiles=(tile,)), card)
    assert work.windows == (Box((928, 0, 0), (1184, 256, HEIGHT)),)
    assert work.columns == 256 * 256


# maps on their own


def test_a_map_is_completed_where_it_is_free(session: Session, sampling: Sampling) -> None:
    given = LayoutMap.free((11, 6))
    given.classes[3:5, :] = 1
    given.classes[7, 2], given.heights[7, 2] = 6, 4
    result = finish(session, LayoutRequest(given, sampling))
    drawn = result.layout
    assert drawn is not None
    assert drawn.classes.shape == (11, 6)
    assert (drawn.classes[3:5] == 1).all()
    assert (drawn.classes[7, 2], drawn.heights[7, 2]) == (6, 4)
    assert drawn.classes.all()
    assert result.labels.shape == (88, 48, HEIGHT)
    other = finish(session, LayoutRequest(given, replace(sampling, seed=9))).layout
    assert other is not None
    assert not np.array_equal(other.classes, drawn.classes)
    assert np.array_equal(given.classes[:3], np.zeros((3, 6)))
    with pytest.raises(RequestError, match="every cell"):
        finish(session, LayoutRequest(drawn, sampling))

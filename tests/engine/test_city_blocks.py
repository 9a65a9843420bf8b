from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import label

from engine.data.city import figures, fittings, generator
from engine.data.city.annexes import dress_house, stand_canopy
from engine.data.city.borders import Border, stand_border
from engine.data.city.buildings import House, Roof, build, roof_heights
from engine.data.city.canvas import BUILDING, FENCE, POLE, TERRAIN, VEGETATION, Canvas
from engine.data.city.facades import REACH, cut_rows, hang_balconies, stand_scaffold, walls_of
from engine.data.city.frame import Frame, cut_patch
from engine.data.city.generator import make_world
from engine.data.city.painter import Painter
from engine.data.city.stamps import HEADINGS, Stamp
from engine.data.city.style import BLOCK_KINDS
from engine.data.city.trees import HABITS, draw_tree

SKEW = Frame(40.0, 30.0, 0.8, 0.6)


def flat_canvas(shape: tuple[int, int] = (120, 96), level: int = 3) -> Canvas:
    return Canvas(
        np.full(shape, TERRAIN, np.uint8),
        np.full(shape, level, np.uint8),
        np.ones(shape, np.int32),
        np.full(shape, 50.0, np.float32),
        40,
    )


def hangs_together(stamp: Stamp) -> bool:
    low = stamp.voxels.min(0)
    solid = np.zeros(stamp.voxels.max(0) - low + 1, bool)
    solid[tuple((stamp.voxels - low).T)] = True
    parts, count = label(solid)
    return low[2] == 0 and set(np.unique(parts[..., 0])) >= set(range(1, count + 1))


def grounded(labels: NDArray[np.uint8]) -> bool:
    parts, _ = label(labels > 0)
    return bool(np.isin(parts[labels > 0], np.unique(parts[..., 0])).all())


def raised(canvas: Canvas, frame: Frame = SKEW, eave: int = 20, kind: str = "flat") -> House:
    house = build(canvas, frame, [(-18.0, 18.0, 0.0, 30.0)], Roof(kind, eave, 0.5), 6.0)
    assert house is not None
    return house


@pytest.mark.parametrize("kind", [k for k in BLOCK_KINDS if k not in ("houses", "terrace", "hall", "park", "lot")])
def test_every_kind_of_block_is_laid_out_and_stands_on_the_ground(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    odds = np.where(np.array(BLOCK_KINDS) == kind, 1.0, np.where(np.array(BLOCK_KINDS) == "field", 1e-6, 0.0))
    monkeypatch.setattr(generator, "block_odds", lambda *_: odds)
    world = make_world(39, (480, 448), style="suburb").labels
    parts, _ = label(world > 0)
    held = np.isin(parts, np.unique(parts[..., 0]))
    assert (~held & (world > 0)).sum() < 2e-4 * (world > 0).sum()
    must = {"sport": FENCE, "field": VEGETATION, "plaza": 12}.get(kind, BUILDING)
    assert (world == must).any(-1).mean() > 0.003


def test_the_walls_of_a_house_lie_on_its_four_sides() -> None:
    canvas = flat_canvas()
    walls = walls_of(canvas, raised(canvas))
    assert [round(w.length) for w in walls] == [36, 36, 30, 30]
    for wall in walls:
        assert (canvas.owner[wall.x, wall.y][wall.skin] == 1).all()
        assert (canvas.solid[wall.x, wall.y][wall.free] == 0).all()
        assert wall.skin.sum() >= 0.7 * wall.length
    assert sum(int(w.skin.sum()) for w in walls) == len(
        {(x, y) for w in walls for x, y in zip(w.x[w.skin], w.y[w.skin], strict=True)}
    )


def test_windows_are_a_voxel_deep_and_end_below_the_eaves() -> None:
    canvas = flat_canvas()
    house = raised(canvas, eave=14)
    before = Painter(canvas).labels
    wall = walls_of(canvas, house)[0]
    cut_rows(canvas, wall, wall.axes(9.0, 5.0), ((5, 11), (19, 25)))
    gone = (before == BUILDING) & (Painter(canvas).labels == 0)
    assert np.unique(np.nonzero(gone)[2]).tolist() == list(range(8, 14)), "three of ground and five to eleven above"
    columns = {tuple(c) for c in np.argwhere(gone.any(-1))}
    assert columns == {(x, y) for x, y in zip(wall.x[wall.skin], wall.y[wall.skin], strict=True) if (x, y) in columns}
    assert 10 <= len(columns) <= 30


def test_balconies_hang_on_the_wall_with_a_parapet_round_them() -> None:
    canvas = flat_canvas()
    wall = walls_of(canvas, raised(canvas))[0]
    hang_balconies(canvas, wall, wall.part(0.5, 12.0), (13,), 5.0)
    labels = Painter(canvas).labels
    added = (labels == BUILDING) & (canvas.solid == 0)[..., None]
    heights = added.sum((0, 1))
    assert np.flatnonzero(heights).tolist() == [16, 17, 18, 19, 20]
    assert heights[16] > 40
    assert 0 < heights[17] < 0.6 * heights[16]
    assert grounded(labels)
    depth = [-((x - 40) * -0.6 + (y - 30) * 0.8) for x, y in np.argwhere(added.any(-1))]
    assert min(depth) > 0
    assert 3.5 < max(depth) < 5.01 < REACH


def test_a_scaffold_stands_before_the_wall_on_its_own_posts() -> None:
    canvas = flat_canvas()
    wall = walls_of(canvas, raised(canvas, eave=25))[0]
    stand_scaffold(canvas, wall, wall.part(0.5, 30.0), 22)
    painter = Painter(canvas)
    mine = painter.labels == POLE
    assert grounded(painter.labels)
    assert np.flatnonzero(mine.any((0, 1))).tolist() == list(range(3, 25))
    assert not (mine.any(-1) & (canvas.solid > 0)).any()
    assert set(np.unique(painter.idents[mine])) == {2}, "a thing of its own, not part of the house"
    assert 3 <= mine[..., 6].sum() <= 16 < mine[..., 12].sum(), "posts below, decks above"


@pytest.mark.parametrize("seed", range(6))
def test_a_dressed_house_has_openings_and_nothing_of_it_floats(seed: int) -> None:
    canvas = flat_canvas()
    house = raised(canvas, eave=20, kind="gable")
    dress_house(canvas, house, 3.0, np.random.default_rng(seed))
    painter = Painter(canvas)
    inside = (canvas.solid == BUILDING)[..., None] & (np.arange(40) < canvas.top[..., None]) & (np.arange(40) >= 3)
    assert (inside & (painter.labels == 0)).sum() > 200
    assert grounded(painter.labels)
    assert set(np.unique(painter.idents[painter.labels == BUILDING])) == {house.ident}


@pytest.mark.parametrize(
    ("kind", "middle", "end", "corner"),
    [("gable", 25, 25, 20), ("hip", 25, 20, 20), ("front", 32, 20, 20), ("half-hip", 25, 23, 20), ("flat", 20, 20, 20)],
)
def test_roofs_rise_as_their_kind_says(kind: str, middle: int, end: int, corner: int) -> None:
    wings = [(-15.0, 15.0, 0.0, 20.0)] if kind != "front" else [(-12.0, 12.0, 0.0, 20.0)]
    patch = cut_patch(Frame(40.0, 20.0, 1.0, 0.0), (-15.0, 15.0, 0.0, 20.0), (80, 60))
    assert patch is not None
    heights = roof_heights(patch, wings, Roof(kind, 20, 0.5 if kind != "front" else 1.0))
    u0 = 0 if kind != "front" else 3
    assert heights[15, 10] == middle
    assert heights[u0, 10] == pytest.approx(end, abs=0.6)
    assert heights[u0, 0] == pytest.approx(corner, abs=0.6)


def test_a_canopy_stands_on_its_posts_and_leaves_the_ground_free() -> None:
    canvas = flat_canvas()
    assert stand_canopy(canvas, SKEW, (-20.0, 20.0, 0.0, 24.0), 14, 1)
    labels = Painter(canvas).labels
    assert grounded(labels)
    roof = (labels[..., 17] == BUILDING) | (labels[..., 16] == BUILDING)
    below = (labels[..., 8] == BUILDING) & roof
    assert 850 < roof.sum() < 1050
    assert 4 <= below.sum() < 0.05 * roof.sum()
    assert not stand_canopy(canvas, SKEW, (-20.0, 20.0, 0.0, 24.0), 14, 1), "nothing is built twice at a place"


def test_a_picket_fence_goes_up_and_down_along_it() -> None:
    canvas = flat_canvas((20, 10))
    window = (slice(2, 18), slice(4, 5))
    along = np.arange(16, dtype=np.float32)[:, None]
    stand_border(canvas, window, np.ones((16, 1), bool), along, Border(FENCE, 1.0, 5, 4.0, 0.5, 2))
    assert canvas.top[2:18, 4].tolist() == [6, 6, 8, 8] * 4
    assert (canvas.solid[2:18, 4] == FENCE).all()


@pytest.mark.parametrize("leaves", [1.0, 0.6, 0.2])
@pytest.mark.parametrize("habit", HABITS)
def test_trees_hang_together_at_their_trunk_in_every_season(habit: str, leaves: float) -> None:
    tree = draw_tree(habit, 32, np.random.default_rng(5), leaves)
    assert (tree.labels[(tree.voxels == 0).all(1)] == 16).all()
    assert hangs_together(tree) or habit == "weeping"
    assert (tree.labels == VEGETATION).sum() > 30


def test_crowns_lose_leaves_but_evergreens_do_not() -> None:
    def crown(habit: str, leaves: float) -> int:
        return int((draw_tree(habit, 32, np.random.default_rng(9), leaves).labels == VEGETATION).sum())

    assert crown("round", 0.25) < 0.5 * crown("round", 0.7) < 0.5 * crown("round", 1.0)
    assert crown("cone", 0.2) == crown("cone", 1.0)


@pytest.mark.parametrize("heading", range(0, HEADINGS, 5))
def test_people_and_furniture_are_of_one_piece_at_every_heading(heading: int) -> None:
    stamps = [figures.person(i, heading) for i in range(figures.PERSON_KINDS)]
    stamps += [figures.lamp(i, heading) for i in range(figures.LAMP_KINDS)]
    stamps += [figures.sign(i, heading) for i in range(figures.SIGN_KINDS)]
    stamps += [figures.signal(i, heading) for i in range(3)]
    makers = (fittings.goal, fittings.hoop, fittings.flood, fittings.crane, fittings.digger, fittings.swing)
    makers += (fittings.slide, fittings.climb, fittings.bench, fittings.rail, fittings.pylon, fittings.kiosk)
    stamps += [make(heading) for make in makers]
    stamps += [
        figures.utility(heading),
        figures.nameplate(heading),
        figures.gantry(30, heading),
        figures.shelter(heading),
    ]
    assert all(hangs_together(stamp) for stamp in stamps)


def test_children_are_shorter_than_adults() -> None:
    tall = [int(figures.person(i, 7).voxels[:, 2].max()) + 1 for i in range(figures.PERSON_KINDS)]
    assert sorted(tall) == [6, 7, 8, 8, 9, 9, 9, 9]

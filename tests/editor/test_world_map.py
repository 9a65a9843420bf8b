from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from fakes import TERRAIN, FakeCard, FakeSession, HandRunner, class_of, finish, street

from editor.model.document import Document
from editor.model.jobs import Failure
from editor.model.options import Options
from editor.model.pace import Pace
from editor.model.studio import Studio
from editor.model.tiling import TileGrid
from editor.model.world_map import WorldMap
from engine.edit import VoxelEdit
from engine.errors import RequestError
from engine.grid import Box, Grid
from engine.labels import UNKNOWN
from engine.mask import VoxelMask
from engine.scene import VoxelScene
from engine.tasks.request import GenerateRequest, InpaintRequest, OutpaintRequest, Sampling, Step
from engine.tasks.work import work_of

CARD = FakeCard()  # windows of 64, cells of 16: a band of 16 is known, tiles are 48 wide


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def studio() -> Studio:
    return Studio(HandRunner(), [CARD], Document(street()), Options(seed=4, seed_locked=True))


@pytest.fixture
def world(studio: Studio) -> WorldMap:
    return WorldMap(studio)


def states(world: WorldMap) -> dict[tuple[int, int], str]:
    return {t.cell: t.state for t in world.tiles() if t.state != "made"}


def run_next(studio: Studio) -> None:
    finish(studio.jobs, studio.jobs._runner)


# where tiles lie


def test_a_scene_that_one_window_shows_is_one_tile_and_strips_lie_round_it():
    scene = street()
    grid = TileGrid.over(scene, 64, 48, 16)
    assert grid.box((0, 0), scene) == scene.box
    assert grid.box((1, 0), scene) == Box((48, 0, 0), (96, 32, 12))
    assert grid.box((-1, 1), scene) == Box((-48, 32, 0), (0, 80, 12))
    assert grid.box((-2, -1), scene) == Box((-96, -48, 0), (-48, 0, 12))
    assert [grid.cell_at(p, scene) for p in ((0, 0), (47.9, 31.9), (48, 32), (-0.1, -48), (-0.1, -48.1))] == [
        (0, 0),
        (0, 0),
        (1, 1),
        (-1, -1),
        (-1, -2),
    ]


def test_a_larger_scene_is_split_into_tiles_of_whole_cells():
    scene = VoxelScene(Grid((208, 64, 12), origin=(3.2, -6.4, 0.0)))
    grid = TileGrid.over(scene, 64, 48, 16)
    assert grid.cells_of(scene) == (range(5), range(1))
    boxes = [grid.box((i, 0), scene) for i in range(5)]
    assert [b.lower[0] for b in boxes] == [0, 48, 80, 128, 160]
    assert boxes[-1].upper == (208, 64, 12)


def test_the_grid_stays_where_it_is_in_the_world_when_the_scene_grows():
    scene = street()
    grid = TileGrid.over(scene, 64, 48, 16)
    grown = scene.cut(Box((-48, 0, 0), (48, 80, 12)))
    assert grid.carries(grown)
    assert grid.box((0, 0), grown) == Box((48, 0, 0), (96, 32, 12))
    assert grid.cells_of(grown) == (range(-1, 1), range(2))
    assert not grid.carries(scene.cut(Box((-16, 0, 0), (48, 32, 12))))


# choosing tiles


def test_tiles_beside_the_scene_can_be_wanted_nearest_first_and_let_go(world):
    assert states(world) == {(1, 0): "open", (-1, 0): "open", (0, 1): "open", (0, -1): "open"}
    for cell in ((1, 0), (1, 1), (0, 1), (5, 5), (0, 0)):
        world.toggle(cell)
    assert world.wanted == [(0, 1), (1, 0), (1, 1)]
    assert [t.order for t in world.tiles() if t.state == "wanted"] == [1, 2, 3]
    world.toggle((0, 1))
    assert world.wanted == [(1, 0), (1, 1)]
    world.toggle((1, 0))
    assert world.wanted == [], "a tile that touches nothing any more cannot be made"


def test_each_tile_is_a_proposal_and_the_next_one_builds_on_it(studio, world):
    before = studio.document.scene.read()
    for cell in ((-1, 0), (-1, 1)):
        world.toggle(cell)
    world.start()
    first = studio.proposal.request
    assert isinstance(first, OutpaintRequest)
    assert (first.size, first.at, first.overlap) == ((96, 32), (48, 0), 16)
    assert first.tiles == (Box((0, 0, 0), (48, 32, 12)),)
    assert states(world)[-1, 0] == "running"
    run_next(studio)
    assert states(world)[-1, 0] == "ready"
    ghost = studio.proposal.ghost()
    assert VoxelMask.of_array(ghost.mask, ghost.box.lower).equals(VoxelMask.of_box(Box((-48, 0, 0), (0, 32, 12))))
    assert world.show((-1, 0))
    assert not world.show((1, 0))
    assert len(studio.proposals) == 1, "the next one waits for the decision"
    assert np.array_equal(studio.document.scene.read(), before)
    studio.accept()
    assert states(world)[-1, 0] == "accepted"
    second = studio.proposal.request
    assert (second.size, second.at) == ((96, 80), (0, 0))
    assert second.tiles == (Box((0, 32, 0), (48, 80, 12)),)
    assert np.array_equal(second.scene.read(Box((48, 0, 0), (96, 32, 12))), before)
    assert (second.scene.read(Box((0, 0, 0), (48, 32, 2))) == class_of(first)).all()
    run_next(studio)
    studio.accept()
    labels = studio.document.scene.read()
    assert labels.shape == (96, 80, 12)
    assert np.array_equal(labels[48:, :32], before)
    assert not labels[48:, 32:].any(), "nobody asked for that corner"
    assert states(world)[0, 1] == "open"
    assert not world.is_going
    for _ in range(2):
        studio.document.undo()
    assert np.array_equal(studio.document.scene.read(), before)


def test_a_gap_inside_the_bounds_is_filled_without_taking_it_for_air(studio, world):
    for cell in ((1, 0), (1, 1)):
        world.toggle(cell)
    world.take_all(True)
    world.start()
    while studio.jobs.open_jobs:
        run_next(studio)
    assert studio.document.scene.grid.shape == (96, 80, 12)
    world.take_all(False)
    world.toggle((2, 0))
    world.start()
    beside = studio.proposal.request
    assert (beside.scene.read(Box((32, 32, 0), (48, 80, 12))) == UNKNOWN).all(), "not made yet is not empty"
    assert not (beside.scene.read(Box((0, 0, 0), (96, 32, 12))) == UNKNOWN).any()
    cancelled = studio.jobs.running.id
    studio.discard()
    studio.jobs.note_end(cancelled, None)
    world.toggle((0, 1))
    world.start()
    gap = studio.proposal.request
    assert isinstance(gap, InpaintRequest)
    assert gap.mask.equals(VoxelMask.of_box(Box((0, 32, 0), (48, 80, 12))))
    run_next(studio)
    studio.accept()
    assert (studio.document.scene.read(Box((0, 32, 0), (48, 80, 2))) == class_of(gap)).all()


def test_tiles_can_be_taken_as_they_come_until_one_is_undone(studio, world):
    world.take_all(True)
    for cell in ((1, 0), (0, 1)):
        world.toggle(cell)
    world.start()
    run_next(studio)
    assert studio.document.scene.grid.shape == (48, 80, 12)
    studio.document.undo()
    assert studio.document.scene.grid.shape == (48, 32, 12)
    assert not world.is_going, "what was taken back is not put in again"


def test_a_discarded_tile_is_open_again_and_the_next_one_starts(studio, world):
    for cell in ((1, 0), (0, 1)):
        world.toggle(cell)
    world.start()
    run_next(studio)
    studio.discard()
    assert states(world)[0, 1] == "open"
    assert states(world)[1, 0] == "running"
    assert not world.wanted


def test_cancelling_ends_the_row_which_can_be_taken_up_again(studio, world):
    for cell in ((1, 0), (0, 1)):
        world.toggle(cell)
    world.start()
    studio.jobs.cancel_all()
    assert not studio.jobs.open_jobs
    assert not world.is_going
    assert (states(world)[0, 1], states(world)[1, 0]) == ("open", "wanted")
    studio.jobs.note_end(1, None)
    world.start()
    assert states(world)[1, 0] == "running"


def test_accepting_one_variant_while_others_are_made_goes_on_with_the_row(studio, world):
    studio.plan.set(variants=2)
    for cell in ((1, 0), (0, 1)):
        world.toggle(cell)
    world.start()
    run_next(studio)
    studio.proposal.select(0)
    studio.accept()
    assert world.is_going
    assert states(world)[1, 0] in ("queued", "running")


def test_a_failed_tile_stops_the_row_and_can_be_asked_for_again(studio, world):
    for cell in ((1, 0), (0, 1)):
        world.toggle(cell)
    world.start()
    studio.jobs.note_end(1, Failure("no memory"))
    assert states(world)[0, 1] == "failed"
    assert not world.is_going
    world.toggle((0, 1))
    assert states(world)[0, 1] == "wanted"
    assert not studio.proposals


def test_variants_of_a_tile_are_variants_of_one_proposal(studio, world):
    studio.plan.set(variants=3)
    world.toggle((1, 0))
    world.start()
    assert len(studio.proposals) == 1
    assert [c.request.sampling.seed for c in studio.proposal.candidates] == [4, 5, 6]
    assert {c.request.size for c in studio.proposal.candidates} == {(96, 32)}


def test_another_overlap_lays_another_grid(studio, world):
    world.toggle((1, 0))
    studio.plan.set(overlap=32)
    assert studio.plan.tile == 32
    assert world.grid.pitch == 32
    assert not world.wanted
    studio.plan.set(overlap=1000)
    assert (studio.plan.overlap, studio.plan.tile) == (48, 16)


def test_a_scene_that_no_model_suits_has_no_tiles_and_says_why():
    studio = Studio(HandRunner(), [replace(CARD, height=40)], Document(street()))
    world = WorldMap(studio)
    assert not list(world.tiles())
    assert "40" in world.reason
    with pytest.raises(RequestError, match="40"):
        world.start()


def test_a_blank_scene_begins_with_its_own_tile(world, studio):
    studio.document.replace(VoxelScene(Grid((64, 48, 12))))
    assert states(world) == {(0, 0): "open"}
    world.toggle((0, 0))
    world.start()
    run_next(studio)
    assert (studio.proposal.ghost().labels[:, :, :2] == class_of(studio.proposal.request)).all()


def test_another_file_begins_without_wishes_even_while_tiles_are_made(studio, world):
    for cell in ((1, 0), (0, 1)):
        world.toggle(cell)
    world.start()
    studio.drop_all()
    studio.document.replace(street())
    assert not world.wanted
    assert not world.is_going
    assert not world.has_seam
    assert not studio.jobs.open_jobs
    assert set(states(world).values()) == {"open"}


# what it will take


def test_time_is_estimated_from_what_was_timed_here(studio):
    clock = Clock()
    pace = studio.pace = Pace(studio.jobs, studio.plan.find, clock)
    world = WorldMap(studio)
    world.toggle((1, 0))
    assert world.estimate().seconds is None
    probe = pace.probe(studio.plan.options.sampling(0))
    assert probe is not None
    assert probe.size == (64, 64)
    studio.ask(probe)
    job = studio.jobs.running
    result = next(s.result for s in FakeSession(steps=1).run(probe))
    for index in range(1, 7):  # three steps for the map, three for the window
        clock.now += 0.5
        studio.jobs.note_step(job.id, Step(index, 6, "denoising"))
    clock.now += 1.0
    studio.jobs.note_step(job.id, Step(6, 6, "done", result=replace(result, seconds=4.0)))
    studio.discard()
    assert pace.probe(studio.plan.options.sampling(0)) is None
    one = work_of(GenerateRequest((64, 64), Sampling()), CARD)
    assert pace.seconds(one, Sampling(steps=3)) == pytest.approx(4.0)
    assert pace.seconds(one, Sampling(steps=12)) == pytest.approx(13.0)
    assert pace.seconds(one, Sampling(sampler="heun")) is None
    estimate = world.estimate()
    assert estimate.seconds == pytest.approx(13.0 * 64 * 32 / (64 * 64))
    assert (estimate.before, estimate.after, estimate.size) == (48 * 32 * 12, 96 * 32 * 12, (96, 32))


# seams


def test_repairing_a_seam_masks_the_band_between_old_and_new(studio, world):
    assert not world.has_seam
    world.toggle((-1, 0))
    world.start()
    run_next(studio)
    studio.accept()
    assert world.has_seam
    world.repair_seam(8)
    mask = studio.document.mask
    assert mask.box == Box((40, 0, 0), (56, 32, 12))
    assert mask.count == 16 * 32 * 12
    studio.document.undo()
    studio.document.undo()
    assert not world.has_seam
    erase = Box((0, 0, 0), (4, 4, 12))
    studio.document.do(
        VoxelEdit.between("Erase", studio.document.scene, erase, np.full(erase.shape, TERRAIN, np.uint8))
    )
    assert not world.has_seam

from __future__ import annotations

import gc
import json
import pickle
from dataclasses import replace

import numpy as np
import psutil
import pytest
from fakes import BUILDING, CAR, ROAD, FakeCard, FakeSession, HandRunner, answer, class_of, finish, street

from editor.model.candidate import Candidate
from editor.model.choosing import Choosing
from editor.model.document import Document
from editor.model.film import Film
from editor.model.gallery import Item, facts
from editor.model.history import MEGABYTE
from editor.model.jobs import Failure
from editor.model.plan import Extension, Options
from editor.model.proposal import ADDED, CHANGED, REMOVED, Proposal
from editor.model.studio import Studio
from engine.edit import VoxelEdit
from engine.errors import RequestError
from engine.formats.registry import read_scene, write_scene
from engine.grid import Box
from engine.mask import VoxelMask
from engine.tasks.request import GenerateRequest, InpaintRequest, Provenance, Result, Sampling, Step

REGION = Box((8, 6, 3), (22, 16, 9))


class Desk:
    """A studio with a car masked, an engine that is turned by hand, and what one does with candidates."""

    def __init__(self, variants: int = 3) -> None:
        self.runner = HandRunner()
        options = Options(seed=4, seed_locked=True, variants=variants)
        self.studio = Studio(self.runner, [FakeCard()], Document(street()), options, dice=lambda: 40)
        self.choosing = Choosing(self.studio)
        self.mask()

    @property
    def labels(self) -> np.ndarray:
        return self.studio.document.scene.read()

    @property
    def proposal(self) -> Proposal:
        assert self.studio.proposal is not None
        return self.studio.proposal

    @property
    def seeds(self) -> list[int]:
        return [c.request.sampling.seed for c in self.proposal.candidates]

    def mask(self, box: Box = REGION) -> None:
        self.studio.document.set_mask("Box", VoxelMask.of_box(box))

    def run(self) -> None:
        self.studio.run()
        self.finish()

    def finish(self) -> None:
        while self.studio.jobs.open_jobs:
            finish(self.studio.jobs, self.runner)

    def step(self, index: int, label: int) -> None:
        """Let the running job show a step."""
        job = self.studio.jobs.running
        box = REGION
        self.studio.jobs.note_step(
            job.id, Step(index, 9, "denoising", box=box, labels=np.full(box.shape, label, np.uint8))
        )

    def erase(self, box: Box) -> None:
        zeros = np.zeros(box.shape, np.uint8)
        self.studio.document.do(VoxelEdit.between("Erase", self.studio.document.scene, box, zeros))

    def item(self, seed: int) -> Item:
        return next(i for i in self.studio.gallery.items if i.candidate.request.sampling.seed == seed)


@pytest.fixture
def desk() -> Desk:
    return Desk()


# looking


def test_the_differences_say_what_becomes_of_every_voxel_and_show_what_goes(desk):
    request = InpaintRequest(street(), VoxelMask.of_box(REGION), Sampling())
    scene, proposal = request.scene, Proposal([request])
    labels = scene.read(REGION)
    labels[2:12, 2:8, :2] = 0  # the lower two layers of the car go
    labels[2:12, 2:8, 2] = BUILDING  # one layer of it turns into another class
    labels[0, 0, 5] = ROAD  # and a voxel comes where there was air
    provenance = Provenance.of(request, "city", "", "0")
    proposal.candidate.settle(Result(REGION, labels, request.mask, provenance))
    proposal.look("diff")
    ghost = proposal.ghost(scene)
    kinds = ghost.kinds
    assert [(kinds == k).sum() for k in (ADDED, REMOVED, CHANGED)] == [1, 10 * 6 * 2, 10 * 6]
    assert kinds[0, 0, 5] == ADDED
    assert (ghost.labels[kinds == REMOVED] == CAR).all()
    assert (ghost.labels[kinds == CHANGED] == BUILDING).all()
    assert (kinds[12:] == 0).all()
    proposal.look("result")
    assert proposal.ghost(scene).kinds is None
    proposal.look("before")
    assert proposal.ghost(scene) is None


def test_the_view_stays_while_variants_are_stepped_through_and_comparing_ends(desk):
    desk.run()
    desk.choosing.look("candidate.diff")
    desk.proposal.compare(True)
    desk.choosing.step(1)
    assert (desk.proposal.view, desk.proposal.comparing, desk.proposal.current) == ("diff", False, 1)
    desk.choosing.look("candidate.diff")
    assert desk.proposal.view == "result"


# pins, discarding, the history


def test_discarding_all_leaves_pinned_variants_and_the_history_has_the_others(desk):
    desk.run()
    desk.choosing.step(1)
    desk.choosing.pin()
    desk.choosing.discard_all()
    assert desk.seeds == [5]
    assert [c.request.sampling.seed for c in desk.proposal.aside] == [4, 6]
    with pytest.raises(RequestError, match="pinned"):
        desk.choosing.discard()
    desk.choosing.pin()
    desk.choosing.discard()
    assert desk.studio.proposal is None
    assert [i.candidate.request.sampling.seed for i in desk.studio.gallery.items] == [4, 5, 6]
    assert desk.studio.document.mask.equals(VoxelMask.of_box(REGION))


def test_a_discarded_variant_is_shown_again_and_accepted(desk):
    desk.run()
    desk.choosing.discard()
    assert desk.seeds == [5, 6]
    desk.choosing.discard_all()
    desk.choosing.select(desk.item(4))
    desk.choosing.bring()
    assert desk.proposal.candidate.request.sampling.seed == 4
    desk.studio.accept()
    assert (desk.labels[REGION.slices] == 5).all()


def test_a_sibling_is_taken_later_over_the_accepted_one_and_edits_in_between_stay(desk):
    desk.run()
    desk.choosing.accept()
    assert desk.item(4).candidate.accepted
    part = Box((9, 7, 4), (12, 11, 8))
    desk.erase(part)
    desk.choosing.select(desk.item(6))
    desk.choosing.bring()
    assert desk.proposal.edited(desk.studio.document.scene).equals(VoxelMask.of_box(part))
    desk.choosing.accept()
    inside = np.zeros(desk.labels.shape, bool)
    inside[REGION.slices] = True
    inside[part.slices] = False
    assert (desk.labels[inside] == 7).all()
    assert (desk.labels[part.slices] == 0).all()
    for _ in range(3):
        desk.studio.document.undo()
    assert np.array_equal(desk.labels, street().read())
    assert not any(i.candidate.accepted for i in desk.studio.gallery.items)


def test_another_extension_is_taken_later_in_place_of_the_accepted_one(desk):
    desk.studio.document.set_mask("Nothing", VoxelMask.nothing())
    desk.studio.plan.extend(Extension(west=16))
    desk.run()
    desk.choosing.accept()
    assert desk.studio.document.scene.grid.shape == (64, 32, 12)
    before = desk.labels
    desk.choosing.select(desk.item(6))
    desk.choosing.bring()
    assert desk.proposal.ghost(desk.studio.document.scene).box == Box((0, 0, 0), (64, 32, 12))
    desk.choosing.accept()
    assert np.array_equal(desk.labels[16:], street().read())
    assert (desk.labels[:16, :, :2] == 7).all()
    desk.studio.document.undo()
    assert np.array_equal(desk.labels, before)


def test_undo_brings_all_variants_back_even_those_the_history_forgot(desk):
    desk.run()
    desk.choosing.accept()
    desk.studio.gallery.clear()
    desk.studio.document.undo()
    assert desk.seeds == [4, 5, 6]
    assert [i.candidate.request.sampling.seed for i in desk.studio.gallery.items] == [4, 5, 6]
    desk.studio.document.redo()
    assert desk.studio.proposal is None
    assert desk.item(4).candidate.accepted


def test_deleting_forgets_for_good_and_cancels_what_is_being_made(desk):
    desk.studio.run()
    desk.choosing.select(desk.item(5))
    desk.choosing.forget()
    desk.choosing.forget()  # the shown one, which runs
    assert desk.runner.cancelled == [1]
    assert desk.seeds == [6]
    assert len(desk.studio.gallery.items) == 1
    assert [j.state for j in desk.studio.jobs.jobs] == ["cancelled", "cancelled", "queued"]


def test_seed_and_parameters_are_taken_from_a_variant(desk):
    desk.studio.plan.set(steps=7, sampler="ddim", guidance=2.0, strength=0.4, forbid=frozenset({"car"}))
    desk.run()
    desk.studio.plan.set(steps=30, sampler="heun", guidance=1.0, strength=1.0, forbid=frozenset(), seed_locked=False)
    desk.choosing.select(desk.item(6))
    desk.choosing.reuse_seed()
    options = desk.studio.plan.options
    assert (options.seed, options.seed_locked, options.steps) == (6, True, 30)
    desk.choosing.reuse_all()
    options = desk.studio.plan.options
    assert (options.steps, options.sampler, options.guidance, options.strength) == (7, "ddim", 2.0, 0.4)
    assert options.forbid == {"car"}
    rows = dict(facts(desk.item(6)))
    assert (rows["Seed"], rows["Steps"], rows["Sampler"], rows["Mask"]) == (
        "6",
        "7",
        "ddim",
        f"{REGION.volume:,} voxels",
    )
    assert rows["Not made"] == "car"
    assert "Resample" not in rows
    request = desk.item(6).candidate.request
    unusual = replace(request, sampling=replace(request.sampling, resample=5, keep_known=True))
    rows = dict(facts(Item(Proposal([unusual]), Candidate(unusual))))
    assert (rows["Resample"], rows["Keep known"]) == ("5", "True")


# bytes


def test_the_history_forgets_films_first_then_the_oldest_but_no_favourites(desk):
    gallery, rng = desk.studio.gallery, np.random.default_rng(3)
    desk.run()
    desk.studio.discard()
    for item in gallery.items:
        noise = rng.integers(0, 256, REGION.shape, np.uint8)
        item.candidate.film.take(Step(1, 9, "", box=REGION, labels=noise))
    desk.item(4).candidate.starred = True
    gone: list[Item] = []
    bare = gallery.nbytes - sum(i.candidate.film.nbytes for i in gallery.items)
    gallery.budget = bare + desk.item(4).candidate.film.nbytes
    gallery.prune(gone.append)
    assert [bool(i.candidate.film.frames) for i in gallery.items] == [True, False, False]
    assert gone == []
    gallery.budget = 0
    gallery.prune(gone.append)
    assert [i.candidate.request.sampling.seed for i in gallery.items] == [4]
    assert [i.candidate.request.sampling.seed for i in gone] == [5, 6]


def test_what_is_on_show_or_being_made_is_never_forgotten(desk):
    desk.studio.gallery.budget = 0
    desk.studio.run()
    finish(desk.studio.jobs, desk.runner)
    assert [c.state for c in desk.proposal.candidates] == ["ready", "waiting", "waiting"]
    desk.finish()
    assert desk.seeds == [4]
    assert desk.proposal.candidate.result is not None


def test_what_was_forgotten_just_before_the_click_comes_back(desk):
    desk.run()
    late = desk.item(5)
    desk.studio.gallery.budget = 0
    desk.studio.gallery.prune(desk.studio._close)
    assert desk.seeds == [4]
    desk.studio.bring(late)
    assert (desk.seeds, desk.proposal.current) == ([4, 5], 1)
    assert desk.item(5).candidate.result is not None


def test_a_result_at_rest_takes_little_and_comes_back_the_same(desk):
    request = GenerateRequest((48, 32), Sampling(seed=8))
    candidate = Candidate(request)
    candidate.settle(answer(request))
    labels, large = candidate.result.labels, candidate.nbytes
    candidate.rest()
    assert candidate.nbytes < large / 20
    assert np.array_equal(candidate.result.labels, labels)
    assert np.array_equal(candidate.result.scene.read(), labels)
    candidate.rest()
    twin = pickle.loads(pickle.dumps(candidate))
    assert twin == candidate
    assert np.array_equal(twin.result.labels, labels)


def test_200_rounds_of_generate_accept_undo_keep_memory_in_bounds():
    """Regions of 64 x 64 x 11 voxels, two variants and their films each: ten times the bound, were all kept as is."""
    process, rng = psutil.Process(), np.random.default_rng(0)
    desk = Desk(variants=2)
    desk.studio.document.replace(street((128, 128, 12)))
    desk.studio.plan.set(preview="every")
    rounds = 200

    def go_round() -> None:
        low = rng.integers(0, 60, 2)
        desk.mask(Box((int(low[0]), int(low[1]), 1), (int(low[0]) + 64, int(low[1]) + 64, 12)))
        desk.run()
        desk.choosing.accept()
        desk.studio.document.undo()
        desk.studio.document.redo()
        desk.studio.document.undo()
        desk.choosing.discard_all()

    for _ in range(10):
        go_round()
    gc.collect()
    before = process.memory_info().rss
    for _ in range(rounds):
        go_round()
    gc.collect()
    assert (process.memory_info().rss - before) / MEGABYTE < 100
    assert desk.studio.gallery.nbytes <= desk.studio.gallery.budget


# more like this


def test_more_like_this_starts_from_the_variant_and_ends_in_the_same_proposal(desk):
    desk.run()
    desk.choosing.step(1)
    desk.studio.plan.set(variants=2)
    desk.choosing.vary(30)  # with fresh seeds, though the seed is locked
    assert desk.seeds == [4, 5, 6, 40, 41]
    assert desk.proposal.current == 3
    sent = desk.proposal.candidate.request
    assert isinstance(sent, InpaintRequest)
    assert sent.sampling.strength == 0.3
    assert (sent.scene.read(REGION) == 6).all()  # class of seed 5
    outside = sent.scene.read()
    outside[REGION.slices] = street().read(REGION)
    assert np.array_equal(outside, street().read())
    assert sent.mask.equals(VoxelMask.of_box(REGION))
    desk.finish()
    assert desk.proposal.candidate.note == "like seed 5"
    assert desk.proposal.edited(desk.studio.document.scene).is_empty
    desk.studio.accept()
    assert (desk.labels[REGION.slices] == 40 % 19 + 1).all()
    entry = desk.studio.document.scene.metadata["provenance"][-1]
    assert (entry["sampling"]["seed"], entry["sampling"]["strength"]) == (40, 0.3)


def test_variations_of_a_whole_scene_and_of_an_extension_fit_into_their_frames(desk):
    desk.studio.document.set_mask("Nothing", VoxelMask.nothing())
    desk.studio.plan.extend(Extension(south=16))
    desk.run()
    desk.studio.plan.set(variants=1)
    desk.choosing.vary(50)
    sent = desk.proposal.candidate.request
    assert sent.scene.grid.shape == (48, 48, 12)
    assert sent.mask.count == 48 * 16 * 12
    desk.finish()
    desk.studio.accept()
    assert np.array_equal(desk.labels[:, 16:], street().read())
    assert (desk.labels[:, :16] == 40 % 19 + 1).all()
    desk.studio.document.undo()
    assert np.array_equal(desk.labels, street().read())


def test_a_variant_that_is_not_finished_cannot_be_varied(desk):
    desk.studio.run()
    with pytest.raises(RequestError, match="not finished"):
        desk.choosing.vary(50)
    with pytest.raises(RequestError, match="no variant"):
        Choosing(Studio(HandRunner(), [])).vary(50)


# steps


def test_the_film_goes_back_to_what_each_step_showed(desk):
    desk.studio.run()
    for index, label in ((1, 3), (2, 8), (3, 9)):
        desk.step(index, label)
    desk.proposal.go_to(1)
    assert (desk.proposal.ghost().labels == 8).all()
    desk.step(4, 10)  # what comes meanwhile does not turn the page
    assert (desk.proposal.ghost().labels == 8).all()
    desk.proposal.go_to(None)
    assert (desk.proposal.ghost().labels == 10).all()


def test_stop_here_takes_the_shown_step_and_cancels_the_run(desk):
    desk.studio.run()
    for index, label in ((1, 3), (2, 8), (3, 9)):
        desk.step(index, label)
    desk.proposal.go_to(1)
    desk.choosing.keep_step()
    assert desk.runner.cancelled == [1]
    assert (desk.proposal.candidate.state, desk.proposal.candidate.note) == ("ready", "stopped at step 2")
    desk.choosing.accept()
    assert (desk.labels[REGION.slices] == 8).all()
    entry = desk.studio.document.scene.metadata["provenance"][-1]
    assert (entry["sampling"]["stopped_at"], entry["sampling"]["seed"]) == (2, 4)
    desk.studio.document.undo()
    assert np.array_equal(desk.labels, street().read())


def test_a_step_of_a_finished_run_becomes_a_variant_of_its_own(desk):
    desk.studio.run()
    desk.step(1, 3)
    finish(desk.studio.jobs, desk.runner)
    desk.proposal.go_to(0)
    with pytest.raises(RequestError, match="earlier step"):
        desk.choosing.accept()
    desk.choosing.keep_step()
    assert desk.proposal.current == 3
    assert (desk.proposal.candidate.result.labels == 3).all()
    assert [c.state for c in desk.proposal.candidates] == ["ready", "waiting", "waiting", "ready"]
    assert desk.proposal.candidates[0].result is not None
    assert len(desk.studio.gallery.items) == 4


def test_a_step_of_a_first_scene_becomes_a_whole_scene(desk):
    desk.studio.document.set_mask("Nothing", VoxelMask.nothing())
    desk.studio.run()
    labels = np.full((48, 32, 12), 9, np.uint8)
    desk.studio.jobs.note_step(1, Step(1, 9, "denoising", box=Box.of_shape(labels.shape), labels=labels))
    desk.choosing.keep_step()
    desk.choosing.accept()
    assert np.array_equal(desk.labels, labels)
    assert desk.studio.document.scene.metadata["provenance"][-1]["sampling"]["stopped_at"] == 1


def test_the_plan_of_a_map_is_shown_but_no_scene_to_keep(desk):
    desk.studio.run()
    labels = np.full(REGION.shape, 9, np.uint8)
    desk.studio.jobs.note_step(1, Step(1, 9, "layout", box=REGION, labels=labels))
    assert (desk.proposal.ghost().labels == 9).all()
    with pytest.raises(RequestError, match="plan of a map"):
        desk.choosing.keep_step()


def test_without_pictures_there_is_nothing_to_keep(desk):
    desk.studio.run()
    with pytest.raises(RequestError, match="no step was shown"):
        desk.choosing.keep_step()


def test_a_film_beyond_its_bytes_keeps_the_last_picture_of_every_box():
    rng, boxes = np.random.default_rng(1), (Box((0, 0, 0), (8, 8, 8)), Box((8, 0, 0), (16, 8, 8)))
    film = Film(limit=6 * 512)
    pictures = [rng.integers(0, 256, (8, 8, 8)).astype(np.uint8) for _ in range(40)]
    for k, picture in enumerate(pictures):
        film.take(Step(k + 1, 40, "", box=boxes[k // 20], labels=picture))
    assert film.nbytes <= 6 * 512
    pieces = film.pieces(len(film.frames) - 1)
    assert np.array_equal(pieces[boxes[0]], pictures[19])
    assert np.array_equal(pieces[boxes[1]], pictures[39])
    assert [f.index for f in film.frames] == sorted(f.index for f in film.frames)


# what goes wrong


def test_a_failed_variant_is_retried_with_its_seed(desk):
    desk.studio.run()
    desk.studio.jobs.note_end(1, Failure("the run gave no usable numbers; try another seed", "trace"))
    assert desk.proposal.candidate.state == "failed"
    told: list[Failure] = []
    desk.choosing.failure_wanted.connect(told.append)
    desk.choosing.explain()
    assert told[0].details == "trace"
    desk.choosing.retry()
    desk.finish()
    assert [c.state for c in desk.proposal.candidates] == ["ready"] * 3
    assert desk.seeds == [4, 5, 6]
    assert (desk.proposal.candidate.result.labels == class_of(desk.proposal.candidate.request)).all()
    assert [j.state for j in desk.studio.jobs.jobs] == ["done"] * 3


def test_an_empty_scene_is_a_failure_but_an_erased_region_is_none(desk):
    desk.studio.run()
    sent = desk.proposal.candidate.request
    air = Result(REGION, np.zeros(REGION.shape, np.uint8), sent.mask, answer(sent).provenance)
    desk.studio.jobs.note_step(1, Step(9, 9, "done", result=air))
    desk.studio.jobs.note_end(1, None)
    assert desk.proposal.candidate.state == "ready"
    desk.studio.discard()
    desk.studio.jobs.note_end(2, None)
    desk.studio.document.set_mask("Nothing", VoxelMask.nothing())
    desk.studio.run()
    job = desk.studio.jobs.running
    blank = answer(job.request)
    blank.scene.write(blank.scene.box, np.zeros(blank.labels.shape, np.uint8))
    empty = Result(blank.box, np.zeros_like(blank.labels), blank.mask, blank.provenance, blank.scene)
    desk.studio.jobs.note_step(job.id, Step(9, 9, "done", result=empty))
    assert desk.proposal.candidate.result is None
    desk.studio.jobs.note_end(job.id, None)
    assert desk.proposal.candidate.state == "failed"
    assert "nothing but air" in desk.proposal.candidate.failure.message
    assert "seed 4 is kept" in desk.proposal.candidate.failure.message


def test_run_again_takes_the_scene_as_it_is_now_and_the_same_seed(desk):
    desk.run()
    desk.choosing.step(2)
    part = Box((9, 7, 4), (12, 11, 8))
    desk.erase(part)
    desk.choosing.run_again()
    sent = desk.proposal.request
    assert sent.sampling.seed == 6
    assert (sent.scene.read(part) == 0).all()
    desk.finish()
    assert desk.proposal.edited(desk.studio.document.scene).is_empty
    assert len(desk.studio.gallery.items) == 4


def test_another_scene_starts_without_a_history(desk):
    desk.run()
    desk.studio.drop_all()
    assert desk.studio.gallery.items == []
    assert desk.choosing.item is None


def test_steps_of_a_fake_run_are_all_kept(desk):
    desk.studio.run()
    request = desk.studio.jobs.running.request
    for step in FakeSession(steps=6).run(request):
        desk.studio.jobs.note_step(1, step)
    assert [f.index for f in desk.proposal.candidate.film.frames] == [1, 2, 3, 4, 5]


def test_where_accepted_voxels_came_from_is_in_the_saved_file(desk, tmp_path):
    desk.run()
    desk.choosing.accept()
    write_scene(desk.studio.document.scene, tmp_path / "street.scw")
    (entry,) = read_scene(tmp_path / "street.scw").metadata["provenance"]
    assert entry == json.loads(json.dumps(desk.item(4).candidate.result.provenance.to_json()))
    assert (entry["task"], entry["model"], entry["sampling"]["seed"]) == ("inpaint", "city", 4)

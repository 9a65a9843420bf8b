from __future__ import annotations

import gc
import json
import pickle
from dataclasses import replace

import numpy as np
import psutil
import pytest
from desk import REGION, Desk
from fakes import BUILDING, CAR, ROAD, FakeSession, answer, class_of, finish, street

from editor.model.candidate import Candidate
from editor.model.gallery import Item, facts
from editor.model.history import MEGABYTE
from editor.model.jobs import Failure
from editor.model.plan import Extension
from editor.model.proposal import ADDED, CHANGED, REMOVED, Proposal
from engine.errors import RequestError
from engine.formats.registry import read_scene, write_scene
from engine.grid import Box
from engine.mask import VoxelMask
from engine.tasks.request import GenerateRequest, InpaintRequest, Provenance, Result, Sampling, Step


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
    unusual = replace(request, sampling=replace(request.sampling, resample=5, keep_known=False))
    rows = dict(facts(Item(Proposal([unusual]), Candidate(unusual))))
    assert (rows["Resample"], rows["Keep known"]) == ("5", "False")


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

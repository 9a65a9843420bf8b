"""Scenes that were predicted: when refining is offered, what is asked of the engine, and what becomes of the answer."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from desk import REGION, Desk
from fakes import CAR, FakeCard, HandRunner, class_of, street

from editor.model.document import Document
from editor.model.gallery import facts, parameters
from editor.model.options import Options
from editor.model.plan import Extension
from editor.model.predictions import has_solid, looks_predicted
from editor.model.studio import Studio
from engine.edit import VoxelEdit
from engine.errors import RequestError
from engine.grid import Box
from engine.labels import UNKNOWN
from engine.mask import VoxelMask
from engine.scene import VoxelScene
from engine.tasks.request import GenerateRequest, InpaintRequest, RefineRequest, Step

GAP = Box((20, 3, 4), (31, 9, 8))


def prediction() -> VoxelScene:
    """The street with a gap in the midst of the air above it."""
    scene = street()
    scene.write(GAP, np.full(GAP.shape, UNKNOWN, np.uint8))
    return scene


@pytest.fixture
def desk() -> Desk:
    """A desk with a prediction on it and nothing masked; three variants from seed 4 on."""
    desk = Desk()
    desk.studio.document.replace(prediction(), name="frame.npz")
    return desk


# which scenes


def test_a_gap_in_the_midst_asks_for_refining_and_columns_that_nobody_made_do_not():
    assert looks_predicted(prediction())
    assert not looks_predicted(street())
    grown = street()
    grown.write(Box((0, 0, 0), (16, 32, 12)), np.full((16, 32, 12), UNKNOWN, np.uint8))
    assert not looks_predicted(grown)
    far = VoxelScene.from_labels(np.zeros((272, 16, 12), np.uint8))
    assert not looks_predicted(far)
    far.write(Box((271, 15, 11), (272, 16, 12)), np.full((1, 1, 1), UNKNOWN, np.uint8))
    assert looks_predicted(far)


def test_unknown_voxels_are_nothing_to_start_from():
    scene = VoxelScene.from_labels(np.zeros((272, 16, 12), np.uint8))
    scene.write(GAP.clip(scene.box), np.full(GAP.clip(scene.box).shape, UNKNOWN, np.uint8))
    assert not has_solid(scene)
    scene.write(Box((271, 15, 11), (272, 16, 12)), np.full((1, 1, 1), CAR, np.uint8))
    assert has_solid(scene)


def test_opening_a_prediction_turns_to_refining_and_opening_another_scene_turns_back(desk):
    plan = desk.studio.plan
    assert (plan.mode, plan.offer().text) == ("refine", "Refine scene (3 variants)")
    desk.mask()
    assert plan.offer().text == "Refine mask (3 variants)"
    desk.studio.document.replace(street())
    assert plan.mode == "generate"


def test_refining_is_off_while_the_bounds_are_pulled_and_turning_to_it_puts_them_back(desk):
    plan = desk.studio.plan
    plan.extend(Extension(east=16))
    assert plan.mode == "extend"
    plan.refine(True)
    assert (plan.mode, plan.extension) == ("refine", Extension())


# why not


def test_the_button_says_what_is_in_the_way_and_follows_the_voxels(desk):
    document, plan = desk.studio.document, desk.studio.plan
    told = []
    plan.changed.connect(lambda: told.append(plan.offer().reason))
    everything = document.scene.box
    document.do(VoxelEdit.between("Erase", document.scene, everything, np.zeros(everything.shape, np.uint8)))
    assert "no solid voxel to start from" in told[-1]
    assert not plan.offer().fixable
    assert plan.offer("generate").reason == ""
    with pytest.raises(RequestError, match="no solid voxel"):
        desk.studio.run()
    document.undo()
    assert (told[-1], plan.offer().reason) == ("", "")
    plan.set(refine_strength=0.0)
    assert "strength 0.0" in plan.offer().reason
    assert plan.offer("regenerate").reason == ""


def test_a_model_that_cannot_take_the_scene_says_so_first():
    studio = Studio(HandRunner(), [FakeCard(height=16)], Document(street()))
    studio.plan.refine(True)
    assert studio.plan.offer().reason == "The scene is 12 voxels high, the model needs 16."
    assert studio.plan.offer().fixable
    studio = Studio(HandRunner(), [], Document(street()))
    assert studio.plan.offer("refine").lacking


# what is asked


def test_requests_have_their_own_steps_and_strength_and_keep_the_mask(desk):
    plan = desk.studio.plan
    plan.set(steps=20, strength=0.9, keep_layout=True)
    whole = plan.requests()
    assert [type(r) for r in whole] == [RefineRequest] * 3
    assert [(r.sampling.seed, r.sampling.steps, r.sampling.strength) for r in whole] == [
        (seed, 4, 0.5) for seed in (4, 5, 6)
    ]
    assert whole[0].mask is None
    assert whole[0].layout is None
    desk.mask()
    assert plan.requests()[0].mask.equals(VoxelMask.of_box(REGION))
    plan.set_effort(steps=7)
    plan.set_effort(strength=0.3)
    assert (plan.options.steps, plan.options.strength, plan.effort) == (20, 0.9, (7, 0.3))
    plan.refine(False)
    assert plan.effort == (20, 0.9)
    plan.set_effort(steps=8)
    assert (plan.options.steps, plan.options.refine_steps) == (8, 7)
    assert isinstance(plan.requests()[0], InpaintRequest)


def test_maps_and_tiles_never_take_the_steps_of_refining(desk):
    plan = desk.studio.plan
    plan.set(steps=20, refine_steps=3)
    assert (plan.sampling_for(9).steps, plan.sampling_for(9).strength) == (20, 1.0)


def test_what_a_masked_refining_looks_at_is_told(desk):
    desk.mask()
    reach = desk.studio.plan.reach()
    assert reach.cells.box.lower[:2] == (0, 0)
    assert reach.cells.box.upper[:2] == (32, 16)
    assert reach.context.contains(REGION)
    desk.studio.document.set_mask("Clear", VoxelMask.nothing())
    assert desk.studio.plan.reach() is None


# what becomes of it


def test_a_refined_scene_is_one_step_and_undo_brings_prediction_variants_and_offer_back(desk):
    before = desk.labels
    desk.run()
    assert desk.seeds == [4, 5, 6]
    gap = before == UNKNOWN
    ghost = desk.proposal.ghost(desk.studio.document.scene)
    assert (ghost.labels[gap] == class_of(desk.proposal.request)).all()
    desk.choosing.look("candidate.diff")
    kinds = desk.proposal.ghost(desk.studio.document.scene).kinds
    assert np.array_equal(kinds != 0, gap)
    desk.choosing.step(1)
    desk.studio.accept()
    assert np.array_equal(desk.labels, np.where(gap, 6, before))
    document = desk.studio.document
    assert document.history.undo_name == "Refine"
    entry = document.scene.metadata["provenance"][-1]
    assert (entry["task"], entry["sampling"]["steps"], entry["sampling"]["strength"]) == ("refine", 4, 0.5)
    assert desk.studio.plan.mode == "generate"  # nothing is unknown any more
    document.undo()
    assert np.array_equal(desk.labels, before)
    assert desk.seeds == [4, 5, 6]
    assert desk.studio.plan.mode == "refine"
    document.redo()
    assert np.array_equal(desk.labels, np.where(gap, 6, before))
    assert desk.studio.plan.mode == "generate"


def test_a_refined_part_leaves_the_rest_to_be_refined(desk):
    before, part = desk.labels, Box((22, 3, 0), (25, 7, 12))
    desk.mask(part)
    desk.run()
    desk.studio.accept()
    inside = VoxelMask.of_box(part).within(desk.studio.document.scene.box)
    assert np.array_equal(desk.labels, np.where(inside & (before == UNKNOWN), 5, before))
    assert desk.studio.plan.offer().text == "Refine scene (3 variants)"


def test_asking_again_gives_more_variants_of_the_same_and_a_part_is_another_question(desk):
    desk.run()
    desk.run()
    assert desk.seeds == [4, 5, 6] * 2
    desk.mask()
    desk.run()
    assert desk.seeds == [4, 5, 6]
    assert [j.title for j in desk.studio.jobs.jobs[:1]] == ["Variant 1 · Refine scene"]
    assert [j.title for j in desk.studio.jobs.jobs[-1:]] == [f"Variant 3 · Refine {REGION.volume:,} voxels"]
    desk.studio.plan.refine(False)
    desk.run()
    assert len(desk.studio.proposals) == 3


def test_a_stale_refining_is_run_again_from_the_scene_as_it_is(desk):
    desk.run()
    desk.erase(Box((30, 25, 3), (44, 32, 11)))
    assert desk.proposal.edited(desk.studio.document.scene).count == 14 * 7 * 8
    desk.choosing.run_again()
    desk.finish()
    assert isinstance(desk.proposal.request, RefineRequest)
    assert desk.proposal.edited(desk.studio.document.scene).is_empty


def test_more_like_a_refined_one_starts_from_its_result(desk):
    desk.run()
    desk.studio.plan.set(variants=1)
    desk.choosing.vary(30)
    sent = desk.proposal.candidate.request
    assert isinstance(sent, InpaintRequest)
    assert (sent.scene.read(GAP) == 5).all()
    assert sent.sampling.strength == 0.3
    desk.finish()
    desk.studio.accept()
    assert desk.studio.document.history.undo_name == "Refine"


def test_a_step_is_kept_of_a_refining(desk):
    desk.studio.run()
    job, box = desk.studio.jobs.running, desk.studio.document.scene.box
    desk.studio.jobs.note_step(job.id, Step(1, 4, "denoising", box=box, labels=np.full(box.shape, 11, np.uint8)))
    desk.choosing.keep_step()
    assert desk.proposal.candidate.note == "stopped at step 1"
    assert (desk.proposal.candidate.result.labels == 11).all()


def test_all_parameters_come_back_into_the_dock_with_the_task(desk):
    plan = desk.studio.plan
    plan.set(steps=20, refine_steps=6, refine_strength=0.7, forbid=frozenset({"car"}))
    desk.run()
    item = desk.item(5)
    assert ("Refined", f"{48 * 32 * 12:,} voxels") in facts(item)
    plan.refine(False)
    plan.set(steps=30, refine_steps=1, refine_strength=0.1, forbid=frozenset())
    desk.choosing.select(item)
    desk.choosing.reuse_all()
    options = plan.options
    assert (options.refines, options.refine_steps, options.refine_strength) == (True, 6, 0.7)
    assert (options.steps, options.seed, options.forbid) == (30, 5, frozenset({"car"}))
    anew = GenerateRequest((48, 32), Options(steps=9, strength=0.8).sampling(0))
    assert {"refines": False, "steps": 9, "strength": 0.8}.items() <= parameters(anew).items()
    assert "refine_steps" not in parameters(anew)


def test_an_accepted_refining_survives_the_way_to_the_disk_and_back(desk):
    before = desk.labels
    desk.run()
    desk.studio.accept()
    after = desk.labels
    edit = pickle.loads(pickle.dumps(desk.studio.document.history.step_back()))
    edit.revert(desk.studio.document._frame)
    assert np.array_equal(desk.labels, before)
    edit.apply(desk.studio.document._frame)
    assert np.array_equal(desk.labels, after)

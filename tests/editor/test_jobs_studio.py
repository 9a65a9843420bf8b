from __future__ import annotations

import numpy as np
import pytest
from fakes import CAR, FakeCard, FakeSession, HandRunner, answer, class_of, finish, paint, street

from editor.model.document import Document
from editor.model.jobs import Failure, JobQueue
from editor.model.options import Options
from editor.model.plan import Extension
from editor.model.studio import Studio
from engine.edit import VoxelEdit
from engine.errors import GridError, RequestError
from engine.grid import Box, Grid
from engine.labels import label_space
from engine.mask import VoxelMask
from engine.scene import VoxelScene
from engine.tasks.request import GenerateRequest, InpaintRequest, OutpaintRequest, Sampling, Step

REGION = Box((8, 6, 3), (22, 16, 9))


def request(seed: int = 0) -> GenerateRequest:
    return GenerateRequest((48, 32), Sampling(seed=seed))


@pytest.fixture
def studio() -> Studio:
    options = Options(seed=4, seed_locked=True, variants=2)
    return Studio(HandRunner(), [FakeCard()], Document(street()), options)


def mask_car(studio: Studio) -> None:
    studio.document.set_mask("Box mask", VoxelMask.of_box(REGION))


def runner_of(studio: Studio) -> HandRunner:
    return studio.jobs._runner


def run_and_finish(studio: Studio) -> None:
    studio.run()
    while studio.jobs.open_jobs:
        finish(studio.jobs, runner_of(studio))


def erase(studio: Studio, box: Box) -> None:
    labels = np.zeros(box.shape, np.uint8)
    studio.document.do(VoxelEdit.between("Erase", studio.document.scene, box, labels))


# the queue


def test_jobs_run_one_after_the_other_in_order():
    runner = HandRunner()
    queue = JobQueue(runner)
    jobs = [queue.submit(request(k), f"job {k}") for k in range(3)]
    assert [j.state for j in jobs] == ["running", "queued", "queued"]
    finish(queue, runner)
    assert [j.state for j in jobs] == ["done", "running", "queued"]
    assert [n for n, _ in runner.started] == [jobs[0].id, jobs[1].id]


def test_a_cancelled_job_is_over_at_once_and_its_late_steps_are_dropped():
    runner = HandRunner()
    queue = JobQueue(runner)
    steps = []
    queue.stepped.connect(lambda job, step: steps.append(job))
    first, second = queue.submit(request(), "first"), queue.submit(request(), "second")
    queue.cancel(first)
    assert first.state == "cancelled"
    assert runner.cancelled == [first.id]
    assert second.state == "queued"  # the runner is still busy with the first
    queue.note_step(first.id, Step(1, 3, "late"))
    assert steps == []
    queue.note_end(first.id, None)
    assert (first.state, second.state) == ("cancelled", "running")


def test_cancel_all_starts_nothing_more():
    runner = HandRunner()
    queue = JobQueue(runner)
    jobs = [queue.submit(request(k), "") for k in range(3)]
    queue.cancel_all()
    queue.note_end(jobs[0].id, None)
    assert [j.state for j in jobs] == ["cancelled"] * 3
    assert len(runner.started) == 1


def test_a_failure_is_kept_and_the_next_job_runs():
    runner = HandRunner()
    queue = JobQueue(runner)
    first, second = queue.submit(request(), "a"), queue.submit(request(), "b")
    queue.note_end(first.id, Failure("out of memory", "details"))
    assert first.state == "failed"
    assert first.failure == Failure("out of memory", "details")
    assert second.state == "running"


def test_the_time_left_comes_from_the_steps_seen():
    now = [10.0]
    queue = JobQueue(HandRunner(), clock=lambda: now[0])
    job = queue.submit(request(), "")
    for index, moment in ((1, 12.0), (2, 12.5), (4, 13.5)):
        now[0] = moment
        queue.note_step(job.id, Step(index, 10, ""))
    assert job.seconds_left == pytest.approx(0.5 * 6)
    assert job.fraction == pytest.approx(0.4)


# what the button offers


def test_the_button_names_the_operation(studio):
    assert studio.plan.offer().text == "Generate scene (2 variants)"
    mask_car(studio)
    assert studio.plan.offer().text == f"Regenerate {REGION.volume:,} voxels (2 variants)"
    studio.plan.extend(Extension(east=16))
    assert studio.plan.offer().text == "Extend to 64 × 32 (2 variants)"


@pytest.mark.parametrize(
    ("scene", "words"),
    [
        (VoxelScene(Grid((48, 32, 16)), label_space()), "16 voxels high, the model needs 12"),
        (VoxelScene(Grid((48, 40, 12)), label_space()), "multiples of 16"),
        (VoxelScene(Grid((48, 32, 12), (0.4, 0.4, 0.4)), label_space()), "the model needs 0.2 m"),
        (VoxelScene(Grid((48, 32, 12)), label_space("carlasc")), "carlasc classes"),
    ],
)
def test_a_scene_that_does_not_fit_the_model_is_refused_with_the_reason(scene, words):
    studio = Studio(HandRunner(), [FakeCard()], Document(scene))
    offer = studio.plan.offer()
    assert words in offer.reason
    assert offer.fixable
    with pytest.raises(RequestError, match="the model needs"):
        studio.run()
    assert studio.jobs.jobs == []


def test_without_models_editing_works_and_generating_says_why():
    studio = Studio(HandRunner(), [], Document(street()))
    assert "not installed" in studio.plan.offer().reason
    erase(studio, REGION)
    assert studio.document.dirty


def test_requests_are_complete_and_seeds_count_up(studio):
    mask_car(studio)
    studio.plan.set(steps=7, guidance=2.0, strength=0.5, forbid=frozenset({"car", "truck"}))
    studio.run()
    jobs = studio.jobs.jobs
    assert [j.request.sampling.seed for j in jobs] == [4, 5]
    sampling = jobs[0].request.sampling
    assert (sampling.steps, sampling.guidance, sampling.strength, sampling.forbid) == (7, 2.0, 0.5, ("car", "truck"))
    assert isinstance(jobs[0].request, InpaintRequest)
    assert jobs[0].request.mask.equals(VoxelMask.of_box(REGION))


def test_the_scene_of_a_request_never_changes(studio):
    mask_car(studio)
    studio.run()
    sent = studio.jobs.jobs[0].request.scene
    before = sent.read()
    erase(studio, REGION)
    assert np.array_equal(sent.read(), before)
    assert not np.array_equal(studio.document.scene.read(), before)


def test_an_extension_becomes_a_size_and_a_place(studio):
    studio.plan.extend(Extension(west=16, north=32))
    studio.run()
    sent = studio.jobs.jobs[0].request
    assert isinstance(sent, OutpaintRequest)
    assert (sent.size, sent.at, sent.overlap) == ((64, 64), (16, 0), 16)
    bounds = studio.plan.extension.box(studio.document.scene)
    assert bounds == Box((-16, 0, 0), (48, 64, 12))
    assert Extension.of_box(bounds, studio.document.scene) == Extension(west=16, north=32)


# candidates


def test_accept_is_one_step_that_changes_the_mask_only_and_undo_restores_every_byte(studio):
    mask_car(studio)
    before, masked = studio.document.scene.read(), studio.document.mask
    run_and_finish(studio)
    studio.proposal.select(1)
    studio.accept()
    after = studio.document.scene.read()
    inside = masked.within(studio.document.scene.box)
    assert np.array_equal(after[~inside], before[~inside])
    assert (after[inside] == 5 % 19 + 1).all()
    assert studio.document.mask.is_empty
    assert studio.proposal is None
    assert [p["sampling"]["seed"] for p in studio.document.scene.metadata["provenance"]] == [5]
    studio.document.undo()
    assert np.array_equal(studio.document.scene.read(), before)
    assert studio.document.mask.equals(masked)
    assert studio.document.scene.metadata["provenance"] == []


def test_undo_brings_the_variants_back_and_another_one_can_be_taken(studio):
    mask_car(studio)
    run_and_finish(studio)
    studio.accept()
    studio.document.undo()
    assert [c.state for c in studio.proposal.candidates] == ["ready", "ready"]
    studio.proposal.select(1)
    studio.accept()
    assert studio.document.scene.read(REGION).min() == 6
    studio.document.undo()
    studio.document.redo()
    assert studio.document.scene.read(REGION).min() == 6
    assert studio.proposal is None


def test_a_first_scene_on_a_blank_document_goes_straight_in():
    blank = VoxelScene(Grid((48, 32, 12)), label_space())
    studio = Studio(HandRunner(), [FakeCard()], Document(blank), Options(seed=2, seed_locked=True))
    run_and_finish(studio)
    assert studio.proposal is None
    assert (studio.document.scene.read()[:, :, :2] == 3).all()
    assert studio.document.history.undo_name == "Generate scene"
    studio.document.undo()
    assert studio.document.is_blank()


def test_extending_keeps_old_voxels_even_those_edited_meanwhile(studio):
    studio.plan.extend(Extension(west=16, south=16))
    studio.run()
    erase(studio, REGION)
    now = studio.document.scene.read()
    finish(studio.jobs, runner_of(studio))
    assert studio.proposal.ghost().box == Box((-16, -16, 0), (48, 32, 12))
    studio.accept()
    assert studio.document.scene.grid.shape == (64, 48, 12)
    assert np.array_equal(studio.document.scene.read(Box((16, 16, 0), (64, 48, 12))), now)
    assert studio.plan.extension.is_nothing
    assert [j.state for j in studio.jobs.jobs] == ["done", "cancelled"]


def test_the_ghost_covers_new_voxels_only(studio):
    studio.plan.extend(Extension(east=16))
    run_and_finish(studio)
    ghost = studio.proposal.ghost()
    assert ghost.box == Box((0, 0, 0), (64, 32, 12))
    assert not ghost.mask[:48].any()
    assert ghost.mask[48:].all()
    studio.proposal.compare(True)
    assert studio.proposal.ghost() is None


def test_previews_of_several_tiles_are_put_together(studio):
    studio.plan.extend(Extension(east=32))
    proposal = studio.run()
    job = studio.jobs.running
    one, two = Box((48, 0, 0), (64, 32, 12)), Box((64, 0, 0), (80, 32, 12))
    for index, (box, label) in enumerate(((one, 3), (two, 8), (one, 4)), start=1):
        studio.jobs.note_step(job.id, Step(index, 9, "", box=box, labels=np.full(box.shape, label, np.uint8)))
    ghost = proposal.ghost()
    assert ghost.box == Box((48, 0, 0), (80, 32, 12))
    assert (ghost.labels[:16] == 4).all()
    assert (ghost.labels[16:] == 8).all()


def test_a_region_edited_meanwhile_is_stale_and_edited_voxels_stay_unless_asked(studio):
    mask_car(studio)
    run_and_finish(studio)
    assert studio.proposal.edited(studio.document.scene).is_empty
    part = Box((10, 8, 3), (14, 14, 8))
    erase(studio, part)
    assert studio.proposal.edited(studio.document.scene).equals(VoxelMask.of_box(part))
    studio.accept("keep")
    assert (studio.document.scene.read(part) == 0).all()
    assert (studio.document.scene.read(Box((14, 8, 3), (22, 16, 9))) == 5).all()
    studio.document.undo()
    studio.accept("overwrite")
    assert (studio.document.scene.read(part) == 5).all()


def test_a_candidate_of_other_bounds_cannot_be_accepted(studio):
    mask_car(studio)
    run_and_finish(studio)
    before = studio.document.scene.read()
    studio.document.replace(studio.document.scene.cut(Box((0, 0, 0), (32, 32, 12))))
    with pytest.raises(GridError, match="bounds of the scene changed"):
        studio.accept()
    assert np.array_equal(studio.document.scene.read(), before[:32])


def test_nothing_unfinished_can_be_accepted(studio):
    mask_car(studio)
    studio.run()
    with pytest.raises(RequestError, match="not finished"):
        studio.accept()
    with pytest.raises(RequestError, match="no variant"):
        Studio(HandRunner(), []).accept()


def test_asking_again_for_the_same_adds_variants_and_another_region_goes_on_top(studio):
    mask_car(studio)
    run_and_finish(studio)
    first = studio.proposal
    run_and_finish(studio)
    assert studio.proposal is first
    assert len(first.candidates) == 4
    assert first.current == 2
    studio.document.set_mask("Other", VoxelMask.of_box(Box((30, 2, 0), (40, 8, 6))))
    run_and_finish(studio)
    assert studio.proposal is not first
    studio.discard()
    assert studio.proposal is first


def test_discarding_cancels_what_is_under_way_and_leaves_the_scene_alone(studio):
    mask_car(studio)
    before = studio.document.scene.read()
    studio.run()
    studio.discard()
    assert studio.proposal is None
    assert runner_of(studio).cancelled == [studio.jobs.jobs[0].id]
    assert np.array_equal(studio.document.scene.read(), before)
    assert studio.document.mask.equals(VoxelMask.of_box(REGION))


def test_a_cancelled_variant_leaves_no_candidate(studio):
    mask_car(studio)
    studio.run()
    studio.jobs.cancel(studio.jobs.jobs[1])
    assert len(studio.proposal.candidates) == 1
    studio.jobs.cancel(studio.jobs.jobs[0])
    assert studio.proposal is None


def test_a_failed_variant_keeps_its_seed_and_tells_why(studio):
    mask_car(studio)
    failures = []
    studio.failed.connect(failures.append)
    studio.run()
    studio.jobs.note_end(studio.jobs.running.id, Failure("no memory"))
    assert studio.proposal.candidates[0].state == "failed"
    assert studio.proposal.candidates[0].request.sampling.seed == 4
    assert failures == [Failure("no memory")]


def test_an_unlocked_seed_is_drawn_before_each_run():
    rolls = iter([11, 22])
    studio = Studio(HandRunner(), [FakeCard()], Document(street()), dice=lambda: next(rolls))
    studio.run()
    studio.run()
    assert [j.request.sampling.seed for j in studio.jobs.jobs] == [11, 22]
    assert studio.plan.options.seed == 22


def test_the_fake_session_keeps_what_lies_outside_the_mask():
    mask = VoxelMask.of_ball((12.0, 9.0, 5.0), 4, street().box)
    sent = InpaintRequest(street(), mask, Sampling(seed=CAR))
    box, labels = paint(sent)
    assert (labels[mask.array] == class_of(sent)).all()
    assert np.array_equal(labels[~mask.array], street().read(box)[~mask.array])
    assert answer(sent).mask is mask
    assert len(list(FakeSession(steps=5).run(sent))) == 5

from __future__ import annotations

import time

import numpy as np
import pytest
from fakes import FakeCard, FakeSession, HandRunner, finish, street

from editor.model.document import Document
from editor.model.jobs import Job, JobQueue
from editor.model.options import Options
from editor.model.studio import Studio
from editor.worker import Worker
from engine.grid import Box
from engine.mask import VoxelMask
from engine.tasks.request import GenerateRequest, Sampling


def fill(queue: JobQueue, count: int) -> list[Job]:
    return [queue.submit(GenerateRequest((48, 32), Sampling(seed=k)), f"job {k}") for k in range(count)]


def started(queue: JobQueue, runner: HandRunner, count: int) -> list[int]:
    """Let jobs run to their ends; tells the seeds in the order in which they were started."""
    for _ in range(count):
        finish(queue, runner)
    return [request.sampling.seed for _, request in runner.started]


def test_waiting_jobs_are_moved_among_themselves():
    runner = HandRunner()
    queue = JobQueue(runner)
    jobs = fill(queue, 5)
    queue.move(jobs[3], -1)
    queue.move(jobs[4], -9)
    queue.move(jobs[1], 1)
    queue.move(jobs[0], 3)  # it runs: it stays
    assert started(queue, runner, 5) == [0, 4, 3, 1, 2]


def test_a_job_in_front_runs_next_and_the_others_keep_their_order():
    runner = HandRunner()
    queue = JobQueue(runner)
    jobs = fill(queue, 3)
    for seed in (10, 11):
        queue.submit(GenerateRequest((48, 32), Sampling(seed=seed)), "front", ahead_of=jobs[1])
    assert started(queue, runner, 5) == [0, 10, 11, 1, 2]


def test_in_front_of_nothing_is_the_end():
    runner = HandRunner()
    queue = JobQueue(runner)
    jobs = fill(queue, 2)
    queue.submit(GenerateRequest((48, 32), Sampling(seed=9)), "front", ahead_of=jobs[0])  # which runs already
    assert started(queue, runner, 3) == [0, 1, 9]


def test_the_running_job_is_cancelled_alone_and_so_are_the_waiting_ones():
    runner = HandRunner()
    queue = JobQueue(runner)
    jobs = fill(queue, 3)
    queue.cancel_running()
    assert [j.state for j in jobs] == ["cancelled", "queued", "queued"]
    queue.note_end(jobs[0].id, None)
    queue.cancel_waiting()
    assert [j.state for j in jobs] == ["cancelled", "running", "cancelled"]
    assert runner.cancelled == [jobs[0].id]
    queue.forget(jobs[1])  # it runs: it stays
    queue.forget(jobs[2])
    assert queue.jobs == jobs[:2]


def test_variants_asked_for_in_front_run_before_what_waits():
    runner = HandRunner()
    studio = Studio(runner, [FakeCard()], Document(street()), Options(seed=1, seed_locked=True, variants=3))
    studio.document.set_mask("Car", VoxelMask.of_box(Box((8, 6, 3), (22, 16, 9))))
    studio.run()
    studio.document.set_mask("House", VoxelMask.of_box(Box((30, 25, 3), (44, 31, 11))))
    studio.plan.set(seed=50, variants=2)
    studio.run(in_front=True)
    assert started(studio.jobs, runner, 5) == [1, 50, 51, 2, 3]


@pytest.mark.parametrize("preview", ["off", "every"])
def test_cancel_is_answered_within_one_step_and_leaves_nothing(qtbot, preview):
    pause = 0.15
    session = FakeSession(steps=400, pause=pause)
    worker = Worker(lambda device: session)
    studio = Studio(worker, [FakeCard()], Document(street()), Options(seed=1, seed_locked=True, preview=preview))
    worker.stepped.connect(studio.jobs.note_step)
    worker.ended.connect(studio.jobs.note_end)
    before = studio.document.scene.read()
    studio.run()
    qtbot.waitUntil(lambda: studio.jobs.running.step is not None, timeout=5000)
    seen = studio.jobs.running.step.index
    asked = time.monotonic()
    studio.jobs.cancel_all()
    assert studio.proposal is None  # at once, for whoever looks
    assert studio.gallery.items == []
    with qtbot.waitSignal(worker.ended, timeout=5000):
        pass
    assert time.monotonic() - asked < pause + 0.5
    assert session.closed[0] <= seen + 2  # the one under way when asked, and one that was not yet told
    assert np.array_equal(studio.document.scene.read(), before)
    worker.shut_down()

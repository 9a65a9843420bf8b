from __future__ import annotations

import threading
import time

import numpy as np
import pytest
from fakes import FakeSession, answer

from editor.model.jobs import Failure
from editor.worker import Background, DeviceInfo, Mailbox, Worker, _End, describe
from engine.errors import DeviceError, ScenewrightError
from engine.grid import Box
from engine.tasks.request import GenerateRequest, Sampling, Step


def request(seed: int = 1) -> GenerateRequest:
    return GenerateRequest((48, 32), Sampling(seed=seed))


class Record:
    """Everything a worker says, in order."""

    def __init__(self, worker: Worker) -> None:
        self.steps: list[tuple[int, Step]] = []
        self.ends: list[tuple[int, Failure | None]] = []
        self.threads: set[int] = set()
        worker.stepped.connect(self._on_step)
        worker.ended.connect(self._on_end)

    def _on_step(self, job: int, step: Step) -> None:
        self.threads.add(threading.get_ident())
        self.steps.append((job, step))

    def _on_end(self, job: int, failure: Failure | None) -> None:
        self.threads.add(threading.get_ident())
        self.ends.append((job, failure))


@pytest.fixture
def start(qtbot):
    made: list[Worker] = []

    def launch(session: FakeSession) -> tuple[Worker, Record]:
        worker = Worker(lambda device: session)
        made.append(worker)
        return worker, Record(worker)

    yield launch
    for worker in made:
        worker.shut_down()
        assert not worker.is_running


def test_a_job_ends_with_its_result_in_the_interface_thread(start, qtbot):
    worker, record = start(FakeSession(steps=4))
    worker.start(7, request())
    qtbot.waitUntil(lambda: bool(record.ends))
    assert record.ends == [(7, None)]
    job, last = record.steps[-1]
    assert job == 7
    assert last.index == 4
    assert np.array_equal(last.result.labels, answer(request()).labels)
    assert record.threads == {threading.get_ident()}


def test_the_session_is_made_in_the_thread_and_once(qtbot):
    makers: list[str] = []

    def factory(device: str) -> FakeSession:
        makers.append(f"{threading.current_thread().name} {device}")
        return FakeSession()

    worker = Worker(factory, "cpu")
    record = Record(worker)
    assert makers == []
    for job in (1, 2):
        worker.start(job, request())
        qtbot.waitUntil(lambda job=job: len(record.ends) == job)
    worker.shut_down()
    assert makers == ["scenewright-engine cpu"]


def test_cancel_closes_the_run_between_two_steps(start, qtbot):
    session = FakeSession(steps=1000, pause=0.005)
    worker, record = start(session)
    worker.start(1, request())
    qtbot.waitUntil(lambda: bool(record.steps))
    worker.cancel(1)
    qtbot.waitUntil(lambda: bool(record.ends), timeout=1000)
    assert session.closed
    assert session.closed[0] < 500
    assert all(s.result is None for _, s in record.steps)


def test_an_end_is_told_at_once_and_previews_only_so_often(start, qtbot):
    worker, record = start(FakeSession())
    asked = []
    worker._throttle.start = asked.append  # type: ignore[method-assign]
    worker._last = time.monotonic() + 3600.0  # previews were delivered only just now
    worker._post(3, Step(1, 9, "denoising"))
    qtbot.waitUntil(lambda: bool(asked))
    assert record.steps == []
    worker._post(3, _End(None))
    qtbot.waitUntil(lambda: bool(record.ends))
    assert record.ends == [(3, None)]


def test_after_a_cancel_the_next_job_runs(start, qtbot):
    session = FakeSession(steps=50, pause=0.005)
    worker, record = start(session)
    worker.start(1, request())
    worker.cancel(1)
    qtbot.waitUntil(lambda: len(record.ends) == 1)
    session.steps, session.pause = 2, 0.0
    worker.start(2, request())
    qtbot.waitUntil(lambda: len(record.ends) == 2)
    assert record.steps[-1][0] == 2
    assert record.steps[-1][1].result is not None


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (ScenewrightError("mask is empty; brush one"), "mask is empty; brush one"),
        (DeviceError("cuda is not there; use cpu"), "cuda is not there; use cpu"),
        (MemoryError(), "Out of memory; try fewer variants or a smaller region. The scene is unharmed."),
        (
            RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory: 9 bytes"),
            "Out of memory; try fewer variants or a smaller region. The scene is unharmed.",
        ),
        (ZeroDivisionError("division by zero\nmore"), "Something broke: ZeroDivisionError: division by zero"),
    ],
)
def test_whatever_goes_wrong_is_one_line_with_details_and_the_thread_lives_on(start, qtbot, error, line):
    session = FakeSession(fail_at=2, error=error)
    worker, record = start(session)
    worker.start(1, request())
    qtbot.waitUntil(lambda: bool(record.ends))
    failure = record.ends[0][1]
    assert failure.message == line
    assert type(error).__name__ in failure.details
    session.fail_at = None
    worker.start(2, request())
    qtbot.waitUntil(lambda: len(record.ends) == 2)
    assert record.ends[1] == (2, None)


def test_an_engine_that_cannot_start_is_told(qtbot):
    def factory(device: str) -> FakeSession:
        raise ScenewrightError("no weights; install them")

    worker = Worker(factory)
    with qtbot.waitSignal(worker.broken) as heard:
        worker.launch("city")
    assert heard.args[0].message == "no weights; install them"
    worker.shut_down()


def test_the_device_is_told_after_the_model_is_loaded(start, qtbot):
    session = FakeSession()
    worker, _ = start(session)
    with qtbot.waitSignal(worker.device_changed) as heard:
        worker.launch("city")
    assert session.loaded == ["city"]
    assert heard.args[0] == DeviceInfo("cpu", 3 << 30, 8 << 30)


def test_a_slow_interface_gets_the_latest_preview_of_each_box_and_every_result():
    box = Mailbox()
    near, far = Box((0, 0, 0), (4, 4, 4)), Box((4, 0, 0), (8, 4, 4))
    labels = np.zeros((4, 4, 4), np.uint8)
    steps = [Step(k, 9, "", box=near if k < 6 else far, labels=labels) for k in range(1, 9)]
    for step in steps:
        box.put(3, step)
    assert [s.index for _, s in box.take()] == [5, 8]
    box.put(3, steps[0])
    final = Step(9, 9, "", result=answer(request()))
    box.put(3, final)
    box.put(4, steps[2])
    assert [(j, s.index) for j, s in box.take()] == [(3, 1), (3, 9), (4, 3)]
    assert box.take() == []


def test_shutting_down_while_a_job_runs_leaves_no_thread(qtbot):
    session = FakeSession(steps=100000, pause=0.002)
    worker = Worker(lambda device: session)
    record = Record(worker)
    worker.start(1, request())
    qtbot.waitUntil(lambda: bool(record.steps))
    worker.shut_down()
    assert not worker.is_running
    assert session.closed
    assert "scenewright-engine" not in [t.name for t in threading.enumerate()]


def test_background_work_answers_in_the_interface_thread(qtbot):
    seen = []
    good, bad = Background(lambda: 6 * 7), Background(lambda: 1 // 0)
    good.done.connect(lambda value: seen.append((value, threading.get_ident())))
    with qtbot.waitSignal(good.done):
        good.start()
    with qtbot.waitSignal(bad.failed) as heard:
        bad.start()
    assert seen == [(42, threading.get_ident())]
    assert heard.args[0].message.startswith("Something broke: ZeroDivisionError")
    good.join()
    bad.join()


def test_an_error_without_words_is_named_by_its_kind():
    assert describe(KeyError()).message == "Something broke: KeyError: KeyError"

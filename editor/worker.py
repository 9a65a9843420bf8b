"""The engine thread: the only place where threads meet.

The interface hands jobs in and gets `(job, Step)` back through one Qt signal. Previews go through a mailbox where the
latest wins, so a slow interface never falls behind; results and errors always arrive, and at once.
"""

from __future__ import annotations

import gc
import queue
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import psutil
from PySide6.QtCore import QObject, Qt, QTimer, Signal

from editor.model.jobs import Failure
from engine.errors import MemoryShortageError, ScenewrightError
from engine.grid import Box
from engine.tasks.request import Request, Step

PREVIEWS_A_SECOND = 15
_SWITCH_SECONDS = 0.001
"""How long the engine thread may hold the interpreter while the interface waits; Python's 5 ms make a drag stutter."""


class EngineSession(Protocol):
    """What the worker needs of `engine.session.Session`."""

    @property
    def device(self) -> str: ...

    def load(self, model: str) -> object: ...

    def run(self, request: Request) -> Iterator[Step]: ...

    def memory(self) -> tuple[int, int] | None: ...


SessionFactory = Callable[[str], EngineSession]


@dataclass(frozen=True)
class DeviceInfo:
    """What the device chip shows; bytes."""

    device: str
    used: int
    total: int


@dataclass(frozen=True)
class _End:
    failure: Failure | None


@dataclass(frozen=True)
class _Broken:
    failure: Failure


@dataclass(frozen=True)
class _Refused:
    device: str
    failure: Failure


@dataclass(frozen=True)
class _Probed:
    device: str
    seconds: float


Message = Step | _End | _Broken | _Refused | _Probed | DeviceInfo
Errand = Callable[[], None]
_NO_JOB = 0


class Mailbox:
    """What is on its way to the interface: the newest preview of every box, and all the rest in order."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._previews: dict[tuple[int, Box | None], Step] = {}
        self._letters: list[tuple[int, Message]] = []

    def put(self, job: int, message: Message) -> None:
        """Leave a message; of a job, or `0` for none."""
        with self._lock:
            if isinstance(message, Step) and message.result is None:
                self._previews[job, message.box] = message
                return
            waiting = [(j, s) for (j, _), s in self._previews.items() if j == job]
            self._previews = {key: s for key, s in self._previews.items() if key[0] != job}
            self._letters += [*sorted(waiting, key=lambda w: w[1].index), (job, message)]

    @property
    def has_letters(self) -> bool:
        return bool(self._letters)

    def take(self) -> list[tuple[int, Message]]:
        """Empty the box: letters in the order they came, then the newest previews."""
        with self._lock:
            previews = sorted(((j, s) for (j, _), s in self._previews.items()), key=lambda p: (p[0], p[1].index))
            found, self._letters = [*self._letters, *previews], []
            self._previews.clear()
            return found


class Worker(QObject):
    """Owns the engine thread and the session in it.

    Parameters
    ----------
    factory
        Makes the session from a device name; called in the thread, so that heavy imports happen there.
    """

    stepped = Signal(int, object)
    ended = Signal(int, object)
    device_changed = Signal(object)
    broken = Signal(object)
    """The engine could not be started, or a model not be loaded; a `Failure`."""
    refused = Signal(str, object)
    """Another device could not be taken, and the one before is in use again; its name and a `Failure`."""
    probed = Signal(str, float)
    """Device, and the seconds that the probed request would take on it."""
    _woken = Signal()

    def __init__(self, factory: SessionFactory, device: str = "auto", parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._factory = factory
        self._device = device
        self._inbox: queue.SimpleQueue[Errand | None] = queue.SimpleQueue()
        self._mailbox = Mailbox()
        self._current: int | None = None
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._session: EngineSession | None = None
        self._throttle = QTimer(self, singleShot=True, interval=1000 // PREVIEWS_A_SECOND)
        self._throttle.timeout.connect(self._deliver)
        self._last = 0.0
        self._is_shut = False
        self._woken.connect(self._wake, Qt.ConnectionType.QueuedConnection)

    @property
    def is_running(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def launch(self, model: str = "") -> None:
        """Start the thread and load a model ahead of the first job; call it after the first frame."""
        if self._thread is None:
            sys.setswitchinterval(_SWITCH_SECONDS)
            self._thread = threading.Thread(target=self._work, name="scenewright-engine", daemon=True)
            self._thread.start()
            if model:
                self._inbox.put(partial(self._warm_up, model))

    def start(self, job: int, request: Request) -> None:
        """Run a request as soon as the thread is free; one at a time."""
        self.launch()
        self._stop.clear()
        self._current = job
        self._inbox.put(partial(self._work_on, job, request))

    def use_device(self, device: str, model: str = "") -> None:
        """Compute on another device after what is under way, or start anew on the same one; loads a model there."""
        self.launch()
        self._inbox.put(partial(self._change_device, device, model))

    def free(self) -> None:
        """Let go of all models after what is under way; the next job loads what it needs."""
        self.launch()
        self._inbox.put(self._free)

    def probe(self, request: Request, steps: int) -> None:
        """Run a short request when there is nothing else to do, and tell what it would take with more steps.

        Gives up without a word as soon as there is something else to do.
        """
        self.launch()
        self._inbox.put(partial(self._probe, request, steps))

    def cancel(self, job: int) -> None:
        """Stop a job at its next step."""
        if job == self._current:
            self._stop.set()

    def shut_down(self, seconds: float = 30.0) -> None:
        """Cancel the running job and end the thread; waits for it, tells how the job ended, and nothing after that."""
        self._stop.set()
        self._inbox.put(None)
        if self._thread is not None:
            self._thread.join(seconds)
        self._deliver()
        self._throttle.stop()
        self._is_shut = True

    # in the interface's thread

    def _wake(self) -> None:
        if self._is_shut:
            return
        wait = 1.0 / PREVIEWS_A_SECOND - (time.monotonic() - self._last)
        if wait <= 0 or self._mailbox.has_letters:
            self._deliver()
        elif not self._throttle.isActive():
            self._throttle.start(max(int(wait * 1000), 1))

    def _deliver(self) -> None:
        self._last = time.monotonic()
        for job, message in self._mailbox.take():
            if isinstance(message, Step):
                self.stepped.emit(job, message)
            elif isinstance(message, _End):
                self.ended.emit(job, message.failure)
            elif isinstance(message, DeviceInfo):
                self.device_changed.emit(message)
            elif isinstance(message, _Refused):
                self.refused.emit(message.device, message.failure)
            elif isinstance(message, _Probed):
                self.probed.emit(message.device, message.seconds)
            else:
                self.broken.emit(message.failure)

    # in the engine thread

    def _work(self) -> None:
        while (errand := self._inbox.get()) is not None:
            errand()
            failure = self._guarded(self._report_device)
            if failure is not None:
                self._post(_NO_JOB, _Broken(failure))
        self._session = None

    def _work_on(self, job: int, request: Request) -> None:
        self._post(job, _End(self._guarded(partial(self._run, job, request))))

    def _run(self, job: int, request: Request) -> None:
        steps = self._open_session().run(request)
        try:
            while not self._stop.is_set() and (step := next(steps, None)) is not None:
                self._post(job, step)
        finally:
            close = getattr(steps, "close", None)
            if close is not None:
                close()

    def _warm_up(self, model: str) -> None:
        failure = self._guarded(lambda: self._open_session().load(model))
        if failure is not None:
            self._post(_NO_JOB, _Broken(failure))

    def _change_device(self, device: str, model: str) -> None:
        before, self._device = self._device, device
        self._drop_session()
        failure = self._guarded(lambda: self._load(model))
        if failure is not None:
            self._device = before
            self._drop_session()
            self._post(_NO_JOB, _Refused(device, failure))
            self._warm_up(model)

    def _load(self, model: str) -> None:
        session = self._open_session()
        if model:
            session.load(model)

    def _free(self) -> None:
        self._drop_session()
        failure = self._guarded(lambda: self._load(""))
        if failure is not None:
            self._post(_NO_JOB, _Broken(failure))

    def _drop_session(self) -> None:
        """Let go of the session and of the memory that torch keeps for later."""
        self._session = None
        gc.collect()
        torch = sys.modules.get("torch")
        if torch is not None and torch.cuda.is_available():
            torch.cuda.empty_cache()

    def _probe(self, request: Request, steps: int) -> None:
        marks: list[float] = []
        for _ in range(2):  # the first run warms caches up
            marks.clear()
            self._guarded(lambda: self._time_steps(request, marks))
        if self._session is not None and len(marks) == request.sampling.steps and len(marks) > 1:
            more = (marks[1] - marks[0]) * (steps - request.sampling.steps)
            self._post(_NO_JOB, _Probed(self._session.device, marks[-1] + more))

    def _time_steps(self, request: Request, marks: list[float]) -> None:
        """Note the seconds after every step, as long as nobody waits."""
        start = time.perf_counter()
        steps = self._open_session().run(request)
        while self._inbox.empty() and next(steps, None) is not None:
            marks.append(time.perf_counter() - start)
        close = getattr(steps, "close", None)
        if close is not None:
            close()

    def _open_session(self) -> EngineSession:
        if self._session is None:
            self._session = self._factory(self._device)
        return self._session

    def _guarded(self, work: Callable[[], None]) -> Failure | None:
        """Run something and turn whatever goes wrong into a record; the thread must outlive any job."""
        try:
            work()
        except Exception as error:  # noqa: BLE001 -- reported to the user, and the next job must still run
            return describe(error)
        return None

    def _report_device(self) -> None:
        if self._session is not None:
            self._post(_NO_JOB, device_info(self._session))

    def _post(self, job: int, message: Message) -> None:
        self._mailbox.put(job, message)
        self._woken.emit()


class Background(QObject):
    """Runs one function outside the interface's thread, for files that take a moment.

    `done` carries what the function gave, `failed` a `Failure`; both are emitted in the interface's thread.
    """

    done = Signal(object)
    failed = Signal(object)
    _over = Signal()

    def __init__(self, work: Callable[[], Any], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._work = work
        self._answer: Any = None
        self._told = False
        self._thread = threading.Thread(target=self._run, name="scenewright-files", daemon=True)
        self._over.connect(self.finish, Qt.ConnectionType.QueuedConnection)

    def start(self) -> None:
        self._thread.start()

    def join(self) -> None:
        """Wait until the work is done, so that nothing is half-written when the program ends."""
        if self._thread.ident is not None:
            self._thread.join()

    def finish(self) -> None:
        """Tell the answer, once; called by itself when the work is over, or by whoever waited with `join`."""
        if not self._told:
            self._told = True
            (self.failed if isinstance(self._answer, Failure) else self.done).emit(self._answer)

    def _run(self) -> None:
        try:
            self._answer = self._work()
        except Exception as error:  # noqa: BLE001 -- reported to the user
            self._answer = describe(error)
        self._over.emit()


def describe(error: BaseException) -> Failure:
    """Turn an exception into one line for the user, with the trace as details."""
    details = "".join(traceback.format_exception(error))
    first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    if isinstance(error, MemoryShortageError):
        return Failure(first, details, (error.needed, error.free))
    if isinstance(error, ScenewrightError):
        return Failure(first, details)
    if isinstance(error, MemoryError) or "out of memory" in first.lower() or "can't allocate memory" in first.lower():
        words = "Out of memory; try fewer variants or a smaller region. The scene is unharmed."
        return Failure(words, details, (0, psutil.virtual_memory().available))
    return Failure(f"Something broke: {type(error).__name__}: {first}", details, is_bug=True)


def device_info(session: EngineSession) -> DeviceInfo:
    """Ask for the memory of the device; on the processor it is that of this program and of the machine."""
    used, total = session.memory() or (psutil.Process().memory_info().rss, psutil.virtual_memory().total)
    return DeviceInfo(session.device, used, total)

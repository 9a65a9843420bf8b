"""How far a run is: shown at a beat that leaves the processor to the engine, in one picture a beat."""

from __future__ import annotations

import pytest
from desk import Desk
from fakes import FakeSession
from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QApplication
from test_window import HEIGHT, open_window  # noqa: F401 -- a fixture

from editor.commands.window_timing import let_live
from editor.ui.progress import ProgressBar, ProgressWords
from editor.ui.pulse import Pulse
from engine.grid import Box
from engine.mask import VoxelMask
from engine.tasks.request import Step

pytestmark = pytest.mark.window


class Counter(QObject):
    """Counts events of one kind anywhere in the program."""

    def __init__(self, kind: QEvent.Type) -> None:
        super().__init__()
        self.kind, self.count = kind, 0

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        self.count += event.type() == self.kind
        return False


@pytest.fixture
def beats(qtbot) -> tuple[Desk, Pulse, list[float], list[float]]:
    """A run turned by hand under a clock turned by hand: desk, pulse, the time now, the times of beats."""
    desk, now, told = Desk(variants=1), [50.0], []
    pulse = Pulse(desk.studio, QApplication.instance(), clock=lambda: now[0])
    pulse.beat.connect(lambda: told.append(now[0]))
    desk.studio.run()
    return desk, pulse, now, told


def test_many_steps_at_once_are_one_beat(beats) -> None:
    desk, _, _, told = beats
    for index in range(1, 9):
        desk.step(index, 3)
    let_live(30)
    assert told == [50.0]


@pytest.mark.parametrize(("cost", "gap"), [(0.001, 0.1), (0.05, 0.2), (3.0, 0.5)])
def test_the_slower_the_pictures_the_rarer_the_beats(beats, cost: float, gap: float) -> None:
    desk, pulse, now, _ = beats
    desk.step(1, 3)
    let_live(30)
    now[0] += cost
    pulse.note_picture()
    assert pulse.gap == pytest.approx(gap)
    now[0] += 9
    pulse.note_picture()  # of something else: it tells nothing about a beat
    assert pulse.gap == pytest.approx(gap)


def test_a_beat_is_one_picture_of_the_window(open_window) -> None:  # noqa: F811
    """Every change of words that asked for another size would be one more, of tens of milliseconds each."""
    window = open_window(FakeSession(height=HEIGHT))
    window.worker.start = lambda job, request: None  # type: ignore[method-assign]  # turned by hand
    window.studio.document.set_mask("Box", VoxelMask.of_box(Box((40, 26, 3), (62, 36, 9))))
    window.trigger("generate.run")
    job = window.studio.jobs.running
    assert job is not None
    window.studio.jobs.note_step(job.id, Step(1, 200, "denoising"))
    let_live(1200)  # docks open for the first variant, and the view comes to rest
    pictures = Counter(QEvent.Type.UpdateRequest)
    application = QApplication.instance()
    assert application is not None
    application.installEventFilter(pictures)
    for index in range(60, 65):
        window.studio.jobs.note_step(job.id, Step(index, 200, "denoising"))
        let_live(600)
    application.removeEventFilter(pictures)
    assert "64/200" in window.statusBar().progress.text()
    assert "64/200" in window.stage.badge.text.text()
    assert "64/200" in window.stage.candidates.seed.text()
    assert window.stage.badge.bar.value() == 320
    assert 5 <= pictures.count <= 8
    window.studio.jobs.cancel_all()


def test_words_and_bars_of_a_run_keep_their_size(qtbot) -> None:
    words, bar = ProgressWords(20), ProgressBar()
    for part in (words, bar):
        qtbot.addWidget(part)
    size = words.sizeHint()
    words.setText("a long line about a run that would never fit into this")
    assert words.sizeHint() == size == words.minimumSizeHint()
    assert words.text().startswith("a long line")
    assert words.accessibleName() == words.text()
    bar.show_share(0.25)
    assert bar.value() == bar.maximum() // 4
    assert bar.updatesEnabled()

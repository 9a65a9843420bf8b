"""What the user sees when something goes wrong, in the real window: every state, and the way out of it."""

from __future__ import annotations

import hashlib
import json
import logging
import sys
import threading
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fakes import FakeSession
from PySide6.QtCore import QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDialog
from test_window import CAR, HEIGHT, Answers, scene, wait_idle
from test_window import open_window as open_window

from editor.model.document import empty_scene
from editor.ui.import_dialog import ImportDialog
from editor.viewport.opengl import lack_of
from engine.errors import DeviceError, MemoryShortageError, ModelError
from engine.formats.registry import read_scene, write_scene
from engine.models.cards import ModelCard

pytestmark = pytest.mark.window


class Chooser(Answers):
    """Answers with a folder, too."""

    def __init__(self, folder: Path | None = None) -> None:
        super().__init__()
        self.folder = folder

    def open_folder(self, title: str, folder: str) -> Path | None:
        self.asked.append(title)
        return self.folder


class Unloadable(FakeSession):
    """A session whose model cannot be loaded."""

    def load(self, model: str) -> None:
        raise ModelError(
            f"model '{model}': /weights/net.safetensors is damaged (sha256 01, card says 02); install again"
        )


def ways(window) -> dict[str, object]:
    return {part.text(): part for part in window.notice.ways if part.text()}


def fail(window, qtbot, error: Exception, session: FakeSession) -> None:
    session.fail_at, session.error = 1, error
    window.trigger("generate.run")
    qtbot.waitUntil(lambda: window.notice.isVisible(), timeout=5000)
    wait_idle(qtbot, window)
    session.fail_at = None


# no weights, wrong hash


def test_damaged_weights_are_said_on_the_button_and_editing_goes_on(open_window, qtbot):
    window = open_window(Unloadable(height=HEIGHT))
    generate = window.docks.generate
    qtbot.waitUntil(lambda: not generate.button.isEnabled(), timeout=5000)
    assert generate.button.text() == "Model “city” cannot be used"
    assert "is damaged" in generate.reason.text()
    assert generate.locate.isVisible()
    assert not generate.convert.isVisible()
    assert not window.actions_table["generate.run"].isEnabled()
    assert "is damaged" in next(e for e in window.commands.manners.entries() if e.id == "generate.run").reason
    window.trigger("mask.invert")
    assert window.trigger("voxel.erase_mask")
    assert not window.studio.document.scene.read()[40:62].any() or window.studio.document.dirty


def test_a_located_model_is_checked_installed_and_used(open_window, qtbot, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    folder = tmp_path / "download"
    folder.mkdir()
    (folder / "net.safetensors").write_bytes(b"weights")
    card = ModelCard("own", "Own", "city", "semantickitti", HEIGHT, (0.2,) * 3, 16, 64, {"net.safetensors": "0" * 64})
    card.write(folder)
    window = open_window(cards=())
    window.files.dialogs = Chooser(folder)
    generate = window.docks.generate
    assert generate.button.text() == "Model “city” is not installed"
    generate.locate.click()
    qtbot.waitUntil(lambda: "is damaged" in window.notice.text.text(), timeout=5000)
    assert window.notice.action.text() == "Locate…"
    sound = hashlib.sha256(b"weights").hexdigest()
    ModelCard("own", "Own", "city", "semantickitti", HEIGHT, (0.2,) * 3, 16, 64, {"net.safetensors": sound}).write(
        folder
    )
    window.notice.action.click()
    qtbot.waitUntil(lambda: "is installed" in window.notice.text.text(), timeout=5000)
    assert (window.studio.plan.options.model, generate.model.currentText()) == ("own", "own")
    assert generate.button.isEnabled()
    assert not generate.locate.isVisible()
    window.commands.engine.install(folder.parent / "nowhere")
    qtbot.waitUntil(lambda: "holds no model" in window.notice.text.text(), timeout=5000)


# out of memory


def test_out_of_memory_offers_less_of_everything_and_leaves_the_scene(open_window, qtbot):
    session = FakeSession(height=HEIGHT, device="cuda")
    window = open_window(session)
    qtbot.waitUntil(lambda: window.commands.engine.device == "cuda", timeout=5000)
    before = window.studio.document.scene.read().copy()
    window.studio.plan.set(variants=4)
    window.trigger("mask.from_class")
    session.fail_at, session.error = 1, MemoryShortageError("cuda", 12 << 30, 3 << 29)
    window.trigger("generate.run")
    wait_idle(qtbot, window)
    session.fail_at = None
    assert "12.9 GB more are needed, 1.6 GB are free" in window.notice.text.text()
    assert list(ways(window)) == ["Fewer variants", "Smaller context", "Use CPU"]
    np.testing.assert_array_equal(window.studio.document.scene.read(), before)
    ways(window)["Fewer variants"].click()
    assert window.studio.plan.options.variants == 2
    wait_idle(qtbot, window)
    assert [c.state for c in window.studio.proposal.candidates].count("ready") == 2


def test_less_context_and_the_processor_are_tried_at_once(open_window, qtbot):
    session = FakeSession(height=HEIGHT, device="cuda")
    window = open_window(session)
    qtbot.waitUntil(lambda: window.commands.engine.device == "cuda", timeout=5000)
    window.trigger("mask.from_class")
    fail(window, qtbot, MemoryShortageError("cuda", 0, 1 << 30), session)
    assert ways(window)["Fewer variants"].isEnabled() is False
    assert "Only one variant" in ways(window)["Fewer variants"].toolTip()
    ways(window)["Smaller context"].click()
    assert window.studio.plan.options.context == "mask"
    wait_idle(qtbot, window)
    assert window.studio.proposal.candidate.request.context == window.studio.document.mask.box
    fail(window, qtbot, MemoryShortageError("cuda", 0, 1 << 30), session)
    assert not ways(window)["Smaller context"].isEnabled()
    session.device = "cpu"
    ways(window)["Use CPU"].click()
    wait_idle(qtbot, window)
    assert window.settings.device == "cpu"
    assert window.studio.plan.options.device == "cpu"
    assert window.studio.proposal.candidate.state == "ready"


# crashed jobs, whatever nobody caught


def test_a_crashed_job_says_one_line_with_details_log_and_diagnostics(open_window, qtbot, tmp_path):
    session = FakeSession(height=HEIGHT)
    window = open_window(session)
    window.files.dialogs = Chooser()
    fail(window, qtbot, ZeroDivisionError("division by zero"), session)
    assert window.notice.text.text() == "Something broke: ZeroDivisionError: division by zero"
    assert list(ways(window)) == ["Open log", "Collect diagnostics…"]
    window.notice.more.click()
    assert "Traceback" in window.notice.details.toPlainText()
    window.notice.copy.click()
    assert "Traceback" in QGuiApplication.clipboard().text()
    ways(window)["Open log"].click()
    log = window.instruments.page("Log")
    qtbot.waitUntil(log.isVisible, timeout=3000)
    qtbot.waitUntil(lambda: "division by zero" in log.text.toPlainText(), timeout=5000)
    window.files.dialogs.path = tmp_path / "out.zip"
    window.trigger("help.diagnostics")
    assert "out.zip" in window.notice.text.text()
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        assert "ZeroDivisionError" in archive.read("failure.txt").decode()
    window.files.dialogs.path = tmp_path / "no" / "such" / "folder.zip"
    window.trigger("help.diagnostics")
    assert "could not be written" in window.notice.text.text()
    assert window.notice.action.text() == "Save elsewhere…"
    fail(window, qtbot, ModelError("weights are gone; install them"), session)
    assert ways(window) == {}, "an error that the user can mend needs no diagnostics"


@pytest.fixture
def hooks():
    """Put the hooks of Python back, and Qt's own messages where they were."""
    from PySide6.QtCore import qInstallMessageHandler

    before = sys.excepthook, threading.excepthook
    handler = qInstallMessageHandler(None)
    yield
    sys.excepthook, threading.excepthook = before
    qInstallMessageHandler(handler)


def test_what_nobody_caught_is_one_notice_a_line_in_the_log_and_not_the_end(open_window, qtbot, hooks, caplog):
    window = open_window()
    window.trouble.catch_everything()
    caplog.set_level(logging.INFO, "scenewright")

    def burst() -> None:
        raise ZeroDivisionError("in a timer")

    with qtbot.captureExceptions() as caught:
        window.trouble.catch_everything()  # over pytest's own hook
        for _ in range(3):
            QTimer.singleShot(0, burst)
            qtbot.wait(30)
        qtbot.waitUntil(lambda: "in a timer" in window.notice.text.text(), timeout=5000)
    assert caught == []
    assert window.notice.text.text() == "Something broke: ZeroDivisionError: in a timer (× 3)"
    assert "nobody caught this" in caplog.text
    assert "in burst" in caplog.text
    worker = threading.Thread(target=lambda: [] + 3, name="stray")
    worker.start()
    worker.join()
    qtbot.waitUntil(lambda: "TypeError" in window.notice.text.text(), timeout=5000)
    assert window.isVisible()
    window.trigger("mask.invert")
    assert not window.studio.document.mask.is_empty


# devices


def test_the_chip_says_how_long_a_scene_takes_on_the_processor(open_window, qtbot):
    session = FakeSession(height=HEIGHT, steps=3, pause=0.02)
    window = open_window(session)
    engine, chip = window.commands.engine, window.statusBar().device
    qtbot.waitUntil(lambda: "GB" in chip.text(), timeout=5000)
    engine.probe()
    qtbot.waitUntil(lambda: chip.text().startswith("CPU, about "), timeout=5000)
    seconds = float(chip.text().split()[2])
    assert 0.2 <= seconds < 5, "three steps of 20 ms, and nine more"
    assert "8.0 GB memory in use" in chip.toolTip()
    assert list(window.settings.scene_seconds.values()) == [pytest.approx(seconds, abs=0.06)]
    done = len(session.closed)
    engine.probe()
    wait_idle(qtbot, window)
    assert len(session.closed) == done, "what is known is not measured again"


def test_a_probe_gives_way_to_work(open_window, qtbot):
    session = FakeSession(height=HEIGHT, steps=3, pause=0.3)
    window = open_window(session)
    qtbot.waitUntil(lambda: "GB" in window.statusBar().device.text(), timeout=5000)
    window.commands.engine.probe()
    qtbot.wait(100)
    window.trigger("generate.run")
    wait_idle(qtbot, window)
    assert session.closed, "the probe was closed"
    assert window.settings.scene_seconds == {}


class TimedSession(FakeSession):
    """Says that every run took 1.7 seconds."""

    def run(self, request):
        for step in super().run(request):
            yield step if step.result is None else replace(step, result=replace(step.result, seconds=1.7))


def test_a_scene_that_was_made_tells_the_chip_how_long_one_takes(open_window, qtbot):
    window = open_window(TimedSession(height=HEIGHT), empty_scene((64, 64), HEIGHT, 0.2))
    window.studio.plan.set(variants=1)
    window.trigger("generate.run")
    wait_idle(qtbot, window)
    qtbot.waitUntil(lambda: window.statusBar().device.text() == "CPU, about 1.7 s per scene", timeout=5000)


class OnlyCpu:
    """Makes sessions; refuses any device but the processor, as a machine without a GPU does."""

    def __init__(self) -> None:
        self.made: list[str] = []

    def __call__(self, device: str) -> FakeSession:
        if device == "cuda":
            raise DeviceError("device 'cuda' is not there; available: cpu; use --device auto")
        self.made.append(device)
        return FakeSession(height=HEIGHT)


def test_a_device_that_is_not_there_is_told_and_the_one_before_stays(open_window, qtbot):
    window = open_window()
    factory = window.worker._factory = OnlyCpu()
    qtbot.waitUntil(lambda: "GB" in window.statusBar().device.text(), timeout=5000)
    window.commands.engine.menu.aboutToShow.emit()
    choices = {a.text(): a for a in window.commands.engine.menu.actions() if a.text()}
    assert list(choices)[:4] == ["Automatic", "CPU", "GPU (CUDA)", "GPU (Apple)"]
    assert choices["Automatic"].isChecked()
    choices["GPU (CUDA)"].trigger()
    qtbot.waitUntil(lambda: "GPU (CUDA) cannot be used" in window.notice.text.text(), timeout=5000)
    assert window.settings.device == "auto"
    window.trigger("generate.run")
    wait_idle(qtbot, window)
    assert factory.made == ["auto"]
    window.trigger("engine.free")
    window.trigger("generate.run")
    wait_idle(qtbot, window)
    assert factory.made == ["auto", "auto"]


# console, log, metrics


def test_the_console_has_the_document_in_scope_and_undo_takes_its_work_back(open_window, qtbot, tmp_path):
    window = open_window()
    window.trigger("view.console")
    console = window.instruments.page("Console")
    qtbot.waitUntil(console.isVisible, timeout=3000)
    before = window.studio.document.scene.read().copy()
    for line in ("labels = scene.read()", "labels[3, 5, 7] = 13", "scene.write(scene.box, labels)", "put(scene)"):
        QTest.keyClicks(console.line, line)
        QTest.keyClick(console.line, "\r")
    assert console.output.toPlainText().count("Error") == 0, console.output.toPlainText()
    assert window.studio.document.scene.read()[3, 5, 7] == 13
    assert window.studio.document.history.undo_name == "Console"
    console.enter("run('edit.undo')")
    assert console.output.toPlainText().endswith("True\n")
    np.testing.assert_array_equal(window.studio.document.scene.read(), before)
    console.enter("1 / 0")
    assert "ZeroDivisionError" in console.output.toPlainText()
    assert window.notice.isHidden()
    assert (tmp_path / "home" / "console_history.txt").read_text().splitlines()[-1] == "1 / 0"


def test_keys_of_the_console_stay_in_it(open_window, qtbot):
    from PySide6.QtCore import Qt

    window = open_window()
    window.trigger("view.console")
    console = window.instruments.page("Console")
    console.enter("first = 1")
    console.enter("second = 2")
    QTest.keyClick(console.line, Qt.Key.Key_Up)
    QTest.keyClick(console.line, Qt.Key.Key_Up)
    assert console.line.text() == "first = 1"
    QTest.keyClick(console.line, Qt.Key.Key_Escape)
    assert console.line.text() == ""
    QTest.keyClicks(console.line, "docum")
    QTest.keyClick(console.line, Qt.Key.Key_Tab)
    assert console.line.text() == "document"
    assert window.actions_table["mask.brush"].isChecked()


def test_the_log_is_filtered_and_copied(open_window, qtbot):
    window = open_window()
    window.trigger("view.log")
    log = window.instruments.page("Log")
    window.notice.tell("a harmless word")
    window.notice.tell("a warning <b>about</b> masks", "warning")
    qtbot.waitUntil(lambda: "about" in log.text.toPlainText(), timeout=3000)
    assert "harmless" in log.text.toPlainText()
    log.level.setCurrentIndex(1)
    assert "harmless" not in log.text.toPlainText()
    assert "a warning <b>about</b> masks" in log.text.toPlainText()
    log.query.setText("nothing like it")
    assert log.text.toPlainText() == ""
    log.query.setText("MASKS")
    log.copy.click()
    assert "a warning <b>about</b> masks" in QGuiApplication.clipboard().text()


def test_metrics_draw_what_a_run_does(open_window, qtbot):
    window = open_window(FakeSession(height=HEIGHT, steps=4, pause=0.15))
    assert "pyqtgraph" not in sys.modules or window.instruments._pages["Metrics"].content is None
    window.trigger("view.metrics")
    page = window.instruments.page("Metrics")
    window.trigger("mask.from_class")
    window.trigger("generate.run")
    wait_idle(qtbot, window)
    samples = list(window.instruments.metrics.samples)
    assert samples
    assert samples[-1].index == 4
    steps = np.diff([0, *(s.index for s in samples)])
    assert sum(s.seconds * n for s, n in zip(samples, steps, strict=True)) > 4 * 0.14, "all the time of the run"
    assert {s.changed for s in samples} <= {None, 0}, "the fake paints the same at every step"
    page.refresh()
    assert len(page._lines["seconds"].getData()[1]) == len(samples)
    window.use_theme("light")
    assert page.plots["seconds"].backgroundBrush().color().name() == window.theme.panel


def test_closing_while_all_of_this_is_open_leaves_nothing_running(open_window, qtbot, monkeypatch):
    session = FakeSession(height=HEIGHT, steps=50, pause=0.05)
    window = open_window(session, scene())
    program = (sys.executable, ["-c", "import time; time.sleep(60)"])
    monkeypatch.setattr("editor.ui.doctor_dialog.command", lambda _arguments: program)
    for name in (
        "view.metrics",
        "view.console",
        "view.log",
        "app.settings",
        "app.palette",
        "help.doctor",
        "generate.run",
    ):
        window.trigger(name)
    qtbot.wait(150)
    window.commands.engine.free()
    window.commands.engine.probe()
    window.instruments.page("Console").enter("run('file.quit')")
    assert not window.isVisible()
    assert [d for d in window.findChildren(QDialog) if d.isVisible()] == []
    assert not window.worker.is_running
    assert logging.getLogger("scenewright").handlers == []


# OpenGL


def test_without_opengl_the_document_is_kept_and_can_be_saved(open_window, qtbot, tmp_path, monkeypatch):
    window = open_window()
    window.trigger("mask.from_class")
    window.trigger("voxel.erase_mask")
    labels = window.studio.document.scene.read().copy()
    painter, paint = window.canvas.painter, window.canvas.painter.paint

    def refuse(*_: object) -> None:
        raise RuntimeError("the context is lost")

    monkeypatch.setattr(painter, "paint", refuse)
    window.canvas.screen.redraw()
    qtbot.waitUntil(window.blind.isVisible, timeout=5000)
    assert not window.canvas.native.isVisible()
    assert "the context is lost" in window.blind.reason.text()
    assert "with unsaved changes" in window.blind.kept.text()
    window.files.dialogs.path = tmp_path / "kept.scw"
    window.blind.save.click()
    wait_idle(qtbot, window)
    np.testing.assert_array_equal(read_scene(tmp_path / "kept.scw").read(), labels)
    window.blind.again.click()
    qtbot.waitUntil(window.blind.isVisible, timeout=5000)
    monkeypatch.setattr(painter, "paint", paint)
    frames = painter.frames
    window.blind.again.click()
    qtbot.waitUntil(lambda: painter.frames > frames, timeout=5000)
    assert window.canvas.native.isVisible()
    assert window.blind.isHidden()


def test_software_mode_starts_another_window_with_the_same_file(open_window, qtbot, tmp_path, monkeypatch):
    started = []
    monkeypatch.setattr("editor.ui.blind.launch", lambda *what: started.append(what))
    window = open_window()
    window.files.dialogs.path = tmp_path / "mine.scw"
    window.trigger("file.save_as")
    wait_idle(qtbot, window)
    window.trigger("mask.from_class")
    window.trigger("voxel.erase_mask")
    window.files.dialogs.answer = "cancel"
    window.blind.restart()
    assert started == []
    assert window.isVisible(), "whoever cancels keeps the window"
    window.files.dialogs.answer = "discard"
    window.blind.restart()
    assert not window.isVisible()
    [(arguments, environment)] = started
    assert arguments == ["open", str(tmp_path / "mine.scw")]
    assert environment["LIBGL_ALWAYS_SOFTWARE"] == "1"


@pytest.mark.parametrize(
    ("version", "texture", "lack"),
    [
        ("4.5 (Compatibility Profile) Mesa 22.3.6", 2048, ""),
        ("2.1 INTEL-10.2", 512, ""),
        ("OpenGL ES 3.2 Mesa", 2048, ""),
        ("1.4 (2.1 Mesa)", 2048, "is too old, 2.1 is needed"),
        ("OpenGL ES 2.0", 2048, "is too old, 3.0 is needed"),
        ("nothing", 2048, "is too old"),
        ("3.0", 256, "3D textures of 256 voxels are too short"),
    ],
)
def test_an_opengl_that_is_too_old_is_said_so(version, texture, lack):
    found = lack_of(version, texture)
    assert lack in found
    assert bool(found) == bool(lack)


# doctor


def test_the_doctor_looks_from_the_help_menu(open_window, qtbot, monkeypatch):
    window = open_window()
    report = {"checks": [{"name": "torch", "ok": True, "found": "2.13 on cpu", "advice": ""}]}
    report["checks"].append({"name": "opengl", "ok": False, "found": "too old", "advice": "update the driver"})
    program = f"print('noise'); print({json.dumps(json.dumps(report))})"
    monkeypatch.setattr("editor.ui.doctor_dialog.command", lambda _arguments: (sys.executable, ["-c", program]))
    window.trigger("help.doctor")
    dialog = window.findChild(QDialog, "doctor")
    qtbot.waitUntil(lambda: dialog.list.topLevelItemCount() == 2, timeout=20000)
    assert dialog.told.text() == "1 of 2 things want attention"
    assert dialog.list.topLevelItem(1).text(1) == "too old\nupdate the driver"
    monkeypatch.setattr(
        "editor.ui.doctor_dialog.command", lambda _a: (sys.executable, ["-c", "raise OSError('no disk')"])
    )
    dialog.again.click()
    qtbot.waitUntil(lambda: dialog.told.text() == "The checks could not be run", timeout=20000)
    assert "no disk" in dialog.list.topLevelItem(0).text(1)
    monkeypatch.setattr(
        "editor.ui.doctor_dialog.command", lambda _a: (sys.executable, ["-c", "import time; time.sleep(60)"])
    )
    dialog.look()
    dialog.close()
    assert dialog._process.state() == dialog._process.ProcessState.NotRunning


# files that do not fit by themselves


class Importer(Chooser):
    """Makes the dialog, lets a test handle it, and answers with what it shows."""

    def __init__(self) -> None:
        super().__init__()
        self.handle = lambda dialog: None

    def import_choices(self, raw, space, card, source):
        self.asked.append(raw.title)
        dialog = ImportDialog(raw, space, card, source)
        self.handle(dialog)
        self.said = (dialog.result.text(), dialog.warning.text())
        return dialog.choices()


def test_a_bare_array_is_refused_with_a_way_to_import_it(open_window, qtbot, tmp_path):
    window = open_window()
    dialogs = window.files.dialogs = Importer()
    labels = np.zeros((HEIGHT, 40, 64), np.uint16)  # z, y, x
    labels[:2], labels[2:5, 10:14, 20:30], labels[5, 0, 0] = 40, 10, 7777
    np.save(tmp_path / "bare.npy", labels)
    window.files.open(tmp_path / "bare.npy")
    qtbot.waitUntil(lambda: "its ids run from 0 to 7777" in window.notice.text.text(), timeout=5000)
    assert window.notice.action.text() == "Import with choices…"

    def handle(dialog) -> None:
        assert dialog.axes.currentData() == "zyx"
        assert "1 without a partner: 1 voxels become unknown." in dialog.warning.text()
        dialog.partners[7777].setCurrentIndex(dialog.partners[7777].findData(13))
        dialog.fit.part("crop").click()

    dialogs.handle = handle
    window.notice.action.click()
    qtbot.waitUntil(lambda: window.studio.document.scene.grid.shape == (64, 32, HEIGHT), timeout=5000)
    assert dialogs.said == ("64 × 40 × 16 voxels\n12.8 × 8.0 × 3.2 m\nbecome 64 × 32 × 16 for city", "")
    found = window.studio.document.scene.read()
    assert found[25, 8, 3] == CAR
    assert (found == CAR).sum() == 3 * 4 * 10
    assert window.studio.document.path is None
    assert window.studio.plan.offer().reason == ""


def test_a_scene_that_does_not_fit_is_fitted_with_choices_in_one_undo_step(open_window, qtbot, tmp_path):
    window = open_window(shown=scene((50, 30, 9)))
    dialogs = window.files.dialogs = Importer()
    before = window.studio.document.scene.read().copy()
    window.trigger("edit.fit")
    assert dialogs.said[0].endswith("become 64 × 32 × 16 for city")
    assert window.studio.document.scene.grid.shape == (64, 32, 16)
    window.trigger("edit.undo")
    np.testing.assert_array_equal(window.studio.document.scene.read(), before)
    write_scene(scene((50, 30, 9)), tmp_path / "odd.scw")
    window.files.open(tmp_path / "odd.scw")
    qtbot.waitUntil(lambda: window.notice.isVisible(), timeout=5000)
    assert list(ways(window)) == ["Choose how…"]
    ways(window)["Choose how…"].click()
    assert window.studio.document.scene.grid.shape == (64, 32, 16)

"""Console, metrics, diagnostics and installing models, without a window."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import sys
import zipfile

import numpy as np
import pytest
import torch
from fakes import CAR, ROAD, HandRunner, street

from editor.app import SessionMaker, scale_interface
from editor.model.diagnostics import Facts, write_diagnostics
from editor.model.jobs import Failure, JobQueue
from editor.model.metrics import Metrics
from editor.settings import Settings, SettingsFile
from editor.ui.console import Interpreter
from editor.ui.engine_care import install_model
from editor.ui.journal import log_files, log_to_file, stop_logging
from engine.errors import MemoryShortageError, ModelError
from engine.grid import Box
from engine.models.cards import ModelCard, list_models
from engine.session import shortage_of
from engine.tasks.request import GenerateRequest, Sampling, Step

# the console


def test_lines_run_in_the_scope_and_say_what_they_print():
    console = Interpreter(lambda: {"answer": 42})
    assert console.push("answer") == "42\n"
    assert console.push("answer = 7") == ""
    assert console.push("mine = answer + 1; mine") == "43\n", "the scope's names are fresh for every line"
    assert console.push("def f(x):") == ""
    assert console.wants_more
    assert console.push("    return x * 2") == ""
    assert console.push("") == ""
    assert not console.wants_more
    assert console.push("f(mine)") == "86\n"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("x = (", ""),
        ("nonsense here", "SyntaxError"),
        ("import sys; sys.exit(3)", "cannot end the editor"),
        ("quit()", "cannot end the editor"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
        ("input()", "EOFError"),
        ("'x' * 50_000", "characters more"),
    ],
)
def test_whatever_is_typed_the_console_lives_on(line, said):
    console, hook, stdin, stdout = Interpreter(dict), sys.excepthook, sys.stdin, sys.stdout
    assert said in console.push(line)
    console.forget_lines()
    assert console.push("2 + 3") == "5\n"
    assert (sys.excepthook, sys.stdin, sys.stdout) == (hook, stdin, stdout)


def test_names_are_completed():
    console = Interpreter(lambda: {"document": np.zeros(3)})
    assert console.complete("docu") == ["document"]
    assert "document.shape" in console.complete("document.sh")
    assert console.complete("no_such_name.") == []


# metrics


def test_every_step_gives_time_memory_and_changed_voxels():
    runner, now, queue = HandRunner(), [10.0], None
    queue = JobQueue(runner)
    metrics = Metrics(queue, clock=lambda: now[0], memory=lambda: 512.0)
    metrics.is_watched = True
    job = queue.submit(GenerateRequest((4, 2), Sampling()), "Generate")
    labels, box = np.full((4, 2, 3), ROAD, np.uint8), Box.of_shape((4, 2, 3))
    other = labels.copy()
    other[1:3, :, 2] = CAR
    for index, seconds, shown in ((1, 0.5, labels), (3, 0.25, other), (4, 0.25, None)):
        now[0] += seconds
        queue.note_step(job.id, Step(index, 4, "sampling", box=box if shown is not None else None, labels=shown))
    assert [s.seconds for s in metrics.samples] == [0.5, 0.125, 0.25], "step 2 was missed"
    assert [s.changed for s in metrics.samples] == [None, 4, None]
    assert {s.memory for s in metrics.samples} == {512.0}
    shares = metrics.histogram(street().space, np.zeros(256, int))
    assert shares == [(ROAD, 20 / 24), (CAR, 4 / 24)]


def test_nothing_is_measured_while_nobody_looks():
    runner = HandRunner()
    queue = JobQueue(runner)
    metrics = Metrics(queue)
    job = queue.submit(GenerateRequest((4, 2), Sampling()), "Generate")
    queue.note_step(job.id, Step(1, 3, "sampling", box=Box.of_shape((4, 2, 3)), labels=np.zeros((4, 2, 3), np.uint8)))
    assert len(metrics.samples) == 0


# diagnostics


def test_diagnostics_hold_log_settings_and_failure_but_no_names_of_files(tmp_path):
    log, settings = tmp_path / "scenewright.log", tmp_path / "settings.json"
    log.write_text("a line")
    settings.write_text(json.dumps({"theme": "light", "recent_files": ["/home/me/secret.scw"], "last_folder": "/x"}))
    facts = Facts("(48, 32, 12)", "Options()", ("Generate: failed",), "cpu", Failure("It broke", "Traceback …"))
    write_diagnostics(tmp_path / "out.zip", facts, [log], settings)
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        texts = {name: archive.read(name).decode() for name in archive.namelist()}
    assert set(texts) == {"facts.json", "failure.txt", "log/scenewright.log", "settings.json"}
    found = json.loads(texts["facts.json"])
    assert found["scene"] == "(48, 32, 12)"
    assert found["packages"]["numpy"] == np.__version__
    assert texts["failure.txt"] == "It broke\n\nTraceback …"
    assert json.loads(texts["settings.json"]) == {"theme": "light"}
    assert "secret" not in "".join(texts.values())


# memory


def test_a_shortage_says_how_much_was_wanted_in_torch_s_own_words():
    with pytest.raises(RuntimeError, match="allocate") as caught:
        torch.empty(1 << 46, dtype=torch.uint8)
    shortage = shortage_of(caught.value, "cpu", 3 << 30)
    assert isinstance(shortage, MemoryShortageError)
    assert (shortage.needed, shortage.free) == (1 << 46, 3 << 30)
    assert "70368.7 GB more are needed, 3.2 GB are free" in str(shortage)
    with pytest.raises(MemoryError) as caught:
        np.empty(1 << 46, dtype=np.uint8)
    assert shortage_of(caught.value, "cpu", 0).needed == 1 << 46
    cuda = torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.50 GiB. GPU 0 has a total capacity of …")
    assert shortage_of(cuda, "cuda", 0).needed == 5 << 29
    assert shortage_of(RuntimeError("shapes do not fit"), "cpu", 0) is None


# models


@pytest.fixture
def models(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return tmp_path / "data" / "scenewright" / "models"


def make_model(folder, name="own", weights=b"weights"):
    folder.mkdir(parents=True)
    (folder / "net.safetensors").write_bytes(weights)
    digest = hashlib.sha256(b"weights").hexdigest()
    ModelCard(name, "Own", "city", "semantickitti", 32, (0.2, 0.2, 0.2), 16, 256, {"net.safetensors": digest}).write(
        folder
    )


def test_a_model_is_installed_from_its_folder_or_the_one_above(models, tmp_path):
    make_model(tmp_path / "download" / "own")
    for folder in (tmp_path / "download" / "own", tmp_path / "download", models / "own"):
        card = install_model(folder)
        assert card.folder == models / "own"
        assert (models / "own" / "net.safetensors").read_bytes() == b"weights"
    assert "own" in [c.name for c in list_models()]
    assert sorted(p.name for p in models.iterdir()) == ["own"]


@pytest.mark.parametrize(("weights", "words"), [(b"other", "damaged"), (None, "missing")])
def test_a_damaged_model_is_refused_and_leaves_nothing(models, tmp_path, weights, words):
    make_model(tmp_path / "bad", weights=weights or b"")
    if weights is None:
        (tmp_path / "bad" / "net.safetensors").unlink()
    with pytest.raises(ModelError, match=words):
        install_model(tmp_path / "bad")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ModelError, match="holds no model"):
        install_model(tmp_path / "empty")
    assert not models.exists()


# the log file, threads, scale


def test_the_log_file_is_turned_over_before_it_grows_without_end(tmp_path):
    handler = log_to_file(tmp_path / "deep")
    try:
        logger = logging.getLogger("scenewright")
        for k in range(30):
            logger.info("%d %s", k, "x" * 100_000)
    finally:
        stop_logging(handler)
    files = log_files(tmp_path / "deep")
    assert [f.name for f in files] == ["scenewright.log", "scenewright.log.1", "scenewright.log.2"]
    assert all(f.stat().st_size <= 1 << 20 for f in files)
    assert "29 xxx" in files[0].read_text()
    assert handler not in logger.handlers


def test_without_a_place_for_the_log_the_editor_starts_all_the_same(tmp_path, caplog):
    (tmp_path / "file").write_text("in the way")
    assert log_to_file(tmp_path / "file") is None
    assert "no log file can be written" in caplog.text


def test_threads_are_those_of_the_settings_and_torch_s_own_come_back():
    usual = torch.get_num_threads()
    settings = Settings(threads=usual + 1)
    make = SessionMaker(settings)
    try:
        make("cpu")
        assert torch.get_num_threads() == usual + 1
        settings.threads = 0
        make("cpu")
        assert torch.get_num_threads() == usual
    finally:
        torch.set_num_threads(usual)


@pytest.mark.parametrize(("own", "wanted"), [(None, "10000"), ("7", "7")])
def test_the_engine_s_waiting_threads_soon_sleep_unless_someone_wants_otherwise(monkeypatch, own, wanted):
    environment = {**os.environ}
    environment.pop("GOMP_SPINCOUNT", None)
    if own is not None:
        environment["GOMP_SPINCOUNT"] = own
    monkeypatch.setattr(os, "environ", environment)
    SessionMaker(Settings())("cpu")
    assert environment["GOMP_SPINCOUNT"] == wanted


@pytest.mark.parametrize(("own", "scale", "wanted"), [(None, 1.5, "1.5"), (None, 1.0, None), ("2", 1.5, "2")])
def test_the_interface_is_scaled_where_the_environment_does_not_say_otherwise(
    monkeypatch, tmp_path, own, scale, wanted
):
    environment = {**os.environ, "SCENEWRIGHT_HOME": str(tmp_path)}
    environment.pop("QT_SCALE_FACTOR", None)
    if own is not None:
        environment["QT_SCALE_FACTOR"] = own
    monkeypatch.setattr(os, "environ", environment)
    SettingsFile().save(Settings(ui_scale=scale))
    scale_interface()
    assert environment.get("QT_SCALE_FACTOR") == wanted

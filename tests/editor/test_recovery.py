from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from fakes import CAR, street
from PIL import Image
from test_history_document import random_edit

from editor.model.document import Document
from editor.model.recovery import Autosave, find_leftovers
from engine.errors import FormatError
from engine.formats.registry import read_scene, write_scene
from engine.geometry.maps import picture_of
from engine.grid import Box
from engine.mask import VoxelMask
from engine.scene import VoxelScene

KILLED = """
import hashlib, os, signal, sys
from pathlib import Path
from fakes import FakeCard, HandRunner, finish
from hands import Hand
from editor.model.document import Document
from editor.model.recovery import Autosave
from editor.model.studio import Studio
from editor.tools.brush import BrushTool
from engine.formats.registry import read_scene, write_scene

document = Document()
document.replace(read_scene(Path(sys.argv[2])), Path(sys.argv[2]))
hand, runner = Hand(document), HandRunner()
studio = Studio(runner, [FakeCard()], document)
hand.take(BrushTool()).drag((11, 10), (18, 12))
studio.run()
finish(studio.jobs, runner)
studio.accept()
hand.drag((30, 5), (34, 6))
autosave = Autosave(document, Path(sys.argv[1]), write_scene)
draft = autosave.prepare()
autosave.write(draft)
autosave.note(draft)
print(hashlib.sha256(document.scene.read().tobytes() + hand.masked.tobytes()).hexdigest(), flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def folder(tmp_path) -> Path:
    return tmp_path / "recovery"


@pytest.fixture
def autosave(folder):
    document = Document(street())
    made = Autosave(document, folder, write_scene)
    made.document = document
    yield made
    made.close()


def edit(document: Document, seed: int = 0) -> None:
    document.do(random_edit(document, np.random.default_rng(seed)))


def keep(autosave: Autosave) -> None:
    draft = autosave.prepare()
    autosave.write(draft)
    autosave.note(draft)


def die(autosave: Autosave) -> None:
    """Let go of the folder, as the system does when a program ends."""
    autosave._claim.release()


def test_what_was_brushed_and_regenerated_before_a_kill_comes_back_byte_by_byte(folder, tmp_path):
    file = tmp_path / "street.scw"
    write_scene(street(), file)
    before = file.read_bytes()
    run = subprocess.run(
        [sys.executable, "-c", KILLED, str(folder), str(file)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent)},
    )
    assert run.returncode == -9, run.stderr
    [leftover] = find_leftovers(folder)
    document = Document()
    scene, mask = leftover.read(read_scene)
    document.replace(scene, leftover.path, leftover.title, mask)
    masked = document.mask.within(document.scene.box)
    assert hashlib.sha256(document.scene.read().tobytes() + masked.tobytes()).hexdigest() == run.stdout.strip()
    assert not np.array_equal(document.scene.read(), street().read())
    assert masked.any()
    assert document.dirty
    assert document.path == file
    assert document.scene.metadata["provenance"][0]["task"] == "inpaint"
    assert "masks" not in document.scene.metadata
    assert file.read_bytes() == before
    leftover.discard()
    assert list(folder.iterdir()) == []


def test_only_changed_work_is_due_and_saving_deletes_the_copy(autosave, folder):
    document = autosave.document
    assert not autosave.is_due
    edit(document)
    assert autosave.is_due
    keep(autosave)
    assert not autosave.is_due
    document.set_mask("Mask", VoxelMask.of_box(Box((1, 2, 3), (4, 6, 8))))
    assert autosave.is_due
    keep(autosave)
    assert len(list(folder.rglob("*.scw"))) == 1
    document.mark_saved(Path("street.scw"))
    autosave.tidy()
    assert list(folder.iterdir()) == []
    edit(document, 1)
    keep(autosave)
    assert len(list(folder.rglob("*.scw"))) == 1


def test_the_newest_state_replaces_the_older_copy(autosave, folder):
    document = autosave.document
    for seed in range(3):
        edit(document, seed)
        keep(autosave)
    die(autosave)
    [leftover] = find_leftovers(folder)
    scene, mask = leftover.read(read_scene)
    assert np.array_equal(scene.read(), document.scene.read())
    assert mask.is_empty
    assert (leftover.title, leftover.path, leftover.shape) == ("Untitled", None, (48, 32, 12))
    with Image.open(leftover.picture) as picture:
        assert picture.size == (48, 32)
    leftover.discard()


def test_a_copy_of_what_was_saved_meanwhile_is_dropped(autosave, folder):
    edit(autosave.document)
    draft = autosave.prepare()
    autosave.document.mark_saved(Path("street.scw"))
    autosave.write(draft)
    autosave.note(draft)
    assert list(folder.iterdir()) == []


def test_a_draft_is_not_touched_by_later_edits(autosave, folder):
    edit(autosave.document)
    expected = autosave.document.scene.read()
    draft = autosave.prepare()
    edit(autosave.document, 1)
    autosave.write(draft)
    autosave.note(draft)
    assert autosave.is_due
    die(autosave)
    [leftover] = find_leftovers(folder)
    assert np.array_equal(leftover.read(read_scene)[0].read(), expected)
    leftover.discard()


def test_the_copies_of_a_running_editor_are_its_own(autosave, folder):
    edit(autosave.document)
    keep(autosave)
    assert find_leftovers(folder) == []
    die(autosave)
    [leftover] = find_leftovers(folder)
    assert find_leftovers(folder) == []  # whoever offers it holds it
    leftover.keep()
    [again] = find_leftovers(folder)
    again.discard()


def test_a_full_disk_leaves_the_last_copy(folder):
    document, full = Document(street()), False

    def write(scene: VoxelScene, path: Path) -> None:
        if full:
            raise FormatError(path, "cannot be written (No space left on device)", "free the disk")
        write_scene(scene, path)

    autosave = Autosave(document, folder, write)
    edit(document)
    kept = document.scene.read()
    keep(autosave)
    full = True
    edit(document, 1)
    with pytest.raises(FormatError, match="No space left"):
        keep(autosave)
    assert autosave.is_due
    die(autosave)
    [leftover] = find_leftovers(folder)
    assert np.array_equal(leftover.read(read_scene)[0].read(), kept)
    leftover.discard()


def test_a_place_that_cannot_be_written_is_told_in_one_line(tmp_path):
    (tmp_path / "file").write_bytes(b"in the way")
    document = Document(street())
    edit(document)
    with pytest.raises(FormatError, match=r"cannot be written .*; free the disk"):
        keep(Autosave(document, tmp_path / "file" / "recovery", write_scene))


def test_a_kill_between_scene_and_facts_leaves_the_older_copy(autosave, folder):
    edit(autosave.document)
    keep(autosave)
    kept = autosave.document.scene.read()
    [home] = folder.iterdir()
    (home / "2.scw").write_bytes(b"half a sc")
    (home / ".3.scw.part").write_bytes(b"half a sc")
    die(autosave)
    [leftover] = find_leftovers(folder)
    assert np.array_equal(leftover.read(read_scene)[0].read(), kept)
    leftover.discard()


@pytest.mark.parametrize("facts", ["", "{}", "[1]", json.dumps({"scene": "../../x", "picture": "", "path": 3})])
def test_folders_without_a_whole_copy_are_cleared_away(folder, facts):
    (folder / "1-abc").mkdir(parents=True)
    (folder / "1-abc" / "copy.json").write_text(facts)
    assert find_leftovers(folder) == []
    assert list(folder.iterdir()) == []


def test_several_crashes_are_offered_newest_first(folder):
    for seed, title in enumerate(("first.scw", "second.scw")):
        document = Document(street())
        autosave = Autosave(document, folder, write_scene)
        document.replace(street(), Path("/scenes") / title)
        edit(document, seed)
        keep(autosave)
        die(autosave)
    found = find_leftovers(folder)
    assert [f.title for f in found] == ["second.scw", "first.scw"]
    assert found[0].path == Path("/scenes/second.scw")
    for leftover in found:
        leftover.discard()


def test_the_small_picture_shows_the_tops_with_y_up():
    scene = street()
    picture = picture_of(scene)
    assert picture.shape == (32, 48, 3)
    colours = scene.space.colours().astype(float)
    car, road = picture[31 - 10, 15].astype(float), picture[31 - 3, 30].astype(float)
    assert np.allclose(car / car.max(), colours[CAR] / colours[CAR].max(), atol=0.02)
    assert np.abs(car / car.max() - road / road.max()).max() > 0.1
    empty = VoxelScene.from_labels(np.zeros((5, 7, 3), np.uint8))
    assert len(np.unique(picture_of(empty).reshape(-1, 3), axis=0)) == 1

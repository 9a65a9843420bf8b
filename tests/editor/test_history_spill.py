from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from fakes import FakeCard, HandRunner, finish, street
from test_history_document import random_edit, record

from editor.model.claims import make_claim, take_abandoned, take_claim
from editor.model.document import Document
from editor.model.history import History
from editor.model.spill import Spill, SpillError
from editor.model.studio import Studio
from engine.edit import GridEdit
from engine.grid import Box
from engine.mask import VoxelMask

STEPS = 14


@pytest.fixture
def spilling(tmp_path):
    """Make documents whose steps go to `steps/`, and clean up after them."""
    made: list[Document] = []

    def make(budget: int = 1, **limits: int) -> Document:
        made.append(Document(street(), history=History(budget, Spill(tmp_path / "steps", **limits))))
        return made[-1]

    yield make
    for document in made:
        document.history.close()


def files(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.step"))


def state(document: Document) -> tuple[bytes, tuple[int, ...], bytes]:
    scene = document.scene
    return scene.read().tobytes(), scene.grid.shape, document.mask.within(scene.box).tobytes()


def act(document: Document, rng: np.random.Generator, step: int) -> None:
    """Do something of every kind: voxels, mask, bounds, saved masks."""
    if step % 7 == 3:
        box = Box((0, -int(rng.integers(1, 9)), 0), document.scene.grid.shape)
        document.do(GridEdit("Extend", document.scene.snapshot(), document.scene.cut(box), document.mask))
    elif step % 3 == 1:
        document.set_mask("Mask", VoxelMask.of_box(Box((1, 2, 3), (4 + step, 6, 8))))
    elif step % 5 == 0:
        document.save_masks("Keep", {f"mask {step}": document.mask})
    else:
        document.do(random_edit(document, rng))


def test_steps_beyond_the_budget_wait_on_the_disk_and_undo_brings_every_byte_back(spilling, tmp_path):
    document, rng = spilling(), np.random.default_rng(5)
    states = [state(document)]
    for step in range(STEPS):
        act(document, rng, step)
        states.append(state(document))
    assert len(files(tmp_path)) == STEPS - 1
    for _ in range(2):
        for expected in states[-2::-1]:
            document.undo()
            assert state(document) == expected
        assert document.history.undo_name is None
        assert len(files(tmp_path)) >= STEPS - 2  # now it is the steps to redo that are far away
        for expected in states[1:]:
            document.redo()
            assert state(document) == expected
    assert len(set(states)) > STEPS / 2


def test_memory_stays_within_the_budget_while_steps_pile_up(spilling, tmp_path):
    document, rng = spilling(budget=4000), np.random.default_rng(5)
    for _ in range(60):
        document.do(random_edit(document, rng))
        assert document.history.nbytes <= 4000
    assert len(files(tmp_path)) > 30
    for _ in range(60):
        document.undo()
        assert document.history.nbytes <= 4000 + 800


def test_dirty_is_known_across_the_disk(spilling, tmp_path):
    document, rng = spilling(), np.random.default_rng(0)
    document.do(random_edit(document, rng))
    document.mark_saved(Path("street.scw"))
    for _ in range(3):
        document.do(random_edit(document, rng))
    for _ in range(3):
        assert document.dirty
        document.undo()
    assert not document.dirty


def test_other_variants_come_back_from_the_disk(spilling, tmp_path):
    runner, document = HandRunner(), spilling()
    studio, rng = Studio(runner, [FakeCard()], document), np.random.default_rng(2)
    studio.plan.set(variants=2)
    document.set_mask("Car", VoxelMask.of_box(Box((10, 8, 3), (20, 14, 8))))
    before = document.scene.read()
    studio.run()
    finish(studio.jobs, runner)
    finish(studio.jobs, runner)
    shown = studio.proposal
    shown.select(1)
    pieces = [c.result.labels for c in shown.candidates]
    studio.accept()
    accepted = document.scene.read()
    document.do(random_edit(document, rng))
    document.do(random_edit(document, rng))
    assert files(tmp_path)
    studio.gallery.clear()  # which has them still in memory
    for _ in range(3):
        document.undo()
    assert np.array_equal(document.scene.read(), before)
    assert studio.proposal == shown
    assert studio.proposal is not shown
    assert all(np.array_equal(c.result.labels, p) for c, p in zip(studio.proposal.candidates, pieces, strict=True))
    document.undo()  # the mask: now the accepted step is the furthest to redo, and on the disk again
    document.redo()
    document.redo()
    assert studio.proposal is None
    assert np.array_equal(document.scene.read(), accepted)


def test_a_new_step_deletes_the_files_of_those_that_were_undone(spilling, tmp_path):
    document, rng = spilling(), np.random.default_rng(1)
    for _ in range(6):
        document.do(random_edit(document, rng))
    for _ in range(6):
        document.undo()
    assert len(files(tmp_path)) == 5
    document.do(random_edit(document, rng))
    assert not files(tmp_path)


def test_a_full_disk_shortens_the_history_and_says_so_once(spilling, tmp_path):
    document, rng = spilling(limit=700), np.random.default_rng(1)
    told, states = record(document.history.shortened), [state(document)]
    for _ in range(STEPS):
        document.do(random_edit(document, rng))
        states.append(state(document))
    assert len(told) == 1
    assert "can no longer be undone" in told[0]
    assert "free disk space" in told[0]
    kept = 0
    while document.history.undo_name:
        document.undo()
        kept += 1
        assert state(document) == states[STEPS - kept]
    assert 1 < kept < STEPS
    for expected in states[STEPS - kept + 1 :]:
        document.redo()
        assert state(document) == expected


def test_a_step_that_is_not_there_any_more_ends_the_history_and_leaves_the_scene(spilling, tmp_path):
    document, rng = spilling(), np.random.default_rng(1)
    for _ in range(5):
        document.do(random_edit(document, rng))
    told = record(document.history.shortened)
    files(tmp_path)[2].write_bytes(b"not a step")
    document.undo()
    document.undo()
    now = state(document)
    document.undo()
    assert state(document) == now
    assert "cannot be read back" in told[0]
    assert document.history.undo_name is None
    assert document.history.redo_name == "Noise"
    assert document.dirty


def test_a_place_that_cannot_be_written_is_like_a_full_disk(tmp_path):
    (tmp_path / "file").write_bytes(b"in the way")
    with pytest.raises(SpillError, match="directory"):
        Spill(tmp_path / "file" / "steps").put(random_edit(Document(street()), np.random.default_rng(0)))


def test_nothing_is_left_when_the_program_ends(spilling, tmp_path):
    document, rng = spilling(), np.random.default_rng(1)
    for _ in range(4):
        document.do(random_edit(document, rng))
    document.history.close()
    assert list((tmp_path / "steps").iterdir()) == []


def test_what_a_killed_program_left_goes_and_what_a_running_one_has_stays(spilling, tmp_path):
    code = (
        "import os, signal, sys; from pathlib import Path; from editor.model.claims import make_claim;"
        "claim = make_claim(Path(sys.argv[1])); (claim.folder / '0.step').write_bytes(b'0');"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "steps")], check=False)
    running = make_claim(tmp_path / "steps")
    (running.folder / "1.step").write_bytes(b"1")
    assert len(files(tmp_path)) == 2
    document, rng = spilling(), np.random.default_rng(1)
    document.do(random_edit(document, rng))
    document.do(random_edit(document, rng))
    assert [f.read_bytes() == b"1" for f in files(tmp_path)].count(True) == 1
    assert len(files(tmp_path)) == 2
    running.release()


def test_a_folder_has_one_owner_and_is_free_after_it(tmp_path):
    claim = make_claim(tmp_path)
    assert take_claim(claim.folder) is None
    assert list(take_abandoned(tmp_path)) == []
    claim.release()
    [taken] = take_abandoned(tmp_path)
    assert taken.folder == claim.folder
    taken.remove()
    assert not claim.folder.exists()
    assert take_claim(claim.folder) is None

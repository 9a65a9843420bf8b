from __future__ import annotations

import numpy as np
import pytest
from desk import REGION, Desk
from fakes import HandRunner, finish, street

from editor.model.choosing import Choosing
from editor.model.film import Film
from editor.model.plan import Extension
from editor.model.studio import Studio
from engine.errors import RequestError
from engine.grid import Box
from engine.mask import VoxelMask
from engine.tasks.request import InpaintRequest, Step


@pytest.fixture
def desk() -> Desk:
    return Desk()


# more like this


def test_more_like_this_starts_from_the_variant_and_ends_in_the_same_proposal(desk):
    desk.run()
    desk.choosing.step(1)
    desk.studio.plan.set(variants=2)
    desk.choosing.vary(30)  # with fresh seeds, though the seed is locked
    assert desk.seeds == [4, 5, 6, 40, 41]
    assert desk.proposal.current == 3
    sent = desk.proposal.candidate.request
    assert isinstance(sent, InpaintRequest)
    assert sent.sampling.strength == 0.3
    assert (sent.scene.read(REGION) == 6).all()  # class of seed 5
    outside = sent.scene.read()
    outside[REGION.slices] = street().read(REGION)
    assert np.array_equal(outside, street().read())
    assert sent.mask.equals(VoxelMask.of_box(REGION))
    desk.finish()
    assert desk.proposal.candidate.note == "like seed 5"
    assert desk.proposal.edited(desk.studio.document.scene).is_empty
    desk.studio.accept()
    assert (desk.labels[REGION.slices] == 40 % 19 + 1).all()
    entry = desk.studio.document.scene.metadata["provenance"][-1]
    assert (entry["sampling"]["seed"], entry["sampling"]["strength"]) == (40, 0.3)


def test_variations_of_a_whole_scene_and_of_an_extension_fit_into_their_frames(desk):
    desk.studio.document.set_mask("Nothing", VoxelMask.nothing())
    desk.studio.plan.extend(Extension(south=16))
    desk.run()
    desk.studio.plan.set(variants=1)
    desk.choosing.vary(50)
    sent = desk.proposal.candidate.request
    assert sent.scene.grid.shape == (48, 48, 12)
    assert sent.mask.count == 48 * 16 * 12
    desk.finish()
    desk.studio.accept()
    assert np.array_equal(desk.labels[:, 16:], street().read())
    assert (desk.labels[:, :16] == 40 % 19 + 1).all()
    desk.studio.document.undo()
    assert np.array_equal(desk.labels, street().read())


def test_a_variant_that_is_not_finished_cannot_be_varied(desk):
    desk.studio.run()
    with pytest.raises(RequestError, match="not finished"):
        desk.choosing.vary(50)
    with pytest.raises(RequestError, match="no variant"):
        Choosing(Studio(HandRunner(), [])).vary(50)


# steps


def test_the_film_goes_back_to_what_each_step_showed(desk):
    desk.studio.run()
    for index, label in ((1, 3), (2, 8), (3, 9)):
        desk.step(index, label)
    desk.proposal.go_to(1)
    assert (desk.proposal.ghost().labels == 8).all()
    desk.step(4, 10)  # what comes meanwhile does not turn the page
    assert (desk.proposal.ghost().labels == 8).all()
    desk.proposal.go_to(None)
    assert (desk.proposal.ghost().labels == 10).all()


def test_stop_here_takes_the_shown_step_and_cancels_the_run(desk):
    desk.studio.run()
    for index, label in ((1, 3), (2, 8), (3, 9)):
        desk.step(index, label)
    desk.proposal.go_to(1)
    desk.choosing.keep_step()
    assert desk.runner.cancelled == [1]
    assert (desk.proposal.candidate.state, desk.proposal.candidate.note) == ("ready", "stopped at step 2")
    desk.choosing.accept()
    assert (desk.labels[REGION.slices] == 8).all()
    entry = desk.studio.document.scene.metadata["provenance"][-1]
    assert (entry["sampling"]["stopped_at"], entry["sampling"]["seed"]) == (2, 4)
    desk.studio.document.undo()
    assert np.array_equal(desk.labels, street().read())


def test_a_step_of_a_finished_run_becomes_a_variant_of_its_own(desk):
    desk.studio.run()
    desk.step(1, 3)
    finish(desk.studio.jobs, desk.runner)
    desk.proposal.go_to(0)
    with pytest.raises(RequestError, match="earlier step"):
        desk.choosing.accept()
    desk.choosing.keep_step()
    assert desk.proposal.current == 3
    assert (desk.proposal.candidate.result.labels == 3).all()
    assert [c.state for c in desk.proposal.candidates] == ["ready", "waiting", "waiting", "ready"]
    assert desk.proposal.candidates[0].result is not None
    assert len(desk.studio.gallery.items) == 4


def test_a_step_of_a_first_scene_becomes_a_whole_scene(desk):
    desk.studio.document.set_mask("Nothing", VoxelMask.nothing())
    desk.studio.run()
    labels = np.full((48, 32, 12), 9, np.uint8)
    desk.studio.jobs.note_step(1, Step(1, 9, "denoising", box=Box.of_shape(labels.shape), labels=labels))
    desk.choosing.keep_step()
    desk.choosing.accept()
    assert np.array_equal(desk.labels, labels)
    assert desk.studio.document.scene.metadata["provenance"][-1]["sampling"]["stopped_at"] == 1


def test_the_plan_of_a_map_is_shown_but_no_scene_to_keep(desk):
    desk.studio.run()
    labels = np.full(REGION.shape, 9, np.uint8)
    desk.studio.jobs.note_step(1, Step(1, 9, "layout", box=REGION, labels=labels))
    assert (desk.proposal.ghost().labels == 9).all()
    with pytest.raises(RequestError, match="plan of a map"):
        desk.choosing.keep_step()


def test_without_pictures_there_is_nothing_to_keep(desk):
    desk.studio.run()
    with pytest.raises(RequestError, match="no step was shown"):
        desk.choosing.keep_step()


def test_a_film_beyond_its_bytes_keeps_the_last_picture_of_every_box():
    rng, boxes = np.random.default_rng(1), (Box((0, 0, 0), (8, 8, 8)), Box((8, 0, 0), (16, 8, 8)))
    film = Film(limit=6 * 512)
    pictures = [rng.integers(0, 256, (8, 8, 8)).astype(np.uint8) for _ in range(40)]
    for k, picture in enumerate(pictures):
        film.take(Step(k + 1, 40, "", box=boxes[k // 20], labels=picture))
    assert film.nbytes <= 6 * 512
    pieces = film.pieces(len(film.frames) - 1)
    assert np.array_equal(pieces[boxes[0]], pictures[19])
    assert np.array_equal(pieces[boxes[1]], pictures[39])
    assert [f.index for f in film.frames] == sorted(f.index for f in film.frames)

from __future__ import annotations

import numpy as np
import pytest
from fakes import CAR, ROAD, FakeCard, HandRunner, finish, street
from hands import Hand
from PIL import Image

from editor.model.document import Document
from editor.model.samples import list_samples
from editor.model.studio import Studio
from editor.model.tour import Tour, find_car
from editor.tools.brush import BrushTool
from editor.tools.options import Brush
from engine.errors import RequestError
from engine.formats.registry import read_scene
from engine.grid import Box
from engine.scene import VoxelScene

TARGET = Box((10, 8, 3), (20, 14, 8))
SEED = ROAD - 1  # the fake engine paints with the class after it


@pytest.fixture
def walk():
    hand, runner = Hand(Document(street())), HandRunner()
    studio = Studio(runner, [FakeCard()], hand.document)
    studio.plan.set(seed=SEED, seed_locked=True, forbid=frozenset({"truck"}))
    hand.take(BrushTool(), brush=Brush(radius=5))
    return hand, runner, studio, Tour(studio, find_car(hand.document.scene))


def stages(tour: Tour) -> list[str]:
    seen = [tour.page.stage]
    tour.changed.connect(lambda: seen.append(tour.page.stage) if seen[-1] != tour.page.stage else None)
    return seen


def test_each_stage_is_over_when_it_was_really_done(walk):
    hand, runner, studio, tour = walk
    hand.drag((30, 4), (34, 4))  # beside the car
    assert (tour.page.stage, tour.page.share) == ("brush", 0.0)
    hand.drag((11, 9), (13, 12))
    assert 0.2 < tour.page.share < 1
    hand.drag((10, 8), (19, 8), (10, 13), (19, 13))
    assert tour.page.stage == "generate"
    studio.run()
    assert tour.page.stage == "watch"
    assert set(studio.jobs.running.request.sampling.forbid) == {"car", "truck"}
    finish(studio.jobs, runner)
    assert tour.page.stage == "accept"
    studio.accept()
    assert tour.page.stage == "done"
    assert not (hand.labels[TARGET.slices] == CAR).any()
    hand.document.undo()
    assert tour.page.stage == "accept"
    studio.discard()
    assert tour.page.stage == "generate"
    hand.document.undo()
    assert tour.page.stage == "brush"


def test_what_is_left_of_the_car_counts(walk):
    hand, runner, studio, tour = walk
    hand.drag((11, 9), (13, 12))
    share = tour.page.share
    studio.run()
    finish(studio.jobs, runner)
    studio.accept()
    assert hand.document.mask.is_empty
    assert (tour.page.stage, tour.page.share) == ("brush", share)


def test_the_end_gives_the_barred_classes_back_and_listens_no_more(walk):
    hand, _, studio, tour = walk
    seen, ends = stages(tour), []
    tour.ended.connect(lambda: ends.append(1))
    assert studio.plan.options.forbid == {"truck", "car"}
    hand.document.replace(street((60, 40, 12)))
    assert studio.plan.options.forbid == {"truck"}
    hand.document.replace(street())
    hand.drag((10, 8), (19, 8), (10, 13), (19, 13))
    assert seen == ["brush"]
    assert ends == [1]


def test_without_a_model_the_tour_says_why_it_waits():
    hand = Hand(Document(street()))
    tour = Tour(Studio(HandRunner(), [], hand.document), find_car(hand.document.scene))
    hand.take(BrushTool(), brush=Brush(radius=5)).drag((10, 8), (19, 8), (10, 13), (19, 13))
    assert "has to wait" in tour.page.text
    assert "not installed" in tour.page.text


def test_the_car_in_plain_view_on_the_road_is_chosen():
    labels = np.zeros((90, 70, 12), np.uint8)
    labels[:, :, :2] = ROAD
    labels[40:52, 30:36, 2:8] = CAR
    labels[20:40, 20:50, 2:12] = 13  # a house, between the camera and the car in the middle
    labels[62:74, 12:18, 2:8] = CAR
    labels[5:7, 5:7, 2:4] = CAR  # too small for one
    car = find_car(VoxelScene.from_labels(labels))
    assert car.box == Box((62, 12, 2), (74, 18, 8))
    with pytest.raises(RequestError, match="no car"):
        find_car(VoxelScene.from_labels(labels[:40]))


# shipped scenes


def test_sample_scenes_are_real_small_and_say_where_they_come_from():
    samples = list_samples()
    assert [s.name for s in samples] == ["suburb", "centre", "park", "industrial"]
    assert sum(s.scene.stat().st_size for s in samples) < 300_000
    for sample in samples:
        scene = read_scene(sample.scene)
        assert scene.grid.shape == (256, 256, 32)
        assert scene.space.name == "semantickitti"
        assert len(np.flatnonzero(scene.count_classes())) >= 12
        [origin] = scene.metadata["provenance"]
        assert (origin["task"], origin["style"]) == ("world", sample.name)
        with Image.open(sample.picture) as picture:
            assert picture.size == (384, 240)


def test_the_tour_s_scene_has_a_car_on_open_road():
    scene = read_scene(list_samples()[0].scene)
    car = find_car(scene)
    around = scene.read(car.box.pad((6, 6, 0)).clip(scene.box))
    assert car.count > 500
    assert (scene.read(car.box)[car.array] == scene.space.find("car")).all()
    assert not np.isin(around, [scene.space.find(n) for n in ("building", "vegetation")]).any()

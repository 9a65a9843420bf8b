from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from engine.diffusion.denoiser import Denoise
from engine.diffusion.guidance import keep_known
from engine.errors import GridError, LabelError, RequestError
from engine.geometry.maps import LayoutMap, extrude, layout_of
from engine.grid import Box, Grid
from engine.labels import UNKNOWN, label_space
from engine.mask import VoxelMask
from engine.scene import VoxelScene
from engine.session import Session
from engine.tasks import fill
from engine.tasks.fill import Canvas, Reading
from engine.tasks.layout import cells_left, overlaid, plan, plan_area, seen_layout
from engine.tasks.request import GenerateRequest, InpaintRequest, OutpaintRequest, Request, Result, Sampling
from engine.tasks.windows import context_of, cover, plan_windows

HEIGHT = 8


@pytest.fixture
def scene() -> VoxelScene:
    labels = np.random.default_rng(0).integers(0, 20, (96, 80, HEIGHT)).astype(np.uint8)
    labels[10:14, 5:9] = UNKNOWN
    return VoxelScene.from_labels(labels)


def finish(session: Session, request: Request) -> Result:
    *_, last = session.run(request)
    assert last.result is not None
    return last.result


def stroke(scene: VoxelScene) -> VoxelMask:
    return VoxelMask.of_ball((40.3, 33.8, 4.0), 6.5, scene.box)


def test_a_scene_has_the_size_asked_for_and_the_models_grid(session: Session, sampling: Sampling) -> None:
    result = finish(session, GenerateRequest((70, 52), sampling))
    assert result.scene is not None
    assert result.scene.grid == Grid((70, 52, HEIGHT), (0.2, 0.2, 0.2))
    assert result.scene.metadata["provenance"][0]["sampling"]["seed"] == 3
    assert result.labels.max() < 20


def test_one_seed_one_scene(session: Session, sampling: Sampling) -> None:
    request = GenerateRequest((64, 64), sampling)
    first, again = finish(session, request), finish(session, request)
    other = finish(session, GenerateRequest((64, 64), replace(sampling, seed=4)))
    assert np.array_equal(first.labels, again.labels)
    assert not np.array_equal(first.labels, other.labels)


def test_steps_count_up_and_end_with_the_result(session: Session, sampling: Sampling) -> None:
    steps = list(session.run(GenerateRequest((96, 64), replace(sampling, preview="every"))))
    assert [s.index for s in steps] == [1, 2, 3, 3, 4, 5, 5, 6, 6]  # of the map, and of two windows
    assert {s.total for s in steps} == {6}
    assert [s.index for s in steps if s.result is not None] == [6]
    shown = [s for s in steps if s.labels is not None]
    assert [s.index for s in shown] == [1, 2, 3, 5]
    assert all(s.box is not None and s.labels is not None and s.labels.shape == s.box.shape for s in shown)
    assert all(s.labels is None for s in session.run(GenerateRequest((64, 64), sampling)))


def test_who_stops_need_not_wait_for_a_picture(
    session: Session, sampling: Sampling, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded: list[int] = []
    monkeypatch.setattr(Reading, "read", lambda self, x0: decoded.append(1) or np.zeros(self.box.shape, np.uint8))
    steps = session.run(GenerateRequest((64, 64), replace(sampling, preview="every")))
    first = next(step for step in steps if step.stage == "denoising")
    assert first.labels is None
    assert not decoded
    assert next(steps).index == first.index
    assert decoded
    steps.close()


def test_inpainting_changes_masked_voxels_only(session: Session, sampling: Sampling, scene: VoxelScene) -> None:
    before, mask = scene.read(), stroke(scene)
    result = finish(session, InpaintRequest(scene, mask, sampling))
    after = before.copy()
    after[result.box.slices] = result.labels
    changed = VoxelMask.of_array(after != before)
    assert changed.count > 0
    assert changed.subtract(mask).is_empty
    assert np.array_equal(scene.read(), before), "the request's scene was written to"


def test_inpainting_depends_on_what_is_known_but_not_on_what_is_hidden(
    session: Session, sampling: Sampling, scene: VoxelScene
) -> None:
    mask = VoxelMask.of_box(Box((30, 20, 0), (52, 47, HEIGHT)))
    plain = finish(session, InpaintRequest(scene, mask, sampling)).labels
    hidden_differs, known_differs = scene.snapshot(), scene.snapshot()
    hidden_differs.write(mask.box, np.full(mask.box.shape, 13, np.uint8))
    beside = Box((20, 20, 0), (30, 47, HEIGHT))
    known_differs.write(beside, np.full(beside.shape, 13, np.uint8))
    assert np.array_equal(finish(session, InpaintRequest(hidden_differs, mask, sampling)).labels, plain)
    assert not np.array_equal(finish(session, InpaintRequest(known_differs, mask, sampling)).labels, plain)


def test_strength_below_one_starts_from_what_is_there(session: Session, sampling: Sampling, scene: VoxelScene) -> None:
    mask = VoxelMask.of_box(Box((30, 20, 0), (52, 47, HEIGHT)))
    changed = scene.snapshot()
    changed.write(mask.box, np.full(mask.box.shape, 13, np.uint8))
    weak = replace(sampling, strength=0.3)
    assert not np.array_equal(
        finish(session, InpaintRequest(scene, mask, weak)).labels,
        finish(session, InpaintRequest(changed, mask, weak)).labels,
    )


@pytest.mark.parametrize("at", [(0, 0), (40, 16), None, (13, 3)])
def test_outpainting_keeps_every_old_byte(
    session: Session, sampling: Sampling, scene: VoxelScene, at: tuple[int, int] | None
) -> None:
    scene.store.add_channel("instances", np.uint32)
    ids = np.random.default_rng(1).integers(0, 9, scene.grid.shape).astype(np.uint32)
    scene.store.write(scene.box, ids, channel="instances")
    result = finish(session, OutpaintRequest(scene, (144, 97), sampling, at, overlap=32))
    assert result.scene is not None
    x, y = result.at
    assert at is None or result.at == at
    old = Box((x, y, 0), (x + 96, y + 80, HEIGHT))
    assert np.array_equal(result.scene.read(old), scene.read())
    assert np.array_equal(result.scene.store.read(old, "instances"), ids)
    assert result.mask.count == (144 * 97 - 96 * 80) * HEIGHT
    assert np.allclose(result.scene.grid.to_metres((x, y, 0)), scene.grid.origin)


def test_cancelling_between_steps_leaves_nothing(session: Session, sampling: Sampling, scene: VoxelScene) -> None:
    before = scene.read()
    request = InpaintRequest(scene, stroke(scene), sampling)
    whole = finish(session, request).labels
    steps = session.run(request)
    next(steps)
    steps.close()  # type: ignore[attr-defined]
    assert np.array_equal(scene.read(), before)
    assert np.array_equal(finish(session, request).labels, whole)


@pytest.mark.parametrize("strength", [1.0, 0.5])
def test_barred_classes_are_never_made(
    session: Session, sampling: Sampling, scene: VoxelScene, strength: float
) -> None:
    plain = finish(session, GenerateRequest((64, 64), sampling))
    counts = np.bincount(plain.labels.ravel(), minlength=20)
    names = label_space().names
    barred = [names[i] for i in np.argsort(counts)[-6:] if i != 0]
    choice = replace(sampling, forbid=tuple(barred), strength=strength)
    mask = stroke(scene)
    result = finish(session, InpaintRequest(scene, mask, choice))
    made = result.labels[mask.within(result.box)]
    assert not np.isin(made, [label_space().find(n) for n in barred]).any()


def test_allowing_bars_all_other_classes_but_empty(session: Session, sampling: Sampling) -> None:
    result = finish(session, GenerateRequest((64, 64), replace(sampling, allow=("road", "building"))))
    assert set(np.unique(result.labels)) <= {0, 9, 13}


def test_known_latents_are_kept_and_say_nothing_of_what_is_hidden(
    session: Session, sampling: Sampling, scene: VoxelScene
) -> None:
    mask, other = stroke(scene), scene.snapshot()
    other.write(mask.box, np.full(mask.box.shape, 13, np.uint8), mask.array)
    kept, again = (finish(session, InpaintRequest(which, mask, sampling)).labels for which in (scene, other))
    assert sampling.keep_known
    assert np.array_equal(kept[mask.array], again[mask.array])
    free = finish(session, InpaintRequest(scene, mask, replace(sampling, keep_known=False))).labels
    assert not np.array_equal(kept[mask.array], free[mask.array])


def test_only_what_is_known_is_kept(session: Session, sampling: Sampling, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unknown voxels are nothing to keep, masked or not; where nothing is known, nothing is encoded for it."""
    masks: list[torch.Tensor] = []

    def noted(denoise: Denoise, known: torch.Tensor, mask: torch.Tensor) -> Denoise:
        masks.append(mask)
        return keep_known(denoise, known, mask)

    monkeypatch.setattr(fill, "keep_known", noted)
    finish(session, GenerateRequest((64, 64), sampling))
    assert not masks
    labels = np.zeros((64, 64, HEIGHT), np.uint8)
    labels[40:] = UNKNOWN
    hole = VoxelMask.of_box(Box((28, 28, 0), (36, 36, HEIGHT)))
    finish(session, InpaintRequest(VoxelScene.from_labels(labels), hole, sampling))
    (mask,) = masks
    expected = torch.zeros(16, 16, dtype=torch.bool)
    expected[10:] = True
    expected[7:9, 7:9] = True
    assert torch.equal(mask[0, 0], expected)


def test_a_layout_and_its_guidance_steer(session: Session, sampling: Sampling) -> None:
    classes = np.zeros((8, 8), np.uint8)
    classes[2:6, 1:4] = 6
    layout = LayoutMap(classes, np.where(classes == 6, 5, 0).astype(np.uint8))
    results = [
        finish(session, GenerateRequest((64, 64), replace(sampling, guidance=g), m)).labels
        for m, g in ((None, 1.0), (layout, 1.0), (layout, 3.0))
    ]
    assert not np.array_equal(results[0], results[1])
    assert not np.array_equal(results[1], results[2])


def test_the_layout_knows_what_was_given_and_what_can_be_seen(scene: VoxelScene) -> None:
    labels = np.zeros((96, 80, HEIGHT), np.uint8)
    labels[:, :, 0] = 9
    labels[16:32, :8, :5] = 13
    hidden = np.zeros((96, 80, HEIGHT), dtype=np.bool_)
    hidden[40:, 8:, :] = True
    hidden[40:48, :8, 2:] = True
    given = LayoutMap.free((12, 10))
    given.classes[11, 9] = 5
    canvas = Canvas(VoxelScene.from_labels(labels), scene.box, hidden, given)
    area = plan_area(scene.box)
    assert area.shape == (128, 128, HEIGHT)
    seen = seen_layout(canvas, area)
    known = overlaid(seen, canvas.layout_in(area))
    assert seen.classes[11, 9] == 0
    assert known.classes.shape == (16, 16)
    assert known.classes[2:4, 0].tolist() == [6, 6]
    assert known.heights[2:4, 0].tolist() == [5, 5]
    assert (known.classes[4, :10] == 1).all()
    assert (known.classes[5:12, 0] == 1).all(), "ground can be seen below what is hidden"
    assert known.classes[11, 9] == 5
    assert not known.classes[5:11, 1:9].any()
    assert not known.classes[12:].any()
    assert not known.classes[:, 10:].any()
    aside = plan_area(Box((-16, 8, 0), (40, 64, HEIGHT)))
    shifted = overlaid(seen_layout(canvas, aside), canvas.layout_in(aside))
    assert shifted.classes.shape == (8, 8)
    assert np.array_equal(shifted.classes[2:], known.classes[:6, 1:9])
    assert not shifted.classes[:2].any()


def test_beside_what_is_seen_no_map_decides() -> None:
    seen, given = LayoutMap.free((12, 8)), LayoutMap.free((12, 8))
    seen.classes[:4] = given.classes[:4] = 3
    given.classes[4, 2] = 6  # painted by someone
    left = cells_left(seen, given)
    assert left[4].tolist() == [True, True, False, True, True, True, True, True]
    assert left[5].all()
    assert not left[:4].any()
    assert not left[6:].any()
    assert not cells_left(LayoutMap.free((12, 8)), given).any()


def test_the_map_of_an_edit_is_drawn_up_to_its_border(session: Session, sampling: Sampling) -> None:
    labels = np.zeros((128, 64, HEIGHT), np.uint8)
    labels[:, :, 0] = 9
    hidden = np.zeros(labels.shape, np.bool_)
    hidden[32:] = True
    canvas = Canvas(VoxelScene.from_labels(labels), Box((0, 0, 0), labels.shape), hidden)
    list(plan(session.load(sampling.model), canvas, canvas.region, sampling, 1))
    assert canvas.layout is not None
    assert (canvas.layout.classes[:4] == 1).all()
    assert not canvas.layout.classes[4:6].any()
    assert canvas.layout.classes[6:].all()
    empty = Canvas(VoxelScene.from_labels(labels), canvas.region, np.ones_like(hidden))
    list(plan(session.load(sampling.model), empty, canvas.region, sampling, 1))
    assert empty.layout is not None
    assert empty.layout.classes.all()
    hidden[:], hidden[32:56] = False, True
    small = Canvas(VoxelScene.from_labels(labels), canvas.region, hidden)
    assert not list(plan(session.load(sampling.model), small, canvas.region, sampling, 1)), "there is nothing to draw"
    assert small.layout is not None
    assert small.layout.classes[:4].all()
    assert not small.layout.classes[4:7].any()


def test_a_layout_can_be_shown_as_a_rough_model() -> None:
    layout = LayoutMap(np.array([[1, 6, 0], [7, 6, 2]], np.uint8), np.array([[0, 5, 0], [0, 0, 0]], np.uint8))
    rough = extrude(layout, 12, label_space())
    assert rough.shape == (16, 24, 12)
    again = layout_of(rough, label_space())
    assert np.array_equal(again.classes, layout.classes)
    assert again.heights.tolist() == [[0, 5, 0], [0, 8, 0]]


def test_the_crop_follows_the_brush_not_the_city() -> None:
    box = context_of(Box((1000, 2000, 3), (1010, 2004, 9)), 32, 16)
    assert box.shape[2] == 32
    assert max(box.shape[:2]) <= 160
    assert min(box.shape[:2]) >= 128
    assert box.snap((16, 16, 1)) == box


@pytest.mark.parametrize(("start", "stop"), [(0, 256), (0, 257), (-40, 700), (5, 1792), (0, 16)])
def test_windows_cover_an_axis_with_enough_overlap(start: int, stop: int) -> None:
    spans = cover(start, stop, 256, 96, 16)
    assert spans[0][0] <= start
    assert spans[-1][1] >= stop
    assert all(a % 16 == 0 and (b - a) % 16 == 0 and b - a <= 256 for a, b in spans)
    assert all(before[1] - after[0] >= 96 for before, after in pairwise(spans))


def test_windows_go_outward_and_skip_what_is_known() -> None:
    todo: NDArray[np.bool_] = np.ones((640, 256), dtype=np.bool_)
    todo[:300] = False
    windows = plan_windows(todo, Box((0, 0, 0), (640, 256, 32)), 256, 96, 16)
    starts = [w.lower[0] for w in windows]
    assert starts == sorted(starts)
    assert all(w.upper[0] > 300 for w in windows)
    made = np.zeros_like(todo)
    for w in windows:
        made[w.slices[0], w.slices[1]] = True
    assert made[300:].all()


def other_space(scene: VoxelScene) -> VoxelScene:
    return VoxelScene(scene.grid, label_space("carlasc"))


def test_impossible_requests_name_values_and_a_way_out(session: Session, sampling: Sampling, scene: VoxelScene) -> None:
    tall = VoxelScene(Grid((64, 64, 9)), scene.space)
    cases: list[tuple[Request, type[Exception], str]] = [
        (GenerateRequest((8, 64), sampling), RequestError, "8 x 64.*take 16"),
        (GenerateRequest((64, 64), sampling, LayoutMap.free((3, 8))), RequestError, "3 x 8 cells.*--size 24 64"),
        (InpaintRequest(scene, VoxelMask.nothing(), sampling), RequestError, "paint a mask"),
        (InpaintRequest(tall, VoxelMask.of_box(tall.box), sampling), GridError, "height 9.*convert"),
        (InpaintRequest(other_space(scene), stroke(scene), sampling), GridError, "carlasc.*--like tiny"),
        (OutpaintRequest(scene, (96, 64), sampling, overlap=32), RequestError, "do not enlarge"),
        (OutpaintRequest(scene, (128, 96), sampling, (40, 0), 32), RequestError, r"\(40, 0\).*within"),
        (OutpaintRequest(scene, (128, 96), sampling, None, 64), RequestError, "overlap 64"),
        (GenerateRequest((64, 64), replace(sampling, forbid=("cat",))), LabelError, "no class 'cat'"),
    ]
    for request, error, words in cases:
        with pytest.raises(error, match=words):
            list(session.run(request))


@pytest.mark.parametrize(
    ("choice", "free"),
    [
        ({}, set(range(20))),
        ({"forbid": ("car",)}, set(range(20)) - {1}),
        ({"allow": ("road", "building")}, {0, 9, 13}),
        ({"allow": ("road", "car"), "forbid": ("car",)}, {0, 9}),
        ({"allow": ("road",), "forbid": ("empty",)}, {9}),
    ],
)
def test_air_is_barred_only_by_its_name(choice: dict[str, tuple[str, ...]], free: set[int]) -> None:
    assert set(range(20)) - set(Sampling(**choice).barred_ids(label_space())) == free  # type: ignore[arg-type]


def test_barring_everything_is_refused() -> None:
    with pytest.raises(RequestError, match="every class is barred"):
        Sampling(allow=("road",), forbid=("road", "empty")).barred_ids(label_space())


@pytest.mark.parametrize(
    "bad",
    [{"steps": 0}, {"sampler": "magic"}, {"strength": 0.0}, {"strength": 1.2}, {"guidance": -1.0}, {"seed": -1}],
)
def test_impossible_sampling_is_refused(bad: dict[str, object]) -> None:
    with pytest.raises(RequestError):
        Sampling(**bad)  # type: ignore[arg-type]

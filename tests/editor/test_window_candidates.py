from __future__ import annotations

import numpy as np
import pytest
from fakes import CAR, FakeSession
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from test_window import HEIGHT, LEFT, at, drag, open_window, wait_idle  # noqa: F401 -- a fixture

from editor.tools.options import Brush
from editor.ui.candidate_actions import CANDIDATE_ACTIONS
from editor.ui.window import MainWindow
from editor.viewport.scene_visual import GHOST, KIND
from engine.edit import VoxelEdit
from engine.errors import SamplingError, ScenewrightError
from engine.grid import Box
from engine.mask import VoxelMask

pytestmark = pytest.mark.window

REGION = Box((40, 26, 3), (62, 36, 9))


def run(qtbot, window: MainWindow, variants: int = 3, seed: int = 4) -> None:
    window.studio.document.set_mask("Box", VoxelMask.of_box(REGION))
    window.studio.plan.set(variants=variants, seed=seed, seed_locked=True, preview="every")
    window.trigger("generate.run")
    wait_idle(qtbot, window)


def tile(window: MainWindow, row: int) -> QPoint:
    """Find the middle of a tile of the filmstrip."""
    strip = window.history.strip
    place = strip.variants.index(row)
    strip.scrollTo(place)
    return strip.visualRect(place).center()


def words(window: MainWindow) -> list[str]:
    variants = window.history.strip.variants
    return [variants.state_of(item) for item in variants.items]


def test_brush_regenerate_compare_pin_accept_undo_take_another(open_window, qtbot):  # noqa: F811
    window = open_window()
    document, native = window.studio.document, window.canvas.native
    before = document.scene.read()
    window.gestures.context.brush = Brush(radius=4)
    drag(qtbot, window, *(at(window, (x, 31, 9)) for x in (42, 50, 60)))
    masked = document.mask
    window.studio.plan.set(variants=3, seed=4, seed_locked=True)
    QTest.mouseClick(window.docks.generate.button, LEFT)
    wait_idle(qtbot, window)
    qtbot.waitUntil(window.history.isVisible)
    qtbot.waitUntil(lambda: words(window) == ["ready"] * 3)
    QTest.keyClick(native, Qt.Key.Key_Right)
    QTest.keyClick(native, Qt.Key.Key_P)
    QTest.keyClick(native, Qt.Key.Key_D)
    assert window.studio.proposal.view == "diff"
    QTest.keyPress(native, Qt.Key.Key_QuoteLeft)
    assert window.stage.candidates.views["before"].isChecked()
    QTest.keyRelease(native, Qt.Key.Key_QuoteLeft)
    assert window.stage.candidates.views["diff"].isChecked()
    QTest.keyClick(native, Qt.Key.Key_Delete, Qt.KeyboardModifier.ControlModifier)
    assert [c.request.sampling.seed for c in window.studio.proposal.candidates] == [5]
    QTest.keyClick(native, Qt.Key.Key_Return)
    inside = masked.within(document.scene.box)
    assert (document.scene.read()[inside] == 6).all()
    assert np.array_equal(document.scene.read()[~inside], before[~inside])
    qtbot.waitUntil(lambda: sorted(words(window)) == ["accepted", "earlier", "earlier"])
    window.trigger("edit.undo")
    assert np.array_equal(document.scene.read(), before)
    qtbot.waitUntil(lambda: sorted(words(window)) == ["discarded", "discarded", "ready"])
    row = next(k for k, i in enumerate(window.history.strip.variants.items) if i.candidate.request.sampling.seed == 6)
    QTest.mouseClick(window.history.strip.viewport(), LEFT, Qt.KeyboardModifier.NoModifier, tile(window, row))
    QTest.mouseDClick(window.history.strip.viewport(), LEFT, Qt.KeyboardModifier.NoModifier, tile(window, row))
    assert window.studio.proposal.candidate.request.sampling.seed == 6
    window.trigger("candidate.accept")
    assert (document.scene.read()[inside] == 7).all()


def test_every_action_about_candidates_is_safe_without_any(open_window):  # noqa: F811
    window = open_window()
    before = window.studio.document.scene.read()
    for spec in CANDIDATE_ACTIONS:
        window.trigger(spec.id)
    assert np.array_equal(window.studio.document.scene.read(), before)
    assert not window.notice.isVisible()


def test_differences_are_marked_in_the_viewport_by_kind(open_window, qtbot):  # noqa: F811
    window = open_window()
    window.studio.document.set_mask("Box", VoxelMask.of_box(Box((38, 24, 3), (50, 30, 11))))
    window.studio.plan.set(seed=7, seed_locked=True)
    window.trigger("generate.run")
    wait_idle(qtbot, window)
    flags = window.canvas.display.visual.flags.values
    assert flags[39, 25, 4] == GHOST
    window.trigger("candidate.diff")
    qtbot.wait(40)
    flags = window.canvas.display.visual.flags.values
    assert flags[39, 25, 4] == GHOST + KIND  # added
    assert flags[45, 28, 5] == GHOST + 3 * KIND  # the car turns into another class
    assert flags[55, 30, 5] == 0
    stays, turns = (58, 33, 9), [(x, y, 9) for x in range(41, 50) for y in range(27, 30)]
    marked, hatched = colour(window, stays), {colour(window, v) for v in turns}
    window.trigger("candidate.result")
    qtbot.wait(40)
    plain, smooth = colour(window, stays), {colour(window, v) for v in turns}
    assert max(marked) - min(marked) < (max(plain) - min(plain)) / 2  # what stays has lost its colours
    assert spread(hatched) > 1.5 * spread(smooth)


def colour(window: MainWindow, voxel: tuple[float, float, float]) -> tuple[int, int, int]:
    place = at(window, voxel)
    return window.canvas.grab(1.0, marks=False).pixelColor(place.x(), place.y()).getRgb()[:3]


def spread(colours: set[tuple[int, int, int]]) -> int:
    """Tell how far the two most different of some colours lie apart."""
    return max(sum(abs(x - y) for x, y in zip(a, b, strict=True)) for a in colours for b in colours)


def test_a_stale_variant_says_so_and_offers_three_ways(open_window, qtbot):  # noqa: F811
    window = open_window()
    document, bar = window.studio.document, window.stage.candidates
    run(qtbot, window)
    part = Box((41, 27, 4), (45, 30, 7))
    document.do(VoxelEdit.between("Erase", document.scene, part, np.zeros(part.shape, np.uint8)))
    qtbot.waitUntil(lambda: words(window)[0] == "stale: edited since")
    assert f"{part.volume} of its voxels were edited since" in bar.notice.text()
    shown = [link.objectName() for link in bar.remedies if link.isVisible()]
    assert shown == ["candidate.apply_all.link", "candidate.run_again.link"]
    window.trigger("candidate.accept")
    assert (document.scene.read(part) == 0).all()
    window.trigger("edit.undo")
    assert window.trigger("candidate.apply_all")
    assert (document.scene.read(part) == 5).all()
    window.trigger("edit.undo")
    assert window.trigger("candidate.run_again")
    wait_idle(qtbot, window)
    assert window.studio.proposal.candidate.request.sampling.seed == 4
    assert (window.studio.proposal.request.scene.read(part) == 0).all()
    assert not bar.notice.isVisible()


def test_escape_hides_candidates_but_never_discards_them(open_window, qtbot):  # noqa: F811
    window = open_window()
    run(qtbot, window)
    for _ in range(5):
        window.trigger("view.escape")
    assert len(window.studio.proposal.candidates) == 3
    window.docks.generate.seed.setFocus()
    QTest.keyClick(window.docks.generate.seed, Qt.Key.Key_Return)
    QTest.keyClick(window.docks.generate.steps.field, Qt.Key.Key_Delete)
    assert len(window.studio.proposal.candidates) == 3
    assert window.studio.document.history.undo_name == "Box"


def test_the_engine_failing_at_a_step_is_one_line_with_details_and_retry(open_window, qtbot):  # noqa: F811
    error = SamplingError("the run gave no usable numbers; try another seed")
    session = FakeSession(fail_at=2, error=error, height=HEIGHT)
    window = open_window(session)
    bar = window.stage.candidates
    run(qtbot, window, variants=1)
    assert bar.notice.text() == "the run gave no usable numbers; try another seed"
    assert not window.actions_table["candidate.accept"].isEnabled()
    window.notice.hide()
    QTest.mouseClick(next(x for x in bar.remedies if x.objectName() == "candidate.explain.link"), LEFT)
    assert "SamplingError" in window.notice.details.toPlainText()
    session.fail_at = None
    row = window.docks.generate.queue._rows[window.studio.jobs.jobs[0].id]
    assert row.retry.isVisible()
    QTest.mouseClick(row.retry, LEFT)
    wait_idle(qtbot, window)
    assert window.studio.proposal.candidate.state == "ready"
    assert window.studio.proposal.candidate.request.sampling.seed == 4
    assert not bar.notice.isVisible()


def test_the_scrubber_goes_back_and_keeps_a_step(open_window, qtbot):  # noqa: F811
    window = open_window(FakeSession(steps=6, height=HEIGHT))
    run(qtbot, window, variants=1)
    scrubber = window.history.scrubber
    qtbot.waitUntil(lambda: scrubber.slider.maximum() >= 1)
    assert scrubber.words.text() == "result"
    assert not scrubber.keep.isEnabled()
    scrubber.slider.setValue(0)
    assert window.studio.proposal.moment == 0
    qtbot.waitUntil(scrubber.keep.isEnabled)
    first = window.studio.proposal.candidate.film.frames[0].index
    assert scrubber.words.text() == f"step {first} of 6"
    assert f"Step {first} of 6" in window.stage.candidates.notice.text()
    assert not window.stage.candidates.notice.text().startswith("the")
    QTest.mouseClick(scrubber.keep, LEFT)
    assert [c.note for c in window.studio.proposal.candidates] == ["", f"step {first} of seed 4"]
    assert window.trigger("candidate.accept")


def test_a_run_is_stopped_and_kept_at_the_step_it_shows(open_window, qtbot):  # noqa: F811
    session = FakeSession(steps=5000, pause=0.02, height=HEIGHT)
    window = open_window(session)
    document = window.studio.document
    document.set_mask("Box", VoxelMask.of_box(REGION))
    window.studio.plan.set(seed=4, seed_locked=True, preview="every")
    window.trigger("generate.run")
    qtbot.waitUntil(window.actions_table["candidate.keep_step"].isEnabled, timeout=5000)
    assert window.trigger("candidate.keep_step")
    wait_idle(qtbot, window)
    qtbot.waitUntil(lambda: bool(session.closed), timeout=3000)
    assert window.studio.proposal.candidate.state == "ready"
    assert window.trigger("candidate.accept")
    assert (document.scene.read(REGION) == 5).all()


def test_the_history_tells_facts_and_gives_seed_and_parameters_back(open_window, qtbot):  # noqa: F811
    window = open_window()
    window.studio.plan.set(steps=9, guidance=2.0)
    run(qtbot, window)
    window.trigger("candidate.accept")
    window.studio.plan.set(steps=30, guidance=1.0, seed=99)
    qtbot.waitUntil(lambda: len(words(window)) == 3)
    QTest.mouseClick(window.history.strip.viewport(), LEFT, Qt.KeyboardModifier.NoModifier, tile(window, 2))
    qtbot.waitUntil(lambda: "seed 6" in window.history.facts.title.text())
    assert "<b>6</b>" in window.history.facts.text.text()
    assert "stopped" not in window.history.facts.toolTip()
    assert "model_sha256" in window.history.facts.toolTip()
    QTest.mouseClick(window.history.facts.reuse_all, LEFT)
    options = window.studio.plan.options
    assert (options.steps, options.guidance, options.seed, options.seed_locked) == (9, 2.0, 6, True)
    QTest.mouseClick(window.history.facts.star, LEFT)
    assert window.history.strip.variants.data(window.history.strip.variants.index(2)) == "seed 6, earlier · favourite"
    window.history.stars.setChecked(True)
    qtbot.waitUntil(lambda: len(window.history.strip.variants.items) == 1)
    window.history.stars.setChecked(False)
    window.history.strip.setFocus()
    QTest.keyClick(window.history.strip, Qt.Key.Key_Delete)
    assert len(window.studio.gallery.items) == 2
    QTest.mouseClick(window.history.strip.viewport(), LEFT, Qt.KeyboardModifier.NoModifier, tile(window, 0))
    assert window.trigger("history.reuse_seed")


def test_the_room_of_the_history_is_a_setting(open_window, qtbot):  # noqa: F811
    window = open_window()
    assert window.studio.gallery.budget == 256 << 20
    window.commands.manners.preferences.set("candidates_mb", 16)
    run(qtbot, window, variants=1)
    qtbot.waitUntil(lambda: window.history.room.text().endswith("of 16 MB"))
    assert window.settings.candidates_mb == 16


def test_tiles_show_pictures_and_the_wheel_moves_them(open_window, qtbot):  # noqa: F811
    window = open_window()
    run(qtbot, window, variants=8)
    thumbnails, strip = window.history.strip.thumbnails, window.history.strip
    shown = [window.studio.gallery.items[k] for k in (0, 1)]
    qtbot.waitUntil(lambda: all(thumbnails.get(i) is not None for i in shown), timeout=15000)
    colours = {thumbnails.get(i).toImage().pixelColor(124, 90).name() for i in shown}
    assert len(colours) == 2  # seeds paint different classes
    bar, none = strip.horizontalScrollBar(), Qt.KeyboardModifier.NoModifier
    assert bar.maximum() > 0
    bar.setValue(0)
    rest = (QPoint(), QPoint(0, -120), Qt.MouseButton.NoButton, none, Qt.ScrollPhase.NoScrollPhase, False)
    QApplication.sendEvent(strip.viewport(), QWheelEvent(QPointF(9, 9), QPointF(9, 9), *rest))
    assert bar.value() > 0


def test_the_queue_is_ordered_and_cancelled_by_its_buttons(open_window, qtbot):  # noqa: F811
    window = open_window(FakeSession(steps=5000, pause=0.02, height=HEIGHT))
    window.studio.document.set_mask("Box", VoxelMask.of_box(REGION))
    window.studio.plan.set(variants=4, seed=1, seed_locked=True)
    window.trigger("generate.run")
    jobs, queue = window.studio.jobs, window.docks.generate.queue
    one, two, three, four = list(jobs.jobs)
    qtbot.waitUntil(lambda: one.step is not None, timeout=5000)
    QTest.mouseClick(queue._rows[four.id].earlier, LEFT)
    assert jobs.waiting == [two, four, three]
    QTest.mouseClick(queue._rows[two.id].later, LEFT)
    assert jobs.waiting == [four, two, three]
    rows = [queue._list.itemAt(k).widget() for k in range(4)]
    assert rows == [queue._rows[j.id] for j in (one, four, two, three)]
    QTest.mouseClick(queue._rows[two.id].cancel, LEFT)
    assert jobs.waiting == [four, three]
    window.studio.plan.set(variants=1, seed=70)
    QTest.keyClick(
        window.canvas.native, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    )
    assert jobs.waiting[0].request.sampling.seed == 70
    assert window.trigger("generate.cancel_running")
    qtbot.waitUntil(lambda: jobs.running is not None and jobs.running.request.sampling.seed == 70, timeout=3000)
    assert window.trigger("generate.cancel_waiting")
    assert jobs.waiting == []
    assert window.trigger("generate.cancel")
    qtbot.waitUntil(lambda: window.is_idle, timeout=3000)
    assert window.studio.proposal is None


def test_the_bar_floats_at_the_region_and_stays_in_the_viewport(open_window, qtbot):  # noqa: F811
    window = open_window()
    run(qtbot, window, variants=1)
    bar, stage = window.stage.candidates, window.stage
    window.canvas.frame(REGION.pad(30))
    _, _, _, bottom = window.link.region()
    assert abs(bar.y() - bottom) < 16
    for turn in range(6):
        window.canvas.view = window.canvas.view.orbit(90.0 * turn, 10.0).zoom(0.4 + 0.5 * turn, np.zeros(3))
        assert stage.rect().contains(bar.geometry())


def test_more_like_this_from_the_bar_and_closing_while_it_runs(open_window, qtbot):  # noqa: F811
    session = FakeSession(height=HEIGHT)
    window = open_window(session)
    run(qtbot, window, variants=1)
    session.steps, session.pause = 5000, 0.01
    QTest.mouseClick(window.stage.candidates.more, LEFT)
    sent = window.studio.jobs.running.request
    assert sent.sampling.strength == 0.5
    assert sent.sampling.seed != 4
    assert (sent.scene.read(REGION) == 5).all()
    qtbot.waitUntil(lambda: window.studio.jobs.running.step is not None, timeout=5000)
    assert window.close()
    assert session.closed


def test_the_generate_dock_keeps_button_and_queue_in_sight_where_the_window_is_low(open_window, qtbot):  # noqa: F811
    window = open_window(FakeSession(fail_at=1, error=ScenewrightError("no"), height=HEIGHT))
    run(qtbot, window, variants=2)
    window.resize(1366, 700)
    dock = window.docks.generate
    QTest.mouseClick(dock._barred.head, LEFT)
    qtbot.wait(60)
    for part in (dock.button, dock.queue):
        corner = part.mapTo(dock, part.rect().bottomRight())
        assert dock.rect().contains(corner)
    tree = dock.forbid
    top = tree.mapTo(dock, QPoint(0, 0)).y()
    assert dock.button.geometry().bottom() <= top < dock.queue.y()
    assert CAR in window.studio.document.classes.visible


def test_the_window_still_fits_a_small_screen_with_the_history_open(open_window, qtbot):  # noqa: F811
    window = open_window()
    run(qtbot, window)
    qtbot.waitUntil(window.history.isVisible)
    assert window.minimumSizeHint().width() <= 1280
    assert window.minimumSizeHint().height() <= 720

from __future__ import annotations

import subprocess
import sys
import threading
from operator import attrgetter
from pathlib import Path

import numpy as np
import pytest
import shiboken6
from fakes import CAR, ROAD, FakeCard, FakeSession
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from editor.app import build
from editor.model.document import Document
from editor.model.plan import Extension
from editor.settings import SettingsFile
from editor.tools.options import Brush
from editor.ui.action_table import ACTIONS, MENUS, TOOL_STRIP, TOP_BAR
from editor.ui.dialogs import NewSceneDialog
from editor.ui.window import MainWindow
from engine.edit import VoxelEdit
from engine.errors import ScenewrightError
from engine.formats.registry import read_scene, write_scene
from engine.grid import Box
from engine.labels import UNKNOWN, label_space
from engine.mask import VoxelMask
from engine.scene import VoxelScene

pytestmark = pytest.mark.window

HEIGHT = 16
CARD = FakeCard(height=HEIGHT)
LEFT = Qt.MouseButton.LeftButton


class Answers:
    """Stands in for the dialogs: gives the answers that a test wrote down."""

    def __init__(self) -> None:
        self.path: Path | None = None
        self.answer = "discard"
        self.size: tuple[int, int] | None = None
        self.pair: tuple[int, int] | None = None
        self.asked: list[str] = []

    def open_file(self, folder: str, filters: list[str]) -> Path | None:
        self.asked.append("open")
        return self.path

    def save_file(self, title: str, start: str, filters: list[str]) -> Path | None:
        self.asked.append(title)
        return self.path

    def unsaved(self, name: str) -> str:
        self.asked.append("unsaved")
        return self.answer

    def replace_class(self, classes: object, masked: int) -> tuple[int, int] | None:
        self.asked.append(f"replace in {masked}")
        return self.pair

    def new_scene(self, card: object) -> tuple[int, int] | None:
        self.asked.append("new")
        return self.size


def scene(shape: tuple[int, int, int] = (96, 64, HEIGHT)) -> VoxelScene:
    labels = np.zeros(shape, dtype=np.uint8)
    labels[:, :, :3] = ROAD
    labels[40:62, 26:36, 3:9] = CAR
    return VoxelScene.from_labels(labels)


@pytest.fixture
def open_window(qtbot, tmp_path, monkeypatch):
    monkeypatch.setenv("SCENEWRIGHT_HOME", str(tmp_path / "home"))
    windows: list[MainWindow] = []

    def open_one(session: FakeSession | None = None, shown: VoxelScene | None = None, cards=(CARD,)) -> MainWindow:
        session = session or FakeSession(height=HEIGHT)
        window = build(lambda device: session, list(cards), Document(shown or scene()))
        window.files.dialogs = Answers()
        windows.append(window)
        window.resize(1100, 760)
        with qtbot.waitSignal(window.first_frame, timeout=10000):
            window.show()
        window.activateWindow()
        window.canvas.native.setFocus()
        qtbot.waitUntil(window.isActiveWindow, timeout=5000)
        return window

    yield open_one
    for window in windows:
        window.files.dialogs = Answers()
        assert window.close(), "a window that stays open keeps its engine running into the next test"
        QApplication.processEvents()
        shiboken6.delete(window)  # else its 40 MB live as long as the process


def at(window: MainWindow, voxel: tuple[float, float, float]) -> QPoint:
    """Find the pixel of a voxel's top."""
    canvas = window.canvas
    metres = np.multiply(voxel, window.studio.document.scene.grid.voxel_size)
    width, height = canvas.window_size
    x, y, _ = canvas.view.project(metres[None], width / height)[0]
    return QPoint(round((x + 1) / 2 * width), round((1 - y) / 2 * height))


def drag(qtbot, window: MainWindow, *points: QPoint) -> None:
    native = window.canvas.native
    QTest.mousePress(native, LEFT, Qt.KeyboardModifier.NoModifier, points[0])
    for point in points[1:]:
        qtbot.wait(5)
        QTest.mouseMove(native, point)
    qtbot.wait(5)
    QTest.mouseRelease(native, LEFT, Qt.KeyboardModifier.NoModifier, points[-1])


def wait_idle(qtbot, window: MainWindow) -> None:
    qtbot.waitUntil(lambda: window.is_idle, timeout=10000)
    qtbot.wait(20)


# the table of actions


def test_every_action_has_a_handler_and_every_name_in_menus_and_bars_is_one(open_window):
    commands = open_window().commands
    names = {spec.id for spec in ACTIONS}
    assert len(names) == len(ACTIONS)
    assert all(callable(attrgetter(spec.handler)(commands)) for spec in ACTIONS)
    used = " ".join([*(entries for _, entries in MENUS), TOOL_STRIP, TOP_BAR]).split()
    assert {u for u in used if u != "|" and not u.startswith("@")} <= names


def test_no_key_belongs_to_two_actions(open_window):
    window = open_window()
    keys = [k.toString() for spec in ACTIONS for k in window.actions_table[spec.id].shortcuts()]
    assert "" not in keys
    assert sorted(keys) == sorted(set(keys))


def test_every_action_can_be_found_by_its_id(open_window):
    window = open_window()
    assert all(window.actions_table[spec.id].objectName() == spec.id for spec in ACTIONS)
    with pytest.raises(KeyError):
        window.trigger("no.such.action")


# the main job with the mouse


def test_brush_regenerate_accept_extend_accept_with_the_mouse(open_window, qtbot):
    window = open_window()
    document, studio = window.studio.document, window.studio
    before = document.scene.read()
    window.gestures.context.brush = Brush(radius=4)
    drag(qtbot, window, *(at(window, (x, 31, 9)) for x in (42, 47, 52, 57, 60)))
    masked = document.mask
    assert masked.count > 300
    assert window.docks.generate.button.text() == f"Regenerate {masked.count:,} voxels"
    QTest.mouseClick(window.docks.generate.button, LEFT)
    wait_idle(qtbot, window)
    assert studio.proposal.candidate.state == "ready"
    assert np.array_equal(document.scene.read(), before)
    QTest.keyClick(window.canvas.native, Qt.Key.Key_Return)
    inside = masked.within(document.scene.box)
    after = document.scene.read()
    assert np.array_equal(after[~inside], before[~inside])
    assert len(set(after[inside].tolist())) == 1
    assert not window.stage.candidates.isVisible()

    window.trigger("tool.extend")
    window.studio.plan.extend(Extension(east=32))
    assert window.docks.generate.button.text() == "Extend to 128 × 64"
    assert window.trigger("generate.run")
    wait_idle(qtbot, window)
    assert window.trigger("candidate.accept")
    assert document.scene.grid.shape == (128, 64, HEIGHT)
    assert np.array_equal(document.scene.read(Box((0, 0, 0), (96, 64, HEIGHT))), after)
    assert window.canvas.display.scene is document.scene
    for _ in range(3):
        window.trigger("edit.undo")
    assert np.array_equal(document.scene.read(), before)


def test_a_face_is_pulled_outward_by_its_arrow_and_back(open_window, qtbot):
    window = open_window()
    window.trigger("tool.extend")
    window.canvas.look_from("top")
    qtbot.wait(60)
    start, end = at(window, (96, 32, 0)), at(window, (96 + 40, 32, 0))
    outward = QPoint(end.x() - start.x(), end.y() - start.y())
    grip = start + QPoint(round(outward.x() / 40 * 8), round(outward.y() / 40 * 8))
    drag(qtbot, window, grip, grip + outward / 2, grip + outward)
    extension = window.studio.plan.extension
    assert (extension.west, extension.south, extension.north) == (0, 0, 0)
    assert extension.east in (32, 48)
    assert window.options.extend.sides["east"].value() == extension.east
    window.trigger("view.escape")
    assert window.studio.plan.extension.is_nothing


def test_the_viewport_shows_what_the_document_holds(open_window, qtbot):
    window = open_window()
    studio, display = window.studio, window.canvas.display
    studio.document.set_mask("Box", VoxelMask.of_box(Box((40, 26, 3), (62, 36, 9))))
    studio.plan.set(seed=7, seed_locked=True)
    window.trigger("generate.run")
    wait_idle(qtbot, window)
    assert display.label_at((50, 30, 5)) == 8  # the ghost
    studio.proposal.compare(True)
    qtbot.wait(30)
    assert display.label_at((50, 30, 5)) == CAR
    studio.proposal.compare(False)
    window.trigger("candidate.accept")
    qtbot.wait(30)
    assert display.label_at((50, 30, 5)) == 8
    window.trigger("edit.undo")
    studio.discard()
    qtbot.wait(30)
    assert display.label_at((50, 30, 5)) == CAR


def test_variants_are_stepped_through_with_the_arrow_keys(open_window, qtbot):
    window = open_window()
    window.studio.document.set_mask("Box", VoxelMask.of_box(Box((40, 26, 3), (62, 36, 9))))
    window.studio.plan.set(variants=4)
    window.trigger("generate.run")
    wait_idle(qtbot, window)
    native = window.canvas.native
    assert window.stage.candidates.place.text() == "1 / 4"
    QTest.keyClick(native, Qt.Key.Key_Right)
    assert window.stage.candidates.place.text() == "2 / 4"
    QTest.keyClick(native, Qt.Key.Key_Left)
    QTest.keyClick(native, Qt.Key.Key_Left)
    assert window.stage.candidates.place.text() == "4 / 4"
    QTest.keyPress(native, Qt.Key.Key_QuoteLeft)
    assert window.studio.proposal.comparing
    QTest.keyRelease(native, Qt.Key.Key_QuoteLeft)
    assert not window.studio.proposal.comparing
    QTest.keyClick(native, Qt.Key.Key_Escape)
    assert window.studio.proposal is not None
    QTest.keyClick(native, Qt.Key.Key_Delete)
    assert window.stage.candidates.place.text() == "3 / 3"
    QTest.keyClick(native, Qt.Key.Key_Delete, Qt.KeyboardModifier.ControlModifier)
    assert window.studio.proposal is None


def test_a_blank_scene_offers_to_generate_and_takes_the_first_one_in(open_window, qtbot):
    blank = VoxelScene.from_labels(np.zeros((96, 64, HEIGHT), np.uint8))
    window = open_window(shown=blank)
    assert window.stage.welcome.isVisible()
    QTest.mouseClick(window.stage.welcome.generate, LEFT)
    wait_idle(qtbot, window)
    assert not window.stage.welcome.isVisible()
    assert not window.studio.document.is_blank()
    assert window.studio.proposal is None
    assert window.isWindowModified()


def test_previews_stream_while_the_document_stays_editable(open_window, qtbot):
    window = open_window(FakeSession(steps=5000, pause=0.02, height=HEIGHT))  # goes on until it is cancelled
    document = window.studio.document
    document.set_mask("Box", VoxelMask.of_box(Box((40, 26, 3), (62, 36, 9))))
    window.trigger("generate.run")
    qtbot.waitUntil(lambda: window.studio.proposal.ghost() is not None, timeout=5000)
    assert window.stage.badge.isVisible()
    assert "step" in window.stage.badge.text.text()
    assert not window.actions_table["candidate.accept"].isEnabled()
    drag(qtbot, window, at(window, (10, 10, 3)), at(window, (20, 10, 3)))
    assert document.history.undo_name == "Brush mask"
    QTest.mouseClick(window.stage.badge.stop, LEFT)
    qtbot.waitUntil(lambda: window.is_idle, timeout=3000)
    assert window.studio.proposal is None
    assert not window.stage.badge.isVisible()


# what goes wrong


def test_a_failed_job_is_one_line_with_details_and_the_scene_stays(open_window, qtbot):
    session = FakeSession(fail_at=2, error=ScenewrightError("no memory left; try less"), height=HEIGHT)
    window = open_window(session)
    before = window.studio.document.scene.read()
    window.trigger("generate.run")
    wait_idle(qtbot, window)
    assert window.notice.isVisible()
    assert window.notice.text.text() == "no memory left; try less"
    assert not window.notice.details.isVisible()
    QTest.mouseClick(window.notice.more, LEFT)
    assert window.notice.details.isVisible()
    assert "ScenewrightError" in window.notice.details.toPlainText()
    assert np.array_equal(window.studio.document.scene.read(), before)


def test_without_a_model_the_button_says_why_and_editing_works(open_window):
    window = open_window(cards=())
    assert not window.docks.generate.button.isEnabled()
    assert "not installed" in window.docks.generate.reason.text()
    assert window.trigger("mask.invert")
    assert window.studio.document.mask.count == 96 * 64 * HEIGHT


def test_a_scene_of_another_kind_is_converted_with_one_button_and_undone(open_window, qtbot):
    labels = np.zeros((40, 24, 8), np.uint8)
    labels[:, :, :2] = 9
    other = VoxelScene.from_labels(labels, space=label_space("carlasc"))
    window = open_window(shown=other)
    assert "carlasc" in window.docks.generate.reason.text()
    QTest.mouseClick(window.docks.generate.convert, LEFT)
    document = window.studio.document
    assert document.scene.space.name == "semantickitti"
    assert document.scene.grid.shape == (48, 32, HEIGHT)
    assert window.docks.generate.button.isEnabled()
    window.trigger("edit.undo")
    assert np.array_equal(document.scene.read(), labels)
    assert document.classes.space.name == "carlasc"


# files


def test_saving_exporting_and_opening(open_window, qtbot, tmp_path):
    window = open_window()
    dialogs, document = window.files.dialogs, window.studio.document
    window.trigger("mask.invert")
    dialogs.path = tmp_path / "street.scw"
    window.trigger("file.save")
    wait_idle(qtbot, window)
    assert document.path == dialogs.path
    assert not document.dirty
    assert np.array_equal(read_scene(dialogs.path).read(), document.scene.read())
    dialogs.path = tmp_path / "street.glb"
    window.trigger("file.export")
    wait_idle(qtbot, window)
    assert dialogs.path.read_bytes()[:4] == b"glTF"
    assert "street.glb" in window.notice.text.text()
    other = tmp_path / "other.npz"
    write_scene(scene((32, 48, HEIGHT)), other)
    window.files.open(other)
    wait_idle(qtbot, window)
    assert document.scene.grid.shape == (32, 48, HEIGHT)
    assert document.title == "other.npz"
    assert document.path is None
    assert window.settings.recent_files[0] == str(other)


def test_a_file_that_cannot_be_read_leaves_everything_as_it_was(open_window, qtbot, tmp_path):
    window = open_window()
    before = window.studio.document.scene
    bad = tmp_path / "bad.scw"
    bad.write_bytes(b"not a scene")
    window.files.open(bad)
    wait_idle(qtbot, window)
    assert window.studio.document.scene is before
    assert "bad.scw" in window.notice.text.text()


def test_a_dropped_file_is_opened(open_window, qtbot, tmp_path):
    window = open_window()
    path = tmp_path / "dropped.scw"
    write_scene(scene((48, 32, HEIGHT)), path)
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path))])
    copy, none = Qt.DropAction.CopyAction, Qt.KeyboardModifier.NoModifier
    window.dropEvent(QDropEvent(QPointF(10, 10), copy, mime, Qt.MouseButton.NoButton, none))
    wait_idle(qtbot, window)
    assert window.studio.document.path == path


def test_unsaved_work_is_asked_about_and_cancel_keeps_the_window(open_window, qtbot, tmp_path):
    window = open_window()
    window.trigger("generate.run")
    wait_idle(qtbot, window)
    window.trigger("candidate.accept")
    dialogs = window.files.dialogs
    dialogs.answer = "cancel"
    assert not window.close()
    assert window.isVisible()
    dialogs.answer, dialogs.path = "save", tmp_path / "kept.scw"
    assert window.close()
    assert np.array_equal(read_scene(dialogs.path).read(), window.studio.document.scene.read())


def test_a_new_scene_has_the_asked_size_and_the_height_of_the_model(open_window):
    window = open_window()
    window.files.dialogs.size = (128, 96)
    window.trigger("file.new")
    assert window.studio.document.scene.grid.shape == (128, 96, HEIGHT)
    assert window.stage.welcome.isVisible()


def test_the_new_scene_dialog_rounds_up_to_whole_cells(qtbot):
    dialog = NewSceneDialog(CARD)
    qtbot.addWidget(dialog)
    dialog.preset.setCurrentIndex(dialog.preset.count() - 1)
    dialog.x.setValue(100)
    dialog.y.setValue(48)
    assert dialog.size_in_voxels() == (112, 48)
    assert dialog.metres.text() == "22.4 × 9.6 m"


# docks


def test_the_classes_dock_counts_hides_locks_and_chooses(open_window, qtbot):
    window = open_window()
    classes, table = window.studio.document.classes, window.docks.classes.table
    row = table.row_of(CAR)
    texts = [table.data(table.index(row, column)) for column in (1, 2, 3)]
    assert texts == ["car", f"{22 * 10 * 6:,}", "6.7 %"]
    window.docks.classes.click(table.index(row, 4), alone=False)
    assert CAR not in classes.visible
    qtbot.wait(30)
    assert window.canvas.pick((at(window, (50, 30, 9)).x(), at(window, (50, 30, 9)).y())).voxel[2] == 2
    window.docks.classes.click(table.index(row, 4), alone=True)
    assert classes.visible == {CAR}
    window.docks.classes.click(table.index(row, 5), alone=False)
    assert classes.passed == {CAR}
    window.docks.classes.click(table.index(row, 6), alone=False)
    assert classes.locked == {CAR}
    window.docks.classes.click(table.index(row, 6), alone=True)
    assert classes.locked == {*range(1, 20), UNKNOWN} - {CAR}
    window.docks.classes.click(table.index(row, 6), alone=True)
    assert not classes.locked
    window.docks.classes.click(table.index(row, 6), alone=False)
    window.docks.classes.click(table.index(row, 1), alone=False)
    window.trigger("mask.from_class")
    assert "locked" in window.notice.text.text()
    assert window.studio.document.mask.is_empty


def test_unknown_voxels_can_be_hidden_like_a_class(open_window, qtbot):
    window = open_window()
    document, dock = window.studio.document, window.docks.classes
    assert "unknown" not in dock.table.names
    box = Box((2, 2, 2), (6, 8, 9))
    document.do(VoxelEdit.between("Unknow", document.scene, box, np.full(box.shape, UNKNOWN, np.uint8)))
    qtbot.waitUntil(lambda: "unknown" in dock.table.names)
    row = dock.table.row_of(UNKNOWN)
    assert [dock.table.data(dock.table.index(row, column)) for column in (1, 2, 3)] == ["unknown", "168", ""]
    assert not dock.table.data(dock.table.index(row, 0), Qt.ItemDataRole.DecorationRole).isNull()
    qtbot.wait(30)
    spot = at(window, (4, 5, 9))
    assert window.canvas.pick((spot.x(), spot.y())).voxel[2] == 8
    dock.click(dock.table.index(row, 4), alone=False)
    assert document.classes.hidden == {UNKNOWN}
    qtbot.wait(30)
    assert window.canvas.pick((spot.x(), spot.y())).voxel[2] < 8
    document.undo()
    qtbot.waitUntil(lambda: dock.table.statistics.unknown == 0)
    assert "unknown" in dock.table.names, "it could not be shown again"
    dock.click(dock.table.index(dock.table.row_of(UNKNOWN), 4), alone=False)
    assert "unknown" not in dock.table.names
    assert dock.view.currentIndex().row() == dock.table.row_of(document.classes.chosen)


def test_names_of_classes_are_whole_in_a_narrow_dock(open_window):
    view = open_window().docks.classes.view
    longest = max(view.fontMetrics().horizontalAdvance(name) for name in view.model().names)
    for width, counted in ((420, True), (250, False), (420, True)):
        view.resize(width, 300)
        assert view.isColumnHidden(2) != counted
        assert view.columnWidth(1) >= longest


def test_barred_classes_reach_the_request(open_window, qtbot):
    window = open_window()
    forbid = window.docks.generate.forbid
    vehicles = forbid.topLevelItem(0)
    assert vehicles.text(0) == "Vehicles"
    vehicles.setCheckState(0, Qt.CheckState.Checked)
    window.trigger("generate.run")
    names = ("bicycle", "car", "motorcycle", "other-vehicle", "truck")
    assert window.studio.jobs.jobs[0].request.sampling.forbid == names


def test_fields_and_plan_follow_each_other(open_window):
    window = open_window()
    dock, plan = window.docks.generate, window.studio.plan
    plan.set(steps=33, variants=8, strength=0.4, preview="every", sampler="ddim")
    assert dock.steps.value() == 33
    assert dock.variants.part(8).isChecked()
    assert dock.sampler.currentText() == "DDIM"
    dock.steps.field.setValue(7)
    QTest.mouseClick(dock.variants.part(2), LEFT)
    QTest.mouseClick(dock.preview.part("off"), LEFT)
    dock.seed.setText("123")
    dock.seed.editingFinished.emit()
    options = plan.options
    assert (options.steps, options.variants, options.preview) == (7, 2, "off")
    assert (options.seed, options.seed_locked) == (123, True)


def test_the_wheel_scrolls_past_fields_that_nobody_chose(open_window, qtbot):
    window = open_window()
    steps = window.docks.generate.steps
    before = steps.value()
    steps.slider.clearFocus()
    place, none = QPointF(5, 5), Qt.KeyboardModifier.NoModifier
    turn = QPoint(0, 120)
    arguments = (QPoint(), turn, Qt.MouseButton.NoButton, none, Qt.ScrollPhase.NoScrollPhase, False)
    QApplication.sendEvent(steps.slider, QWheelEvent(place, place, *arguments))
    assert steps.value() == before
    steps.slider.setFocus()
    QApplication.sendEvent(steps.slider, QWheelEvent(place, place, *arguments))
    assert steps.value() != before


def test_the_brush_is_sized_by_keys_and_told_to_the_viewport(open_window):
    window = open_window()
    native = window.canvas.native
    native.setFocus()
    start = window.gestures.context.brush.radius
    QTest.keyClick(native, Qt.Key.Key_BracketRight)
    assert window.gestures.context.brush.radius == start + 1
    assert window.options.brush.radius.value() == start + 1
    QTest.keyClick(native, Qt.Key.Key_O)
    assert window.actions_table["tool.extend"].isChecked()
    assert window.options.currentWidget() is window.options.extend
    QTest.keyClick(native, Qt.Key.Key_E)
    assert window.gestures.tool.erases


def test_mask_actions_change_the_mask_and_are_undone(open_window):
    window = open_window()
    document = window.studio.document
    document.set_mask("Box", VoxelMask.of_box(Box((10, 10, 4), (16, 15, 8))))
    window.trigger("mask.grow")
    grown = document.mask.count
    assert grown == 6 * 5 * 4 + 2 * (6 * 5 + 5 * 4 + 6 * 4)
    window.trigger("mask.shrink")
    assert document.mask.count == 6 * 5 * 4
    window.trigger("mask.clear")
    assert document.mask.is_empty
    assert not window.actions_table["mask.clear"].isEnabled()
    window.trigger("edit.undo")
    assert document.mask.count == 6 * 5 * 4


# start and end


def test_the_window_shows_its_first_frame_before_the_engine_is_made(qtbot, tmp_path, monkeypatch):
    monkeypatch.setenv("SCENEWRIGHT_HOME", str(tmp_path))
    order: list[str] = []

    def factory(device: str) -> FakeSession:
        order.append(f"engine in {threading.current_thread().name}")
        return FakeSession(height=HEIGHT)

    window = build(factory, [CARD], Document(scene()))
    window.first_frame.connect(lambda: order.append("frame"))
    window.show()
    qtbot.waitUntil(lambda: len(order) == 2, timeout=10000)
    assert order == ["frame", "engine in scenewright-engine"]
    qtbot.waitUntil(lambda: "3.0 / 8 GB" in window.statusBar().device.text(), timeout=5000)
    window.close()


def test_closing_while_a_job_runs_leaves_no_thread(open_window, qtbot):
    session = FakeSession(steps=100000, pause=0.002, height=HEIGHT)
    window = open_window(session)
    window.trigger("generate.run")
    qtbot.waitUntil(lambda: window.studio.jobs.running.step is not None, timeout=5000)
    assert window.close()
    assert session.closed
    assert "scenewright-engine" not in [t.name for t in threading.enumerate()]


def test_settings_and_layout_come_back(open_window, qtbot, tmp_path):
    window = open_window()
    window.use_theme("light")
    window.gestures.context.brush = Brush(radius=11, depth=2, mode="surface")
    window.studio.plan.set(steps=20, variants=4)
    window.close()
    settings, complaint = SettingsFile().load()
    assert complaint is None
    assert (settings.theme, settings.brush_radius, settings.brush_mode) == ("light", 11, "surface")
    again = open_window()
    assert again.gestures.context.brush == Brush(11, 2, "surface")
    assert (again.studio.plan.options.steps, again.studio.plan.options.variants) == (20, 4)
    assert not again.theme.is_dark


def test_the_editor_is_made_without_torch():
    code = "import sys; import editor.app; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

"""World Map, Layout workspace, the tools that pull the bounds and the box that is looked at, in the real window."""

from __future__ import annotations

import numpy as np
import pytest
from fakes import FakeSession, class_of
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest
from test_window import CARD, HEIGHT, LEFT, ROAD, at, drag, scene, wait_idle
from test_window import open_window as open_window

from editor.model.layout_draft import BUILDING, Ink
from editor.model.plan import Extension
from editor.ui.layout_view import LayoutView
from editor.ui.map_view import MapView
from engine.formats.layout import read_layout, write_layout
from engine.geometry.maps import LayoutMap, picture_of
from engine.grid import Box, Grid
from engine.mask import VoxelMask
from engine.scene import VoxelScene
from engine.tasks.request import GenerateRequest, InpaintRequest

pytestmark = pytest.mark.window

PLAIN = Qt.KeyboardModifier.NoModifier


def click(view: MapView, place: tuple[float, float]) -> None:
    QTest.mouseClick(view, LEFT, PLAIN, view.to_pixel(place).toPoint())


def middle(box: Box) -> tuple[float, float]:
    return (box.lower[0] + box.upper[0]) / 2, (box.lower[1] + box.upper[1]) / 2


def tile_of(world, cell):
    return next(t for t in world.tiles() if t.cell == cell)


def cell_at(view: LayoutView, x: int, y: int) -> QPoint:
    return view.to_pixel((x * 8 + 4, y * 8 + 4)).toPoint()


def paint(view: LayoutView, *cells: tuple[int, int], keys: Qt.KeyboardModifier = PLAIN) -> None:
    QTest.mousePress(view, LEFT, keys, cell_at(view, *cells[0]))
    for cell in cells[1:]:
        QTest.mouseMove(view, cell_at(view, *cell))
    QTest.mouseRelease(view, LEFT, keys, cell_at(view, *cells[-1]))


@pytest.fixture
def world_window(open_window, qtbot):
    """A window of 64 x 64 columns, one tile as large as the model's window, with its World Map."""

    def open_one(session: FakeSession | None = None):
        window = open_window(session, scene((64, 64, HEIGHT)))
        window.trigger("world.show")
        qtbot.waitUntil(lambda: window.maps.world_dock.view.picture.is_complete)
        return window

    return open_one


# the world's map


def test_the_map_shows_the_scene_from_above_and_follows_edits(world_window, qtbot):
    window = world_window()
    view, document = window.maps.world_dock.view, window.studio.document
    box = Box((3, 50, 0), (9, 60, HEIGHT))
    document.set_mask("Box", VoxelMask.of_box(box))
    window.trigger("voxel.erase_mask")
    qtbot.waitUntil(lambda: view.picture.is_complete)
    shown = np.array(view.picture._pixels)
    assert np.array_equal(shown, picture_of(document.scene, document.classes.palette))
    a, b = view.to_pixel((3, 50)), view.to_pixel((9, 60))
    assert a.x() < b.x()
    assert a.y() > b.y(), "y points up"
    assert view.to_place(a) == pytest.approx((3, 50))


def test_tiles_are_clicked_made_accepted_and_undone(world_window, qtbot):
    window = world_window()
    world, view, studio = window.maps.world, window.maps.world_dock.view, window.studio
    before = studio.document.scene.read()
    click(view, middle(tile_of(world, (1, 0)).box))
    click(view, middle(tile_of(world, (1, 1)).box))
    assert world.wanted == [(1, 0), (1, 1)]
    assert window.maps.world_dock.make.text() == "Make 2 tiles"
    wait_idle(qtbot, window)  # one tile is timed meanwhile
    assert studio.proposal is None, "what is timed is nobody's candidate"
    QTest.mouseClick(window.maps.world_dock.make, LEFT)
    wait_idle(qtbot, window)
    assert tile_of(world, (1, 0)).state == "ready"
    assert np.array_equal(studio.document.scene.read(), before)
    first = class_of(studio.proposal.request)
    assert window.trigger("candidate.accept")
    wait_idle(qtbot, window)
    assert tile_of(world, (1, 0)).state == "accepted"
    assert window.trigger("candidate.accept")
    labels = studio.document.scene.read()
    assert labels.shape == (112, 112, HEIGHT)
    assert np.array_equal(labels[:64, :64], before)
    assert (labels[64:, :64, :2] == first).all()
    assert not labels[:64, 64:].any()
    assert window.trigger("edit.undo")
    assert window.trigger("edit.undo")
    assert np.array_equal(studio.document.scene.read(), before)
    assert studio.proposal is not None, "undo brings the candidates back"


def test_what_tiles_take_is_told_before_they_are_made(world_window, qtbot):
    window = world_window()
    click(window.maps.world_dock.view, middle(tile_of(window.maps.world, (0, -1)).box))
    words = window.maps.world_dock.words.text()
    assert "12.8 × 22.4 m (64 × 112 voxels)" in words
    assert "timed" in words
    assert "0.1 → 0.1 MB" in words
    assert not window.studio.proposals
    wait_idle(qtbot, window)
    assert [j.title for j in window.studio.jobs.jobs] == ["Timing one tile"]
    window.trigger("world.clear")
    assert not window.maps.world_dock.make.isEnabled()


def test_dragging_moves_the_map_the_wheel_zooms_and_a_click_looks_there(world_window, qtbot):
    window = world_window()
    view, canvas = window.maps.world_dock.view, window.canvas
    before, camera = view.to_pixel((10, 20)), canvas.navigation.camera
    start = view.rect().center()
    QTest.mousePress(view, LEFT, PLAIN, start)
    for step in (10, 30):
        QTest.mouseMove(view, start + QPoint(step, step // 2))
    QTest.mouseRelease(view, LEFT, PLAIN, start + QPoint(30, 15))
    assert (view.to_pixel((10, 20)) - before).toPoint() == QPoint(30, 15)
    assert canvas.navigation.camera == camera, "a drag is no click"
    click(view, (50, 30))
    canvas.navigation.arrive()
    x, y, z = canvas.navigation.camera.target
    assert (x, y) == pytest.approx((50 * 0.2, 30 * 0.2), abs=0.25)
    assert z == pytest.approx(9 * 0.2), "the car's roof"
    assert canvas.navigation.camera.distance == camera.distance
    assert not window.maps.world.wanted
    place, scale = view.to_place(QPointF(view.rect().center())), view.scale
    QTest.keyClick(view, Qt.Key.Key_Plus)
    assert view.scale > scale
    assert view.to_place(QPointF(view.rect().center())) == pytest.approx(place)
    QTest.keyClick(view, Qt.Key.Key_Up)
    assert view.to_place(QPointF(view.rect().center()))[1] > place[1]
    window.trigger("world.fit")
    assert view.rect().contains(view.to_rect(view.bounds).toRect())


def test_a_seam_is_masked_ready_to_be_made_anew(world_window, qtbot):
    window = world_window()
    click(window.maps.world_dock.view, middle(tile_of(window.maps.world, (1, 0)).box))
    window.trigger("world.make")
    wait_idle(qtbot, window)
    window.trigger("candidate.accept")
    window.trigger("world.seam")
    mask = window.studio.document.mask
    assert mask.box == Box((48, 0, 0), (80, 64, HEIGHT))
    assert window.docks.generate.button.text() == f"Regenerate {mask.count:,} voxels"


def test_closing_while_tiles_are_made_ends_everything(world_window, qtbot):
    window = world_window(FakeSession(steps=400, pause=0.01, height=HEIGHT))
    for cell in ((1, 0), (0, 1)):
        window.maps.world.toggle(cell)
    window.trigger("world.make")
    qtbot.waitUntil(lambda: window.studio.jobs.running is not None)
    assert window.close()
    assert not window.worker.is_running
    assert not window.studio.jobs.open_jobs


# pulling the bounds


def test_arrows_pull_whole_tiles_and_numbers_are_metres(open_window, qtbot):
    window = open_window(shown=scene((96, 64, HEIGHT)))
    window.trigger("tool.extend")
    assert window.canvas.overlays.handles.step == CARD.window - 16 == 48
    options = window.options.extend
    options.sides["north"].setValue(options.sides["north"].valueFromText("9.6 m"))
    assert window.studio.plan.extension == Extension(north=48)
    assert options.sides["north"].text() == "9.6 m"
    assert "19.2 × 22.4 m (96 × 112 voxels)" in options.size.text()
    options.snap.part(False).click()
    assert window.canvas.overlays.handles.step == 16
    assert window.studio.plan.extension == Extension(north=48), "what was pulled stays"


# what is looked at


def test_the_generation_box_is_dragged_and_goes_with_the_request(open_window, qtbot):
    window = open_window(shown=VoxelScene(Grid((256, 192, HEIGHT))))
    studio = window.studio
    studio.document.set_mask("Box", VoxelMask.of_box(Box((100, 90, 2), (120, 100, 6))))
    window.trigger("tool.context")
    handles = window.canvas.overlays.handles
    assert handles.inner == Box((32, 16, 0), (192, 176, HEIGHT)).clip(studio.document.scene.box) or handles.inner
    for mode, expected in (("mask", studio.document.mask.box), ("whole", studio.document.scene.box)):
        window.options.context.choice.part(mode).click()
        assert studio.plan.requests()[0].context == expected
    window.options.context.choice.part("box").click()
    start_box = handles.inner
    window.canvas.look_from("top")
    window.canvas.navigation.arrive()
    qtbot.wait(60)
    (_, y0, _), (x1, y1, _) = start_box.lower, start_box.upper
    edge, inner = at(window, (x1, (y0 + y1) / 2, 0)), at(window, (x1 - 40, (y0 + y1) / 2, 0))
    grip = edge + (edge - inner) / 40 * 8
    drag(qtbot, window, grip, grip + (inner - edge) / 2, grip + (inner - edge))
    box = studio.plan.box
    assert (box.lower, box.upper[1:]) == (start_box.lower, start_box.upper[1:])
    assert box.upper[0] in range(x1 - 56, x1 - 24)
    assert studio.plan.requests()[0].context == box
    assert studio.plan.reach().context.upper[0] <= -(-box.upper[0] // 16) * 16
    window.options.context.choice.part("auto").click()
    assert studio.plan.requests()[0].context is None
    studio.document.replace(VoxelScene(Grid((64, 64, HEIGHT))))
    assert studio.plan.box is None


# the layout


@pytest.fixture
def layout_window(open_window, qtbot):
    window = open_window(shown=scene((96, 64, HEIGHT)))
    window.resize(1500, 900)
    window.trigger("layout.show")
    view = window.maps.layout.dock.view
    qtbot.waitUntil(lambda: view.isVisible() and view.width() > 300)
    qtbot.wait(50)
    return window


def test_the_map_is_painted_with_brush_line_rectangle_and_fill(layout_window):
    dock, draft = layout_window.maps.layout.dock, layout_window.maps.layout.draft
    view = dock.view
    dock.width_.changed.emit(1)
    view.picked.emit(Ink(1))
    paint(view, (1, 0), (1, 3), (4, 3))
    assert {tuple(map(int, c)) for c in np.argwhere(draft.map.classes == 1)} == {
        *((1, y) for y in range(4)),
        *((x, 3) for x in range(1, 5)),
    }
    dock.tools.part("rectangle").click()
    view.picked.emit(Ink(BUILDING, 9))
    paint(view, (8, 6), (6, 5))
    assert (draft.map.heights == 9).sum() == 6
    assert (draft.map.classes[6:9, 5:7] == BUILDING).all()
    dock.tools.part("line").click()
    view.picked.emit(Ink(3))
    paint(view, (0, 7), (11, 6), keys=Qt.KeyboardModifier.ShiftModifier)
    assert (draft.map.classes[:, 7] == 3).all()
    paint(view, (7, 5), (7, 6), keys=Qt.KeyboardModifier.ControlModifier)
    assert not draft.map.classes[7, 5:7].any(), "Ctrl frees"
    dock.tools.part("fill").click()
    QTest.mouseClick(view, LEFT, Qt.KeyboardModifier.AltModifier, cell_at(view, 6, 6))
    assert view.pen.ink == Ink(BUILDING, 9)
    assert layout_window.maps.layout.dock.height_.value() == 9
    view.picked.emit(Ink(5))
    paint(view, (10, 1))
    assert (draft.map.classes > 0).all() or draft.map.classes[10, 1] == 5
    assert draft.map.classes[0, 0] == 0 or draft.map.classes[0, 0] == 5
    steps = 0
    while layout_window.trigger("edit.undo"):
        steps += 1
    assert steps == 5
    assert not draft.map.classes.any()


def test_keys_choose_the_class_and_escape_drops_a_stroke(layout_window):
    dock, draft = layout_window.maps.layout.dock, layout_window.maps.layout.draft
    view = dock.view
    view.setFocus()
    QTest.keyClick(view, Qt.Key.Key_6)
    assert view.pen.ink.label == BUILDING
    assert layout_window.studio.document.classes.chosen != BUILDING, "the classes of voxels have keys of their own"
    QTest.mousePress(view, LEFT, PLAIN, cell_at(view, 2, 2))
    QTest.mouseMove(view, cell_at(view, 5, 5))
    assert draft.is_drawing
    QTest.keyClick(view, Qt.Key.Key_Escape)
    QTest.mouseRelease(view, LEFT, PLAIN, cell_at(view, 5, 5))
    assert not draft.map.classes.any()
    assert layout_window.studio.document.history.undo_name is None


def test_the_cell_under_the_mouse_is_named_with_its_height_and_place(layout_window):
    dock, view = layout_window.maps.layout.dock, layout_window.maps.layout.dock.view
    view.pen.tool = "rectangle"
    view.picked.emit(Ink(BUILDING, 12))
    paint(view, (2, 3), (4, 5))
    view.hover((3 * 8 + 1, 4 * 8 + 1))
    assert dock.under.text() == "building 2.4 m · 4.8, 6.4 m"
    assert "12 × 8 cells of 1.6 m · 19.2 × 12.8 m" in dock.size.text()
    assert [dock.palette_._group.button(k).text().strip() for k in (0, 4, 7)] == ["free", "other ground", "vegetation"]


def test_a_painted_map_becomes_a_scene_that_fits_it(layout_window, qtbot):
    window, work = layout_window, layout_window.maps.layout
    assert not window.actions_table["layout.generate"].isEnabled()
    before = window.studio.document.scene.read()
    work.dock.view.pen.tool = "rectangle"
    for label, a, b in ((1, (0, 0), (11, 2)), (BUILDING, (3, 4), (6, 7)), (7, (9, 4), (11, 7))):
        work.dock.view.picked.emit(Ink(label, 8))
        paint(work.dock.view, a, b)
    painted = work.draft.map
    QTest.mouseClick(work.dock.make, LEFT)
    wait_idle(qtbot, window)
    assert isinstance(window.studio.proposal.request, GenerateRequest)
    assert np.array_equal(window.studio.document.scene.read(), before)
    assert window.trigger("candidate.accept")
    found, given = work.draft.read_scene(), painted.classes > 0
    assert given.sum() == 36 + 16 + 12
    assert np.array_equal(found.classes[given], painted.classes[given])
    assert (found.heights[painted.classes == BUILDING] == 8).all()
    assert np.array_equal(work.draft.map.classes, painted.classes), "the map stays, for other details of it"
    window.trigger("edit.undo")
    assert np.array_equal(window.studio.document.scene.read(), before)


def test_the_map_can_be_followed_under_the_mask_only(layout_window, qtbot):
    window, work = layout_window, layout_window.maps.layout
    before, box = window.studio.document.scene.read(), Box((8, 8, 0), (40, 24, HEIGHT))
    window.trigger("layout.from_scene")
    assert (work.draft.map.classes == 1).sum() > 80
    window.studio.document.set_mask("Box", VoxelMask.of_box(box))
    work.dock.where.part(False).click()
    assert work.dock.make.text() == "Regenerate the mask from map"
    QTest.mouseClick(work.dock.make, LEFT)
    wait_idle(qtbot, window)
    assert isinstance(window.studio.proposal.request, InpaintRequest)
    window.trigger("candidate.accept")
    after = window.studio.document.scene.read()
    assert (after[box.slices][:, :, :3] == ROAD).all()
    outside = ~VoxelMask.of_box(box).within(window.studio.document.scene.box)
    assert np.array_equal(after[outside], before[outside])


def test_a_map_is_suggested_for_the_free_cells_or_as_a_whole(layout_window, qtbot):
    window, work = layout_window, layout_window.maps.layout
    window.studio.plan.set(seed=7, seed_locked=True)
    work.dock.view.pen.tool = "rectangle"
    work.dock.view.picked.emit(Ink(BUILDING, 5))
    paint(work.dock.view, (2, 2), (4, 3))
    assert window.trigger("layout.suggest")
    wait_idle(qtbot, window)
    assert (work.draft.map.classes == BUILDING).sum() == 6
    assert (work.draft.map.classes == 7 % 5 + 1).sum() == 96 - 6
    assert window.studio.proposal is None
    window.trigger("layout.suggest")
    assert "painted" in window.notice.text.text()
    assert window.trigger("layout.suggest_all")
    wait_idle(qtbot, window)
    assert (work.draft.map.classes == 7 % 5 + 1).all()
    assert window.studio.document.history.undo_name == "Suggest map"
    window.trigger("edit.undo")
    window.trigger("edit.undo")
    assert (work.draft.map.classes > 0).sum() == 6


def test_maps_are_loaded_and_saved_as_pictures(layout_window, tmp_path):
    window, work = layout_window, layout_window.maps.layout
    layout = LayoutMap.free((12, 8))
    layout.classes[2:5, 1], layout.classes[7, 3:8] = 3, BUILDING
    layout.heights[7, 3:8] = 11
    write_layout(layout, tmp_path / "in.png")
    window.files.dialogs.path = tmp_path / "in.png"
    assert window.trigger("layout.load")
    assert np.array_equal(work.draft.map.classes, layout.classes)
    assert np.array_equal(work.draft.map.heights, layout.heights)
    window.files.dialogs.path = tmp_path / "out.png"
    assert window.trigger("layout.save")
    again = read_layout(tmp_path / "out.png")
    assert np.array_equal(again.classes, layout.classes)
    write_layout(LayoutMap.free((5, 5)), tmp_path / "small.png")
    window.files.dialogs.path = tmp_path / "small.png"
    window.trigger("layout.load")
    assert "5 × 5 cells" in window.notice.text.text()
    assert np.array_equal(work.draft.map.classes, layout.classes)

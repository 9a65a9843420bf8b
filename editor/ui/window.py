"""The main window: puts bars, docks and viewport together and keeps their words up to date."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QByteArray, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QActionGroup, QCloseEvent, QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QMainWindow, QMenu, QSizePolicy, QToolBar, QWidget

from editor.model.jobs import Failure
from editor.model.studio import Studio
from editor.settings import Settings, SettingsFile, home, recovery_folder
from editor.tools.gesture import GestureRunner, ToolContext
from editor.tools.options import remember, remembered
from editor.ui.action_table import TOOL_STRIP, TOP_BAR, ActionSpec
from editor.ui.actions import Actions, fill_bar, fill_menus, icon_of
from editor.ui.blind import BlindPanel
from editor.ui.commands import TOOLS, Commands
from editor.ui.cursors import tool_cursor
from editor.ui.dialogs import Dialogs
from editor.ui.docks import LAYOUT_VERSION, Docks
from editor.ui.files import Files, Formats
from editor.ui.history_dock import HistoryDock
from editor.ui.importing import Importing
from editor.ui.instruments import Instruments
from editor.ui.journal import Journal
from editor.ui.keeping import Keeping
from editor.ui.maps import Maps
from editor.ui.mask_dock import MaskDock
from editor.ui.notice_bar import NoticeBar
from editor.ui.option_parts import fill_class_menu
from editor.ui.options_bar import OptionsBar
from editor.ui.pulse import Pulse
from editor.ui.stage import Stage
from editor.ui.status import StatusBar
from editor.ui.theme import apply_theme, theme_named
from editor.ui.trouble import Trouble
from editor.ui.viewport_link import ViewportLink
from editor.ui.views import Views
from editor.ui.widgets import column
from editor.viewport.canvas import ViewportCanvas
from editor.worker import Worker, describe
from engine.errors import ScenewrightError

_NEED_MASK = (
    *(f"mask.{name}" for name in ("clear", "grow", "shrink", "feather", "save")),
    *("edit.cut", "edit.copy", "voxel.fill_mask", "voxel.erase_mask"),
)
_NEED_CLIP = ("edit.paste", "stamp.turn_left", "stamp.turn_right", "stamp.mirror")


class MainWindow(QMainWindow):
    """What the user sees. Scripts use `trigger(action id)`, `is_idle` and `idle`.

    Parameters
    ----------
    studio, worker, canvas
        Made by the composition root; the window owns and closes worker and canvas.
    formats
        What can be read and written.
    """

    idle = Signal()
    """Nothing is queued, running, being read or written any more."""
    first_frame = Signal()

    def __init__(
        self,
        studio: Studio,
        worker: Worker,
        canvas: ViewportCanvas,
        formats: Formats,
        settings: Settings,
        settings_file: SettingsFile,
    ) -> None:
        super().__init__()
        self.studio, self.worker, self.canvas = studio, worker, canvas
        self.settings, self._settings_file = settings, settings_file
        self.theme = theme_named(settings.theme)
        self._dress_program()
        self.journal, self.trouble = Journal(self), Trouble(self)
        context = ToolContext(studio.document, canvas.sight, remembered(settings))
        self.gestures = GestureRunner(context, TOOLS["mask.brush"])
        self.commands = Commands(self, studio, self.gestures)
        self.actions_table = Actions(self, canvas.native, self._run, self.theme)
        self.stage = Stage(canvas.native, studio, self.actions_table, self.theme, settings)
        self.notice = NoticeBar(self.theme)
        self.files = Files(studio, formats, Dialogs(self), self.notice, settings, self._convert)
        self.keeping = Keeping(studio, self.files, self.notice, recovery_folder(), settings.autosave_minutes)
        self._build()
        self.link = ViewportLink(canvas, studio, self.gestures, self.guard)
        self._connect()
        self._restore()
        self.commands.manners.start()
        self.trigger("mask.brush")
        self._refresh_words()

    # for scripts and tests

    @property
    def is_idle(self) -> bool:
        return not self.studio.jobs.open_jobs and not self.files.is_busy

    def trigger(self, name: str) -> bool:
        """Do an action by its id; tells whether it was enabled. Raises `KeyError` for an unknown id."""
        action = self.actions_table[name]
        enabled = action.isEnabled()
        action.trigger()
        return enabled

    def show_tool(self, name: str) -> None:
        """Show the tool in hand."""
        action = self.actions_table[name]
        action.setChecked(True)
        self.options.show_tool(name)
        self.canvas.cursor = tool_cursor(icon_of(name), self.devicePixelRatioF())
        self.link.use_tool(name)
        self.say(action.statusTip())

    def say(self, text: str) -> None:
        """Show a line in the status bar, until the next one."""
        self.statusBar().show_tip(text)  # type: ignore[attr-defined]

    def use_theme(self, name: str) -> None:
        """Change between `dark`, `light` and `system`, which follows the desktop."""
        self.settings.theme = name
        self.theme = theme_named(name)
        self._dress_program()
        for part in (
            self.actions_table,
            self.notice,
            self.stage,
            self.options,
            self.docks,
            self.commands.manners,
            self.views,
            self.maps,
            self.history,
        ):
            part.dress(self.theme)
        self.actions_table["view.theme"].setText("Light Theme" if self.theme.is_dark else "Dark Theme")
        self.actions_table["view.theme"].setIcon(self.theme.icon("sun" if self.theme.is_dark else "moon"))
        self.canvas.set_theme(self.theme.is_dark)

    def reset_layout(self) -> None:
        """Put all docks back to where they were at the first start."""
        self.docks.reset()

    def show_failure(self, failure: Failure) -> None:
        """Show what went wrong in one line with details, and the ways out."""
        self.trouble.show(failure)

    # building

    def _build(self) -> None:
        self.setObjectName("main")
        self.setAcceptDrops(True)
        self.setDockOptions(QMainWindow.DockOption.AnimatedDocks | QMainWindow.DockOption.AllowTabbedDocks)
        self.options = OptionsBar(self.studio, self.gestures.context, self.actions_table)
        self.options.dress(self.theme)
        self._build_bars()
        centre = QWidget()
        self.views, self.pulse = Views(self), Pulse(self.studio, self)
        centre.setLayout(column(self.notice, self.stage, self.views.readout, spacing=0))
        centre.layout().setStretch(1, 1)
        self.setCentralWidget(centre)
        mask = MaskDock(
            self.gestures.context, self.commands.mask, self.actions_table, self.guard, self._set_mask_opacity
        )
        self.docks = Docks(self, self.studio, self.actions_table, self.theme, mask)
        self.docks.add_tab("Views", self.views.kept.dock)
        self.history = HistoryDock(self.studio, self.commands.candidates, self.actions_table)
        self.history.frame = self.docks.add_below("Candidates & History", self.history)
        self.history.dress(self.theme)
        self.maps = Maps(self)
        self.instruments = Instruments(self)
        self.blind = BlindPanel(self)
        self.importing = Importing(self)
        self.setStatusBar(StatusBar(self.studio))
        self.statusBar().device.setMenu(self.commands.engine.menu)  # type: ignore[attr-defined]
        self._build_menus()

    def _build_bars(self) -> None:
        actions = self.actions_table
        top = QToolBar("Tool options", objectName="options", movable=False)
        top.setIconSize(QSize(20, 20))
        fill_bar(top, TOP_BAR, actions)
        self.options.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        top.addWidget(self.options)
        top.addSeparator()
        top.addAction(actions["view.theme"])
        strip = QToolBar("Tools", objectName="tools", movable=False)
        strip.setIconSize(QSize(22, 22))
        fill_bar(strip, TOOL_STRIP, actions)
        self.addToolBar(Qt.ToolBarArea.TopToolBarArea, top)
        self.addToolBar(Qt.ToolBarArea.LeftToolBarArea, strip)
        self._bars = (top, strip)

    def _build_menus(self) -> None:
        docks, self._palettes, classes = QMenu("Docks", self), QMenu("Palette", self), QMenu("Choose Class", self)
        docks.addActions([*self.docks.toggles, *(bar.toggleViewAction() for bar in self._bars)])
        self._palettes.aboutToShow.connect(self._fill_palettes)
        classes.aboutToShow.connect(lambda: fill_class_menu(classes, self.studio.document.classes, self.actions_table))
        fill_menus(
            self.menuBar(),
            self.actions_table,
            {"recent": self.files.recent, "docks": docks, "palettes": self._palettes, "classes": classes},
        )

    def _fill_palettes(self) -> None:
        classes = self.studio.document.classes
        self._palettes.clear()
        group = QActionGroup(self._palettes)
        for name in classes.space.palettes:
            action = self._palettes.addAction(name)
            action.setCheckable(True)
            action.setChecked(name == classes.palette)
            action.triggered.connect(lambda _=False, n=name: classes.use_palette(n))
            group.addAction(action)

    # listening

    def _connect(self) -> None:
        studio, document = self.studio, self.studio.document
        self.worker.stepped.connect(studio.jobs.note_step)
        self.worker.ended.connect(studio.jobs.note_end)
        studio.failed.connect(self.show_failure)
        studio.jobs.idle.connect(self._tell_idle)
        self.files.opened.connect(lambda _path: self._tell_idle())
        self.files.written.connect(lambda _path: self._tell_idle())
        self.files.failed.connect(lambda _text: self._tell_idle())
        self.keeping.kept.connect(self.statusBar().show_kept)  # type: ignore[attr-defined]
        document.history.shortened.connect(lambda why: self.notice.tell(why, "warning"))
        document.history_changed.connect(self._refresh_words)
        document.state_changed.connect(self._refresh_words)
        document.scene_replaced.connect(self._refresh_words)
        studio.plan.changed.connect(self._refresh_words)
        studio.proposal_changed.connect(self._refresh_words)
        studio.jobs.changed.connect(lambda _job: self._refresh_words())
        self.commands.clipboard.changed.connect(self._refresh_words)
        self.actions_table["view.mask"].setCheckable(True)
        self.actions_table["view.mask"].setChecked(True)
        self.link.mask_toggled.connect(lambda on: self.actions_table["view.mask"].setChecked(on))
        self.stage.region = self.link.region
        self.canvas.camera_changed.connect(self.stage.place_bar)
        self.docks.generate.convert_wanted.connect(lambda: self.trigger("edit.convert"))
        self.files.refine_wanted.connect(lambda: self.trigger("generate.refine"))
        self.docks.generate.locate_wanted.connect(lambda: self.trigger("engine.locate"))
        self.stage.start.sample_chosen.connect(lambda s: self.files.open_sample(s.scene, s.title))
        self.stage.start.file_chosen.connect(self.files.open)
        for part in (self.link, self.stage, self.statusBar(), self.docks.generate.queue, self.history):
            self.pulse.beat.connect(part.show_progress)  # type: ignore[attr-defined]
        self.pulse.beat.connect(self.maps.world_dock.view.show_progress)
        self.canvas.native.frameSwapped.connect(self.pulse.note_picture)  # type: ignore[attr-defined]
        self.canvas.native.frameSwapped.connect(self._on_frame)  # type: ignore[attr-defined]

    def _on_frame(self) -> None:
        self.canvas.native.frameSwapped.disconnect(self._on_frame)  # type: ignore[attr-defined]
        self.canvas.home()  # the window has its size only now
        self.first_frame.emit()
        model = self.studio.plan.card
        QTimer.singleShot(0, self, lambda: self.worker.launch(model.name if model else ""))

    def _tell_idle(self) -> None:
        if self.is_idle:
            self.idle.emit()

    def _run(self, spec: ActionSpec) -> None:
        """Do what an action says; what goes wrong on purpose is shown, not raised."""
        self.guard(lambda: self.commands.run(spec))

    def _set_mask_opacity(self, opacity: float) -> None:
        self.settings.mask_opacity = opacity
        self.canvas.set_mask_opacity(opacity)

    def _convert(self) -> None:
        self.trigger("edit.convert")

    def guard(self, work: Callable[[], object]) -> None:
        """Do a piece of work; what goes wrong in it on purpose is shown, not raised."""
        try:
            work()
        except ScenewrightError as error:
            self.show_failure(describe(error))

    def _refresh_words(self) -> None:
        document, actions = self.studio.document, self.actions_table
        title = f"{document.title}[*] – Scenewright"
        if (title, document.dirty) != (self.windowTitle(), self.isWindowModified()):  # asks the window system: slow
            self.setWindowTitle(title)
            self.setWindowModified(document.dirty)
        for name, title in (("undo", document.history.undo_name), ("redo", document.history.redo_name)):
            actions[f"edit.{name}"].setText(f"{name.capitalize()} {title}" if title else name.capitalize())
            actions[f"edit.{name}"].setEnabled(title is not None)
        offer, masked = self.studio.plan.offer(), not document.mask.is_empty
        actions["generate.run"].setText(offer.text)
        actions["generate.run"].setEnabled(not offer.reason)
        jobs = self.studio.jobs
        actions["generate.front"].setEnabled(not offer.reason)
        actions["generate.refine"].setEnabled(not self.studio.plan.offer("refine").reason)
        for name, found in (("", jobs.open_jobs), ("_running", jobs.running), ("_waiting", jobs.waiting)):
            actions[f"generate.cancel{name}"].setEnabled(bool(found))
        actions["edit.convert"].setEnabled(offer.fixable)
        for name in _NEED_MASK:
            actions[name].setEnabled(masked)
        for name in _NEED_CLIP:
            actions[name].setEnabled(self.commands.clipboard.clip is not None)

    # window's own events

    def closeEvent(self, event: QCloseEvent) -> None:
        if not self.files.may_leave():
            event.ignore()
            return
        self._store()
        self.gestures.cancel()
        self.history.close_down()
        self.studio.jobs.cancel_all()
        self.files.join()
        self.keeping.close()
        self.studio.document.history.close()
        self.worker.shut_down()
        self.commands.engine.close()
        self.commands.manners.close()
        self.journal.close()
        self.views.close()
        self.canvas.close()
        event.accept()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if _dropped(event.mimeData().urls()) is not None:
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        path = _dropped(event.mimeData().urls())
        if path is not None:
            event.acceptProposedAction()
            self.files.open(path)

    def _dress_program(self) -> None:
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        apply_theme(app, self.theme, home() / "marks")

    def _store(self) -> None:
        settings, options = self.settings, self.studio.plan.options
        settings.window_geometry = bytes(self.saveGeometry().toBase64().data()).decode()
        settings.window_layout = bytes(self.saveState(LAYOUT_VERSION).toBase64().data()).decode()
        remember(self.gestures.context.options, settings)
        for name in ("model", "steps", "sampler", "guidance", "strength", "variants", "preview"):
            setattr(settings, name, getattr(options, name))
        settings.palette = self.studio.document.classes.palette
        self.write_settings()

    def write_settings(self) -> None:
        """Write all settings down; what goes wrong is shown."""
        try:
            self._settings_file.save(self.settings)
        except OSError as error:
            self.show_failure(describe(error))

    def _restore(self) -> None:
        room = self.screen().availableSize()
        self.resize(min(1400, room.width()), min(900, room.height()))
        if self.settings.window_geometry:
            self.restoreGeometry(QByteArray.fromBase64(self.settings.window_geometry.encode()))
        if self.settings.window_layout:
            self.restoreState(QByteArray.fromBase64(self.settings.window_layout.encode()), LAYOUT_VERSION)
        self.studio.document.classes.use_palette(self.settings.palette)
        self.docks.mask.opacity.show_value(self.settings.mask_opacity)
        self.canvas.set_mask_opacity(self.settings.mask_opacity)
        self.use_theme(self.settings.theme)


def _dropped(urls: Sequence[object]) -> Path | None:
    """Find the file in what is dragged over the window."""
    names = [u.toLocalFile() for u in urls if u.isLocalFile()]  # type: ignore[attr-defined]
    return Path(names[0]) if names else None

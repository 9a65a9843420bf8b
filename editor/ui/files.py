"""Opening, saving and exporting, off the interface's thread."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QMenu

from editor.model.document import empty_scene
from editor.model.jobs import Failure
from editor.model.recovery import Leftover
from editor.model.studio import Studio
from editor.model.tour import find_car
from editor.settings import Settings
from editor.ui.dialogs import Dialogs
from editor.ui.notice_bar import NoticeBar
from editor.ui.notice_bar import WayOut as Way
from editor.worker import Background
from engine.labels import UNKNOWN
from engine.mask import VoxelMask
from engine.scene import VoxelScene

NATIVE = ".scw"
_BARE = (".npy", ".npz")
"""Endings of files that may not say which axis is up, nor what their numbers mean."""
_PREDICTED = ".label"
"""Ending of grids that networks predict, or that hold what scanners saw."""
WayOut = tuple[str, Callable[[], object]]
"""Words of a button, and what it does."""


@dataclass(frozen=True)
class Formats:
    """What can be read and written; filled from `engine.formats.registry`."""

    read: Callable[[Path], VoxelScene]
    write: Callable[[VoxelScene, Path], None]
    titles: dict[str, str]
    """Ending -> title of every writer."""
    readable: tuple[str, ...]
    """Endings of every reader."""


class Files(QObject):
    """All that has to do with files; tells when a piece of work is over."""

    opened = Signal(Path)
    written = Signal(Path)
    failed = Signal(str)
    import_wanted = Signal(Path)
    """A file of bare voxels is to be imported with choices."""
    fit_wanted = Signal()
    """The scene on show is to be fitted to the model with choices."""
    refine_wanted = Signal()
    """The scene on show is to be refined."""
    recovered = Signal(object)
    """Unsaved work is back in the document; a `Leftover`."""

    def __init__(
        self,
        studio: Studio,
        formats: Formats,
        dialogs: Dialogs,
        notice: NoticeBar,
        settings: Settings,
        convert: Callable[[], None],
    ) -> None:
        super().__init__()
        self._studio, self.formats, self.dialogs = studio, formats, dialogs
        self._notice, self._settings, self._convert = notice, settings, convert
        self._running: list[Background] = []
        self.recent = QMenu("Open Recent")
        self.recent.aboutToShow.connect(self._fill_recent)

    @property
    def is_busy(self) -> bool:
        return bool(self._running)

    def may_leave(self) -> bool:
        """Ask about unsaved work, where there is any; tells whether to go on."""
        document = self._studio.document
        if not document.dirty:
            return True
        answer = self.dialogs.unsaved(document.title)
        if answer == "save":
            self.save()
            self.join()
            return not document.dirty
        return answer == "discard"

    def new(self) -> None:
        """Start with an empty scene of a chosen size."""
        if not self.may_leave():
            return
        card = self._studio.plan.card
        size = self.dialogs.new_scene(card)
        if size is not None:
            height = card.height if card else 32
            self._put(empty_scene(size, height, card.voxel_size[0] if card else 0.2), None, "")

    def ask_open(self) -> None:
        """Ask for a file and open it."""
        patterns = " ".join(f"*{e}" for e in self.formats.readable)
        filters = [f"Scenes ({patterns})", "All files (*)"]
        path = self.dialogs.open_file(self._settings.last_folder, filters)
        if path is not None:
            self.open(path)

    def open(self, path: Path) -> None:
        """Open a scene; the present one stays where that fails."""
        if self.may_leave():
            self._notice.hide()
            bare = ("Import with choices…", lambda: self.import_wanted.emit(path))
            way_out = bare if path.suffix.lower() in _BARE else None
            self._run(lambda: self.formats.read(path), lambda scene: self._on_read(scene, path), way_out)

    def put(self, scene: VoxelScene, name: str) -> None:
        """Show a scene that was made from a file of another kind; it has no file of its own until it is saved."""
        self._put(scene, None, name)

    def open_sample(self, path: Path, title: str) -> None:
        """Open a shipped scene; it has no file of its own until it is saved."""
        if self.may_leave():
            self._notice.hide()
            self._run(lambda: self.formats.read(path), lambda scene: self._on_sample(scene, path, title))

    def open_tour(self, path: Path, title: str, begin: Callable[[VoxelMask], None]) -> None:
        """Open a shipped scene and look for a car in it, for the tour to begin with."""

        def read() -> tuple[VoxelScene, VoxelMask]:
            scene = self.formats.read(path)
            return scene, find_car(scene)

        def put(found: tuple[VoxelScene, VoxelMask]) -> None:
            self._on_sample(found[0], path, title)
            begin(found[1])

        if self.may_leave():
            self._notice.hide()
            self._run(read, put)

    def recover(self, leftover: Leftover) -> None:
        """Open unsaved work that a crash left; the copy stays where that fails."""
        if self.may_leave():
            self._run(lambda: leftover.read(self.formats.read), lambda found: self._on_recovered(leftover, *found))
        else:
            leftover.keep()

    def save(self) -> None:
        """Save where the scene came from; ask where it has no file of its own yet."""
        path = self._studio.document.path
        if path is None:
            self.save_as()
        else:
            self._save_to(path)

    def save_as(self) -> None:
        """Ask for a name and save."""
        path = self.dialogs.save_file("Save the scene", self._suggest(NATIVE), [f"Scenewright scene (*{NATIVE})"])
        if path is not None:
            self._save_to(path)

    def ask_export(self) -> None:
        """Ask for a name and export; the ending chooses the format."""
        filters = [f"{title} (*{ending})" for ending, title in self.formats.titles.items() if ending != NATIVE]
        path = self.dialogs.save_file("Export", self._suggest(".glb"), filters)
        if path is not None:
            self.export(path)

    def export(self, path: Path) -> None:
        """Write the scene in the format of the path's ending; the document stays with its own file."""
        scene = self._studio.document.scene.snapshot()
        self._run(lambda: self.formats.write(scene, path), lambda _: self._on_exported(path))

    def join(self) -> None:
        """Wait for work under way, and take its end in."""
        for work in list(self._running):
            work.join()
            work.finish()

    def _save_to(self, path: Path) -> None:
        document = self._studio.document
        scene, state = document.scene.snapshot(), document.history.state
        elsewhere = ("Save elsewhere…", self.save_as)
        self._run(lambda: self.formats.write(scene, path), lambda _: self._on_saved(path, state), elsewhere)

    def _put(self, scene: VoxelScene, path: Path | None, name: str, unsaved_mask: VoxelMask | None = None) -> None:
        self._studio.drop_all()
        self._studio.document.replace(scene, path, name, unsaved_mask)
        plan, card = self._studio.plan, self._studio.plan.card
        if name.lower().endswith(_PREDICTED):
            plan.refine(True)
        offer = plan.offer()
        if offer.fixable and card is not None:
            convert = (f"Convert to {card.name}'s grid", self._convert)
            choose = Way("Choose how…", self.fit_wanted.emit)
            self._notice.tell(offer.reason, "warning", action=convert, ways_out=[choose])
        elif offer.mode == "refine" and not offer.reason:
            self._notice.tell(_about_gaps(scene), action=("Refine", self.refine_wanted.emit))

    def _on_read(self, scene: VoxelScene, path: Path) -> None:
        self._settings.remember_file(path)
        self._put(scene, path if path.suffix.lower() == NATIVE else None, path.name)
        self.opened.emit(path)

    def _on_sample(self, scene: VoxelScene, path: Path, title: str) -> None:
        self._put(scene, None, title)
        self.opened.emit(path)

    def _on_recovered(self, leftover: Leftover, scene: VoxelScene, mask: VoxelMask) -> None:
        self._put(scene, leftover.path, leftover.title, mask)
        self._notice.tell(f"Recovered “{leftover.title}”; it is not saved yet.")
        self.recovered.emit(leftover)
        self.opened.emit(leftover.scene)

    def _on_saved(self, path: Path, state: object) -> None:
        self._settings.remember_file(path)
        self._studio.document.mark_saved(path, state)
        self.written.emit(path)

    def _on_exported(self, path: Path) -> None:
        self._settings.last_folder = str(path.parent)
        self._notice.tell(f"Exported to {path}")
        self.written.emit(path)

    def _run(self, work: Callable[[], Any], then: Callable[[Any], None], way_out: WayOut | None = None) -> None:
        task = Background(work, self)
        self._running.append(task)
        task.done.connect(lambda answer: self._end(task, lambda: then(answer)))
        task.failed.connect(lambda failure: self._end(task, lambda: self._on_failed(failure, way_out)))
        task.start()

    def _end(self, task: Background, then: Callable[[], None]) -> None:
        self._running.remove(task)
        then()

    def _on_failed(self, failure: Failure, way_out: WayOut | None) -> None:
        self._notice.tell(failure.message, "error", failure.details, way_out)
        self.failed.emit(failure.message)

    def _suggest(self, ending: str) -> str:
        document = self._studio.document
        name = Path(document.title).stem.lower() if document.title != "Untitled" else "scene"
        folder = document.path.parent if document.path else Path(self._settings.last_folder)
        return str(folder / f"{name}{ending}")

    def _fill_recent(self) -> None:
        """List recent files, those that are gone in grey."""
        self.recent.clear()
        for name in self._settings.recent_files:
            path = Path(name)
            action = self.recent.addAction(name if path.is_file() else f"{name} (missing)")
            action.setEnabled(path.is_file())
            action.triggered.connect(lambda _=False, p=path: self.open(p))
        if not self._settings.recent_files:
            self.recent.addAction("No files yet").setEnabled(False)
            return
        self.recent.addSeparator()
        self.recent.addAction("Clear List").triggered.connect(lambda _=False: self._settings.forget_files())


def _about_gaps(scene: VoxelScene) -> str:
    """Say why a scene should be refined."""
    unknown = float(scene.count_classes()[UNKNOWN]) / scene.box.volume
    if not unknown:
        return "A grid of what a network predicted or a scanner saw: refining makes a whole scene of it."
    return f"{unknown:.0%} of the voxels are unknown, drawn hatched: refining fills them in."

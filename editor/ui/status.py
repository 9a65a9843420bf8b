"""The status bar: tip, how much is masked, how the job fares, the device."""

from __future__ import annotations

import time

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QStatusBar, QToolButton

from editor.model.jobs import Job
from editor.model.studio import Studio
from editor.ui.progress import ProgressBar, ProgressWords
from editor.ui.widgets import label

_PROGRESS = 44  # characters


class StatusBar(QStatusBar):
    """Listens to a studio; the window tells it about the device."""

    def __init__(self, studio: Studio) -> None:
        super().__init__()
        self._studio = studio
        self.setSizeGripEnabled(False)
        self.tip = label("")
        self.addWidget(self.tip, 1)
        self.masked = label("", "")
        self.masked.setObjectName("masked")
        self.size = label("")
        self.progress, self.bar = ProgressWords(_PROGRESS), ProgressBar()
        self.progress.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.bar.setFixedWidth(90)
        self.device = QToolButton(objectName="device", text="engine starts …")
        self.device.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.kept = label("")
        self.kept.setToolTip("When unsaved work was last copied, in case the editor should end without a word")
        self.kept.hide()
        for part in (self.masked, self.progress, self.bar, self.kept, self.size, self.device):
            self.addPermanentWidget(part)
        studio.document.mask_changed.connect(lambda _box: self._show_mask())
        studio.document.scene_replaced.connect(self._show_scene)
        studio.jobs.changed.connect(lambda _job: self.show_progress())
        studio.document.state_changed.connect(lambda: self.kept.setVisible(self._has_copy()))
        self._show_scene()
        self.show_progress()

    def show_progress(self) -> None:
        """Show how far the running job is."""
        self._show_job(self._studio.jobs.running)

    def show_tip(self, text: str) -> None:
        """Say what the tool in hand does."""
        self.tip.setText(text)

    def show_kept(self, moment: float) -> None:
        """Say when unsaved work was last copied, as long as it is unsaved; seconds since 1970."""
        self.kept.setText(f"autosaved {time.strftime('%H:%M', time.localtime(moment))}")
        self.kept.setVisible(self._has_copy())

    def _has_copy(self) -> bool:
        return bool(self.kept.text()) and self._studio.document.dirty

    def show_device(self, words: str, tip: str) -> None:
        """Fill the device chip."""
        self.device.setText(words)
        self.device.setToolTip(f"{tip}<br>Click to choose where to compute")

    def show_no_engine(self, reason: str) -> None:
        """Say that there is no engine, and why."""
        self.device.setText("no engine")
        self.device.setToolTip(reason)

    def _show_mask(self) -> None:
        count = self._studio.document.shown_mask.count
        self.masked.setText(f"{count:,} masked" if count else "")

    def _show_scene(self) -> None:
        grid = self._studio.document.scene.grid
        voxels, metres = " × ".join(map(str, grid.shape)), " × ".join(f"{e:.1f}" for e in grid.extent)
        self.size.setText(voxels)
        self.size.setToolTip(f"{metres} m, voxels of {grid.voxel_size[0]:g} m")
        self._show_mask()

    def _show_job(self, job: Job | None) -> None:
        self.bar.setVisible(job is not None)
        self.progress.setVisible(job is not None)
        if job is not None:
            self.bar.show_share(job.fraction)
            self.progress.setText(progress_words(job))


def progress_words(job: Job) -> str:
    """Say how far a running job is."""
    if job.step is None:
        return f"{job.title} · starting"
    left = job.seconds_left
    words = f"{job.title} · step {job.step.index}/{job.step.total}"
    return f"{words} · {left:.1f} s left" if left is not None else words

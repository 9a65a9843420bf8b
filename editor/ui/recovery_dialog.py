"""The question that a crash leaves: which unsaved work to bring back."""

from __future__ import annotations

import time
from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QIcon, QPainter, QPainterPath, QPixmap
from PySide6.QtWidgets import QDialog, QListWidget, QListWidgetItem, QWidget

from editor.model.recovery import Leftover
from editor.ui.widgets import button, column, label, row

_PICTURE = 76
_DAY = 86400


class RecoveryDialog(QDialog):
    """A list of copies with picture, title and time.

    Attributes
    ----------
    chosen
        The one to recover, where there is one.
    discarded
        Those to delete.
    """

    def __init__(self, leftovers: Sequence[Leftover], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Recover unsaved work")
        self.chosen: Leftover | None = None
        self.discarded: list[Leftover] = []
        self.list = QListWidget(objectName="recover.list")
        self.list.setIconSize(QSize(_PICTURE, _PICTURE))
        self.list.setSpacing(2)
        for leftover in leftovers:
            self.list.addItem(_item(leftover))
        self.recover = button("Recover", "primary", self._recover, "recover.take")
        self.discard = button("Discard", "", self._discard, "recover.discard")
        self.later = button("Not Now", "", self.reject, "recover.later")
        for part in (self.discard, self.later):
            part.setAutoDefault(False)
        text = label("The editor ended without saving. These copies of your work were kept automatically.", wrap=True)
        buttons = row(self.discard, 1, self.later, self.recover)
        self.setLayout(column(label("Recover unsaved work?", "title"), text, self.list, buttons, margin=18, spacing=12))
        self.setMinimumSize(460, 330)
        self.list.currentRowChanged.connect(lambda _row: self._calm())
        self.list.itemDoubleClicked.connect(lambda _item: self._recover())
        self.list.setCurrentRow(0)
        self.recover.setDefault(True)

    def _current(self) -> Leftover:
        found: Leftover = self.list.currentItem().data(Qt.ItemDataRole.UserRole)
        return found

    def _recover(self) -> None:
        self.chosen = self._current()
        self.accept()

    def _discard(self) -> None:
        """Ask once more, on the button itself; there is no way back from it."""
        if self.discard.property("role") != "danger":
            self._dress_discard("Really discard?", "danger")
            return
        self.discarded.append(self._current())
        self.list.takeItem(self.list.currentRow())
        self._calm()
        if not self.list.count():
            self.accept()

    def _calm(self) -> None:
        self._dress_discard("Discard", "")

    def _dress_discard(self, text: str, role: str) -> None:
        self.discard.setText(text)
        self.discard.setProperty("role", role)
        self.discard.style().unpolish(self.discard)
        self.discard.style().polish(self.discard)


def _item(leftover: Leftover) -> QListWidgetItem:
    x, y, z = leftover.shape
    place = str(leftover.path.parent) if leftover.path else "never saved"
    lines = (leftover.title, f"{words_for(leftover.saved, time.time())}  ·  {x} × {y} × {z} voxels", place)
    picture, icon = _rounded(QPixmap(str(leftover.picture))), QIcon()
    for mode in (QIcon.Mode.Normal, QIcon.Mode.Selected):  # or Qt would tint the chosen one
        icon.addPixmap(picture, mode)
    item = QListWidgetItem(icon, "\n".join(lines))
    item.setData(Qt.ItemDataRole.UserRole, leftover)
    return item


def words_for(moment: float, now: float) -> str:
    """Say when something was, as people do."""
    then, today = time.localtime(moment), time.localtime(now)
    clock = time.strftime("%H:%M", then)
    if then[:3] == today[:3]:
        return f"today, {clock}"
    if then[:3] == time.localtime(now - _DAY)[:3]:
        return f"yesterday, {clock}"
    return f"{time.strftime('%d %b %Y', then)}, {clock}"


def _rounded(picture: QPixmap) -> QPixmap:
    """Cut the middle square out, with round corners; an empty one where there is no picture."""
    out = QPixmap(2 * _PICTURE, 2 * _PICTURE)
    out.fill(Qt.GlobalColor.transparent)
    if not picture.isNull():
        fill, smooth = Qt.AspectRatioMode.KeepAspectRatioByExpanding, Qt.TransformationMode.SmoothTransformation
        scaled = picture.scaled(out.size(), fill, smooth)
        shape = QPainterPath()
        shape.addRoundedRect(0, 0, out.width(), out.height(), 12, 12)
        painter = QPainter(out)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setClipPath(shape)
        painter.drawPixmap((out.width() - scaled.width()) // 2, (out.height() - scaled.height()) // 2, scaled)
        painter.end()
    return out

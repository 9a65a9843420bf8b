"""The Views dock: saved views as small pictures; a click goes there."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QModelIndex, QPoint, QSize, Qt
from PySide6.QtGui import QIcon, QPixmap
from PySide6.QtWidgets import QAbstractItemView, QListView, QListWidget, QListWidgetItem, QMenu, QWidget

from editor.model.document import Document
from editor.model.saved_views import KEY, SavedViews
from editor.ui.actions import Actions
from editor.ui.widgets import button, column, label, row

PICTURE = QSize(120, 75)
_ITEM = QSize(128, 100)


class ViewsDock(QWidget):
    """Shows the saved views of a document.

    Parameters
    ----------
    guard
        Runs a piece of work and shows what goes wrong in it.
    go
        Goes to the view at a place.
    """

    def __init__(
        self,
        document: Document,
        views: SavedViews,
        actions: Actions,
        guard: Callable[[Callable[[], object]], None],
        go: Callable[[int], None],
    ) -> None:
        super().__init__()
        self._views, self._guard, self._go, self._actions = views, guard, go, actions
        self.list = QListWidget(objectName="views.list")
        self._prepare_list()
        self.empty = label("None yet. Saved views travel in the .scw file; Ctrl+1 to Ctrl+9 go to them.", wrap=True)
        save = button("Save this view", "", actions["view.save"].trigger, "views.save")
        save.setToolTip(actions["view.save"].toolTip())
        copy = button("Copy", "link", actions["view.copy_camera"].trigger, "views.copy")
        paste = button("Paste", "link", actions["view.paste_camera"].trigger, "views.paste")
        self.setLayout(column(row(save, 1, copy, paste), self.empty, self.list, margin=12, spacing=8))
        document.metadata_changed.connect(self._on_metadata)
        document.scene_replaced.connect(self.refresh)
        self.refresh()

    @property
    def chosen(self) -> int:
        """Place of the view that is selected; -1 where none is."""
        return self.list.currentRow()

    def refresh(self) -> None:
        """Show the views there are."""
        place = self.list.currentRow()
        self.list.blockSignals(True)
        self.list.clear()
        for number, view in enumerate(self._views.all, start=1):
            picture = QPixmap()
            picture.loadFromData(view.picture)
            item = QListWidgetItem(QIcon(picture), view.name)
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsEditable)
            item.setToolTip(f"Click: go there{f' (Ctrl+{number})' if number < 10 else ''} · double-click: rename")
            self.list.addItem(item)
        self.list.setCurrentRow(min(place, self.list.count() - 1))
        self.list.blockSignals(False)
        self.empty.setVisible(not self.list.count())

    def select(self, place: int) -> None:
        """Mark the view one has gone to."""
        self.list.setCurrentRow(place)

    def _on_metadata(self, key: str) -> None:
        if key == KEY:
            self.refresh()

    def _prepare_list(self) -> None:
        view = self.list
        view.setViewMode(QListView.ViewMode.IconMode)
        view.setMovement(QListView.Movement.Static)
        view.setResizeMode(QListView.ResizeMode.Adjust)
        view.setIconSize(PICTURE)
        view.setGridSize(_ITEM)
        view.setEditTriggers(QAbstractItemView.EditTrigger.DoubleClicked | QAbstractItemView.EditTrigger.EditKeyPressed)
        view.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        view.customContextMenuRequested.connect(self._show_menu)
        view.clicked.connect(self._on_clicked)
        view.itemChanged.connect(self._on_renamed)

    def _on_clicked(self, index: QModelIndex) -> None:
        self._go(index.row())

    def _on_renamed(self, item: QListWidgetItem) -> None:
        place = self.list.row(item)
        self._guard(lambda: self._views.rename(place, item.text()))
        self.refresh()  # a name that was refused goes back

    def _show_menu(self, place: QPoint) -> None:
        item = self.list.itemAt(place)
        if item is None:
            return
        self.list.setCurrentItem(item)
        menu = QMenu(self)
        menu.addAction("Rename").triggered.connect(lambda: self.list.editItem(item))
        for name in ("view.update", "view.forget"):
            menu.addAction(self._actions[name])
        menu.exec(self.list.mapToGlobal(place))

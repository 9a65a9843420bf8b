"""The list of all keys: searched, changed, put back; says who has a key before it is taken."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QKeyCombination, Qt, Signal
from PySide6.QtGui import QAction, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QComboBox, QHeaderView, QLineEdit, QTreeWidget, QTreeWidgetItem, QWidget

from editor.ui.action_table import ACTIONS
from editor.ui.actions import full_title, menu_path
from editor.ui.key_presets import PRESET_TITLES
from editor.ui.keymap import KeyMap, canonical, fixed_use, native
from editor.ui.search import fuzzy
from editor.ui.widgets import button, column, label, row

_TITLE, _MENU, _KEYS = range(3)
_ID = int(Qt.ItemDataRole.UserRole)
_MODIFIERS = (Qt.Key.Key_Shift, Qt.Key.Key_Control, Qt.Key.Key_Alt, Qt.Key.Key_Meta, Qt.Key.Key_AltGr)
_WALKS = (Qt.Key.Key_Tab, Qt.Key.Key_Backtab)


class KeyField(QLineEdit):
    """Shows the key that is pressed while it has the focus; Tab leaves it."""

    pressed = Signal(str)

    def __init__(self) -> None:
        super().__init__(objectName="keys.field", placeholderText="Click here and press the new key", readOnly=True)
        self.key = ""

    def take(self, key: str) -> None:
        """Show a key, or none."""
        self.key = key
        self.setText(native(key) if key else "")

    def event(self, event: QEvent) -> bool:
        is_key = isinstance(event, QKeyEvent) and event.key() not in _WALKS
        if is_key and event.type() == QEvent.Type.ShortcutOverride:
            event.accept()
            return True
        if is_key and event.type() == QEvent.Type.KeyPress:
            self._read(event)
            return True
        return super().event(event)

    def _read(self, event: QKeyEvent) -> None:
        if event.key() in _MODIFIERS:
            return
        combination = QKeyCombination(event.modifiers(), Qt.Key(event.key()))
        self.take(canonical(QKeySequence(combination).toString(QKeySequence.SequenceFormat.PortableText)))
        self.pressed.emit(self.key)


class KeysPage(QWidget):
    """Every action with its keys.

    Parameters
    ----------
    action
        Gives the action of an id, for its icon.
    """

    def __init__(self, keys: KeyMap, action: Callable[[str], QAction]) -> None:
        super().__init__(objectName="keys")
        self._keys, self._action = keys, action
        self._make_parts()
        top = row(self.query, label("Preset"), self.preset)
        top.setStretch(0, 1)
        edit = row(self.field, self.assign, self.remove, self.reset, 1)
        self.setLayout(column(top, self.list, self.told, edit, row(1, self.reset_all), spacing=8))
        self._fill()
        self.list.setCurrentItem(self.list.topLevelItem(0))
        keys.changed.connect(self.refresh)

    def _make_parts(self) -> None:
        self.query = QLineEdit(
            objectName="keys.query", placeholderText="Find an action or a key", clearButtonEnabled=True
        )
        self.preset = QComboBox(objectName="keys.preset")
        for name, title in PRESET_TITLES.items():
            self.preset.addItem(title, name)
        self.list = QTreeWidget(objectName="keys.list", rootIsDecorated=False, uniformRowHeights=True)
        self.list.setHeaderLabels(["Action", "Menu", "Keys"])
        self.list.header().setSectionResizeMode(_TITLE, QHeaderView.ResizeMode.Stretch)
        self.list.header().resizeSection(_MENU, 80)
        self.list.header().resizeSection(_KEYS, 190)
        self.list.header().setStretchLastSection(False)
        self.told = label("", "muted", wrap=True)
        self.told.setMinimumHeight(32)
        self.field = KeyField()
        self.assign = button("Assign", "primary", self._assign, "keys.assign")
        self.remove = button("No key", "", self._remove, "keys.remove")
        self.reset = button("Reset", "", self._reset, "keys.reset")
        self.reset_all = button("Reset all to the preset", "", self._keys.reset_all, "keys.reset_all")
        self.query.textChanged.connect(self._filter)
        self.preset.activated.connect(lambda _i: self._keys.use_preset(self.preset.currentData()))
        self.list.currentItemChanged.connect(lambda *_: self._choose())
        self.field.pressed.connect(lambda _key: self._show_state())

    @property
    def chosen(self) -> str:
        """Id of the action that is being edited; empty where none is."""
        item = self.list.currentItem()
        return str(item.data(_TITLE, _ID)) if item is not None else ""

    def choose(self, name: str) -> None:
        """Go to an action."""
        self.list.setCurrentItem(self._item(name))

    def refresh(self) -> None:
        """Show the keys as they are now."""
        self.preset.setCurrentIndex(self.preset.findData(self._keys.preset))
        for spec in ACTIONS:
            item = self._item(spec.id)
            item.setText(_KEYS, "   ".join(native(k) for k in self._keys.keys_of(spec.id)))
            item.setIcon(_TITLE, self._action(spec.id).icon())
            font = item.font(_KEYS)
            font.setBold(self._keys.is_own(spec.id))
            item.setFont(_KEYS, font)
        self._filter(self.query.text())
        self._show_state()

    def _fill(self) -> None:
        self._items = {}
        for spec in ACTIONS:
            item = QTreeWidgetItem([full_title(spec.id, spec.title.rstrip("…")), menu_path(spec.id), ""])
            item.setData(_TITLE, _ID, spec.id)
            item.setToolTip(_TITLE, spec.tip)
            self._items[spec.id] = item
        self.list.addTopLevelItems(list(self._items.values()))
        self.refresh()

    def _item(self, name: str) -> QTreeWidgetItem:
        return self._items[name]

    def _filter(self, text: str) -> None:
        """Leave actions whose name answers, or that have exactly the typed key."""
        for name, item in self._items.items():
            has_key = bool(text) and canonical(text) in self._keys.keys_of(name)
            words = f"{item.text(_TITLE)} {item.text(_MENU)} {name}"
            item.setHidden(not has_key and fuzzy(text, words) is None)

    def _choose(self) -> None:
        self.field.take("")
        self._show_state()

    def _show_state(self) -> None:
        """Say whose a pressed key is, and offer what can be done."""
        name, key = self.chosen, self.field.key
        holder, use = self._keys.holder(key, besides=name) if key else None, fixed_use(key)
        words = f"Keys of “{self._title(name)}”." if name else "Choose an action."
        if use:
            words = f"{use}; no action can have it."
        elif holder:
            words = f"{native(key)} belongs to “{self._title(holder)}”, which would be left without it."
        elif key:
            words = f"{native(key)} is free."
        self.told.setText(words)
        self.told.setProperty("role", "warning" if use or holder else "muted")
        self.told.style().unpolish(self.told)
        self.told.style().polish(self.told)
        self.assign.setText("Take it" if holder else "Assign")
        self.assign.setEnabled(bool(name and key and not use))
        self.remove.setEnabled(bool(name and self._keys.keys_of(name)))
        self.reset.setEnabled(bool(name) and self._keys.is_own(name))

    def _assign(self) -> None:
        key = self.field.key
        self.field.take("")
        self._keys.assign(self.chosen, [key])

    def _remove(self) -> None:
        self._keys.assign(self.chosen, [])

    def _reset(self) -> None:
        self._keys.reset(self.chosen)

    def _title(self, name: str) -> str:
        return self._items[name].text(_TITLE)

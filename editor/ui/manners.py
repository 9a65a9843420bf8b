"""How one finds and adjusts things: command palette, settings, keys, and what this program is."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QGuiApplication, QIcon
from PySide6.QtWidgets import QDialog, QMessageBox

from editor.ui.action_table import ACTIONS
from editor.ui.actions import full_title, menu_path
from editor.ui.command_palette import CommandPalette, Entry
from editor.ui.doctor_dialog import DoctorDialog
from editor.ui.keymap import KeyMap, native
from editor.ui.preferences import Preferences
from editor.ui.reasons import why_disabled
from editor.ui.settings_dialog import SettingsDialog
from editor.ui.theme import Theme

if TYPE_CHECKING:
    from editor.ui.window import MainWindow

_ABOUT = """<h3>Scenewright {version}</h3>
<p>A desktop editor for semantic voxel scenes of streets and cities, with a diffusion engine inside.</p>
<p>MIT licence. Everything runs on this machine; nothing is sent anywhere.</p>"""


class Manners(QObject):
    """Makes the palette and the dialogs of one window when they are first wanted.

    Attributes
    ----------
    keys, preferences
        The keys of all actions; what the settings dialog changes.
    """

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self.keys = KeyMap(window.settings)
        self.preferences = Preferences(window, self.keys)
        self.keys.changed.connect(self._use_keys)
        self.palette: CommandPalette | None = None
        self.dialog: SettingsDialog | None = None

    def start(self) -> None:
        """Put the remembered keys in use, and follow the desktop where that is wanted."""
        self._use_keys()
        QGuiApplication.styleHints().colorSchemeChanged.connect(self._follow_desktop)

    def dress(self, theme: Theme) -> None:
        """Take the colours of a theme."""
        self._window.instruments.dress(theme)
        if self.palette is not None:
            self.palette.dress(theme)

    def close(self) -> None:
        """Close every dialog of the window with it, and what runs in them."""
        for dialog in self._window.findChildren(QDialog):
            dialog.close()

    def show_palette(self) -> None:
        """Show the command palette."""
        if self.palette is None:
            recent = self._window.settings.recent_actions
            self.palette = CommandPalette(self._window, self.entries, recent, self._window.theme)
            self.palette.chosen.connect(self._window.trigger)
            self.palette.closed.connect(self._window.canvas.native.setFocus)
        self.palette.open()

    def entries(self) -> list[Entry]:
        """List every action as it is now: title, menu, key, and why it cannot be done."""
        found = []
        for spec in ACTIONS:
            action = self._window.actions_table[spec.id]
            keys = self.keys.keys_of(spec.id)
            reason = "" if action.isEnabled() else why_disabled(spec.id, self._window.studio)
            title = self._title(spec.id, action.text().replace("&", ""))
            key = native(keys[0]) if keys else ""
            found.append(Entry(spec.id, title, menu_path(spec.id), key, reason, action.icon() if spec.icon else None))
        return found

    def show_settings(self, page: str = "General") -> None:
        """Open the settings at a page."""
        if self.dialog is None:
            self.dialog = SettingsDialog(self.preferences, self._window)
        self.dialog.open_at(page)

    def show_keys(self) -> None:
        """Open the list of keys, ready to be searched."""
        self.show_settings("Keys")

    def check_machine(self) -> None:
        """Look what works on this machine, and say what to do about the rest."""
        dialog = DoctorDialog(self._window, self._window.theme)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.show()
        dialog.look()

    def show_about(self) -> None:
        """Say what this program is."""
        box = QMessageBox(self._window)
        box.setWindowTitle("About Scenewright")
        box.setText(_ABOUT.format(version=version("scenewright")))
        box.addButton(QMessageBox.StandardButton.Close).setIcon(QIcon())
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.open()

    def _follow_desktop(self) -> None:
        if self._window.settings.theme == "system":
            self._window.use_theme("system")

    def _use_keys(self) -> None:
        self._window.actions_table.use_keys(self.keys.keys_of)

    def _title(self, name: str, text: str) -> str:
        """Give an action its title in a list without menus: classes by their names."""
        classes = self._window.studio.document.classes
        ids = classes.space.solid_ids
        if name.startswith("class.choose_"):
            place = int(name.rpartition("_")[2]) - 1
            return f"Choose {classes.name_of(ids[place])}" if place < len(ids) else f"Choose class {place + 1}"
        return full_title(name, text)

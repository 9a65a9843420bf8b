"""Dark and light: one table of colours each, a palette for Qt and a small style sheet."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from string import Template

from PySide6.QtCore import QDir, Qt
from PySide6.QtGui import QColor, QGuiApplication, QIcon, QPalette
from PySide6.QtWidgets import QApplication

from editor.ui.icons import draw, make_icon
from engine.resources import shipped


@dataclass(frozen=True)
class Theme:
    """Colours by what they are for."""

    name: str
    window: str
    panel: str
    raised: str
    field: str
    border: str
    edge: str
    text: str
    muted: str
    faint: str
    accent: str
    accent_hover: str
    accent_press: str
    accent_soft: str
    on_accent: str
    mask: str
    ghost: str
    good: str
    warning: str
    danger: str
    overlay: str
    """Background of panels that float over the viewport."""

    @property
    def is_dark(self) -> bool:
        return self.name == "dark"

    def icon(self, name: str, colour: str | None = None) -> QIcon:
        """Make an icon in the theme's colours."""
        return make_icon(name, colour or self.text, self.faint, self.accent if colour is None else None)


DARK = Theme(
    name="dark",
    window="#14171c",
    panel="#1b1f26",
    raised="#272d37",
    field="#12151a",
    border="#2b313c",
    edge="#39414f",
    text="#dfe4ec",
    muted="#929cac",
    faint="#596373",
    accent="#4c9aff",
    accent_hover="#67aaff",
    accent_press="#3a83e0",
    accent_soft="#22354f",
    on_accent="#07121f",
    mask="#f0319b",
    ghost="#4cc9ff",
    good="#45b889",
    warning="#e8a93c",
    danger="#f0655b",
    overlay="rgba(24, 28, 35, 235)",
)
LIGHT = Theme(
    name="light",
    window="#e4e8ee",
    panel="#f5f7f9",
    raised="#ffffff",
    field="#ffffff",
    border="#d6dbe3",
    edge="#c0c8d3",
    text="#1c232d",
    muted="#5d6878",
    faint="#a3adba",
    accent="#1f6fe0",
    accent_hover="#3a84ee",
    accent_press="#185bbd",
    accent_soft="#dce9fc",
    on_accent="#ffffff",
    mask="#d4147f",
    ghost="#0d86c4",
    good="#1f8a5f",
    warning="#a86c00",
    danger="#c8382d",
    overlay="rgba(252, 253, 254, 240)",
)


def theme_named(name: str) -> Theme:
    """Find a theme; `system` is what the desktop has, anything unknown the dark one."""
    if name == "system":
        name = "light" if QGuiApplication.styleHints().colorScheme() == Qt.ColorScheme.Light else "dark"
    return LIGHT if name == "light" else DARK


def apply_theme(app: QApplication, theme: Theme, scratch: Path) -> None:
    """Dress the whole program.

    Parameters
    ----------
    scratch
        Folder for the few coloured marks that Qt's style sheets can only take from files.
    """
    _write_marks(theme, scratch)
    QDir.setSearchPaths("marks", [str(scratch)])
    values = {f.name: getattr(theme, f.name) for f in fields(Theme)}
    sheet = Template(shipped("styles", "editor.qss").read_text(encoding="utf-8")).substitute(values)
    if app.styleSheet() == sheet:
        return  # to dress every widget again takes a moment, and changes nothing
    app.setStyle("Fusion")
    app.setPalette(_palette(theme))
    app.setStyleSheet(sheet)


def _palette(theme: Theme) -> QPalette:
    palette, role = QPalette(), QPalette.ColorRole
    colours = {
        role.Window: theme.panel,
        role.WindowText: theme.text,
        role.Base: theme.field,
        role.AlternateBase: theme.panel,
        role.Text: theme.text,
        role.Button: theme.raised,
        role.ButtonText: theme.text,
        role.BrightText: theme.danger,
        role.ToolTipBase: theme.raised,
        role.ToolTipText: theme.text,
        role.PlaceholderText: theme.faint,
        role.Highlight: theme.accent,
        role.HighlightedText: theme.on_accent,
        role.Link: theme.accent,
        role.Light: theme.edge,
        role.Mid: theme.border,
        role.Dark: theme.border,
        role.Shadow: theme.window,
    }
    for which, colour in colours.items():
        palette.setColor(which, QColor(colour))
    for which in (role.WindowText, role.Text, role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, which, QColor(theme.faint))
    return palette


def _write_marks(theme: Theme, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    marks = {
        f"check-{theme.name}.png": draw("check", theme.on_accent, 12, 1),
        f"dash-{theme.name}.png": draw("dash", theme.on_accent, 12, 1),
        f"down-{theme.name}.png": draw("down", theme.muted, 12, 1),
        f"right-{theme.name}.png": draw("right", theme.muted, 12, 1),
    }
    for name, picture in marks.items():
        picture.save(str(folder / name))

"""Keys for hands that learned them elsewhere; what a preset does not name keeps its key where nobody took it."""

from __future__ import annotations

from collections.abc import Mapping

PRESET_TITLES = {
    "default": "Default",
    "blender": "Blender",
    "magicavoxel": "MagicaVoxel",
    "laptop": "Laptop (no number pad)",
}

PRESETS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "default": {},
    "blender": {
        "mask.brush": ("C",),
        "tool.context": ("Ctrl+B",),
        "mask.eraser": ("Shift+C",),
        "mask.box": ("B",),
        "mask.clear": ("Alt+A",),
        "mask.grow": ("Ctrl+Num++", "Ctrl+Shift+="),
        "mask.shrink": ("Ctrl+Num+-", "Ctrl+Shift+-"),
        "voxel.extrude": ("E",),
        "voxel.erase_mask": ("X", "Shift+Del"),
        "class.swap": ("Shift+X",),
        "class.hide": ("H",),
        "class.solo": ("Shift+H",),
        "class.show_all": ("Ctrl+H",),
        "stamp.mirror": ("Ctrl+Alt+M",),
        "view.frame_mask": ("Num+.", "."),
        "app.palette": ("F3", "Ctrl+Shift+P"),
    },
    "magicavoxel": {
        "mask.brush": ("V",),
        "mask.box": ("B",),
        "voxel.add": ("T",),
        "voxel.remove": ("R",),
        "voxel.paint": ("G",),
        "voxel.extrude": ("F",),
        "voxel.fill": ("Shift+G",),
        "class.hide": ("Ctrl+H",),
        "view.home": ("Ctrl+F", "Home"),
    },
    "laptop": {
        "view.front": ("Alt+1",),
        "view.side": ("Alt+2",),
        "view.top": ("Alt+3",),
        "view.default": ("Alt+4",),
        "view.orthographic": ("Alt+5",),
        "view.home": ("Alt+6", "Home"),
        "view.frame_mask": ("Alt+7", "."),
        "brush.smaller": ("[", "-"),
        "brush.larger": ("]", "="),
        "voxel.erase_mask": ("Shift+Backspace",),
        "candidate.discard": ("Backspace",),
        "app.keys": ("Ctrl+K", "F1"),
    },
}
"""Preset -> action id -> keys."""

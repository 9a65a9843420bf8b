"""Everything one can do, in one table: menus, tool bars, shortcuts, tool tips and script names come from it."""

from __future__ import annotations

from editor.ui.action_spec import ActionSpec
from editor.ui.candidate_actions import CANDIDATE_ACTIONS, CANDIDATE_MENU
from editor.ui.map_actions import MAP_ACTIONS, MAP_MENU

__all__ = ["ACTIONS", "MENUS", "TOOL_STRIP", "TOP_BAR", "ActionSpec"]


def _tool(name: str, title: str, key: str, tip: str, icon: str) -> ActionSpec:
    return ActionSpec(name, title, "use_tool", (key,) if key else (), tip, icon, group="tool")


def _class_key(place: int) -> str:
    return f"{'Shift+' if place >= 10 else ''}{(place + 1) % 10}"


ACTIONS: tuple[ActionSpec, ...] = (
    ActionSpec("file.new", "New Scene…", "new_scene", ("Ctrl+N",), "Start with an empty scene", "new"),
    ActionSpec("file.open", "Open…", "open_scene", ("Ctrl+O",), "Open a scene of any known format", "open"),
    ActionSpec(
        "file.import",
        "Import Array…",
        "importing.ask",
        ("Ctrl+Shift+I",),
        "Voxels of another kind: say which axis is up, what the numbers mean, and how they are fitted",
    ),
    ActionSpec("file.recover", "Recover Unsaved Work…", "recover", (), "Bring back what a crash left"),
    ActionSpec("file.save", "Save", "save", ("Ctrl+S",), "Save the scene", "save"),
    ActionSpec("file.save_as", "Save As…", "save_as", ("Ctrl+Shift+S",), "Save the scene under another name"),
    ActionSpec("file.export", "Export…", "export", ("Ctrl+E",), "Export a mesh or a data-set grid", "export"),
    ActionSpec("file.start", "Start Page", "show_start", (), "Recent files, sample scenes and the tour"),
    ActionSpec("file.quit", "Quit", "quit", ("Ctrl+Q",), "Close the editor"),
    ActionSpec("edit.undo", "Undo", "undo", ("Ctrl+Z",), "Take the last step back", "undo"),
    ActionSpec("edit.redo", "Redo", "redo", ("Ctrl+Shift+Z", "Ctrl+Y"), "Make the step again", "redo"),
    ActionSpec("edit.cut", "Cut", "cut", ("Ctrl+X",), "Copy the masked voxels and empty them", "cut"),
    ActionSpec("edit.copy", "Copy", "copy", ("Ctrl+C",), "Copy the masked voxels", "copy"),
    ActionSpec("edit.paste", "Paste", "paste", ("Ctrl+V",), "Take what was copied in hand, as a stamp", "paste"),
    ActionSpec(
        "edit.convert", "Convert to the Model's Grid", "convert", (), "Bring classes, voxel size and height in line"
    ),
    ActionSpec("edit.fit", "Fit to the Model…", "importing.fit", (), "The same, with a table of classes and a choice"),
    _tool("mask.brush", "Mask Brush", "B", "Paint what should be made anew", "brush"),
    _tool("mask.eraser", "Mask Eraser", "E", "Take away from the mask", "eraser"),
    _tool("mask.box", "Box Mask", "U", "Drag a rectangle over the ground: everything in it is masked", "box"),
    _tool("mask.lasso", "Lasso", "L", "Draw an outline: what lies in it is masked", "lasso"),
    _tool("mask.wand", "Wand", "W", "Click: a connected piece of one class is masked", "wand"),
    _tool("voxel.add", "Add Voxels", "T", "Build with the chosen class", "voxel-add"),
    _tool("voxel.remove", "Remove Voxels", "R", "Empty voxels", "voxel-remove"),
    _tool("voxel.paint", "Paint Voxels", "G", "Give solid voxels the chosen class", "voxel-paint"),
    _tool("voxel.fill", "Fill", "F", "Click: a connected piece of one class becomes the chosen class", "fill"),
    _tool("voxel.extrude", "Extrude", "Shift+E", "Pull a flat face out, or push it in", "extrude"),
    _tool("voxel.stamp", "Stamp", "S", "Put down what was copied", "stamp"),
    _tool("voxel.pick", "Pick Class", "I", "Choose the class under the pointer", "pick"),
    _tool("tool.extend", "Extend", "O", "Pull a side of the scene outward", "extend"),
    _tool("tool.context", "Generation Box", "C", "Choose what the model looks at round the mask", "context"),
    ActionSpec("brush.smaller", "Smaller Brush", "brush_resize", ("[",), argument=-1),
    ActionSpec("brush.larger", "Larger Brush", "brush_resize", ("]",), argument=1),
    ActionSpec("mask.invert", "Invert Mask", "mask.invert", ("Ctrl+I",), "Mask what is not masked", "invert"),
    ActionSpec("mask.clear", "Clear Mask", "mask.clear", ("Ctrl+D",), "Mask nothing", "clear"),
    ActionSpec("mask.grow", "Grow Mask", "mask_grow", ("Ctrl+Shift+=", "Ctrl++"), "Add layers all round", "grow"),
    ActionSpec("mask.shrink", "Shrink Mask", "mask_shrink", ("Ctrl+Shift+-", "Ctrl+_"), "Take layers away", "shrink"),
    ActionSpec(
        "mask.feather",
        "Feather Mask",
        "mask_feather",
        ("Ctrl+Shift+F",),
        "Fray the border, so that no seam runs along a straight line",
        "feather",
    ),
    ActionSpec(
        "mask.from_class", "Mask Chosen Class", "mask.from_class", (), "Add all voxels of the class", "from-class"
    ),
    ActionSpec("mask.from_visible", "Mask Visible Classes", "mask.from_visible", (), "Mask all that is shown", "eye"),
    ActionSpec("mask.save", "Keep Mask", "mask.save", ("Ctrl+M",), "Keep the mask with the scene, by name", "keep"),
    ActionSpec(
        "voxel.fill_mask", "Fill Masked Voxels", "voxels.fill", ("Shift+F",), "Give them the chosen class", "fill"
    ),
    ActionSpec("voxel.erase_mask", "Erase Masked Voxels", "voxels.erase", ("Shift+Del",), "Empty them", "discard"),
    ActionSpec(
        "voxel.replace_class",
        "Replace Class…",
        "replace_class",
        ("Ctrl+R",),
        "Turn one class into another, within the mask or everywhere",
        "replace",
    ),
    ActionSpec("stamp.turn_left", "Turn Stamp Left", "clipboard.turn", ("Q",), "", "turn-left", argument=1),
    ActionSpec("stamp.turn_right", "Turn Stamp Right", "clipboard.turn", ("Shift+Q",), "", "turn-right", argument=-1),
    ActionSpec("stamp.mirror", "Mirror Stamp", "clipboard.mirror", ("H",), "Exchange its sides", "mirror", argument=0),
    ActionSpec("class.swap", "Swap with Empty", "classes.swap_ink", ("X",), "Write empty voxels, or no longer", "swap"),
    *(
        ActionSpec(f"class.choose_{k + 1}", f"Class {k + 1}", "classes.choose_nth", (_class_key(k),), argument=k)
        for k in range(20)
    ),
    ActionSpec("class.hide", "Hide Chosen Class", "class_hide", ("V",), "Hide or show the chosen class", "eye"),
    ActionSpec("class.solo", "Solo Chosen Class", "class_solo", ("Shift+V",), "Show only the chosen class, or all"),
    ActionSpec("class.show_all", "Show All Classes", "classes.show_all", (), "Show every class"),
    ActionSpec("generate.run", "Generate", "generate", ("Ctrl+Return", "Ctrl+Enter"), "Start", "generate"),
    ActionSpec(
        "generate.front",
        "Generate Before the Others",
        "generate_in_front",
        ("Ctrl+Shift+Return", "Ctrl+Shift+Enter"),
        "Start, before whatever waits in the queue",
        "first",
    ),
    ActionSpec(
        "generate.refine",
        "Refine",
        "refine",
        ("Ctrl+Shift+R",),
        "Start from what a network predicted or a scanner saw, and fill in what is unknown",
        "refine",
    ),
    ActionSpec(
        "generate.cancel",
        "Cancel All Jobs",
        "cancel_jobs",
        ("Ctrl+Alt+Return", "Ctrl+Alt+Enter"),
        "Stop what runs and what waits",
        "stop",
    ),
    ActionSpec("generate.cancel_running", "Cancel Running Job", "cancel_running", (), "The next one starts"),
    ActionSpec("generate.cancel_waiting", "Cancel Waiting Jobs", "cancel_waiting", (), "What runs goes on"),
    ActionSpec("generate.roll", "New Seed", "roll_seed", (), "Draw another seed", "dice"),
    *CANDIDATE_ACTIONS,
    *MAP_ACTIONS,
    ActionSpec("view.escape", "Let Go", "escape", ("Esc",), "Cancel the stroke, then reset the tool"),
    ActionSpec("view.mask", "Show or Hide the Mask", "toggle_mask", ("M",), "Painting shows it again", "mask"),
    ActionSpec("view.home", "Frame All", "views.frame_all", ("Home",), "Show the whole scene", "frame"),
    ActionSpec("view.frame_mask", "Frame Mask", "views.frame_mask", (".", "Num+."), "Show what is masked", "", "view"),
    ActionSpec("view.front", "Front View", "views.look_from", ("Num+1",), argument=0),
    ActionSpec("view.back", "Back View", "views.look_from", ("Ctrl+Num+1",), argument=1),
    ActionSpec("view.side", "Right View", "views.look_from", ("Num+3",), argument=2),
    ActionSpec("view.left", "Left View", "views.look_from", ("Ctrl+Num+3",), argument=3),
    ActionSpec("view.top", "Top View", "views.look_from", ("Num+7",), argument=4),
    ActionSpec("view.bottom", "Bottom View", "views.look_from", ("Ctrl+Num+7",), argument=5),
    ActionSpec("view.default", "Default View", "views.home", ("Num+0",), "Everything, seen from above one corner"),
    ActionSpec("view.orthographic", "Orthographic", "views.toggle_orthographic", ("Num+5",), "Without perspective"),
    ActionSpec("view.save", "Save View", "views.kept.save", ("Ctrl+Alt+S",), "Keep this view with the scene", "keep"),
    ActionSpec("view.next", "Next Saved View", "views.kept.step", ("PgDown",), argument=1),
    ActionSpec("view.previous", "Previous Saved View", "views.kept.step", ("PgUp",), argument=-1),
    ActionSpec("view.update", "Update Saved View", "views.kept.update", (), "Let the selected one show this view"),
    ActionSpec("view.forget", "Delete Saved View", "views.kept.forget", (), "Remove the selected one"),
    *(
        ActionSpec(f"view.go_{k + 1}", f"Saved View {k + 1}", "views.kept.go", (f"Ctrl+{k + 1}",), argument=k)
        for k in range(9)
    ),
    ActionSpec("view.copy_camera", "Copy Camera", "views.kept.copy", ("Ctrl+Alt+C",), "As text, to paste elsewhere"),
    ActionSpec("view.paste_camera", "Paste Camera", "views.kept.paste", ("Ctrl+Alt+V",), "Look through a copied one"),
    ActionSpec(
        "view.picture", "Save Picture…", "views.pictures.ask_picture", ("Ctrl+Shift+E",), "A picture of the view"
    ),
    ActionSpec("view.copy_picture", "Copy Picture", "views.pictures.copy", ("Ctrl+Shift+C",), "To the clipboard"),
    ActionSpec("view.film", "Save Turntable Film…", "views.pictures.ask_film", (), "Once round, as WebP, GIF or PNG"),
    ActionSpec("view.gliding", "Smooth Camera Moves", "views.toggle_gliding", (), "Glide from view to view, or jump"),
    ActionSpec(
        "view.section",
        "Section Box",
        "views.toggle_section",
        ("K",),
        "Cut the scene open: drag the faces, or turn the wheel with Alt",
        "section",
    ),
    ActionSpec("view.theme", "Light Theme", "toggle_theme", (), "Switch between dark and light", "sun"),
    ActionSpec("view.metrics", "Metrics", "instruments.show_metrics", (), "Step time, memory and changes, as curves"),
    ActionSpec("view.console", "Python Console", "instruments.show_console", ("F12",), "Work on the scene in Python"),
    ActionSpec("view.log", "Log", "instruments.show_log", (), "What the editor has done and what went wrong"),
    ActionSpec(
        "app.palette", "Command Palette…", "manners.show_palette", ("Ctrl+Shift+P",), "Find any command by its name"
    ),
    ActionSpec("app.settings", "Settings…", "manners.show_settings", ("Ctrl+,",), "Everything that can be adjusted"),
    ActionSpec("app.keys", "Keyboard Shortcuts…", "manners.show_keys", ("F1",), "All keys; find and change them"),
    ActionSpec("engine.free", "Free Engine Memory", "engine.free", (), "Unload the models; the next run loads them"),
    ActionSpec("engine.locate", "Locate Model…", "engine.locate", (), "Install a model from a folder on this machine"),
    ActionSpec("help.doctor", "Check This Machine…", "manners.check_machine", (), "What works here, and what to do"),
    ActionSpec(
        "help.diagnostics",
        "Collect Diagnostics…",
        "trouble.collect",
        (),
        "Log, settings and facts of this machine in one file, for whoever mends it; nothing is sent",
    ),
    ActionSpec("help.about", "About Scenewright", "manners.show_about", (), "Version and licence"),
    ActionSpec("help.tour", "Tour: Erase a Car", "start_tour", (), "A minute with the brush, step by step"),
    ActionSpec("view.reset_layout", "Reset Layout", "reset_layout", (), "Put all docks back"),
)

MENUS: tuple[tuple[str, str], ...] = (
    (
        "&File",
        "file.new file.open file.import @recent file.recover | file.save file.save_as file.export | "
        "file.start file.quit",
    ),
    ("&Edit", "edit.undo edit.redo | edit.cut edit.copy edit.paste | edit.convert edit.fit | app.palette app.settings"),
    (
        "&Mask",
        "mask.brush mask.eraser mask.box mask.lasso mask.wand | brush.smaller brush.larger | "
        "mask.from_class mask.from_visible | mask.invert mask.grow mask.shrink mask.feather mask.clear | "
        "mask.save view.mask view.frame_mask",
    ),
    (
        "V&oxels",
        "voxel.add voxel.remove voxel.paint voxel.fill voxel.extrude voxel.stamp voxel.pick | "
        "voxel.fill_mask voxel.erase_mask voxel.replace_class | "
        "stamp.turn_left stamp.turn_right stamp.mirror | class.swap @classes",
    ),
    (
        "&Generate",
        "generate.run generate.front generate.refine generate.roll | "
        "generate.cancel_running generate.cancel_waiting generate.cancel | " + CANDIDATE_MENU,
    ),
    ("&World", "tool.extend tool.context | " + MAP_MENU),
    (
        "&View",
        "view.home view.default view.frame_mask | view.front view.back view.side view.left view.top view.bottom | "
        "view.orthographic view.section view.gliding | "
        "view.picture view.copy_picture view.film | "
        "view.save view.next view.previous view.copy_camera view.paste_camera | "
        "class.hide class.solo class.show_all view.mask | @palettes view.theme @docks "
        "view.metrics view.console view.log view.reset_layout",
    ),
    ("&Help", "help.tour file.start | app.keys | help.doctor view.log help.diagnostics | help.about"),
)
"""Menu titles and action ids; `|` is a separator, `@name` a menu that somebody else fills."""
TOOL_STRIP = (
    "mask.brush mask.eraser mask.box mask.lasso mask.wand | "
    "voxel.add voxel.remove voxel.paint voxel.fill voxel.extrude voxel.stamp voxel.pick | tool.extend tool.context | "
    "view.home view.section"
)
TOP_BAR = "file.new file.open file.save file.export | edit.undo edit.redo |"

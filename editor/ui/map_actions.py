"""What one can do with the maps."""

from __future__ import annotations

from editor.ui.action_spec import ActionSpec

MAP_ACTIONS: tuple[ActionSpec, ...] = (
    ActionSpec("world.show", "World Map", "maps.show_world", ("Shift+O",), "Grow the scene tile by tile", "map"),
    ActionSpec("world.make", "Make Tiles", "maps.make_tiles", (), "Make the wanted tiles, nearest first"),
    ActionSpec("world.clear", "Clear", "maps.clear_tiles", (), "Want no tile any more; what is being made goes on"),
    ActionSpec(
        "world.seam", "Repair Seam", "maps.repair_seam", (), "Mask the border of what was added last, to make it anew"
    ),
    ActionSpec("world.fit", "Show All", "maps.fit_world", (), "Bring the scene and all tiles into view"),
    ActionSpec(
        "layout.show", "Layout Workspace", "maps.show_layout", ("Ctrl+L",), "Paint the bird's-eye map", "layout"
    ),
    ActionSpec("layout.from_scene", "From Scene", "maps.layout_from_scene", (), "Read the map off the voxels"),
    ActionSpec("layout.suggest", "Suggest Free", "maps.suggest_layout", (), "Let the model draw the free cells"),
    ActionSpec("layout.suggest_all", "Suggest All", "maps.suggest_whole_layout", (), "Let the model draw a whole map"),
    ActionSpec("layout.clear", "Free All", "maps.clear_layout", (), "Leave every cell to the model"),
    ActionSpec("layout.load", "Load…", "maps.load_layout", (), "Read the map from a picture, a pixel a cell"),
    ActionSpec("layout.save", "Save…", "maps.save_layout", (), "Write the map as a picture that can be painted on"),
    ActionSpec("layout.generate", "Generate from Map", "maps.generate_layout", (), "Make a scene that follows the map"),
)

MAP_MENU = (
    "world.show world.make world.clear world.seam world.fit | layout.show layout.from_scene layout.suggest "
    "layout.suggest_all layout.clear layout.load layout.save layout.generate"
)

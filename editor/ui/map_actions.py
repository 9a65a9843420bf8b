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
)

MAP_MENU = "world.show world.make world.clear world.seam world.fit"

"""Reading any scene a command is given, real places among them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from engine.scene import VoxelScene


def open_scene(path: Path, reader: str | None = None, **options: Any) -> VoxelScene:
    """Read a scene of any known format; maps of real places are built as they are read.

    Raises `FormatError` with one line that names the file, what is wrong and what to do.
    """
    from engine.data.places.reader import register_places
    from engine.formats.registry import read_scene

    register_places()
    return read_scene(path, reader, **options)

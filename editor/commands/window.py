"""`scenewright open`."""

from __future__ import annotations

from pathlib import Path

import click

from editor.commands.display import require_display
from engine.errors import FormatError


@click.command("open")
@click.argument("file", required=False, type=click.Path(path_type=Path))
def open_editor(file: Path | None = None) -> int:
    """Open the editor, with FILE in it."""
    require_display()
    if file is not None and not file.is_file():
        raise FormatError(file, "there is no such file", "check the path, or open the editor without one")
    from editor.app import run

    return run(file)

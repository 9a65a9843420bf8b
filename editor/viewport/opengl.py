"""What OpenGL a window would get: `python -m editor.viewport.opengl` prints one JSON object.

A program of its own, because a missing display or a broken driver ends the process that asks.
"""

from __future__ import annotations

import json
import re

from PySide6.QtGui import QOffscreenSurface, QOpenGLContext
from PySide6.QtWidgets import QApplication

LEAST_VERSION = (2, 1)
LEAST_3D_TEXTURE = 512


def lack_of(version: str, longest_texture: int) -> str:
    """Say what an OpenGL lacks for the viewport, in one line; an empty string where it will do.

    Parameters
    ----------
    version
        As OpenGL tells it (`4.5 (Compatibility Profile) Mesa 22.3.6`, `OpenGL ES 3.2`).
    longest_texture
        Longest edge of a 3D texture.
    """
    found = re.search(r"(\d+)\.(\d+)", version)
    least = (3, 0) if "ES" in version.split(" ")[:2] else LEAST_VERSION
    if found is None or (int(found[1]), int(found[2])) < least:
        wanted = ".".join(map(str, least))
        return f"OpenGL {version} is too old, {wanted} is needed; update the graphics driver, or use software mode"
    if longest_texture < LEAST_3D_TEXTURE:
        return (
            f"3D textures of {longest_texture} voxels are too short, {LEAST_3D_TEXTURE} are needed; "
            "update the graphics driver, or use software mode"
        )
    return ""


def describe() -> dict[str, str | int]:
    """Make a context and tell vendor, renderer, version and the largest 3D texture, or `error`."""
    from OpenGL import GL  # late: it costs an eighth of a second, and the editor's start needs only `lack_of`

    application = QApplication.instance() or QApplication([])
    surface, context = QOffscreenSurface(), QOpenGLContext()
    surface.create()
    if not context.create() or not context.makeCurrent(surface):
        return {"error": f"Qt's platform '{application.platformName()}' gives no OpenGL context"}
    names = (("vendor", GL.GL_VENDOR), ("renderer", GL.GL_RENDERER), ("version", GL.GL_VERSION))
    facts: dict[str, str | int] = {name: GL.glGetString(key).decode() for name, key in names}
    facts["largest_3d_texture"] = int(GL.glGetIntegerv(GL.GL_MAX_3D_TEXTURE_SIZE))
    context.doneCurrent()
    return facts


if __name__ == "__main__":
    print(json.dumps(describe()))
